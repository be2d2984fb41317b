"""What a person who opens the dashboard wants to know first: who wrote, and who comes today."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from beanie import PydanticObjectId
from pymongo import ASCENDING, DESCENDING

from app.models.appointments import Appointment
from app.models.base import Raw
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.enums import AppointmentStatus, Author, CampaignStatus, ChannelType, ConfirmationStatus, Intent
from app.models.interactions import Interaction
from app.models.users import User

MOST_REPLIES = 50
MOST_VISITS = 300
EXCERPT = 160
REPLY_FIELDS = dict.fromkeys(
    ("campaign_id", "patient_id", "content", "timestamp", "channel", "handled_at", "ai_analysis.intent"), 1
)
VISIT_FIELDS = dict.fromkeys(
    (
        "patient_id",
        "patient_name",
        "campaign_id",
        "appointment_date",
        "duration_minutes",
        "service_name",
        "provider_id",
        "status",
        "confirmation_status",
        "needs_review",
    ),
    1,
)
TAKES_PLACE = [status.value for status in AppointmentStatus if status is not AppointmentStatus.CANCELLED]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReply:
    """Something a patient wrote. `is_handled` is False while a person should look at it."""

    campaign_id: PydanticObjectId
    patient_id: PydanticObjectId
    patient_name: str
    status: CampaignStatus
    channel: ChannelType
    excerpt: str
    intent: Intent | None
    at: datetime
    is_handled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TodaysVisit:
    """One visit of the day that was not cancelled."""

    id: PydanticObjectId
    patient_id: PydanticObjectId
    patient_name: str
    campaign_id: PydanticObjectId | None
    start: datetime
    duration_minutes: int
    service_name: str
    provider_name: str
    status: AppointmentStatus
    confirmation: ConfirmationStatus
    needs_review: str | None


async def replies_since(since: datetime) -> list[NewReply]:
    """What patients wrote after this instant, the newest first; at most MOST_REPLIES."""
    query = {"author": Author.PATIENT, "timestamp": {"$gt": since}}
    found = Interaction.collection().find(query, REPLY_FIELDS).sort("timestamp", DESCENDING).limit(MOST_REPLIES)
    rows = await found.to_list()
    known = await campaigns_named(row["campaign_id"] for row in rows)
    return [_reply(row, known[row["campaign_id"]]) for row in rows if row["campaign_id"] in known]


async def campaigns_named(ids: Iterable[PydanticObjectId | None]) -> dict[PydanticObjectId, Raw]:
    """Name and status of these campaigns, by id."""
    wanted = list({identifier for identifier in ids if identifier})
    rows = Campaign.collection().find({"_id": {"$in": wanted}}, {"patient_name": 1, "patient_id": 1, "status": 1})
    return {row["_id"]: row async for row in rows}


def _reply(row: Raw, campaign: Raw) -> NewReply:
    intent = (row.get("ai_analysis") or {}).get("intent")
    return NewReply(
        campaign_id=row["campaign_id"],
        patient_id=campaign["patient_id"],
        patient_name=campaign["patient_name"],
        status=CampaignStatus(campaign["status"]),
        channel=ChannelType(row["channel"]),
        excerpt=excerpt_of(row["content"]),
        intent=Intent(intent) if intent else None,
        at=row["timestamp"],
        is_handled=row.get("handled_at") is not None,
    )


def excerpt_of(text: str) -> str:
    """How a text begins, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= EXCERPT else f"{line[:EXCERPT].rstrip()}…"


async def visits_on(clinic: Clinic, now: datetime) -> list[TodaysVisit]:
    """The visits of the clinic-local day in which `now` lies, in order; at most MOST_VISITS."""
    start = now.astimezone(clinic.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    end = (start + timedelta(days=1)).replace(hour=0)
    query: dict[str, Any] = {"appointment_date": {"$gte": start, "$lt": end}, "status": {"$in": TAKES_PLACE}}
    found = Appointment.collection().find(query, VISIT_FIELDS).sort("appointment_date", ASCENDING).limit(MOST_VISITS)
    rows = await found.to_list()
    names = await User.names_of(row.get("provider_id") for row in rows)
    return [_visit(row, names) for row in rows]


def _visit(row: Raw, names: dict[PydanticObjectId, str]) -> TodaysVisit:
    return TodaysVisit(
        id=row["_id"],
        patient_id=row["patient_id"],
        patient_name=row["patient_name"],
        campaign_id=row.get("campaign_id"),
        start=row["appointment_date"],
        duration_minutes=row["duration_minutes"],
        service_name=row["service_name"],
        provider_name=names.get(row.get("provider_id") or row["_id"], ""),
        status=AppointmentStatus(row["status"]),
        confirmation=ConfirmationStatus(row.get("confirmation_status") or ConfirmationStatus.UNCONFIRMED),
        needs_review=row.get("needs_review"),
    )
