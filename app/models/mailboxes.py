"""Where we stand in the history of the clinic's mailbox, and whether it still announces what comes in."""

from datetime import datetime
from typing import Any, Self

from beanie import Document
from pydantic import AwareDatetime, Field

from app.models.base import LONG_AGO, Raw

DIGITS = 20
"""Of an unsigned 64-bit number, which no integer of the database holds."""


class MailboxState(Document):
    """`_id` is the mailbox's address. One row a mailbox; none means that it was never read."""

    id: str = Field()  # type: ignore[assignment]  # Beanie types the id as optional; a state is its mailbox's
    history_id: str | None = None
    """Everything up to here is in the inbox; padded to 20 digits, so that text sorts as the number does."""
    connected_at: AwareDatetime
    """Mail that is older is left alone, unless it answers a message of ours."""
    last_synced_at: AwareDatetime | None = None
    last_push_at: AwareDatetime | None = None
    list_again_until: AwareDatetime = LONG_AGO
    """After the history was lost: search may know a message late, so the recent ones are listed for a while."""
    paused_until: AwareDatetime = LONG_AGO
    watch_expires_at: AwareDatetime | None = None
    watch_renewed_at: AwareDatetime | None = None
    failing_since: AwareDatetime | None = None
    is_stopped: bool = False
    """True while the provider refuses our credentials."""
    last_error: str | None = None
    watch_error: str | None = None
    alarms: list[str] = Field(default_factory=list)
    """What a person must see to now; the words of `mailbox_alarms`."""

    class Settings:
        name = "mailbox_states"

    @property
    def cursor(self) -> int | None:
        """The history id up to which everything is stored."""
        return int(self.history_id) if self.history_id else None

    @classmethod
    async def of(cls, address: str, *, now: datetime) -> Self:
        """The state of a mailbox; a new one begins now, without a cursor."""
        begin = {"connected_at": now}
        await cls.get_pymongo_collection().update_one({"_id": address}, {"$setOnInsert": begin}, upsert=True)
        return await cls.now_of(address)

    @classmethod
    async def now_of(cls, address: str) -> Self:
        """The state as it is stored at this moment."""
        raw: Raw = await cls.get_pymongo_collection().find_one({"_id": address}) or {}
        state: Self = cls.model_validate(raw)
        return state

    @classmethod
    async def advance(cls, address: str, history_id: int) -> None:
        """Move the cursor forward, never back: several syncs may run at once (trust.md 2.5)."""
        reached = {"history_id": f"{history_id:0{DIGITS}d}"}
        await cls.get_pymongo_collection().update_one({"_id": address}, {"$max": reached})

    async def restart(self, history_id: int) -> None:
        """Put the cursor anew when the history behind it is lost, unless another sync has moved it meanwhile."""
        where = {"_id": self.id, "history_id": self.history_id}
        begin = {"history_id": f"{history_id:0{DIGITS}d}"}
        await type(self).get_pymongo_collection().update_one(where, {"$set": begin})

    @classmethod
    async def note(cls, address: str, **facts: Any) -> None:
        """Write down what is known of a mailbox that was read before."""
        await cls.get_pymongo_collection().update_one({"_id": address}, {"$set": facts})
