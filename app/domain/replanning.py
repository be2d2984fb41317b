"""What a new outreach policy means for an attempt that waits already (domain.md section 5, D-16). Pure."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.domain.outreach import OutreachRules, next_attempt_at, next_opening

SAME_MOMENT = timedelta(minutes=1)
"""The stamp of a sent attempt and its plan are taken one after the other, not at one instant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingAttempt:
    """One campaign that waits for its next step."""

    planned_at: datetime
    """`follow_up_details.next_attempt_at`: not before this instant."""
    held_until: datetime
    """Since it fell due outside the sending window: not before that one opens."""
    attempts_made: int
    last_sent_at: datetime | None
    """When the last attempt left; None before the first one, and for a nudge."""
    is_closing: bool
    """True when no attempt is left: then the campaign is closed, which asks for no sending window."""


def replanned(attempt: WaitingAttempt, rules: OutreachRules, former: Collection[tuple[int, ...]]) -> datetime:
    """When the next step is planned under the new spacing.

    Only a plan that a former spacing made follows. What something else decided (a limit, a person's answer, a failure,
    the nudge) stays as it is.
    """
    sent_at, made = attempt.last_sent_at, attempt.attempts_made
    if sent_at is None or made < 1:
        return attempt.planned_at
    for spacing in former:
        by_spacing = next_attempt_at(replace(rules, spacing_days=spacing), attempts_made=made, sent_at=sent_at)
        if abs(by_spacing - attempt.planned_at) <= SAME_MOMENT:
            return next_attempt_at(rules, attempts_made=made, sent_at=sent_at)
    return attempt.planned_at


def earliest_step(attempt: WaitingAttempt, rules: OutreachRules, now: datetime) -> datetime | None:
    """When the next step can happen at the earliest; None when the window never opens.

    The limits per patient and household are asked at the moment itself and may make it later.
    """
    ready = max(now, attempt.planned_at, attempt.held_until)
    return ready if attempt.is_closing else next_opening(rules, ready)
