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
    try:
        if row.state is OutboxState.SENDING:
            receipt = await _resume(channel, row)
        elif not await _hand_out(ctx, channel, row, ignore_window=ignore_window):
            return "withheld"
        else:
            receipt = await channel.send(message_of(row), handle=row.handle)
    except ChannelError as error:
        return await _after_refusal(ctx, channel, row, error)
    return await _record(ctx, row, receipt)


async def _after_refusal(ctx: Context, channel: Channel, row: OutboundMessage, error: ChannelError) -> str:
    match error:
        case DraftSpentError():
            return await _ask_provider(ctx, channel, row)
        case RecipientRefusedError():
            return await delivery.fail(ctx, row, delivery.RECIPIENT_REFUSED)
        case OutcomeUnknownError():
            return await delivery.mark_unknown(ctx, row, "provider_did_not_answer")
        case _:
            return await _retry_or_fail(ctx, row, type(error).__name__)


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


async def _resume(channel: Channel, row: OutboundMessage) -> Receipt:
    """An earlier worker died while sending: only a one-shot handle may be tried again."""
    if row.handle is None:
        raise DraftSpentError("there is no handle that could be sent once")
    return await channel.send(message_of(row), handle=row.handle)


async def _ask_provider(ctx: Context, channel: Channel, row: OutboundMessage) -> str:
    receipt = await channel.find_sent(message_of(row))
    if receipt is None:
        return await delivery.mark_unknown(ctx, row, "provider_does_not_know_it")
    return await _record(ctx, row, receipt)


async def _record(ctx: Context, row: OutboundMessage, receipt: Receipt) -> str:
    await ctx.pause("outbox.sent")
    await delivery.record_sent(ctx, row, receipt)
    await ctx.pause("outbox.stamped")
    return "sent"


async def _retry_or_fail(ctx: Context, row: OutboundMessage, reason: str) -> str:
    if row.failures + 1 >= MOST_FAILURES:
        return await delivery.fail(ctx, row, reason)
    later = ctx.now() + FIRST_RETRY * 2**row.failures
    state = OutboxState.DRAFTED if row.handle else OutboxState.PENDING
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
    )
