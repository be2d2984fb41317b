"""Whether a channel may carry anything now: a pause or a stop holds every replica, uses no try and loses nothing.

trust.md faults 12 and 24.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.channels.base import ChannelStoppedError, ThrottledError
from app.context import Context
from app.logging import get_logger
from app.models.channel_states import ChannelState
from app.models.enums import ChannelType, OutboxState
from app.models.outbox import WAITING_STATES, OutboundMessage
from app.services import sending_pause

log = get_logger(__name__)

LOOK_AGAIN = timedelta(minutes=5)
"""How often one message tries whether a stopped channel was mended."""


@dataclass(slots=True)
class Gate:
    """What one drain knows of the channels: read once, then kept up with its own experience and before each claim."""

    closed: set[ChannelType] = field(default_factory=set)
    stopped: set[ChannelType] = field(default_factory=set)
    """Stopped ones, also those whose next trial is due."""
    has_found: bool = False
    """After a restore: some messages that wait may be those that had left (found_messages.py)."""


async def gate(ctx: Context) -> Gate:
    """The channels as they stand now."""
    states = await ChannelState.find_all().to_list()
    return Gate(
        closed={state.id for state in states if state.is_closed(ctx.now())},
        stopped={state.id for state in states if state.is_stopped},
    )


async def is_open(ctx: Context, gate: Gate) -> bool:
    """Whether one more message may be claimed, and on which channels: a pause is heeded in the middle of a long drain.

    A mailbox that could not be read since a silence holds back mail alone (0031).
    """
    sending = await sending_pause.look(ctx)
    gate.has_found = sending.found > 0
    if ctx.remembered.is_mail_unjudged:
        gate.closed.add(ChannelType.EMAIL)
    return not sending.is_paused


async def pause(ctx: Context, gate: Gate, channel: ChannelType, error: ThrottledError) -> datetime:
    """The provider asked for patience: the whole channel waits. Returns until when."""
    until = ctx.now() + error.retry_after
    await _write(channel, {"$max": {"until": until}, "$set": {"reason": str(error), "since": ctx.now()}})
    gate.closed.add(channel)
    log.warning("channel.paused", channel=channel.value, seconds=error.retry_after.total_seconds())
    return until


async def stop(ctx: Context, gate: Gate, channel: ChannelType, error: ChannelStoppedError) -> datetime:
    """Our credentials are refused: staff hear of it, and one message tries again every five minutes."""
    until, was_stopped = ctx.now() + LOOK_AGAIN, channel in gate.stopped
    changes: dict[str, Any] = {"until": until, "is_stopped": True, "reason": str(error)}
    await _write(channel, {"$set": changes if was_stopped else changes | {"since": ctx.now()}})
    gate.closed.add(channel)
    gate.stopped.add(channel)
    log.error("channel.stopped", channel=channel.value)
    return until


async def reopen(gate: Gate, channel: ChannelType) -> None:
    """A message left on a channel that stood still: it was mended."""
    if channel not in gate.stopped:
        return
    await _write(channel, {"$set": {"is_stopped": False, "reason": None, "since": None}})
    gate.stopped.discard(channel)
    log.info("channel.reopened", channel=channel.value)


async def _write(channel: ChannelType, update: dict[str, Any]) -> None:
    await ChannelState.get_pymongo_collection().update_one({"_id": channel}, update, upsert=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """One channel as staff see it; `adapter` is None when nothing is connected."""

    channel: ChannelType
    adapter: str | None
    is_stopped: bool
    paused_until: datetime | None
    reason: str | None
    since: datetime | None
    waiting: int
    unknown: int


async def health(ctx: Context) -> list[Health]:
    """Every channel, with what waits on it and what nobody knows the fate of."""
    states = {state.id: state for state in await ChannelState.find_all().to_list()}
    return [await _health(ctx, channel, states.get(channel)) for channel in ChannelType]


async def _health(ctx: Context, channel: ChannelType, state: ChannelState | None) -> Health:
    adapter = ctx.channels.get(channel)
    is_closed = state is not None and state.is_closed(ctx.now())
    is_told = state is not None and (is_closed or state.is_stopped)
    return Health(
        channel=channel,
        adapter=adapter.name if adapter else None,
        is_stopped=state.is_stopped if state else False,
        paused_until=state.until if state and is_closed else None,
        reason=state.reason if state and is_told else None,
        since=state.since if state and is_told else None,
        waiting=await _count(channel, [*WAITING_STATES]),
        unknown=await _count(channel, [OutboxState.UNKNOWN]),
    )


async def _count(channel: ChannelType, states: list[OutboxState]) -> int:
    return await OutboundMessage.collection().count_documents({"channel": channel, "state": {"$in": states}})
