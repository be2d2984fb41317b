"""What the sandbox channel keeps: drafts, sent messages, and what a visitor wrote as the patient."""

from typing import ClassVar

from pydantic import AwareDatetime, Field
from pymongo import ASCENDING, IndexModel

from app.models.base import Record
from app.models.enums import ChannelType
from app.models.outbox import Attachment


class SandboxMessage(Record):
    """One message in the stand-in provider. `is_sent` turns true once: a draft cannot be sent twice, as in Gmail."""

    outbox_id: str | None = None
    sender: str
    to: str
    channel: ChannelType
    subject: str = ""
    body: str
    attachments: list[Attachment] = Field(default_factory=list)
    thread_id: str
    in_reply_to: str | None = None
    headers: dict[str, str] = Field(default_factory=dict)
    is_sent: bool
    created_at: AwareDatetime
    sent_at: AwareDatetime | None = None

    class Settings:
        name = "sandbox_messages"
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel([("to", ASCENDING), ("sent_at", ASCENDING), ("_id", ASCENDING)], name="by_recipient"),
            IndexModel([("sender", ASCENDING), ("sent_at", ASCENDING)], name="by_sender"),
            IndexModel([("thread_id", ASCENDING), ("sent_at", ASCENDING)], name="by_thread"),
            IndexModel([("outbox_id", ASCENDING)], name="by_outbox_id", sparse=True),
        ]
