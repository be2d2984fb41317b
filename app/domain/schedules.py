"""When a clinic works: wall-clock periods of its zone turned into UTC intervals (domain.md section 7).

An instant is worked when the clinic's wall clock, read at that instant, lies inside a period. That one rule settles
both clock changes: the hour that happens twice is worked twice, the hour that is skipped is not worked at all.
"""

import re
from bisect import bisect_left
from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

WallPeriod = tuple[str, str]

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ONE_DAY = timedelta(days=1)
ONE_MINUTE = timedelta(minutes=1)
MINUTES_IN_A_DAY = 24 * 60
GRID_DAYS_KEPT = 400
_WALL_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")


@dataclass(frozen=True, slots=True)
class Interval:
    """The instants from `start` up to but not including `end`, both aware UTC; empty unless `end` comes after."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Schedule:
    """One provider's working time, or the clinic's opening hours where no provider is configured (D-04).

    `weekly` goes by the names in `WEEKDAYS`; a missing day is closed. An override replaces its date's weekly periods;
    an empty one closes the date.
    """

    weekly: Mapping[str, tuple[WallPeriod, ...]]
    overrides: Mapping[date, tuple[WallPeriod, ...]]
    time_off: tuple[Interval, ...]


@dataclass(frozen=True, slots=True)
class BookingRules:
    """The clinic's booking policy; the defaults are those of domain.md section 7."""

    zone: ZoneInfo
    grid_minutes: int = 15
    min_notice: timedelta = timedelta(hours=2)
    max_horizon: timedelta = timedelta(days=180)
    holidays: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A part of a clinic-local day in which the zone keeps one offset from UTC.

    `midnight` is the instant at which that offset's clock reads 00:00, inside `span` or not; the day is what lies in
    `span` and within 24 hours of it, which may be nothing.
    """

    midnight: datetime
    span: Interval

    def worked(self, period: WallPeriod) -> Interval:
        opens, closes = period_minutes(period)
        return Interval(
            max(self.span.start, self.midnight + timedelta(minutes=opens)),
            min(self.span.end, self.midnight + timedelta(minutes=closes)),
        )


def period_minutes(period: WallPeriod) -> tuple[int, int]:
    """Start and end of a wall period in minutes since midnight.

    Raises ValueError unless both read `HH:MM` (`24:00` may end a period) and the end comes after the start.
    """
    opens, closes = (_wall_minutes(wall) for wall in period)
    if opens >= closes:
        raise ValueError(f"a working period must end after it starts: {period!r}")
    return opens, closes


def working_intervals(schedule: Schedule, rules: BookingRules, day: date) -> list[Interval]:
    """The time worked on a clinic-local day: its periods, merged and sorted, without time off.

    A holiday closes the clinic, unless the schedule has an override for exactly that date: whoever entered hours for
    that one day meant them. Time that runs on past the clinic's midnight belongs to the next day.
    """
    periods = _periods_on(schedule, rules, day)
    if not periods:
        return []
    stretches = _stretches(day, rules.zone)
    return _without(merge(stretch.worked(period) for stretch in stretches for period in periods), schedule.time_off)


@lru_cache(maxsize=GRID_DAYS_KEPT)
def grid_starts(zone: ZoneInfo, grid_minutes: int, day: date) -> tuple[datetime, ...]:
    """Every instant of a clinic-local day at which its wall clock reads a multiple of the grid, sorted, in UTC.

    The grid counts wall minutes since midnight, so it survives half-hour zones and half-hour clock changes. Kept,
    because every provider of a clinic shares it.
    """
    steps = [timedelta(minutes=minutes) for minutes in range(0, MINUTES_IN_A_DAY, grid_minutes)]
    starts: list[datetime] = []
    for stretch in _stretches(day, zone):
        ticks = [stretch.midnight + step for step in steps]
        starts += ticks[bisect_left(ticks, stretch.span.start) : bisect_left(ticks, stretch.span.end)]
    return tuple(starts)


def merge(intervals: Iterable[Interval]) -> list[Interval]:
    """The same instants as sorted intervals that neither overlap nor touch; empty ones vanish."""
    merged: list[Interval] = []
    for interval in sorted((each for each in intervals if each.start < each.end), key=_start):
        if not merged or merged[-1].end < interval.start:
            merged.append(interval)
        elif merged[-1].end < interval.end:
            merged[-1] = Interval(merged[-1].start, interval.end)
    return merged


def days_of_month(year: int, month: int) -> list[date]:
    """The days of a calendar month, in order. Raises ValueError for a year or month that no calendar has."""
    first = date(year, month, 1)
    return [first.replace(day=number) for number in range(1, monthrange(year, month)[1] + 1)]


def wall_label(start: datetime, zone: ZoneInfo) -> str:
    """The clinic's wall clock at an instant, as `HH:MM`. Two instants share a label when the clock is put back."""
    local = start.astimezone(zone)
    return f"{local.hour:02d}:{local.minute:02d}"


