"""Claim: a page of 25 campaigns out of 1,000,000 costs at most 3 times the raw indexed query for those 25, the total
included; a page by cursor 100,000 campaigns deep costs at most 1.2 times page 1.

Measured is `campaign_lists.find`, what the list's route calls, for one status, for four and for none. Floor, raw
PyMongo: a find of these 25 campaigns by the index of their order, the same fields, no total. The campaigns of one
morning carry the same instants, as the daily job leaves them. Page 4,000 by `page=` is told for information.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any

from app.context import Context
from app.models.campaigns import ACTIVE_STATUSES, Campaign
from app.models.enums import CampaignStatus
from app.services import campaign_lists
from app.services.campaign_cursors import CampaignSort
from app.services.campaign_lists import SHOWN, CampaignFilter, FoundCampaigns
from benchmarks.campaigns import store_campaigns
from benchmarks.clinic import MORNING, open_clinic
from benchmarks.measure import Finding, Pairs, Report

LIMIT = 25
GOAL, DEEP_GOAL = 3.0, 1.2
WON = [CampaignStatus.RECOVERED]
NEWEST = [("updated_at", -1), ("_id", -1)]


def _wanted(statuses: list[CampaignStatus], text: str | None = None) -> CampaignFilter:
    return CampaignFilter(statuses=statuses, campaign_type=None, channel=None, patient=None, text=text)


async def _page(
    statuses: list[CampaignStatus], *, page: int = 1, cursor: str | None = None, text: str | None = None
) -> FoundCampaigns:
    return await campaign_lists.find(
        _wanted(statuses, text),
        sort=CampaignSort.NEWEST_UPDATE,
        skip=(page - 1) * LIMIT,
        limit=LIMIT,
        cursor=cursor,
    )


async def _raw(query: dict[str, Any]) -> None:
    found = Campaign.collection().find(query, SHOWN).sort(NEWEST).limit(LIMIT)
    assert len(await found.hint("list_by_update").to_list()) == LIMIT


def _query(statuses: list[CampaignStatus]) -> dict[str, Any]:
    return _wanted(statuses).query()


async def measure(mongodb_uri: str, *, quick: bool) -> Report:
    """One clinic; each pair is measured many times, because it lasts about a millisecond."""
    size, rounds = (100_000, 60) if quick else (1_000_000, 200)
    deep = 400 if quick else 4_000
    async with open_clinic(mongodb_uri, "bench_campaign_list") as ctx:
        await store_campaigns(ctx, size)
        await _one_morning(ctx)
        return Report(findings=await _findings(deep, rounds))


async def _one_morning(ctx: Context) -> None:
    """30,000 campaigns share an instant a year ago: a cursor must not walk through those it has shown."""
    some = Campaign.collection().find({"status": CampaignStatus.RECOVERED.value}, {"_id": 1}).limit(30_000)
    ids = [row["_id"] async for row in some]
    changed = {"$set": {"updated_at": MORNING - timedelta(days=365)}}
    await Campaign.collection().update_many({"_id": {"$in": ids}}, changed)
    await ctx.database.client.admin.command("fsync")


async def _findings(deep: int, rounds: int) -> list[Finding]:
    four = list(ACTIVE_STATUSES)
    cursor = (await _page(WON, page=deep)).next_cursor
    behind = partial(_page, WON, cursor=cursor)
    last = (await _page(WON, page=deep)).rows[-1]
    deep_query = _query(WON) | {"updated_at": {"$lt": last["last_updated"]}}
    pairs: tuple[tuple[str, Callable[[], Awaitable[Any]], Callable[[], Awaitable[Any]], float | None], ...] = (
        ("page 1, one status", partial(_page, WON), partial(_raw, _query(WON)), GOAL),
        ("page 1, four statuses", partial(_page, four), partial(_raw, _query(four)), GOAL),
        ("page 1, no filter", partial(_page, []), partial(_raw, _query([])), GOAL),
        (f"behind page {deep:,} by cursor, against page 1", behind, partial(_page, WON), DEEP_GOAL),
        (f"behind page {deep:,} by cursor, against raw", behind, partial(_raw, deep_query), GOAL),
        (f"page {deep:,} by number", partial(_page, WON, page=deep), partial(_raw, deep_query), None),
        ("page 1 of a rare name", partial(_page, [], text="Fatima Kowalski 77"), partial(_raw, _query([])), None),
    )
    return [await _finding(name, product, floor, goal, rounds) for name, product, floor, goal in pairs]


async def _finding(
    name: str,
    product: Callable[[], Awaitable[Any]],
    floor: Callable[[], Awaitable[Any]],
    goal: float | None,
    rounds: int,
) -> Finding:
    pairs = Pairs()
    await product()
    await floor()
    for _ in range(rounds if goal else 9):
        await pairs.take(product, floor)
    return Finding(name=name, pairs=pairs, goal=goal)
