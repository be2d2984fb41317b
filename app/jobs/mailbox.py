"""The mailbox jobs: the poll that needs no push, the daily renewal of the watch, and what a push sets off.

trust.md 2.5 and fault 12. One sync at a time, whoever asks for it; a second one would do no harm, only the same work.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from app.channels.base import ChannelError
from app.context import Context
from app.models.inbox import InboundEvent
from app.services import job_runs, mailbox_health, mailbox_pushes, mailbox_sync
from app.services.job_runs import JobRunningError

GMAIL_SYNC, GMAIL_WATCH = "gmail-sync", "gmail-watch"


async def poll(ctx: Context) -> Mapping[str, Any]:
    """Take in what came since last time, push or no push; alarms are looked at even when nothing can be read."""
    return await mailbox_sync.sync(ctx)


async def renew_watch(ctx: Context) -> Mapping[str, Any]:
    """Renew the watch when a day has passed since the last time."""
    return await mailbox_health.renew_watch(ctx)


async def follow_push(ctx: Context, event: InboundEvent) -> str | None:
    """Read the mailbox for this push and for all that wait; None while another worker does, or when it must wait."""
    try:
        await job_runs.alone(ctx, GMAIL_SYNC, partial(mailbox_pushes.read_mailbox, ctx, event))
    except JobRunningError:
        later = ctx.now() + mailbox_pushes.FIRST_RETRY
        await event.write({"not_before": later, "lease_until": later})
        return None
    except ChannelError as error:
        given_up = await mailbox_pushes.postpone(ctx, event, type(error).__name__)
        return "done" if given_up else "retried"
    return "done"
