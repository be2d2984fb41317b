"""What goes out today and why: messages that wait to leave, campaigns whose next message is due, and who is due first.

A plan, not a promise: each is judged again when it leaves. The dry run of the daily job judges all of them now.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from beanie import PydanticObjectId
from pymongo import ASCENDING

from app.models.base import Raw
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.enums import CampaignStatus, ChannelType, MessageKind, OutboxState, PatientType
from app.models.outbox import OutboundMessage
from app.models.patients import DUE_INDEX, LIVING, Patient

MOST_SHOWN = 8
MOST_COUNTED = 1_000

KINDS: dict[MessageKind, str] = {
    MessageKind.ATTEMPT: "Written and waiting to leave",
    MessageKind.NUDGE: "A reminder to book, waiting to leave",
    MessageKind.REPLY: "The assistant's answer, about to leave",
    MessageKind.HANDOFF: "Word that a person will answer, about to leave",
    MessageKind.EMERGENCY: "The emergency phone, about to leave",
    MessageKind.STAFF: "An answer of staff, about to leave",
    MessageKind.CONFIRMATION: "Confirmation of a visit",
    MessageKind.OPT_OUT_CONFIRMATION: "Confirmation of a stop",
    MessageKind.REMINDER: "Reminder of a visit",
    MessageKind.WAITLIST_OFFER: "Offer of an earlier time",
    MessageKind.WAITLIST_NOTICE: "Word about the waiting list",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One message of today. `at` is when it may leave at the earliest; `campaign_id` is None before there is one."""

    patient_id: PydanticObjectId
    patient_name: str
    campaign_id: PydanticObjectId | None
    channel: ChannelType | None
    at: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GoingOut:
    """`count` is how many there are, up to MOST_COUNTED of each source; `rows` are the first of them."""

    count: int
    is_more: bool
    rows: list[Planned]


async def today(clinic: Clinic, now: datetime) -> GoingOut:
    """Everything that may leave before the clinic-local day of `now` ends, the soonest first."""
    local = now.astimezone(clinic.zone)
    end = datetime.combine(local.date() + timedelta(days=1), time(), tzinfo=clinic.zone)
    found = await asyncio.gather(_waiting(end), _due_campaigns(end), _due_patients(end))
    rows = sorted((row for _, some in found for row in some), key=lambda row: row.at)
    counts = [count for count, _ in found]
    return GoingOut(count=sum(counts), is_more=MOST_COUNTED in counts, rows=rows[:MOST_SHOWN])


async def _waiting(end: datetime) -> tuple[int, list[Planned]]:
    waiting = [OutboxState.PENDING.value, OutboxState.DRAFTED.value]
    query: dict[str, Any] = {
        "state": {"$in": waiting},
        "not_before": {"$lt": end},
        "kind": {"$in": [kind.value for kind in KINDS]},
    }
    fields = {"patient_id": 1, "campaign_id": 1, "channel": 1, "not_before": 1, "kind": 1}
    collection = OutboundMessage.collection()
    count = await collection.count_documents(query, limit=MOST_COUNTED, hint="by_state")
    rows = await collection.find(query, fields, hint="by_state").sort("not_before", 1).limit(MOST_SHOWN).to_list()
    names = await Patient.names_of(row["patient_id"] for row in rows)
    return count, [
        Planned(
            patient_id=row["patient_id"],
            patient_name=names.get(row["patient_id"], ""),
            campaign_id=row.get("campaign_id"),
            channel=ChannelType(row["channel"]),
            at=row["not_before"],
            why=KINDS[MessageKind(row["kind"])],
        )
        for row in rows
    ]


async def _due_campaigns(end: datetime) -> tuple[int, list[Planned]]:
    query = {"follow_up_details.next_attempt_at": {"$type": "date", "$lt": end}}
    fields = dict.fromkeys(("patient_id", "patient_name", "status", "channel.type", "follow_up_details"), 1)
    collection = Campaign.collection()
    count = await collection.count_documents(query, limit=MOST_COUNTED, hint="due_attempts")
    order = [("follow_up_details.next_attempt_at", ASCENDING)]
    rows = await collection.find(query, fields, hint="due_attempts").sort(order).limit(MOST_SHOWN).to_list()
    return count, [
        Planned(
            patient_id=row["patient_id"],
            patient_name=row["patient_name"],
            campaign_id=row["_id"],
            channel=ChannelType(row["channel"]["type"]),
            at=row["follow_up_details"]["next_attempt_at"],
            why=_why_campaign(row),
        )
        for row in rows
    ]


def _why_campaign(row: Raw) -> str:
    details = row["follow_up_details"]
    if row["status"] == CampaignStatus.RE_ENGAGED:
        return "Has a booking link and has not used it: one friendly reminder"
    if details["attempts_made"] >= details["max_attempts"]:
        return "Every message stayed unanswered: the campaign ends, nothing is sent"
    if details["attempts_made"] == 0:
        return "The first message of a new campaign"
    return f"No answer so far: message {details['attempts_made'] + 1} of {details['max_attempts']}"


async def _due_patients(end: datetime) -> tuple[int, list[Planned]]:
    query = LIVING | {"outreach_due_at": {"$type": "date", "$lt": end}}
    fields = {"name": 1, "patient_type": 1, "next_follow_up_date": 1, "outreach_due_at": 1}
    collection = Patient.collection()
    count = await collection.count_documents(query, limit=MOST_COUNTED, hint=DUE_INDEX)
    found = collection.find(query, fields, hint=DUE_INDEX).sort([("outreach_due_at", ASCENDING), ("_id", ASCENDING)])
    return count, [
        Planned(
            patient_id=row["_id"],
            patient_name=row["name"],
            campaign_id=None,
            channel=None,
            at=row["outreach_due_at"],
            why=_why_patient(row),
        )
        for row in await found.limit(MOST_SHOWN).to_list()
    ]


def _why_patient(row: Raw) -> str:
    if row["patient_type"] == PatientType.COLD_LEAD:
        return "Asked about a treatment and never came: the next daily run writes"
    day = row.get("next_follow_up_date")
    return f"Check-up due on {day:%-d %b %Y}: the next daily run writes" if day else "Due: the next daily run writes"
