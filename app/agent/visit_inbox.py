"""An answer to a message about a visit that no campaign brought: staff booked it, so no conversation holds it.

Only what is plain is settled here. Everything else goes the way of any message: to the conversation that `match` finds,
else to the staff inbox.
"""

from dataclasses import dataclass

from app.agent import wording
from app.agent.visit_reading import VisitReply, understand
from app.agent.visit_replies import Answer, compose, unused_key
from app.context import Context
from app.domain import confirmation_words
from app.domain.screening import Screening
from app.models.clinic import Clinic
from app.models.enums import Author, ChannelType, ConfirmationStatus, InboxState, Intent, MessageKind
from app.models.inbox import InboundEvent
from app.models.patients import Patient
from app.services import inbound, opt_outs, outbox, patients, visit_confirmations, visit_messages
from app.services.conversations import incoming_id
from app.services.inbound import InboundMessage
from app.services.matching import NOBODY, Belonging
from app.services.outbox import NewMessage
from app.services.visit_messages import About


@dataclass(frozen=True, slots=True)
class Settled:
    """How an event ended: DONE, or before staff with the reason that they read."""

    state: InboxState
    outcome: str


CONFIRMED = Settled(InboxState.DONE, "visit_confirmed")
AUTOMATIC = Settled(InboxState.DONE, "automatic_message")
EMERGENCY = Settled(InboxState.PARKED, "emergency_about_a_visit")
UNREAD = Settled(InboxState.PARKED, "reply_about_a_visit")
FOR_STAFF = {
    ConfirmationStatus.CONFIRMED: UNREAD,  # with a question that nobody could answer
    ConfirmationStatus.RUNNING_LATE: Settled(InboxState.PARKED, "patient_running_late"),
    ConfirmationStatus.CANNOT_COME: Settled(InboxState.PARKED, "patient_cannot_come"),
}


async def settle(ctx: Context, event: InboundEvent, message: InboundMessage, found: Belonging) -> Settled | None:
    """Deal with an answer to a reminder or confirmation outside every campaign; None when it is not one.

    `found` is where the message would go otherwise: an active campaign always gets it, an old one what is not plain.
    A sender whom we cannot trust settles nothing.
    """
    about = await _about(ctx, event, message, found)
    if about is None:
        return None
    patient = await patients.get(about.visit.patient_id)
    seen = inbound.screening_of(message)
    if seen.kind is not None:
        return None if found.trusted else await _settle_screened(ctx, message, seen, about, patient)
    said = confirmation_words.read(message.newest_text, asked=about.asks)
    reply = understand(said, about=about, visits=[], now=ctx.now())
    if reply is None:
        return None if found.trusted else UNREAD
    return await _settle_reply(ctx, message, reply, about, patient)


async def _about(ctx: Context, event: InboundEvent, message: InboundMessage, found: Belonging) -> About | None:
    """The message of ours that is answered, when no campaign holds it and nothing speaks against the sender."""
    doubted = message.is_unverified or found.doubt not in (None, NOBODY.doubt)
    is_held = event.assigned_to or (found.trusted and found.trusted.is_active)
    if doubted or is_held or not message.sender:
        return None
    about = await visit_messages.answered_by(
        channel=message.channel,
        sender=message.sender,
        thread_id=message.thread_id,
        answers=message.answers,
        now=ctx.now(),
    )
    return about if about and about.row.campaign_id is None else None


async def _settle_screened(
    ctx: Context, message: InboundMessage, seen: Screening, about: About, patient: Patient
) -> Settled | None:
    """An emergency and a robot; a stop and a bounce are heeded where they always are."""
    if seen.kind is Intent.EMERGENCY:
        return await _answer_emergency(ctx, message, about, patient, stops_too=seen.also_opt_out)
    return AUTOMATIC if seen.kind is Intent.AUTO_REPLY else None


async def _settle_reply(
    ctx: Context, message: InboundMessage, reply: VisitReply, about: About, patient: Patient
) -> Settled | None:
    newest = incoming_id(message.source, message.external_id)
    reachable = not await patients.is_suppressed(patient, message.channel)
    key = await unused_key(reply, question_key=f"reply:{newest}") if reachable else None
    answer = await compose(ctx, reply, patient, message.newest_text) if key else None

    async def write() -> bool:
        heard = await visit_confirmations.record(ctx, reply.visit.id, reply.status, actor=f"patient:{patient.id}")
        if heard is None:
            return False
        if answer and key and not await visit_messages.is_frozen(key):
            await _freeze(ctx, message, answer, about, patient, key=key)
        return True

    if not await ctx.database.transaction(write):
        return None  # cancelled meanwhile
    await ctx.pause("visit_inbox.settled")
    is_settled = not reply.has_question or (answer is not None and answer.is_complete)
    is_plain_yes = reply.status is ConfirmationStatus.CONFIRMED and is_settled
    return CONFIRMED if is_plain_yes else FOR_STAFF[reply.status]


async def _freeze(
    ctx: Context, message: InboundMessage, answer: Answer, about: About, patient: Patient, *, key: str
) -> None:
    if answer.link:
        await answer.link.insert()
    reply = _message(message, about, answer.body, key=key, kind=MessageKind.REPLY)
    await outbox.freeze(ctx, patient_id=patient.id, campaign=None, message=reply)


def _message(message: InboundMessage, about: About, body: str, *, key: str, kind: MessageKind) -> NewMessage:
    """To where we wrote, which is the address on record; the subject keeps an e-mail in its thread."""
    subject = about.row.subject
    return NewMessage(
        key=key,
        kind=kind,
        author=Author.AI,
        channel=about.row.channel,
        to=about.row.to,
        subject=f"Re: {subject}" if subject and about.row.channel is ChannelType.EMAIL else "",
        body=body,
        in_reply_to=message.message_id or message.external_id,
        appointment_id=about.visit.id,
    )


async def _answer_emergency(
    ctx: Context, message: InboundMessage, about: About, patient: Patient, *, stops_too: bool
) -> Settled:
    """The emergency phone at once, and a person; a stop beside it stands as well (domain.md section 6)."""
    key = f"reply:{incoming_id(message.source, message.external_id)}"
    body = wording.fill(wording.EMERGENCY, patient=patient, clinic=await Clinic.load())

    async def write() -> None:
        if not await visit_messages.is_frozen(key):
            urgent = _message(message, about, body, key=key, kind=MessageKind.EMERGENCY)
            await outbox.freeze(ctx, patient_id=patient.id, campaign=None, message=urgent)

    await ctx.database.transaction(write)
    if stops_too and message.sender:
        await opt_outs.stop_address(
            ctx, channel=message.channel, address=message.sender, source=f"event:{message.external_id}"
        )
    return EMERGENCY
