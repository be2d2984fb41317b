"""The sandbox channel: a stand-in provider for development and demos, with Gmail's draft protocol."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime

from beanie import PydanticObjectId
from pymongo import ReturnDocument

from app.channels.base import DraftSpentError, OutgoingMessage, Receipt
from app.channels.email_compose import footer_text
from app.channels.sent_log import SentMessage
from app.models.enums import ChannelType
from app.models.sandbox import SandboxMessage

CLINIC_ADDRESSES = {
    ChannelType.EMAIL: "clinic@example.com",
    ChannelType.SMS: "+12025550100",
    ChannelType.WHATSAPP: "+12025550100",
}


class SandboxChannel:
    """Keeps messages in the database instead of delivering them. It says `sandbox` wherever its name is shown."""

    name = "sandbox"

    def __init__(self, *, now: Callable[[], datetime]) -> None:
        self._now = now

    async def draft(self, message: OutgoingMessage) -> str | None:
        thread = message.thread_id or f"sandbox-{message.outbox_id}"
        draft = SandboxMessage(
            outbox_id=message.outbox_id,
            sender=CLINIC_ADDRESSES[message.channel],
            to=message.to,
            channel=message.channel,
            subject=message.subject,
            body=_as_read(message),
            thread_id=thread,
            in_reply_to=message.in_reply_to,
            headers=message.headers | _unsubscribe_headers(message),
            attachments=list(message.attachments),
            is_sent=False,
            created_at=self._now(),
        )
        await draft.insert()
        return str(draft.id)

    async def send(self, message: OutgoingMessage, *, handle: str | None) -> Receipt:
        """Send the draft once; the second call finds `is_sent` true and is refused."""
        raw = await SandboxMessage.collection().find_one_and_update(
            {"_id": PydanticObjectId(handle), "is_sent": False},
            {"$set": {"is_sent": True, "sent_at": self._now()}},
            return_document=ReturnDocument.AFTER,
        )
        if raw is None:
            raise DraftSpentError(f"draft {handle} of message {message.outbox_id} was sent before")
        return Receipt(external_id=str(raw["_id"]), thread_id=raw["thread_id"])

    async def find_sent(self, message: OutgoingMessage) -> Receipt | None:
        sent = await SandboxMessage.find_one({"outbox_id": message.outbox_id, "is_sent": True})
        return Receipt(external_id=str(sent.id), thread_id=sent.thread_id) if sent else None

    async def sent_log(self, *, since: datetime) -> AsyncIterator[SentMessage]:
        """See SentLog."""
        sent = {"is_sent": True, "sent_at": {"$gte": since}, "outbox_id": {"$type": "string"}}
        async for row in SandboxMessage.collection().find(sent):
            yield SentMessage(
                external_id=str(row["_id"]),
                outbox_id=row["outbox_id"],
                to=row["to"],
                thread_id=row["thread_id"],
                sent_at=row["sent_at"],
            )


def _as_read(message: OutgoingMessage) -> str:
    """An automatic e-mail ends as a real one does: who writes, from where, and how to stop it."""
    return f"{message.body}\n\n{footer_text(message)}" if message.unsubscribe_url else message.body


def _unsubscribe_headers(message: OutgoingMessage) -> dict[str, str]:
    """As a real mail's (RFC 8058), over plain http too: nobody signs a stand-in."""
    url = message.unsubscribe_url
    return {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"} if url else {}
