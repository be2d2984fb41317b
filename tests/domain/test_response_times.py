"""By when an answer is due: emergencies by the clock, the rest in opening hours (domain.md section 6)."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.domain.response_times import due_at
from app.domain.schedules import BookingRules, Schedule
from app.models.enums import HandoffPriority

ZONE = ZoneInfo("America/New_York")
OFFICE = Schedule(
    weekly=dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), (("09:00", "12:00"), ("13:00", "17:00"))),
    overrides={},
    time_off=(),
)
RULES = BookingRules(zone=ZONE, holidays=frozenset({date(2026, 11, 26)}))
NORMAL, URGENT = HandoffPriority.NORMAL, HandoffPriority.URGENT


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


class TestNormal:
    @pytest.mark.parametrize(
        ("came", "due"),
        [
            ("2026-11-23 13:00", "2026-11-23 17:00"),
            ("2026-11-23 09:30", "2026-11-23 14:30"),  # lunch does not count
            ("2026-11-23 16:30", "2026-11-24 13:30"),
            ("2026-11-27 16:00", "2026-11-30 12:00"),  # over the weekend
            ("2026-11-28 20:00", "2026-11-30 14:00"),
            ("2026-11-25 16:00", "2026-11-27 12:00"),  # over a holiday
            ("2026-11-24 03:00", "2026-11-24 14:00"),
        ],
    )
    def test_four_opening_hours(self, came: str, due: str) -> None:
        assert due_at(local(came), NORMAL, opening=OFFICE, rules=RULES) == local(due)

    def test_the_day_on_which_the_clock_changes(self) -> None:
        nights = Schedule(weekly={"sun": (("00:00", "24:00"),)}, overrides={}, time_off=())
        came = local("2026-11-01 00:30")
        assert due_at(came, NORMAL, opening=nights, rules=RULES) == came + timedelta(hours=4)

    def test_a_clinic_that_never_opens_has_a_day(self) -> None:
        closed = Schedule(weekly={}, overrides={}, time_off=())
        came = local("2026-11-23 10:00")
        assert due_at(came, NORMAL, opening=closed, rules=RULES) == came + timedelta(days=1)


class TestUrgent:
    @pytest.mark.parametrize("came", ["2026-11-23 10:00", "2026-11-28 03:00"])
    def test_a_quarter_of_an_hour_day_and_night(self, came: str) -> None:
        assert due_at(local(came), URGENT, opening=OFFICE, rules=RULES) == local(came) + timedelta(minutes=15)
