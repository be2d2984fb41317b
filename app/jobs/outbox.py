"""Drains the outbox: every message leaves once, or staff see why it did not (trust.md 2.4, design M4)."""

from datetime import timedelta

from app.channels.base import (
    Channel,
    ChannelError,
    DraftSpentError,
    OutcomeUnknownError,
    OutgoingMessage,
    Receipt,
    RecipientRefusedError,
)
from app.context import Context
from app.jobs.workers import work_until_empty
from app.logging import get_logger
from app.models.enums import OutboxState
from app.models.outbox import OutboundMessage
from app.services import delivery

log = get_logger(__name__)

MOST_FAILURES = 8
FIRST_RETRY = timedelta(seconds=10)


async def drain(ctx: Context, *, ignore_window: bool = False) -> dict[str, int]:
    """Send whatever may leave now; counts by what became of it."""
    counts = {"sent": 0, "withheld": 0, "retried": 0, "failed": 0, "unknown": 0}

    async def work_one() -> bool:
        row = await OutboundMessage.claim(now=ctx.now(), lease_until=ctx.lease_until, ignore_hold=ignore_window)
        if row is None:
            return False
        await ctx.pause("outbox.claimed")
        counts[await _deliver(ctx, row, ignore_window=ignore_window)] += 1
        return True

    await work_until_empty(work_one)
    return counts


async def _deliver(ctx: Context, row: OutboundMessage, *, ignore_window: bool) -> str:
    channel = ctx.channels.get(row.channel)
    if channel is None:
        return await delivery.fail(ctx, row, "channel_not_configured")
    was_sending = row.state is OutboxState.SENDING
    try:
        receipt = await (_resume if was_sending else _send)(ctx, channel, row, ignore_window=ignore_window)
    except ChannelError as error:
        return await _after_refusal(ctx, channel, row, error, was_sending=was_sending)
    return await _record(ctx, row, receipt) if receipt else "withheld"


async def _send(ctx: Context, channel: Channel, row: OutboundMessage, *, ignore_window: bool) -> Receipt | None:
    if not await _hand_out(ctx, channel, row, ignore_window=ignore_window):
        return None
    return await channel.send(message_of(row), handle=row.handle)


async def _resume(ctx: Context, channel: Channel, row: OutboundMessage, *, ignore_window: bool) -> Receipt | None:
    """An earlier worker died while sending: ask first; only a one-shot handle may be tried again, after every check."""
    receipt = await channel.find_sent(message_of(row))
    if receipt:
        return receipt
    if row.handle is None:
        raise OutcomeUnknownError("there is no handle that could be sent once")
    if not await delivery.may_leave(ctx, row, ignore_window=ignore_window):
        return None
    return await channel.send(message_of(row), handle=row.handle)


async def _after_refusal(
    ctx: Context, channel: Channel, row: OutboundMessage, error: ChannelError, *, was_sending: bool
) -> str:
    match error:
        case DraftSpentError() | OutcomeUnknownError():
            return await _ask_provider(ctx, channel, row)
        case RecipientRefusedError():
            return await delivery.fail(ctx, row, delivery.RECIPIENT_REFUSED)
        case _:
            return await _retry_or_fail(ctx, row, type(error).__name__, was_sending=was_sending)


async def _hand_out(ctx: Context, channel: Channel, row: OutboundMessage, *, ignore_window: bool) -> bool:
    """Every check once more, the draft, and the last compare-and-set before the message may leave."""
    if not await delivery.may_leave(ctx, row, ignore_window=ignore_window):
        return False
    if row.handle is None:
        handle = await channel.draft(message_of(row))
        await ctx.pause("outbox.drafted")
        if not await row.write({"state": OutboxState.DRAFTED, "handle": handle}):
            return False  # an orphan draft is never sent
        await ctx.pause("outbox.draft_stored")
    if not await delivery.begin(ctx, row):
        return False
    await ctx.pause("outbox.sending")
    return True


async def _ask_provider(ctx: Context, channel: Channel, row: OutboundMessage) -> str:
    """Only the provider may know what became of it; one that cannot say now is asked again later."""
    try:
        receipt = await channel.find_sent(message_of(row))
    except ChannelError as error:
        return await _retry_or_fail(ctx, row, type(error).__name__, was_sending=True)
    if receipt is None:
        return await delivery.mark_unknown(ctx, row, "provider_does_not_know_it")
    return await _record(ctx, row, receipt)


async def _record(ctx: Context, row: OutboundMessage, receipt: Receipt) -> str:
    await ctx.pause("outbox.sent")
    await delivery.record_sent(ctx, row, receipt)
    await ctx.pause("outbox.stamped")
    return "sent"


async def _retry_or_fail(ctx: Context, row: OutboundMessage, reason: str, *, was_sending: bool) -> str:
    """Try again later, with growing pauses. A row that may have left stays SENDING, and ends as UNKNOWN."""
    if row.failures + 1 >= MOST_FAILURES:
        return await (delivery.mark_unknown if was_sending else delivery.fail)(ctx, row, reason)
    later = ctx.now() + FIRST_RETRY * 2**row.failures
    waiting = OutboxState.DRAFTED if row.handle else OutboxState.PENDING
    state = OutboxState.SENDING if was_sending else waiting
    await row.write(
        {
            "state": state,
            "failures": row.failures + 1,
            "state_reason": reason,
            "not_before": later,
            "lease_until": later,
        }
    )
    log.warning("outbox.send_postponed", outbox_id=str(row.id), reason=reason, failures=row.failures)
    return "retried"


def message_of(row: OutboundMessage) -> OutgoingMessage:
    """The row as a channel wants it, marked as automatic so that other robots stay silent (RFC 3834)."""
    kind = "auto-replied" if row.in_reply_to else "auto-generated"
    headers = {"X-Outbox-Id": str(row.id)}
    if row.is_automatic:
        headers |= {"Auto-Submitted": kind, "X-Auto-Response-Suppress": "All"}
    return OutgoingMessage(
        outbox_id=str(row.id),
        channel=row.channel,
        to=row.to,
        subject=row.subject,
        body=row.body,
        thread_id=row.thread_id,
        in_reply_to=row.in_reply_to,
        headers=headers,
        attachments=tuple(row.attachments),
    )
