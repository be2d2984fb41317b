"""JSON of jobs, webhooks and the sandbox (api.md sections 3 and 4)."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from app.api.v1.schemas.types import Answer, Body, HeaderName, HeaderValue, Line, MessageText, Zulu
from app.models.enums import ChannelType


class JobRow(Answer):
    name: str
    last_run_at: Zulu | None
    last_result: dict[str, Any] | None
    next_run_at: Zulu | None


class JobList(Answer):
    jobs: list[JobRow]


class RunBody(Body):
    dry_run: bool = False


class DrainBody(Body):
    ignore_window: bool = False


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
    messages: list[SandboxRow]


class SandboxBody(Body):
    from_: Annotated[Line, Field(alias="from")]
    body: MessageText
    channel: ChannelType | None = None
    in_reply_to: Line | None = None
    headers: Annotated[dict[HeaderName, HeaderValue], Field(max_length=50)] = Field(default_factory=dict)


class SandboxAnswer(Answer):
    id: str


class IncomingBody(Body):
    """What `/webhooks/incoming-message` takes; a signed body that is not of this shape is parked for staff."""

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

    message: PushMessage


class MailboxNotice(Answer):
    """What Gmail says in a push: only that something changed, never what."""

    email_address: Annotated[Line, Field(alias="emailAddress")]
    history_id: Annotated[Line, BeforeValidator(_digits), Field(alias="historyId")]
