"""Campaigns: one outreach effort to one patient; the document and its interactions are the agent's whole state."""

from datetime import date, datetime
from typing import Any, ClassVar, Self

from beanie import PydanticObjectId
from pydantic import AwareDatetime, Field
from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument

from app.models.base import LONG_AGO, Part, Record
from app.models.enums import (
    CampaignStatus,
    CampaignType,
    ChannelType,
    CloseReason,
    FunnelStatus,
    HandoffPriority,
)

ACTIVE_STATUSES = (
    CampaignStatus.ATTEMPTING_RECOVERY,
    CampaignStatus.RE_ENGAGED,
    CampaignStatus.HANDOFF_REQUIRED,
    CampaignStatus.BOOKING_INITIATED,
)
"""A patient has at most one campaign in these states (D-42, D-45)."""

COUNTED_FIELDS = frozenset(
    {"campaign_type", "status", "estimated_value", "first_sent_at", "first_reply_at", "booked_at", "closed_at"}
)
"""A write of any of these sets `uncounted` in the same update (decision 0011)."""


def _list_index(name: str, field: str, order: int) -> IndexModel:
    """One order of the staff's list under each status, type and channel: every filter of these is a merge of ranges."""
    filters = [("status", ASCENDING), ("campaign_type", ASCENDING), ("channel.type", ASCENDING)]
    return IndexModel([*filters, (field, order), ("_id", order)], name=name)


class CampaignChannel(Part):
    type: ChannelType
    address: str
    thread_id: str | None = None
    subject: str | None = None
    former: ChannelType | None = None
    """The channel that failed for good, after which this one took over; it happens once."""


class FollowUpDetails(Part):
    attempts_made: int = 0
    max_attempts: int = 3
    next_attempt_at: AwareDatetime | None = None


class BookingFunnel(Part):
    status: FunnelStatus = FunnelStatus.NOT_STARTED
    link_url: str | None = None
    submitted_at: AwareDatetime | None = None


class HandoffDetails(Part):
    """What the person who takes over needs to know (domain.md section 6)."""

    reason: str
    priority: HandoffPriority = HandoffPriority.NORMAL
    summary: str = ""
    patient_question: str = ""
    suggested_reply: str | None = None
    """What staff may answer; it passed the reply gate, and nobody sends it but a person."""
    suggested_source_id: PydanticObjectId | None = None
    """The article that the suggestion was taken from."""
    suggested_source_title: str | None = None
    created_at: AwareDatetime
    assigned_to: PydanticObjectId | None = None
    due_at: AwareDatetime | None = None
    escalated_at: AwareDatetime | None = None
    """When staff were told again because nobody had answered by `due_at`; it happens once."""
    resolved_at: AwareDatetime | None = None
    resolved_by: PydanticObjectId | None = None


class StatusChange(Part):
    """One row of the campaign's own history, written in the same update as the change."""

    event: str
    source: CampaignStatus | None
    target: CampaignStatus
    at: AwareDatetime
    by: str


class CountedCampaign(Part):
    """What the counters hold for a campaign; app/models/counters.py writes it, field by field in this order."""

    campaign_type: CampaignType
    status: CampaignStatus
    cents: int
    contacted: bool
    replied: bool
    booked: bool
    recovered_at: AwareDatetime | None = None


