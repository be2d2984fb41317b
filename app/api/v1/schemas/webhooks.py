"""JSON of webhooks (api.md section 3)."""

from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, Field

from app.api.v1.schemas.types import Answer, Body, Line, MessageText
from app.models.enums import ChannelType


class IncomingBody(Body):
    """What `/webhooks/incoming-message` takes; a signed body that is not of this shape is parked for staff."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "channel": "sms",
                "thread_id": "SM-2026-11-21-0177",
                "message_content": "Yes, I would like to come in.",
                "external_id": "SM4f1c9a52",
                "from": "+12025550177",
            }
        }
    )

    channel: ChannelType
    thread_id: Line
    message_content: MessageText
    external_id: Line | None = None
    from_: Annotated[Line | None, Field(alias="from")] = None


def _digits(value: object) -> object:
    """Gmail sends a number; kept as text, because it may outgrow what the database calls an integer."""
    return str(value) if isinstance(value, int) else value


class PushMessage(Answer):
    data: Annotated[str, Field(max_length=10_000)]
    message_id: Annotated[Line, Field(alias="messageId")]


class PushBody(Answer):
    """Google's push: `message.data` holds a `MailboxNotice`, base64url."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "message": {
                    "data": "eyJlbWFpbEFkZHJlc3MiOiJjbGluaWNAZXhhbXBsZS5jb20iLCJoaXN0b3J5SWQiOjk4NzY1fQ==",
                    "messageId": "2070443601311540",
                    "publishTime": "2026-11-21T09:30:00.000Z",
                },
                "subscription": "projects/clinic/subscriptions/gmail",
            }
        }
    )

    message: PushMessage


class MailboxNotice(Answer):
    """What Gmail says in a push: only that something changed, never what."""

    email_address: Annotated[Line, Field(alias="emailAddress")]
    history_id: Annotated[Line, BeforeValidator(_digits), Field(alias="historyId")]
