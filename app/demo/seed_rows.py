"""The rows behind one message of the past, as the outbox, the inbox and the sandbox would have left them."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from beanie import Document, PydanticObjectId

from app.demo.seed_addresses import SANDBOX_SENDER
from app.domain.screening import Screening, screen
from app.models.appointments import Appointment
from app.models.base import derived_id
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.enums import (
    PROACTIVE_KINDS,
    Author,
    ChannelType,
    Delivery,
    Direction,
    InboundSource,
    InboxState,
    Intent,
    OutboxState,
    Sentiment,
)
from app.models.inbox import InboundEvent
from app.models.interactions import AiAnalysis, Interaction
from app.models.links import PatientLink
from app.models.outbox import OutboundMessage
from app.models.records import AuditEntry, Decision
from app.models.sandbox import SandboxMessage
from app.services.conversations import incoming_id
from app.services.inbound import InboundMessage
from app.services.outbox import NewMessage
from app.services.sandbox import CLINIC

READ_AFTER = timedelta(seconds=4)
QUEUED_FOR = timedelta(seconds=3)
CLINIC_EMAIL = "clinic@example.com"


@dataclass(slots=True)
class Ledger:
    """Everything that the past year left in the database, besides the patients."""

    campaigns: list[Campaign] = field(default_factory=list)
    interactions: list[Interaction] = field(default_factory=list)
    outbound: list[OutboundMessage] = field(default_factory=list)
    inbound: list[InboundEvent] = field(default_factory=list)
    links: list[PatientLink] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    audit: list[AuditEntry] = field(default_factory=list)
    appointments: list[Appointment] = field(default_factory=list)

    def inboxes(self) -> list[Document]:
        """What the sandbox shows: the conversations that still go on, so that a visitor can answer them."""
        active = {campaign.id: campaign for campaign in self.campaigns if campaign.is_active}
        sent: list[Document] = [_delivered(row) for row in self.outbound if row.campaign_id in active]
        came = [row for row in self.interactions if row.campaign_id in active and row.direction is Direction.INCOMING]
        return sent + [_written(row, active[row.campaign_id]) for row in came]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a patient wrote, and how it was understood."""

    text: str
    intent: Intent
    sentiment: Sentiment
    wants_article: bool = False
    """A general question that no article answers."""


def outgoing_rows(
    campaign: Campaign, message: NewMessage, clinic: Clinic, *, sent_at: datetime
) -> tuple[OutboundMessage, Interaction]:
    """A message that was frozen and sent, as `app.services.outbox` and `app.services.delivery` write it."""
    identifier = derived_id("outbox", message.key)
    shared: dict[str, Any] = {
        "id": identifier,
        "campaign_id": campaign.id,
        "patient_id": campaign.patient_id,
        "subject": message.subject,
        "channel": message.channel,
        "external_id": str(derived_id("demo", "sandbox", identifier)),
    }
    days = day_keys(campaign, clinic, sent_at) if message.kind in PROACTIVE_KINDS else None
    row = OutboundMessage(
        key=message.key,
        kind=message.kind,
        attempt=message.attempt,
        to=message.to,
        body=message.body,
        thread_id=campaign.channel.thread_id or f"sandbox-{identifier}",
        in_reply_to=message.in_reply_to,
        is_automatic=message.author is not Author.STAFF,
        state=OutboxState.SENT,
        handle=shared["external_id"],
        day_keys=days,
        created_at=sent_at - QUEUED_FOR,
        not_before=sent_at - QUEUED_FOR,
        sent_at=sent_at,
        **shared,
    )
    return row, _shown(message, shared, sent_at)


def _shown(message: NewMessage, shared: dict[str, Any], sent_at: datetime) -> Interaction:
    return Interaction(
        direction=Direction.OUTGOING,
        content=message.body,
        timestamp=sent_at,
        author=message.author,
        written_by=message.written_by,
        delivery=Delivery.SENT,
        sources=message.sources,
        confidence=message.confidence,
        **shared,
    )


