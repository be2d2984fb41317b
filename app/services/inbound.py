"""Inbound messages: written down before the webhook answers, taken in and stored once (domain.md section 8)."""

from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from beanie import PydanticObjectId
from pymongo.errors import DuplicateKeyError

from app.channels.email_reports import CalendarReply
from app.context import Context
from app.domain import risks
from app.domain.bounces import Bounce
from app.domain.screening import Screening, visible_text
from app.logging import get_logger
from app.models.campaigns import Campaign
from app.models.enums import Author, ChannelType, Direction, HandoffPriority, InboundSource, InboxState, Intent
from app.models.inbox import InboundEvent
from app.models.interactions import Interaction
from app.services import audit, bounces, patients, postponements, visit_messages, waitlist_replies
from app.services.conversations import incoming_id

log = get_logger(__name__)

AUTOMATIC = (Intent.AUTO_REPLY, Intent.BOUNCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMessage:
    """One message as any channel delivers it; `external_id` is the provider's id of the message.

    The fields after `headers` are e-mail's: `message_id` is what an answer names, `references` the Message-IDs of the
    thread, oldest first. `text` is then already what a person wrote, and `quoted` the rest.
    """

    source: InboundSource
    external_id: str
    channel: ChannelType
    sender: str | None
    text: str
    subject: str = ""
    thread_id: str | None = None
    in_reply_to: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    message_id: str | None = None
    references: tuple[str, ...] = ()
    quoted: str = ""
    attachments: tuple[str, ...] = ()
    """Names only; nothing is ever opened."""
    is_unverified: bool = False
    """The sender is not who the message says (trust.md section 1, row 26)."""
    bounce: Bounce | None = None
    calendar_reply: CalendarReply | None = None

    @property
    def conversation_key(self) -> str:
        return self.thread_id or f"{self.channel}:{self.sender}"

    @property
    def newest_text(self) -> str:
        """What the sender wrote now; a mailbox's message was cut to that when it was read."""
        return self.text if self.source is InboundSource.GMAIL else visible_text(self.text)

    @property
    def answers(self) -> list[str]:
        """The messages that this one may answer, the likeliest first."""
        named = [self.in_reply_to, *reversed(self.references)]
        return list(dict.fromkeys(name for name in named if name))


async def store(ctx: Context, message: InboundMessage) -> PydanticObjectId:
    """Write a message into the inbox; the same message again is the same row. Only then may a webhook answer 200."""
    payload = asdict(message)
    return await store_event(
        ctx, source=message.source, event_id=message.external_id, payload=payload, conversation=message.conversation_key
    )


async def store_event(
    ctx: Context,
    *,
    source: InboundSource,
    event_id: str,
    payload: dict[str, Any],
    conversation: str,
    parked_because: str | None = None,
) -> PydanticObjectId:
    """Insert one raw event, at most once; `parked_because` puts it straight before staff (api.md section 3)."""
    event = InboundEvent(
        source=source,
        event_id=event_id,
        payload=payload,
        conversation_key=conversation,
        state=InboxState.PARKED if parked_because else InboxState.RECEIVED,
        outcome=parked_because,
        priority=_priority_of_payload(payload) if parked_because else HandoffPriority.NORMAL,
        correlation_id=audit.correlation_id(),
        received_at=ctx.now(),
    )
    try:
        await event.insert()
    except DuplicateKeyError:
        return await _known(source, event_id)
    log.info("inbox.event_stored", event_id=str(event.id), source=source.value, state=event.state.value)
    await ctx.pause("inbox.stored")
    return event.id


async def _known(source: InboundSource, event_id: str) -> PydanticObjectId:
    raw = await InboundEvent.collection().find_one({"source": source, "event_id": event_id}, {"_id": 1})
    return PydanticObjectId(raw["_id"]) if raw else PydanticObjectId()


def message_of(event: InboundEvent) -> InboundMessage:
    """The message inside an event. Raises ValueError or TypeError when the payload is not one."""
    payload = event.payload | {"source": event.source, "channel": ChannelType(event.payload["channel"])}
    for name in ("references", "attachments"):
        payload[name] = tuple(payload.get(name) or ())
    for name, part in (("bounce", Bounce), ("calendar_reply", CalendarReply)):
        payload[name] = part(**payload[name]) if payload.get(name) else None
    return InboundMessage(**payload)


async def take_in(
    ctx: Context, message: InboundMessage, campaign: Campaign, *, received_at: datetime | None = None
) -> Interaction:
    """Store the message as an interaction, once, with what the rules see in it (domain.md section 6, steps 1 and 2)."""
    known = await Interaction.get(incoming_id(message.source, message.external_id))
    if known:  # a report that names none of our messages would take back the next one
        return known
    text, seen = message.newest_text, screening_of(message, today=await postponements.clinic_day(ctx))
    automatic = seen.kind in AUTOMATIC
    interaction = Interaction(
        id=incoming_id(message.source, message.external_id),
        campaign_id=campaign.id,
        patient_id=campaign.patient_id,
        direction=Direction.INCOMING,
        content=text,
        timestamp=ctx.now(),
        received_at=received_at,
        channel=message.channel,
        subject=message.subject,
        author=Author.SYSTEM if automatic else Author.PATIENT,
        external_id=f"{message.source}:{message.external_id}",
        message_id=message.message_id,
        attachments=list(message.attachments),
        correlation_id=audit.correlation_id(),
        screened_as=seen.kind,
        screened_by=seen.rule or None,
        also_says_stop=seen.also_opt_out,
        answers_offer=await offer_answered(ctx, message),
        may_concern_another=await _may_concern_another(ctx, message, campaign),
    )
    # Before the message is known: a crash in between repeats it.
    returned = await bounces.heed(ctx, seen.bounce, campaign=campaign) if seen.bounce else None
    if seen.is_hard_bounce and returned is None:
        await patients.mark_unusable(ctx, patient_id=campaign.patient_id, address=campaign.channel.address)
    if seen.returns_on and not message.is_unverified:
        await postponements.until_back(ctx, campaign.id, seen.returns_on)
    try:
        await interaction.insert()
    except DuplicateKeyError:
        stored = await Interaction.get(interaction.id)
        return stored or interaction
    return interaction


async def offer_answered(ctx: Context, message: InboundMessage) -> PydanticObjectId | None:
    """The offer of the waiting list that a message answers, from where it was sent to; a doubted sender none."""
    if message.is_unverified or not message.sender:
        return None
    offer = await waitlist_replies.answered_by(
        channel=message.channel,
        sender=message.sender,
        thread_id=message.thread_id,
        answers=message.answers,
        now=ctx.now(),
    )
    return offer.id if offer else None


async def _may_concern_another(ctx: Context, message: InboundMessage, campaign: Campaign) -> bool:
    return bool(message.sender) and await visit_messages.concerns_another(
        campaign.patient_id,
        channel=message.channel,
        sender=message.sender or "",
        thread_id=message.thread_id,
        answers=message.answers,
        now=ctx.now(),
    )


def screening_of(message: InboundMessage, *, today: date | None = None) -> Screening:
    """What the rules see in a message, whatever campaign it belongs to; with `today`, also a date of return."""
    return risks.look_for(
        text=message.text,
        headers=message.headers,
        channel=message.channel,
        subject=message.subject,
        bounce=message.bounce,
        today=today,
    )


def says_stop(message: InboundMessage) -> bool:
    """True when a message says stop."""
    seen = screening_of(message)
    return seen.kind is Intent.OPT_OUT or seen.also_opt_out


def priority_of(event: InboundEvent) -> HandoffPriority:
    """Urgent when the words are an emergency: whoever must settle the event sees it first."""
    try:
        return _priority(screening_of(message_of(event)))
    except (KeyError, TypeError, ValueError):
        return _priority_of_payload(event.payload)


def _priority_of_payload(payload: dict[str, Any]) -> HandoffPriority:
    """The same for what could not be read as a message: its text as it came."""
    raw = payload.get("text") or payload.get("raw")
    return _priority(risks.look_for(text=str(raw or ""), channel=ChannelType.EMAIL))


def _priority(seen: Screening) -> HandoffPriority:
    return HandoffPriority.URGENT if seen.kind is Intent.EMERGENCY else HandoffPriority.NORMAL
