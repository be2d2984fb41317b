"""When a reminder goes: the default three, nights, clock changes, late runs, visits booked at short notice."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.reminders import (
    Planned,
    due,
    is_daytime,
    next_morning,
    plan,
    read_lead,
    reminder_rules,
    starts_to_look_at,
)

NEW_YORK = ZoneInfo("America/New_York")
DEFAULT = ["7d", "2d", "3h"]
RULES = reminder_rules(NEW_YORK, DEFAULT)
LONG_BEFORE = datetime(2020, 1, 1, tzinfo=UTC)


def at(text: str, zone: ZoneInfo = NEW_YORK) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def moments(start: datetime, *, told_at: datetime = LONG_BEFORE) -> dict[str, str]:
    """Each reminder's moment on the clinic's clock."""
    return {
        each.lead.name: f"{each.at.astimezone(RULES.zone):%m-%d %H:%M}" for each in plan(RULES, start, told_at=told_at)
    }


class TestMoments:
    def test_seven_days_two_days_and_three_hours_before(self) -> None:
        assert moments(at("2026-12-10 14:30")) == {"7d": "12-03 14:30", "2d": "12-08 14:30", "3h": "12-10 11:30"}

    def test_what_would_fall_into_the_night_goes_the_evening_before(self) -> None:
        assert moments(at("2026-12-10 08:30")) == {"7d": "12-03 08:30", "2d": "12-08 08:30", "3h": "12-09 19:00"}
        assert moments(at("2026-12-10 07:30")) == {"7d": "12-02 19:00", "2d": "12-07 19:00", "3h": "12-09 19:00"}
        assert moments(at("2026-12-10 21:00"))["2d"] == "12-08 19:00"

    @pytest.mark.parametrize(("start", "three_hours"), [("11:00", "12-10 08:00"), ("10:59", "12-09 19:00")])
    def test_eight_oclock_is_day(self, start: str, three_hours: str) -> None:
        assert moments(at(f"2026-12-10 {start}"))["3h"] == three_hours

    @pytest.mark.parametrize(
        ("start", "seven_days"), [("2027-03-16 10:00", "03-09 10:00"), ("2026-11-03 10:00", "10-27 10:00")]
    )
    def test_days_keep_the_wall_time_over_a_change_of_clocks(self, start: str, seven_days: str) -> None:
        assert moments(at(start))["7d"] == seven_days

    def test_hours_are_real_ones_on_the_day_the_clocks_change(self) -> None:
        start = at("2026-11-01 12:00")  # the clocks went back at two
        [three] = [each for each in plan(RULES, start, told_at=LONG_BEFORE) if each.lead.name == "3h"]
        assert start - three.at == timedelta(hours=3)

    def test_none_when_they_are_switched_off(self) -> None:
        assert plan(reminder_rules(NEW_YORK, []), at("2026-12-10 14:30"), told_at=LONG_BEFORE) == ()


class TestShortNotice:
    @pytest.mark.parametrize(
        ("booked", "expected"),
        [
            ("2026-12-02 14:30", ["7d", "2d", "3h"]),
            ("2026-12-02 14:31", ["2d", "3h"]),
            ("2026-12-08 02:30", ["2d", "3h"]),
            ("2026-12-08 02:31", ["3h"]),
            ("2026-12-09 14:30", ["3h"]),
            ("2026-12-10 10:45", ["3h"]),
            ("2026-12-10 10:46", []),
        ],
    )
    def test_who_was_told_just_now_is_not_reminded(self, booked: str, expected: list[str]) -> None:
        assert list(moments(at("2026-12-10 14:30"), told_at=at(booked))) == expected

    def test_the_evening_before_is_no_reminder_for_what_was_booked_that_evening(self) -> None:
        assert moments(at("2026-12-10 08:30"), told_at=at("2026-12-09 18:40")) == {}


class TestDue:
    START = at("2026-12-10 14:30")

    def at_moment(self, text: str) -> str | None:
        found = due(RULES, self.START, at(text), told_at=LONG_BEFORE)
        return found.lead.name if found else None

    @pytest.mark.parametrize(
        ("now", "name"),
        [
            ("2026-12-03 14:29", None),
            ("2026-12-03 14:30", "7d"),
            ("2026-12-04 14:30", "7d"),
            ("2026-12-04 14:31", None),  # a day late: no more
            ("2026-12-08 14:30", "2d"),
            ("2026-12-08 20:59", "2d"),
            ("2026-12-08 21:00", None),  # not at night
            ("2026-12-09 02:00", None),
            ("2026-12-09 08:00", None),  # twelve hours late was at half past two
            ("2026-12-10 11:30", "3h"),
            ("2026-12-10 12:15", "3h"),
            ("2026-12-10 12:16", None),
            ("2026-12-10 14:31", None),
        ],
    )
    def test_from_its_moment_until_it_would_be_absurd(self, now: str, name: str | None) -> None:
        assert self.at_moment(now) == name

    def test_of_two_that_lie_close_the_nearer_stays(self) -> None:
        rules = reminder_rules(NEW_YORK, ["4h", "3h", "2d"])
        assert [each.lead.name for each in plan(rules, self.START, told_at=LONG_BEFORE)] == ["2d", "3h"]

    def test_a_farther_one_ends_where_the_nearer_begins(self) -> None:
        rules = reminder_rules(NEW_YORK, ["28h", "1d"])
        far, near = plan(rules, self.START, told_at=LONG_BEFORE)
        assert far.until < near.at


class TestDay:
    @pytest.mark.parametrize(
        ("clock", "day"), [("07:59", False), ("08:00", True), ("20:59", True), ("21:00", False), ("00:00", False)]
    )
    def test_from_eight_to_nine(self, clock: str, day: bool) -> None:
        assert is_daytime(NEW_YORK, at(f"2026-12-10 {clock}")) is day

    @pytest.mark.parametrize(
        ("now", "morning"), [("2026-12-10 03:00", "2026-12-10 08:00"), ("2026-12-10 21:30", "2026-12-11 08:00")]
    )
    def test_the_next_morning(self, now: str, morning: str) -> None:
        assert next_morning(NEW_YORK, at(now)) == at(morning)


@pytest.mark.parametrize("text", ["", "0d", "d", "7", "7w", "-1d", "100d", "1.5h", "7d ", "７d"])
def test_what_is_no_lead(text: str) -> None:
    with pytest.raises(ValueError, match="no number"):
        read_lead(text)


ZONES = st.sampled_from(
    [ZoneInfo(name) for name in ("America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia", "UTC")]
)
STARTS = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1)).map(lambda wall: wall.replace(tzinfo=UTC))
LEADS = st.lists(st.sampled_from(["30d", "7d", "3d", "2d", "1d", "23h", "12h", "5h", "3h", "2h", "1h"]), unique=True)


@given(zone=ZONES, start=STARTS, leads=LEADS, notice=st.timedeltas(timedelta(0), timedelta(days=40)))
def test_never_at_night_never_twice_never_before_the_booking_never_after_the_visit(
    zone: ZoneInfo, start: datetime, leads: list[str], notice: timedelta
) -> None:
    rules, told_at = reminder_rules(zone, leads), start - notice
    planned = plan(rules, start, told_at=told_at)
    for each in planned:
        assert is_daytime(zone, each.at)
        assert told_at <= each.at <= each.until < start
        assert start - each.at >= each.lead.span - timedelta(hours=1)  # the clocks may change between
    assert sorted(planned, key=lambda each: each.at) == list(planned)
    assert all(not _overlap(one, other) for one in planned for other in planned if one is not other)


def _overlap(one: Planned, other: Planned) -> bool:
    return one.at <= other.until and other.at <= one.until


@given(
    zone=ZONES,
    start=STARTS,
    leads=LEADS.filter(bool),
    before=st.timedeltas(timedelta(0), timedelta(days=33)),
)
def test_the_sweep_looks_at_every_visit_whose_reminder_is_due(
    zone: ZoneInfo, start: datetime, leads: list[str], before: timedelta
) -> None:
    now, rules = start - before, reminder_rules(zone, leads)
    if found := due(rules, start, now, told_at=LONG_BEFORE):
        earliest, latest = starts_to_look_at(found.lead, now)
        assert earliest <= start <= latest
