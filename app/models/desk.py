"""What the people at the desk share: who looks at what, notes among themselves, and when each last looked."""

from typing import ClassVar

from beanie import Document, PydanticObjectId
from pydantic import AwareDatetime, Field
from pymongo import ASCENDING, DESCENDING, IndexModel

from app.models.base import Record


class Presence(Document):
    """Somebody has a conversation open. `_id` is `campaign:user`, so that its end still says which conversation."""

    id: str = Field()  # type: ignore[assignment]  # Beanie types the id as optional; a presence is its place
    campaign_id: PydanticObjectId
    user_id: PydanticObjectId
    user_name: str
    expires_at: AwareDatetime
    """Moved on by each heartbeat of the open page; the database forgets it some time after."""

    class Settings:
        name = "presences"
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel([("campaign_id", ASCENDING)], name="by_campaign"),
            IndexModel([("expires_at", ASCENDING)], name="forget", expireAfterSeconds=0),
        ]


class CampaignNote(Record):
    """A note of staff for staff on a conversation: no patient and no language provider ever reads it."""

    campaign_id: PydanticObjectId
    patient_id: PydanticObjectId
    author_id: PydanticObjectId
    author_name: str
    text: str
    created_at: AwareDatetime

    class Settings:
        name = "campaign_notes"
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel([("campaign_id", ASCENDING), ("created_at", DESCENDING)], name="by_campaign"),
            IndexModel([("patient_id", ASCENDING)], name="by_patient"),
        ]


class LastLook(Document):
    """When a user looked at today's page. `_id` is the user's."""

    id: PydanticObjectId = Field()
    since: AwareDatetime
    """What came after this is new to them."""
    latest: AwareDatetime
    """The newest look; one that follows it closely belongs to the same sitting and hides nothing."""

    class Settings:
        name = "last_looks"
