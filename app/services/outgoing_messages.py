"""A frozen row as a channel wants it: with the clinic's name and address, and the marks that other robots heed."""

from app.channels.base import OutgoingMessage
from app.models.clinic import Clinic
from app.models.enums import ChannelType
from app.models.outbox import OutboundMessage
from app.services import conversations


async def message_of(row: OutboundMessage) -> OutgoingMessage:
    """The row as a channel wants it, marked as automatic so that other robots stay silent (RFC 3834)."""
    clinic = await Clinic.load()
    kind = "auto-replied" if row.in_reply_to else "auto-generated"
    headers = {"X-Outbox-Id": str(row.id)}
    if row.is_automatic:
        headers |= {"Auto-Submitted": kind, "X-Auto-Response-Suppress": "All"}
    return OutgoingMessage(
        outbox_id=str(row.id),
        channel=row.channel,
        to=row.to,
        subject=row.subject,
        body=row.body,
        thread_id=row.thread_id,
        in_reply_to=row.in_reply_to,
        references=await _references(row),
        headers=headers,
        attachments=tuple(row.attachments),
        unsubscribe_url=row.unsubscribe_url,
        sender_name=clinic.name,
        postal_address=clinic.address,
    )


async def _references(row: OutboundMessage) -> tuple[str, ...]:
    """The thread of an e-mail, for a mail program that goes by it instead of by Gmail's own thread (stack.md 2d)."""
    is_mail = row.channel is ChannelType.EMAIL
    return await conversations.references_of(row.campaign_id) if is_mail and row.campaign_id else ()