def day_keys(campaign: Campaign, clinic: Clinic, sent_at: datetime) -> list[str]:
    """The days that a proactive message takes, as `app.services.delivery.begin` writes them."""
    day = sent_at.astimezone(clinic.zone).date().isoformat()
    return [f"A:{campaign.channel.address}:{day}", f"P:{campaign.patient_id}:{day}:0"]


def incoming_rows(
    campaign: Campaign, said: Said, *, number: int, subject: str, at: datetime, is_handled: bool, outcome: str
) -> tuple[InboundEvent, Interaction]:
    """A patient's message through the inbox, screened and read (`app.services.inbound.take_in`)."""
    external_id = str(derived_id("demo", "incoming", campaign.id, number))
    channel = campaign.channel
    seen = screen(text=said.text, headers={}, channel=channel.type, subject=subject)
    message = InboundMessage(
        source=InboundSource.SANDBOX,
        external_id=external_id,
        channel=channel.type,
        sender=channel.address,
        text=said.text,
        subject=subject,
        thread_id=channel.thread_id,
    )
    event = InboundEvent(
        id=derived_id("demo", "inbound", external_id),
        source=message.source,
        event_id=external_id,
        payload=asdict(message),
        conversation_key=message.conversation_key,
        state=InboxState.DONE,
        outcome=outcome,
        campaign_id=campaign.id,
        received_at=at,
        finished_at=at + READ_AFTER,
    )
    return event, _heard(campaign, said, seen, event, is_handled=is_handled)


def _heard(campaign: Campaign, said: Said, seen: Screening, event: InboundEvent, *, is_handled: bool) -> Interaction:
    """The interaction of an event that was read at once."""
    return Interaction(
        id=incoming_id(event.source, event.event_id),
        campaign_id=campaign.id,
        patient_id=campaign.patient_id,
        direction=Direction.INCOMING,
        content=said.text,
        ai_analysis=AiAnalysis(intent=said.intent, sentiment=said.sentiment, intents=[said.intent]),
        timestamp=event.received_at,
        channel=campaign.channel.type,
        subject=event.payload["subject"],
        author=Author.SYSTEM if seen.kind is Intent.AUTO_REPLY else Author.PATIENT,
        external_id=f"{event.source}:{event.event_id}",
        screened_as=seen.kind,
        screened_by=seen.rule or None,
        read_at=event.finished_at,
        handled_at=event.finished_at if is_handled else None,
        is_unanswered=said.wants_article or None,
    )


def _delivered(row: OutboundMessage) -> SandboxMessage:
    return SandboxMessage(
        id=PydanticObjectId(row.external_id),
        outbox_id=str(row.id),
        sender=CLINIC_EMAIL if row.channel is ChannelType.EMAIL else SANDBOX_SENDER,
        to=row.to,
        channel=row.channel,
        subject=row.subject,
        body=row.body,
        thread_id=row.thread_id or "",
        in_reply_to=row.in_reply_to,
        is_sent=True,
        created_at=row.created_at,
        sent_at=row.sent_at,
    )


def _written(row: Interaction, campaign: Campaign) -> SandboxMessage:
    return SandboxMessage(
        id=PydanticObjectId((row.external_id or "").partition(":")[2]),
        sender=campaign.channel.address,
        to=CLINIC,
        channel=row.channel,
        subject=row.subject,
        body=row.content,
        thread_id=campaign.channel.thread_id or "",
        is_sent=True,
        created_at=row.timestamp,
        sent_at=row.timestamp,
    )


def batches(ledger: Ledger) -> Iterable[tuple[str, list[Document]]]:
    """The ledger's rows by the name of the step that writes them, parents before children."""
    yield "campaigns", [*ledger.campaigns]
    yield "appointments", [*ledger.appointments]
    yield "messages out", [*ledger.outbound]
    yield "messages in", [*ledger.inbound]
    yield "conversations", [*ledger.interactions]
    yield "sandbox inboxes", ledger.inboxes()
    yield "booking links", [*ledger.links]
    yield "decisions", [*ledger.decisions]
    yield "audit log", [*ledger.audit]
