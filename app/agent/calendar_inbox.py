"""An answer of a calendar program to the invitation in a confirmation (iTIP REPLY, RFC 5546 section 3.2.3).

It says whether the patient comes, and nothing more: no visit is moved or cancelled by it, and nothing is answered.
"""

import re

from beanie import PydanticObjectId

from app.agent.visit_inbox import UNREAD, Settled
from app.channels.email_reports import CalendarReply
from app.context import Context
from app.models.appointments import Appointment
from app.models.base import Raw
from app.models.enums import ChannelType, ConfirmationStatus, InboxState, Intent
from app.models.patients import Patient
from app.services import inbound, visit_confirmations
from app.services.inbound import InboundMessage

ANSWERED = Settled(InboxState.DONE, "calendar_answered")
SAYS = {"accepted": ConfirmationStatus.CONFIRMED, "declined": ConfirmationStatus.CANNOT_COME}
"""What an answer means for the visit; a tentative one means nothing yet."""
WORKED_ELSEWHERE = (Intent.OPT_OUT, Intent.EMERGENCY)
_BY_PROGRAM = re.compile(
    r"\bhas (?:tentatively )?(?:accepted|declined|replied \W?\w{1,20}\W? to) this invitation\b", re.I
)
_NOTE = re.compile(r"\bwith this note\b", re.I)


async def settle(ctx: Context, message: InboundMessage) -> Settled | None:
    """Write down what was answered; None unless the UID is one of ours and the sender is whom we invited.

    A note that a person wrote beside it waits for staff, and a stop or an emergency in it goes its usual way.
    """
    reply = message.calendar_reply
    visit = await _visit_of(message, reply) if reply and not message.is_unverified else None
    if reply is None or visit is None:
        return None
    if _is_current(reply, visit):
        await _record(ctx, visit, SAYS.get(reply.answer))
    if inbound.screening_of(message).kind in WORKED_ELSEWHERE:
        return None
    return UNREAD if _has_note(message.newest_text) else ANSWERED


def _is_current(reply: CalendarReply, visit: Appointment) -> bool:
    """False for an answer to the invitation for a time from which the visit was moved (RFC 5546 section 2.1.4)."""
    if reply.sequence is not None:
        return reply.sequence == visit.ics_sequence
    return reply.starts_at in (None, visit.appointment_date)


async def _record(ctx: Context, visit: Appointment, status: ConfirmationStatus | None) -> None:
    """The same answer again changes nothing, nor does one about a visit that is over."""
    if status is None or visit.ends_at <= ctx.now():
        return

    async def write() -> None:
        await visit_confirmations.record(ctx, visit.id, status, actor=f"patient:{visit.patient_id}")

    await ctx.database.transaction(write)


async def _visit_of(message: InboundMessage, reply: CalendarReply) -> Appointment | None:
    """Among the visits of whoever has this address, and of those whose messages they receive."""
    if not message.sender:
        return None
    holders = await Patient.holding_address(ChannelType.EMAIL, message.sender)
    ids: list[PydanticObjectId] = [person.id for person in holders]
    children: Raw = {"guardian_id": {"$in": ids}}
    ids += [person.id for person in await Patient.find(children).to_list()]
    return await Appointment.find_one({"patient_id": {"$in": ids}, "ics_uid": reply.uid})


def _has_note(text: str) -> bool:
    """True when a person wrote something, not only the calendar program."""
    return bool(text.strip()) and (not _BY_PROGRAM.search(text) or bool(_NOTE.search(text)))
