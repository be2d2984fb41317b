"""What some channels can tell besides sending: everything that left since a moment (trust.md fault 23).

A restored database asks this before anything leaves: what its copy does not know as sent may have left all the same.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMessage:
    """One message that left. `outbox_id` is the mark that it carries; `unsubscribe_url` the link in its header."""

    external_id: str
    outbox_id: str
    to: str
    thread_id: str
    sent_at: datetime
    message_id: str | None = None
    unsubscribe_url: str | None = None


@runtime_checkable
class SentLog(Protocol):
    """A channel whose messages bear our mark and can be listed."""

    def sent_log(self, *, since: datetime) -> AsyncIterator[SentMessage]:
        """Every message of ours that left since then, in no order. Raises ChannelError."""
