"""Availability the slow and obvious way: walk every UTC minute, look at the clinic's wall clock, ask each rule.

Shares no code with app.domain.availability: labels are compared as text, and no interval is ever computed. Below it
are the cases on which both must agree.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from app.domain.availability import BookingRules, Interval, Schedule, Visit, WallPeriod
from app.domain.schedules import WEEKDAYS

ONE_MINUTE = timedelta(minutes=1)
FARTHEST_EAST = timedelta(hours=15)
MINUTES_TO_FARTHEST_WEST = 54 * 60


@cache
def minutes_of_day(day: date, zone: ZoneInfo) -> dict[datetime, str]:
    """Every UTC minute at which the wall clock shows this date, with the `HH:MM` that it shows."""
    first = datetime(day.year, day.month, day.day) - FARTHEST_EAST
    shown: dict[datetime, str] = {}
    for number in range(MINUTES_TO_FARTHEST_WEST):
        minute = first + number * ONE_MINUTE
        local = zone.fromutc(minute.replace(tzinfo=zone))
        if local.date() == day:
            shown[minute.replace(tzinfo=UTC)] = local.isoformat()[11:16]
    return shown


def worked_minutes(schedule: Schedule, rules: BookingRules, day: date) -> set[datetime]:
    weekly = schedule.weekly.get(day.strftime("%a").lower(), ())
    periods = schedule.overrides.get(day, () if day in rules.holidays else weekly)
    return {
        minute
        for minute, label in minutes_of_day(day, rules.zone).items()
        if any(opens <= label < closes for opens, closes in periods)
        and not any(share_time(minute, minute + ONE_MINUTE, off) for off in schedule.time_off)
    }


def share_time(start: datetime, end: datetime, other: Interval) -> bool:
    return other.start < other.end and start < other.end and other.start < end


def slots_of_day(
    schedule: Schedule, rules: BookingRules, *, visit: Visit, busy: Sequence[Interval], day: date, now: datetime
) -> list[datetime]:
    worked = worked_minutes(schedule, rules, day)
    return [
        start
        for start, label in minutes_of_day(day, rules.zone).items()
        if (int(label[:2]) * 60 + int(label[3:])) % rules.grid_minutes == 0
        and rules.min_notice <= start - now <= rules.max_horizon
        and all(start + number * ONE_MINUTE in worked for number in range(visit.duration // ONE_MINUTE))
        and not any(
            share_time(start - visit.buffer_before, start + visit.duration + visit.buffer_after, each) for each in busy
        )
    ]


# Cairo and Havana change at midnight; St. John's (until 2011) and Toronto did across it; Apia once skipped a day.
CLOCK_CHANGES: dict[str, tuple[date, ...]] = {
    "America/New_York": (date(2026, 3, 8), date(2026, 11, 1)),
    "Europe/Paris": (date(2026, 3, 29), date(2026, 10, 25)),
    "Asia/Kolkata": (date(2026, 3, 29),),
    "Asia/Kathmandu": (date(2026, 10, 25),),
    "Australia/Lord_Howe": (date(2026, 4, 5), date(2026, 10, 4)),
    "Pacific/Auckland": (date(2026, 4, 5), date(2026, 9, 27)),
    "America/St_Johns": (date(2026, 3, 8), date(2026, 11, 1), date(2010, 3, 14), date(2010, 11, 6), date(2010, 11, 7)),
    "Africa/Cairo": (date(2024, 4, 26), date(2024, 10, 31)),
    "America/Havana": (date(2026, 3, 8), date(2026, 11, 1)),
    "America/Toronto": (date(1919, 3, 30), date(1919, 3, 31)),
    "Pacific/Apia": (date(2011, 12, 30),),
}
PLACES = [(ZoneInfo(name), day) for name, days in CLOCK_CHANGES.items() for day in days]
MIDNIGHT_TO_MIDNIGHT = st.integers(0, 24 * 12).map(lambda fives: fives * 5) | st.integers(0, 24 * 60)


@st.composite
def wall_periods(draw: st.DrawFn) -> tuple[WallPeriod, ...]:
    edges = draw(st.lists(st.tuples(MIDNIGHT_TO_MIDNIGHT, MIDNIGHT_TO_MIDNIGHT), min_size=1, max_size=4))
    labelled = [tuple(f"{edge // 60:02d}:{edge % 60:02d}" for edge in sorted(pair)) for pair in edges]
    return tuple((opens, closes) for opens, closes in labelled if opens != closes)


@st.composite
def intervals_near(draw: st.DrawFn, day: date, *, most: int) -> list[Interval]:
    """Unsorted, overlapping, sometimes empty, mostly on five minutes but not always on the minute."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    offset = st.integers(-15 * 12, 39 * 12).map(lambda fives: timedelta(minutes=5 * fives))
    length = st.integers(0, 36).map(lambda fives: timedelta(minutes=5 * fives))
    shift = st.just(timedelta()) | st.integers(-90, 90).map(lambda seconds: timedelta(seconds=seconds))
    drawn = draw(st.lists(st.tuples(offset, length, shift), max_size=most))
    starts_and_lengths = [(midnight + begin + extra, lasts) for begin, lasts, extra in drawn]
    return [Interval(start, start + lasts) for start, lasts in starts_and_lengths]


@st.composite
def days_to_book(draw: st.DrawFn) -> tuple[Schedule, BookingRules, date]:
    zone, change = draw(st.sampled_from(PLACES))
    day = change + timedelta(days=draw(st.sampled_from([0, 0, 0, -1, 1])))
    periods = st.just((("00:00", "24:00"),)) | wall_periods()
    schedule = Schedule(
        weekly=dict.fromkeys(WEEKDAYS, draw(periods)),
        overrides=draw(st.just({}) | st.just({}) | st.dictionaries(st.just(day), periods, max_size=1)),
        time_off=tuple(draw(intervals_near(day, most=2))),
    )
    rules = BookingRules(
        zone,
        grid_minutes=draw(st.sampled_from([5, 10, 15, 15, 20, 30, 50, 60])),
        min_notice=timedelta(minutes=draw(st.integers(0, 300))),
        max_horizon=timedelta(hours=draw(st.sampled_from([30, 48, 24 * 180]))),
        holidays=draw(st.sampled_from([frozenset(), frozenset(), frozenset(), frozenset({day})])),
    )
    return schedule, rules, day


visits = st.builds(
    Visit,
    duration=st.sampled_from([5, 15, 20, 30, 45, 90]).map(lambda minutes: timedelta(minutes=minutes)),
    buffer_after=st.sampled_from([0, 0, 5, 10, 30]).map(lambda minutes: timedelta(minutes=minutes)),
    buffer_before=st.sampled_from([0, 0, 5, 15, 40]).map(lambda minutes: timedelta(minutes=minutes)),
)
leads = st.floats(-20, 40).map(lambda hours: timedelta(seconds=round(hours * 3600)))
