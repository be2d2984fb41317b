"""E-mail to staff about a patient who waits for a person: frozen with the handoff that causes it (domain.md section 6).

It says a first name, how urgent it is and where to look. Nothing that the patient wrote travels in it.
"""

from datetime import datetime

from app.context import Context
from app.domain import response_times
from app.models.campaigns import Campaign, HandoffDetails
from app.models.clinic import Clinic
from app.models.enums import Author, ChannelType, HandoffPriority, MessageKind
from app.models.patients import Patient
from app.services.outbox import NewMessage
from app.services.policies import booking_rules, opening_schedule

DASHBOARD = "/staff/handoffs"
SUBJECTS = {
    HandoffPriority.URGENT: "Urgent: a patient needs you now",
    HandoffPriority.NORMAL: "A patient waits for a person",
}
LATE = "Not answered yet: "
BODY = "{first_name} waits for an answer from a person.\n\nPriority: {priority}.{due}\n\nOpen the list: {link}"


def due_at(clinic: Clinic, priority: HandoffPriority, now: datetime) -> datetime:
    """By when the clinic should answer, by its own opening hours and holidays."""
    opening, rules = opening_schedule(clinic), booking_rules(clinic)
    return response_times.due_at(now, priority, opening=opening, rules=rules)


def mails(
    ctx: Context,
    campaign: Campaign,
    patient: Patient,
    details: HandoffDetails,
    *,
    clinic: Clinic,
    is_late: bool = False,
) -> tuple[NewMessage, ...]:
    """One message for each address of HANDOFF_EMAILS; none when nobody is named there or e-mail is switched off.

    The key holds the campaign's version: the same handoff is told once, however many replicas write it.
    """
    if ChannelType.EMAIL not in ctx.channels:
        return ()
    subject = (LATE if is_late else "") + SUBJECTS[details.priority]
    cause = f"handoff-{'late' if is_late else 'mail'}:{campaign.id}:{campaign.version}"
    return tuple(
        NewMessage(
            key=f"{cause}:{address}",
            kind=MessageKind.STAFF_NOTICE,
            author=Author.SYSTEM,
            channel=ChannelType.EMAIL,
            to=address,
            subject=subject,
            body=_body(ctx, patient, details, clinic),
        )
        for address in ctx.settings.handoff_emails
    )


def _body(ctx: Context, patient: Patient, details: HandoffDetails, clinic: Clinic) -> str:
    due = f" Answer by {details.due_at.astimezone(clinic.zone):%A %H:%M}." if details.due_at else ""
    return BODY.format(
        first_name=patient.first_name,
        priority=details.priority.value,
        due=due,
        link=f"{ctx.settings.public_base_url}{DASHBOARD}",
    )
