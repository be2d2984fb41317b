"""JSON of the clinic's facts and policies (api.md section 4)."""

from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from app.api.v1.schemas.schedules import DayName, TimeZoneName, Weekly
from app.api.v1.schemas.types import Answer, Body, Day, HeaderValue, Line, Phone, ShortText, WallTime, Zulu

CHANGE: JsonDict = {
    "holidays": ["2026-12-24", "2026-12-25"],
    "outreach": {"spacing_days": [4, 8, 14], "send_from": "10:00"},
    "effective_from": "2026-12-01",
}
PUBLIC: JsonDict = {
    "name": "Willow Street Dental",
    "phone": "+15185550142",
    "address": "214 Willow Street, Albany, NY 12203",
    "time_zone": "America/New_York",
    "opening_hours": {"mon": [["08:00", "12:00"], ["13:00", "17:30"]], "sat": [["09:00", "13:00"]]},
    "holidays": ["2026-12-25"],
    "languages": ["en", "es"],
    "branding": {"accent": "#0b6b75"},
}
OUTREACH: JsonDict = {
    "max_attempts": 3,
    "spacing_days": [3, 7, 14],
    "send_from": "09:00",
    "send_until": "19:00",
    "send_days": ["mon", "tue", "wed", "thu", "fri"],
    "cool_down_days": 180,
    "max_recovery_campaigns": 3,
    "max_per_day": 1,
    "max_per_week": 3,
    "nudge_after_days": 3,
    "daily_run_at": "09:00",
}
PENDING: JsonDict = {
    "effective_from": "2026-12-01",
    "changes": {"outreach": {"send_from": "10:00"}},
    "requested_by": "user:66f0c0ffee0123456789ab01",
    "requested_at": "2026-11-20T15:00:00.000Z",
}
CLINIC: JsonDict = {
    **PUBLIC,
    "region": "US",
    "emergency_phone": "+15185550199",
    "tone": "Warm and brief. We say you, never patient.",
    "outreach": OUTREACH,
    "booking": {
        "min_notice_minutes": 120,
        "max_horizon_days": 180,
        "grid_minutes": 15,
        "reminders": ["7d", "2d", "3h"],
        "waitlist_batch": 3,
        "waitlist_offer_minutes": 30,
    },
    "pending": PENDING,
    "is_rolling_out": False,
}


EMPTY: dict[str, Any] = {"phone": "", "emergency_phone": "", "address": "", "holidays": [], "tone": ""}
"""What an emptied field holds."""


def _not_given() -> Any:
    """The value of a field that was left out; `model_dump(exclude_unset=True)` never shows it."""
    return None


def _distinct(values: list[Any]) -> list[Any]:
    return list(dict.fromkeys(values))


def absent() -> Any:
    """A field that may be left out but, once given, is never null."""
    return Field(default_factory=_not_given)


ClockTime = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Tone = Annotated[HeaderValue, StringConstraints(max_length=200)]
"""How the clinic's messages sound, in its own words; one line."""
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]


ReminderLead = Annotated[str, StringConstraints(pattern=r"^(?:(?:[1-9]|[12]\d|30)d|(?:[1-9]|1\d|2[0-3])h)$")]


class OutreachBody(Body):
    """`spacing_days` are the waits after each attempt, the last one before the campaign is given up.

    With fewer waits than attempts the last one repeats; with more, the last ones are never used.
    """

    max_attempts: Annotated[int, Field(ge=1, le=10)] = absent()
    spacing_days: Annotated[list[Annotated[int, Field(ge=0, le=365)]], Field(min_length=1, max_length=10)] = absent()
    send_from: ClockTime = absent()
    send_until: WallTime = absent()
    send_days: Annotated[list[DayName], Field(min_length=1, max_length=7), AfterValidator(_distinct)] = absent()
    cool_down_days: Annotated[int, Field(ge=0, le=3650)] = absent()
    max_recovery_campaigns: Annotated[int, Field(ge=1, le=20)] = absent()
    max_per_day: Annotated[int, Field(ge=1, le=5)] = absent()
    max_per_week: Annotated[int, Field(ge=1, le=7)] = absent()
    nudge_after_days: Annotated[int, Field(ge=1, le=60)] = absent()
    daily_run_at: ClockTime = absent()


