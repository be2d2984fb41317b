"""What a change of the clinic does not do, in sentences for the person who is about to make it. One row for each."""

from collections.abc import Callable
from datetime import datetime

from app.domain.outreach import next_opening
from app.models.clinic import Clinic
from app.services.policies import outreach_rules

Sentence = str | None
Rule = Callable[[Clinic, Clinic, datetime], Sentence]


def _unused_spacing(_: Clinic, updated: Clinic, __: datetime) -> Sentence:
    policy = updated.outreach
    if len(policy.spacing_days) <= policy.max_attempts:
        return None
    return (
        f"spacing_days names {len(policy.spacing_days)} waits for {policy.max_attempts} attempts: "
        "each is the wait after one attempt, so the last ones are never used."
    )


def _repeated_spacing(_: Clinic, updated: Clinic, __: datetime) -> Sentence:
    policy = updated.outreach
    if len(policy.spacing_days) >= policy.max_attempts:
        return None
    return (
        f"spacing_days names {len(policy.spacing_days)} waits for {policy.max_attempts} attempts: "
        f"the last one, {policy.spacing_days[-1]} days, repeats."
    )


def _running_campaigns(stored: Clinic, updated: Clinic, _: datetime) -> Sentence:
    if stored.outreach.max_attempts == updated.outreach.max_attempts:
        return None
    return "Campaigns that run already keep the number of attempts with which they began."


def _planned_nudges(stored: Clinic, updated: Clinic, _: datetime) -> Sentence:
    if stored.outreach.nudge_after_days == updated.outreach.nudge_after_days:
        return None
    return "Reminders of a booking link that are planned already keep their day."


def _closed_window(_: Clinic, updated: Clinic, at: datetime) -> Sentence:
    if next_opening(outreach_rules(updated), at):
        return None
    return "The sending days and holidays leave no day in the coming year: no first message would ever go out."


def _late_daily_job(stored: Clinic, updated: Clinic, _: datetime) -> Sentence:
    policy = updated.outreach
    if policy.send_from <= policy.daily_run_at < policy.send_until or stored.outreach == policy:
        return None
    return "The daily job runs outside the sending hours: its messages wait until these begin."


def _daily_hour(stored: Clinic, updated: Clinic, _: datetime) -> Sentence:
    if stored.outreach.daily_run_at == updated.outreach.daily_run_at:
        return None
    return "The daily job runs once a day: if it has run today, the new hour counts from tomorrow."


def _zone(stored: Clinic, updated: Clinic, _: datetime) -> Sentence:
    if stored.time_zone == updated.time_zone:
        return None
    return (
        "Opening hours and providers' working hours are read in the new time zone; booked visits and time off keep "
        "their instant and so show another time on the wall."
    )


def _region(stored: Clinic, updated: Clinic, _: datetime) -> Sentence:
    if stored.region == updated.region:
        return None
    return "Phone numbers that are stored keep their country; only new ones are read in the new region."


def _replaced_plan(stored: Clinic, updated: Clinic, _: datetime) -> Sentence:
    if stored.pending is None or updated.pending == stored.pending:
        return None
    return f"The change planned for {stored.pending.effective_from.isoformat()} is taken back."


RULES: tuple[Rule, ...] = (
    _unused_spacing,
    _repeated_spacing,
    _running_campaigns,
    _planned_nudges,
    _closed_window,
    _late_daily_job,
    _daily_hour,
    _zone,
    _region,
    _replaced_plan,
)


def warnings(stored: Clinic, updated: Clinic, at: datetime) -> list[str]:
    """Every sentence that fits the change from one clinic to the other at an instant."""
    return [sentence for rule in RULES if (sentence := rule(stored, updated, at))]
