"""Numbers about what waits, read from the database for `/metrics`: the inbox, the outbox, people who wait for a person.

Each is one look through an index, or at what waits now; nothing here grows with the clinic's past.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pymongo import ASCENDING

from app.context import Context
from app.models.base import Raw
from app.models.campaigns import Campaign
from app.models.channel_states import ChannelState
from app.models.enums import ChannelType, InboxState
from app.models.inbox import InboundEvent
from app.models.outbox import WAITING_STATES, OutboundMessage
from app.services.handoff_lists import OPEN, UNSETTLED

Numbers = Mapping[str, Mapping[str, float]]
"""By the name of the metric and the value of its one label, which is empty where it has none."""

MOST_COUNTED = 100_000
"""A longer queue is told as this long: counting on would take the time that its work needs."""
THEIR_INDEX = "open_handoffs"
"""Named, because the planner does not see by itself that this partial index serves."""
UNFINISHED = (InboxState.RECEIVED, InboxState.UNMATCHED, InboxState.PARKED)


async def inbox(ctx: Context) -> Numbers:
    """How many events wait in each state that is no end, and for how long the oldest has."""
    depths, ages = {}, {}
    for state in UNFINISHED:
        depths[state.value] = await _count(InboundEvent, {"state": state})
        oldest = await InboundEvent.collection().find_one(
            {"state": state}, {"received_at": 1}, sort=[("received_at", ASCENDING)]
        )
        ages[state.value] = seconds_since(ctx, oldest["received_at"]) if oldest else 0.0
    return {"chairside_inbox_waiting": depths, "chairside_inbox_oldest_seconds": ages}


async def outbox(ctx: Context) -> Numbers:
    """What could leave now on each channel, since when the oldest could, and how many wait for their hour."""
    due = {row["_id"]: row async for row in await OutboundMessage.collection().aggregate(_due(ctx.now()))}
    waiting = {channel.value: float(due.get(channel, {}).get("count", 0)) for channel in ChannelType}
    ages = {
        channel.value: seconds_since(ctx, due[channel]["since"]) if channel in due else 0.0 for channel in ChannelType
    }
    everything = await _count(OutboundMessage, {"state": {"$in": list(WAITING_STATES)}})
    return {
        "chairside_outbox_waiting": waiting,
        "chairside_outbox_oldest_seconds": ages,
        "chairside_outbox_held": {"": max(everything - sum(waiting.values()), 0.0)},
    }


def _due(now: datetime) -> list[Raw]:
    due = {"state": {"$in": list(WAITING_STATES)}, "not_before": {"$lte": now}, "hold_until": {"$lte": now}}
    since = {"$max": ["$not_before", "$hold_until"]}
    return [
        {"$match": due},
        {"$limit": MOST_COUNTED},
        {"$group": {"_id": "$channel", "count": {"$sum": 1}, "since": {"$min": since}}},
    ]


async def channels(ctx: Context) -> Numbers:
    """1 for each connected channel that stands still now, asked to wait or refused by its provider."""
    closed = {state.id for state in await ChannelState.find_all().to_list() if state.is_closed(ctx.now())}
    return {"chairside_channel_closed": {channel.value: float(channel in closed) for channel in ctx.channels}}


async def handoffs(ctx: Context) -> Numbers:
    """Conversations that wait for a person, and those of them whose time is over."""
    waiting = UNSETTLED | {"$or": OPEN}
    late = waiting | {"handoff_details.due_at": {"$lt": ctx.now()}}
    return {
        "chairside_handoffs_waiting": {"": await _count(Campaign, waiting, hint=THEIR_INDEX)},
        "chairside_handoffs_late": {"": await _count(Campaign, late, hint=THEIR_INDEX)},
    }


async def _count(document: Any, query: Raw, **options: str) -> float:
    return float(await document.collection().count_documents(query, limit=MOST_COUNTED, **options))


def seconds_since(ctx: Context, instant: datetime) -> float:
    """How long ago that was, never less than nothing."""
    return max((ctx.now() - instant).total_seconds(), 0.0)
