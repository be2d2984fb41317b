"""What every document shares: a 24-hex id made on our side, raw access for claims and bulk work, and date storage."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from typing import Any, Self

from beanie import Document, PydanticObjectId
from pydantic import BaseModel, ConfigDict, Field
from pymongo.asynchronous.collection import AsyncCollection

Raw = dict[str, Any]
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Record(Document):
    """A stored document. Raw queries go through `collection()`; `from_raw` reads what they return."""

    # Known before the insert, where Beanie lets the server choose.
    id: PydanticObjectId = Field(default_factory=PydanticObjectId)

    @classmethod
    def collection(cls) -> AsyncCollection[Raw]:
        return cls.get_pymongo_collection()

    @classmethod
    def from_raw(cls, raw: Raw) -> Self:
        record: Self = cls.model_validate(raw)
        return record


class Named(Record):
    """A document that is called something: it stores a `name`."""

    @classmethod
    async def names_of(cls, ids: Iterable[PydanticObjectId | None]) -> dict[PydanticObjectId, str]:
        """What these are called, by id, in one read; None, and whoever is gone, is left out."""
        wanted = list({identifier for identifier in ids if identifier})
        rows = cls.collection().find({"_id": {"$in": wanted}}, {"name": 1})
        return {row["_id"]: row["name"] async for row in rows}


class Part(BaseModel):
    """A value inside a document."""

    model_config = ConfigDict(extra="ignore")


def derived_id(*parts: object) -> PydanticObjectId:
    """The same 24-hex id for the same parts, so that a repeated write collides instead of doubling."""
    text = "\x1f".join(str(part) for part in parts)
    return PydanticObjectId(hashlib.sha256(text.encode()).digest()[:12])


def stored_date(day: date) -> datetime:
    """How a calendar date is stored: midnight UTC of that date (BSON has no date type)."""
    return datetime.combine(day, time(), tzinfo=UTC)
