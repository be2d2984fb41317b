"""The sandbox's lists as the page shows them: one line an inbox, one bubble a message."""

from dataclasses import dataclass
from datetime import datetime

from app.models.clinic import Clinic
from app.models.enums import ChannelType
from app.models.outbox import Attachment
from app.models.sandbox import SandboxMessage
from app.services import sandbox
from app.web.message_links import Piece, pieces

CHANNEL_NAMES = {ChannelType.EMAIL: "E-mail", ChannelType.SMS: "SMS", ChannelType.WHATSAPP: "WhatsApp"}


@dataclass(slots=True)
class Inbox:
    """What reached one address over all of its channels; `last_at` is clinic-local."""

    address: str
    channels: list[str]
    messages: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message of a conversation; `subject` is empty while it stays the same, `at` is clinic-local."""

    id: str
    by_clinic: bool
    channel: str
    subject: str
    body: list[Piece]
    at: datetime
    opens_a_day: bool
    attachments: list[Attachment]


async def inboxes(clinic: Clinic) -> list[Inbox]:
    """Every address that holds something, the newest mail first; a phone's SMS and WhatsApp are one inbox."""
    found: dict[str, Inbox] = {}
    for row in await sandbox.recipients():
        name = CHANNEL_NAMES[ChannelType(row["channel"])]
        inbox = found.setdefault(row["address"], Inbox(row["address"], [], 0, row["last_at"].astimezone(clinic.zone)))
        inbox.channels.append(name)
        inbox.messages += row["messages"]
    return list(found.values())


async def conversation_of(address: str, clinic: Clinic, *, base_url: str) -> list[Bubble]:
    """Both sides of one conversation, the newest last."""
    bubbles: list[Bubble] = []
    topic = ""
    for message in await sandbox.conversation(address):
        at = (message.sent_at or message.created_at).astimezone(clinic.zone)
        subject = message.subject if topic_of(message.subject) not in ("", topic) else ""
        topic = topic_of(subject) or topic
        bubbles.append(
            Bubble(
                id=str(message.id),
                by_clinic=message.to == address,
                channel=CHANNEL_NAMES[message.channel],
                subject=subject,
                body=pieces(message.body, base_url=base_url),
                at=at,
                opens_a_day=not bubbles or bubbles[-1].at.date() != at.date(),
                attachments=message.attachments,
            )
        )
    return bubbles


def topic_of(subject: str) -> str:
    """The subject without the marks of an answer, so that `Re: Hello` goes on with `Hello`."""
    return subject.casefold().removeprefix("re:").strip()


def newest_from_clinic(messages: list[SandboxMessage], address: str) -> str | None:
    """The id of what a reply answers: the last message that went to this address, or None."""
    return next((str(message.id) for message in reversed(messages) if message.to == address), None)
