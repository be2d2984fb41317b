"""JSON of the waiting list: wishes, offers, and how a patient answers one (domain.md section 7)."""

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from app.api.v1.schemas.pages import Pagination
from app.api.v1.schemas.schedules import DayName
from app.api.v1.schemas.types import Answer, Body, Day, IdText, RecordIdText, Slug, WallOrInstant, Zulu
from app.models.enums import DayPart, OfferState, WishState

WISH: dict[str, Any] = {
    "wish_id": "6720c1f0a3b4c5d6e7f80a01",
    "service_id": "checkup",
    "service_name": "Check-up",
    "appointment_id": "6720c1f0a3b4c5d6e7f80915",
    "provider_id": None,
    "earliest": "2026-11-24",
    "latest": "2026-12-04",
    "weekdays": ["tue", "thu"],
    "day_part": "morning",
    "state": "WAITING",
    "state_reason": None,
    "created_at": "2026-11-21T09:30:00.000Z",
    "updated_at": "2026-11-21T09:30:00.000Z",
    "expires_at": "2026-12-05T05:00:00.000Z",
}
OFFER: dict[str, Any] = {
    "offer_id": "6720c1f0a3b4c5d6e7f80b01",
    "wish_id": WISH["wish_id"],
    "patient_id": "6720c1f0a3b4c5d6e7f80902",
    "provider_id": "6720c1f0a3b4c5d6e7f80931",
    "service_id": "checkup",
    "appointment_date": "2026-11-24T15:00:00.000Z",
    "ends_at": "2026-11-24T15:30:00.000Z",
    "batch": 1,
    "state": "OFFERED",
    "state_reason": None,
    "created_at": "2026-11-23T15:00:00.000Z",
    "expires_at": "2026-11-23T15:30:00.000Z",
    "answered_at": None,
    "visit_id": None,
}
SPAN: dict[str, Any] = {
    "earliest": "2026-11-24",
    "latest": "2026-12-04",
    "weekdays": ["tue", "thu"],
    "day_part": "morning",
}

Weekdays = Annotated[list[DayName], Field(max_length=7)]


class _Span(Body):
    """When somebody could come. Clinic-local days, both inclusive; no weekdays means any day."""

    provider_id: RecordIdText | None = None
    earliest: Day | None = None
    latest: Day | None = None
    weekdays: Weekdays = Field(default_factory=list)
    day_part: DayPart = DayPart.ANY


class WishBody(_Span):
    """`service_id` is needed with a booking link; a visit's link means that visit's service."""

    model_config = ConfigDict(json_schema_extra={"example": {"service_id": "checkup", **SPAN}})

    service_id: Slug | None = None


class StaffWishBody(_Span):
    """What somebody asked for by phone. `appointment_id` is the later visit that is to move."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"patient_id": OFFER["patient_id"], "service_id": "checkup", **SPAN}}
    )

    patient_id: RecordIdText
    service_id: Slug
    appointment_id: RecordIdText | None = None


class WishAnswer(Answer):
    model_config = ConfigDict(json_schema_extra={"example": WISH})

    wish_id: IdText
    service_id: str
    service_name: str
    appointment_id: IdText | None
    provider_id: IdText | None
    earliest: Day | None
    latest: Day | None
    weekdays: list[str]
    day_part: DayPart
    state: WishState
    state_reason: str | None
    created_at: Zulu
    updated_at: Zulu
    expires_at: Zulu


class ServiceToWaitFor(Answer):
    service_id: str
    name: str


class MyWaitlistAnswer(Answer):
    """What a link shows of the list. `free_now` are starts that need no waiting."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "services": [{"service_id": "checkup", "name": "Check-up"}],
                "service_id": "checkup",
                "visit_at": "2026-12-07T14:00:00.000Z",
                "can_ask": True,
                "wish": WISH,
                "free_now": [],
            }
        }
    )

    services: list[ServiceToWaitFor]
    service_id: str | None
    visit_at: Zulu | None
    """When the visit begins that is to become earlier."""
    can_ask: bool
    wish: WishAnswer | None
    free_now: list[Zulu]


class WaitlistRow(WishAnswer):
    """One wish as the desk sees it. `is_reachable` is false when nobody may be written to: somebody must call."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": WISH
            | {
                "patient_id": OFFER["patient_id"],
                "patient_name": "Ann Ames",
                "is_reachable": True,
                "asked_by": f"patient:{OFFER['patient_id']}",
            }
        }
    )

    patient_id: IdText
    patient_name: str
    is_reachable: bool
    asked_by: str


class WaitlistAnswer(Answer):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "wishes": [],
                "pagination": {"total_items": 0, "total_pages": 0, "current_page": 1, "next_cursor": None},
            }
        }
    )

    wishes: list[WaitlistRow]
    pagination: Pagination


class OfferRow(Answer):
    model_config = ConfigDict(json_schema_extra={"example": OFFER})

    offer_id: IdText
    wish_id: IdText
    patient_id: IdText
    provider_id: IdText | None
    service_id: str
    appointment_date: Zulu
    ends_at: Zulu
    batch: int
    state: OfferState
    state_reason: str | None
    created_at: Zulu
    expires_at: Zulu
    answered_at: Zulu | None
    visit_id: IdText | None


class OfferList(Answer):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "offers": [OFFER],
                "pagination": {"total_items": 1, "total_pages": 1, "current_page": 1, "next_cursor": None},
            }
        }
    )

    offers: list[OfferRow]
    pagination: Pagination


class OfferBody(Body):
    """`leave` is a no that also takes the patient off the list. After an offer is over, `take` names a free time."""

    model_config = ConfigDict(json_schema_extra={"example": {"answer": "accept"}})

    answer: Literal["accept", "decline", "leave", "take"]
    appointment_date: WallOrInstant | None = None

    @model_validator(mode="after")
    def _names_a_time_when_it_takes_one(self) -> Self:
        if (self.answer == "take") != (self.appointment_date is not None):
            raise ValueError("take needs appointment_date, the other answers take none")
        return self


class FreeTime(Answer):
    appointment_date: Zulu
    date: Day
    time: str


class OfferAnswer(Answer):
    """One offer as its link shows it. `moves_visit_at` is when the visit begins that a yes would move."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "state": "OFFERED",
                "can_answer": True,
                "appointment_date": OFFER["appointment_date"],
                "ends_at": OFFER["ends_at"],
                "service_name": "Check-up",
                "provider_name": "Dr. Ada Lee",
                "expires_at": OFFER["expires_at"],
                "moves_visit_at": "2026-12-07T14:00:00.000Z",
                "appointment_id": None,
                "alternatives": [],
            }
        }
    )

    state: OfferState
    can_answer: bool
    appointment_date: Zulu
    ends_at: Zulu
    service_name: str
    provider_name: str | None
    expires_at: Zulu
    moves_visit_at: Zulu | None
    appointment_id: IdText | None
    """The visit, once the offer was accepted."""
    alternatives: list[FreeTime]
