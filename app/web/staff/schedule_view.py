"""The calendar as it is drawn: columns of five-minute rows, and what stands in them (one class for each place)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.domain.schedules import Interval
from app.models.base import Raw
from app.models.enums import AppointmentStatus, ConfirmationStatus
from app.services.schedule_views import KEEPS_TIME, DayView, ProviderDay, ScheduleView

ROW_MINUTES = 5
HOUR_ROWS = 60 // ROW_MINUTES
QUARTER = 15
EARLIEST_SHOWN, LATEST_SHOWN = 8, 18
"""Clinic-local hours that are always shown; a visit or working time outside them widens the view."""
SAID = {
    ConfirmationStatus.CONFIRMED: ("Confirmed", "is-good"),
    ConfirmationStatus.RUNNING_LATE: ("Running late", "is-warning"),
    ConfirmationStatus.CANNOT_COME: ("Cannot come", "is-bad"),
    ConfirmationStatus.UNCONFIRMED: ("Not confirmed", ""),
}
ENDS = {
    AppointmentStatus.BOOKED: "Booked",
    AppointmentStatus.COMPLETED: "Completed",
    AppointmentStatus.CANCELLED: "Cancelled",
    AppointmentStatus.NO_SHOW: "Did not come",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Something in a column, from row `at` (0 is the first shown) for `rows` rows."""

    at: int
    rows: int
    start: datetime
    end: datetime
    visit: Raw | None = None

    @property
    def begins_at(self) -> datetime:
        """The first quarter of an hour in it: what a click on a gap proposes."""
        late = timedelta(
            minutes=self.start.minute % QUARTER, seconds=self.start.second, microseconds=self.start.microsecond
        )
        return self.start - late + timedelta(minutes=QUARTER) if late else self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One provider on one day. `key` is the provider's id, empty for the clinic's own chair."""

    title: str
    on: date
    key: str
    working: list[Block]
    away: list[Block]
    holds: list[Block]
    gaps: list[Block]
    visits: list[Block]
    withdrawn: list[Raw]
    """Cancelled and missed visits: they keep no time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    columns: list[Column]
    first_hour: int
    hours: list[int]
    rows: int
    is_holiday: bool


def calendar(view: ScheduleView, *, by_day: bool) -> Calendar:
    """The whole grid; `by_day` heads each column with the day instead of the provider."""
    first, last = _hours(view)
    ruler = _Ruler(view.zone, first, last)
    pairs = ((day, provider) for day in view.days for provider in day.providers)
    return Calendar(
        columns=[_column(ruler, day, provider, by_day=by_day) for day, provider in pairs],
        first_hour=first,
        hours=list(range(first, last)),
        rows=(last - first) * HOUR_ROWS,
        is_holiday=any(day.is_holiday for day in view.days),
    )


def _hours(view: ScheduleView) -> tuple[int, int]:
    """The shown hours: always those of a usual day, and every hour in which somebody works or comes."""
    first, last = EARLIEST_SHOWN, LATEST_SHOWN
    for day in view.days:
        for start, end in _spans(day):
            local, until = start.astimezone(view.zone), end.astimezone(view.zone)
            first = min(first, local.hour)
            last = max(last, 24 if until.date() > day.on else until.hour + bool(until.minute))
    return first, last


def _spans(day: DayView) -> Iterable[tuple[datetime, datetime]]:
    for provider in day.providers:
        yield from ((each.start, each.end) for each in provider.working)
        yield from ((row["appointment_date"], row["ends_at"]) for row in provider.visits if _keeps_time(row))


def _keeps_time(visit: Raw) -> bool:
    return visit["status"] in KEEPS_TIME


@dataclass(frozen=True, slots=True)
class _Ruler:
    zone: ZoneInfo
    first_hour: int
    last_hour: int

    def block(self, start: datetime, end: datetime, day: date, visit: Raw | None = None) -> Block:
        at, until = self._row(start, day), self._row(end, day)
        return Block(at=at, rows=max(1, until - at), start=start, end=end, visit=visit)

    def _row(self, moment: datetime, day: date) -> int:
        """By the wall clock, so that a day on which the clocks change keeps its shape."""
        local = moment.astimezone(self.zone)
        if local.date() != day:
            return 0 if local.date() < day else (self.last_hour - self.first_hour) * HOUR_ROWS
        row = (local.hour - self.first_hour) * HOUR_ROWS + local.minute // ROW_MINUTES
        return min(max(row, 0), (self.last_hour - self.first_hour) * HOUR_ROWS)


def _column(ruler: _Ruler, day: DayView, provider: ProviderDay, *, by_day: bool) -> Column:
    return Column(
        title=f"{day.on:%a} {day.on.day} {day.on:%b}" if by_day else provider.name,
        on=day.on,
        key=str(provider.provider_id or ""),
        working=_blocks(ruler, day, provider.working),
        away=_blocks(ruler, day, provider.time_off),
        holds=[ruler.block(row["start"], row["ends_at"], day.on) for row in provider.holds],
        gaps=_blocks(ruler, day, (each.gap.span for each in provider.gaps)),
        visits=[
            ruler.block(row["appointment_date"], row["ends_at"], day.on, row)
            for row in provider.visits
            if _keeps_time(row)
        ],
        withdrawn=[row for row in provider.visits if not _keeps_time(row)],
    )


def _blocks(ruler: _Ruler, day: DayView, intervals: Iterable[Interval]) -> list[Block]:
    return [ruler.block(each.start, each.end, day.on) for each in intervals]


def described(visit: Any) -> dict[str, Any]:
    """What a visit's card says beside its facts: the state in words and its colour."""
    said, colour = SAID[ConfirmationStatus(visit.confirmation_status)]
    status = AppointmentStatus(visit.status)
    if status is AppointmentStatus.BOOKED:
        return {"state": said, "colour": colour, "is_booked": True}
    return {"state": ENDS[status], "colour": "", "is_booked": False}


def near_by(alternatives: list[dict[str, Any]]) -> str:
    """Free times in a sentence, for a refusal."""
    if not alternatives:
        return "Nothing is free within two weeks of it."
    return "Free nearby: " + ", ".join(f"{each['date']} {each['time']}" for each in alternatives) + "."
