"""Drains the outbox: every message leaves once, or staff see why it did not (trust.md 2.4, design M4)."""

from datetime import datetime, timedelta
from functools import partial

from app.channels.base import (
    Channel,
    ChannelError,
    ChannelStoppedError,
    DraftSpentError,
    NotAllowedNowError,
    OutcomeUnknownError,
    Receipt,
    RecipientRefusedError,
    RecipientStoppedError,
    ThrottledError,
)
from app.context import Context
from app.jobs.followed import sent
from app.jobs.workers import given_back_when_cut_off, work_until_empty
from app.logging import get_logger
from app.models.base import LONG_AGO
from app.models.enums import OutboxState
from app.models.outbox import OutboundMessage
from app.services import channel_states, delivery, found_messages, undelivered
from app.services.channel_states import Gate
from app.services.outgoing_messages import message_of

log = get_logger(__name__)

MOST_FAILURES = 8
FIRST_RETRY = timedelta(seconds=10)
ASKED_FOR = timedelta(minutes=10)
"""So long a provider's own search may not know a message yet; after that nobody can say whether it left."""


async def drain(ctx: Context, *, ignore_window: bool = False) -> dict[str, int]:
    """Send whatever may leave now; counts by what became of it."""
    counts = {"sent": 0, "withheld": 0, "retried": 0, "failed": 0, "unknown": 0}
    gate = await channel_states.gate(ctx)

    async def work_one() -> bool:
        if not await channel_states.is_open(ctx, gate):
            return False
        row = await OutboundMessage.claim(
            now=ctx.now(), lease_until=ctx.lease_until, ignore_hold=ignore_window, closed=gate.closed
        )
        if row is None:
            return False
        # Told meanwhile; before Python 3.12 a wait of the driver's may also lose that it was cut off.
        if ctx.stopping.is_begun:
            await _give_back(row)
            return False
        async with given_back_when_cut_off(partial(_give_back, row)):
            await ctx.pause("outbox.claimed")
            counts[await sent(row, partial(_deliver, ctx, gate, row, ignore_window=ignore_window))] += 1
        return True

    await work_until_empty(ctx, work_one)
    return counts


async def _give_back(row: OutboundMessage) -> None:
    """A stop cut it off. What may just be on its way to the provider keeps its lease, as after any other death."""
    if row.state is not OutboxState.SENDING:
        await row.write({"lease_until": LONG_AGO})


async def _deliver(ctx: Context, gate: Gate, row: OutboundMessage, *, ignore_window: bool) -> str:
    channel = ctx.channels.get(row.channel)
    if channel is None:
        return await undelivered.fail(ctx, row, undelivered.CHANNEL_MISSING)
    if gate.has_found and (left_before := await found_messages.receipt_of(ctx, row)):
        return await _record(ctx, row, left_before)  # before a restore
    was_sending = row.state is OutboxState.SENDING
    try:
        receipt = await (_resume if was_sending else _send)(ctx, channel, row, ignore_window=ignore_window)
    except ChannelError as error:
        return await _after_refusal(ctx, gate, channel, row, error, was_sending=was_sending)
    if receipt is None:
        return "withheld"
    await channel_states.reopen(gate, row.channel)
    return await _record(ctx, row, receipt)


async def _send(ctx: Context, channel: Channel, row: OutboundMessage, *, ignore_window: bool) -> Receipt | None:
    if not await _hand_out(ctx, channel, row, ignore_window=ignore_window):
        return None
    return await channel.send(await message_of(row), handle=row.handle)


async def _resume(ctx: Context, channel: Channel, row: OutboundMessage, *, ignore_window: bool) -> Receipt | None:
    """An earlier worker died while sending: ask first; only a one-shot handle may be tried again, after every check."""
    receipt = await channel.find_sent(await message_of(row))
    if receipt:
        return receipt
    if row.handle is None:
        raise OutcomeUnknownError("there is no handle that could be sent once")
    if not (await delivery.may_leave(ctx, row, ignore_window=ignore_window) and await delivery.begin(ctx, row)):
        return None
    await ctx.pause("outbox.sending")
    return await channel.send(await message_of(row), handle=row.handle)


