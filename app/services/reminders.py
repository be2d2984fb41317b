"""Reminders of visits: finding those that are due, freezing each once, and the last look before it leaves.

domain.md section 7; the moments are those of app/domain/reminders.py. The sweep reads the visits of a few days by their
date, whatever the clinic's life holds.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pymongo.errors import DuplicateKeyError

from app.context import Context
from app.domain import reminder_wording
from app.domain.outreach import Verb, Verdict
from app.domain.reminder_wording import ReminderFacts
from app.domain.reminders import (
    Lead,
    Planned,
    ReminderRules,
    due,
    is_daytime,
    next_morning,
    plan,
    reminder_rules,
    starts_to_look_at,
)
from app.logging import get_logger
from app.models.appointments import Appointment
from app.models.base import Raw, derived_id
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.enums import (
    AppointmentStatus,
    Author,
    ChannelType,
    ConfirmationStatus,
    DecisionOutcome,
    MessageKind,
)
from app.models.patients import Patient
from app.models.records import Decision
from app.services import audit, confirmations, links, outbox
from app.services.outbox import NewMessage
from app.services.patients import Route
from app.services.sending import Sending
from app.services.visit_messages import is_frozen, reminder_key

log = get_logger(__name__)

GOES = Verdict(Verb.SEND, "reminder_due")


class Outcome(StrEnum):
    """What became of one reminder that is due."""

    QUEUED = "queued"
    REPEATED = "repeated"
    UNREACHABLE = "unreachable"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class DueReminder:
    """One reminder that should leave now, with whom it is for."""

    visit: Appointment
    planned: Planned
    patient: Patient
    campaign: Campaign | None
    route: Route | None

    @property
    def key(self) -> str:
        return reminder_key(self.visit, self.planned.lead.name)


def rules_of(clinic: Clinic) -> ReminderRules:
    return reminder_rules(clinic.zone, clinic.booking.reminders)


async def find_due(ctx: Context, clinic: Clinic) -> AsyncIterator[DueReminder]:
    """Every reminder that is due and was not written before; at night there is none."""
    rules, now = rules_of(clinic), ctx.now()
    if not is_daytime(rules.zone, now):
        return
    for lead in rules.leads:
        earliest, latest = starts_to_look_at(lead, now)
        async for raw in _booked_between(max(earliest, now), latest):
            try:
                found = await _due_of(Appointment.from_raw(raw), lead, rules, now)
            except Exception:  # the boundary of one visit: what cannot be read must not keep the others' back
                log.exception("reminders.unreadable_visit", appointment_id=str(raw["_id"]))
                continue
            if found:
                yield found


async def _due_of(visit: Appointment, lead: Lead, rules: ReminderRules, now: datetime) -> DueReminder | None:
    planned = due(rules, visit.appointment_date, now, told_at=visit.updated_at)
    if planned is None or planned.lead != lead or await _is_written(visit, planned):
        return None
    return await _addressed(visit, planned)


async def _booked_between(earliest: object, latest: object) -> AsyncIterator[Raw]:
    """Visits that are booked and that the patient did not call off, by their date alone (index `by_date`)."""
    query = {"appointment_date": {"$gte": earliest, "$lte": latest}, "status": AppointmentStatus.BOOKED.value}
    async for raw in Appointment.collection().find(query, hint="by_date"):
        if raw.get("confirmation_status") != ConfirmationStatus.CANNOT_COME:
            yield raw


async def _is_written(visit: Appointment, planned: Planned) -> bool:
    return await is_frozen(reminder_key(visit, planned.lead.name))


async def _addressed(visit: Appointment, planned: Planned) -> DueReminder:
    patient = await Patient.get(visit.patient_id)
    campaign = await Campaign.get(visit.campaign_id) if visit.campaign_id else None
    assert patient is not None  # noqa: S101 - a visit's patient is never deleted, only blanked or merged
    route = await confirmations.route_of_visit(patient, campaign)
    return DueReminder(visit=visit, planned=planned, patient=patient, campaign=campaign, route=route)


async def write(ctx: Context, clinic: Clinic, reminder: DueReminder) -> Outcome:
    """Freeze one reminder with its link and the reason, all or nothing; somebody else's is left as it is."""
    if reminder.route is None:
        return await _keep_unreachable(ctx, reminder)
    route = reminder.route

    async def store() -> None:
        link, url = links.new_manage_link(ctx, reminder.visit)
        await link.insert()
        message = _message(clinic, reminder, route, url)
        await outbox.freeze(ctx, patient_id=reminder.patient.id, campaign=reminder.campaign, message=message)
        await audit.decide(
            ctx,
            patient_id=reminder.patient.id,
            campaign_id=reminder.visit.campaign_id,
            outcome=DecisionOutcome.QUEUED,
            rule=GOES.rule,
            inputs={"appointment_id": reminder.visit.id, "reminder": reminder.planned.lead.name},
        )

    try:
        await ctx.database.transaction(store)
    except DuplicateKeyError:
        return Outcome.REPEATED
    await ctx.pause("reminders.queued")
    return Outcome.QUEUED


