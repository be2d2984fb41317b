"""What a restored database is known by, why sending is paused, and what had left all the same (trust.md fault 23)."""

from datetime import datetime
from typing import Any, ClassVar, Self

from beanie import Document, PydanticObjectId
from pydantic import AwareDatetime, Field
from pymongo import ASCENDING, IndexModel, ReturnDocument

from app.models.base import LONG_AGO, Raw, Record
from app.models.enums import ChannelType, PauseReason

IDENTITY_ID, SENDING_ID = "database", "sending"
KEPT_SECONDS = 30 * 24 * 3_600
"""So long after a restore a message is compared with what had left before it."""


class DatabaseIdentity(Document):
    """Which database this is: the server's own id of this collection, which a copy does not take over."""

    id: str = Field(default=IDENTITY_ID)  # type: ignore[assignment]  # Beanie types the id as optional; there is one
    collection_uuid: str | None = None
    seen_at: AwareDatetime = LONG_AGO
    """When a process that sends last looked: what happened later, a copy of this moment does not know."""
    looks: int = 0

    class Settings:
        name = "database_identity"

    @classmethod
    async def now(cls) -> Self | None:
        """As it stands on the primary, by a write: after an election a majority read may go back for a moment."""
        raw: Raw | None = await cls.get_pymongo_collection().find_one_and_update(
            {"_id": IDENTITY_ID}, {"$inc": {"looks": 1}}, return_document=ReturnDocument.AFTER
        )
        return cls.model_validate(raw) if raw else None


class SendingState(Document):
    """Whether messages may leave at all. No document, or one without a reason, means that they may."""

    id: str = Field(default=SENDING_ID)  # type: ignore[assignment]  # Beanie types the id as optional; there is one
    paused_because: PauseReason | None = None
    paused_at: AwareDatetime | None = None
    lost_since: AwareDatetime | None = None
    """From here on the database may not know what happened."""
    sent_mail_read_at: AwareDatetime | None = None
    """When every channel had told what it sent since then."""
    answers_read_at: AwareDatetime | None = None
    """When everything that came in since then was in the inbox."""
    found: int = 0
    """Messages that had left and that this database did not know as sent."""
    settled: int = 0
    """Of its own waiting messages, those that turned out to have left."""
    last_error: str | None = None
    resumed_at: AwareDatetime | None = None
    resumed_by: str | None = None

    class Settings:
        name = "sending_state"

    @property
    def is_paused(self) -> bool:
        return self.paused_because is not None

    @classmethod
    async def now(cls) -> Self:
        """The state as it is stored at this moment."""
        raw: Raw = await cls.get_pymongo_collection().find_one({"_id": SENDING_ID}) or {}
        state: Self = cls.model_validate(raw)
        return state

    @classmethod
    async def note(cls, during: datetime | None = None, /, **facts: Any) -> None:
        """Write these facts; those of a pause that began at `during` only while it is still that one."""
        if during:
            await cls.get_pymongo_collection().update_one({"_id": SENDING_ID, "paused_at": during}, {"$set": facts})
        else:
            await cls.get_pymongo_collection().update_one({"_id": SENDING_ID}, {"$set": facts}, upsert=True)


class FoundMessage(Record):
    """A message that a channel says had left and that this database did not know; the database forgets it later."""

    channel: ChannelType
    external_id: str
    outbox_id: str | None = None
    """The mark that the message carries, where the channel carries marks (e-mail)."""
    to: str
    thread_id: str
    message_id: str | None = None
    sent_at: AwareDatetime
    text_mark: str | None = None
    """A hash of the text, where the channel carries no mark."""
    row_id: PydanticObjectId | None = None
    """The outbox row that this message turned out to be."""
    found_at: AwareDatetime

    class Settings:
        name = "found_messages"
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel([("outbox_id", ASCENDING)], name="by_mark"),
            IndexModel([("to", ASCENDING), ("row_id", ASCENDING), ("sent_at", ASCENDING)], name="by_address"),
            IndexModel([("row_id", ASCENDING), ("sent_at", ASCENDING), ("_id", ASCENDING)], name="by_row"),
            IndexModel([("found_at", ASCENDING)], name="forget", expireAfterSeconds=KEPT_SECONDS),
        ]

    @classmethod
    async def unknown(cls, *, limit: int) -> list["FoundMessage"]:
        """The oldest messages that no row of the outbox turned out to be."""
        return await cls.find({"row_id": None}).sort("sent_at", "_id").limit(limit).to_list()

    @classmethod
    async def claim(cls, row_id: PydanticObjectId, query: dict[str, Any], *, now: datetime) -> Self | None:
        """The oldest one that fits and that is no other row's; from now on it is this row's."""
        kept = {"found_at": {"$lte": now}, "row_id": {"$in": [None, row_id]}}
        raw = await cls.collection().find_one_and_update(
            query | kept, {"$set": {"row_id": row_id}}, sort=[("sent_at", ASCENDING), ("_id", ASCENDING)]
        )
        return cls.from_raw(raw) if raw else None
