"""JSON of availability, booking and appointments (api.md sections 2 and 4)."""

from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator

from app.api.v1.schemas.types import (
    Answer,
    Body,
    Day,
    Email,
    IdText,
    Line,
    Phone,
    RecordIdText,
    ShortText,
    WallOrInstant,
    Zulu,
)
from app.models.appointments import Appointment
from app.models.enums import AppointmentSource, AppointmentStatus, ChannelType, ConfirmationStatus

VISIT: dict[str, Any] = {
    "appointment_id": "6720c1f0a3b4c5d6e7f80915",
    "patient_id": "6720c1f0a3b4c5d6e7f80902",
    "patient_name": "Ann Ames",
    "campaign_id": None,
    "appointment_date": "2026-11-24T15:00:00.000Z",
    "ends_at": "2026-11-24T15:30:00.000Z",
    "duration_minutes": 30,
    "status": "booked",
    "service_name": "Checkup",
    "service_id": "checkup",
    "provider_id": "6720c1f0a3b4c5d6e7f80931",
    "notes": "",
    "created_from": "MANUAL_ADMIN",
    "confirmation_status": "unconfirmed",
    "needs_review": None,
    "created_at": "2026-11-21T09:30:00.000Z",
    "updated_at": "2026-11-21T09:30:00.000Z",
}


HoldToken = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{22,64}$")]
"""What `POST /appointments/hold` answered: it belongs to one visitor."""


class _Contact(Body):
    """E-mail or phone may be absent, not both."""

    name: Line
    email: Email | None = None
    phone: Phone | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if not self.email and not self.phone:
            raise ValueError("give an e-mail or a phone number")
        return self


class BookBody(_Contact):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "Ann Ames",
                "email": "ann@example.com",
                "phone": "+1 202 555 0177",
                "appointment_date": "2026-11-24T10:00",
                "service_name": "checkup",
            }
        }
    )

    appointment_date: WallOrInstant
    service_name: Line
    token: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_-]+$")] | None = None
    provider_id: RecordIdText | None = None
    notes: ShortText = ""
    hold: HoldToken | None = None


class HoldBody(Body):
    model_config = ConfigDict(
        json_schema_extra={"example": {"service_name": "checkup", "appointment_date": "2026-11-24T10:00"}}
    )

    service_name: Line
    appointment_date: WallOrInstant
    provider_id: RecordIdText | None = None
    hold: HoldToken | None = None
    """The visitor's hold so far: it moves here."""


class HoldAnswer(Answer):
    model_config = ConfigDict(
        json_schema_extra={"example": {"hold": "nY3pZ8Qe2sRk5tVw7xAa1g", "held_until": "2026-11-21T09:35:00.000Z"}}
    )

    hold: str
    held_until: Zulu


class BookAnswer(Answer):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {"message": "Appointment booked successfully.", "appointment_id": VISIT["appointment_id"]}
        }
    )

    message: str = "Appointment booked successfully."
    appointment_id: IdText


class StaffBookBody(_Contact):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "Ann Ames",
                "email": "ann@example.com",
                "appointment_date": "2026-11-24T10:00",
                "duration_minutes": 30,
                "preferred_channel": "email",
                "service_name": "checkup",
                "notes": "Prefers Dr. Lee.",
            }
        }
    )

    appointment_date: WallOrInstant
    duration_minutes: Annotated[int, Field(ge=5, le=480, multiple_of=5)]
    preferred_channel: ChannelType | list[ChannelType] = Field(default_factory=lambda: [ChannelType.EMAIL])
    service_name: Line
    notes: ShortText = ""
    provider_id: RecordIdText | None = None


class RescheduleBody(Body):
    model_config = ConfigDict(json_schema_extra={"example": {"appointment_date": "2026-11-25T14:30:00-05:00"}})

    appointment_date: WallOrInstant
    provider_id: RecordIdText | None = None


class ConfirmBody(Body):
    """What the patient says of the visit; `unconfirmed` takes it back."""

    model_config = ConfigDict(json_schema_extra={"example": {"status": "confirmed"}})

    status: ConfirmationStatus


class CompleteBody(Body):
    model_config = ConfigDict(json_schema_extra={"example": {"next_follow_up_date": "2027-05-24"}})

    next_follow_up_date: Day | None = None


class AppointmentAnswer(Answer):
    model_config = ConfigDict(json_schema_extra={"example": VISIT})

    appointment_id: IdText
    patient_id: IdText
    patient_name: str
    campaign_id: IdText | None = None
    appointment_date: Zulu
    ends_at: Zulu
    duration_minutes: int
    status: AppointmentStatus
    service_name: str
    service_id: str | None
    provider_id: IdText | None = None
    notes: str
    created_from: AppointmentSource
    confirmation_status: ConfirmationStatus
    needs_review: str | None
    created_at: Zulu
    updated_at: Zulu

    @classmethod
    def of(cls, visit: Appointment) -> "AppointmentAnswer":
        ids = {
            field: str(value)
            for field in ("patient_id", "campaign_id", "provider_id")
            if (value := getattr(visit, field))
        }
        fields = visit.model_dump(exclude={"patient_id", "campaign_id", "provider_id"})
        return cls.model_validate(fields | {"appointment_id": str(visit.id)} | ids)


class AppointmentList(Answer):
    model_config = ConfigDict(json_schema_extra={"example": {"appointments": [VISIT]}})

    appointments: list[AppointmentAnswer]
