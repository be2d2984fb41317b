"""JSON of the front desk's day and week (issue 4, item 8): each span in UTC and on the clinic's wall clock."""

import datetime
from typing import Any, Self
from zoneinfo import ZoneInfo

from pydantic import ConfigDict
from pydantic.config import JsonDict

from app.api.v1.schemas.types import Answer, IdText, Zulu
from app.domain.schedules import Interval, wall_label
from app.models.base import Raw
from app.models.enums import AppointmentStatus
from app.services.schedule_views import DayView, OpenGap, ProviderDay, ScheduleView

MIDNIGHT, DAY_END = "00:00", "24:00"


def _span(start: str, end: str, start_time: str, end_time: str, **fields: Any) -> JsonDict:
    times: JsonDict = {
        "start": f"2026-11-24T{start}:00.000Z",
        "end": f"2026-11-24T{end}:00.000Z",
        "start_time": start_time,
        "end_time": end_time,
    }
    return times | fields


VISIT: JsonDict = _span(
    "15:00",
    "15:30",
    "10:00",
    "10:30",
    busy_from="2026-11-24T14:55:00.000Z",
    busy_until="2026-11-24T15:40:00.000Z",
    appointment_id="6720c1f0a3b4c5d6e7f80915",
    patient_id="6720c1f0a3b4c5d6e7f80902",
    patient_name="Ann Ames",
    service_id="checkup",
    service_name="Checkup",
    status="booked",
    confirmation_status="confirmed",
    needs_review=None,
)
HOLD: JsonDict = _span(
    "17:00",
    "17:30",
    "12:00",
    "12:30",
    busy_from="2026-11-24T16:55:00.000Z",
    busy_until="2026-11-24T17:40:00.000Z",
    service_id="checkup",
    held_until="2026-11-21T09:35:00.000Z",
)
GAPS: list[Any] = [
    _span("14:00", "14:55", "09:00", "09:55", minutes=55, services=["checkup"]),
    _span("15:40", "16:55", "10:40", "11:55", minutes=75, services=["checkup", "teeth_whitening"]),
]
PROVIDER: JsonDict = {
    "provider_id": "6720c1f0a3b4c5d6e7f80931",
    "name": "Dr. Paula Pine",
    "is_active": True,
    "working": [_span("14:00", "17:30", "09:00", "12:30")],
    "time_off": [_span("17:30", "22:00", "12:30", "17:00")],
    "visits": [VISIT],
    "holds": [HOLD],
    "gaps": GAPS,
}
DAY: JsonDict = {
    "date": "2026-11-24",
    "start": "2026-11-24T05:00:00.000Z",
    "end": "2026-11-25T05:00:00.000Z",
    "length_minutes": 1440,
    "is_holiday": False,
    "providers": [PROVIDER],
}


class Span(Answer):
    """`start` up to but not including `end`; the `_time`s are what the clinic's clock reads then."""

    start: Zulu
    end: Zulu
    start_time: str
    end_time: str

    @classmethod
    def of(cls, span: Interval, zone: ZoneInfo, *, day_ends: datetime.datetime, **fields: Any) -> Self:
        """24:00 stands for the end of the day."""
        end_time = DAY_END if span.end == day_ends else wall_label(span.end, zone)
        times = {"start": span.start, "end": span.end, "start_time": wall_label(span.start, zone), "end_time": end_time}
        return cls.model_validate(times | fields)


class VisitSpan(Span):
    """A visit that begins on this day, whatever became of it; one that was cancelled or missed takes no time.

    `busy_from` and `busy_until` add the service's buffers.
    """

    busy_from: Zulu
    busy_until: Zulu
    appointment_id: IdText
    patient_id: IdText
    patient_name: str
    service_id: str | None
    service_name: str
    status: AppointmentStatus
    confirmation_status: str
    needs_review: str | None


class HoldSpan(Span):
    """A time for which somebody has the booking form open; who it is nobody knows."""

    busy_from: Zulu
    busy_until: Zulu
    service_id: str
    held_until: Zulu


class GapSpan(Span):
    """Working time still ahead that nothing takes, and the services that fit into it with their buffers."""

    minutes: int
    services: list[str]


class ProviderDayAnswer(Answer):
    """One provider's day; `provider_id` is null for the clinic itself, which takes visits while nobody else does.

    `working` is without `time_off`; it is empty on a closed day, and for somebody who does not work here any more.
    """

    provider_id: IdText | None
    name: str
    is_active: bool
    working: list[Span]
    time_off: list[Span]
    visits: list[VisitSpan]
    holds: list[HoldSpan]
    gaps: list[GapSpan]


class DayAnswer(Answer):
    """A clinic-local day; the clock changes make it 1380 or 1500 minutes long."""

    date: datetime.date
    start: Zulu
    end: Zulu
    length_minutes: int
    is_holiday: bool
    providers: list[ProviderDayAnswer]


class ScheduleViewAnswer(Answer):
    model_config = ConfigDict(json_schema_extra={"example": {"time_zone": "America/New_York", "days": [DAY]}})

    time_zone: str
    days: list[DayAnswer]

    @classmethod
    def of(cls, view: ScheduleView) -> Self:
        return cls(time_zone=view.zone.key, days=[_day(day, view.zone) for day in view.days])


def _day(day: DayView, zone: ZoneInfo) -> DayAnswer:
    return DayAnswer(
        date=day.on,
        start=day.span.start,
        end=day.span.end,
        length_minutes=int((day.span.end - day.span.start).total_seconds()) // 60,
        is_holiday=day.is_holiday,
        providers=[_provider(one, zone, day.span.end) for one in day.providers],
    )


def _provider(one: ProviderDay, zone: ZoneInfo, ends: datetime.datetime) -> ProviderDayAnswer:
    return ProviderDayAnswer(
        provider_id=str(one.provider_id) if one.provider_id else None,
        name=one.name,
        is_active=one.is_active,
        working=[Span.of(span, zone, day_ends=ends) for span in one.working],
        time_off=[Span.of(span, zone, day_ends=ends) for span in one.time_off],
        visits=[_visit(visit, zone, ends) for visit in one.visits],
        holds=[_hold(hold, zone, ends) for hold in one.holds],
        gaps=[_gap(gap, zone, ends) for gap in one.gaps],
    )


def _visit(visit: Raw, zone: ZoneInfo, ends: datetime.datetime) -> VisitSpan:
    absent = {"service_id": None, "needs_review": None, "busy_from": visit["appointment_date"]}
    fields = absent | visit | {"appointment_id": visit["_id"]}
    return VisitSpan.of(Interval(visit["appointment_date"], visit["ends_at"]), zone, day_ends=ends, **fields)


def _hold(hold: Raw, zone: ZoneInfo, ends: datetime.datetime) -> HoldSpan:
    kept = {name: hold[name] for name in ("busy_from", "busy_until", "service_id")}
    span = Interval(hold["start"], hold["ends_at"])
    return HoldSpan.of(span, zone, day_ends=ends, held_until=hold["expires_at"], **kept)


def _gap(free: OpenGap, zone: ZoneInfo, ends: datetime.datetime) -> GapSpan:
    return GapSpan.of(free.gap.span, zone, day_ends=ends, minutes=free.gap.minutes, services=free.services)
