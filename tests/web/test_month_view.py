"""The calendar's look: weeks, neighbours and the two clocks of an autumn night."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.domain.availability import BookingRules
from app.web.month_view import month_to_show, parts_of_day, times_of_day, weeks_of

NEW_YORK = ZoneInfo("America/New_York")
RULES = BookingRules(zone=NEW_YORK, max_horizon=timedelta(days=60))
NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


class TestMonthToShow:
    @pytest.mark.parametrize(
        ("wished", "day", "shown"),
        [
            (None, None, date(2026, 11, 1)),
            (date(2026, 12, 1), None, date(2026, 12, 1)),
            (None, date(2026, 12, 24), date(2026, 12, 1)),
            (date(2026, 1, 1), None, date(2026, 11, 1)),
            (date(2199, 12, 1), None, date(2027, 1, 1)),
        ],
    )
    def test_it_is_the_wish_within_what_can_be_booked(self, wished: date | None, day: date | None, shown: date) -> None:
        assert month_to_show(wished, day, RULES, now=NOW).first == shown

    def test_the_first_and_the_last_month_have_one_neighbour(self) -> None:
        first = month_to_show(None, None, RULES, now=NOW)
        last = month_to_show(date(2199, 12, 1), None, RULES, now=NOW)
        assert (first.previous, first.following) == (None, date(2026, 12, 1))
        assert (last.previous, last.following) == (date(2026, 12, 1), None)

    def test_the_month_is_the_clinics_own(self) -> None:
        still_november = datetime(2026, 12, 1, 4, 59, tzinfo=UTC)
        assert month_to_show(None, None, RULES, now=still_november).first == date(2026, 11, 1)


class TestWeeks:
    @pytest.mark.parametrize(("region", "first"), [("US", date(2026, 11, 1)), ("DE", date(2026, 10, 26))])
    def test_they_begin_with_the_regions_first_day(self, region: str, first: date) -> None:
        month = month_to_show(None, None, RULES, now=NOW)
        assert weeks_of(month, {}, region)[0][0].on == first

    def test_a_day_counts_its_free_times(self) -> None:
        month = month_to_show(None, None, RULES, now=NOW)
        days = [day for week in weeks_of(month, {date(2026, 11, 24): [NOW, NOW]}, "US") for day in week]
        assert [(day.on.day, day.free) for day in days if day.free] == [(24, 2)]
        assert sum(day.in_month for day in days) == 30


class TestTimesOfDay:
    def test_the_hour_that_happens_twice_names_its_offset(self) -> None:
        starts = [datetime(2026, 11, 1, hour, 30, tzinfo=UTC) for hour in (4, 5, 6, 7)]
        times = [(time.hour, time.zone_name) for time in times_of_day(starts, NEW_YORK)]
        assert times == [(0, ""), (1, "EDT"), (1, "EST"), (2, "")]

    def test_times_stand_under_their_part_of_the_day(self) -> None:
        starts = [datetime(2026, 11, 24, hour, 0, tzinfo=UTC) for hour in (14, 16, 17, 22)]
        parts = [(name, [time.hour for time in times]) for name, times in parts_of_day(times_of_day(starts, NEW_YORK))]
        assert parts == [("Morning", [9, 11]), ("Afternoon", [12]), ("Evening", [17])]
