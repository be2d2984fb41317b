"""Reading what left before a restore, and settling the rows of the outbox that turn out to be it (fault 23)."""

from collections.abc import AsyncIterator
from datetime import datetime

from beanie import PydanticObjectId
from pymongo import ASCENDING

from app.channels.base import Channel
from app.channels.listing import ListedMessage, ListingChannel
from app.channels.sent_log import SentLog, SentMessage
from app.context import Context
from app.models.base import derived_id
from app.models.delivery_reports import DeliveryReport
from app.models.enums import ChannelType, LinkPurpose, OutboxState
from app.models.links import PatientLink
from app.models.outbox import WAITING_STATES, OutboundMessage
from app.models.patients import LIVING, Patient
from app.models.recovery import FoundMessage
from app.security import hash_link_token
from app.services import delivery, found_messages, links

WHATSAPP = "whatsapp:"
KNOWN_AS_SENT = (OutboxState.SENT, OutboxState.UNKNOWN, OutboxState.FAILED)


async def read(ctx: Context, *, since: datetime) -> None:
    """Store every message that left since then and that no row knows as sent. Raises ChannelError.

    Reading twice stores nothing twice.
    """
    for kind, channel in ctx.channels.items():
        async for message, way_out in _left(kind, channel, since):
            await _keep(ctx, message)
            await _restore_way_out(ctx, message, way_out or "")


async def found(*, since: datetime) -> tuple[int, int]:
    """How many messages were found since then, and how many of them are rows of the outbox now."""
    theirs = {"found_at": {"$gte": since}}
    rows = FoundMessage.collection()
    return await rows.count_documents(theirs), await rows.count_documents(theirs | {"row_id": {"$ne": None}})


async def _left(kind: ChannelType, channel: Channel, since: datetime) -> AsyncIterator[tuple[FoundMessage, str | None]]:
    """Each message with the link in it that stops our mail."""
    if isinstance(channel, SentLog):
        async for sent in channel.sent_log(since=since):
            if not await _is_known(sent):
                yield _of_log(kind, sent), sent.unsubscribe_url
    elif isinstance(channel, ListingChannel):
        async for listed in channel.sent(kind, since=since):
            if _is_ours(kind, listed) and not await _is_known_by_id(listed.external_id):
                yield _of_listing(kind, listed), None


def _is_ours(kind: ChannelType, listed: ListedMessage) -> bool:
    """Whether we sent it on this channel: a listing may hold those of both."""
    is_whatsapp = listed.to.startswith(WHATSAPP)
    return not listed.is_inbound and is_whatsapp == (kind is ChannelType.WHATSAPP)


async def _is_known(sent: SentMessage) -> bool:
    """Also a mark that is not ours: it can be no row."""
    row_id = found_messages.row_id_of(sent.outbox_id)
    if row_id is None:
        return True
    row = await OutboundMessage.get(row_id)
    return row is not None and row.state in KNOWN_AS_SENT


async def _is_known_by_id(external_id: str) -> bool:
    """A callback may have named a message whose row has not heard of it."""
    if await OutboundMessage.collection().find_one({"external_id": external_id}, {"_id": 1}):
        return True
    report = await DeliveryReport.find_one({"external_id": external_id})
    row = await OutboundMessage.get(report.id) if report else None
    return row is not None and row.state in KNOWN_AS_SENT


def _of_log(kind: ChannelType, sent: SentMessage) -> FoundMessage:
    return FoundMessage(
        id=derived_id("found", kind, sent.external_id),
        channel=kind,
        external_id=sent.external_id,
        outbox_id=sent.outbox_id,
        to=sent.to,
        thread_id=sent.thread_id,
        message_id=sent.message_id,
        sent_at=sent.sent_at,
        found_at=sent.sent_at,
    )


def _of_listing(kind: ChannelType, listed: ListedMessage) -> FoundMessage:
    number = listed.to.removeprefix(WHATSAPP)
    return FoundMessage(
        id=derived_id("found", kind, listed.external_id),
        channel=kind,
        external_id=listed.external_id,
        to=number,
        thread_id=f"{kind}:{number}",
        sent_at=listed.created_at,
        text_mark=found_messages.mark_of_text(listed.body),
        found_at=listed.created_at,
    )


async def _keep(ctx: Context, message: FoundMessage) -> None:
    """One that an earlier restore had found is found again; it stays the row's that it was."""
    stored = message.model_dump(exclude={"id", "found_at", "row_id"})
    update = {"$set": {"found_at": ctx.now()}, "$setOnInsert": stored}
    await FoundMessage.collection().update_one({"_id": message.id}, update, upsert=True)


async def _restore_way_out(ctx: Context, message: FoundMessage, url: str) -> None:
    """A mail that left carries a link that stops our mail; it must work although the copy has never heard of it."""
    before = f"{ctx.settings.public_base_url}/unsubscribe/"
    if not url.startswith(before):
        return
    hashed = hash_link_token(url.removeprefix(before))
    patient_id = await _patient_of(message)
    if patient_id is None or await PatientLink.find_one({"token_hash": hashed}):
        return
    link = PatientLink(
        id=derived_id("restored-link", hashed),
        token_hash=hashed,
        purpose=LinkPurpose.UNSUBSCRIBE,
        patient_id=patient_id,
        channel=message.channel,
        created_at=message.sent_at,
        expires_at=links.NEVER,
    )
    await link.save()


async def _patient_of(message: FoundMessage) -> PydanticObjectId | None:
    holder = await Patient.find_one(LIVING | {"email": message.to, "guardian_id": None})
    return holder.id if holder else None


async def settle(ctx: Context) -> None:
    """Mark every waiting row that had left as sent; its interaction and its attempt are counted once."""
    waiting = {"state": {"$in": list(WAITING_STATES)}}
    ids = [raw["_id"] async for raw in OutboundMessage.collection().find(waiting, {"_id": 1}).sort("_id", ASCENDING)]
    for row_id in ids:
        await _settle(ctx, row_id)


async def _settle(ctx: Context, row_id: PydanticObjectId) -> None:
    row = await OutboundMessage.get(row_id)
    receipt = await found_messages.receipt_of(ctx, row) if row else None
    held = await OutboundMessage.hold(row_id, until=ctx.lease_until) if receipt else None
    if held and receipt:
        await delivery.record_sent(ctx, held, receipt)
