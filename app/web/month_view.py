"""The calendar of /book: a month as weeks of days, a day as times; only how it looks, never what is free."""

from calendar import MONDAY, Calendar
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError

from app.domain.availability import BookingRules, days_of_month, wall_label
from app.web.wording import later

PARTS_OF_DAY = ((later("Morning"), 12), (later("Afternoon"), 17), (later("Evening"), 24))
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
    """One offered start, aware UTC, and its hour on the clinic's clock."""

    start: datetime
    hour: int
    zone_name: str
    """`EDT` or `EST` in the hour that a clock change repeats, else empty."""


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
    pages = Calendar(first_weekday(region)).monthdatescalendar(month.first.year, month.first.month)
    return [[Day(day, day.month == month.first.month, len(free.get(day, ()))) for day in week] for week in pages]


def first_weekday(region: str) -> int:
    """With which day a region's calendars begin, 0 for Monday (Unicode CLDR, `weekData`)."""
    try:
        return Locale.parse(f"und_{region}").first_week_day
    except UnknownLocaleError:
        return MONDAY


def times_of_day(starts: Sequence[datetime], zone: ZoneInfo) -> list[Time]:
    """The times of one day; those of the hour that a clock change repeats say which of the two they are."""
    repeats = Counter(wall_label(start, zone) for start in starts)
    return [_time(start, zone, is_repeated=repeats[wall_label(start, zone)] > 1) for start in starts]


def _time(start: datetime, zone: ZoneInfo, *, is_repeated: bool) -> Time:
    local = start.astimezone(zone)
    return Time(start.astimezone(UTC), local.hour, (local.tzname() or "") if is_repeated else "")


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
    times = times_of_day(free.get(chosen, []) if chosen else [], rules.zone)
    return {
        "month": month,
        "weeks": weeks_of(month, free, region),
        "has_free_days": bool(free),
        "chosen": chosen,
        "parts": parts_of_day(times),
    }