class Campaign(Record):
    patient_id: PydanticObjectId
    patient_name: str
    campaign_type: CampaignType
    status: CampaignStatus
    channel: CampaignChannel
    engagement_summary: str = ""
    follow_up_details: FollowUpDetails = Field(default_factory=FollowUpDetails)
    booking_funnel: BookingFunnel = Field(default_factory=BookingFunnel)
    handoff_details: HandoffDetails | None = None
    created_at: AwareDatetime
    updated_at: AwareDatetime
    estimated_value: float = 0.0
    initial_inquiry: str | None = None
    due_date: date | None = None
    close_reason: CloseReason | None = None
    closed_at: AwareDatetime | None = None
    version: int = 0
    status_changes: list[StatusChange] = Field(default_factory=list)
    first_sent_at: AwareDatetime | None = None
    first_reply_at: AwareDatetime | None = None
    booked_at: AwareDatetime | None = None
    nudged_at: AwareDatetime | None = None
    taken_over_version: int = 0
    """The version that a person's act made: what the agent wrote before it never leaves (trust.md fault 14)."""
    staff_answered_at: AwareDatetime | None = None
    """When a person last wrote to the patient: what had come in by then is not answered by the agent as well."""
    handoff_changed_at: AwareDatetime | None = None
    """When the handoff was claimed, left, escalated or settled: staff's screens hear of it."""
    agent_wanted_at: AwareDatetime | None = None
    """A person gave the conversation back with messages in it that nobody answered: the inbox job runs the agent."""
    sends_begun: int = 0
    """Counts answers of the agent that were handed out, so that a takeover and a send collide."""
    hold_until: AwareDatetime = LONG_AGO
    lease_until: AwareDatetime = LONG_AGO
    lease_generation: int = 0
    uncounted: bool = True
    """Something counted has changed since the counters were moved; see COUNTED_FIELDS."""
    counted_as: CountedCampaign | None = None

    class Settings:
        name = "campaigns"
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel(
                [("patient_id", ASCENDING)],
                name="one_active_campaign_per_patient",
                unique=True,
                partialFilterExpression={"status": {"$in": [status.value for status in ACTIVE_STATUSES]}},
            ),
            IndexModel(
                [("patient_id", ASCENDING), ("due_date", ASCENDING)],
                name="one_recall_per_due_date",
                unique=True,
                partialFilterExpression={"due_date": {"$type": "date"}},
            ),
            IndexModel([("patient_id", ASCENDING), ("created_at", DESCENDING)], name="by_patient"),
            IndexModel(
                [("follow_up_details.next_attempt_at", ASCENDING)],
                name="due_attempts",
                partialFilterExpression={"follow_up_details.next_attempt_at": {"$type": "date"}},
            ),
            IndexModel([("channel.thread_id", ASCENDING)], name="by_thread", sparse=True),
            IndexModel(
                [("handoff_details.due_at", ASCENDING)],
                name="open_handoffs",
                partialFilterExpression={"handoff_details.resolved_at": {"$type": "null"}},
            ),
            IndexModel(
                [("handoff_details.resolved_at", DESCENDING)],
                name="answered_handoffs",
                partialFilterExpression={"handoff_details.resolved_at": {"$type": "date"}},
            ),
            IndexModel(
                [("agent_wanted_at", ASCENDING)],
                name="agent_wanted",
                partialFilterExpression={"agent_wanted_at": {"$type": "date"}},
            ),
            IndexModel([("channel.address", ASCENDING), ("status", ASCENDING)], name="by_address"),
            _list_index("list_by_update", "updated_at", DESCENDING),
            _list_index("list_by_creation", "created_at", DESCENDING),
            _list_index("list_by_name", "patient_name", ASCENDING),
            IndexModel(
                [
                    ("uncounted", ASCENDING),
                    ("counted_as.status", ASCENDING),
                    ("campaign_type", ASCENDING),
                    ("status", ASCENDING),
                    ("estimated_value", ASCENDING),
                    ("first_sent_at", ASCENDING),
                    ("first_reply_at", ASCENDING),
                    ("booked_at", ASCENDING),
                    ("closed_at", ASCENDING),
                ],  # everything counted: what is not counted yet is added up without opening a document
                name="uncounted",
                partialFilterExpression={"uncounted": True},
            ),
        ]

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE_STATUSES

    @classmethod
    async def active_of(cls, patient_id: PydanticObjectId) -> "Campaign | None":
        return await cls.find_one({"patient_id": patient_id, "status": {"$in": list(ACTIVE_STATUSES)}})

    @classmethod
    async def newest_of(cls, patient_id: PydanticObjectId) -> "Campaign | None":
        return await cls.find({"patient_id": patient_id}).sort("-created_at").first_or_none()

    @classmethod
    async def claim_due(cls, *, now: datetime, lease_until: datetime, ignore_hold: bool) -> Self | None:
        """Take the campaign whose next attempt is longest overdue, or None; one winner per campaign (trust.md 2.3)."""
        query: dict[str, Any] = {
            "follow_up_details.next_attempt_at": {"$type": "date", "$lte": now},  # $type: so that the index serves
            "lease_until": {"$lte": now},
        }
        if not ignore_hold:
            query["hold_until"] = {"$lte": now}
        raw = await cls.collection().find_one_and_update(
            query,
            {"$set": {"lease_until": lease_until}, "$inc": {"lease_generation": 1}},
            sort=[("follow_up_details.next_attempt_at", ASCENDING)],
            return_document=ReturnDocument.AFTER,
        )
        return cls.from_raw(raw) if raw else None

    @classmethod
    async def lease_for_run(cls, campaign_id: PydanticObjectId, *, now: datetime, lease_until: datetime) -> Self | None:
        """Hold one campaign for one agent run; None while another run holds it (trust.md fault 10)."""
        raw = await cls.collection().find_one_and_update(
            {"_id": campaign_id, "lease_until": {"$lte": now}},
            {"$set": {"lease_until": lease_until}, "$inc": {"lease_generation": 1}},
            return_document=ReturnDocument.AFTER,
        )
        return cls.from_raw(raw) if raw else None

    @classmethod
    async def lease_wanted(cls, *, now: datetime, lease_until: datetime) -> Self | None:
        """Hold one campaign that a person gave back to the agent, or None."""
        raw = await cls.collection().find_one_and_update(
            {"agent_wanted_at": {"$type": "date"}, "lease_until": {"$lte": now}},
            {"$set": {"lease_until": lease_until}, "$inc": {"lease_generation": 1}},
            sort=[("agent_wanted_at", ASCENDING)],
            return_document=ReturnDocument.AFTER,
        )
        return cls.from_raw(raw) if raw else None

    async def no_longer_wanted(self) -> None:
        """The agent has read on; a later wish stays."""
        done = {"_id": self.id, "agent_wanted_at": self.agent_wanted_at}
        await type(self).collection().update_one(done, {"$set": {"agent_wanted_at": None}})

    async def release(self) -> None:
        """Give the lease back, unless somebody else took it over meanwhile."""
        await (
            type(self)
            .collection()
            .update_one(
                {"_id": self.id, "lease_generation": self.lease_generation}, {"$set": {"lease_until": LONG_AGO}}
            )
        )
