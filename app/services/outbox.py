"""The outbox as use cases see it: freeze a message with the change that causes it, withdraw it, record its end."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from beanie import PydanticObjectId

from app.channels.base import Receipt
from app.context import Context
from app.logging import get_logger
from app.models.base import derived_id
from app.models.campaigns import Campaign
from app.models.enums import (
    EXEMPT_FROM_STOP,
    PROACTIVE_KINDS,
    Author,
    ChannelType,
    DecisionOutcome,
    Delivery,
    Direction,
    MessageKind,
    OutboxState,
)
from app.models.interactions import Interaction
from app.models.outbox import CANCELLABLE_STATES, LIVE_STATES, Attachment, OutboundMessage
from app.services import audit, links

log = get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """A message about to be frozen. `key` names its cause: the same cause never makes a second message."""

    key: str
    kind: MessageKind
    author: Author
    written_by: PydanticObjectId | None = None
    """By staff only: the user who wrote it."""
    channel: ChannelType
    to: str
    body: str
    subject: str = ""
    attempt: int | None = None
    in_reply_to: str | None = None
    answers: tuple[PydanticObjectId, ...] = ()
    """Incoming interactions that it deals with."""
    appointment_id: PydanticObjectId | None = None
    fallback_of: PydanticObjectId | None = None
    campaign_version: int | None = None
    """Of the campaign as its writer read it; None means: as it is given to `freeze`."""
    not_before: datetime | None = None
    """When it may leave at the earliest; None means now."""
    attachments: list[Attachment] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    confidence: float | None = None


async def freeze(
    ctx: Context, *, patient_id: PydanticObjectId, campaign: Campaign | None, message: NewMessage
) -> PydanticObjectId:
    """Insert the outbox row and its interaction inside the caller's transaction; DuplicateKeyError on a used key."""
    now = ctx.now()
    identifier = derived_id("outbox", message.key)
    unsubscribe_url = await _unsubscribe_url(ctx, patient_id, campaign, message)
    await OutboundMessage(
        id=identifier,
        key=message.key,
        kind=message.kind,
        campaign_id=campaign.id if campaign else None,
        appointment_id=message.appointment_id,
        patient_id=patient_id,
        campaign_version=_version_read(campaign, message),
        attempt=message.attempt,
        channel=message.channel,
        to=message.to,
        subject=message.subject,
        body=message.body,
        attachments=message.attachments,
        unsubscribe_url=unsubscribe_url,
        thread_id=_thread_of(campaign, message),
        in_reply_to=message.in_reply_to,
        answers=list(message.answers),
        is_automatic=message.author is not Author.STAFF,
        correlation_id=audit.correlation_id(),
        created_at=now,
        not_before=message.not_before or now,
        fallback_of=message.fallback_of,
    ).insert()
    if campaign:
        await _show(ctx, identifier, campaign, message)
    log.info("outbox.message_frozen", outbox_id=str(identifier), channel=message.channel.value, kind=message.kind.value)
    return identifier


async def _unsubscribe_url(
    ctx: Context, patient_id: PydanticObjectId, campaign: Campaign | None, message: NewMessage
) -> str | None:
    """Every e-mail that we write by ourselves carries the patient's own way out of them (trust.md 4.5)."""
    is_automatic = message.author is not Author.STAFF and message.kind not in EXEMPT_FROM_STOP
    if message.channel is not ChannelType.EMAIL or not is_automatic:
        return None
    link, url = links.new_unsubscribe_link(
        ctx, patient_id=patient_id, campaign_id=campaign.id if campaign else None, channel=message.channel
    )
    await link.insert()
    return url


def _version_read(campaign: Campaign | None, message: NewMessage) -> int | None:
    if message.campaign_version is not None:
        return message.campaign_version
    return campaign.version if campaign else None


def _thread_of(campaign: Campaign | None, message: NewMessage) -> str | None:
    """The conversation's thread, for a message that goes where the conversation is."""
    if campaign is None or (message.channel, message.to) != (campaign.channel.type, campaign.channel.address):
        return None
    return campaign.channel.thread_id


async def _show(ctx: Context, identifier: PydanticObjectId, campaign: Campaign, message: NewMessage) -> None:
    await Interaction(
        id=identifier,
        campaign_id=campaign.id,
        patient_id=campaign.patient_id,
        direction=Direction.OUTGOING,
        content=message.body,
        timestamp=ctx.now(),
        channel=message.channel,
        subject=message.subject,
        author=message.author,
        written_by=message.written_by,
        delivery=Delivery.QUEUED,
        sources=message.sources,
        confidence=message.confidence,
        correlation_id=audit.correlation_id(),
    ).insert()


