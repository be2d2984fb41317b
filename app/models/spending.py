"""What language providers were paid: one document for each clinic-local day, and one for each campaign and day.

Only sums: no text, no name. A row is reserved in before a call and corrected after it (trust.md section 3, budgets).
"""

from datetime import date
from typing import Any, ClassVar

from beanie import Document, PydanticObjectId
from pydantic import Field
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from app.models.base import Raw, stored_date

Amounts = dict[str, int]
"""Whole numbers to add, by field: `calls`, `input_tokens`, `output_tokens`, `tokens`, `micro_usd`."""
KEPT_DAYS = 400


class ModelSpending(Document):
    """`_id` is `day:<date>` for all calls of a day, `campaign:<id>:<date>` for one campaign's part of them.

    `tokens` and `micro_usd` (millionths of a dollar) include what is reserved for calls under way; the other numbers
    count finished calls only.
    """

    id: str = Field()  # type: ignore[assignment]  # Beanie types the id as optional; this one says what is summed
    day: date
    campaign_id: PydanticObjectId | None = None
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    tokens: int = 0
    micro_usd: int = 0

    class Settings:
        name = "model_spending"
        indexes: ClassVar = [
            IndexModel([("day", ASCENDING)], name="ttl_day", expireAfterSeconds=KEPT_DAYS * 86_400),
            IndexModel([("campaign_id", ASCENDING), ("day", DESCENDING)], name="by_campaign"),
        ]

    @classmethod
    async def add(cls, day: date, campaign_id: PydanticObjectId | None, amounts: Amounts) -> None:
        """Add to one sum, whatever its limits; amounts may be negative."""
        key, first = _row(day, campaign_id)
        await cls.get_pymongo_collection().update_one(
            {"_id": key}, {"$inc": amounts, "$setOnInsert": first}, upsert=True
        )

    @classmethod
    async def add_within(
        cls, day: date, campaign_id: PydanticObjectId | None, amounts: Amounts, limits: Amounts
    ) -> bool:
        """Add to one sum unless a field would then pass its limit; False when it would. One atomic write."""
        left = {name: most - amounts.get(name, 0) for name, most in limits.items()}
        if any(room < 0 for room in left.values()):
            return False
        key, first = _row(day, campaign_id)
        query: Raw = {"_id": key} | {name: {"$lte": room} for name, room in left.items()}
        change = {"$inc": amounts, "$setOnInsert": first}
        rows = cls.get_pymongo_collection()
        try:
            await rows.update_one(query, change, upsert=True)
        except DuplicateKeyError:  # the row is there: it is full, or another caller made it a moment ago
            return (await rows.update_one(query, {"$inc": amounts})).matched_count == 1
        return True


def _row(day: date, campaign_id: PydanticObjectId | None) -> tuple[str, dict[str, Any]]:
    key = f"campaign:{campaign_id}:{day}" if campaign_id else f"day:{day}"
    return key, {"day": stored_date(day), "campaign_id": campaign_id}
