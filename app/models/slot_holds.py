"""A time kept for a visitor while their form is open: nobody's name, five minutes, gone by itself (ADR 0013)."""

from datetime import datetime
from typing import Any, ClassVar, Self

from beanie import Document, PydanticObjectId
from pydantic import AwareDatetime, Field
from pymongo import ASCENDING, IndexModel

from app.models.base import Raw


class SlotHold(Document):
    """`_id` is a hash of the visitor's token, so that a visitor has one hold at most.

    `expires_at` is always compared with our own clock: the database removes what is over, but up to minutes late.
    """

    id: str = Field()  # type: ignore[assignment]  # Beanie types the id as optional; a hold is its visitor's
    cells: list[str]
    """The provider's cells of the visit that the form asks for, as in `Appointment.slot_keys`."""
    seat: str | None = None
    """One of the few that a caller's address has: what bounds how many times one address can keep from others."""
    provider_id: PydanticObjectId | None = None
    service_id: str
    start: AwareDatetime
    ends_at: AwareDatetime
    busy_from: AwareDatetime
    busy_until: AwareDatetime
    held_at: AwareDatetime
    expires_at: AwareDatetime

    class Settings:
        name = "slot_holds"
        keep_nulls = False
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel([("cells", ASCENDING)], name="one_holder_per_cell", unique=True),
            IndexModel(
                [("seat", ASCENDING)],
                name="one_hold_per_seat",
                unique=True,
                partialFilterExpression={"seat": {"$exists": True}},
            ),
            IndexModel([("expires_at", ASCENDING)], name="forget", expireAfterSeconds=0),
        ]

    @classmethod
    async def live_between(cls, start: datetime, end: datetime, *, now: datetime) -> list[Raw]:
        """The holds that touch a window and are not over: all their fields, soonest first."""
        touching: dict[str, Any] = {
            "expires_at": {"$gt": now},
            "busy_from": {"$lt": end},
            "busy_until": {"$gt": start},
        }
        return await cls.get_pymongo_collection().find(touching).sort("start").to_list()

    @classmethod
    async def live(cls, identifier: str, *, now: datetime) -> Self | None:
        """This visitor's hold, unless it is over."""
        raw = await cls.get_pymongo_collection().find_one({"_id": identifier, "expires_at": {"$gt": now}})
        return cls.model_validate(raw) if raw else None

    @classmethod
    async def sweep(cls, query: dict[str, Any], *, now: datetime) -> bool:
        """Remove what is over among these; True when something was."""
        done = await cls.get_pymongo_collection().delete_many(query | {"expires_at": {"$lte": now}})
        return done.deleted_count > 0
