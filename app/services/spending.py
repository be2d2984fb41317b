"""What the language model cost, for staff: by day, and which conversations cost most (stack.md 2c; sums only)."""

from dataclasses import dataclass
from datetime import date

from beanie import PydanticObjectId

from app.context import Context
from app.models.base import Raw, stored_date
from app.models.clinic import Clinic
from app.models.spending import ModelSpending

MOST_DAYS = 400


@dataclass(frozen=True, slots=True)
class Spending:
    """A sum of calls; `usd` and `tokens` include what is reserved for calls under way."""

    day: date
    campaign_id: PydanticObjectId | None
    calls: int
    input_tokens: int
    output_tokens: int
    tokens: int
    usd: float


async def today(ctx: Context) -> date:
    """The clinic's own day, to which a call made now is charged."""
    return ctx.now().astimezone((await Clinic.load()).zone).date()


async def by_day(since: date, until: date) -> list[Spending]:
    """The days of this span on which anything was spent, the newest first; both ends count."""
    span = {"$gte": stored_date(since), "$lte": stored_date(until)}
    return await _sums({"campaign_id": None, "day": span}, "-day", MOST_DAYS)


async def dearest_campaigns(day: date, *, limit: int = 10) -> list[Spending]:
    """The campaigns that used most tokens on a day."""
    return await _sums({"campaign_id": {"$ne": None}, "day": stored_date(day)}, "-tokens", limit)


async def of_campaign(campaign_id: PydanticObjectId) -> list[Spending]:
    """What one campaign cost, by day, the newest first."""
    return await _sums({"campaign_id": campaign_id}, "-day", MOST_DAYS)


async def _sums(query: Raw, order: str, limit: int) -> list[Spending]:
    rows = await ModelSpending.find(query).sort(order).limit(limit).to_list()
    return [
        Spending(
            row.day, row.campaign_id, row.calls, row.input_tokens, row.output_tokens, row.tokens, row.micro_usd / 1e6
        )
        for row in rows
    ]
