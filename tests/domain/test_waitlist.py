"""Who fits a freed time, against a slow oracle; the hours in which people may be asked (trust.md fault 33)."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.schedules import WEEKDAYS, Interval
from app.domain.waitlist import (
    Candidate,
    Wanted,
    WishRefusal,
    gained,
    may_ask_at,
    offer_end,
    overlaps,
    plan_batch,
    refusal,
    suitable_starts,
)
from app.models.enums import DayPart

NEW_YORK = ZoneInfo("America/New_York")
ZONES = [NEW_YORK, ZoneInfo("UTC"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Kolkata"), ZoneInfo("Pacific/Apia")]
TUESDAY = datetime(2026, 11, 24, tzinfo=NEW_YORK)
QUARTER = timedelta(minutes=15)


def at(hour: int, minute: int = 0, *, days: int = 0) -> datetime:
    return (TUESDAY + timedelta(days=days)).replace(hour=hour, minute=minute).astimezone(UTC)


class TestRefusal:
    @pytest.mark.parametrize(
        ("wanted", "reason"),
        [
            (Wanted(), None),
            (Wanted(held_start=at(10)), WishRefusal.NOT_EARLIER),
            (Wanted(held_start=at(10, 15)), None),
            (Wanted(earliest=date(2026, 11, 25)), WishRefusal.BEFORE_EARLIEST),
            (Wanted(earliest=date(2026, 11, 24), latest=date(2026, 11, 24)), None),
            (Wanted(latest=date(2026, 11, 23)), WishRefusal.AFTER_LATEST),
            (Wanted(weekdays=frozenset({"mon", "wed"})), WishRefusal.OTHER_WEEKDAY),
            (Wanted(weekdays=frozenset({"tue"})), None),
            (Wanted(day_part=DayPart.AFTERNOON), WishRefusal.OTHER_DAY_PART),
            (Wanted(day_part=DayPart.MORNING), None),
        ],
    )
    def test_each_rule_at_its_edge(self, wanted: Wanted, reason: WishRefusal | None) -> None:
        assert refusal(wanted, at(10), NEW_YORK) is reason

    def test_noon_is_afternoon_on_the_clinics_clock(self) -> None:
        assert refusal(Wanted(day_part=DayPart.AFTERNOON), at(12), NEW_YORK) is None
        assert refusal(Wanted(day_part=DayPart.MORNING), at(11, 45), NEW_YORK) is None
        assert refusal(Wanted(day_part=DayPart.MORNING), at(11, 45), ZoneInfo("UTC")) is WishRefusal.OTHER_DAY_PART

    def test_the_day_is_the_clinics(self) -> None:
        late = at(20)  # already the 25th in UTC
        assert refusal(Wanted(latest=date(2026, 11, 24)), late, NEW_YORK) is None
        assert refusal(Wanted(latest=date(2026, 11, 24)), late, ZoneInfo("UTC")) is WishRefusal.AFTER_LATEST

    def test_every_combination_of_small_wishes_agrees_with_plain_words(self) -> None:
        """2 x 3 x 3 x 8 x 3 wishes x 14 starts, judged by a condition that anybody can read."""
        days = [None, date(2026, 11, 24), date(2026, 11, 26)]
        weeks = [frozenset(), *(frozenset({day}) for day in WEEKDAYS)]
        starts = [at(hour, days=offset) for offset in range(7) for hour in (9, 14)]
        for held, earliest, latest, week, part in product([None, at(9, days=3)], days, days, weeks, DayPart):
            wanted = Wanted(earliest=earliest, latest=latest, weekdays=week, day_part=part, held_start=held)
            for start in starts:
                local = start.astimezone(NEW_YORK)
                fits = (
                    (held is None or start < held)
                    and (earliest is None or earliest <= local.date())
                    and (latest is None or local.date() <= latest)
                    and (not week or local.strftime("%a").lower() in week)
                    and (part == "any" or (part == "morning") == (local.hour < 12))
                )
                assert (refusal(wanted, start, NEW_YORK) is None) is fits


MINUTES = st.integers(0, 16).map(lambda count: count * QUARTER)


@st.composite
def candidates(draw: st.DrawFn) -> list[Candidate]:
    found = []
    for number in range(draw(st.integers(0, 5))):
        starts = draw(st.lists(MINUTES, max_size=6, unique=True))
        held = draw(st.one_of(st.none(), MINUTES))
        found.append(
            Candidate(
                key=str(number),
                wanted=Wanted(held_start=at(9) + held if held is not None else None),
                starts=sorted(at(9) + start for start in starts),
                kept=draw(st.integers(1, 6)) * QUARTER,
                kept_before=draw(st.integers(0, 2)) * QUARTER,
            )
        )
    return found


@st.composite
def freed_times(draw: st.DrawFn) -> Interval:
    start = at(9) + draw(MINUTES)
    return Interval(start, start + draw(st.integers(1, 8)) * QUARTER)


def minutes_of(interval: Interval) -> set[datetime]:
    """Every five minutes of it: the oracle's picture of an interval."""
    step, length = timedelta(minutes=5), interval.end - interval.start
    return {interval.start + step * number for number in range(length // step)}


class TestPlanBatch:
    @given(candidates(), freed_times(), st.integers(1, 4))
    @settings(max_examples=400, deadline=None)
    def test_it_agrees_with_a_slow_oracle(self, waiting: list[Candidate], freed: Interval, size: int) -> None:
        """The oracle counts five-minute cells one by one and knows no intervals."""
        cells = minutes_of(freed)
        expected: list[tuple[str, datetime]] = []
        given_away: set[datetime] = set()
        for each in waiting:
            takes = {start: minutes_of(each.at(start)) for start in each.starts}
            good = [
                start
                for start in each.starts
                if takes[start] & cells and (each.wanted.held_start is None or start < each.wanted.held_start)
            ]
            good.sort(key=lambda start, takes=takes: (len(takes[start] - cells), start))  # type: ignore[misc]
            if good and len(expected) < size:
                apart = [start for start in good if not takes[start] & given_away]
                chosen = (apart or good)[0]
                expected.append((each.key, chosen))
                given_away |= takes[chosen]
        assert [(pick.key, pick.start) for pick in plan_batch(waiting, freed, zone=NEW_YORK, size=size)] == expected

    @given(candidates(), freed_times(), st.integers(1, 4))
    @settings(max_examples=200, deadline=None)
    def test_nobody_is_asked_twice_and_the_line_is_kept(
        self, waiting: list[Candidate], freed: Interval, size: int
    ) -> None:
        picks = plan_batch(waiting, freed, zone=NEW_YORK, size=size)
        keys = [int(pick.key) for pick in picks]
        assert keys == sorted(set(keys))
        by_key = {each.key: each for each in waiting}
        for pick in picks:
            assert pick.start in by_key[pick.key].starts
            assert overlaps(by_key[pick.key].at(pick.start), freed)
        passed = [each for each in waiting if int(each.key) not in keys]
        if len(picks) < size:
            assert not any(suitable_starts(each, freed, NEW_YORK) for each in passed)

    def test_in_a_short_time_they_compete_in_a_long_one_each_has_a_part(self) -> None:
        starts = [at(9) + QUARTER * number for number in range(8)]
        three = [Candidate(key=str(n), wanted=Wanted(), starts=starts, kept=2 * QUARTER) for n in range(3)]
        short = plan_batch(three, Interval(at(9), at(9, 30)), zone=NEW_YORK, size=3)
        assert [pick.start for pick in short] == [at(9)] * 3
        long = plan_batch(three, Interval(at(9), at(10, 30)), zone=NEW_YORK, size=3)
        assert [pick.start for pick in long] == [at(9), at(9, 30), at(10)]

    def test_the_start_that_spills_least_comes_first(self) -> None:
        one = Candidate(key="a", wanted=Wanted(), starts=[at(9, 45), at(10), at(10, 15)], kept=2 * QUARTER)
        assert suitable_starts(one, Interval(at(10), at(10, 30)), NEW_YORK) == [at(10), at(9, 45), at(10, 15)]


INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)).map(lambda naive: naive.replace(tzinfo=UTC))


