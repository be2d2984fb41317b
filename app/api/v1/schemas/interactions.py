"""JSON of the messages of a campaign (api.md section 4)."""

from typing import Any

from pydantic import ConfigDict, Field

from app.api.v1.schemas.types import Answer, Body, IdText, MessageText, RecordIdText, Zulu
from app.models.enums import Author, ChannelType, Delivery, Direction, Intent, Sentiment
from app.models.interactions import Interaction

CAMPAIGN_ID = "6720c1f0a3b4c5d6e7f80901"
MESSAGE: dict[str, Any] = {
    "interaction_id": "6720c1f0a3b4c5d6e7f80903",
    "direction": "incoming",
    "content": "How much is whitening?",
    "timestamp": "2026-11-21T09:30:00.000Z",
    "author": "patient",
    "channel": "email",
    "subject": "Whitening",
    "delivery": None,
    "attachments": ["insurance-card.jpg"],
    "ai_analysis": {"intent": "QUESTION", "sentiment": "NEUTRAL", "intents": ["QUESTION"]},
    "sources": [],
    "confidence": None,
}


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
    delivery: Delivery | None = Field(
        description="Outgoing only: how far it came; `delivered` where the provider reports it, as Twilio does"
    )
    attachments: list[str] = Field(description="Incoming only: names of the files that came with it; none is opened")
    ai_analysis: AnalysisAnswer | None
    sources: list[str]
    confidence: float | None

    @classmethod
    def of(cls, interaction: Interaction) -> "HistoryRow":
        return cls.model_validate(interaction.model_dump() | {"interaction_id": str(interaction.id)})


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
    model_config = ConfigDict(
        json_schema_extra={
            "example": {"interactions": [MESSAGE | {"_id": MESSAGE["interaction_id"], "campaign_id": CAMPAIGN_ID}]}
        }
    )

    interactions: list[InteractionRow]


class AnalysisBody(Body):
    intent: Intent
    sentiment: Sentiment = Sentiment.NEUTRAL


class NewInteractionBody(Body):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "campaign_id": CAMPAIGN_ID,
                "direction": "incoming",
                "content": "Called and asked what whitening costs.",
                "ai_analysis": {"intent": "QUESTION", "sentiment": "NEUTRAL"},
            }
        }
    )

    campaign_id: RecordIdText
    direction: Direction
    content: MessageText
    ai_analysis: AnalysisBody | None = None
    channel: ChannelType | None = None


class NewInteractionAnswer(Answer):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "message": "Interaction created successfully.",
                "interaction_id": "6720c1f0a3b4c5d6e7f80903",
            }
        }
    )

    message: str = "Interaction created successfully."
    interaction_id: IdText
