"""What some providers can do besides sending: list what came in and what became of messages (trust.md 2.5)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from app.models.enums import ChannelType


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedMessage:
    """One message as the provider keeps it; addresses as the provider writes them."""

    external_id: str
    is_inbound: bool
    sender: str
    to: str
    body: str
    status: str
    error_code: int | None
    created_at: datetime
    media: int


@runtime_checkable
class ListingChannel(Protocol):
    """A channel whose provider can be asked what happened while our webhook was away."""

    def received(self, channel: ChannelType, *, since: datetime) -> AsyncIterator[ListedMessage]:
        """What people wrote to us since then, newest first. Raises ChannelError."""

    def sent(self, channel: ChannelType, *, since: datetime) -> AsyncIterator[ListedMessage]:
        """What we sent since then, newest first, with what became of it. Raises ChannelError."""
