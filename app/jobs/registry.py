"""The jobs by the names of api.md: running one, now or on time, and remembering what it did."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog

from app.context import Context
from app.errors import NotFoundError
from app.jobs import inbox, outbox, outreach
from app.models.operations import JobRun

DAILY, DUE_SCAN, INBOX, OUTBOX = "daily-outreach", "due-scan", "inbox", "outbox"

Job = Callable[[Context], Awaitable[Mapping[str, Any]]]

JOBS: dict[str, Job] = {
    DAILY: outreach.launch_daily,
    DUE_SCAN: outreach.send_due_follow_ups,
    INBOX: inbox.drain,
    OUTBOX: outbox.drain,
}
DRY_RUNS: dict[str, Job] = {DAILY: outreach.preview_daily}
"""Jobs that can say what they would do without doing it."""


async def run_job(ctx: Context, name: str, *, dry_run: bool = False) -> dict[str, Any]:
    """Run one job to its end and keep its counts. Raises NotFoundError for an unknown name."""
    known = DRY_RUNS if dry_run else JOBS
    if name not in known:
        raise NotFoundError(f"There is no such {'dry run' if dry_run else 'job'}. Known: {', '.join(known)}.")
    with structlog.contextvars.bound_contextvars(correlation_id=f"job-{name}-{ctx.now():%Y%m%dT%H%M%S}"):
        result = dict(await known[name](ctx))
    if not dry_run and any(result.values()):
        await remember(ctx, name, result)
    return result


async def remember(ctx: Context, name: str, result: dict[str, Any]) -> None:
    await JobRun.get_pymongo_collection().update_one(
        {"_id": name}, {"$set": {"last_run_at": ctx.now(), "last_result": result}}, upsert=True
    )


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
