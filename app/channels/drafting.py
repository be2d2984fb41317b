"""What a provider with drafts can do besides sending them: show those that we left behind, and throw one away."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class KeptDraft:
    """A draft of ours that still lies at the provider; `handle` is what `draft` returned for it."""

    handle: str
    outbox_id: str
    made_at: datetime


@runtime_checkable
class DraftingChannel(Protocol):
    """A channel whose unsent drafts can be listed and deleted."""

    def kept_drafts(self) -> AsyncIterator[KeptDraft]:
        """The drafts that bear an outbox id. Raises ChannelError."""

    async def discard(self, draft: KeptDraft) -> None:
        """Delete it; one that is gone already is fine. Raises ChannelError."""