class BookingBody(Body):
    min_notice_minutes: Annotated[int, Field(ge=0, le=30 * 24 * 60)] = absent()
    max_horizon_days: Annotated[int, Field(ge=1, le=365)] = absent()
    grid_minutes: Annotated[int, Field(ge=5, le=120, multiple_of=5)] = absent()
    reminders: Annotated[list[ReminderLead], Field(max_length=5), AfterValidator(_distinct)] = absent()
    """How long before a visit its patient is reminded, in days or hours; empty: never."""
    waitlist_batch: Annotated[int, Field(ge=1, le=20)] = absent()
    waitlist_offer_minutes: Annotated[int, Field(ge=5, le=24 * 60)] = absent()


class BrandingBody(Body):
    """`accent` is the colour of the booking site; any will do, what is written in it and on it stays readable."""

    accent: Annotated[str, StringConstraints(pattern=r"^#[0-9A-Fa-f]{6}$", to_lower=True)] = absent()


class ClinicBody(Body):
    """Only what is given changes. Null empties `phone`, `emergency_phone`, `address`, `holidays` and `tone`.

    With `effective_from`, a later day of the clinic, the change waits for it and replaces an earlier plan;
    `effective_from` null takes the plan back.
    """

    model_config = ConfigDict(json_schema_extra={"example": CHANGE})

    name: Line = absent()
    time_zone: TimeZoneName = absent()
    region: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] = absent()
    phone: Phone | None = None
    address: ShortText | None = None
    emergency_phone: Phone | None = None
    tone: Tone | None = None
    holidays: Annotated[list[Day], Field(max_length=1_000)] | None = None
    opening_hours: Weekly = absent()
    languages: Annotated[list[Language], Field(min_length=1, max_length=20), AfterValidator(_distinct)] = absent()
    outreach: OutreachBody = absent()
    booking: BookingBody = absent()
    branding: BrandingBody = absent()
    effective_from: Day | None = None

    def changes(self) -> dict[str, Any]:
        """What is to change, as JSON has it; an emptied field with its empty value."""
        given = self.model_dump(mode="json", exclude_unset=True, exclude={"effective_from"})
        return {name: EMPTY[name] if value is None else value for name, value in given.items()}

    @property
    def takes_plan_back(self) -> bool:
        return "effective_from" in self.model_fields_set and self.effective_from is None


class OutreachAnswer(Answer):
    max_attempts: int
    spacing_days: list[int]
    send_from: str
    send_until: str
    send_days: list[str]
    cool_down_days: int
    max_recovery_campaigns: int
    max_per_day: int
    max_per_week: int
    nudge_after_days: int
    daily_run_at: str


class BookingAnswer(Answer):
    min_notice_minutes: int
    max_horizon_days: int
    grid_minutes: int
    reminders: list[str]
    waitlist_batch: int
    waitlist_offer_minutes: int


class PendingAnswer(Answer):
    """The change that waits for its day; `changes` are as they were asked for."""

    effective_from: Day
    changes: dict[str, Any]
    requested_by: str
    requested_at: Zulu


class BrandingAnswer(Answer):
    accent: str


class PublicClinicAnswer(Answer):
    """What anybody may know of the clinic."""

    model_config = ConfigDict(json_schema_extra={"example": PUBLIC})

    name: str
    phone: str
    address: str
    time_zone: str
    opening_hours: dict[str, list[tuple[str, str]]]
    holidays: list[Day]
    languages: list[str]
    branding: BrandingAnswer


class ClinicAnswer(PublicClinicAnswer):
    """`is_rolling_out` says that a changed policy has not reached everything that waits yet."""

    model_config = ConfigDict(json_schema_extra={"example": CLINIC})

    region: str
    emergency_phone: str
    tone: str
    outreach: OutreachAnswer
    booking: BookingAnswer
    pending: PendingAnswer | None
    is_rolling_out: bool
