"""JSON of an answer that is looked at before it is sent."""

from pydantic import ConfigDict, Field

from app.api.v1.schemas.types import Answer, Body, MessageText
from app.domain.sms_segments import SmsEncoding
from app.models.enums import ChannelType
from app.services.message_previews import MessagePreview


class PreviewBody(Body):
    model_config = ConfigDict(json_schema_extra={"example": {"message": "We’d love to see you on Tuesday at 10."}})

    message: MessageText


class CostlyCharacterAnswer(Answer):
    character: str
    name: str
    instead: str | None = Field(description="What to type in its place; null when nothing plain is like it")


class PreviewAnswer(Answer):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "channel": "sms",
                "to": "+1******0177",
                "characters": 38,
                "encoding": "UCS-2",
                "segments": 1,
                "forced_by": [{"character": "’", "name": "right single quotation mark", "instead": "'"}],
                "will_be_sent": True,
                "why_not": None,
            }
        }
    )

    channel: ChannelType
    to: str = Field(description="The address, masked")
    characters: int
    encoding: SmsEncoding | None = Field(description="SMS only")
    segments: int | None = Field(description="SMS only: how many parts it is charged as")
    forced_by: list[CostlyCharacterAnswer] = Field(description="SMS only: characters that make it UCS-2; at most 20")
    will_be_sent: bool
    why_not: str | None

    @classmethod
    def of(cls, preview: MessagePreview) -> "PreviewAnswer":
        size = preview.size
        costly = size.forced_by if size else ()
        return cls(
            channel=preview.channel,
            to=preview.to,
            characters=preview.characters,
            encoding=size.encoding if size else None,
            segments=size.segments if size else None,
            forced_by=[CostlyCharacterAnswer.model_validate(each) for each in costly],
            will_be_sent=preview.obstacle is None,
            why_not=preview.why_not,
        )
