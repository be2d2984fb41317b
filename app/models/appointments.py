"""Appointments: one insert, and the unique index that makes double booking impossible (trust.md 2.1 D)."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from beanie import PydanticObjectId
from pydantic import AwareDatetime
from pymongo import ASCENDING, DESCENDING, IndexModel

from app.models.base import Part, Record
from app.models.enums import AppointmentSource, AppointmentStatus

CELL = timedelta(minutes=5)
CLINIC_CHAIR = "clinic"
"""Stands for the provider when none is configured (D-04)."""


def slot_keys(
    *, provider_id: object, patient_id: object, start: datetime, until: datetime, free_at: datetime
) -> list[str]:
    """One key for each 5-minute cell that the provider (until `free_at`, buffer included) and the patient are held.

    Starts round down and ends round up to the cell, so that no minute is ever in two visits.
    """
    first, seconds = int(start.timestamp()), int(CELL.total_seconds())

    def cells(holder: str, end: datetime) -> list[str]:
        return [f"{holder}:{cell}" for cell in range(first // seconds, -(-int(end.timestamp()) // seconds))]

    return cells(f"P:{provider_id or CLINIC_CHAIR}", free_at) + cells(f"U:{patient_id}", until)


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
    """`ends_at` plus the service's buffer: when the provider is free again."""
    status: AppointmentStatus
    service_name: str
    service_id: str | None = None
    provider_id: PydanticObjectId | None = None
    notes: str = ""
    created_from: AppointmentSource
    created_at: AwareDatetime
    updated_at: AwareDatetime
    confirmation_status: str = "unconfirmed"
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
                ],
                name="by_date",
            ),
            IndexModel([("patient_id", ASCENDING), ("appointment_date", DESCENDING)], name="by_patient"),
            IndexModel([("campaign_id", ASCENDING)], name="by_campaign", sparse=True),
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
    async def busy_between(cls, start: datetime, end: datetime) -> list[dict[str, Any]]:
        """What is taken in a window, read from the index alone: provider_id, appointment_date, busy_until.

        A visit that began up to a day before `start` may still run into it.
        """
        return (
            await cls.collection()
            .find(
                {
                    "appointment_date": {"$gte": start - timedelta(days=1), "$lt": end},
                    "status": {"$in": [AppointmentStatus.BOOKED.value, AppointmentStatus.COMPLETED.value]},
                },
                {"_id": 0, "provider_id": 1, "appointment_date": 1, "busy_until": 1},
                hint="by_date",
            )
            .to_list()
        )
