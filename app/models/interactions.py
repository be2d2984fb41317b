"""Interactions: one message, in or out, of a campaign."""

from typing import ClassVar

from beanie import PydanticObjectId
from pydantic import AwareDatetime, Field
from pymongo import ASCENDING, IndexModel

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
    external_id: str | None = None
    delivery: Delivery | None = None
    sources: list[str] = Field(default_factory=list)
    confidence: float | None = None
    screened_as: Intent | None = None
    """Incoming only: what the rules found before any model read it (domain.md section 6, step 2)."""
    screened_by: str | None = None
    also_says_stop: bool = False
    """Incoming only: an emergency that refuses messages as well."""
    arrival: PydanticObjectId = Field(default_factory=PydanticObjectId)
    """Orders messages of one instant as they were written."""
    read_at: AwareDatetime | None = None
    """Incoming only: when the agent took it in; None means that its run is still to come."""
    handled_at: AwareDatetime | None = None
    """Incoming only: when it was answered or needed no answer; None means that a person should look."""

    @property
    def provider_message_id(self) -> str | None:
        """The id as the provider knows it; an incoming one is stored behind its source, so that none can clash."""
        if self.external_id is None or self.direction is Direction.OUTGOING:
            return self.external_id
        return self.external_id.partition(":")[2]

    class Settings:
        name = "interactions"
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel(
                [("campaign_id", ASCENDING), ("timestamp", ASCENDING), ("arrival", ASCENDING)], name="by_campaign"
            ),
            IndexModel(
                [("external_id", ASCENDING)],
                name="one_interaction_per_external_id",
                unique=True,
                partialFilterExpression={"external_id": {"$type": "string"}},
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
