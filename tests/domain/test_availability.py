"""Availability by example and against a slow oracle, on both clock changes of many zones (domain.md section 7)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from functools import partial
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.availability import (
    BookingRules,
    Interval,
    Schedule,
    SlotRefusal,
    Visit,
    WallPeriod,
    days_of_month,
    nearest,
    open_slots,
    reads_wall_time,
    refusal,
    unite,
    wall_label,
    working_intervals,
)
from app.domain.schedules import WEEKDAYS, period_minutes
from tests.domain.availability_oracle import (
    ONE_MINUTE,
    PLACES,
    days_to_book,
    intervals_near,
    leads,
    minutes_of_day,
    slots_of_day,
    visits,
    worked_minutes,
)

NEW_YORK = ZoneInfo("America/New_York")
PARIS = ZoneInfo("Europe/Paris")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
ST_JOHNS = ZoneInfo("America/St_Johns")
KOLKATA = ZoneInfo("Asia/Kolkata")
UTC_ZONE = ZoneInfo("UTC")

TUESDAY = date(2026, 3, 10)
SPRING_FORWARD = date(2026, 3, 8)  # New York skips 02:00-03:00
FALL_BACK = date(2026, 11, 1)  # New York shows 01:00-02:00 twice
LONG_BEFORE = datetime(2026, 3, 1, tzinfo=UTC)
HALF_HOUR = Visit(timedelta(minutes=30), timedelta())


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def between(start: str, end: str, day: date = TUESDAY) -> Interval:
    return Interval(at(f"{day} {start}"), at(f"{day} {end}"))


def every_day(*periods: WallPeriod) -> Schedule:
    return Schedule(weekly=dict.fromkeys(WEEKDAYS, periods), overrides={}, time_off=())


def labels(starts: Iterable[datetime], zone: ZoneInfo = UTC_ZONE) -> list[str]:
    return [wall_label(start, zone) for start in starts]


def offered(
    schedule: Schedule,
    *,
    zone: ZoneInfo = UTC_ZONE,
    visit: Visit = HALF_HOUR,
    busy: tuple[Interval, ...] = (),
    day: date = TUESDAY,
    grid: int = 30,
) -> list[str]:
    """Wall labels offered on a day, a week or more ahead, on a half-hour grid."""
    now = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=7)
    rules = BookingRules(zone, grid_minutes=grid)
    return labels(open_slots(schedule, rules, visit=visit, busy=busy, days=[day], now=now).get(day, []), zone)


class TestPeriodMinutes:
    def test_reads_minutes_since_midnight(self) -> None:
        assert period_minutes(("09:05", "24:00")) == (545, 1440)

    @pytest.mark.parametrize(
        "period", [("9:00", "12:00"), ("09:00", "24:01"), ("09:60", "12:00"), ("24:00", "24:00"), ("", "12:00")]
    )
    def test_what_is_no_wall_time_is_refused(self, period: WallPeriod) -> None:
        with pytest.raises(ValueError, match=r"wall time|after it starts"):
            period_minutes(period)

    @pytest.mark.parametrize("period", [("12:00", "09:00"), ("09:00", "09:00"), ("22:00", "06:00")])
    def test_a_period_ends_after_it_starts(self, period: WallPeriod) -> None:
        with pytest.raises(ValueError, match="after it starts"):
            period_minutes(period)


class TestWorkingIntervals:
    rules = BookingRules(UTC_ZONE)

    def test_a_missing_weekday_is_closed(self) -> None:
        schedule = Schedule(weekly={"mon": (("09:00", "17:00"),)}, overrides={}, time_off=())
        assert working_intervals(schedule, self.rules, TUESDAY) == []

    def test_unsorted_overlapping_and_touching_periods_merge(self) -> None:
        schedule = every_day(("13:00", "15:00"), ("09:00", "11:00"), ("10:30", "12:00"), ("15:00", "17:00"))
        expected = [between("09:00", "12:00"), between("13:00", "17:00")]
        assert working_intervals(schedule, self.rules, TUESDAY) == expected

    def test_an_override_replaces_the_weekly_periods(self) -> None:
        schedule = replace(every_day(("09:00", "17:00")), overrides={TUESDAY: (("10:00", "11:00"),)})
        assert working_intervals(schedule, self.rules, TUESDAY) == [between("10:00", "11:00")]

    def test_an_empty_override_closes_its_date_only(self) -> None:
        schedule = replace(every_day(("09:00", "17:00")), overrides={TUESDAY: ()})
        assert working_intervals(schedule, self.rules, TUESDAY) == []
        assert working_intervals(schedule, self.rules, TUESDAY + timedelta(days=1)) != []

    def test_a_holiday_closes(self) -> None:
        rules = replace(self.rules, holidays=frozenset({TUESDAY}))
        assert working_intervals(every_day(("09:00", "17:00")), rules, TUESDAY) == []

    def test_an_override_for_the_holiday_itself_opens_it(self) -> None:
        rules = replace(self.rules, holidays=frozenset({TUESDAY}))
        schedule = replace(every_day(("09:00", "17:00")), overrides={TUESDAY: (("10:00", "11:00"),)})
        assert working_intervals(schedule, rules, TUESDAY) == [between("10:00", "11:00")]

    def test_time_off_is_cut_out(self) -> None:
        off = (between("11:00", "12:00"), between("16:00", "20:00"), between("13:00", "13:00"))
        schedule = replace(every_day(("09:00", "17:00")), time_off=off)
        expected = [between("09:00", "11:00"), between("12:00", "16:00")]
        assert working_intervals(schedule, self.rules, TUESDAY) == expected

    def test_weeks_off_leave_nothing(self) -> None:
        schedule = replace(every_day(("09:00", "17:00")), time_off=(Interval(at("2026-03-01"), at("2026-03-20")),))
        assert working_intervals(schedule, self.rules, TUESDAY) == []

    def test_the_day_of_23_hours(self) -> None:
        whole = working_intervals(every_day(("00:00", "24:00")), BookingRules(NEW_YORK), SPRING_FORWARD)
        assert whole == [Interval(at("2026-03-08 05:00"), at("2026-03-09 04:00"))]

    def test_the_day_of_25_hours(self) -> None:
        whole = working_intervals(every_day(("00:00", "24:00")), BookingRules(NEW_YORK), FALL_BACK)
        assert whole == [Interval(at("2026-11-01 04:00"), at("2026-11-02 05:00"))]

    @pytest.mark.parametrize(
        ("period", "expected"),
        [
            (("02:30", "05:00"), [("07:00", "09:00")]),
            (("01:00", "02:30"), [("06:00", "07:00")]),
            (("02:10", "02:50"), []),
        ],
    )
    def test_an_edge_in_the_skipped_hour_moves_to_the_first_existing_instant(
        self, period: WallPeriod, expected: list[tuple[str, str]]
    ) -> None:
        worked = working_intervals(every_day(period), BookingRules(NEW_YORK), SPRING_FORWARD)
        assert worked == [between(start, end, SPRING_FORWARD) for start, end in expected]

    def test_a_period_inside_the_repeated_hour_is_worked_twice(self) -> None:
        worked = working_intervals(every_day(("01:00", "01:30")), BookingRules(NEW_YORK), FALL_BACK)
        assert worked == [between("05:00", "05:30", FALL_BACK), between("06:00", "06:30", FALL_BACK)]


class TestVisit:
    @pytest.mark.parametrize(("minutes", "after", "before"), [(0, 0, 0), (-15, 0, 0), (15, -1, 0), (15, 0, -1)])
    def test_takes_time_and_gives_none_back(self, minutes: int, after: int, before: int) -> None:
        with pytest.raises(ValueError, match="positive duration"):
            Visit(*(timedelta(minutes=each) for each in (minutes, after, before)))


class TestOpenSlots:
    def test_the_last_slot_ends_with_the_period(self) -> None:
        assert offered(every_day(("09:00", "10:30"))) == ["09:00", "09:30", "10:00"]

    def test_a_visit_does_not_span_the_lunch_break(self) -> None:
        visit = Visit(timedelta(minutes=60), timedelta())
        assert offered(every_day(("09:00", "10:30"), ("11:00", "12:00")), visit=visit) == ["09:00", "09:30", "11:00"]

    def test_a_period_may_end_at_midnight(self) -> None:
        assert offered(every_day(("23:00", "24:00"))) == ["23:00", "23:30"]

    def test_a_visit_stays_within_its_day(self) -> None:
        visit = Visit(timedelta(minutes=60), timedelta())
        assert offered(every_day(("00:00", "24:00")), visit=visit)[-1] == "23:00"

    def test_slots_sit_on_the_grid_whatever_the_opening_minute(self) -> None:
        assert offered(every_day(("09:10", "10:40"))) == ["09:30", "10:00"]

    def test_the_grid_counts_local_minutes_in_a_half_hour_zone(self) -> None:
        assert offered(every_day(("09:00", "11:00")), zone=KOLKATA, grid=60) == ["09:00", "10:00"]

    def test_busy_edges_may_touch(self) -> None:
        assert offered(every_day(("09:00", "10:30")), busy=(between("09:30", "10:00"),)) == ["09:00", "10:00"]

    def test_one_overlapping_second_is_enough(self) -> None:
        busy = (Interval(at("2026-03-10 09:29:59"), at("2026-03-10 10:00:01")),)
        assert offered(every_day(("09:00", "11:00")), busy=busy) == ["10:30"]

    def test_the_buffer_must_miss_the_next_visit(self) -> None:
        visit = Visit(timedelta(minutes=30), timedelta(minutes=10))
        assert offered(every_day(("09:00", "11:00")), visit=visit, busy=(between("10:00", "10:30"),)) == [
            "09:00",
            "10:30",
        ]

    def test_the_buffer_may_run_past_closing_and_into_time_off(self) -> None:
        visit = Visit(timedelta(minutes=30), timedelta(minutes=20))
        schedule = replace(every_day(("09:00", "11:00")), time_off=(between("09:30", "10:30"),))
        assert offered(schedule, visit=visit) == ["09:00", "10:30"]

    def test_the_buffer_before_must_miss_the_visit_before(self) -> None:
        visit = Visit(timedelta(minutes=30), timedelta(), timedelta(minutes=10))
        assert offered(every_day(("09:00", "11:30")), visit=visit, busy=(between("09:30", "10:00"),)) == [
            "09:00",
            "10:30",
            "11:00",
        ]

    def test_a_visit_right_at_opening_needs_no_working_time_for_its_buffer(self) -> None:
        visit = Visit(timedelta(minutes=30), timedelta(), timedelta(minutes=60))
        assert offered(every_day(("09:00", "10:00")), visit=visit) == ["09:00", "09:30"]

    def test_a_visit_before_opening_still_wants_its_distance(self) -> None:
        visit = Visit(timedelta(minutes=30), timedelta(), timedelta(minutes=60))
        busy = (between("08:00", "08:15"),)
        assert offered(every_day(("09:00", "10:00")), visit=visit, busy=busy) == ["09:30"]

    def test_buffers_of_neighbours_add_up_and_may_touch(self) -> None:
        """What is busy holds its own buffers: 09:00-09:30 with ten minutes after, then ours with twenty before."""
        visit = Visit(timedelta(minutes=30), timedelta(minutes=10), timedelta(minutes=20))
        assert offered(every_day(("09:00", "12:00")), visit=visit, busy=(between("08:50", "09:40"),))[0] == "10:00"

    def test_a_gap_that_only_the_bare_visit_would_fit_is_not_offered(self) -> None:
        visit = Visit(timedelta(minutes=30), timedelta(minutes=5), timedelta(minutes=5))
        busy = (between("09:00", "09:30"), between("10:00", "10:30"))
        assert offered(every_day(("09:00", "11:00")), visit=visit, busy=busy, grid=5) == []
        wider = (between("09:00", "09:25"), between("10:05", "10:30"))
        assert offered(every_day(("09:00", "11:00")), visit=visit, busy=wider, grid=5) == ["09:30"]

    def test_a_buffer_runs_through_the_clock_change_in_real_minutes(self) -> None:
        """New York, 8 March: 03:00 comes right after 01:59. A visit until 01:45 is 15 minutes before 03:00."""
        visit = Visit(timedelta(minutes=30), timedelta(), timedelta(minutes=30))
        busy = (between("06:15", "06:45", SPRING_FORWARD),)
        night = every_day(("01:00", "04:00"))
        slots = offered(night, zone=NEW_YORK, visit=visit, busy=busy, day=SPRING_FORWARD, grid=15)
        assert slots == ["03:15", "03:30"]

    def test_busy_comes_unsorted_overlapping_and_empty(self) -> None:
        busy = (between("11:00", "11:30"), between("09:00", "10:00"), between("09:15", "09:30"))
        empty = (between("10:15", "10:15"), between("10:20", "10:10"))
        assert offered(every_day(("09:00", "12:00")), busy=busy + empty) == ["10:00", "10:30", "11:30"]

    def test_both_readings_of_a_repeated_hour_are_offered(self) -> None:
        slots = offered(every_day(("00:30", "02:30")), zone=NEW_YORK, day=FALL_BACK)
        assert slots == ["00:30", "01:00", "01:30", "01:00", "01:30", "02:00"]

    def test_a_visit_may_run_through_the_clock_change(self) -> None:
        visit = Visit(timedelta(minutes=60), timedelta())
        assert offered(every_day(("01:30", "04:00")), zone=NEW_YORK, visit=visit, day=SPRING_FORWARD) == [
            "01:30",
            "03:00",
        ]

    def test_a_half_hour_clock_change_keeps_the_grid(self) -> None:
        open_all_night = every_day(("01:00", "04:00"))
        assert offered(open_all_night, zone=LORD_HOWE, day=date(2026, 10, 4), grid=60) == ["01:00", "03:00"]
        assert offered(open_all_night, zone=LORD_HOWE, day=date(2026, 4, 5), grid=60) == ["01:00", "02:00", "03:00"]
        assert offered(open_all_night, zone=LORD_HOWE, day=date(2026, 4, 5), grid=15).count("01:45") == 2

    def test_days_without_slots_are_absent(self) -> None:
        schedule = Schedule(weekly={"tue": (("09:00", "10:00"),)}, overrides={}, time_off=())
        slots = open_slots(
            schedule,
            BookingRules(UTC_ZONE),
            visit=HALF_HOUR,
            busy=[between("09:00", "10:00")],
            days=days_of_month(2026, 3),
            now=LONG_BEFORE,
        )
        assert list(slots) == [date(2026, 3, 3), date(2026, 3, 17), date(2026, 3, 24), date(2026, 3, 31)]

    def test_notice_and_horizon_include_their_own_instant(self) -> None:
        rules = BookingRules(UTC_ZONE, min_notice=timedelta(hours=2), max_horizon=timedelta(hours=3))
        slots = open_slots(
            every_day(("00:00", "24:00")),
            rules,
            visit=HALF_HOUR,
            busy=[],
            days=days_of_month(2026, 3),
            now=at("2026-03-10 08:00"),
        )
        assert labels(slots[TUESDAY]) == ["10:00", "10:15", "10:30", "10:45", "11:00"]
        assert list(slots) == [TUESDAY]

    def test_the_ends_of_the_calendar_are_merely_out_of_reach(self) -> None:
        slots = open_slots(
            every_day(("00:00", "24:00")),
            BookingRules(KOLKATA),
            visit=HALF_HOUR,
            busy=[],
            days=[date.min, date.max],
            now=LONG_BEFORE,
        )
        assert slots == {}

    def test_a_date_that_comes_back_after_midnight_is_not_lost(self) -> None:
        # St. John's, 2010: at 00:01 on 7 November (02:31 UTC) the clock went back to 23:01 on the 6th.
        sixth, seventh, now = date(2010, 11, 6), date(2010, 11, 7), at("2010-11-07 02:29:30")
        minute = Visit(timedelta(minutes=1), timedelta())
        slots_by = partial(open_slots, every_day(("00:00", "24:00")), visit=minute, busy=[], days=[sixth, seventh])
        rules = BookingRules(ST_JOHNS, min_notice=timedelta(seconds=20), max_horizon=timedelta(minutes=50))
        until_the_sixth = slots_by(rules, now=now)
        assert labels(until_the_sixth[sixth], ST_JOHNS) == ["23:15", "23:30", "23:45"]
        assert until_the_sixth[seventh] == [at("2010-11-07 02:30")]
        from_the_seventh = slots_by(replace(rules, min_notice=timedelta(seconds=60)), now=now)
        assert from_the_seventh == {sixth: until_the_sixth[sixth]}

    def test_now_may_carry_any_offset_but_must_carry_one(self) -> None:
        always, rules = every_day(("00:00", "24:00")), BookingRules(NEW_YORK)
        slots_at = partial(open_slots, always, rules, visit=HALF_HOUR, busy=[], days=[SPRING_FORWARD])
        now = at("2026-03-08 06:30")
        assert slots_at(now=now)[SPRING_FORWARD][0] == at("2026-03-08 08:30")
        assert slots_at(now=now.astimezone(NEW_YORK)) == slots_at(now=now)
        with pytest.raises(ValueError, match="offset"):
            slots_at(now=now.replace(tzinfo=None))


class TestUnite:
    def test_sorted_and_distinct(self) -> None:
        nine, ten, eleven = (at(f"2026-03-10 {hour}:00") for hour in ("09", "10", "11"))
        earlier = TUESDAY - timedelta(days=1)
        united = unite([{TUESDAY: [ten, eleven]}, {TUESDAY: [nine, ten], earlier: [at("2026-03-09 09:00")]}])
        assert united == {earlier: [at("2026-03-09 09:00")], TUESDAY: [nine, ten, eleven]}
        assert list(united) == [earlier, TUESDAY]

    def test_equal_labels_of_a_repeated_hour_stay_two_instants(self) -> None:
        first, second = at("2026-11-01 05:00"), at("2026-11-01 06:00")
        united = unite([{FALL_BACK: [first]}, {FALL_BACK: [second]}])
        assert labels(united[FALL_BACK], NEW_YORK) == ["01:00", "01:00"]

    def test_nobody_and_nothing(self) -> None:
        assert unite([]) == {}
        assert unite([{TUESDAY: []}]) == {}


class TestRefusal:
    rules = BookingRules(UTC_ZONE)
    now = at("2026-03-10 08:00")

    def refuse(self, start: datetime, *busy: Interval) -> SlotRefusal | None:
        schedule = every_day(("09:00", "17:00"))
        return refusal(schedule, self.rules, visit=HALF_HOUR, busy=busy, start=start, now=self.now)

    @pytest.mark.parametrize(
        ("start", "reason"),
        [
            ("2026-03-10 07:59:59", SlotRefusal.PAST),
            ("2026-03-10 08:00", SlotRefusal.TOO_SOON),
            ("2026-03-10 09:59", SlotRefusal.TOO_SOON),
            ("2026-03-10 10:00", None),
            ("2026-03-10 10:05", SlotRefusal.OFF_GRID),
            ("2026-03-10 10:15:01", SlotRefusal.OFF_GRID),
            ("2026-03-10 10:15:00.000001", SlotRefusal.OFF_GRID),
            ("2026-03-10 16:30", None),
            ("2026-03-10 16:45", SlotRefusal.CLOSED),
            ("2026-03-10 20:00", SlotRefusal.CLOSED),
            ("2026-03-10 20:01", SlotRefusal.OFF_GRID),
            ("2026-09-06 09:00", SlotRefusal.TOO_FAR),
            ("2026-09-06 08:00", SlotRefusal.CLOSED),
        ],
    )
    def test_the_first_reason_is_given(self, start: str, reason: SlotRefusal | None) -> None:
        assert self.refuse(at(start)) is reason

    def test_holiday_and_time_off_are_closed(self) -> None:
        start = at("2026-03-11 10:00")
        refuse = partial(refusal, visit=HALF_HOUR, busy=[], start=start, now=self.now)
        schedule = every_day(("09:00", "17:00"))
        off = replace(schedule, time_off=(Interval(start, start + timedelta(minutes=5)),))
        holiday = replace(self.rules, holidays=frozenset({start.date()}))
        assert refuse(off, self.rules) is SlotRefusal.CLOSED
        assert refuse(schedule, holiday) is SlotRefusal.CLOSED

    def test_taken_comes_after_closed(self) -> None:
        day_long = between("00:00", "23:00")
        assert self.refuse(at("2026-03-10 12:00"), day_long) is SlotRefusal.TAKEN
        assert self.refuse(at("2026-03-10 18:00"), day_long) is SlotRefusal.CLOSED

    def test_touching_and_empty_intervals_take_nothing(self) -> None:
        around = (between("11:30", "12:00"), between("12:30", "13:00"), between("12:10", "12:10"))
        assert self.refuse(at("2026-03-10 12:00"), *around) is None

    @pytest.mark.parametrize(
        ("busy_end", "reason"), [("11:40", None), ("11:41", SlotRefusal.TAKEN), ("12:00", SlotRefusal.TAKEN)]
    )
    def test_the_buffer_before_takes_too(self, busy_end: str, reason: SlotRefusal | None) -> None:
        visit = Visit(timedelta(minutes=30), timedelta(), timedelta(minutes=20))
        busy = [between("11:00", busy_end)]
        start = at("2026-03-10 12:00")
        found = refusal(every_day(("09:00", "17:00")), self.rules, visit=visit, busy=busy, start=start, now=self.now)
        assert found is reason

    def test_the_start_may_carry_any_offset(self) -> None:
        tokyo = timezone(timedelta(hours=9))
        assert self.refuse(datetime(2026, 3, 10, 21, 0, tzinfo=tokyo)) is None
        assert self.refuse(datetime(2026, 3, 10, 12, 0, tzinfo=tokyo)) is SlotRefusal.PAST

    def test_the_ends_of_the_calendar_are_refused_not_raised(self) -> None:
        west, east = timezone(timedelta(hours=-12)), timezone(timedelta(hours=14))
        assert self.refuse(datetime.max.replace(tzinfo=west)) is SlotRefusal.TOO_FAR
        assert self.refuse(datetime.min.replace(tzinfo=east)) is SlotRefusal.PAST


class TestNearest:
    slots = tuple(at(f"2026-03-10 {hour:02d}:00") for hour in (8, 9, 11, 12, 15, 16))

    def test_the_closest_in_time_order(self) -> None:
        assert labels(nearest(self.slots, at("2026-03-10 10:30"), limit=3)) == ["09:00", "11:00", "12:00"]

    def test_of_two_equally_close_the_earlier_wins(self) -> None:
        assert labels(nearest(reversed(self.slots), at("2026-03-10 10:00"), limit=1)) == ["09:00"]

    def test_five_unless_told_and_all_when_there_are_fewer(self) -> None:
        assert len(nearest(self.slots, self.slots[0])) == 5
        assert nearest(self.slots[:2], self.slots[0]) == list(self.slots[:2])
        assert nearest([], self.slots[0]) == []


class TestDaysOfMonth:
    @pytest.mark.parametrize(
        ("year", "month", "length"), [(2026, 2, 28), (2028, 2, 29), (2026, 12, 31), (9999, 12, 31)]
    )
    def test_every_day_in_order(self, year: int, month: int, length: int) -> None:
        days = days_of_month(year, month)
        assert (len(days), days[0], days[-1]) == (length, date(year, month, 1), date(year, month, length))
        assert all(later - earlier == timedelta(days=1) for earlier, later in pairwise(days))

    @pytest.mark.parametrize(("year", "month"), [(2026, 13), (2026, 0), (0, 1), (10_000, 1)])
    def test_no_such_month(self, year: int, month: int) -> None:
        with pytest.raises(ValueError, match=r"month|year"):
            days_of_month(year, month)


class TestReadsWallTime:
    def test_an_ordinary_time(self) -> None:
        assert reads_wall_time(datetime(2026, 7, 1, 9, 30), PARIS) == at("2026-07-01 07:30")

    def test_a_skipped_time_does_not_exist(self) -> None:
        assert reads_wall_time(datetime(2026, 3, 8, 2, 0), NEW_YORK) is None
        assert reads_wall_time(datetime(2026, 3, 8, 2, 59, 59), NEW_YORK) is None
        assert reads_wall_time(datetime(2026, 3, 8, 3, 0), NEW_YORK) == at("2026-03-08 07:00")

    @pytest.mark.parametrize("fold", [0, 1])
    def test_a_repeated_time_is_the_first(self, fold: int) -> None:
        assert reads_wall_time(datetime(2026, 11, 1, 1, 30, fold=fold), NEW_YORK) == at("2026-11-01 05:30")

    def test_beyond_the_calendar(self) -> None:
        assert reads_wall_time(datetime.max, NEW_YORK) is None
        assert reads_wall_time(datetime.min, KOLKATA) is None

    def test_a_time_with_an_offset_is_no_wall_time(self) -> None:
        with pytest.raises(ValueError, match="offset"):
            reads_wall_time(LONG_BEFORE, NEW_YORK)


against_the_oracle = settings(max_examples=300, deadline=None, derandomize=True)


class TestAgainstTheOracle:
    @against_the_oracle
    @given(days_to_book())
    def test_working_intervals_hold_exactly_the_worked_minutes(
        self, to_book: tuple[Schedule, BookingRules, date]
    ) -> None:
        schedule, rules, day = to_book
        minutes = minutes_of_day(day, rules.zone)
        intervals = working_intervals(schedule, rules, day)
        inside = {
            minute
            for minute in minutes
            if any(each.start <= minute and minute + ONE_MINUTE <= each.end for each in intervals)
        }
        assert inside == worked_minutes(schedule, rules, day)
        assert all(each.start < each.end for each in intervals)
        assert all(earlier.end < later.start for earlier, later in pairwise(intervals))

    @against_the_oracle
    @given(days_to_book(), visits, leads, st.data())
    def test_open_slots_and_refusal_agree_with_it(
        self, to_book: tuple[Schedule, BookingRules, date], visit: Visit, lead: timedelta, data: st.DataObject
    ) -> None:
        schedule, rules, day = to_book
        busy = data.draw(intervals_near(day, most=12))
        now = datetime(day.year, day.month, day.day, tzinfo=UTC) - lead
        expected = slots_of_day(schedule, rules, visit=visit, busy=busy, day=day, now=now)

        found = open_slots(schedule, rules, visit=visit, busy=busy, days=[day], now=now)
        assert found == ({day: expected} if expected else {})

        bookable = [
            start
            for start in minutes_of_day(day, rules.zone)
            if start.minute % 5 == 0 and refusal(schedule, rules, visit=visit, busy=busy, start=start, now=now) is None
        ]
        assert bookable == expected

    @against_the_oracle
    @given(st.sampled_from(PLACES), st.integers(-1440, 2880))
    def test_a_wall_time_is_the_first_minute_that_shows_it(self, place: tuple[ZoneInfo, date], minute: int) -> None:
        zone, day = place
        wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)
        shown = [each for each, label in minutes_of_day(wall.date(), zone).items() if label == f"{wall:%H:%M}"]
        assert reads_wall_time(wall, zone) == (shown[0] if shown else None)
        assert all(wall_label(each, zone) == f"{wall:%H:%M}" for each in shown)