async def _keep_unreachable(ctx: Context, reminder: DueReminder) -> Outcome:
    """Nobody can be written to: the reason is kept once for each reminder."""
    try:
        await Decision(
            id=derived_id("unreachable", reminder.key),
            patient_id=reminder.patient.id,
            campaign_id=reminder.visit.campaign_id,
            outcome=DecisionOutcome.REFUSED,
            rule="no_usable_channel",
            inputs={"appointment_id": reminder.visit.id, "reminder": reminder.planned.lead.name},
            at=ctx.now(),
        ).insert()
    except DuplicateKeyError:
        return Outcome.REPEATED
    return Outcome.UNREACHABLE


def _message(clinic: Clinic, reminder: DueReminder, route: Route, url: str) -> NewMessage:
    visit, language, is_mail = reminder.visit, reminder.patient.language, route.channel is ChannelType.EMAIL
    facts = ReminderFacts(
        first_name=reminder.patient.first_name,
        clinic=clinic.name,
        address=clinic.address,
        phone=clinic.phone,
        starts_at=visit.appointment_date.astimezone(clinic.zone),
        link=url,
        is_confirmed=visit.confirmation_status is ConfirmationStatus.CONFIRMED,
    )
    return NewMessage(
        key=reminder.key,
        kind=MessageKind.REMINDER,
        author=Author.SYSTEM,
        channel=route.channel,
        to=route.address,
        subject=reminder_wording.subject(language, facts) if is_mail else "",
        body=(reminder_wording.letter if is_mail else reminder_wording.text_message)(language, facts),
        appointment_id=visit.id,
    )


async def check(sending: Sending) -> Verdict:
    """May this reminder still leave? Asked at the moment of sending; no `ignore_window` opens the night."""
    ctx, row = sending.ctx, sending.row
    visit = await Appointment.get(row.appointment_id) if row.appointment_id else None
    clinic, now = await Clinic.load(), ctx.now()
    if refusal := _what_changed(visit):
        return Verdict(Verb.REFUSE, refusal)
    assert visit is not None  # noqa: S101 - else something changed
    rules = rules_of(clinic)
    told = plan(rules, visit.appointment_date, told_at=visit.created_at)
    planned = next((each for each in told if reminder_key(visit, each.lead.name) == row.cause), None)
    if planned is None:
        return Verdict(Verb.REFUSE, "visit_was_moved")
    if now > planned.until:
        return Verdict(Verb.REFUSE, "reminder_too_late")
    if is_daytime(rules.zone, now):
        return GOES
    morning = next_morning(rules.zone, now)
    if morning > planned.until:
        return Verdict(Verb.REFUSE, "reminder_too_late")
    return Verdict(Verb.POSTPONE, "not_at_night", morning)


def _what_changed(visit: Appointment | None) -> str | None:
    if visit is None or visit.status is not AppointmentStatus.BOOKED:
        return "visit_not_booked"
    return "patient_cannot_come" if visit.confirmation_status is ConfirmationStatus.CANNOT_COME else None
