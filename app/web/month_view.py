"""The calendar of /book: a month as weeks of days, a day as times; only how it looks, never what is free."""

from calendar import MONDAY, SUNDAY, Calendar
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.domain.availability import BookingRules, days_of_month, wall_label

SUNDAY_FIRST = frozenset("BR CA CO IL IN JP KR MX PE PH TH TW US VE ZA".split())
"""Regions whose calendars begin with Sunday (Unicode CLDR, `weekData`); the others begin with Monday."""

PARTS_OF_DAY = (("Morning", 12), ("Afternoon", 17), ("Evening", 24))
"""The name of a part of the day and the hour before which it ends."""


@dataclass(frozen=True, slots=True)
class Month:
    """The month on show by its first day, and the neighbours that may be opened."""

    first: date
    previous: date | None
    following: date | None

    @property
    def days(self) -> list[date]:
        return days_of_month(self.first.year, self.first.month)


@dataclass(frozen=True, slots=True)
class Day:
    """One cell of the calendar; `free` counts its times."""

    on: date
    in_month: bool
    free: int


@dataclass(frozen=True, slots=True)
class Time:
    """One offered start, aware UTC, and what the clinic's clock reads then."""

    start: datetime
    label: str
    hour: int


def month_to_show(wished: date | None, day: date | None, rules: BookingRules, *, now: datetime) -> Month:
    """The wished month, else the chosen day's, else the present one; never outside what can be booked."""
    earliest = _first_of(now.astimezone(rules.zone).date())
    latest = _first_of((now + rules.max_horizon).astimezone(rules.zone).date())
    first = min(max(_first_of(wished or day or earliest), earliest), latest)
    following = _first_of(first + timedelta(days=31))
    return Month(
        first=first,
        previous=_first_of(first - timedelta(days=1)) if first > earliest else None,
        following=following if following <= latest else None,
    )


def _first_of(day: date) -> date:
    return day.replace(day=1)


def weeks_of(month: Month, free: Mapping[date, Sequence[datetime]], region: str) -> list[list[Day]]:
    """The month's weeks in the region's order of days, filled up with the neighbours' days."""
    pages = Calendar(SUNDAY if region in SUNDAY_FIRST else MONDAY).monthdatescalendar(
        month.first.year, month.first.month
    )
    return [[Day(day, day.month == month.first.month, len(free.get(day, ()))) for day in week] for week in pages]


def clock_labels(starts: Sequence[datetime], zone: ZoneInfo) -> list[Time]:
    """The times of one day; the hour that a clock change repeats names its offset too."""
    repeats = Counter(wall_label(start, zone) for start in starts)
    return [_time(start, zone, is_repeated=repeats[wall_label(start, zone)] > 1) for start in starts]


def _time(start: datetime, zone: ZoneInfo, *, is_repeated: bool) -> Time:
    local = start.astimezone(zone)
    label = f"{local:%H:%M} {local.tzname()}" if is_repeated else f"{local:%H:%M}"
    return Time(start.astimezone(UTC), label, local.hour)


def parts_of_day(times: Sequence[Time]) -> list[tuple[str, list[Time]]]:
    """The times under Morning, Afternoon and Evening; a part without any is left out."""
    parts: list[tuple[str, list[Time]]] = []
    begins = 0
    for name, ends in PARTS_OF_DAY:
        inside = [time for time in times if begins <= time.hour < ends]
        if inside:
            parts.append((name, inside))
        begins = ends
    return parts


def month_values(
    month: Month, day: date | None, free: Mapping[date, Sequence[datetime]], rules: BookingRules, *, region: str
) -> dict[str, Any]:
    """What the template `booking/month.html` shows, apart from the addresses that its choices lead to."""
    chosen = day if day in month.days else None
    times = clock_labels(free.get(chosen, []) if chosen else [], rules.zone)
    return {
        "month": month,
        "weeks": weeks_of(month, free, region),
        "has_free_days": bool(free),
        "chosen": chosen,
        "parts": parts_of_day(times),
    }
