"""JSON of the message that the agent would write next."""

from pydantic import ConfigDict, Field

from app.agent.previews import NextMessage
from app.api.v1.schemas.types import Answer, Zulu
from app.models.enums import ChannelType, MessageKind
from app.services.decisions_now import NowOutcome


class NextMessageAnswer(Answer):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "outcome": "wait",
                "rule": "next_attempt_planned",
                "why": "The next message is planned for later.",
                "at": "2026-11-24T14:00:00.000Z",
                "kind": "attempt",
                "attempt": 2,
                "channel": "sms",
                "to": "+1******0177",
                "subject": None,
                "body": "Hello Ana, Willow Street Dental again: your regular visit is still open. Shall we find a "
                "time? Answer with a day you like, or pick one online. https://willow.example/book?t=preview "
                "Reply STOP to opt out.",
                "written_by": "offline",
                "draft_refused_by": None,
                "is_final": True,
            }
        }
    )

    outcome: NowOutcome = Field(description="`send`: it is due; `wait`: it leaves later, or it is the patient's turn")
    rule: str
    why: str
    at: Zulu | None = Field(description="When it leaves at the earliest, as things stand")
    kind: MessageKind | None
    attempt: int | None
    channel: ChannelType
    to: str = Field(description="The address, masked")
    subject: str | None = Field(description="E-mail only")
    body: str | None = Field(description="The whole text; the link in it does not work. Null when nothing would leave")
    written_by: str | None = Field(
        description="The language provider, `template`, or `agent` for one that waits already"
    )
    draft_refused_by: str | None = Field(description="The rule that kept the provider's own wording back")
    is_final: bool = Field(description="False: a provider words it anew when it leaves")

    @classmethod
    def of(cls, shown: NextMessage) -> "NextMessageAnswer":
        words = shown.wording
        return cls(
            outcome=shown.outcome,
            rule=shown.rule,
            why=shown.sentence,
            at=shown.at,
            kind=shown.kind,
            attempt=shown.attempt,
            channel=shown.channel,
            to=shown.to,
            subject=(words.subject or None) if words else None,
            body=words.body if words else None,
            written_by=words.written_by if words else None,
            draft_refused_by=words.refused_by if words else None,
            is_final=bool(words and words.is_final),
        )
