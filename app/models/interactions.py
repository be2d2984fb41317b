"""Interactions: one message, in or out, of a campaign."""

from typing import ClassVar

from beanie import PydanticObjectId
from pydantic import AwareDatetime, Field
from pymongo import ASCENDING, DESCENDING, IndexModel

from app.models.base import Part, Record
from app.models.enums import Author, ChannelType, Delivery, Direction, Intent, Sentiment


class AiAnalysis(Part):
    intent: Intent
    sentiment: Sentiment
    intents: list[Intent] = Field(default_factory=list)


class Interaction(Record):
    campaign_id: PydanticObjectId
    patient_id: PydanticObjectId
    direction: Direction
    content: str
    ai_analysis: AiAnalysis | None = None
    timestamp: AwareDatetime
    channel: ChannelType
    subject: str = ""
    author: Author
    written_by: PydanticObjectId | None = None
    """By staff only: the user who wrote it."""
    correlation_id: str = ""
    """Of the webhook that brought it, or of what caused it."""
    external_id: str | None = None
    message_id: str | None = None
    """E-mail: the Message-ID under which it travelled; what an answer to it names."""
    attachments: list[str] = Field(default_factory=list)
    """Incoming only: names of the files that came with it, which are never opened."""
    delivery: Delivery | None = None
    sources: list[str] = Field(default_factory=list)
    confidence: float | None = None
    received_at: AwareDatetime | None = None
    """Incoming only: when the inbox had it; None where a person chose the conversation for it."""
    screened_as: Intent | None = None
    """Incoming only: what the rules found before any model read it (domain.md section 6, step 2)."""
    screened_by: str | None = None
    also_says_stop: bool = False
    """Incoming only: an emergency that refuses messages as well."""
    answers_offer: PydanticObjectId | None = None
    """Incoming only: the waiting list's offer that our last message to this address was."""
    may_concern_another: bool = False
    """Incoming only: it may speak of the visit of somebody else who shares the address."""
    is_unanswered: bool | None = None
    """Incoming only: True while it holds a question that no article answered and nobody dealt with that."""
    arrival: PydanticObjectId = Field(default_factory=PydanticObjectId)
    """Orders messages of one instant as they were written."""
    read_at: AwareDatetime | None = None
    """Incoming only: when the agent took it in; None means that its run is still to come."""
    handled_at: AwareDatetime | None = None
    """Incoming only: when it was answered or needed no answer; None means that a person should look."""

    @property
    def provider_message_id(self) -> str | None:
        """What an answer to it names: the Message-ID of an e-mail, else the provider's own id.

        An incoming one is stored behind its source, so that none can clash.
        """
        if self.message_id:
            return self.message_id
        if self.external_id is None or self.direction is Direction.OUTGOING:
            return self.external_id
        return self.external_id.partition(":")[2]

    class Settings:
        name = "interactions"
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel(
                [("campaign_id", ASCENDING), ("timestamp", ASCENDING), ("arrival", ASCENDING)], name="by_campaign"
            ),
            IndexModel([("author", ASCENDING), ("timestamp", DESCENDING)], name="by_author"),
            IndexModel(
                [("external_id", ASCENDING)],
                name="one_interaction_per_external_id",
                unique=True,
                partialFilterExpression={"external_id": {"$type": "string"}},
            ),
            IndexModel(
                [("timestamp", DESCENDING), ("ai_analysis.intent", ASCENDING)],
                name="by_intent",
                partialFilterExpression={"ai_analysis.intent": {"$type": "string"}},
            ),
            IndexModel(
                [("is_unanswered", ASCENDING), ("timestamp", DESCENDING)],
                name="unanswered",
                partialFilterExpression={"is_unanswered": True},
            ),
        ]

    @classmethod
    async def unread(cls, campaign_id: PydanticObjectId) -> list["Interaction"]:
        """What the patient wrote that the agent has not taken in yet, oldest first."""
        query = {"campaign_id": campaign_id, "direction": Direction.INCOMING, "read_at": None}
        return await cls.find(query).sort("timestamp", "arrival").to_list()

    @classmethod
    async def of_campaign(cls, campaign_id: PydanticObjectId) -> list["Interaction"]:
        """The whole conversation, oldest first."""
        return await cls.find({"campaign_id": campaign_id}).sort("timestamp", "arrival").to_list()
