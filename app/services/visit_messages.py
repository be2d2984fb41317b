"""What was written to a patient about a visit: the keys of those messages, and which of them an answer speaks of.

A key holds the visit's `ics_sequence`, so that a visit that was moved gets new messages, and an answer to an old one is
known as such.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from beanie import PydanticObjectId

from app.models.appointments import Appointment
from app.models.base import Raw
from app.models.enums import (
    AppointmentStatus,
    ChannelType,
    ConfirmationStatus,
    MessageKind,
    OfferState,
    OutboxState,
)
from app.models.outbox import OutboundMessage
from app.models.waitlist import WaitlistOffer

ASKING = frozenset({MessageKind.REMINDER, MessageKind.CONFIRMATION})
"""Messages that ask, or may be taken to ask, whether the patient comes."""
SENT_TOGETHER = timedelta(hours=1)
"""Messages to one address within this span: a bare answer could mean any of them."""
LONGEST_SILENCE = timedelta(days=60)
"""An answer is matched to what was written at most so long ago."""


def reminder_key(visit: Appointment, lead: str) -> str:
    return f"{_reminder_prefix(visit)}{lead}"


def _reminder_prefix(visit: Appointment) -> str:
    return f"reminder:{visit.id}:{visit.ics_sequence}:"


def confirmation_key(visit: Appointment) -> str:
    return f"visit:{visit.id}:{visit.ics_sequence}:{visit.status}"


def answer_key(visit: Appointment, status: ConfirmationStatus) -> str:
    """One answer for each thing that a patient can say of the visit as it stands; the same word again gets none."""
    return f"visit-answer:{visit.id}:{visit.ics_sequence}:{status}"


def is_current(row: OutboundMessage, visit: Appointment) -> bool:
    """True when the message speaks of the visit as it stands, not of the time from which it was moved."""
    keys = {confirmation_key(visit), *(answer_key(visit, status) for status in ConfirmationStatus)}
    return row.cause in keys or row.cause.startswith(_reminder_prefix(visit))


@dataclass(frozen=True, slots=True)
class About:
    """A message that we sent, and the visit it speaks of, which is booked and not over."""

    row: OutboundMessage
    visit: Appointment

    @property
    def asks(self) -> bool:
        """True when a bare yes means "I come": also to our thanks for it, but not to the link for another time."""
        return self.row.kind in ASKING or self.row.key == answer_key(self.visit, ConfirmationStatus.CONFIRMED)


async def upcoming(patient_id: PydanticObjectId, now: datetime) -> list[Appointment]:
    """The patient's booked visits that are not over, the next one first."""
    query = {"patient_id": patient_id, "status": AppointmentStatus.BOOKED, "ends_at": {"$gt": now}}
    return await Appointment.find(query).sort("appointment_date").to_list()


async def last_to_patient(patient_id: PydanticObjectId, now: datetime) -> About | None:
    """What our last message to this patient speaks of, when that is a visit to come; None when it is anything else."""
    to_patient = {"$ne": MessageKind.STAFF_NOTICE}
    query = {"patient_id": patient_id, "kind": to_patient, "state": OutboxState.SENT}
    row = await OutboundMessage.find(query).sort("-sent_at", "-_id").first_or_none()
    return await _about(row, now) if row else None


async def answered_by(
    *, channel: ChannelType, sender: str, thread_id: str | None, answers: list[str], now: datetime
) -> About | None:
    """The message of ours that a message from outside answers, when it speaks of a visit to come; never a guess.

    By what it names (`answers`), else by its thread, else the last one to this address; of two visits that were
    written about together, neither.
    """
    to_them = {"to": sender, "channel": channel, "state": OutboxState.SENT}
    found = await _named(to_them, thread_id, answers) or await _last_to_address(to_them, now)
    return await _about(found, now) if found else None


async def concerns_another(
    patient_id: PydanticObjectId,
    *,
    channel: ChannelType,
    sender: str,
    thread_id: str | None,
    answers: list[str],
    now: datetime,
) -> bool:
    """True when a message from outside may speak of somebody else's visit than this patient's: a family shares a phone.

    By what it names, else by its thread, else by the newest messages about visits that went to this address.
    """
    to_them = {"to": sender, "channel": channel, "state": OutboxState.SENT}
    named = await _named(to_them, thread_id, answers)
    rows = [named] if named else _together(await _of_visits_to_come(to_them, now))
    return any(row.patient_id != patient_id for row in rows)


async def is_frozen(key: str) -> bool:
    """True when a message with this key was written before."""
    return await OutboundMessage.collection().find_one({"key": key}, {"_id": 1}) is not None


async def _named(to_them: dict[str, Any], thread_id: str | None, answers: list[str]) -> OutboundMessage | None:
    """The first answered Message-ID that is ours: In-Reply-To leads, a newer reference comes before an older one."""
    if answers:
        either: list[Raw] = [{field: {"$in": answers}} for field in ("external_id", "message_id")]
        rows = await OutboundMessage.find(to_them | {"$or": either}).to_list()
        by_name = {name: row for row in rows for name in (row.message_id, row.external_id) if name}
        if found := next((by_name[name] for name in answers if name in by_name), None):
            return found
    if not thread_id:
        return None
    return await OutboundMessage.find(to_them | {"thread_id": thread_id}).sort("-sent_at", "-_id").first_or_none()


async def _last_to_address(to_them: dict[str, Any], now: datetime) -> OutboundMessage | None:
    """The last message to this address; None beside an open offer of the waiting list, which a bare yes may accept."""
    together = _together(await _recent(to_them, now))
    visits = {row.appointment_id for row in together if row.appointment_id}
    if len(visits) != 1 or await _is_offered_a_time(to_them, now):
        return None
    return together[0]


async def _recent(to_them: dict[str, Any], now: datetime) -> list[OutboundMessage]:
    recent = to_them | {"sent_at": {"$gte": now - LONGEST_SILENCE}}
    return await OutboundMessage.find(recent).sort("-sent_at", "-_id").limit(5).to_list()


async def _of_visits_to_come(to_them: dict[str, Any], now: datetime) -> list[OutboundMessage]:
    rows = await _recent(to_them | {"appointment_id": {"$ne": None}}, now)
    ids = [row.appointment_id for row in rows]
    query = {"_id": {"$in": ids}, "status": AppointmentStatus.BOOKED, "ends_at": {"$gt": now}}
    ahead = {visit.id for visit in await Appointment.find(query).to_list()}
    return [row for row in rows if row.appointment_id in ahead]


def _together(rows: list[OutboundMessage]) -> list[OutboundMessage]:
    """Those that left at about the same time as the first, which is the newest."""
    newest = rows[0].sent_at if rows else None
    return [row for row in rows if newest and row.sent_at and newest - row.sent_at < SENT_TOGETHER]


async def _is_offered_a_time(to_them: dict[str, Any], now: datetime) -> bool:
    recent = to_them | {"kind": MessageKind.WAITLIST_OFFER, "sent_at": {"$gte": now - LONGEST_SILENCE}}
    rows = await OutboundMessage.find(recent).to_list()
    carried = [identifier for row in rows for identifier in (row.id, row.fallback_of) if identifier]
    return await WaitlistOffer.find({"message_id": {"$in": carried}, "state": OfferState.OFFERED}).count() > 0


async def _about(row: OutboundMessage, now: datetime) -> About | None:
    visit = await Appointment.get(row.appointment_id) if row.appointment_id else None
    if visit is None or visit.status is not AppointmentStatus.BOOKED or visit.ends_at <= now:
        return None
    return About(row, visit) if is_current(row, visit) else None
