"""JSON of a patient's own visit behind its link (api.md section 2)."""

from typing import Literal, Self

from pydantic import ConfigDict, model_validator

from app.api.v1.schemas.types import Answer, Body, IdText, WallOrInstant, Zulu
from app.models.enums import AppointmentStatus


class ManageBody(Body):
    """`reschedule` names the new time; `cancel` names none."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"action": "reschedule", "appointment_date": "2026-11-25T09:30:00-05:00"}}
    )

    action: Literal["reschedule", "cancel"]
    appointment_date: WallOrInstant | None = None

    @model_validator(mode="after")
    def _names_a_time_when_it_moves(self) -> Self:
        if (self.action == "reschedule") != (self.appointment_date is not None):
            raise ValueError("reschedule needs appointment_date, cancel takes none")
        return self


class ManagedVisitAnswer(Answer):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "appointment_id": "6560f0c2a1b2c3d4e5f60718",
                "appointment_date": "2026-11-25T14:30:00.000Z",
                "ends_at": "2026-11-25T15:00:00.000Z",
                "duration_minutes": 30,
                "service_name": "Check-up",
                "status": "booked",
                "can_move": True,
                "can_cancel": True,
            }
        }
    )

    appointment_id: IdText
    appointment_date: Zulu
    ends_at: Zulu
    duration_minutes: int
    service_name: str
    status: AppointmentStatus
    can_move: bool
    can_cancel: bool
