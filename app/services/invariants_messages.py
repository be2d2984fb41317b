"""I3, I4 and I6: an attempt leaves once, is counted once, and nothing leaves after a stop (domain.md 5 and 8)."""

from collections.abc import AsyncIterator
from typing import Any

from beanie import PydanticObjectId
from pymongo import ASCENDING
from pymongo.asynchronous.cursor import AsyncCursor

from app.context import Context
from app.models.base import Raw
from app.models.campaigns import Campaign
from app.models.enums import EXEMPT_FROM_STOP, MessageKind, OutboxState
from app.models.merges import PatientMerge
from app.models.outbox import OutboundMessage
from app.models.patients import EVERY_CHANNEL, Patient
from app.services.invariants_campaigns import PAGE, doubles

COUNTED = (OutboxState.SENT, OutboxState.UNKNOWN)
HANDED_OUT = (OutboxState.SENDING, *COUNTED)


async def sent_twice(_: Context) -> AsyncIterator[str]:
    """The attempts that left, or may have, more than once."""
    query = {"state": {"$in": list(COUNTED)}, "kind": MessageKind.ATTEMPT}
    async for key in doubles(OutboundMessage, query, {"campaign": "$campaign_id", "attempt": "$attempt"}):
        yield key


async def miscounted(_: Context) -> AsyncIterator[str]:
    """The campaigns whose `attempts_made` is not the number of their attempts that left, or may have."""
    rows = Campaign.collection().find({}, {"follow_up_details.attempts_made": 1}).sort("_id", ASCENDING)
    async for page in _pages(rows):
        sent = await _sends_of([row["_id"] for row in page])
        for row in page:
            if row["follow_up_details"]["attempts_made"] != sent.get(row["_id"], 0):
                yield str(row["_id"])


async def _sends_of(campaigns: list[Any]) -> dict[Any, int]:
    left = {"campaign_id": {"$in": campaigns}, "kind": MessageKind.ATTEMPT, "state": {"$in": list(COUNTED)}}
    pipeline = [{"$match": left}, {"$group": {"_id": "$campaign_id", "sent": {"$sum": 1}}}]
    return {row["_id"]: row["sent"] async for row in await OutboundMessage.collection().aggregate(pipeline)}


async def sent_after_stop(_: Context) -> AsyncIterator[str]:
    """The messages that were handed out after their patient had stopped the channel, or everything."""
    stopped = Patient.collection().find({"opt_outs.0": {"$exists": True}}, {"opt_outs": 1}).sort("_id", ASCENDING)
    async for page in _pages(stopped):
        stops = {row["_id"]: row["opt_outs"] for row in page}
        await _count_from_merges(stops)
        begun = {
            "patient_id": {"$in": list(stops)},
            "kind": {"$nin": list(EXEMPT_FROM_STOP)},
            "state": {"$in": list(HANDED_OUT)},
            "sending_since": {"$type": "date"},
        }
        rows = OutboundMessage.collection().find(begun, {"patient_id": 1, "channel": 1, "sending_since": 1})
        async for row in rows.batch_size(PAGE):
            if _was_stopped(row, stops[row["patient_id"]]):
                yield str(row["_id"])


async def _count_from_merges(stops: dict[PydanticObjectId, list[Raw]]) -> None:
    """A stop that came with another record holds for this one since the two became one."""
    for merge in await PatientMerge.standing_into(list(stops)):
        came = {(stop.channel, stop.at) for stop in merge.added_stops}
        for stop in stops[merge.patient_id]:
            if (stop["channel"], stop["at"]) in came:
                stop["at"] = merge.merged_at


def _was_stopped(row: Raw, stops: list[Raw]) -> bool:
    reach = (row["channel"], EVERY_CHANNEL)
    return any(stop["channel"] in reach and stop["at"] < row["sending_since"] for stop in stops)


async def _pages(rows: AsyncCursor[Raw]) -> AsyncIterator[list[Raw]]:
    page: list[Raw] = []
    async for row in rows.batch_size(PAGE):
        page.append(row)
        if len(page) == PAGE:
            yield page
            page = []
    if page:
        yield page
