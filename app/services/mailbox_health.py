"""How the mailbox fares: what went wrong, since when, and the alarms that staff hear of (trust.md fault 12)."""

from datetime import timedelta
from typing import Any

from app.channels.base import ChannelError, ChannelStoppedError, ThrottledError
from app.channels.mailbox import Mailbox
from app.context import Context
from app.domain import mailbox_alarms
from app.domain.mailbox_alarms import Facts
from app.logging import get_logger
from app.models.base import LONG_AGO
from app.models.mailboxes import MailboxState

log = get_logger(__name__)

RENEW_EVERY = timedelta(hours=20)
"""The job looks each hour, so a watch is renewed once a day, well before its seven days end."""
FIRST_WATCH_WITHIN = timedelta(hours=1)
"""A mailbox that was just connected is watched from the job's next look on."""


async def record_failure(ctx: Context, mailbox: Mailbox, error: ChannelError) -> None:
    """The mailbox could not be read now; nothing is lost, because the cursor stays where it is."""
    state = await MailboxState.of(mailbox.address, now=ctx.now())
    facts: dict[str, Any] = {
        "failing_since": state.failing_since or ctx.now(),
        "is_stopped": isinstance(error, ChannelStoppedError),
        "last_error": str(error),
    }
    if isinstance(error, ThrottledError):
        facts["paused_until"] = ctx.now() + error.retry_after
    await MailboxState.note(mailbox.address, **facts)
    await raise_alarms(ctx, mailbox)


async def record_success(ctx: Context, mailbox: Mailbox) -> None:
    """The mailbox was read to its end."""
    facts = {"failing_since": None, "is_stopped": False, "last_error": None, "paused_until": LONG_AGO}
    await MailboxState.note(mailbox.address, last_synced_at=ctx.now(), **facts)
    await raise_alarms(ctx, mailbox)


async def renew_watch(ctx: Context) -> dict[str, int]:
    """Renew the announcements once a day, and at every look while they fail (trust.md decision 4)."""
    mailbox = ctx.mailbox
    if mailbox is None or not mailbox.is_pushed:
        return {}
    state = await MailboxState.of(mailbox.address, now=ctx.now())
    is_fresh = state.watch_renewed_at and ctx.now() - state.watch_renewed_at < RENEW_EVERY
    if is_fresh and not state.watch_error:
        await raise_alarms(ctx, mailbox)
        return {}
    try:
        watch = await mailbox.watch()
    except ChannelError as error:
        await MailboxState.note(mailbox.address, watch_error=str(error))
        await raise_alarms(ctx, mailbox)
        raise
    facts = {"watch_expires_at": watch.expires_at, "watch_renewed_at": ctx.now(), "watch_error": None}
    await MailboxState.note(mailbox.address, **facts)
    await raise_alarms(ctx, mailbox)
    return {"renewed": 1}


async def raise_alarms(ctx: Context, mailbox: Mailbox) -> list[str]:
    """Write down which alarms stand; a change reaches the screens of staff and the log."""
    state = await MailboxState.of(mailbox.address, now=ctx.now())
    standing = mailbox_alarms.alarms(_facts(state, mailbox), now=ctx.now())
    if standing != state.alarms:
        await MailboxState.note(mailbox.address, alarms=standing)
        for alarm in set(standing) - set(state.alarms):
            log.error("mailbox.alarm_raised", alarm=alarm, advice=mailbox_alarms.SENTENCES[alarm])
        for alarm in set(state.alarms) - set(standing):
            log.info("mailbox.alarm_ended", alarm=alarm)
    return standing


def _facts(state: MailboxState, mailbox: Mailbox) -> Facts:
    return Facts(
        is_stopped=state.is_stopped,
        failing_since=state.failing_since,
        is_pushed=mailbox.is_pushed,
        watch_expires_at=state.watch_expires_at
        or state.connected_at + mailbox_alarms.WATCH_MARGIN + FIRST_WATCH_WITHIN,
        watch_failed=state.watch_error is not None,
    )


async def report(ctx: Context) -> dict[str, Any] | None:
    """The mailbox as operators see it: when it was read, until when it is watched, what is wrong; None without one."""
    if ctx.mailbox is None:
        return None
    state = await MailboxState.of(ctx.mailbox.address, now=ctx.now())
    return {
        "last_synced_at": state.last_synced_at,
        "last_push_at": state.last_push_at,
        "watch_expires_at": state.watch_expires_at,
        "alarms": state.alarms,
        "advice": [mailbox_alarms.SENTENCES[alarm] for alarm in state.alarms],
    }
