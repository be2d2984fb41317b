"""The outbox as use cases see it: freeze a message with the change that causes it, withdraw it, record its end."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from beanie import PydanticObjectId

from app.channels.base import Receipt
from app.context import Context
from app.models.base import derived_id
from app.models.campaigns import Campaign
from app.models.enums import (
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
from app.models.outbox import CANCELLABLE_STATES, Attachment, OutboundMessage
from app.services import audit


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """A message about to be frozen. `key` names its cause: the same cause never makes a second message."""

    key: str
    kind: MessageKind
    author: Author
    channel: ChannelType
    to: str
    body: str
    subject: str = ""
    attempt: int | None = None
    in_reply_to: str | None = None
    attachments: list[Attachment] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    confidence: float | None = None


async def freeze(
    ctx: Context, *, patient_id: PydanticObjectId, campaign: Campaign | None, message: NewMessage
) -> PydanticObjectId:
    """Insert the outbox row and its interaction inside the caller's transaction; DuplicateKeyError on a used key."""
    now = ctx.now()
    identifier = derived_id("outbox", message.key)
    await OutboundMessage(
        id=identifier,
        key=message.key,
        kind=message.kind,
        campaign_id=campaign.id if campaign else None,
        patient_id=patient_id,
        attempt=message.attempt,
        channel=message.channel,
        to=message.to,
        subject=message.subject,
        body=message.body,
        attachments=message.attachments,
        thread_id=campaign.channel.thread_id if campaign else None,
        in_reply_to=message.in_reply_to,
        is_automatic=message.author is not Author.STAFF,
        created_at=now,
        not_before=now,
    ).insert()
    if campaign:
        await _show(ctx, identifier, campaign, message)
    return identifier


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
        delivery=Delivery.QUEUED,
        sources=message.sources,
        confidence=message.confidence,
    ).insert()


async def delivery_of(key: str) -> Delivery:
    """What became of the message that was frozen under this key."""
    shown = await Interaction.get(derived_id("outbox", key))
    return shown.delivery if shown and shown.delivery else Delivery.QUEUED


async def cancel_waiting(
    ctx: Context, campaign_id: PydanticObjectId, *, kinds: Iterable[MessageKind], reason: str
) -> None:
    """Withdraw what has not begun to leave; a sender that already holds the row loses its compare-and-set."""
    await _cancel(ctx, {"campaign_id": campaign_id, "kind": {"$in": list(kinds)}}, reason)


async def cancel_address(ctx: Context, address: str, *, channel: ChannelType, reason: str) -> None:
    """Withdraw everything that waits for one address, after a stop."""
    await _cancel(
        ctx,
        {
            "to": address,
            "channel": channel,
            "kind": {"$nin": [MessageKind.OPT_OUT_CONFIRMATION, MessageKind.EMERGENCY]},
        },
        reason,
    )


async def _cancel(ctx: Context, query: dict[str, Any], reason: str) -> None:
    """Withdraw each row that waits, with the reason for which a proactive one does not leave."""
    waiting = {"state": {"$in": list(CANCELLABLE_STATES)}}
    for row in await OutboundMessage.find(query | waiting).to_list():
        done = await OutboundMessage.collection().update_one(
            {"_id": row.id} | waiting,
            {"$set": {"state": OutboxState.CANCELLED, "state_reason": reason}, "$unset": {"day_keys": ""}},
        )
        if done.modified_count:
            await set_delivery(row.id, Delivery.FAILED)
            await _decided(ctx, row, reason)


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
    await Interaction.collection().update_one(
        {"_id": identifier},
        {"$set": {"delivery": Delivery.SENT, "external_id": receipt.external_id, "timestamp": ctx.now()}},
    )
