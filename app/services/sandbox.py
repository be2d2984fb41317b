"""The patient's side of the sandbox: reading the stand-in inbox and answering from it."""

from typing import Any

from beanie import PydanticObjectId

from app.context import Context
from app.errors import NotFoundError
from app.models.clinic import Clinic
from app.models.enums import ChannelType, InboundSource
from app.models.outbox import Attachment
from app.models.sandbox import SandboxMessage
from app.services import inbound
from app.services.addresses import phone_in_e164
from app.services.inbound import InboundMessage

MOST_MESSAGES = 1_000
CLINIC = "clinic"


async def address_as_stored(text: str) -> str:
    """An e-mail in lower case or a phone in E.164. Raises InvalidInputError for what is neither."""
    if "@" in text:
        return text.strip().lower()
    return phone_in_e164(text, await Clinic.load()) or ""


async def sent_to(address: str) -> list[dict[str, Any]]:
    """What reached this address, oldest first."""
    query = {"to": await address_as_stored(address), "is_sent": True}
    newest_first = await SandboxMessage.find(query).sort("-sent_at", "-_id").limit(MOST_MESSAGES).to_list()
    return [_shown(row) for row in newest_first[::-1]]


async def attachment_of(message_id: PydanticObjectId, filename: str) -> Attachment:
    """One file of a sent message. Raises NotFoundError."""
    message = await SandboxMessage.get(message_id)
    found = [file for file in (message.attachments if message else []) if file.filename == filename]
    if not found:
        raise NotFoundError("There is no such file.")
    return found[0]


def _shown(row: SandboxMessage) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "from_": row.sender,
        "to": row.to,
        "channel": row.channel,
        "subject": row.subject,
        "body": row.body,
        "thread_id": row.thread_id,
        "sent_at": row.sent_at,
        "attachments": [attachment.model_dump() for attachment in row.attachments],
    }


async def recipients(*, limit: int = 200) -> list[dict[str, Any]]:
    """The inboxes that hold something, the newest mail first: `{address, channel, messages, last_at}`."""
    pipeline: list[dict[str, Any]] = [
        {"$match": {"is_sent": True, "to": {"$ne": CLINIC}}},
        {
            "$group": {
                "_id": {"to": "$to", "channel": "$channel"},
                "messages": {"$sum": 1},
                "last_at": {"$max": "$sent_at"},
            }
        },
        {"$sort": {"last_at": -1}},
        {"$limit": limit},
    ]
    rows = await SandboxMessage.collection().aggregate(pipeline)
    return [
        {
            "address": row["_id"]["to"],
            "channel": row["_id"]["channel"],
            "messages": row["messages"],
            "last_at": row["last_at"],
        }
        async for row in rows
    ]


async def conversation(address: str) -> list[SandboxMessage]:
    """Both sides of what an address and the clinic wrote to each other, oldest first."""
    query = {"is_sent": True, "$or": [{"to": address}, {"sender": address}]}
    newest_first = await SandboxMessage.find(query).sort("-sent_at", "-_id").limit(MOST_MESSAGES).to_list()
    return newest_first[::-1]


async def write_as_patient(
    ctx: Context,
    *,
    sender: str,
    text: str,
    channel: ChannelType | None,
    in_reply_to: str | None,
    headers: dict[str, str],
) -> str:
    """A patient's message: kept in the stand-in, then into the same inbox as a real one. Returns its id."""
    address = await address_as_stored(sender)
    answered = await _answered(in_reply_to, address)
    medium = channel or (answered.channel if answered else _guess(address))
    message = SandboxMessage(
        sender=address,
        to=CLINIC,
        channel=medium,
        subject=f"Re: {answered.subject}" if answered and answered.subject else "",
        body=text,
        thread_id=answered.thread_id if answered else f"sandbox-{medium}-{address}",
        in_reply_to=str(answered.id) if answered else in_reply_to,
        headers=headers,
        is_sent=True,
        created_at=ctx.now(),
        sent_at=ctx.now(),
    )
    await message.insert()
    await inbound.store(ctx, _as_inbound(message, answered))
    return str(message.id)


async def _answered(in_reply_to: str | None, sender: str) -> SandboxMessage | None:
    """The message that was answered: the named one, else none (a new message is matched by its sender)."""
    if in_reply_to and PydanticObjectId.is_valid(in_reply_to):
        found = await SandboxMessage.get(PydanticObjectId(in_reply_to))
        return found if found and found.to == sender else None
    return None


def _guess(address: str) -> ChannelType:
    return ChannelType.EMAIL if "@" in address else ChannelType.SMS


def _as_inbound(message: SandboxMessage, answered: SandboxMessage | None) -> InboundMessage:
    return InboundMessage(
        source=InboundSource.SANDBOX,
        external_id=str(message.id),
        channel=message.channel,
        sender=message.sender,
        text=message.body,
        subject=message.subject,
        thread_id=answered.thread_id if answered else None,
        in_reply_to=message.in_reply_to,
        headers=message.headers,
    )