async def attempts_sent(campaign_id: PydanticObjectId) -> int:
    """How many attempts of a campaign left, or may have, and did not come back."""
    counted = {"state": {"$in": [OutboxState.SENT, OutboxState.UNKNOWN]}, "kind": MessageKind.ATTEMPT}
    return await OutboundMessage.collection().count_documents({"campaign_id": campaign_id} | counted)


async def next_attempt(campaign_id: PydanticObjectId) -> int:
    """The number of a campaign's next attempt: behind every one that waits or left."""
    live = {"campaign_id": campaign_id, "kind": MessageKind.ATTEMPT, "state": {"$in": list(LIVE_STATES)}}
    newest = await OutboundMessage.find(live).sort("-attempt").first_or_none()
    return 1 + (newest.attempt or 0 if newest else 0)


async def delivery_of(key: str) -> Delivery:
    """What became of the message that was frozen under this key."""
    shown = await Interaction.get(derived_id("outbox", key))
    return shown.delivery if shown and shown.delivery else Delivery.QUEUED


async def cancel_waiting(
    ctx: Context, campaign_id: PydanticObjectId, *, kinds: Iterable[MessageKind], reason: str, reopens: bool = False
) -> None:
    """Withdraw what has not begun to leave; a sender that already holds the row loses its compare-and-set.

    With `reopens`, what it would have answered waits for somebody again.
    """
    for row in await _cancel(ctx, {"campaign_id": campaign_id, "kind": {"$in": list(kinds)}}, reason):
        if reopens:
            await reopen(row)


async def reopen(row: OutboundMessage) -> None:
    """The patient's messages that a withdrawn answer dealt with are not dealt with.

    The word that a person will answer is none: whoever withdraws it has seen what it is about.
    """
    if row.kind is not MessageKind.REPLY:
        return
    await Interaction.collection().update_many({"_id": {"$in": row.answers}}, {"$set": {"handled_at": None}})


async def cancel_address(ctx: Context, address: str, *, channel: ChannelType, reason: str) -> None:
    """Withdraw everything that waits for one address, after a stop."""
    await _cancel(
        ctx,
        {
            "to": address,
            "channel": channel,
            "kind": {"$nin": list(EXEMPT_FROM_STOP)},
        },
        reason,
    )


async def cancel_patients(ctx: Context, patient_ids: Iterable[PydanticObjectId], *, reason: str) -> None:
    """Withdraw everything that waits for these people on any channel, after a stop of everything."""
    await _cancel(ctx, {"patient_id": {"$in": list(patient_ids)}, "kind": {"$nin": list(EXEMPT_FROM_STOP)}}, reason)


async def _cancel(ctx: Context, query: dict[str, Any], reason: str) -> list[OutboundMessage]:
    """Withdraw each row that waits, with the reason for which a proactive one does not leave; those withdrawn."""
    withdrawn = []
    waiting = {"state": {"$in": list(CANCELLABLE_STATES)}}
    for row in await OutboundMessage.find(query | waiting).to_list():
        done = await OutboundMessage.collection().update_one(
            {"_id": row.id} | waiting,
            {"$set": {"state": OutboxState.CANCELLED, "state_reason": reason}, "$unset": {"day_keys": ""}},
        )
        if done.modified_count:
            await set_delivery(row.id, Delivery.FAILED)
            await _decided(ctx, row, reason)
            withdrawn.append(row)
    return withdrawn


async def _decided(ctx: Context, row: OutboundMessage, reason: str) -> None:
    if row.kind in PROACTIVE_KINDS:
        await audit.decide(
            ctx,
            patient_id=row.patient_id,
            campaign_id=row.campaign_id,
            outcome=DecisionOutcome.REFUSED,
            rule=reason,
            inputs={"kind": row.kind},
        )


async def set_delivery(identifier: PydanticObjectId, delivery: Delivery) -> None:
    await Interaction.collection().update_one({"_id": identifier}, {"$set": {"delivery": delivery}})


async def stamp_sent(ctx: Context, identifier: PydanticObjectId, receipt: Receipt) -> None:
    """Put the provider's id and the moment of sending on the interaction."""
    stamps = {"delivery": Delivery.SENT, "external_id": receipt.external_id, "timestamp": ctx.now()}
    if receipt.message_id:
        stamps["message_id"] = receipt.message_id
    await Interaction.collection().update_one({"_id": identifier}, {"$set": stamps})
