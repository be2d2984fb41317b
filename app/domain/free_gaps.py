"""The free gaps of a day and what fits into each: working time minus what is taken, pure (domain.md section 7)."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.domain.availability import Visit
from app.domain.schedules import ONE_DAY, Interval, merge


@dataclass(frozen=True, slots=True)
class Gap:
    """Working time that nothing takes, and when the neighbours are busy: buffers only have to miss those."""

    span: Interval
    taken_until: datetime | None
    taken_from: datetime | None

    @property
    def minutes(self) -> int:
        """Whole minutes."""
        return (self.span.end - self.span.start) // timedelta(minutes=1)

    def fits(self, visit: Visit) -> bool:
        """True when some start in the gap, on the grid or not, leaves room for the visit and its buffers."""
        earliest, latest = self.span.start, self.span.end - visit.duration
        if self.taken_until:
            earliest = max(earliest, self.taken_until + visit.buffer_before)
        if self.taken_from:
            latest = min(latest, self.taken_from - visit.duration - visit.buffer_after)
        return earliest <= latest


def free_gaps(working: Sequence[Interval], busy: Sequence[Interval], *, after: datetime) -> list[Gap]:
    """The gaps of one person's working intervals (sorted, apart), in order; nothing before `after` is one.

    `busy` may come in any order and overlap; each interval already holds its own buffers.
    """
    taken = merge(busy)
    ends = [each.end for each in taken]
    gaps: list[Gap] = []
    for worked in working:
        start = max(worked.start, after)
        index = bisect_right(ends, start)
        while start < worked.end:
            following = taken[index] if index < len(taken) else None
            end = min(worked.end, following.start) if following else worked.end
            if start < end:
                before = taken[index - 1].end if index else None
                gaps.append(Gap(Interval(start, end), before, following.start if following else None))
            if following is None:
                break
            start, index = max(start, following.end), index + 1
    return gaps


def day_span(day: date, zone: ZoneInfo) -> Interval:
    """A clinic-local day from its first instant to the next day's: 23, 24 or 25 hours as a rule.

    Where the clocks skip midnight it begins at the change, and where midnight comes twice at the first of them.
    """
    opening, closing = (datetime.combine(each, time(), zone) for each in (day, day + ONE_DAY))
    return Interval(opening.astimezone(UTC), closing.astimezone(UTC))
