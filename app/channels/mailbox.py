"""The mailbox port: what came in since a point in its history, and being told when something does (trust.md 2.5)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.channels.base import ChannelError


class HistoryGoneError(ChannelError):
    """The provider no longer keeps the history since that point: the recent messages must be listed instead."""


class MessageGoneError(ChannelError):
    """The message was listed and is no longer there: a person removed it meanwhile."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Whose mailbox it is, and the newest point of its history."""

    address: str
    history_id: int


@dataclass(frozen=True, slots=True)
class WatchState:
    """Until when the provider announces changes."""

    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Listed:
    """One message of a listing. `labels` is None where the listing does not tell them."""

    id: str
    labels: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Messages that came in, oldest first; `history_id` is the point reached once all of them are stored."""

    messages: tuple[Listed, ...]
    history_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxMessage:
    """One message as it came off the wire; `received_at` is when the mailbox took it."""

    id: str
    thread_id: str
    labels: frozenset[str]
    raw: bytes
    received_at: datetime


class Mailbox(Protocol):
    """The clinic's mailbox. Adapters map every foreign error to a ChannelError (ChannelStoppedError: credentials)."""

    address: str
    is_pushed: bool
    """True when the provider was told where to announce changes; otherwise only the poll finds them."""

    async def profile(self) -> Profile:
        """Whose mailbox the credentials open, and where its history stands."""

    async def watch(self) -> WatchState:
        """Begin or renew the announcements."""

    async def stop(self) -> None:
        """End the announcements."""

    def changes(self, since: int) -> AsyncIterator[ChangePage]:
        """Every page of what came in after that point. Raises HistoryGoneError."""

    def recent(self, days: int) -> AsyncIterator[tuple[Listed, ...]]:
        """Every page of what others wrote in the last days, newest first; what just came in may be missing yet."""

    async def fetch(self, message_id: str) -> MailboxMessage:
        """One whole message. Raises MessageGoneError."""
