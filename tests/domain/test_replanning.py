"""A new policy moves a waiting attempt only where the former spacing planned it (domain.md section 5)."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.domain.outreach import OutreachRules
from app.domain.replanning import WaitingAttempt, earliest_step, replanned

NEW_YORK = ZoneInfo("America/New_York")
MONDAY_TEN = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
"""10:00 in New York."""
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
FORMER = [(3, 7, 14)]
RULES = OutreachRules(
    zone=NEW_YORK,
    send_from=time(9),
    send_until=time(19),
    send_days=frozenset({"mon", "tue", "wed", "thu", "fri"}),
    holidays=frozenset(),
    spacing_days=(5, 9, 20),
    max_attempts=3,
    max_per_day=1,
    max_per_week=3,
    cool_down_days=180,
    max_recovery_campaigns=3,
    nudge_after_days=3,
)


def waiting(
    *, made: int = 1, days: float = 3, sent_at: datetime | None = MONDAY_TEN, closing: bool = False
) -> WaitingAttempt:
    return WaitingAttempt(
        planned_at=MONDAY_TEN + timedelta(days=days),
        held_until=LONG_AGO,
        attempts_made=made,
        last_sent_at=sent_at,
        is_closing=closing,
    )


class TestReplanned:
    @pytest.mark.parametrize(("made", "days", "new_days"), [(1, 3, 5), (2, 7, 9), (3, 14, 20)])
    def test_a_plan_of_the_former_spacing_follows(self, made: int, days: int, new_days: int) -> None:
        assert replanned(waiting(made=made, days=days), RULES, FORMER) == MONDAY_TEN + timedelta(days=new_days)

    @pytest.mark.parametrize(
        "attempt",
        [
            waiting(days=3.5),  # a limit put it off
            waiting(made=2, days=3),  # the wait of another attempt
            waiting(made=0, days=0, sent_at=None),  # the first message
            waiting(sent_at=None),  # a nudge
        ],
    )
    def test_what_something_else_decided_stays(self, attempt: WaitingAttempt) -> None:
        assert replanned(attempt, RULES, FORMER) == attempt.planned_at

    def test_the_same_again_changes_nothing(self) -> None:
        moved = replace(waiting(), planned_at=replanned(waiting(), RULES, FORMER))
        assert replanned(moved, RULES, FORMER) == moved.planned_at

    def test_the_plan_may_be_a_moment_off_the_stamp(self) -> None:
        attempt = waiting(days=3 + 2 / 86_400)
        assert replanned(attempt, RULES, FORMER) == MONDAY_TEN + timedelta(days=5)

    def test_every_former_spacing_of_an_unfinished_change_counts(self) -> None:
        for days in (3, 4):
            moved = replanned(waiting(days=days), RULES, [(3, 7, 14), (4, 8)])
            assert moved == MONDAY_TEN + timedelta(days=5)

    def test_a_short_list_repeats_its_last_wait(self) -> None:
        assert replanned(waiting(made=3, days=14), replace(RULES, spacing_days=(2,)), FORMER) == (
            MONDAY_TEN + timedelta(days=2)
        )


class TestEarliestStep:
    def test_inside_the_window_it_is_the_plan(self) -> None:
        assert earliest_step(waiting(days=1), RULES, MONDAY_TEN) == MONDAY_TEN + timedelta(days=1)

    def test_outside_it_waits_for_the_next_one(self) -> None:
        monday = datetime(2026, 11, 30, 9, tzinfo=NEW_YORK)
        assert earliest_step(waiting(days=5), RULES, MONDAY_TEN) == monday  # Saturday

    def test_a_holiday_is_no_sending_day(self) -> None:
        rules = replace(RULES, holidays=frozenset({date(2026, 11, 24)}))
        assert earliest_step(waiting(days=1), rules, MONDAY_TEN) == datetime(2026, 11, 25, 9, tzinfo=NEW_YORK)

    def test_a_held_step_waits_for_the_end_of_its_hold(self) -> None:
        attempt = replace(waiting(days=-1), held_until=MONDAY_TEN + timedelta(hours=2))
        assert earliest_step(attempt, RULES, MONDAY_TEN) == MONDAY_TEN + timedelta(hours=2)

    def test_closing_asks_for_no_window(self) -> None:
        saturday = MONDAY_TEN + timedelta(days=5)
        assert earliest_step(waiting(days=5, closing=True), RULES, MONDAY_TEN) == saturday

    def test_what_is_overdue_happens_now(self) -> None:
        assert earliest_step(waiting(days=-4), RULES, MONDAY_TEN) == MONDAY_TEN

    def test_a_window_that_never_opens(self) -> None:
        assert earliest_step(waiting(), replace(RULES, send_days=frozenset()), MONDAY_TEN) is None
