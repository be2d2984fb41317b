"""May we write now, and when is somebody due: every rule of domain.md sections 4 and 5, by values."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.domain.outreach import (
    ContactFacts,
    OutreachRules,
    PatientFacts,
    Verb,
    Verdict,
    campaign_type_for,
    choose_route,
    may_contact,
    next_attempt_at,
    next_opening,
    outreach_due_at,
)
from app.models.enums import CampaignStatus as S
from app.models.enums import CampaignType, ChannelType, PatientType

NEW_YORK = ZoneInfo("America/New_York")
OFFICE_DAYS = frozenset({"mon", "tue", "wed", "thu", "fri"})
RULES = OutreachRules(
    zone=NEW_YORK,
    send_from=time(9),
    send_until=time(19),
    send_days=OFFICE_DAYS,
    holidays=frozenset({date(2026, 11, 26)}),
    spacing_days=(3, 7, 14),
    max_attempts=3,
    max_per_day=1,
    max_per_week=3,
    cool_down_days=180,
    max_recovery_campaigns=3,
    nudge_after_days=3,
)
EVERY_DAY = replace(RULES, send_days=OFFICE_DAYS | {"sat", "sun"})


def at(wall: str) -> datetime:
    """A New York wall time as an aware UTC instant."""
    return datetime.fromisoformat(wall).replace(tzinfo=NEW_YORK).astimezone(UTC)


MONDAY = at("2026-11-23 10:00")


def facts(**changes: Any) -> ContactFacts:
    values: dict[str, Any] = {
        "status": S.ATTEMPTING_RECOVERY,
        "expected_status": S.ATTEMPTING_RECOVERY,
        "has_address": True,
        "is_suppressed": False,
        "has_future_visit": False,
        "has_unread_reply": False,
        "sent_to_patient": (),
        "inbox_written_today": False,
    }
    return ContactFacts(**(values | changes))


class TestNextOpening:
    @pytest.mark.parametrize(
        ("now", "opening"),
        [
            ("2026-11-23 09:00", "2026-11-23 09:00"),
            ("2026-11-23 18:59", "2026-11-23 18:59"),
            ("2026-11-23 08:59", "2026-11-23 09:00"),
            ("2026-11-23 19:00", "2026-11-24 09:00"),  # the end is not in the window
            ("2026-11-20 19:00", "2026-11-23 09:00"),  # Friday evening
            ("2026-11-21 12:00", "2026-11-23 09:00"),  # Saturday
            ("2026-11-25 20:00", "2026-11-27 09:00"),  # the day before Thanksgiving
            ("2026-11-26 12:00", "2026-11-27 09:00"),  # the holiday itself
        ],
    )
    def test_weekdays_hours_and_holidays(self, now: str, opening: str) -> None:
        assert next_opening(RULES, at(now)) == at(opening)

    @pytest.mark.parametrize(
        ("now", "opening_utc"),
        [
            ("2026-03-07 20:00", datetime(2026, 3, 8, 13, 0, tzinfo=UTC)),  # the clocks go forward: 09:00 is 13:00Z
            ("2026-03-06 20:00", datetime(2026, 3, 7, 14, 0, tzinfo=UTC)),
            ("2026-10-31 20:00", datetime(2026, 11, 1, 14, 0, tzinfo=UTC)),  # the clocks go back: 09:00 is 14:00Z
            ("2026-10-30 20:00", datetime(2026, 10, 31, 13, 0, tzinfo=UTC)),
        ],
    )
    def test_the_opening_is_nine_on_the_wall_on_both_clock_change_days(self, now: str, opening_utc: datetime) -> None:
        assert next_opening(EVERY_DAY, at(now)) == opening_utc

    def test_the_clock_change_days_have_23_and_25_hours_between_openings(self) -> None:
        openings = [
            next_opening(EVERY_DAY, at(f"{day} 05:00")) or MONDAY for day in ("2026-03-07", "2026-03-08", "2026-03-09")
        ]
        assert [later - earlier for earlier, later in pairwise(openings)] == [timedelta(hours=23), timedelta(hours=24)]
        autumn = [
            next_opening(EVERY_DAY, at(f"{day} 05:00")) or MONDAY for day in ("2026-10-31", "2026-11-01", "2026-11-02")
        ]
        assert [later - earlier for earlier, later in pairwise(autumn)] == [timedelta(hours=25), timedelta(hours=24)]

    def test_not_today_skips_the_rest_of_the_day(self) -> None:
        assert next_opening(RULES, MONDAY, not_today=True) == at("2026-11-24 09:00")

    def test_a_window_that_never_opens_is_none(self) -> None:
        assert next_opening(replace(RULES, send_days=frozenset()), MONDAY) is None

    def test_a_window_until_midnight_includes_the_last_minute(self) -> None:
        late = replace(RULES, send_until=time.max)
        assert next_opening(late, at("2026-11-23 23:59")) == at("2026-11-23 23:59")


class TestMayContact:
    def test_everything_in_order_sends(self) -> None:
        assert may_contact(facts(), RULES, MONDAY) == Verdict(Verb.SEND, "all_rules_passed")

    @pytest.mark.parametrize(
        ("change", "rule"),
        [
            ({"status": S.RE_ENGAGED}, "status_changed"),
            ({"is_suppressed": True}, "opted_out"),
            ({"has_address": False}, "no_usable_address"),
            ({"has_future_visit": True}, "future_visit_booked"),
            ({"has_unread_reply": True}, "reply_received"),
        ],
    )
    def test_each_refusal_names_its_rule(self, change: dict[str, Any], rule: str) -> None:
        assert may_contact(facts(**change), RULES, MONDAY) == Verdict(Verb.REFUSE, rule)

    def test_refusals_speak_in_a_fixed_order_and_before_every_limit(self) -> None:
        order: list[tuple[str, dict[str, Any]]] = [
            ("status_changed", {"status": S.RE_ENGAGED}),
            ("opted_out", {"is_suppressed": True}),
            ("no_usable_address", {"has_address": False}),
            ("future_visit_booked", {"has_future_visit": True}),
            ("reply_received", {"has_unread_reply": True}),
            ("daily_limit", {"sent_to_patient": (MONDAY,)}),
            ("household_written_today", {"inbox_written_today": True}),
            ("outside_sending_window", {}),
        ]
        for index, (rule, _) in enumerate(order):
            change = {key: value for _, changes in order[index:] for key, value in changes.items()}
            assert may_contact(facts(**change), RULES, at("2026-11-23 20:00")).rule == rule

    def test_outside_the_window_holds_until_it_opens(self) -> None:
        verdict = may_contact(facts(), RULES, at("2026-11-20 19:30"))
        assert verdict == Verdict(Verb.HOLD, "outside_sending_window", at("2026-11-23 09:00"))

    def test_ignore_window_lifts_the_window_and_nothing_else(self) -> None:
        evening = at("2026-11-23 20:00")
        assert may_contact(facts(), RULES, evening, ignore_window=True).verb is Verb.SEND
        limited = facts(sent_to_patient=(evening - timedelta(hours=2),))
        assert may_contact(limited, RULES, evening, ignore_window=True).rule == "daily_limit"
        assert may_contact(facts(is_suppressed=True), RULES, evening, ignore_window=True).verb is Verb.REFUSE


class TestLimits:
    def test_one_message_a_day_waits_for_tomorrows_window(self) -> None:
        verdict = may_contact(facts(sent_to_patient=(at("2026-11-23 09:01"),)), RULES, MONDAY)
        assert verdict == Verdict(Verb.POSTPONE, "daily_limit", at("2026-11-24 09:00"))

    def test_the_day_is_the_clinics_not_utcs(self) -> None:
        sunday_evening = at("2026-11-22 21:00")  # already Monday in UTC
        assert may_contact(facts(sent_to_patient=(sunday_evening,)), RULES, MONDAY).verb is Verb.SEND

    def test_three_in_seven_days_wait_until_the_oldest_is_a_week_old(self) -> None:
        sent = (at("2026-11-18 15:00"), at("2026-11-19 10:00"), at("2026-11-20 10:00"))
        verdict = may_contact(facts(sent_to_patient=sent), RULES, MONDAY)
        assert verdict == Verdict(Verb.POSTPONE, "weekly_limit", at("2026-11-25 15:00"))

    def test_a_week_that_ends_outside_the_window_waits_for_the_next_opening(self) -> None:
        sent = (at("2026-11-19 15:00"), at("2026-11-20 10:00"), at("2026-11-20 11:00"))  # Thursday + 7 is the holiday
        assert may_contact(facts(sent_to_patient=sent), RULES, MONDAY).until == at("2026-11-27 09:00")

    def test_a_message_exactly_a_week_old_no_longer_counts(self) -> None:
        sent = (MONDAY - timedelta(days=7), MONDAY - timedelta(days=5), MONDAY - timedelta(days=3))
        assert may_contact(facts(sent_to_patient=sent), RULES, MONDAY).verb is Verb.SEND

    def test_a_household_written_to_today_waits_for_tomorrow(self) -> None:
        verdict = may_contact(facts(inbox_written_today=True), RULES, MONDAY)
        assert verdict == Verdict(Verb.POSTPONE, "household_written_today", at("2026-11-24 09:00"))

    def test_a_clinic_may_allow_two_a_day(self) -> None:
        sent = (at("2026-11-23 09:01"),)
        assert may_contact(facts(sent_to_patient=sent), replace(RULES, max_per_day=2), MONDAY).verb is Verb.SEND


def person(**changes: Any) -> PatientFacts:
    values: dict[str, Any] = {
        "patient_type": PatientType.EXISTING,
        "next_follow_up_on": date(2026, 11, 20),
        "created_at": at("2026-01-05 12:00"),
        "has_active_campaign": False,
        "next_visit_at": None,
        "served_due_dates": frozenset(),
        "recovery_closures": (),
    }
    return PatientFacts(**(values | changes))


def lead(*closures: tuple[S, datetime], **changes: Any) -> PatientFacts:
    fields = {"patient_type": PatientType.COLD_LEAD, "next_follow_up_on": None, "recovery_closures": closures}
    return person(**(fields | changes))


class TestOutreachDueAt:
    def test_recall_is_due_from_the_clinics_midnight_of_the_day(self) -> None:
        assert outreach_due_at(person(), RULES) == at("2026-11-20 00:00")

    @pytest.mark.parametrize(
        "change",
        [
            {"next_follow_up_on": None},
            {"served_due_dates": frozenset({date(2026, 11, 20)})},
            {"has_active_campaign": True},
        ],
    )
    def test_recall_is_never_due(self, change: dict[str, Any]) -> None:
        assert outreach_due_at(person(**change), RULES) is None

    def test_a_new_due_date_is_served_anew(self) -> None:
        assert outreach_due_at(person(served_due_dates=frozenset({date(2026, 5, 20)})), RULES) is not None

    def test_a_future_visit_is_looked_at_again_the_day_after_it(self) -> None:
        visit = at("2026-12-01 10:00")
        assert outreach_due_at(person(next_visit_at=visit), RULES) == visit + timedelta(days=1)

    def test_a_visit_before_the_due_date_changes_nothing(self) -> None:
        soon = person(next_follow_up_on=date(2027, 5, 1), next_visit_at=at("2026-12-01 10:00"))
        assert outreach_due_at(soon, RULES) == at("2027-05-01 00:00")

    def test_a_new_lead_is_due_at_once(self) -> None:
        assert outreach_due_at(lead(), RULES) == at("2026-01-05 12:00")

    @pytest.mark.parametrize("status", [S.RECOVERY_FAILED, S.MANUAL_FOLLOWUP_COMPLETE])
    def test_a_lead_rests_180_days_after_a_campaign_without_success(self, status: S) -> None:
        assert outreach_due_at(lead((status, MONDAY)), RULES) == MONDAY + timedelta(days=180)

    def test_a_lead_who_declined_is_never_written_to_again(self) -> None:
        declined = (S.RECOVERY_FAILED, at("2025-01-05 12:00")), (S.RECOVERY_DECLINED, at("2025-12-05 12:00"))
        assert outreach_due_at(lead(*declined), RULES) is None

    def test_three_campaigns_are_a_lifes_worth(self) -> None:
        closures = tuple((S.RECOVERY_FAILED, MONDAY - timedelta(days=200 * back)) for back in (3, 2, 1))
        assert outreach_due_at(lead(*closures[:2]), RULES) is not None
        assert outreach_due_at(lead(*closures), RULES) is None

    @pytest.mark.parametrize(
        ("patient_type", "campaign_type"),
        [(PatientType.EXISTING, CampaignType.RECALL), (PatientType.COLD_LEAD, CampaignType.RECOVERY)],
    )
    def test_existing_patients_are_recalled_and_leads_recovered(
        self, patient_type: PatientType, campaign_type: CampaignType
    ) -> None:
        assert campaign_type_for(patient_type) is campaign_type


class TestChooseRoute:
    @pytest.mark.parametrize(
        ("preferred", "unusable", "stops", "route"),
        [
            (["email", "sms"], [], [], (ChannelType.EMAIL, "a@example.com")),
            (["sms", "email"], [], [], (ChannelType.SMS, "+12025550123")),
            (["email", "sms"], ["a@example.com"], [], (ChannelType.SMS, "+12025550123")),
            (["email", "whatsapp"], [], ["email"], (ChannelType.WHATSAPP, "+12025550123")),
            (["email"], [], ["email"], None),
            (["email", "sms"], [], ["all"], None),
            ([], [], [], None),
        ],
    )
    def test_the_first_preferred_channel_that_still_works(
        self, preferred: list[str], unusable: list[str], stops: list[str], route: tuple[ChannelType, str] | None
    ) -> None:
        found = choose_route(preferred, email="a@example.com", phone="+12025550123", unusable=unusable, stops=stops)
        assert found == route

    def test_a_channel_without_an_address_is_passed_over(self) -> None:
        assert choose_route(["email", "sms"], email=None, phone=None, unusable=(), stops=()) is None


class TestNextAttemptAt:
    @pytest.mark.parametrize(("made", "days"), [(1, 3), (2, 7), (3, 14), (4, 14)])
    def test_the_spacing_that_follows_each_attempt(self, made: int, days: int) -> None:
        assert next_attempt_at(RULES, attempts_made=made, sent_at=MONDAY) == MONDAY + timedelta(days=days)
