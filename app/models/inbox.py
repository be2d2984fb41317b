"""The durable inbox: a webhook's event is here before its 200 (trust.md 2.5)."""

from datetime import datetime
from typing import Any, ClassVar, Self

from beanie import PydanticObjectId
from pydantic import AwareDatetime
from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument

from app.models.base import LONG_AGO, Record
from app.models.enums import HandoffPriority, InboundSource, InboxState

FOR_STAFF = (InboxState.UNMATCHED, InboxState.PARKED)
"""What a person must settle: the staff inbox lists these two."""


class InboundEvent(Record):
    source: InboundSource
    event_id: str
    """The provider's id of this event: unique per source, so that a redelivery is the same row."""
    payload: dict[str, Any]
    conversation_key: str
    """Events of one conversation are worked one at a time, oldest first."""
    state: InboxState = InboxState.RECEIVED
    outcome: str | None = None
    campaign_id: PydanticObjectId | None = None
    priority: HandoffPriority = HandoffPriority.NORMAL
    assigned_to: PydanticObjectId | None = None
    """The campaign that a person chose for it: the inbox job guesses no more."""
    handled_by: str | None = None
    handled_at: AwareDatetime | None = None
    note: str | None = None
    """Why a person dismissed it."""
    correlation_id: str = ""
    received_at: AwareDatetime
    finished_at: AwareDatetime | None = None
    attempts: int = 0
    last_error: str | None = None
    not_before: AwareDatetime = LONG_AGO
    rests_until: AwareDatetime = LONG_AGO
    """Waits for what its sender writes next, so that both are answered once (jobs/bursts.py)."""
    lease_until: AwareDatetime = LONG_AGO
    lease_generation: int = 0

    class Settings:
        name = "inbound_events"
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel([("source", ASCENDING), ("event_id", ASCENDING)], name="one_row_per_event", unique=True),
            IndexModel([("state", ASCENDING), ("received_at", ASCENDING), ("_id", ASCENDING)], name="by_state"),
            IndexModel(
                [("conversation_key", ASCENDING), ("state", ASCENDING), ("_id", ASCENDING)], name="by_conversation"
            ),
            IndexModel(  # "urgent" sorts above "normal"
                [("state", ASCENDING), ("priority", DESCENDING), ("received_at", DESCENDING), ("_id", DESCENDING)],
                name="for_staff",
            ),
        ]

    @classmethod
    async def claim(cls, *, now: datetime, lease_until: datetime, at_once: bool = False) -> Self | None:
        """Take the oldest event that waits, or None; the generation fences a worker that stalls past its lease.

        `at_once` takes those too that rest until their sender has written everything.
        """
        waiting: dict[str, Any] = {
            "state": InboxState.RECEIVED,
            "not_before": {"$lte": now},
            "lease_until": {"$lte": now},
        }
        if not at_once:
            waiting["rests_until"] = {"$not": {"$gt": now}}
        raw = await cls.collection().find_one_and_update(
            waiting,
            {"$set": {"lease_until": lease_until}, "$inc": {"lease_generation": 1}},
            sort=[("received_at", ASCENDING), ("_id", ASCENDING)],
            return_document=ReturnDocument.AFTER,
        )
        return cls.from_raw(raw) if raw else None

    async def has_older_sibling(self, *, awake_at: datetime | None = None) -> bool:
        """True while an earlier event of the same conversation is unfinished; with an instant, and does not rest."""
        older = self._older
        if awake_at:
            older["rests_until"] = {"$not": {"$gt": awake_at}}
        return await type(self).collection().find_one(older, {"_id": 1}) is not None

    async def resting_elder(self, now: datetime) -> "InboundEvent | None":
        """The oldest earlier event of the same conversation, when it rests."""
        resting = self._older | {"rests_until": {"$gt": now}}
        return await type(self).find(resting).sort("received_at", "_id").first_or_none()

    @property
    def _older(self) -> dict[str, Any]:
        return {
            "conversation_key": self.conversation_key,
            "state": InboxState.RECEIVED,
            "_id": {"$ne": self.id},
            "$or": [
                {"received_at": {"$lt": self.received_at}},
                {"received_at": self.received_at, "_id": {"$lt": self.id}},
            ],
        }

    async def rest_longer(self, until: datetime) -> None:
        """A younger message came: its sender has not finished."""
        resting = {"_id": self.id, "state": InboxState.RECEIVED}
        await type(self).collection().update_one(resting, {"$max": {"rests_until": until}})

    async def wake(self, *, behind: "InboundEvent") -> None:
        """End the rest of everything in this conversation; `behind`, which we hold, is given back and comes after."""
        theirs = {"conversation_key": self.conversation_key, "state": InboxState.RECEIVED}
        await type(self).collection().update_many(theirs, {"$set": {"rests_until": LONG_AGO}})
        await behind.write({"lease_until": LONG_AGO})

    async def younger_siblings(self) -> list["InboundEvent"]:
        """Later events of the same conversation that wait, in order."""
        query = {"conversation_key": self.conversation_key, "state": InboxState.RECEIVED, "_id": {"$ne": self.id}}
        return await type(self).find(query).sort("received_at", "_id").to_list()

    async def write(self, changes: dict[str, Any]) -> bool:
        """Write under our lease; False when another worker has taken the event over (fencing, trust.md 2.3)."""
        fence = {"_id": self.id, "lease_generation": self.lease_generation, "state": InboxState.RECEIVED}
        done = await type(self).collection().update_one(fence, {"$set": changes})
        return done.modified_count == 1
