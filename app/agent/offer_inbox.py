"""A plain yes or no to an offer of the waiting list that no running conversation holds.

Everything else goes the way of any message: to the conversation that `match` finds, else to the staff inbox.
"""

from pymongo.errors import DuplicateKeyError

from app.agent import offer_replies
from app.agent.offer_replies import OfferReply, Outcome
from app.agent.visit_inbox import Settled
from app.context import Context
from app.domain import offer_words
from app.models.enums import Author, ChannelType, InboxState, MessageKind
from app.models.inbox import InboundEvent
from app.models.outbox import OutboundMessage
from app.models.waitlist import WaitlistOffer
from app.services import inbound, outbox, patients
from app.services.inbound import InboundMessage
from app.services.matching import NOBODY, Belonging
from app.services.outbox import NewMessage

ANSWERED = Settled(InboxState.DONE, "offer_answered")
FOR_STAFF = Settled(InboxState.PARKED, "offer_not_settled")


async def settle(ctx: Context, event: InboundEvent, message: InboundMessage, found: Belonging) -> Settled | None:
    """Accept or decline the offer that is answered, and say what became of it; None when it is no such answer.

    An active campaign always gets its message, and a sender whom we cannot trust settles nothing.
    """
    reply = await _reply_of(ctx, event, message, found)
    if reply is None:
        return None
    outcome = await offer_replies.carry_out(ctx, reply)
    await ctx.pause("offer_inbox.settled")
    is_told = not outcome.body or await _tell(ctx, message, reply, outcome)
    return ANSWERED if is_told and outcome.is_settled else FOR_STAFF


async def _reply_of(ctx: Context, event: InboundEvent, message: InboundMessage, found: Belonging) -> OfferReply | None:
    is_doubted = found.doubt not in (None, NOBODY.doubt)
    is_held = event.assigned_to or (found.trusted and found.trusted.is_active)
    if is_doubted or is_held or inbound.screening_of(message).kind is not None:
        return None
    offer_id, is_yes = await inbound.offer_answered(ctx, message), offer_words.read(message.newest_text)
    offer = await WaitlistOffer.get(offer_id) if offer_id and is_yes is not None else None
    return OfferReply(offer, bool(is_yes)) if offer else None


async def _tell(ctx: Context, message: InboundMessage, reply: OfferReply, outcome: Outcome) -> bool:
    """Answer where the patient wrote from; False after a stop. What was told before is not told again."""
    patient = await patients.get(reply.offer.patient_id)
    if await patients.is_suppressed(patient, message.channel) or message.sender is None:
        return False
    asked = await OutboundMessage.get(reply.offer.message_id)
    subject = asked.subject if asked and message.channel is ChannelType.EMAIL else ""
    answer = NewMessage(
        key=outcome.key,
        kind=MessageKind.REPLY,
        author=Author.AI,
        channel=message.channel,
        to=message.sender,
        subject=f"Re: {subject}" if subject else "",
        body=outcome.body,
        in_reply_to=message.message_id or message.external_id,
    )

    async def write() -> None:
        if outcome.link:
            await outcome.link.insert()
        await outbox.freeze(ctx, patient_id=patient.id, campaign=None, message=answer)

    try:
        await ctx.database.transaction(write)
    except DuplicateKeyError:
        return True
    return True
