"""The timetable: what runs when, led by one replica at a time through a lease in MongoDB (D-15, stack.md 2f)."""

import asyncio
import os
import socket
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from app.context import Context
from app.jobs.registry import DAILY, DUE_SCAN, IMPORTS, INBOX, JOBS, NUMBERS, OUTBOX, run_job
from app.logging import get_logger
from app.models.base import LONG_AGO
from app.models.clinic import Clinic
from app.models.operations import JobLease, JobRun
from app.services import job_runs
from app.services.clinic import keep_current
from app.services.job_runs import SCHEDULER, Finished, JobRunningError
from app.services.policies import wall_time

log = get_logger(__name__)

HOLDER = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:6]}"
LEADER = "scheduler"
LEADS_FOR = timedelta(seconds=30)
DAILY_LEASE = timedelta(minutes=30)
STAMP_EVERY = timedelta(seconds=15)
STOPS_WITHIN_SECONDS = 25

_running: set[asyncio.Task[None]] = set()


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timetable. `led`: only the leading replica runs it; the others' rows are claimed one by one."""

    job: str
    trigger: BaseTrigger
    led: bool


@dataclass(slots=True)
class Stamp:
    """When an idle job last looked, written now and then: a job that looks every second need not say so each time."""

    written_at: datetime = LONG_AGO

    async def set(self, ctx: Context, job: str) -> None:
        if ctx.now() - self.written_at >= STAMP_EVERY:
            self.written_at = ctx.now()
            await job_runs.looked_at(ctx, job)


async def timetable() -> tuple[Entry, ...]:
    """The whole timetable, in the clinic's own zone."""
    clinic = await Clinic.load()
    at = wall_time(clinic.outreach.daily_run_at)
    return (
        Entry(DAILY, CronTrigger(hour=at.hour, minute=at.minute, timezone=clinic.zone), led=True),
        Entry(DUE_SCAN, IntervalTrigger(minutes=5), led=True),
        Entry(INBOX, IntervalTrigger(seconds=1), led=False),
        Entry(OUTBOX, IntervalTrigger(seconds=1), led=False),
        Entry(NUMBERS, IntervalTrigger(seconds=30), led=True),
        Entry(IMPORTS, IntervalTrigger(seconds=2), led=False),
    )


async def start_scheduler(ctx: Context) -> AsyncIOScheduler:
    """Start the timetable in this process; a daily run that was missed today is caught up at once."""
    scheduler = AsyncIOScheduler(
        timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 300}
    )
    for entry in await timetable():
        options = {"next_run_time": datetime.now(UTC)} if entry.job == DAILY else {}
        scheduler.add_job(_guarded(ctx, entry), entry.trigger, id=entry.job, replace_existing=True, **options)
    scheduler.start()
    log.info("scheduler.started", holder=HOLDER)
    return scheduler


def _guarded(ctx: Context, entry: Entry) -> Callable[[], Awaitable[None]]:
    """A timed run at its boundary: only the leader leads, a failure is recorded and the timetable goes on."""
    stamp = Stamp()

    async def run() -> None:
        task = asyncio.current_task()
        if task:
            _running.add(task)
            task.add_done_callback(_running.discard)
        try:
            await _run_entry(ctx, entry, stamp)
        except JobRunningError:
            log.info("job.left_to_another_run", job=entry.job)
        except Exception:
            log.exception("job.failed", job=entry.job)

    return run


async def _run_entry(ctx: Context, entry: Entry, stamp: Stamp) -> None:
    if entry.led and not await lead(ctx):
        return
    if entry.led:
        await keep_current(ctx)  # what was planned for today counts before anything is written today
        await run_daily_once(ctx)  # on time, and with each due scan: a run that was cut off is taken up
    if entry.job == DAILY:
        return
    run = partial(run_job, ctx, entry.job, by=SCHEDULER)
    result = await (job_runs.alone(ctx, entry.job, run) if entry.led else run())
    if not any(result.values()):
        await stamp.set(ctx, entry.job)


async def lead(ctx: Context) -> bool:
    """Become or stay the leading replica for the next half minute or so."""
    return await JobLease.take(LEADER, holder=HOLDER, now=ctx.now(), until=ctx.now() + LEADS_FOR)


async def run_daily_once(ctx: Context) -> None:
    """The daily job, once for each clinic-local date and not before its hour; a crashed run is taken up again."""
    clinic = await Clinic.load()
    local = ctx.now().astimezone(clinic.zone)
    if local.time() < wall_time(clinic.outreach.daily_run_at):
        return
    name = f"{DAILY}:{local.date().isoformat()}"
    if await JobLease.take(name, holder=HOLDER, now=ctx.now(), until=ctx.now() + DAILY_LEASE):
        started_at = ctx.now()
        try:
            result = await job_runs.alone(ctx, DAILY, partial(run_job, ctx, DAILY, by=SCHEDULER))
        except JobRunningError:
            return  # by hand, most likely: the next due scan asks again
        if not any(result.values()):  # one row each day, even an empty one: that it ran is worth knowing
            await job_runs.remember(ctx, Finished(job=DAILY, by=SCHEDULER, started_at=started_at, counts=result))
        await JobLease.give_back(name, holder=HOLDER, done_at=ctx.now())


async def describe_jobs(ctx: Context) -> list[dict[str, object]]:
    """Each job's last run, whether it runs now, and when the timetable runs it next (api.md, `GET /admin/jobs`)."""
    runs = {run.id: run for run in await JobRun.find_all().to_list()}
    entries = {entry.job: entry for entry in await timetable()}
    running, now = await job_runs.running_since(ctx), ctx.now()
    return [
        {
            "name": name,
            **_last(runs.get(name)),
            "running_since": running.get(name),
            "next_run_at": entries[name].trigger.get_next_fire_time(None, now).astimezone(UTC),
        }
        for name in JOBS
    ]


def _last(run: JobRun | None) -> dict[str, object]:
    if run is None:
        return dict.fromkeys(("last_run_at", "last_result", "last_error", "last_duration_ms", "last_looked_at"))
    told: dict[str, object] = run.model_dump(exclude={"id"})
    return told | {"last_result": run.last_result if run.last_run_at else None}


async def stop_scheduler(scheduler: AsyncIOScheduler) -> None:
    """Start nothing new; `shutdown(wait=True)` would cancel what runs (stack.md 2f), so that is awaited first."""
    scheduler.pause()
    running = set(_running)
    if running:
        await asyncio.wait(running, timeout=STOPS_WITHIN_SECONDS)
    scheduler.shutdown(wait=False)
