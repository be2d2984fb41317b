"""JSON of campaigns and their conversations (api.md section 4)."""

from typing import Any

from pydantic import Field

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
    RecordIdText,
    ShortText,
    Zulu,
)
from app.models.campaigns import Campaign
from app.models.enums import (
    Author,
    CampaignStatus,
    CampaignType,
    ChannelType,
    CloseReason,
    Delivery,
    Direction,
    FunnelStatus,
    HandoffPriority,
    Intent,
    Sentiment,
)
from app.models.interactions import Interaction


class Pagination(Answer):
    total_items: int
    total_pages: int
    current_page: int
    next_cursor: str | None = None


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
    pagination: Pagination
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
    resolved_at: Zulu | None
    resolved_by: IdText | None = None


class CampaignDetails(Answer):
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


class AnalysisAnswer(Answer):
    intent: Intent
    sentiment: Sentiment
    intents: list[Intent] = Field(default_factory=list)


class HistoryRow(Answer):
    interaction_id: IdText
    direction: Direction
    content: str
    timestamp: Zulu
    author: Author
    channel: ChannelType
    subject: str
    delivery: Delivery | None
    ai_analysis: AnalysisAnswer | None
    sources: list[str]
    confidence: float | None

    @classmethod
    def of(cls, interaction: Interaction) -> "HistoryRow":
        return cls.model_validate(interaction.model_dump() | {"interaction_id": str(interaction.id)})


class CampaignAnswer(Answer):
    campaign_details: CampaignDetails
    conversation_history: list[HistoryRow]


class RecoveryBody(Body):
    patient_name: Line
    patient_email: Email | None = None
    patient_phone: Phone | None = None
    initial_inquiry: ShortText = ""
    estimated_value: Money = 0.0
    preferred_channel: ChannelType | list[ChannelType] = Field(default_factory=lambda: [ChannelType.EMAIL])


class RecoveryAnswer(Answer):
    message: str = "Recovery campaign created successfully."
    campaign_id: IdText


class RespondBody(Body):
    message: MessageText
    new_status: CampaignStatus | None = None


class RespondAnswer(Answer):
    message: str = "Response sent successfully."
    delivery: Delivery


class StatusBody(Body):
    status: CampaignStatus
    reason: ShortText | None = None


class InteractionRow(HistoryRow):
    id: IdText = Field(serialization_alias="_id")
    campaign_id: IdText

    @classmethod
    def of(cls, interaction: Interaction) -> "InteractionRow":
        ids = {
            "id": str(interaction.id),
            "interaction_id": str(interaction.id),
            "campaign_id": str(interaction.campaign_id),
        }
        return cls.model_validate(interaction.model_dump() | ids)


class InteractionList(Answer):
    interactions: list[InteractionRow]


class AnalysisBody(Body):
    intent: Intent
    sentiment: Sentiment = Sentiment.NEUTRAL


class NewInteractionBody(Body):
    campaign_id: RecordIdText
    direction: Direction
    content: MessageText
    ai_analysis: AnalysisBody | None = None
    channel: ChannelType | None = None


class NewInteractionAnswer(Answer):
    message: str = "Interaction created successfully."
    interaction_id: IdText
