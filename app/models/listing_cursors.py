"""How far a provider's listing has been read (trust.md 2.5)."""

from datetime import datetime

from beanie import Document
from pydantic import AwareDatetime, Field


class ListingCursor(Document):
    """`_id` names the listing, for example `twilio:sms`."""

    id: str = Field()  # type: ignore[assignment]  # Beanie types the id as optional; a cursor is its listing's name
    read_until: AwareDatetime

    class Settings:
        name = "listing_cursors"

    @classmethod
    async def advance(cls, name: str, *, to: datetime) -> None:
        """Only forward, and only after everything before was stored."""
        await cls.get_pymongo_collection().update_one({"_id": name}, {"$max": {"read_until": to}}, upsert=True)
