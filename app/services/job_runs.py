"""Runs of jobs as staff see them: one at a time where it matters, remembered, listed (api.md section 4)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

from beanie import PydanticObjectId
from pymongo.errors import PyMongoError

from app.context import Context
from app.errors import ConflictError
from app.logging import get_logger
from app.models.base import derived_id
from app.models.operations import JobLease, JobRun, PastRun
from app.services import audit

log = get_logger(__name__)

Result = TypeVar("Result")

SCHEDULER = "scheduler"
RENEWALS_IN_A_LEASE = 3
MILLISECOND = timedelta(milliseconds=1)


class JobRunningError(ConflictError):
    """The job runs already, here or on another replica."""

    code = "JOB_RUNNING"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """One run that is over. `by` is `scheduler`, `system` or `user:<id>`; `error` names the kind of failure only."""

    job: str
    by: str
    started_at: datetime
    counts: dict[str, Any] = field(default_factory=dict)
    dry_run: bool = False
    error: str | None = None

    @property
    def is_a_persons(self) -> bool:
        return self.by.startswith("user:")


def lease_of(job: str) -> str:
    """The name of the lease that a run of this job holds."""
    return f"run:{job}"


async def alone(ctx: Context, job: str, work: Callable[[], Awaitable[Result]]) -> Result:
    """Run `work` while no other run of the job holds the lease; the lease is renewed as long as the work goes on.

    A run that crashed frees the job when its lease ends. A run that stalled so long that another one took over is cut
    off: every run has a holder's name of its own, so it can neither renew nor give back what is not its own any more.
    Raises JobRunningError (409).
    """
    holder, since = uuid4().hex, ctx.now()
    if not await _hold(ctx, job, holder, since):
        raise JobRunningError("This job is running already. Wait until it is done.")
    working = asyncio.ensure_future(work())
    renewing = asyncio.create_task(_keep(ctx, job, holder, since))
    try:
        await asyncio.wait({working, renewing}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise JobRunningError("Another run of this job took over.")
        return working.result()
    finally:
        working.cancel()
        renewing.cancel()
        await asyncio.gather(working, renewing, return_exceptions=True)
        await JobLease.give_back(lease_of(job), holder=holder)


async def _hold(ctx: Context, job: str, holder: str, since: datetime) -> bool:
    return await JobLease.take(lease_of(job), holder=holder, now=ctx.now(), until=ctx.lease_until, since=since)


async def _keep(ctx: Context, job: str, holder: str, since: datetime) -> None:
    """Renew until cancelled; returns when the lease is lost. A database that is away for a moment is asked again."""
    while True:
        await asyncio.sleep(ctx.settings.chairside_lease_seconds / RENEWALS_IN_A_LEASE)
        try:
            if not await _hold(ctx, job, holder, since):
                return
        except PyMongoError as error:
            log.warning("job.lease_not_renewed", job=job, error=type(error).__name__)


async def remember(ctx: Context, run: Finished) -> None:
    """Keep a run in the history and, unless it was dry, as the job's last one; a person's run is audited with it."""
    counts = {name: value for name, value in run.counts.items() if not isinstance(value, list)}
    row = PastRun(**(_fields(run) | {"counts": counts}), finished_at=ctx.now(), id=_identity(ctx, run))

    async def write() -> None:
        stored = row.model_dump(exclude={"id"})
        await PastRun.collection().update_one({"_id": row.id}, {"$set": stored}, upsert=True)
        if not run.dry_run:
            await _replace_last(row)
        if run.is_a_persons:
            await _audit(ctx, run, counts)

    await ctx.database.transaction(write)


def _fields(run: Finished) -> dict[str, Any]:
    return {
        "job": run.job,
        "by": run.by,
        "started_at": run.started_at,
        "dry_run": run.dry_run,
        "error": run.error,
    }


def _identity(ctx: Context, run: Finished) -> PydanticObjectId:
    """A job that fails every second on its own fills one row a minute, not sixty."""
    if run.error is None or run.is_a_persons:
        return PydanticObjectId()
    return derived_id("failed-run", run.job, run.error, ctx.now().strftime("%Y%m%d%H%M"))


async def _replace_last(row: PastRun) -> None:
    last: dict[str, Any] = {
        "last_run_at": row.finished_at,
        "last_error": row.error,
        "last_duration_ms": (row.finished_at - row.started_at) // MILLISECOND,
        "last_looked_at": row.finished_at,
    }
    if row.error is None:
        last["last_result"] = row.counts
    await JobRun.get_pymongo_collection().update_one({"_id": row.job}, {"$set": last}, upsert=True)


async def _audit(ctx: Context, run: Finished, counts: dict[str, Any]) -> None:
    await audit.record(
        ctx,
        actor=run.by,
        action="job.previewed" if run.dry_run else "job.run",
        document=("job", run.job),
        patients=_people(run.counts),
        details={"counts": counts, "error": run.error},
    )


def _people(counts: dict[str, Any]) -> list[PydanticObjectId]:
    """Everybody whom a dry run names."""
    lists = [value for value in counts.values() if isinstance(value, list)]
    return list(dict.fromkeys(PydanticObjectId(row["patient_id"]) for rows in lists for row in rows))


async def looked_at(ctx: Context, job: str) -> None:
    """Stamp that the timetable looked, found nothing to do, and met no failure: an earlier one is over."""
    facts = {"last_looked_at": ctx.now(), "last_error": None}
    await JobRun.get_pymongo_collection().update_one({"_id": job}, {"$set": facts}, upsert=True)


async def running_since(ctx: Context) -> dict[str, datetime]:
    """When each job that runs right now, alone, began."""
    held = await JobLease.find({"until": {"$gt": ctx.now()}, "since": {"$ne": None}}).to_list()
    return {lease.id.partition(":")[2]: lease.since for lease in held if lease.since}


async def page(job: str, *, skip: int, limit: int) -> tuple[list[PastRun], int]:
    """The runs of one job, newest first, and how many there are."""
    query = {"job": job}
    rows = await PastRun.find(query).sort("-started_at", "-_id").skip(skip).limit(limit).to_list()
    return rows, await PastRun.collection().count_documents(query)
