"""The one transition table of a campaign (domain.md section 3). Everything that moves a status asks here first."""

from dataclasses import dataclass
from enum import StrEnum

from app.models.enums import CampaignStatus as S
from app.models.enums import CloseReason


class CampaignEvent(StrEnum):
    ATTEMPT_SENT = "attempt_sent"
    ATTEMPTS_EXHAUSTED = "attempts_exhausted"
    PATIENT_REPLIED = "patient_replied"
    PATIENT_RECONSIDERED = "patient_reconsidered"
    PATIENT_DECLINED = "patient_declined"
    HUMAN_NEEDED = "human_needed"
    PATIENT_BOOKED = "patient_booked"
    VISIT_COMPLETED = "visit_completed"
    APPOINTMENT_WITHDRAWN = "appointment_withdrawn"
    STAFF_RELEASED = "staff_released"
    STAFF_KEPT = "staff_kept"
    STAFF_FINISHED = "staff_finished"
    STAFF_DECLINED = "staff_declined"
    OPTED_OUT = "opted_out"
    BOOKED_ELSEWHERE = "booked_elsewhere"


@dataclass(frozen=True, slots=True)
class Transition:
    """One line of the table; `by_staff` says whether a person may ask for it by naming the target status."""

    sources: frozenset[S]
    event: CampaignEvent
    target: S
    by_staff: bool = False
    close_reason: CloseReason | None = None


ACTIVE = frozenset({S.ATTEMPTING_RECOVERY, S.RE_ENGAGED, S.HANDOFF_REQUIRED, S.BOOKING_INITIATED})
CLOSED = frozenset(S) - ACTIVE


def _row(
    sources: frozenset[S] | S,
    event: CampaignEvent,
    target: S,
    *,
    by_staff: bool = False,
    close_reason: CloseReason | None = None,
) -> Transition:
    origin = frozenset({sources}) if isinstance(sources, S) else sources
    return Transition(origin, event, target, by_staff, close_reason)


E = CampaignEvent
TRANSITIONS: tuple[Transition, ...] = (
    _row(S.ATTEMPTING_RECOVERY, E.ATTEMPT_SENT, S.ATTEMPTING_RECOVERY),
    _row(S.ATTEMPTING_RECOVERY, E.ATTEMPTS_EXHAUSTED, S.RECOVERY_FAILED, close_reason=CloseReason.UNRESPONSIVE),
    _row(frozenset({S.ATTEMPTING_RECOVERY, S.RECOVERY_FAILED}), E.PATIENT_REPLIED, S.RE_ENGAGED, by_staff=True),
    _row(S.RECOVERY_DECLINED, E.PATIENT_RECONSIDERED, S.RE_ENGAGED),
    _row(S.RE_ENGAGED, E.PATIENT_DECLINED, S.RECOVERY_DECLINED, by_staff=True, close_reason=CloseReason.DECLINED),
    _row(S.RE_ENGAGED, E.HUMAN_NEEDED, S.HANDOFF_REQUIRED, by_staff=True),
    _row(frozenset({S.ATTEMPTING_RECOVERY, S.RE_ENGAGED, S.HANDOFF_REQUIRED}), E.PATIENT_BOOKED, S.BOOKING_INITIATED),
    _row(S.BOOKING_INITIATED, E.VISIT_COMPLETED, S.RECOVERED, close_reason=CloseReason.CONVERTED),
    _row(S.BOOKING_INITIATED, E.APPOINTMENT_WITHDRAWN, S.RE_ENGAGED),
    _row(S.HANDOFF_REQUIRED, E.STAFF_RELEASED, S.RE_ENGAGED, by_staff=True),
    _row(S.HANDOFF_REQUIRED, E.STAFF_KEPT, S.HANDOFF_REQUIRED, by_staff=True),
    _row(
        S.HANDOFF_REQUIRED,
        E.STAFF_FINISHED,
        S.MANUAL_FOLLOWUP_COMPLETE,
        by_staff=True,
        close_reason=CloseReason.FOLLOWED_UP,
    ),
    _row(S.HANDOFF_REQUIRED, E.STAFF_DECLINED, S.RECOVERY_DECLINED, by_staff=True, close_reason=CloseReason.DECLINED),
    _row(ACTIVE, E.OPTED_OUT, S.RECOVERY_DECLINED, close_reason=CloseReason.OPTED_OUT),
    _row(ACTIVE, E.BOOKED_ELSEWHERE, S.BOOKING_COMPLETED, by_staff=True, close_reason=CloseReason.BOOKED_ELSEWHERE),
)

_BY_EVENT = {(source, row.event): row for row in TRANSITIONS for source in row.sources}
_BY_STAFF = {(source, row.target): row for row in TRANSITIONS if row.by_staff for source in row.sources}

STATUS_ALIASES = {"RECOVERY_UNRESPONSIVE": S.RECOVERY_FAILED}
"""Names that filters accept for a status (D-02)."""


def transition(source: S, event: CampaignEvent) -> Transition | None:
    """The row for this event in this state, or None when the table has no such move."""
    return _BY_EVENT.get((source, event))


def staff_transition(source: S, target: S) -> Transition | None:
    """The row by which a person may take a campaign to `target`, or None."""
    return _BY_STAFF.get((source, target))


def staff_targets(source: S) -> list[S]:
    """The statuses that a person may choose next, in the table's order (the `allowed` of a 409)."""
    return [target for (origin, target) in _BY_STAFF if origin is source]
