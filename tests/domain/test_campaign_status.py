"""Every pair of state and event, and of state and staff target, against domain.md section 3 written out once more."""

from itertools import product

import pytest

from app.domain import campaign_status
from app.domain.campaign_status import ACTIVE, CLOSED, STATUS_ALIASES, CampaignEvent, staff_targets, staff_transition
from app.models.campaigns import ACTIVE_STATUSES
from app.models.enums import CampaignStatus

ACTIVE_WORDS = ("ATTEMPTING_RECOVERY", "RE_ENGAGED", "HANDOFF_REQUIRED", "BOOKING_INITIATED")
CLOSED_WORDS = (
    "RECOVERED",
    "RECOVERY_FAILED",
    "RECOVERY_DECLINED",
    "MANUAL_FOLLOWUP_COMPLETE",
    "BOOKING_COMPLETED",
)

# state -> event -> (next state, close reason); whatever is not here must be refused.
BY_EVENT: dict[str, dict[str, tuple[str, str | None]]] = {
    "ATTEMPTING_RECOVERY": {
        "attempt_sent": ("ATTEMPTING_RECOVERY", None),
        "attempts_exhausted": ("RECOVERY_FAILED", "unresponsive"),
        "patient_replied": ("RE_ENGAGED", None),
        "patient_booked": ("BOOKING_INITIATED", None),
        "opted_out": ("RECOVERY_DECLINED", "opted_out"),
        "booked_elsewhere": ("BOOKING_COMPLETED", "booked_elsewhere"),
    },
    "RE_ENGAGED": {
        "patient_declined": ("RECOVERY_DECLINED", "declined"),
        "human_needed": ("HANDOFF_REQUIRED", None),
        "patient_booked": ("BOOKING_INITIATED", None),
        "opted_out": ("RECOVERY_DECLINED", "opted_out"),
        "booked_elsewhere": ("BOOKING_COMPLETED", "booked_elsewhere"),
    },
    "HANDOFF_REQUIRED": {
        "patient_booked": ("BOOKING_INITIATED", None),
        "staff_released": ("RE_ENGAGED", None),
        "staff_kept": ("HANDOFF_REQUIRED", None),
        "staff_finished": ("MANUAL_FOLLOWUP_COMPLETE", "followed_up"),
        "staff_declined": ("RECOVERY_DECLINED", "declined"),
        "opted_out": ("RECOVERY_DECLINED", "opted_out"),
        "booked_elsewhere": ("BOOKING_COMPLETED", "booked_elsewhere"),
    },
    "BOOKING_INITIATED": {
        "visit_completed": ("RECOVERED", "converted"),
        "appointment_withdrawn": ("RE_ENGAGED", None),
        "opted_out": ("RECOVERY_DECLINED", "opted_out"),
        "booked_elsewhere": ("BOOKING_COMPLETED", "booked_elsewhere"),
    },
    "RECOVERED": {},
    "RECOVERY_FAILED": {"patient_replied": ("RE_ENGAGED", None)},
    "RECOVERY_DECLINED": {"patient_reconsidered": ("RE_ENGAGED", None)},
    "MANUAL_FOLLOWUP_COMPLETE": {},
    "BOOKING_COMPLETED": {},
}

# state -> the states that a person may name.
BY_STAFF: dict[str, set[str]] = {
    "ATTEMPTING_RECOVERY": {"RE_ENGAGED", "BOOKING_COMPLETED"},
    "RE_ENGAGED": {"RECOVERY_DECLINED", "HANDOFF_REQUIRED", "BOOKING_COMPLETED"},
    "HANDOFF_REQUIRED": {
        "RE_ENGAGED",
        "HANDOFF_REQUIRED",
        "MANUAL_FOLLOWUP_COMPLETE",
        "RECOVERY_DECLINED",
        "BOOKING_COMPLETED",
    },
    "BOOKING_INITIATED": {"BOOKING_COMPLETED"},
    "RECOVERY_FAILED": {"RE_ENGAGED"},
}


class TestTransition:
    def test_the_table_above_names_every_state_and_only_known_events(self) -> None:
        assert set(BY_EVENT) == set(CampaignStatus) == {*ACTIVE_WORDS, *CLOSED_WORDS}
        assert {event for moves in BY_EVENT.values() for event in moves} == set(CampaignEvent)

    @pytest.mark.parametrize(("source", "event"), list(product(CampaignStatus, CampaignEvent)))
    def test_every_state_and_event(self, source: CampaignStatus, event: CampaignEvent) -> None:
        row = campaign_status.transition(source, event)
        wanted = BY_EVENT[source].get(event)
        assert (None if row is None else (row.target, row.close_reason)) == wanted

    def test_a_close_reason_stands_exactly_where_a_move_closes(self) -> None:
        for row in campaign_status.TRANSITIONS:
            assert (row.close_reason is not None) == (row.target in CLOSED), row


class TestStaffTransition:
    @pytest.mark.parametrize(("source", "target"), list(product(CampaignStatus, CampaignStatus)))
    def test_every_state_and_target(self, source: CampaignStatus, target: CampaignStatus) -> None:
        row = staff_transition(source, target)
        assert (row is not None) == (target in BY_STAFF.get(source, set()))
        assert row is None or (source in row.sources and row.target is target)

    @pytest.mark.parametrize("source", list(CampaignStatus))
    def test_the_allowed_list_names_exactly_the_possible_targets(self, source: CampaignStatus) -> None:
        targets = staff_targets(source)
        assert set(targets) == BY_STAFF.get(source, set())
        assert len(targets) == len(set(targets))

    @pytest.mark.parametrize("target", ["RECOVERED", "BOOKING_INITIATED", "RECOVERY_FAILED"])
    def test_nobody_can_claim_a_conversion_a_booking_or_silence_by_hand(self, target: str) -> None:
        assert all(staff_transition(source, CampaignStatus(target)) is None for source in CampaignStatus)


class TestActiveAndClosed:
    def test_the_two_groups_are_those_of_the_rules(self) -> None:
        assert set(ACTIVE_WORDS) == ACTIVE
        assert set(CLOSED_WORDS) == CLOSED

    def test_the_unique_index_and_the_table_mean_the_same_states(self) -> None:
        assert set(ACTIVE_STATUSES) == ACTIVE

    def test_unresponsive_is_an_alias_of_failed(self) -> None:
        assert STATUS_ALIASES == {"RECOVERY_UNRESPONSIVE": CampaignStatus.RECOVERY_FAILED}
