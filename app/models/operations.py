"""What replicas share to run as one: job runs and leases, and rate counters (stack.md 2f and 2k)."""

from datetime import datetime
from typing import Any, ClassVar

from beanie import Document
from pydantic import AwareDatetime, Field
from pymongo import ASCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from app.models.base import LONG_AGO


class JobLease(Document):
    """`_id` names what is led: a job, or a job's run on one clinic-local date."""

    id: str = Field()  # type: ignore[assignment]  # Beanie types the id as optional; a lease is its name
    holder: str = ""
    until: AwareDatetime = LONG_AGO
    done_at: AwareDatetime | None = None

    class Settings:
        name = "job_leases"

    @classmethod
    async def take(cls, name: str, *, holder: str, now: datetime, until: datetime) -> bool:
        """Become or stay the leader of `name` until the lease ends; False while another holder leads or it is done."""
        free = {"_id": name, "done_at": None, "$or": [{"until": {"$lte": now}}, {"holder": holder}]}
        try:
            await cls.get_pymongo_collection().find_one_and_update(
                free, {"$set": {"holder": holder, "until": until, "done_at": None}}, upsert=True
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
    last_run_at: AwareDatetime
    last_result: dict[str, Any] = Field(default_factory=dict)

    class Settings:
        name = "job_runs"


class RateCounter(Document):
    """How often something happened in one window; the database forgets it when the window is over."""

    id: str = Field()  # type: ignore[assignment]  # Beanie types the id as optional; a counter is its window
    used: int = 0
    expires_at: AwareDatetime

    class Settings:
        name = "rate_counters"
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel([("expires_at", ASCENDING)], name="forget", expireAfterSeconds=0),
        ]

    @classmethod
    async def count_one(cls, window: str, *, expires_at: datetime) -> int:
        """Count one more in this window, shared by all replicas, and return how many that makes."""
        raw = await cls.get_pymongo_collection().find_one_and_update(
            {"_id": window},
            {"$inc": {"used": 1}, "$setOnInsert": {"expires_at": expires_at}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        return int(raw["used"]) if raw else 0
