"""The jobs by the names of api.md: running one, now or on time, and remembering what it did."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from structlog.contextvars import bound_contextvars

from app.context import Context
from app.errors import NotFoundError
from app.jobs import (
    gmail_drafts,
    handoffs,
    imports,
    inbox,
    mailbox,
    outbox,
    outreach,
    outreach_preview,
    recovery,
    reminders,
    twilio_sync,
    waitlist,
)
from app.jobs.counted import counted
from app.services import audit, counters, insight, invariant_reports, job_runs
from app.services.job_runs import SCHEDULER, Finished

DAILY, DUE_SCAN, INBOX, OUTBOX, NUMBERS = "daily-outreach", "due-scan", "inbox", "outbox", "numbers"
IMPORTS = "imports"
WAITLIST = "waitlist"
HANDOFFS = "handoffs"
REMINDERS = "reminders"
INSIGHT = "insight"
TWILIO_SYNC = "twilio-sync"
GMAIL_DRAFTS = "gmail-drafts"
INVARIANTS = "invariants"
RECOVERY = "recovery"
GMAIL_SYNC, GMAIL_WATCH = mailbox.GMAIL_SYNC, mailbox.GMAIL_WATCH

Job = Callable[[Context], Awaitable[Mapping[str, Any]]]

JOBS: dict[str, Job] = {
    DAILY: outreach.launch_daily,
    DUE_SCAN: outreach.send_due_follow_ups,
    INBOX: inbox.drain,
    OUTBOX: outbox.drain,
    NUMBERS: counters.fold,
    IMPORTS: imports.drain,
    WAITLIST: waitlist.offer_freed_slots,
    HANDOFFS: handoffs.escalate_late,
    REMINDERS: reminders.queue_due,
    INSIGHT: insight.refresh,
    TWILIO_SYNC: twilio_sync.sync,
    GMAIL_SYNC: mailbox.poll,
    GMAIL_WATCH: mailbox.renew_watch,
    GMAIL_DRAFTS: gmail_drafts.sweep,
    INVARIANTS: invariant_reports.refresh,
    RECOVERY: recovery.work,
}
DRY_RUNS: dict[str, Job] = {
    DAILY: outreach_preview.preview_daily,
    DUE_SCAN: outreach_preview.preview_due_scan,
    REMINDERS: reminders.preview,
}
"""Jobs that can say what they would do without doing it."""
WHEN_ASKED: dict[str, Job] = {INBOX: partial(inbox.drain, at_once=True)}
"""Jobs that wait for nothing when a person runs them."""


async def run_job(ctx: Context, name: str, *, dry_run: bool = False, by: str = audit.SYSTEM) -> dict[str, Any]:
    """Run one job to its end; kept in the history when it did something, failed, or a person asked (`user:<id>`).

    Raises NotFoundError for an unknown name.
    """
    work, started_at, is_a_persons = _known(name, dry_run=dry_run), ctx.now(), by.startswith("user:")
    if by != SCHEDULER and not dry_run:
        work = WHEN_ASKED.get(name, work)
    counting = counted(name, is_dry=dry_run)
    run = partial(Finished, job=name, by=by, started_at=started_at, dry_run=dry_run)
    try:
        with bound_contextvars(correlation_id=f"job-{name}-{started_at:%Y%m%dT%H%M%S}"), counting as count:
            result = count.result = dict(await work(ctx))
    except Exception as error:
        await job_runs.remember(ctx, run(error=type(error).__name__))
        raise
    if is_a_persons or (any(result.values()) and not dry_run):
        await job_runs.remember(ctx, run(counts=result))
    return result


def _known(name: str, *, dry_run: bool) -> Job:
    known = DRY_RUNS if dry_run else JOBS
    if name not in known:
        raise NotFoundError(f"There is no such {'dry run' if dry_run else 'job'}. Known: {', '.join(known)}.")
    return known[name]


async def run_by_hand(ctx: Context, name: str, *, dry_run: bool, by: str) -> dict[str, Any]:
    """A person runs a job, or asks what it would do. Raises JobRunningError while a run is on, here or elsewhere."""
    _known(name, dry_run=dry_run)
    run = partial(run_job, ctx, name, dry_run=dry_run, by=by)
    return await (run() if dry_run else job_runs.alone(ctx, name, run))


async def drain_by_hand(ctx: Context, *, ignore_window: bool, by: str) -> dict[str, Any]:
    """The same for `drain`, with its audit row."""
    total = await drain(ctx, ignore_window=ignore_window)
    await audit.record(ctx, actor=by, action="jobs.drained", document=("job", "drain"), details={"counts": total})
    return total


async def drain(ctx: Context, *, ignore_window: bool) -> dict[str, Any]:
    """Run inbox, due scan and outbox until nothing is due; the sum of what they did (api.md, `/admin/jobs/drain`)."""
    total: dict[str, dict[str, int]] = {INBOX: {}, DUE_SCAN: {}, OUTBOX: {}}
    while True:
        results = {
            INBOX: await inbox.drain(ctx, at_once=True),
            DUE_SCAN: await outreach.send_due_follow_ups(ctx, ignore_window=ignore_window),
            OUTBOX: await outbox.drain(ctx, ignore_window=ignore_window),
        }
        if not any(count for counts in results.values() for count in counts.values()):
            return total
        for job, counts in results.items():
            for outcome, count in counts.items():
                total[job][outcome] = total[job].get(outcome, 0) + count
