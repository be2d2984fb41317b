"""What a provider said about one message after it was asked to carry it (trust.md 2.4)."""

from datetime import datetime
from typing import Any, ClassVar

from beanie import PydanticObjectId
from pydantic import AwareDatetime
from pymongo import ASCENDING, IndexModel, ReturnDocument

from app.models.base import Record


class DeliveryReport(Record):
    """`_id` is the id of the outbox row."""

    asked_at: AwareDatetime | None = None
    """When the provider was last asked to send it."""
    external_id: str | None = None
    """The provider's id, also when its answer to us was lost."""
    status: str | None = None
    rank: int = -1
    """How far the status is on a message's way; a report that comes late changes nothing."""
    error_code: int | None = None
    reported_at: AwareDatetime | None = None
    is_settled: bool = True
    """False while what the report means is not written into the message yet."""

    class Settings:
        name = "delivery_reports"
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel([("is_settled", ASCENDING)], name="unsettled", partialFilterExpression={"is_settled": False}),
        ]

    @classmethod
    async def mark_asked(cls, identifier: PydanticObjectId, *, at: datetime) -> None:
        """The provider is about to be asked; earlier tries never left."""
        await cls.collection().update_one(
            {"_id": identifier}, {"$set": {"asked_at": at}, "$setOnInsert": _blank()}, upsert=True
        )

    @classmethod
    async def advance(
        cls, identifier: PydanticObjectId, *, external_id: str, status: str, rank: int, code: int | None, at: datetime
    ) -> "DeliveryReport | None":
        """Keep a report that is further on than the last one; None for one that comes late or a second time."""
        await cls.collection().update_one({"_id": identifier}, {"$setOnInsert": _blank()}, upsert=True)
        told = {
            "external_id": external_id,
            "status": status,
            "rank": rank,
            "error_code": code,
            "reported_at": at,
            "is_settled": False,
        }
        raw = await cls.collection().find_one_and_update(
            {"_id": identifier, "rank": {"$lt": rank}}, {"$set": told}, return_document=ReturnDocument.AFTER
        )
        return cls.from_raw(raw) if raw else None

    async def settle(self) -> bool:
        """Take what this report means upon us; False when it was written before, or a newer one came meanwhile."""
        query = {"_id": self.id, "rank": self.rank, "is_settled": False}
        done = await type(self).collection().update_one(query, {"$set": {"is_settled": True}})
        return done.modified_count == 1


def _blank() -> dict[str, Any]:
    return {"rank": -1, "is_settled": True}
