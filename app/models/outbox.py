"""The durable outbox: a message is frozen here in the transaction that causes it, then sent once (trust.md 2.4)."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, ClassVar, Self

from beanie import PydanticObjectId
from pydantic import AwareDatetime, Field
from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument

from app.models.base import LONG_AGO, Part, Record
from app.models.enums import ChannelType, MessageKind, OutboxState

WAITING_STATES = (OutboxState.PENDING, OutboxState.DRAFTED, OutboxState.SENDING)
CANCELLABLE_STATES = (OutboxState.PENDING, OutboxState.DRAFTED)
NOT_BEGUN = ("day_keys", "sending_since")
"""What a message has only from the moment at which it is handed out."""
LIVE_STATES = (*WAITING_STATES, OutboxState.SENT, OutboxState.UNKNOWN)


class Attachment(Part):
    """A small text file that goes with a message; frozen with it."""

    filename: str
    content_type: str
    content: str


class OutboundMessage(Record):
    """`_id` is derived from `key` and is also the id of the interaction that shows the message."""

    key: str
    kind: MessageKind
    campaign_id: PydanticObjectId | None = None
    appointment_id: PydanticObjectId | None = None
    """The visit that a reminder is about."""
    patient_id: PydanticObjectId
    campaign_version: int | None = None
    """The campaign's version that the agent read when it wrote this; a person's act after it withdraws the message."""
    attempt: int | None = None
    channel: ChannelType
    to: str
    subject: str = ""
    body: str
    attachments: list[Attachment] = Field(default_factory=list)
    thread_id: str | None = None
    in_reply_to: str | None = None
    answers: list[PydanticObjectId] = Field(default_factory=list)
    """The patient's messages that it deals with: withdrawn, they are unanswered again."""
    is_automatic: bool = True
    state: OutboxState = OutboxState.PENDING
    state_reason: str | None = None
    handle: str | None = None
    """The provider's one-shot token for this send (a Gmail draft id); stored before the send."""
    external_id: str | None = None
    message_id: str | None = None
    """E-mail: the Message-ID under which it travelled, which an answer names in In-Reply-To or References."""
    unsubscribe_url: str | None = None
    """The patient's own link, frozen with the message; absent where a stop has nothing to stop."""
    fallback_of: PydanticObjectId | None = None
    """The message that could not be delivered and that this one carries on another channel, or once more."""
    day_keys: list[str] | None = None
    """Proactive only: the address and the patient on this clinic-local day; unique, so a second one cannot start."""
    correlation_id: str = ""
    """Of what caused it, a webhook or a run of a job: under it stands every line of the log about this message."""
    created_at: AwareDatetime
    sending_since: AwareDatetime | None = None
    """When it was handed out for the first time: from then on it may have left."""
    sent_at: AwareDatetime | None = None
    failures: int = 0
    not_before: AwareDatetime = LONG_AGO
    hold_until: AwareDatetime = LONG_AGO
    lease_until: AwareDatetime = LONG_AGO
    lease_generation: int = 0

    @property
    def cause(self) -> str:
        """What the message was frozen for, also when it goes on by another channel or once more."""
        return self.key.partition("~")[0]

    class Settings:
        name = "outbound_messages"
        keep_nulls = False  # `day_keys` must be absent, not null, in its unique index
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel([("key", ASCENDING)], name="one_row_per_message", unique=True),
            IndexModel(
                [("campaign_id", ASCENDING), ("attempt", ASCENDING)],
                name="one_live_message_per_attempt",
                unique=True,
                partialFilterExpression={
                    "attempt": {"$type": "number"},
                    "state": {"$in": [state.value for state in LIVE_STATES]},
                },
            ),
            IndexModel(
                [("day_keys", ASCENDING)],
                name="one_proactive_message_a_day",
                unique=True,
                partialFilterExpression={"day_keys": {"$exists": True}},
            ),
            IndexModel([("state", ASCENDING), ("not_before", ASCENDING), ("_id", ASCENDING)], name="by_state"),
            IndexModel([("patient_id", ASCENDING), ("kind", ASCENDING), ("sent_at", ASCENDING)], name="by_patient"),
            IndexModel(
                [("sent_at", DESCENDING), ("kind", ASCENDING), ("campaign_id", ASCENDING)],
                name="newest_sent",
                partialFilterExpression={"sent_at": {"$type": "date"}},
            ),
            IndexModel([("campaign_id", ASCENDING), ("state", ASCENDING)], name="by_campaign"),
            IndexModel([("to", ASCENDING), ("state", ASCENDING)], name="by_address"),
            IndexModel([("external_id", ASCENDING)], name="by_external_id", sparse=True),
            IndexModel([("message_id", ASCENDING)], name="by_message_id", sparse=True),
        ]

    @classmethod
    async def claim(
        cls, *, now: datetime, lease_until: datetime, ignore_hold: bool, closed: Collection[ChannelType] = ()
    ) -> Self | None:
        """Take one message that may be sent now on a channel that is open, or None (lease as trust.md 2.3)."""
        query: dict[str, Any] = {
            "state": {"$in": list(WAITING_STATES)},
            "not_before": {"$lte": now},
            "lease_until": {"$lte": now},
        }
        if not ignore_hold:
            query["hold_until"] = {"$lte": now}
        if closed:
            query["channel"] = {"$nin": list(closed)}
        raw = await cls.collection().find_one_and_update(
            query,
            {"$set": {"lease_until": lease_until}, "$inc": {"lease_generation": 1}},
            sort=[("not_before", ASCENDING), ("_id", ASCENDING)],
            return_document=ReturnDocument.AFTER,
        )
        return cls.from_raw(raw) if raw else None

    @classmethod
    async def hold(cls, identifier: PydanticObjectId, *, until: datetime) -> Self | None:
        """Take one waiting message from whoever holds it: their writes do not count any more. None when it is over."""
        raw = await cls.collection().find_one_and_update(
            {"_id": identifier, "state": {"$in": list(WAITING_STATES)}},
            {"$set": {"lease_until": until}, "$inc": {"lease_generation": 1}},
            return_document=ReturnDocument.AFTER,
        )
        return cls.from_raw(raw) if raw else None

    async def write(
        self, changes: dict[str, Any], *, expected: OutboxState | None = None, frees_day: bool = False
    ) -> bool:
        """Write under our lease; False when another worker, or a cancellation, got here first.

        `frees_day` gives back the day that a proactive message had taken: it has not left, or reached nobody.
        """
        fence = {"_id": self.id, "lease_generation": self.lease_generation, "state": expected or self.state}
        update = {"$set": changes} | ({"$unset": dict.fromkeys(NOT_BEGUN, "")} if frees_day else {})
        done = await type(self).collection().update_one(fence, update)
        if done.matched_count:
            for field, value in (changes | (dict.fromkeys(NOT_BEGUN) if frees_day else {})).items():
                setattr(self, field, value)
        return done.matched_count == 1
