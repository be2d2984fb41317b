"""JSON of the staff inbox (api.md section 4)."""

from typing import Any, Literal, Self

from pydantic import ConfigDict, model_validator

from app.api.v1.schemas.pages import Pagination
from app.api.v1.schemas.types import Answer, Body, IdText, Line, RecordIdText, Zulu
from app.models.enums import ChannelType, HandoffPriority, InboundSource, InboxState
from app.models.inbox import InboundEvent
from app.services.staff_inbox import Entry

EXAMPLE_ROW: dict[str, Any] = {
    "event_id": "665f1c2e9b3a4d5e6f708192",
    "source": "incoming-message",
    "channel": "sms",
    "sender": "+12025550170",
    "subject": "",
    "received_at": "2026-11-23T15:00:00.000Z",
    "state": "UNMATCHED",
    "priority": "normal",
    "reason": "no_campaign_matches",
    "reason_sentence": "Nobody can say whose conversation this belongs to. Choose the patient it is from.",
    "preview": "Hello, this is Ana. Could I come on Tuesday?",
    "suggested_patients": [{"patient_id": "665f1c2e9b3a4d5e6f708193", "name": "Ana Lima", "why": "address"}],
    "booking": None,
    "attempts": 0,
}
EXAMPLE_SETTLED: dict[str, Any] = {
    "event_id": "665f1c2e9b3a4d5e6f708192",
    "state": "RECEIVED",
    "outcome": None,
    "campaign_id": "665f1c2e9b3a4d5e6f708194",
    "appointment_id": None,
}


class SuggestedPatient(Answer):
    patient_id: IdText
    name: str
    why: Literal["address", "family", "booking"]


class WishedBooking(Answer):
    name: str
    email: str | None
    phone: str | None
    start: Zulu
    service_name: str


class InboxRow(Answer):
    event_id: IdText
    source: InboundSource
    channel: ChannelType | None
    sender: str | None
    subject: str
    received_at: Zulu
    state: InboxState
    priority: HandoffPriority
    reason: str | None
    reason_sentence: str
    preview: str
    """The first 200 characters of the text, on one line."""
    suggested_patients: list[SuggestedPatient]
    booking: WishedBooking | None
    attempts: int


class InboxList(Answer):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "pagination": {"total_items": 1, "total_pages": 1, "current_page": 1, "next_cursor": None},
                "messages": [EXAMPLE_ROW],
            }
        }
    )

    pagination: Pagination
    messages: list[InboxRow]


class InboxMessage(InboxRow):
    model_config = ConfigDict(
        json_schema_extra={
            "example": EXAMPLE_ROW
            | {
                "text": "Hello, this is Ana.\nCould I come on Tuesday?",
                "last_error": None,
                "campaign_id": None,
                "handled_by": None,
                "handled_at": None,
                "note": None,
            }
        }
    )

    text: str
    last_error: str | None
    """The kind of failure of the last try."""
    campaign_id: IdText | None
    handled_by: str | None
    handled_at: Zulu | None
    note: str | None
    """Why it was dismissed."""


def row_of(entry: Entry) -> InboxRow:
    """One event of the list."""
    return InboxRow.model_validate(_row(entry))


def message_of(entry: Entry) -> InboxMessage:
    """One event with everything that is known of it."""
    event = entry.event
    known = event.model_dump(include={"last_error", "campaign_id", "handled_by", "handled_at", "note"})
    return InboxMessage.model_validate(_row(entry) | known | {"text": entry.text})


def _row(entry: Entry) -> dict[str, Any]:
    event = entry.event
    kept: dict[str, Any] = event.model_dump(include={"source", "received_at", "state", "priority", "attempts"})
    return kept | {
        "event_id": event.id,
        "channel": entry.channel,
        "sender": entry.sender,
        "subject": str(event.payload.get("subject") or ""),
        "reason": event.outcome,
        "reason_sentence": entry.reason_sentence,
        "preview": entry.preview,
        "suggested_patients": [SuggestedPatient.model_validate(one) for one in entry.suggestions],
        "booking": WishedBooking.model_validate(entry.wish) if entry.wish else None,
    }


class AssignBody(Body):
    """Exactly one of the two."""

    model_config = ConfigDict(json_schema_extra={"example": {"patient_id": "665f1c2e9b3a4d5e6f708193"}})

    campaign_id: RecordIdText | None = None
    patient_id: RecordIdText | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.campaign_id is None) is (self.patient_id is None):
            raise ValueError("name either campaign_id or patient_id")
        return self


class DismissBody(Body):
    model_config = ConfigDict(json_schema_extra={"example": {"reason": "Advertising"}})

    reason: Line


class SettledAnswer(Answer):
    """`state` RECEIVED: the inbox job takes it up within a second or so."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE_SETTLED})

    event_id: IdText
    state: InboxState
    outcome: str | None
    campaign_id: IdText | None
    appointment_id: IdText | None = None

    @classmethod
    def of(cls, event: InboundEvent) -> "SettledAnswer":
        known = event.model_dump(include={"state", "outcome", "campaign_id"})
        return cls.model_validate(known | {"event_id": event.id})