async def _after_refusal(
    ctx: Context, gate: Gate, channel: Channel, row: OutboundMessage, error: ChannelError, *, was_sending: bool
) -> str:
    match error:
        case DraftSpentError() | OutcomeUnknownError():
            return await _ask_provider(ctx, gate, channel, row)
        case ThrottledError():
            return await _wait(row, until=await channel_states.pause(ctx, gate, row.channel, error), was=was_sending)
        case ChannelStoppedError():
            return await _wait(row, until=await channel_states.stop(ctx, gate, row.channel, error), was=was_sending)
        case RecipientRefusedError() | NotAllowedNowError():
            return await undelivered.fail(ctx, row, _final_reason(error))
        case _:  # a handle can be sent once, whatever became of this try: until it is, the message may have left
            may_have_left = was_sending or (row.state is OutboxState.SENDING and row.handle is not None)
            return await _retry_or_fail(ctx, row, type(error).__name__, was_sending=may_have_left)


def _final_reason(error: RecipientRefusedError | NotAllowedNowError) -> str:
    match error:
        case RecipientStoppedError():
            return undelivered.RECIPIENT_STOPPED
        case RecipientRefusedError():
            return undelivered.RECIPIENT_REFUSED
    return undelivered.NOT_ALLOWED_NOW


async def _wait(row: OutboundMessage, *, until: datetime, was: bool) -> str:
    """The channel stands still: the message waits with it and no try is used up."""
    state = _waiting_state(row, was_sending=was)
    waits = {"state": state, "not_before": until, "lease_until": LONG_AGO}
    await row.write(waits, frees_day=state is not OutboxState.SENDING)
    return "retried"


def _waiting_state(row: OutboundMessage, *, was_sending: bool) -> OutboxState:
    """Where a refused message stands again; one that may have left before stays SENDING."""
    if was_sending:
        return OutboxState.SENDING
    return OutboxState.DRAFTED if row.handle else OutboxState.PENDING


async def _hand_out(ctx: Context, channel: Channel, row: OutboundMessage, *, ignore_window: bool) -> bool:
    """Every check once more, the draft, and the last compare-and-set before the message may leave."""
    if not await delivery.may_leave(ctx, row, ignore_window=ignore_window):
        return False
    if row.handle is None:
        handle = await channel.draft(await message_of(row))
        await ctx.pause("outbox.drafted")
        if not await row.write({"state": OutboxState.DRAFTED, "handle": handle}):
            return False  # an orphan draft is never sent
        await ctx.pause("outbox.draft_stored")
    if not await delivery.begin(ctx, row):
        return False
    await ctx.pause("outbox.sending")
    return True


async def _ask_provider(ctx: Context, gate: Gate, channel: Channel, row: OutboundMessage) -> str:
    """Only the provider may know what became of it; one that cannot say now is asked again later."""
    try:
        receipt = await channel.find_sent(await message_of(row))
    except (ThrottledError, ChannelStoppedError) as error:
        return await _after_refusal(ctx, gate, channel, row, error, was_sending=True)
    except ChannelError as error:
        return await _retry_or_fail(ctx, row, type(error).__name__, was_sending=True)
    if receipt:
        return await _record(ctx, row, receipt)
    if row.sending_since and ctx.now() - row.sending_since < ASKED_FOR:
        return await _retry_or_fail(ctx, row, "not_found_yet", was_sending=True)
    return await undelivered.mark_unknown(ctx, row, undelivered.UNKNOWN_TO_PROVIDER)


async def _record(ctx: Context, row: OutboundMessage, receipt: Receipt) -> str:
    await ctx.pause("outbox.sent")
    await delivery.record_sent(ctx, row, receipt)
    log.info("outbox.message_sent", outbox_id=str(row.id), external_id=receipt.external_id)
    await ctx.pause("outbox.stamped")
    return "sent"


async def _retry_or_fail(ctx: Context, row: OutboundMessage, reason: str, *, was_sending: bool) -> str:
    """Try again later, with growing pauses. A row that may have left stays SENDING, and ends as UNKNOWN."""
    if row.failures + 1 >= MOST_FAILURES:
        return await (undelivered.mark_unknown if was_sending else undelivered.fail)(ctx, row, reason)
    later, state = ctx.now() + FIRST_RETRY * 2**row.failures, _waiting_state(row, was_sending=was_sending)
    await row.write(
        {
            "state": state,
            "failures": row.failures + 1,
            "state_reason": reason,
            "not_before": later,
            "lease_until": later,
        },
        frees_day=state is not OutboxState.SENDING,
    )
    log.warning("outbox.send_postponed", outbox_id=str(row.id), reason=reason, failures=row.failures)
    return "retried"
