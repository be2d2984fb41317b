"""Free gaps by example and against a minute-by-minute oracle, and the length of days around clock changes."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.availability import Visit
from app.domain.free_gaps import Gap, day_span, free_gaps
from app.domain.schedules import Interval
from tests.domain.availability_oracle import CLOCK_CHANGES

LONG_BEFORE = datetime(2026, 3, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-10 {text}").replace(tzinfo=UTC)


def between(start: str, end: str) -> Interval:
    return Interval(at(start), at(end))


def visit(duration: int, before: int = 0, after: int = 0) -> Visit:
    return Visit(*(timedelta(minutes=each) for each in (duration, after, before)))


def spans(gaps: list[Gap]) -> list[tuple[str, str]]:
    return [(f"{gap.span.start:%H:%M}", f"{gap.span.end:%H:%M}") for gap in gaps]


class TestFreeGaps:
    working = (between("09:00", "12:00"), between("13:00", "17:00"))

    def test_an_empty_day_is_its_working_time(self) -> None:
        assert spans(free_gaps(self.working, [], after=LONG_BEFORE)) == [("09:00", "12:00"), ("13:00", "17:00")]

    def test_nobody_who_works_has_no_gap(self) -> None:
        assert free_gaps([], [between("09:00", "10:00")], after=LONG_BEFORE) == []

    def test_what_is_taken_is_cut_out_and_edges_may_touch(self) -> None:
        busy = [
            between("13:00", "13:30"),
            between("09:30", "10:00"),
            between("10:00", "10:15"),
            between("11:45", "12:00"),
        ]
        gaps = free_gaps(self.working, busy, after=LONG_BEFORE)
        assert spans(gaps) == [("09:00", "09:30"), ("10:15", "11:45"), ("13:30", "17:00")]
        assert [gap.minutes for gap in gaps] == [30, 90, 210]

    def test_a_full_day_has_none(self) -> None:
        assert free_gaps(self.working, [between("00:00", "23:00")], after=LONG_BEFORE) == []

    def test_what_lies_outside_working_time_takes_nothing(self) -> None:
        busy = [between("06:00", "08:00"), between("12:10", "12:50"), between("18:00", "19:00")]
        assert spans(free_gaps(self.working, busy, after=LONG_BEFORE)) == [("09:00", "12:00"), ("13:00", "17:00")]

    def test_only_what_is_still_ahead(self) -> None:
        gaps = free_gaps(self.working, [between("14:00", "15:00")], after=at("13:20"))
        assert spans(gaps) == [("13:20", "14:00"), ("15:00", "17:00")]
        assert free_gaps(self.working, [], after=at("17:00")) == []


class TestFits:
    def test_the_last_visit_of_the_day_ends_with_it_and_its_buffer_needs_no_working_time(self) -> None:
        [gap] = free_gaps([between("16:00", "17:00")], [], after=LONG_BEFORE)
        assert gap.fits(visit(60, before=15, after=15))
        assert not gap.fits(visit(65))

    @pytest.mark.parametrize(
        ("before", "after", "fits"), [(0, 0, True), (10, 20, True), (15, 20, False), (30, 0, True)]
    )
    def test_buffers_must_miss_the_neighbours(self, before: int, after: int, fits: bool) -> None:
        busy = [between("09:00", "10:00"), between("11:00", "12:00")]
        [gap] = free_gaps([between("09:00", "12:00")], busy, after=LONG_BEFORE)
        assert gap.fits(visit(30, before, after)) is fits

    def test_a_neighbour_beyond_the_edge_of_working_time_counts(self) -> None:
        [gap] = free_gaps([between("13:00", "14:00")], [between("12:00", "12:50")], after=LONG_BEFORE)
        assert gap.fits(visit(60, before=10))
        assert not gap.fits(visit(60, before=15))


minutes = st.integers(0, 300)
intervals = st.lists(st.tuples(minutes, st.integers(0, 90)), max_size=8).map(
    lambda drawn: [Interval(at("08:00") + a * MINUTE, at("08:00") + (a + b) * MINUTE) for a, b in drawn]
)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    st.lists(minutes, min_size=0, max_size=6, unique=True).map(sorted),
    intervals,
    minutes,
    st.builds(visit, st.integers(1, 60), st.integers(0, 30), st.integers(0, 30)),
)
def test_gaps_agree_with_a_walk_over_every_minute(
    edges: list[int], busy: list[Interval], passed: int, wanted: Visit
) -> None:
    base = at("08:00")
    working = [Interval(base + a * MINUTE, base + b * MINUTE) for a, b in zip(edges[::2], edges[1::2], strict=False)]
    after = base + passed * MINUTE
    gaps = free_gaps(working, busy, after=after)

    def is_free(minute: datetime) -> bool:
        return (
            minute >= after
            and any(each.start <= minute < each.end for each in working)
            and not any(each.start <= minute < each.end for each in busy)
        )

    walked = [base + number * MINUTE for number in range(400)]
    assert {minute for minute in walked if is_free(minute)} == {
        minute for minute in walked if any(gap.span.start <= minute < gap.span.end for gap in gaps)
    }
    assert all(one.span.end <= other.span.start for one, other in pairwise(gaps))
    for gap in gaps:
        assert gap.fits(wanted) == any(
            gap.span.start <= start
            and start + wanted.duration <= gap.span.end
            and not any(
                each.start < each.end
                and start - wanted.buffer_before < each.end
                and each.start < start + wanted.duration + wanted.buffer_after
                for each in busy
            )
            for start in walked
        )


class TestDaySpan:
    @pytest.mark.parametrize(
        ("zone", "day", "hours"),
        [
            ("America/New_York", date(2026, 11, 24), 24),
            ("America/New_York", date(2026, 3, 8), 23),
            ("America/New_York", date(2026, 11, 1), 25),
            ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
            ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
            ("Asia/Kathmandu", date(2026, 10, 25), 24),
            ("Africa/Cairo", date(2024, 4, 26), 23),
            ("Africa/Cairo", date(2024, 10, 31), 25),
            ("America/Havana", date(2026, 11, 1), 25),
            ("Pacific/Apia", date(2011, 12, 30), 0),
        ],
    )
    def test_as_long_as_the_clocks_make_it(self, zone: str, day: date, hours: float) -> None:
        span = day_span(day, ZoneInfo(zone))
        assert (span.end - span.start) / timedelta(hours=1) == hours

    @pytest.mark.parametrize("zone", CLOCK_CHANGES)
    def test_days_follow_one_another_without_a_hole(self, zone: str) -> None:
        days = [date(2026, 1, 1) + timedelta(days=offset) for offset in range(366)]
        spans_of_year = [day_span(day, ZoneInfo(zone)) for day in days]
        assert all(one.end == other.start for one, other in pairwise(spans_of_year))
