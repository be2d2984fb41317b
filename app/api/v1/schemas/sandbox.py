"""JSON of the sandbox (api.md section 4, "Shapes that scripts rely on")."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from app.api.v1.schemas.types import Answer, Body, HeaderName, HeaderValue, Line, MessageText, Zulu
from app.models.enums import ChannelType


class SandboxRow(Answer):
    id: str
    from_: str = Field(serialization_alias="from")
    to: str
    channel: ChannelType
    subject: str
    body: str
    thread_id: str
    sent_at: Zulu
    attachments: list[dict[str, Any]] = Field(default_factory=list)


class SandboxList(Answer):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "messages": [
                    {
                        "id": "6720c1f0a3b4c5d6e7f80944",
                        "from": "reception@example.com",
                        "to": "ann@example.com",
                        "channel": "email",
                        "subject": "Your visit",
                        "body": "Hello Ann Ames,\nit is time for your visit.",
                        "thread_id": "t-6720c1f0",
                        "sent_at": "2026-11-21T15:00:00.000Z",
                        "attachments": [],
                    }
                ]
            }
        }
    )

    messages: list[SandboxRow]


class SandboxBody(Body):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {"from": "ann@example.com", "body": "Yes, I would like to come in.", "channel": "email"}
        }
    )

    from_: Annotated[Line, Field(alias="from")]
    body: MessageText
    channel: ChannelType | None = None
    in_reply_to: Line | None = None
    headers: Annotated[dict[HeaderName, HeaderValue], Field(max_length=50)] = Field(
        default_factory=dict, json_schema_extra={"additionalProperties": False}
    )


class SandboxAnswer(Answer):
    model_config = ConfigDict(json_schema_extra={"example": {"id": "6720c1f0a3b4c5d6e7f80945"}})

    id: str
