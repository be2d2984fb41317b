"""What became of a request that named an Idempotency-Key, kept for a day (trust.md 1, fault 18)."""

from datetime import datetime
from typing import Any, ClassVar, Self

from beanie import Document
from pydantic import AwareDatetime, Field
from pymongo import ASCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError


class IdempotentRequest(Document):
    """`_id` is a hash of who asked and of their key; `holder` is the run that may write the answer."""

    id: str = Field()  # type: ignore[assignment]  # Beanie types the id as optional; a request is its key
    fingerprint: str
    holder: str
    until: AwareDatetime
    """When the run that holds it counts as dead."""
    is_applied: bool = False
    """True once the change is committed: written in the same transaction."""
    answer: dict[str, Any] | None = None
    expires_at: AwareDatetime

    class Settings:
        name = "idempotent_requests"
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel([("expires_at", ASCENDING)], name="forget", expireAfterSeconds=0),
        ]

    async def claim(self) -> bool:
        """Be the first with this key; False when somebody was before."""
        try:
            await self.insert()
        except DuplicateKeyError:
            return False
        return True

    async def take_over(self, *, holder: str, now: datetime, until: datetime) -> Self | None:
        """Run it anew in place of a run that died before its change was committed; one winner."""
        dead = {"_id": self.id, "holder": self.holder, "is_applied": False, "answer": None, "until": {"$lte": now}}
        raw = await self.get_pymongo_collection().find_one_and_update(
            dead, {"$set": {"holder": holder, "until": until}}, return_document=ReturnDocument.AFTER
        )
        return type(self).model_validate(raw) if raw else None

    async def mark_applied(self) -> bool:
        """Join the transaction of the change; False when another run has taken over meanwhile."""
        done = await self.get_pymongo_collection().update_one(
            {"_id": self.id, "holder": self.holder}, {"$set": {"is_applied": True}}
        )
        return done.matched_count == 1

    async def store_answer(self, answer: dict[str, Any]) -> None:
        await self.get_pymongo_collection().update_one(
            {"_id": self.id, "holder": self.holder}, {"$set": {"answer": answer}}
        )

    async def release(self) -> None:
        """Forget a run that changed nothing, so that the same key may try again."""
        await self.get_pymongo_collection().delete_one({"_id": self.id, "holder": self.holder, "is_applied": False})
