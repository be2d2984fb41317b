"""The Context: everything a use case needs from outside, passed first to every one of them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.channels.base import Channel
from app.channels.mailbox import Mailbox
from app.database.connection import Database
from app.database.identity import Remembered
from app.database.shared_reads import SharedReads
from app.database.turns import Turns
from app.llm.base import Draft, FollowUpBrief, LanguageModel
from app.llm.embeddings import Embedder
from app.models.enums import ChannelType
from app.security import PasswordHasher
from app.settings import Settings
from app.stopping import Stopping
from app.tracing.spans import NoTracer, Tracer


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
    write_template: Callable[[FollowUpBrief], Draft]
    """A proactive message in fixed words, for when a provider's own may not leave."""
    passwords: PasswordHasher
    embedder: Embedder | None = None
    """Finds articles by meaning; None leaves the search by words."""
    mailbox: Mailbox | None = None
    """The clinic's own mailbox; None while e-mail goes by another channel, so that there is nothing to read."""
    reads: SharedReads = field(default_factory=SharedReads)
    """What many callers want at one moment is read once; outside transactions only."""
    turns: Turns = field(default_factory=Turns)
    """Callers of this process who would collide in the database come one after the other."""
    remembered: Remembered = field(default_factory=Remembered)
    """What this process last wrote about its database: one that went back behind that was restored."""
    tracer: Tracer = field(default_factory=NoTracer)
    """Where one trace for each run of the agent goes."""
    stopping: Stopping = field(default_factory=Stopping)
    """Whether this process is to end: then nothing new is begun."""
    pause: Callable[[str], Awaitable[None]] = never_pause
    """Called with a name between two durable steps, so that a test can kill the process exactly there."""

    @property
    def lease_until(self) -> datetime:
        """When a claim made now runs out."""
        return self.now() + timedelta(seconds=self.settings.chairside_lease_seconds)
