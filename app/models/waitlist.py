"""The waiting list: who wants an earlier visit, which times became free, and to whom they were offered."""

from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from beanie import PydanticObjectId
from pydantic import AwareDatetime, Field
from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument

from app.models.base import LONG_AGO, Raw, Record
from app.models.enums import DayPart, FreedBy, FreedSlotState, OfferState, WishState

FREED_SLOTS_ARE_KEPT = timedelta(days=90)


class WaitlistWish(Record):
    """One patient's wish for one service; at most one of them waits (the partial unique index)."""

    patient_id: PydanticObjectId
    service_id: str
    service_name: str
    appointment_id: PydanticObjectId | None = None
    """The later visit that is to move; without it, whatever visit for this service is booked when a time is free."""
    provider_id: PydanticObjectId | None = None
    earliest: date | None = None
    latest: date | None = None
    weekdays: list[str] = Field(default_factory=list)
    """Names as in `app.domain.schedules.WEEKDAYS`; none means any day."""
    day_part: DayPart = DayPart.ANY
    state: WishState = WishState.WAITING
    state_reason: str | None = None
    asked_by: str
    """`patient:<id>` or `user:<id>`."""
    booked_visit_id: PydanticObjectId | None = None
    created_at: AwareDatetime
    """The place in line; a wish that is changed keeps it."""
    updated_at: AwareDatetime
    expires_at: AwareDatetime

    class Settings:
        name = "waitlist_wishes"
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel(
                [("patient_id", ASCENDING), ("service_id", ASCENDING)],
                name="one_waiting_wish_per_patient_and_service",
                unique=True,
                partialFilterExpression={"state": WishState.WAITING.value},
            ),
            IndexModel([("patient_id", ASCENDING), ("created_at", ASCENDING)], name="by_patient"),
            IndexModel([("state", ASCENDING), ("created_at", ASCENDING), ("_id", ASCENDING)], name="in_line"),
            IndexModel([("state", ASCENDING), ("expires_at", ASCENDING)], name="by_end"),
            IndexModel([("appointment_id", ASCENDING)], name="by_visit", sparse=True),
        ]

    @classmethod
    async def waiting_of(cls, patient_id: PydanticObjectId, service_id: str) -> "WaitlistWish | None":
        return await cls.find_one({"patient_id": patient_id, "service_id": service_id, "state": WishState.WAITING})

    @classmethod
    async def change(cls, wish_id: PydanticObjectId, changes: Raw, *, patient_id: object = None) -> bool:
        """Write into a wish that still waits (and still is this patient's); False when it does not."""
        fence: Raw = {"_id": wish_id, "state": WishState.WAITING}
        if patient_id:
            fence["patient_id"] = patient_id
        return (await cls.collection().update_one(fence, {"$set": changes})).matched_count == 1


class FreedSlot(Record):
    """A provider's time that became free, written in the transaction that freed it; the job works it off."""

    provider_id: PydanticObjectId | None = None
    start: AwareDatetime
    end: AwareDatetime
    """When the provider was to be free again: buffers are part of it."""
    cause: FreedBy
    visit_id: PydanticObjectId | None = None
    """The visit that left it."""
    state: FreedSlotState = FreedSlotState.OPEN
    batch: int = 0
    """How many batches of offers went out."""
    freed_at: AwareDatetime
    next_at: AwareDatetime
    """When the job looks at it again."""
    closed_at: AwareDatetime | None = None
    lease_until: AwareDatetime = LONG_AGO
    lease_generation: int = 0

    class Settings:
        name = "freed_slots"
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel([("state", ASCENDING), ("next_at", ASCENDING), ("start", ASCENDING)], name="by_state"),
            IndexModel([("provider_id", ASCENDING), ("start", ASCENDING)], name="by_provider"),
            IndexModel(
                [("closed_at", ASCENDING)],
                name="forget",
                expireAfterSeconds=int(FREED_SLOTS_ARE_KEPT.total_seconds()),
            ),
        ]

    @classmethod
    async def claim(cls, *, now: datetime, lease_until: datetime) -> "FreedSlot | None":
        """Take the soonest freed time that is due to be looked at, or None (trust.md 2.3)."""
        raw = await cls.collection().find_one_and_update(
            {"state": FreedSlotState.OPEN, "next_at": {"$lte": now}, "lease_until": {"$lte": now}},
            {"$set": {"lease_until": lease_until}, "$inc": {"lease_generation": 1}},
            sort=[("next_at", ASCENDING), ("start", ASCENDING), ("_id", ASCENDING)],
            return_document=ReturnDocument.AFTER,
        )
        return cls.from_raw(raw) if raw else None

    async def write(self, changes: dict[str, Any]) -> bool:
        """Write under our lease; False when another worker took over or it is closed."""
        fence = {"_id": self.id, "lease_generation": self.lease_generation, "state": FreedSlotState.OPEN}
        return (await type(self).collection().update_one(fence, {"$set": changes})).matched_count == 1


class WaitlistOffer(Record):
    """One freed time offered to one wish; `_id` is derived from the freed slot, the batch and the wish."""

    freed_slot_id: PydanticObjectId
    batch: int
    wish_id: PydanticObjectId
    patient_id: PydanticObjectId
    provider_id: PydanticObjectId | None = None
    service_id: str
    start: AwareDatetime
    ends_at: AwareDatetime
    busy_from: AwareDatetime
    busy_until: AwareDatetime
    message_id: PydanticObjectId
    """The outbox row that carries it."""
    state: OfferState = OfferState.OFFERED
    state_reason: str | None = None
    created_at: AwareDatetime
    expires_at: AwareDatetime
    answered_at: AwareDatetime | None = None
    visit_id: PydanticObjectId | None = None
    """What accepting it moved or booked."""

    class Settings:
        name = "waitlist_offers"
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel(
                [("wish_id", ASCENDING)],
                name="one_open_offer_per_wish",
                unique=True,
                partialFilterExpression={"state": OfferState.OFFERED.value},
            ),
            IndexModel([("freed_slot_id", ASCENDING), ("batch", ASCENDING)], name="by_freed_slot"),
            IndexModel([("state", ASCENDING), ("provider_id", ASCENDING), ("start", ASCENDING)], name="by_time"),
            IndexModel([("patient_id", ASCENDING), ("created_at", DESCENDING)], name="by_patient"),
            IndexModel([("message_id", ASCENDING)], name="by_message"),
            IndexModel([("created_at", DESCENDING), ("_id", DESCENDING)], name="newest"),
        ]

    @classmethod
    async def open_of_slot(cls, slot_id: PydanticObjectId) -> list["WaitlistOffer"]:
        return await cls.find({"freed_slot_id": slot_id, "state": OfferState.OFFERED}).sort("created_at").to_list()

    @classmethod
    async def end(cls, offer_id: PydanticObjectId, changes: Raw) -> bool:
        """Give an open offer its end; False when it has one already."""
        done = await cls.collection().update_one({"_id": offer_id, "state": OfferState.OFFERED}, {"$set": changes})
        return done.modified_count == 1
