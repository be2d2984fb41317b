"""The channel port: how a message leaves, exactly once, and what a provider may answer (trust.md 2.4)."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from app.models.enums import ChannelType
from app.models.outbox import Attachment


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """One frozen message. `to` is one validated address; `headers` are the channel's own (e-mail: RFC 5322).

    `references` are the Message-IDs of the thread, oldest first; `unsubscribe_url` is the patient's own link, absent
    for a message that a stop does not concern; `sender_name` and `postal_address` are the clinic's.
    """

    outbox_id: str
    channel: ChannelType
    to: str
    subject: str
    body: str
    thread_id: str | None = None
    in_reply_to: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()
    references: tuple[str, ...] = ()
    unsubscribe_url: str | None = None
    sender_name: str = ""
    postal_address: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The provider's word that a message was accepted: its id there, and the thread it belongs to.

    `message_id` is the Message-ID under which an e-mail travels: what an answer names in In-Reply-To.
    """

    external_id: str
    thread_id: str
    message_id: str | None = None


class ChannelError(Exception):
    """The provider could not take the message now; trying again later is safe."""


class RecipientRefusedError(ChannelError):
    """The provider will never deliver to this address; trying again is useless."""


class RecipientStoppedError(RecipientRefusedError):
    """The provider keeps a stop of this person for us (Twilio 21610): to be recorded as our own opt-out."""


class NotAllowedNowError(ChannelError):
    """The channel may not carry this message now (WhatsApp's 24-hour window): another channel may."""


class ThrottledError(ChannelError):
    """The provider asks to slow down: the whole channel waits `retry_after`, and no try is used up."""

    def __init__(self, reason: str, *, retry_after: timedelta) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class ChannelStoppedError(ChannelError):
    """Our credentials are refused: the channel stands still until a person mends it, and nothing is lost."""


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
