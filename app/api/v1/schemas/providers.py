"""JSON of providers and their schedules (api.md section 4)."""

from datetime import date
from typing import Annotated, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from app.api.v1.schemas.schedules import Periods, Weekly
from app.api.v1.schemas.types import Answer, Body, Day, IdText, Instant, Slug, Zulu
from app.models.enums import Role

USER_ID = "66f0c0ffee0123456789ab01"
WORK: JsonDict = {
    "weekly": {"mon": [["09:00", "12:00"], ["13:00", "17:00"]], "tue": [["13:00", "19:00"]]},
    "overrides": [{"date": "2026-12-24", "periods": [["10:00", "14:00"]]}, {"date": "2026-12-31", "periods": []}],
    "time_off": [{"from": "2027-02-01T05:00:00.000Z", "to": "2027-02-08T05:00:00.000Z"}],
    "services": ["checkup", "teeth_whitening"],
}
CONFLICT: JsonDict = {
    "appointment_id": "66f0c0ffee0123456789ab77",
    "patient_id": "66f0c0ffee0123456789ab55",
    "patient_name": "Ann Ames",
    "appointment_date": "2027-02-02T15:00:00.000Z",
    "ends_at": "2027-02-02T15:30:00.000Z",
    "service_name": "Checkup",
}
SCHEDULE: JsonDict = {"user_id": USER_ID, **WORK}
NEW_SCHEDULE: JsonDict = SCHEDULE | {"conflicts": [CONFLICT], "conflict_count": 1}
MOST_OVERRIDES = 1_000


class OverrideBody(Body):
    """The hours of one date in place of the weekly ones; no period at all closes it."""

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


def _one_for_each_date(overrides: list[OverrideBody]) -> list[OverrideBody]:
    seen: set[date] = set()
    for override in overrides:
        if override.date in seen:
            raise ValueError(f"{override.date.isoformat()} is overridden twice")
        seen.add(override.date)
    return overrides


def _distinct(services: list[str]) -> list[str]:
    return list(dict.fromkeys(services))


class ScheduleBody(Body):
    """The whole schedule: what is left out is emptied."""

    model_config = ConfigDict(json_schema_extra={"example": WORK})

    weekly: Weekly = Field(default_factory=dict)
    overrides: Annotated[list[OverrideBody], Field(max_length=MOST_OVERRIDES), AfterValidator(_one_for_each_date)] = (
        Field(default_factory=list)
    )
    time_off: Annotated[list[TimeOffBody], Field(max_length=1_000)] = Field(default_factory=list)
    services: Annotated[list[Slug], Field(max_length=200), AfterValidator(_distinct)] = Field(default_factory=list)


class OverrideAnswer(Answer):
    date: Day
    periods: list[tuple[str, str]]


class TimeOffAnswer(Answer):
    from_: Zulu = Field(serialization_alias="from", validation_alias="from")
    to: Zulu


class ScheduleAnswer(Answer):
    """Wall times are of the clinic's zone; time off is in instants."""

    model_config = ConfigDict(json_schema_extra={"example": SCHEDULE})

    user_id: IdText
    weekly: dict[str, list[tuple[str, str]]]
    overrides: list[OverrideAnswer]
    time_off: list[TimeOffAnswer]
    services: list[str]


class VisitOutsideHours(Answer):
    """A booked visit that does not lie in working time. It stands until somebody moves or cancels it."""

    appointment_id: IdText
    patient_id: IdText
    patient_name: str
    appointment_date: Zulu
    ends_at: Zulu
    service_name: str


class NewScheduleAnswer(ScheduleAnswer):
    """`conflicts` are the soonest booked visits that now stand outside working time, `conflict_count` all of them."""

    model_config = ConfigDict(json_schema_extra={"example": NEW_SCHEDULE})

    conflicts: list[VisitOutsideHours]
    conflict_count: int


class ProviderRow(Answer):
    user_id: IdText
    name: str
    title: str | None
    role: Role
    services: list[str]
    is_active: bool


class ProviderListAnswer(Answer):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "providers": [
                    {
                        "user_id": USER_ID,
                        "name": "Dr. Paula Pine",
                        "title": "Dentist",
                        "role": "provider",
                        "services": ["checkup", "teeth_whitening"],
                        "is_active": True,
                    }
                ]
            }
        }
    )

    providers: list[ProviderRow]
