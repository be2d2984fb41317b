"""Channels that stand still: asked to slow down by the provider, or stopped because our credentials are refused."""

from datetime import datetime

from beanie import Document
from pydantic import AwareDatetime, Field

from app.models.base import LONG_AGO
from app.models.enums import ChannelType


class ChannelState(Document):
    """One row a channel; none means that nothing ever went wrong. Nothing is sent on it before `until`."""

    id: ChannelType = Field()  # type: ignore[assignment]  # Beanie types the id as optional; a state is its channel's
    until: AwareDatetime = LONG_AGO
    is_stopped: bool = False
    """True while the provider refuses our credentials: a person must mend it."""
    reason: str | None = None
    since: AwareDatetime | None = None

    class Settings:
        name = "channel_states"

    def is_closed(self, now: datetime) -> bool:
        return self.until > now
