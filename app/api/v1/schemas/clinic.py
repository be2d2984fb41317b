"""JSON of the clinic, its services, providers, patients and articles (api.md section 4)."""

from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from app.api.v1.schemas.types import (
    Answer,
    Body,
    Day,
    Email,
    IdText,
    Instant,
    Line,
    LongText,
    Money,
    Phone,
    RecordIdText,
    ShortText,
    Slug,
    WallTime,
    Zulu,
)
from app.domain.schedules import WEEKDAYS
from app.models.enums import ChannelType, PatientType


def _ordered(period: tuple[str, str]) -> tuple[str, str]:
    if period[0] >= period[1]:
        raise ValueError("a period must end after it begins")
    return period


def _known_days(weekly: dict[str, Any]) -> dict[str, Any]:
    if unknown := set(weekly) - set(WEEKDAYS):
        raise ValueError(f"unknown day {', '.join(sorted(unknown))}; use {', '.join(WEEKDAYS)}")
    return weekly


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("is not an IANA time zone") from error
    return name


Period = Annotated[tuple[WallTime, WallTime], AfterValidator(_ordered)]
Periods = Annotated[list[Period], Field(max_length=12)]
Weekly = Annotated[dict[str, Periods], AfterValidator(_known_days)]
DayName = Annotated[str, AfterValidator(lambda day: next(iter(_known_days({day: None}))))]


class ServiceBody(Body):
    name: Line
    duration_minutes: Annotated[int, Field(ge=5, le=480, multiple_of=5)]
    price: Money | None = None
    buffer_after_minutes: Annotated[int, Field(ge=0, le=240, multiple_of=5)] = 0
    is_public: bool = True


class ServiceAnswer(Answer):
    service_id: str
    name: str
    duration_minutes: int
    price: float | None
    buffer_after_minutes: int
    is_public: bool


class OverrideBody(Body):
    date: Day
    periods: Periods


class TimeOffBody(Body):
    from_: Instant = Field(alias="from")
    to: Instant

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.from_ >= self.to:
            raise ValueError("time off must end after it begins")
        return self


class ScheduleBody(Body):
    weekly: Weekly = Field(default_factory=dict)
    overrides: Annotated[list[OverrideBody], Field(max_length=1_000)] = Field(default_factory=list)
    time_off: Annotated[list[TimeOffBody], Field(max_length=1_000)] = Field(default_factory=list)
    services: Annotated[list[Slug], Field(max_length=200)] = Field(default_factory=list)


class TimeOffAnswer(Answer):
    from_: Zulu = Field(serialization_alias="from", validation_alias="from")
    to: Zulu


class ScheduleAnswer(Answer):
    user_id: IdText
    weekly: dict[str, list[tuple[str, str]]]
    overrides: list[OverrideBody]
    time_off: list[TimeOffAnswer]
    services: list[str]


class OutreachBody(Body):
    max_attempts: Annotated[int, Field(ge=1, le=10)] | None = None
    spacing_days: Annotated[list[Annotated[int, Field(ge=0, le=365)]], Field(min_length=1, max_length=10)] | None = None
    send_from: WallTime | None = None
    send_until: WallTime | None = None
    send_days: Annotated[list[DayName], Field(min_length=1, max_length=7)] | None = None
    cool_down_days: Annotated[int, Field(ge=0, le=3650)] | None = None
    max_recovery_campaigns: Annotated[int, Field(ge=1, le=20)] | None = None
    max_per_day: Annotated[int, Field(ge=1, le=5)] | None = None
    max_per_week: Annotated[int, Field(ge=1, le=7)] | None = None
    nudge_after_days: Annotated[int, Field(ge=1, le=60)] | None = None
    daily_run_at: WallTime | None = None


class BookingBody(Body):
    min_notice_minutes: Annotated[int, Field(ge=0, le=30 * 24 * 60)] | None = None
    max_horizon_days: Annotated[int, Field(ge=1, le=365)] | None = None
    grid_minutes: Annotated[int, Field(ge=5, le=120, multiple_of=5)] | None = None


class ClinicBody(Body):
    name: Line | None = None
    time_zone: Annotated[str, StringConstraints(max_length=64), AfterValidator(_known_zone)] | None = None
    region: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = None
    phone: Phone | None = None
    address: ShortText | None = None
    emergency_phone: Phone | None = None
    holidays: Annotated[list[Day], Field(max_length=1_000)] | None = None
    opening_hours: Weekly | None = None
    outreach: OutreachBody | None = None
    booking: BookingBody | None = None


class ClinicAnswer(Answer):
    name: str
    time_zone: str
    region: str
    phone: str
    address: str
    emergency_phone: str
    holidays: list[Day]
    opening_hours: dict[str, list[tuple[str, str]]]
    outreach: dict[str, Any]
    booking: dict[str, Any]


class TreatmentBody(Body):
    procedure_name: Line
    procedure_date: Day
    next_recommended_follow_up: Line | None = None
    next_follow_up_date: Day | None = None


class PatientBody(Body):
    name: Line
    email: Email | None = None
    phone: Phone | None = None
    patient_type: PatientType
    preferred_channel: ChannelType | list[ChannelType] = Field(default_factory=lambda: [ChannelType.EMAIL])
    next_follow_up_date: Day | None = None
    treatment_history: Annotated[list[TreatmentBody], Field(max_length=500)] = Field(default_factory=list)
    date_of_birth: Day | None = None
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")] = "en"
    guardian_id: RecordIdText | None = None
    notes: ShortText = ""


class PatientAnswer(Answer):
    patient_id: IdText
    name: str
    email: str | None
    phone: str | None
    patient_type: PatientType
    preferred_channel: list[ChannelType]
    next_follow_up_date: Day | None
    treatment_history: list[dict[str, Any]]
    date_of_birth: Day | None
    language: str
    guardian_id: IdText | None = None
    notes: str
    opt_outs: list[dict[str, Any]]
    created_at: Zulu
    updated_at: Zulu
    timeline: list[dict[str, Any]] = Field(default_factory=list)


class ArticleBody(Body):
    title: Line
    body: LongText
    tags: Annotated[list[Line], Field(max_length=30)] = Field(default_factory=list)
    is_published: bool = True


class ArticleAnswer(Answer):
    article_id: IdText


class QuestionBody(Body):
    question: Annotated[str, StringConstraints(min_length=1, max_length=1_000)]


class TryAnswer(Answer):
    answer: str | None
    article_id: IdText | None
    confidence: float
