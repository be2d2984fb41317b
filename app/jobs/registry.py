"""The jobs by the names of api.md: running one, now or on time, and remembering what it did."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import structlog

from app.context import Context
from app.errors import NotFoundError
from app.jobs import imports, inbox, outbox, outreach, outreach_preview
from app.services import audit, counters, job_runs
from app.services.job_runs import Finished

DAILY, DUE_SCAN, INBOX, OUTBOX, NUMBERS = "daily-outreach", "due-scan", "inbox", "outbox", "numbers"
IMPORTS = "imports"

Job = Callable[[Context], Awaitable[Mapping[str, Any]]]

JOBS: dict[str, Job] = {
    DAILY: outreach.launch_daily,
    DUE_SCAN: outreach.send_due_follow_ups,
    INBOX: inbox.drain,
    OUTBOX: outbox.drain,
    NUMBERS: counters.fold,
    IMPORTS: imports.drain,
}
DRY_RUNS: dict[str, Job] = {DAILY: outreach_preview.preview_daily, DUE_SCAN: outreach_preview.preview_due_scan}
"""Jobs that can say what they would do without doing it."""


async def run_job(ctx: Context, name: str, *, dry_run: bool = False, by: str = audit.SYSTEM) -> dict[str, Any]:
    """Run one job to its end; kept in the history when it did something, failed, or a person asked (`user:<id>`).

    Raises NotFoundError for an unknown name.
    """
    work, started_at, is_a_persons = _known(name, dry_run=dry_run), ctx.now(), by.startswith("user:")
    run = partial(Finished, job=name, by=by, started_at=started_at, dry_run=dry_run)
    try:
        with structlog.contextvars.bound_contextvars(correlation_id=f"job-{name}-{started_at:%Y%m%dT%H%M%S}"):
            result = dict(await work(ctx))
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
            INBOX: await inbox.drain(ctx),
            DUE_SCAN: await outreach.send_due_follow_ups(ctx, ignore_window=ignore_window),
            OUTBOX: await outbox.drain(ctx, ignore_window=ignore_window),
        }
        if not any(count for counts in results.values() for count in counts.values()):
            return total
        for job, counts in results.items():
            for outcome, count in counts.items():
                total[job][outcome] = total[job].get(outcome, 0) + count