def reads_wall_time(naive: datetime, zone: ZoneInfo) -> datetime | None:
    """The UTC instant at which the clinic's wall clock reads `naive` (D-24).

    None when it never does: the clock skips that time, or it lies beyond the calendar. The first of two when the
    clock is put back. Raises ValueError when `naive` carries an offset.
    """
    if naive.tzinfo is not None:
        raise ValueError("a wall time carries no offset")
    wall = naive.replace(fold=0)
    try:
        instant = wall.replace(tzinfo=zone).astimezone(UTC)
        return instant if instant.astimezone(zone).replace(tzinfo=None) == wall else None
    except OverflowError:
        return None


def _wall_minutes(wall: str) -> int:
    if not _WALL_TIME.fullmatch(wall):
        raise ValueError(f"not a wall time HH:MM: {wall!r}")
    return int(wall[:2]) * 60 + int(wall[3:])


def _periods_on(schedule: Schedule, rules: BookingRules, day: date) -> Sequence[WallPeriod]:
    if day in schedule.overrides:
        return schedule.overrides[day]
    return () if day in rules.holidays else schedule.weekly.get(WEEKDAYS[day.weekday()], ())


def _stretches(day: date, zone: ZoneInfo) -> list[_Stretch]:
    """The one stretch of an ordinary day, or the two around a clock change (no zone changes twice in a day)."""
    opening = datetime.combine(day, time(), zone)
    closing = datetime.combine(day + ONE_DAY, time(fold=1), zone)
    before, after = opening.astimezone(UTC), closing.astimezone(UTC) - ONE_DAY
    if before == after:
        return [_Stretch(before, Interval(before, before + ONE_DAY))]
    change = _clock_change(before, after, closing)
    return [
        _Stretch(before, Interval(before, change)),
        _Stretch(after, Interval(change, after + ONE_DAY)),
    ]


def _clock_change(before: datetime, after: datetime, closing: datetime) -> datetime:
    """The first minute at which the zone keeps the offset of `closing`, sought over the day as both offsets see it."""
    earliest, latest = min(before, after), max(before, after) + ONE_DAY
    minutes = range((latest - earliest) // ONE_MINUTE)

    def has_changed(minute: int) -> bool:
        return (earliest + minute * ONE_MINUTE).astimezone(closing.tzinfo).utcoffset() == closing.utcoffset()

    return earliest + bisect_left(minutes, x=True, key=has_changed) * ONE_MINUTE


def _without(intervals: list[Interval], time_off: Iterable[Interval]) -> list[Interval]:
    for off in time_off:
        if off.start < off.end:
            intervals = [piece for each in intervals for piece in _around(off, each)]
    return intervals


def _around(off: Interval, worked: Interval) -> list[Interval]:
    if off.end <= worked.start or worked.end <= off.start:
        return [worked]
    pieces = (Interval(worked.start, off.start), Interval(off.end, worked.end))
    return [piece for piece in pieces if piece.start < piece.end]


def _start(interval: Interval) -> datetime:
    return interval.start
