"""Appointments: one insert, and the unique index that makes double booking impossible (trust.md 2.1 D)."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from beanie import PydanticObjectId
from pydantic import AwareDatetime, Field
from pymongo import ASCENDING, DESCENDING, IndexModel

from app.models.base import Part, Record
from app.models.enums import AppointmentSource, AppointmentStatus, ConfirmationStatus

CELL = timedelta(minutes=5)
CLINIC_CHAIR = "clinic"
"""Stands for the provider when none is configured (D-04)."""
LONGEST_BUFFER = timedelta(hours=4)
"""The most that a service may ask for before or after a visit."""


def provider_cells(provider_id: object, start: datetime, end: datetime) -> list[str]:
    """One key for each 5-minute cell in which the provider is held, buffers included.

    Starts round down and ends round up to the cell, so that no minute is ever in two visits.
    """
    return _cells(f"P:{provider_id or CLINIC_CHAIR}", start, end)


def slot_keys(
    *,
    provider_id: object,
    patient_id: object,
    start: datetime,
    until: datetime,
    free_at: datetime,
    busy_from: datetime | None = None,
) -> list[str]:
    """The cells of the provider (`busy_from`, else `start`, to `free_at`) and of the patient (`start` to `until`)."""
    return provider_cells(provider_id, busy_from or start, free_at) + _cells(f"U:{patient_id}", start, until)


def _cells(holder: str, start: datetime, end: datetime) -> list[str]:
    seconds = int(CELL.total_seconds())
    first, beyond = int(start.timestamp()) // seconds, -(-int(end.timestamp()) // seconds)
    return [f"{holder}:{cell}" for cell in range(first, beyond)]


Taken = dict[PydanticObjectId | None, list[tuple[int, int]]]
"""By provider: from and until, in milliseconds since 1970."""


class CountedVisit(Part):
    """What the counters hold for a visit: nothing (None) once it is cancelled."""

    made_at: AwareDatetime | None = None


class Appointment(Record):
    patient_id: PydanticObjectId
    patient_name: str
    campaign_id: PydanticObjectId | None = None
    appointment_date: AwareDatetime
    duration_minutes: int
    ends_at: AwareDatetime
    busy_until: AwareDatetime
    """`ends_at` plus the service's buffer after: when the provider is free again."""
    busy_from: AwareDatetime = Field(default_factory=lambda fields: fields["appointment_date"])
    """`appointment_date` less the service's buffer before: from when the provider is taken. Visits of before buffers
    before existed were stored without it."""
    status: AppointmentStatus
    service_name: str
    service_id: str | None = None
    provider_id: PydanticObjectId | None = None
    notes: str = ""
    created_from: AppointmentSource
    created_at: AwareDatetime
    updated_at: AwareDatetime
    confirmation_status: ConfirmationStatus = ConfirmationStatus.UNCONFIRMED
    needs_review: str | None = None
    """Why staff should look at this booking, e.g. a second future visit for the same service (domain.md section 7)."""
    ics_uid: str
    ics_sequence: int = 0
    slot_keys: list[str] | None = None
    uncounted: bool = True
    """It was made or cancelled since the counters were moved (decision 0011)."""
    counted_as: CountedVisit | None = None

    class Settings:
        name = "appointments"
        keep_nulls = False  # a cancelled visit has no `slot_keys` at all: null would collide in the unique index
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel(
                [("slot_keys", ASCENDING)],
                name="no_double_booking",
                unique=True,
                partialFilterExpression={"slot_keys": {"$exists": True}},
            ),
            IndexModel(
                [
                    ("appointment_date", ASCENDING),
                    ("status", ASCENDING),
                    ("provider_id", ASCENDING),
                    ("busy_until", ASCENDING),
                    ("busy_from", ASCENDING),
                ],
                name="by_date",
            ),
            IndexModel([("patient_id", ASCENDING), ("appointment_date", DESCENDING)], name="by_patient"),
            IndexModel([("campaign_id", ASCENDING)], name="by_campaign", sparse=True),
            IndexModel([("created_at", DESCENDING)], name="by_creation"),
            IndexModel(
                [
                    ("uncounted", ASCENDING),
                    ("counted_as.made_at", ASCENDING),
                    ("status", ASCENDING),
                    ("created_at", ASCENDING),
                ],
                name="uncounted",
                partialFilterExpression={"uncounted": True},
            ),
        ]

    @classmethod
    async def future_of(
        cls, patient_id: PydanticObjectId, now: datetime, *, service_id: str | None = None
    ) -> "Appointment | None":
        """The patient's next booked visit (for this service, when one is named), or None."""
        query: dict[str, Any] = {
            "patient_id": patient_id,
            "status": AppointmentStatus.BOOKED,
            "appointment_date": {"$gt": now},
        }
        if service_id:
            query["service_id"] = service_id
        return await cls.find(query).sort("appointment_date").first_or_none()

    @classmethod
    async def past_of(cls, patient_id: PydanticObjectId, now: datetime, *, limit: int) -> list["Appointment"]:
        """The patient's visits up to now, whatever became of them, the newest first."""
        query = {"patient_id": patient_id, "appointment_date": {"$lte": now}}
        return await cls.find(query).sort("-appointment_date").limit(limit).to_list()

    @classmethod
    async def is_any_taken(cls, keys: list[str]) -> bool:
        """True when a stored visit holds one of these cells; False promises nothing: the insert decides."""
        return await cls.collection().find_one({"slot_keys": {"$in": keys}}, {"_id": 1}) is not None

    @classmethod
    async def busy_between(cls, start: datetime, end: datetime) -> Taken:
        """What is taken in a window, buffers included, by provider (None: the clinic itself), from the index alone.

        A visit that began up to a day before `start` may still run into it, and one that begins after `end` may want
        its buffer before. A visit stored without `busy_from` has no such buffer. Numbers instead of dates: a month's
        5,000 dates take three times as long to read as to find.
        """
        found = await cls.collection().aggregate(
            [
                {
                    "$match": {
                        "appointment_date": {"$gte": start - timedelta(days=1), "$lt": end + LONGEST_BUFFER},
                        "status": {"$in": [AppointmentStatus.BOOKED.value, AppointmentStatus.COMPLETED.value]},
                    }
                },
                {
                    "$group": {
                        "_id": "$provider_id",
                        "starts": {"$push": {"$toLong": {"$ifNull": ["$busy_from", "$appointment_date"]}}},
                        "ends": {"$push": {"$toLong": "$busy_until"}},
                    }
                },
            ],
            hint="by_date",
        )
        return {row["_id"]: list(zip(row["starts"], row["ends"], strict=True)) async for row in found}
