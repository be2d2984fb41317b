"""JSON of availability, booking and appointments (api.md sections 2 and 4)."""

from typing import Annotated, Self

from pydantic import Field, model_validator

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
from app.models.enums import AppointmentSource, AppointmentStatus, ChannelType


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
    appointment_date: WallOrInstant
    service_name: Line
    token: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_-]+$")] | None = None
    provider_id: RecordIdText | None = None
    notes: ShortText = ""


class BookAnswer(Answer):
    message: str = "Appointment booked successfully."
    appointment_id: IdText


class StaffBookBody(_Contact):
    appointment_date: WallOrInstant
    duration_minutes: Annotated[int, Field(ge=5, le=480, multiple_of=5)]
    preferred_channel: ChannelType | list[ChannelType] = Field(default_factory=lambda: [ChannelType.EMAIL])
    service_name: Line
    notes: ShortText = ""
    provider_id: RecordIdText | None = None


class RescheduleBody(Body):
    appointment_date: WallOrInstant
    provider_id: RecordIdText | None = None


class CompleteBody(Body):
    next_follow_up_date: Day | None = None


class AppointmentAnswer(Answer):
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
    confirmation_status: str
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
    appointments: list[AppointmentAnswer]
