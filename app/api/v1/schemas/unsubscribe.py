"""JSON of a patient's own unsubscribe link (api.md section 2)."""

from pydantic import ConfigDict

from app.api.v1.schemas.types import Answer
from app.models.enums import ChannelType


class StandingAnswer(Answer):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "channel": "email",
                "address_hint": "m…@example.com",
                "is_stopped": False,
                "everything_is_stopped": False,
            }
        }
    )

    channel: ChannelType
    address_hint: str
    """Enough of the address to know one's own, never the whole."""
    is_stopped: bool
    everything_is_stopped: bool


class StoppedAnswer(Answer):
    model_config = ConfigDict(json_schema_extra={"example": {"message": "You will get no more messages."}})

    message: str
