"""JSON of campaigns (api.md section 4)."""

from typing import Any

from pydantic import ConfigDict, Field

from app.api.v1.schemas.interactions import CAMPAIGN_ID, MESSAGE, HistoryRow
from app.api.v1.schemas.pages import Pagination
from app.api.v1.schemas.types import (
    Answer,
    Body,
    Day,
    Email,
    IdText,
    Line,
    MessageText,
    Money,
    Phone,
    ShortText,
    Zulu,
)
from app.models.campaigns import Campaign
from app.models.enums import (
    CampaignStatus,
    CampaignType,
    ChannelType,
    CloseReason,
    Delivery,
    FunnelStatus,
    HandoffPriority,
)

PATIENT_ID = "6720c1f0a3b4c5d6e7f80902"
DETAILS: dict[str, Any] = {
    "campaign_id": CAMPAIGN_ID,
    "patient_id": PATIENT_ID,
    "patient_name": "Ann Ames",
    "campaign_type": "RECOVERY",
    "status": "RE_ENGAGED",
    "channel": {"type": "email", "thread_id": "t-6720c1f0"},
    "engagement_summary": "Asked what whitening costs.",
    "follow_up_details": {"attempts_made": 1, "max_attempts": 3, "next_attempt_at": None},
    "booking_funnel": {"status": "FORM_SENT", "link_url": None, "submitted_at": None},
    "handoff_details": None,
    "estimated_value": 400.0,
    "initial_inquiry": "How much is whitening?",
    "due_date": None,
    "close_reason": None,
    "closed_at": None,
    "created_at": "2026-11-20T15:00:00.000Z",
    "updated_at": "2026-11-21T09:30:00.000Z",
    "version": 3,
}


class CampaignPagination(Pagination):
    total_is_exact: bool = Field(description="False when counting stopped: there are at least `total_items`.")


class CampaignRow(Answer):
    campaign_id: IdText
    patient_id: IdText
    patient_name: str
    campaign_type: CampaignType
    status: CampaignStatus
    channel: ChannelType
    attempts_made: int
    estimated_value: float
    close_reason: CloseReason | None
    created_at: Zulu
    last_updated: Zulu


class CampaignList(Answer):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "pagination": {
                    "total_items": 1,
                    "total_pages": 1,
                    "current_page": 1,
                    "next_cursor": None,
                    "total_is_exact": True,
                },
                "campaigns": [
                    {
                        "campaign_id": CAMPAIGN_ID,
                        "patient_id": PATIENT_ID,
                        "patient_name": "Ann Ames",
                        "campaign_type": "RECOVERY",
                        "status": "RE_ENGAGED",
                        "channel": "email",
                        "attempts_made": 1,
                        "estimated_value": 400.0,
                        "close_reason": None,
                        "created_at": "2026-11-20T15:00:00.000Z",
                        "last_updated": "2026-11-21T09:30:00.000Z",
                    }
                ],
            }
        }
    )

    pagination: CampaignPagination
    campaigns: list[CampaignRow]


class ChannelAnswer(Answer):
    type: ChannelType
    thread_id: str | None


class FollowUpAnswer(Answer):
    attempts_made: int
    max_attempts: int
    next_attempt_at: Zulu | None


class FunnelAnswer(Answer):
    status: FunnelStatus
    link_url: str | None
    submitted_at: Zulu | None


class HandoffAnswer(Answer):
    reason: str
    priority: HandoffPriority
    summary: str
    patient_question: str
    suggested_reply: str | None
    created_at: Zulu
    assigned_to: IdText | None = None
    due_at: Zulu | None
    escalated_at: Zulu | None = None
    resolved_at: Zulu | None
    resolved_by: IdText | None = None


class CampaignDetails(Answer):
    model_config = ConfigDict(json_schema_extra={"example": DETAILS})

    campaign_id: IdText
    patient_id: IdText
    patient_name: str
    campaign_type: CampaignType
    status: CampaignStatus
    channel: ChannelAnswer
    engagement_summary: str
    follow_up_details: FollowUpAnswer
    booking_funnel: FunnelAnswer
    handoff_details: HandoffAnswer | None
    estimated_value: float
    initial_inquiry: str | None
    due_date: Day | None
    close_reason: CloseReason | None
    closed_at: Zulu | None
    created_at: Zulu
    updated_at: Zulu
    version: int

    @classmethod
    def of(cls, campaign: Campaign) -> "CampaignDetails":
        return cls.model_validate(campaign.model_dump() | {"campaign_id": str(campaign.id)} | _ids(campaign))


def _ids(campaign: Campaign) -> dict[str, Any]:
    return {"patient_id": str(campaign.patient_id)}


class CampaignAnswer(Answer):
    model_config = ConfigDict(
        json_schema_extra={"example": {"campaign_details": DETAILS, "conversation_history": [MESSAGE]}}
    )

    campaign_details: CampaignDetails
    conversation_history: list[HistoryRow]


class RecoveryBody(Body):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "patient_name": "Ann Ames",
                "patient_email": "ann@example.com",
                "initial_inquiry": "How much is whitening?",
                "estimated_value": 400,
            }
        }
    )

    patient_name: Line
    patient_email: Email | None = None
    patient_phone: Phone | None = None
    initial_inquiry: ShortText = ""
    estimated_value: Money = 0.0
    preferred_channel: ChannelType | list[ChannelType] = Field(default_factory=lambda: [ChannelType.EMAIL])


class RecoveryAnswer(Answer):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {"message": "Recovery campaign created successfully.", "campaign_id": CAMPAIGN_ID}
        }
    )

    message: str = "Recovery campaign created successfully."
    campaign_id: IdText


class RespondBody(Body):
    model_config = ConfigDict(
        json_schema_extra={"example": {"message": "Whitening is 400 dollars. Shall we find a time?"}}
    )

    message: MessageText
    new_status: CampaignStatus | None = None


class RespondAnswer(Answer):
    model_config = ConfigDict(
        json_schema_extra={"example": {"message": "Response sent successfully.", "delivery": "queued"}}
    )

    message: str = "Response sent successfully."
    delivery: Delivery


class StatusBody(Body):
    model_config = ConfigDict(
        json_schema_extra={"example": {"status": "HANDOFF_REQUIRED", "reason": "Wants to speak to a person."}}
    )

    status: CampaignStatus
    reason: ShortText | None = None
