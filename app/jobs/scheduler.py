"""The timetable: what runs when, led by one replica at a time through a lease in MongoDB (D-15, stack.md 2f)."""

import asyncio
import os
import socket
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from pymongo.errors import PyMongoError

from app.context import Context
from app.jobs.registry import (
    DAILY,
    DUE_SCAN,
    GMAIL_DRAFTS,
    GMAIL_SYNC,
    GMAIL_WATCH,
    HANDOFFS,
    IMPORTS,
    INBOX,
    INSIGHT,
    INVARIANTS,
    JOBS,
    NUMBERS,
    OUTBOX,
    RECOVERY,
    REMINDERS,
    TWILIO_SYNC,
    WAITLIST,
    run_job,
)
from app.jobs.workers import given_back_when_cut_off
from app.logging import get_logger
from app.models.base import LONG_AGO
from app.models.clinic import Clinic
from app.models.operations import LEADER, JobLease, JobRun
from app.services import job_runs
from app.services.clinic import keep_current
from app.services.job_runs import SCHEDULER, Finished, JobRunningError
from app.services.policies import wall_time
from app.stopping import GIVING_BACK_SECONDS

log = get_logger(__name__)

LEADS_FOR, LEAD_EVERY = timedelta(seconds=30), timedelta(seconds=10)
"""A leader that was stopped is followed within LEAD_EVERY, one that died within the two together."""
DAILY_LEASE = timedelta(minutes=30)
STAMP_EVERY = timedelta(seconds=15)
SAYS_FAREWELL_WITHIN_SECONDS = 2

AT_START = frozenset({DAILY, GMAIL_SYNC, GMAIL_WATCH})
"""Run when a process starts, too: what waited while nothing ran is caught up at once."""

_running: set[asyncio.Task[None]] = set()


@cache
def this_process() -> str:
    """The name under which this process holds its leases. Made when first asked for: a fork is another process."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:6]}"


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
        Entry(WAITLIST, IntervalTrigger(minutes=1), led=True),
        Entry(HANDOFFS, IntervalTrigger(minutes=1), led=True),
        Entry(REMINDERS, IntervalTrigger(minutes=5), led=True),
        Entry(INSIGHT, IntervalTrigger(minutes=15), led=True),
        Entry(TWILIO_SYNC, IntervalTrigger(minutes=10), led=True),
        Entry(GMAIL_SYNC, IntervalTrigger(minutes=5), led=True),
        Entry(GMAIL_WATCH, IntervalTrigger(hours=1), led=True),
        Entry(GMAIL_DRAFTS, IntervalTrigger(hours=1), led=True),
        Entry(INVARIANTS, CronTrigger(hour=3, minute=30, timezone=clinic.zone), led=True),
        Entry(RECOVERY, IntervalTrigger(minutes=1), led=True),
    )


async def start_scheduler(ctx: Context) -> AsyncIOScheduler:
    """Start the timetable in this process; a daily run that was missed today is caught up at once."""
    scheduler = AsyncIOScheduler(
        timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 300}
    )
    for entry in await timetable():
        options = {"next_run_time": datetime.now(UTC)} if entry.job in AT_START else {}
        scheduler.add_job(_guarded(ctx, entry), entry.trigger, id=entry.job, replace_existing=True, **options)
    every = IntervalTrigger(seconds=LEAD_EVERY.seconds)
    scheduler.add_job(partial(keep_leading, ctx), every, id=LEADER, next_run_time=datetime.now(UTC))
    scheduler.start()
    ctx.stopping.tell(scheduler.pause)
    log.info("scheduler.started", holder=this_process())
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
        except asyncio.CancelledError:  # the end of this task, which the library would print as a failure
            log.warning("job.cut_off", job=entry.job)
        except Exception:
            log.exception("job.failed", job=entry.job)

    return run


async def _run_entry(ctx: Context, entry: Entry, stamp: Stamp) -> None:
    if ctx.stopping.is_begun or (entry.led and not await lead(ctx)):
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
    return await JobLease.take(LEADER, holder=this_process(), now=ctx.now(), until=ctx.now() + LEADS_FOR)


async def keep_leading(ctx: Context) -> None:
    """Every few seconds: whoever leads stays it, and a leader that is gone is followed soon."""
    if ctx.stopping.is_begun:
        return
    try:
        await lead(ctx)
    except PyMongoError as error:
        log.warning("scheduler.lease_not_renewed", error=type(error).__name__)


async def run_daily_once(ctx: Context) -> None:
    """The daily job, once for each clinic-local date and not before its hour; a crashed run is taken up again."""
    clinic = await Clinic.load()
    local = ctx.now().astimezone(clinic.zone)
    if local.time() < wall_time(clinic.outreach.daily_run_at):
        return
    name = f"{DAILY}:{local.date().isoformat()}"
    if await JobLease.take(name, holder=this_process(), now=ctx.now(), until=ctx.now() + DAILY_LEASE):
        started_at = ctx.now()
        try:
            async with given_back_when_cut_off(partial(JobLease.give_back, name, holder=this_process())):
                result = await job_runs.alone(ctx, DAILY, partial(run_job, ctx, DAILY, by=SCHEDULER))
        except JobRunningError:
            return  # by hand, most likely: the next due scan asks again
        if not any(result.values()):  # one row each day, even an empty one: that it ran is worth knowing
            await job_runs.remember(ctx, Finished(job=DAILY, by=SCHEDULER, started_at=started_at, counts=result))
        await JobLease.give_back(name, holder=this_process(), done_at=ctx.now())


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


async def stop_scheduler(ctx: Context, scheduler: AsyncIOScheduler) -> None:
    """Start nothing new; what runs may come to its end, is cut off after a while, and another replica may lead.

    `shutdown(wait=True)` would cancel what runs (stack.md 2f), so that is awaited first.
    """
    ctx.stopping.begin()
    if _running:
        await asyncio.wait(_running, timeout=ctx.stopping.seconds_left())
    late = set(_running)
    for task in late:
        task.cancel()
    if late:
        await asyncio.wait(late, timeout=GIVING_BACK_SECONDS)
    await _stop_leading()
    scheduler.shutdown(wait=False)
    log.info("scheduler.stopped", holder=this_process(), cut_off=len(late))


async def _stop_leading() -> None:
    """With the database away the lease runs out by itself."""
    with suppress(PyMongoError, TimeoutError):
        async with asyncio.timeout(SAYS_FAREWELL_WITHIN_SECONDS):
            await JobLease.give_back(LEADER, holder=this_process())
