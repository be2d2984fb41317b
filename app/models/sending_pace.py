"""When a mailbox may send its next message: one document for all replicas, kept by the database's own clock.

Google takes about two messages a second from one mailbox (trust.md 2.4); faster ones are refused with 429.
"""

from datetime import timedelta

from beanie import Document
from pydantic import AwareDatetime, Field
from pymongo import ReturnDocument


class SendingPace(Document):
    """`_id` is the mailbox; `free_at` the first moment that nobody has taken yet."""

    id: str = Field()  # type: ignore[assignment]  # Beanie types the id as optional; a pace is its mailbox's
    free_at: AwareDatetime
    looked_at: AwareDatetime

    class Settings:
        name = "sending_paces"

    @classmethod
    async def take_turn(cls, mailbox: str, *, every: timedelta) -> timedelta:
        """Take the mailbox's next free moment, and return how long to wait for it; no two callers get the same one.

        The time is the database's (`$$NOW`), so that replicas with different clocks keep one pace.
        """
        span = every / timedelta(milliseconds=1)
        raw = await cls.get_pymongo_collection().find_one_and_update(
            {"_id": mailbox},
            [
                {
                    "$set": {
                        "looked_at": "$$NOW",
                        "free_at": {"$add": [{"$max": ["$free_at", "$$NOW"]}, {"$round": [span, 0]}]},
                    }
                }
            ],
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        taken: SendingPace = cls.model_validate(raw)
        return max(taken.free_at - taken.looked_at - every, timedelta())
