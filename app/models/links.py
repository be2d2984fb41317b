"""Patients' links: opaque tokens of which only the hash is stored, for one purpose, with an end (trust.md 2.7)."""

from datetime import datetime
from typing import ClassVar

from beanie import PydanticObjectId
from pydantic import AwareDatetime
from pymongo import ASCENDING, IndexModel

from app.models.base import Record
from app.models.enums import ChannelType, LinkPurpose


class PatientLink(Record):
    token_hash: str
    purpose: LinkPurpose
    patient_id: PydanticObjectId
    campaign_id: PydanticObjectId | None = None
    appointment_id: PydanticObjectId | None = None
    """The one visit that a manage link is for."""
    wish_id: PydanticObjectId | None = None
    """The one wish that a link to the waiting list is for."""
    offer_id: PydanticObjectId | None = None
    """The one offer of an earlier time that a link answers."""
    channel: ChannelType | None = None
    """The channel that an unsubscribe link stops."""
    created_at: AwareDatetime
    expires_at: AwareDatetime
    revoked_at: AwareDatetime | None = None

    class Settings:
        name = "patient_links"
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel([("token_hash", ASCENDING)], name="one_link_per_token", unique=True),
            IndexModel([("patient_id", ASCENDING)], name="by_patient"),
        ]

    @classmethod
    async def valid(cls, *, token_hash: str, purpose: LinkPurpose, now: datetime) -> "PatientLink | None":
        return await cls.find_one(
            {"token_hash": token_hash, "purpose": purpose, "expires_at": {"$gt": now}, "revoked_at": None}
        )