class TestMayAskAt:
    @given(INSTANTS, st.sampled_from(ZONES))
    @settings(max_examples=400, deadline=None)
    def test_it_is_day_then_and_never_earlier_than_now(self, now: datetime, zone: ZoneInfo) -> None:
        then = may_ask_at(now, zone)
        assert now <= then <= now + timedelta(hours=12, minutes=30)
        assert time(8) <= then.astimezone(zone).time() < time(21)
        if time(8) <= now.astimezone(zone).time() < time(21):
            assert then == now

    @pytest.mark.parametrize(
        ("now", "then"),
        [
            ("2026-11-23T07:59", "2026-11-23T08:00"),
            ("2026-11-23T08:00", "2026-11-23T08:00"),
            ("2026-11-23T20:59", "2026-11-23T20:59"),
            ("2026-11-23T21:00", "2026-11-24T08:00"),
            ("2026-03-07T23:00", "2026-03-08T08:00"),  # a night of eight hours
            ("2026-10-31T23:00", "2026-11-01T08:00"),  # and one of ten
        ],
    )
    def test_the_edges(self, now: str, then: str) -> None:
        wall = [datetime.fromisoformat(text).replace(tzinfo=NEW_YORK) for text in (now, then)]
        assert may_ask_at(wall[0].astimezone(UTC), NEW_YORK) == wall[1].astimezone(UTC)


def test_an_offer_ends_with_its_minutes_or_with_its_visits_start() -> None:
    assert offer_end(at(9), minutes=30, start=at(12)) == at(9, 30)
    assert offer_end(at(9), minutes=30, start=at(9, 20)) == at(9, 20)


@st.composite
def worked(draw: st.DrawFn) -> list[Interval]:
    """Sorted stretches that neither overlap nor touch."""
    edges = sorted(draw(st.lists(st.integers(0, 40), max_size=8, unique=True)))
    pairs = zip(edges[::2], edges[1::2], strict=False)
    return [Interval(at(6) + QUARTER * first, at(6) + QUARTER * last) for first, last in pairs]


@given(worked(), worked())
@settings(max_examples=300, deadline=None)
def test_gained_is_what_is_worked_now_and_was_not(before: list[Interval], after: list[Interval]) -> None:
    cells = [set().union(*(minutes_of(each) for each in side)) for side in (before, after)]
    found = [cell for each in gained(before, after) for cell in minutes_of(each)]
    assert sorted(found) == sorted(cells[1] - cells[0])
