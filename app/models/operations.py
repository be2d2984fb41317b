"""What replicas share to run as one: job runs and leases, and rate counters (stack.md 2f and 2k)."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from beanie import Document
from pydantic import AwareDatetime, Field
from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from app.models.base import LONG_AGO, Record

RUNS_ARE_KEPT = timedelta(days=90)


LEADER = "scheduler"
"""The lease of the replica that leads the timetable."""


class JobLease(Document):
    """`_id` names what is led: a job, a job's run on one clinic-local date, or a run that must be the only one."""

    id: str = Field()  # type: ignore[assignment]  # Beanie types the id as optional; a lease is its name
    holder: str = ""
    until: AwareDatetime = LONG_AGO
    since: AwareDatetime | None = None
    """When the run that holds it began."""
    done_at: AwareDatetime | None = None

    class Settings:
        name = "job_leases"

    @classmethod
    async def take(
        cls, name: str, *, holder: str, now: datetime, until: datetime, since: datetime | None = None
    ) -> bool:
        """Become or stay the leader of `name` until the lease ends; False while another holder leads or it is done."""
        free = {"_id": name, "done_at": None, "$or": [{"until": {"$lte": now}}, {"holder": holder}]}
        try:
            await cls.get_pymongo_collection().find_one_and_update(
                free, {"$set": {"holder": holder, "until": until, "since": since, "done_at": None}}, upsert=True
            )
        except DuplicateKeyError:
            return False
        return True

    @classmethod
    async def give_back(cls, name: str, *, holder: str, done_at: datetime | None = None) -> None:
        """End our lease; with `done_at`, nobody takes it again."""
        await cls.get_pymongo_collection().update_one(
            {"_id": name, "holder": holder}, {"$set": {"until": LONG_AGO, "done_at": done_at}}
        )


class JobRun(Document):
    """The last run of each job, for `/admin/jobs`."""

    id: str = Field()  # type: ignore[assignment]  # Beanie types the id as optional; a run is its job's name
    last_run_at: AwareDatetime | None = None
    last_result: dict[str, Any] = Field(default_factory=dict)
    last_error: str | None = None
    """The kind of the last run's failure, or None when it went well."""
    last_duration_ms: int | None = None
    last_looked_at: AwareDatetime | None = None
    """When the timetable last looked, work or not."""

    class Settings:
        name = "job_runs"


class PastRun(Record):
    """One run that did something or failed, or that a person asked for; the database forgets it after 90 days."""

    job: str
    by: str
    """`scheduler`, `system` (the command line) or `user:<id>`."""
    started_at: AwareDatetime
    finished_at: AwareDatetime
    counts: dict[str, Any] = Field(default_factory=dict)
    dry_run: bool = False
    error: str | None = None

    class Settings:
        name = "past_job_runs"
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel([("job", ASCENDING), ("started_at", DESCENDING), ("_id", DESCENDING)], name="by_job"),
            IndexModel(
                [("finished_at", ASCENDING)], name="forget", expireAfterSeconds=int(RUNS_ARE_KEPT.total_seconds())
            ),
        ]


class RateCounter(Document):
    """When something was tried in the last window of time; the database forgets it when nothing was for that long."""

    id: str = Field()  # type: ignore[assignment]  # Beanie types the id as optional; a counter is its limit and holder
    tries: list[AwareDatetime] = Field(default_factory=list)
    """Those that were let through, oldest first; never more than the limit allows."""
    refused: int = 0
    """How many were refused since the last one that was let through."""
    expires_at: AwareDatetime

    class Settings:
        name = "rate_counters"
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel([("expires_at", ASCENDING)], name="forget", expireAfterSeconds=0),
        ]

    @classmethod
    async def count_one(cls, name: str, *, most: int, span: timedelta, now: datetime) -> "RateCounter":
        """Let one more through unless `most` were in the last `span`; one atomic write, shared by all replicas.

        The window slides with each try: no burst fits across the edge of two fixed ones.
        """
        change = _slide(most=most, span=span, now=now)
        try:
            return await cls._apply(name, change)
        except DuplicateKeyError:  # the first two of a name met in the insert
            return await cls._apply(name, change)

    @classmethod
    async def _apply(cls, name: str, change: list[dict[str, Any]]) -> "RateCounter":
        raw = await cls.get_pymongo_collection().find_one_and_update(
            {"_id": name}, change, upsert=True, return_document=ReturnDocument.AFTER
        )
        counter: RateCounter = cls.model_validate(raw)
        return counter

    @classmethod
    async def take_back_one(cls, name: str) -> None:
        """Forget the newest try: it turned out to be none that counts."""
        await cls.get_pymongo_collection().update_one({"_id": name}, {"$pop": {"tries": 1}})


def _slide(*, most: int, span: timedelta, now: datetime) -> list[dict[str, Any]]:
    """Drop what left the window, then add this try or count it as refused."""
    kept = {"$filter": {"input": {"$ifNull": ["$tries", []]}, "cond": {"$gt": ["$$this", now - span]}}}
    is_full = {"$gte": [{"$size": "$tries"}, most]}
    return [
        {"$set": {"tries": kept}},
        {
            "$set": {
                "refused": {"$cond": [is_full, {"$add": [{"$ifNull": ["$refused", 0]}, 1]}, 0]},
                "tries": {"$cond": [is_full, "$tries", {"$concatArrays": ["$tries", [now]]}]},
                "expires_at": now + span,
            }
        },
    ]
