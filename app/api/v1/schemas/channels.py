"""JSON of the channels' health."""

from pydantic import ConfigDict

from app.api.v1.schemas.types import Answer, Zulu
from app.models.enums import ChannelType


class ChannelHealth(Answer):
    channel: ChannelType
    adapter: str | None
    """`gmail`, `twilio` or `sandbox`; null when nothing is connected."""
    is_stopped: bool
    """True while the provider refuses our credentials: a person must mend it."""
    paused_until: Zulu | None
    reason: str | None
    since: Zulu | None
    waiting: int
    """Messages that wait to be sent."""
    unknown: int
    """Messages of which nobody knows whether they left."""


class ChannelsAnswer(Answer):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "channels": [
                    {
                        "channel": "email",
                        "adapter": "gmail",
                        "is_stopped": False,
                        "paused_until": "2026-11-21T14:05:00.000Z",
                        "reason": "rateLimitExceeded",
                        "since": "2026-11-21T14:00:00.000Z",
                        "waiting": 12,
                        "unknown": 0,
                    }
                ]
            }
        }
    )

    channels: list[ChannelHealth]
