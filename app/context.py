"""The Context: everything a use case needs from outside, passed first to every one of them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.channels.base import Channel
from app.database.connection import Database
from app.llm.base import LanguageModel
from app.models.enums import ChannelType
from app.security import PasswordHasher
from app.settings import Settings


async def never_pause(_: str) -> None:
    """The production pause point: it does nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The ports of one running product. `now` is the only clock that rules may read (always aware UTC)."""

    settings: Settings
    now: Callable[[], datetime]
    database: Database
    channels: Mapping[ChannelType, Channel]
    llm: LanguageModel
    passwords: PasswordHasher
    pause: Callable[[str], Awaitable[None]] = never_pause
    """Called with a name between two durable steps, so that a test can kill the process exactly there."""

    @property
    def lease_until(self) -> datetime:
        """When a claim made now runs out."""
        return self.now() + timedelta(seconds=self.settings.chairside_lease_seconds)
