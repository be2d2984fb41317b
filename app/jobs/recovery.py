"""After a restore: learn what had left and what came in since the copy, while nothing leaves (trust.md fault 23).

Each step is repeated until it succeeds and does nothing twice; a person lets messages leave again (decision 0031).
"""

from datetime import datetime

from app.channels.base import ChannelError
from app.context import Context
from app.jobs import twilio_sync
from app.logging import get_logger
from app.models.mailboxes import MailboxState
from app.models.recovery import SendingState
from app.services import mailbox_sync, sent_mail

log = get_logger(__name__)


async def work(ctx: Context) -> dict[str, int]:
    """Counts `found` messages that had left, `settled` rows of ours among them, and `failed` when a channel is away."""
    counts = {"found": 0, "settled": 0, "failed": 0}
    state = await SendingState.now()
    if not state.is_paused or state.lost_since is None or state.paused_at is None:
        return counts
    try:
        if state.sent_mail_read_at is None:
            await sent_mail.read(ctx, since=state.lost_since)
            await ctx.pause("recovery.read")
            await sent_mail.settle(ctx)
            await ctx.pause("recovery.settled")
            counts["found"], counts["settled"] = await sent_mail.found(since=state.paused_at)
            await _note_sent(ctx, state.paused_at, counts)
        if state.answers_read_at is None and await _read_answers(ctx):
            await SendingState.note(state.paused_at, answers_read_at=ctx.now())
    except ChannelError as error:
        log.warning("recovery.channel_away", reason=str(error))
        await SendingState.note(last_error=str(error))
        counts["failed"] = 1
    return counts


async def _note_sent(ctx: Context, paused_at: datetime, counts: dict[str, int]) -> None:
    found, settled = counts["found"], counts["settled"]
    facts = {"sent_mail_read_at": ctx.now(), "found": found, "settled": settled, "last_error": None}
    await SendingState.note(paused_at, **facts)
    log.warning("recovery.sent_mail_read", found=found, settled=settled)


async def _read_answers(ctx: Context) -> bool:
    """Everything that came in since the restored cursors is in the inbox; False while a provider must be waited for."""
    if ctx.mailbox:
        before = ctx.now()
        await mailbox_sync.sync(ctx)
        read_at = (await MailboxState.now_of(ctx.mailbox.address)).last_synced_at
        if read_at is None or read_at < before.replace(microsecond=before.microsecond // 1000 * 1000):
            return False
    return not (await twilio_sync.sync(ctx))["failed"]
