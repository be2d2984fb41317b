"""JSON of handoffs: who waits for a person (domain.md section 6)."""

from typing import Any

from pydantic import ConfigDict

from app.api.v1.schemas.campaigns import PATIENT_ID
from app.api.v1.schemas.interactions import CAMPAIGN_ID
from app.api.v1.schemas.types import Answer, Body, IdText, ShortText, Zulu
from app.models.enums import CampaignStatus, CampaignType, ChannelType, HandoffPriority
from app.services.handoffs import WaitingHandoff

ROW: dict[str, Any] = {
    "campaign_id": CAMPAIGN_ID,
    "patient_id": PATIENT_ID,
    "patient_name": "Ann Ames",
    "campaign_type": "RECALL",
    "channel": "sms",
    "status": "HANDOFF_REQUIRED",
    "priority": "normal",
    "reason": "QUESTION: no article holds the answer",
    "summary": "2 messages from the patient. The patient asks a question; the mood is neutral.",
    "patient_question": "Can I bring my dog?",
    "suggested_reply": None,
    "suggested_source_id": None,
    "suggested_source_title": None,
    "created_at": "2026-11-20T15:00:00.000Z",
    "due_at": "2026-11-20T19:00:00.000Z",
    "is_late": False,
    "escalated_at": None,
    "assigned_to": "6720c1f0a3b4c5d6e7f80907",
    "assigned_name": "Uma Upton",
}


class HandoffRow(Answer):
    campaign_id: IdText
    patient_id: IdText
    patient_name: str
    campaign_type: CampaignType
    channel: ChannelType
    status: CampaignStatus
    priority: HandoffPriority
    reason: str
    summary: str
    patient_question: str
    suggested_reply: str | None
    suggested_source_id: IdText | None = None
    suggested_source_title: str | None
    created_at: Zulu
    due_at: Zulu | None
    is_late: bool
    escalated_at: Zulu | None
    assigned_to: IdText | None = None
    assigned_name: str | None

    @classmethod
    def of(cls, row: WaitingHandoff) -> "HandoffRow":
        """A waiting handoff as staff read it."""
        shown = {
            "campaign_id": row.campaign_id,
            "patient_id": row.patient_id,
            "patient_name": row.patient_name,
            "campaign_type": row.campaign_type,
            "channel": row.channel,
            "status": row.status,
            "is_late": row.is_late,
            "assigned_name": row.assigned_name,
        }
        return cls.model_validate(row.details.model_dump() | shown)


class HandoffList(Answer):
    """The most pressing first: told again, then urgent, then whoever waits longest."""

    model_config = ConfigDict(json_schema_extra={"example": {"handoffs": [ROW]}})

    handoffs: list[HandoffRow]


class CloseBody(Body):
    model_config = ConfigDict(json_schema_extra={"example": {"reason": "Called her; she will come on Monday."}})

    reason: ShortText | None = None
