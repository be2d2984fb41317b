"""What the agent did while nobody was there: since the clinic last closed before today."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from beanie import PydanticObjectId
from pymongo import DESCENDING

from app.context import Context
from app.domain.schedules import working_intervals
from app.models.appointments import Appointment
from app.models.base import Raw
from app.models.clinic import Clinic
from app.models.enums import AppointmentSource, MessageKind
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.services.policies import booking_rules, opening_schedule

LONGEST_CLOSED = 14
"""Days back in which a closing is looked for; a clinic without opening hours counts from a day ago."""
MOST_SHOWN = 8
DEEDS: dict[str, frozenset[MessageKind]] = {
    "sent": frozenset({MessageKind.ATTEMPT, MessageKind.NUDGE, MessageKind.REMINDER, MessageKind.WAITLIST_OFFER}),
    "answered": frozenset({MessageKind.REPLY}),
    "handed_over": frozenset({MessageKind.HANDOFF, MessageKind.EMERGENCY}),
}
"""What the agent did, told by the messages that it sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One thing that was done for one patient."""

    patient_id: PydanticObjectId
    patient_name: str
    campaign_id: PydanticObjectId | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Deeds:
    """How often something was done, and the newest of it."""

    count: int
    newest: list[Deed]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overnight:
    """`since` is when the clinic last closed before today."""

    since: datetime
    sent: Deeds
    answered: Deeds
    booked: Deeds
    handed_over: Deeds

    @property
    def is_quiet(self) -> bool:
        return not (self.sent.count or self.answered.count or self.booked.count or self.handed_over.count)


def last_closing(clinic: Clinic, now: datetime) -> datetime:
    """When the clinic last closed before the clinic-local day of `now` began."""
    today, schedule, rules = now.astimezone(clinic.zone).date(), opening_schedule(clinic), booking_rules(clinic)
    for days in range(1, LONGEST_CLOSED + 1):
        if hours := working_intervals(schedule, rules, today - timedelta(days=days)):
            return hours[-1].end
    return now - timedelta(days=1)


async def since_closing(ctx: Context, clinic: Clinic) -> Overnight:
    """Count and name what was done since then."""
    since = last_closing(clinic, ctx.now())
    counts, booked = await asyncio.gather(_counts(since), _booked(since))
    lists = await asyncio.gather(*(_newest(since, kinds) for kinds in DEEDS.values()))
    names = await Patient.names_of(row["patient_id"] for rows in lists for row in rows)
    told = {
        deed: Deeds(
            count=sum(counts.get(kind, 0) for kind in kinds), newest=[_deed(row, names, "sent_at") for row in rows]
        )
        for (deed, kinds), rows in zip(DEEDS.items(), lists, strict=True)
    }
    return Overnight(since=since, booked=booked, **told)


async def _counts(since: datetime) -> dict[str, int]:
    match = {"sent_at": {"$type": "date", "$gte": since}}
    stages: list[Raw] = [{"$match": match}, {"$group": {"_id": "$kind", "count": {"$sum": 1}}}]
    found = await OutboundMessage.collection().aggregate(stages, hint="newest_sent")
    return {row["_id"]: row["count"] async for row in found}


async def _newest(since: datetime, kinds: frozenset[MessageKind]) -> list[Raw]:
    query = {"sent_at": {"$type": "date", "$gte": since}, "kind": {"$in": [kind.value for kind in kinds]}}
    fields = {"patient_id": 1, "campaign_id": 1, "sent_at": 1}
    found = OutboundMessage.collection().find(query, fields, hint="newest_sent")
    return await found.sort("sent_at", DESCENDING).limit(MOST_SHOWN).to_list()


async def _booked(since: datetime) -> Deeds:
    """Visits that patients booked by themselves."""
    query: dict[str, Any] = {"created_at": {"$gte": since}, "created_from": AppointmentSource.AI_AGENT_FORM}
    fields = {"patient_id": 1, "patient_name": 1, "campaign_id": 1, "created_at": 1}
    found = Appointment.collection().find(query, fields).sort("created_at", DESCENDING)
    rows = await found.to_list()
    names = {row["patient_id"]: row["patient_name"] for row in rows}
    return Deeds(count=len(rows), newest=[_deed(row, names, "created_at") for row in rows[:MOST_SHOWN]])


def _deed(row: Raw, names: dict[PydanticObjectId, str], instant: str) -> Deed:
    return Deed(
        patient_id=row["patient_id"],
        patient_name=names.get(row["patient_id"], ""),
        campaign_id=row.get("campaign_id"),
        at=row[instant],
    )
