"""Inbound messages: written down before the webhook answers, matched, stored once (domain.md section 8)."""

from dataclasses import asdict, dataclass, field
from typing import Any

from beanie import PydanticObjectId
from pymongo.errors import DuplicateKeyError

from app.context import Context
from app.domain.screening import Screening, screen, visible_text
from app.models.campaigns import ACTIVE_STATUSES, Campaign
from app.models.enums import Author, ChannelType, Direction, HandoffPriority, InboundSource, InboxState, Intent
from app.models.inbox import InboundEvent
from app.models.interactions import Interaction
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.services import audit, patients
from app.services.conversations import incoming_id


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMessage:
    """One message as any channel delivers it; `external_id` is the provider's id of the message."""

    source: InboundSource
    external_id: str
    channel: ChannelType
    sender: str | None
    text: str
    subject: str = ""
    thread_id: str | None = None
    in_reply_to: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def conversation_key(self) -> str:
        return self.thread_id or f"{self.channel}:{self.sender}"


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
    await ctx.pause("inbox.stored")
    return event.id


async def _known(source: InboundSource, event_id: str) -> PydanticObjectId:
    raw = await InboundEvent.collection().find_one({"source": source, "event_id": event_id}, {"_id": 1})
    return PydanticObjectId(raw["_id"]) if raw else PydanticObjectId()


def message_of(event: InboundEvent) -> InboundMessage:
    """The message inside an event. Raises ValueError or TypeError when the payload is not one."""
    payload = event.payload | {"source": event.source, "channel": ChannelType(event.payload["channel"])}
    return InboundMessage(**payload)


async def belongs_to(event: InboundEvent, message: InboundMessage) -> Campaign | None:
    """The campaign that a person chose for this event, else the one that `match` finds."""
    chosen = await Campaign.get(event.assigned_to) if event.assigned_to else None
    return chosen or await match(message)


async def match(message: InboundMessage) -> Campaign | None:
    """The campaign that a message belongs to: by thread, by what it answers, else by the sender; never a guess."""
    found = await _by_thread(message) or await _by_reply(message)
    if found is None:
        return await _by_sender(message)
    running = None if found.is_active else await Campaign.active_of(found.patient_id)
    return running or found


async def _by_thread(message: InboundMessage) -> Campaign | None:
    if not message.thread_id:
        return None
    return await Campaign.find({"channel.thread_id": message.thread_id}).sort("-created_at").first_or_none()


async def _by_reply(message: InboundMessage) -> Campaign | None:
    if not message.in_reply_to:
        return None
    sent = await OutboundMessage.find_one({"external_id": message.in_reply_to})
    return await Campaign.get(sent.campaign_id) if sent and sent.campaign_id else None


async def _by_sender(message: InboundMessage) -> Campaign | None:
    """Exactly one active campaign that writes to this address, else the newest one of the only patient who has it."""
    if not message.sender:
        return None
    active = {"channel.address": message.sender, "status": {"$in": list(ACTIVE_STATUSES)}}
    running = await Campaign.find(active).limit(2).to_list()
    if running:
        return running[0] if len(running) == 1 else None
    people = await Patient.holding_address(message.channel, message.sender)
    return await Campaign.newest_of(people[0].id) if len(people) == 1 else None


async def take_in(ctx: Context, message: InboundMessage, campaign: Campaign) -> Interaction:
    """Store the message as an interaction, once, with what the rules see in it (domain.md section 6, steps 1 and 2)."""
    text, seen = visible_text(message.text), screening_of(message)
    automatic = seen.kind in (Intent.AUTO_REPLY, Intent.BOUNCE)
    interaction = Interaction(
        id=incoming_id(message.source, message.external_id),
        campaign_id=campaign.id,
        patient_id=campaign.patient_id,
        direction=Direction.INCOMING,
        content=text,
        timestamp=ctx.now(),
        channel=message.channel,
        subject=message.subject,
        author=Author.SYSTEM if automatic else Author.PATIENT,
        external_id=f"{message.source}:{message.external_id}",
        screened_as=seen.kind,
        screened_by=seen.rule or None,
        also_says_stop=seen.also_opt_out,
    )
    if seen.is_hard_bounce:  # before the message is known: a crash in between repeats it
        await patients.mark_unusable(ctx, patient_id=campaign.patient_id, address=campaign.channel.address)
    try:
        await interaction.insert()
    except DuplicateKeyError:
        stored = await Interaction.get(interaction.id)
        return stored or interaction
    return interaction


def screening_of(message: InboundMessage) -> Screening:
    """What the rules see in a message, whatever campaign it may or may not belong to."""
    text = visible_text(message.text)
    return screen(text=text, headers=message.headers, channel=message.channel, subject=message.subject)


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
    return _priority(screen(text=str(raw or ""), headers={}, channel=ChannelType.EMAIL))


def _priority(seen: Screening) -> HandoffPriority:
    return HandoffPriority.URGENT if seen.kind is Intent.EMERGENCY else HandoffPriority.NORMAL
