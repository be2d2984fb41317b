"""The timetable: what runs when, led by one replica at a time through a lease in MongoDB (D-15, stack.md 2f)."""

import asyncio
import os
import socket
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from app.context import Context
from app.jobs.registry import DAILY, DUE_SCAN, INBOX, JOBS, OUTBOX, remember, run_job
from app.logging import get_logger
from app.models.clinic import Clinic
from app.models.operations import JobLease, JobRun
from app.services.policies import wall_time

log = get_logger(__name__)

HOLDER = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:6]}"
LEADER = "scheduler"
LEADS_FOR = timedelta(seconds=30)
DAILY_LEASE = timedelta(minutes=30)
STOPS_WITHIN_SECONDS = 25

_running: set[asyncio.Task[None]] = set()


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timetable. `led`: only the leading replica runs it; the others' rows are claimed one by one."""

    job: str
    trigger: BaseTrigger
    led: bool


async def timetable() -> tuple[Entry, ...]:
    """The whole timetable, in the clinic's own zone."""
    clinic = await Clinic.load()
    at = wall_time(clinic.outreach.daily_run_at)
    return (
        Entry(DAILY, CronTrigger(hour=at.hour, minute=at.minute, timezone=clinic.zone), led=True),
        Entry(DUE_SCAN, IntervalTrigger(minutes=5), led=True),
        Entry(INBOX, IntervalTrigger(seconds=1), led=False),
        Entry(OUTBOX, IntervalTrigger(seconds=1), led=False),
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

    async def run() -> None:
        task = asyncio.current_task()
        if task:
            _running.add(task)
            task.add_done_callback(_running.discard)
        try:
            if entry.led and not await lead(ctx):
                return
            if entry.led:
                await run_daily_once(ctx)  # on time, and with each due scan: a run that was cut off is taken up
            if entry.job != DAILY:
                await run_job(ctx, entry.job)
        except Exception:
            log.exception("job.failed", job=entry.job)

    return run


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
        await remember(ctx, DAILY, await run_job(ctx, DAILY))
        await JobLease.give_back(name, holder=HOLDER, done_at=ctx.now())


async def describe_jobs(ctx: Context) -> list[dict[str, object]]:
    """Each job's last run and when the timetable runs it next (api.md, `GET /admin/jobs`)."""
    runs = {run.id: run for run in await JobRun.find_all().to_list()}
    entries = {entry.job: entry for entry in await timetable()}
    now = ctx.now()
    return [
        {
            "name": name,
            "last_run_at": runs[name].last_run_at if name in runs else None,
            "last_result": runs[name].last_result if name in runs else None,
            "next_run_at": entries[name].trigger.get_next_fire_time(None, now).astimezone(UTC),
        }
        for name in JOBS
    ]


async def stop_scheduler(scheduler: AsyncIOScheduler) -> None:
    """Start nothing new; `shutdown(wait=True)` would cancel what runs (stack.md 2f), so that is awaited first."""
    scheduler.pause()
    running = set(_running)
    if running:
        await asyncio.wait(running, timeout=STOPS_WITHIN_SECONDS)
    scheduler.shutdown(wait=False)
