"""Which visit a patient speaks of, and what they say of it (domain.md section 7). No model is asked."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain import confirmation_words
from app.domain.confirmation_words import Said
from app.models.appointments import Appointment
from app.models.enums import ConfirmationStatus
from app.models.interactions import Interaction
from app.services.visit_messages import About

LATE_WITHIN = timedelta(hours=12)
"""Nobody runs late for a visit that is further away: such words are about something else."""


@dataclass(frozen=True, slots=True)
class VisitReply:
    """What the patient said, of which visit, and the message of ours that it answers (None: the only visit ahead)."""

    visit: Appointment
    status: ConfirmationStatus
    has_question: bool = False
    about: About | None = None


def recognise(
    incoming: list[Interaction], *, about: About | None, visits: list[Appointment], now: datetime
) -> VisitReply | None:
    """What these messages say of a visit, or None: nothing plain, or nobody can tell of which visit."""
    return understand(_said(incoming, about), about=about, visits=visits, now=now)


def speaks_of_a_visit(incoming: list[Interaction], *, about: About | None) -> bool:
    """True when these messages say plainly whether somebody comes, whosever visit is meant."""
    return _said(incoming, about).status is not None


def _said(incoming: list[Interaction], about: About | None) -> Said:
    asked = about is not None and about.asks
    return confirmation_words.read_all((item.content for item in incoming), asked=asked)


def understand(said: Said, *, about: About | None, visits: list[Appointment], now: datetime) -> VisitReply | None:
    """The visit that is meant: the one we wrote about, else the only one ahead. A confirmation needs our message."""
    if said.status is None or (about is None and said.status is ConfirmationStatus.CONFIRMED):
        return None
    visit = about.visit if about else visits[0] if len(visits) == 1 else None
    if visit is None or not _fits(said.status, visit, now):
        return None
    return VisitReply(visit, said.status, said.has_question, about)


def _fits(status: ConfirmationStatus, visit: Appointment, now: datetime) -> bool:
    if status is ConfirmationStatus.RUNNING_LATE:
        return visit.appointment_date <= now + LATE_WITHIN
    return status is not ConfirmationStatus.CONFIRMED or visit.appointment_date > now
