"""One action for many campaigns: which, how far it is, and which of them stayed as they are and why."""

from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from beanie import PydanticObjectId
from pydantic import AwareDatetime, Field
from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument

from app.models.base import LONG_AGO, Part, Record
from app.models.enums import BatchState

KEPT = timedelta(days=7)
"""How long a finished or forgotten one is remembered; what it did stands in the audit log."""


class BatchRefusal(Part):
    campaign_id: PydanticObjectId
    why: str


class CampaignBatch(Record):
    """`campaign_ids` in the order in which they are judged; `position` is how many were. It names no patient."""

    user_id: PydanticObjectId
    action: str
    pause_days: int
    holder: PydanticObjectId | None
    campaign_ids: list[PydanticObjectId]
    position: int = 0
    done: int = 0
    refused: list[BatchRefusal] = Field(default_factory=list)
    state: BatchState = BatchState.RUNNING
    created_at: AwareDatetime
    lease_until: AwareDatetime = LONG_AGO
    lease_generation: int = 0

    class Settings:
        name = "campaign_batches"
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel([("user_id", ASCENDING), ("created_at", DESCENDING)], name="by_user"),
            IndexModel([("created_at", ASCENDING)], name="forget", expireAfterSeconds=int(KEPT.total_seconds())),
        ]

    @property
    def is_running(self) -> bool:
        return self.state is BatchState.RUNNING

    @property
    def percent(self) -> int:
        return 100 * self.position // len(self.campaign_ids)

    @classmethod
    async def claim(
        cls, batch_id: PydanticObjectId, user_id: PydanticObjectId, *, now: datetime, lease_until: datetime
    ) -> Self | None:
        """Go on with it alone; None while another page of the same person does, and when it is over."""
        raw = await cls.collection().find_one_and_update(
            {"_id": batch_id, "user_id": user_id, "state": BatchState.RUNNING.value, "lease_until": {"$lte": now}},
            {"$set": {"lease_until": lease_until}, "$inc": {"lease_generation": 1}},
            return_document=ReturnDocument.AFTER,
        )
        return cls.from_raw(raw) if raw else None

    async def mark(self, update: dict[str, Any]) -> bool:
        """Write what became of one under our lease; True while more are to follow.

        False when it was stopped meanwhile (what was done is counted all the same), is over, or was taken over.
        """
        fence = {"_id": self.id, "lease_generation": self.lease_generation}
        raw = (
            await type(self)
            .collection()
            .find_one_and_update(fence, update, {"state": 1}, return_document=ReturnDocument.AFTER)
        )
        return raw is not None and raw["state"] == BatchState.RUNNING.value
