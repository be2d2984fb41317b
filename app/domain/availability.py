"""Which starts a patient may book: working time minus busy time, on a grid, within notice and horizon.

Everything is pure and in UTC (domain.md section 7). The answer is advice: the insert of the booking decides (trust.md
2.1). One sweep a day over sorted busy intervals keeps the cost in step with the month asked for (speed.md,
"Availability").
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from app.domain.schedules import (
    ONE_DAY,
    BookingRules,
    Interval,
    Schedule,
    WallPeriod,
    days_of_month,
    grid_starts,
    merge,
    reads_wall_time,
    wall_label,
    working_intervals,
)

# Callers import everything about availability from here; that schedules have a file of their own is an inner matter.
__all__ = [
    "BookingRules",
    "Interval",
    "Schedule",
    "SlotRefusal",
    "Visit",
    "WallPeriod",
    "days_of_month",
    "nearest",
    "open_slots",
    "reads_wall_time",
    "refusal",
    "unite",
    "wall_label",
    "working_intervals",
]


@dataclass(frozen=True, slots=True)
class Visit:
    """What a service takes: `duration` must fit into working time, the buffers only have to miss other visits.

    So a visit right at opening, or the last one of the day, needs no working time for its buffer.
    """

    duration: timedelta
    buffer_after: timedelta
    buffer_before: timedelta = timedelta()

    def __post_init__(self) -> None:
        if self.duration <= timedelta() or min(self.buffer_after, self.buffer_before) < timedelta():
            raise ValueError("a visit has a positive duration and no negative buffer")


class SlotRefusal(StrEnum):
    """Why a wished start cannot be booked, in the order in which the reasons are looked for."""

    PAST = "past"
    TOO_SOON = "too_soon"
    TOO_FAR = "too_far"
    OFF_GRID = "off_grid"
    CLOSED = "closed"
    TAKEN = "taken"


def open_slots(
    schedule: Schedule,
    rules: BookingRules,
    *,
    visit: Visit,
    busy: Sequence[Interval],
    days: Iterable[date],
    now: datetime,
) -> dict[date, list[datetime]]:
    """The bookable starts, sorted, in UTC, by clinic-local day; a day without any is absent.

    `busy` may come in any order and overlap; each interval already holds its own buffers.
    """
    now = _utc(now)
    taken = merge(busy)
    taken_ends = [each.end for each in taken]
    slots: dict[date, list[datetime]] = {}
    for day in _within_reach(days, rules, now):
        if working := working_intervals(schedule, rules, day):
            candidates = _bookable_now(grid_starts(rules.zone, rules.grid_minutes, day), rules, now)
            starts = [start for worked in working for start in _free(worked, candidates, visit, taken, taken_ends)]
            if starts:
                slots[day] = starts
    return slots


def unite(per_provider: Iterable[Mapping[date, Sequence[datetime]]]) -> dict[date, list[datetime]]:
    """The starts at which at least one provider is free: distinct instants, days and starts in order."""
    united: dict[date, set[datetime]] = {}
    for slots in per_provider:
        for day, starts in slots.items():
            united.setdefault(day, set()).update(starts)
    return {day: sorted(united[day]) for day in sorted(united) if united[day]}


def refusal(
    schedule: Schedule,
    rules: BookingRules,
    *,
    visit: Visit,
    busy: Iterable[Interval],
    start: datetime,
    now: datetime,
) -> SlotRefusal | None:
    """The first reason why `start` (aware, any offset) cannot be booked, or None: the same rules as `open_slots`."""
    now = _utc(now)
    if early_or_late := _outside_reach(start, rules, now):
        return early_or_late
    start = start.astimezone(UTC)
    local = start.astimezone(rules.zone)
    if local.second or local.microsecond or (local.hour * 60 + local.minute) % rules.grid_minutes:
        return SlotRefusal.OFF_GRID
    end = start + visit.duration
    working = working_intervals(schedule, rules, local.date())
    if not any(worked.start <= start and end <= worked.end for worked in working):
        return SlotRefusal.CLOSED
    kept_from, kept_until = start - visit.buffer_before, end + visit.buffer_after
    clashes = any(kept_from < each.end and each.start < kept_until for each in busy if each.start < each.end)
    return SlotRefusal.TAKEN if clashes else None


def nearest(slots: Iterable[datetime], wished: datetime, *, limit: int = 5) -> list[datetime]:
    """The `limit` slots closest to the wished start, in time order; of two equally close ones the earlier wins."""
    return sorted(sorted(slots, key=lambda slot: (abs(slot - wished), slot))[:limit])


def _free(
    worked: Interval,
    candidates: Sequence[datetime],
    visit: Visit,
    taken: list[Interval],
    taken_ends: list[datetime],
) -> Iterator[datetime]:
    """The candidates whose visit fits into one working interval and, buffers included, between what is taken."""
    kept = visit.duration + visit.buffer_after
    earliest, latest = worked.start, worked.end - visit.duration
    for index in range(bisect_right(taken_ends, worked.start - visit.buffer_before), len(taken)):
        latest_before = taken[index].start - kept
        if latest_before >= latest:
            break
        if latest_before >= earliest:
            yield from candidates[bisect_left(candidates, earliest) : bisect_right(candidates, latest_before)]
        earliest = taken[index].end + visit.buffer_before
    yield from candidates[bisect_left(candidates, earliest) : bisect_right(candidates, latest)]


def _within_reach(days: Iterable[date], rules: BookingRules, now: datetime) -> list[date]:
    """The days that notice and horizon can touch, with one to spare: a clock put back at midnight repeats a date."""
    first = (now + rules.min_notice).astimezone(rules.zone).date() - ONE_DAY
    last = (now + rules.max_horizon).astimezone(rules.zone).date() + ONE_DAY
    return [day for day in days if first <= day <= last]


def _bookable_now(candidates: Sequence[datetime], rules: BookingRules, now: datetime) -> Sequence[datetime]:
    first = bisect_left(candidates, now + rules.min_notice)
    return candidates[first : bisect_right(candidates, now + rules.max_horizon)]


def _outside_reach(start: datetime, rules: BookingRules, now: datetime) -> SlotRefusal | None:
    if start < now:
        return SlotRefusal.PAST
    if start < now + rules.min_notice:
        return SlotRefusal.TOO_SOON
    return SlotRefusal.TOO_FAR if start > now + rules.max_horizon else None


def _utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("an instant must carry its offset")
    return instant.astimezone(UTC)
