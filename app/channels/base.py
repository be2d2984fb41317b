"""The channel port: how a message leaves, exactly once, and what a provider may answer (trust.md 2.4)."""

from dataclasses import dataclass, field
from typing import Protocol

from app.models.enums import ChannelType
from app.models.outbox import Attachment


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """One frozen message. `to` is one validated address; `headers` are the channel's own (e-mail: RFC 5322)."""

    outbox_id: str
    channel: ChannelType
    to: str
    subject: str
    body: str
    thread_id: str | None = None
    in_reply_to: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """The provider's word that a message was accepted: its id there, and the thread it belongs to."""

    external_id: str
    thread_id: str


class ChannelError(Exception):
    """The provider could not take the message now; trying again later is safe."""


class RecipientRefusedError(ChannelError):
    """The provider will never deliver to this address; trying again is useless."""


class DraftSpentError(ChannelError):
    """The one-shot handle was used before: the message went out, or a person removed the draft."""


class OutcomeUnknownError(ChannelError):
    """The request may or may not have taken effect; only `find_sent` may tell."""


class Channel(Protocol):
    """One way to reach a patient. Adapters map every foreign error to a ChannelError."""

    name: str

    async def draft(self, message: OutgoingMessage) -> str | None:
        """Prepare the message and return a handle that can be sent once; None when the provider has no drafts."""

    async def send(self, message: OutgoingMessage, *, handle: str | None) -> Receipt:
        """Send it. With a handle a second call raises DraftSpentError instead of sending twice."""

    async def find_sent(self, message: OutgoingMessage) -> Receipt | None:
        """Ask the provider whether the message of this outbox id went out."""
