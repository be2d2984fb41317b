"""What stands around one patient's record when staff open it: family, next visit, campaigns, stops and by whom, merges.

Each read is bounded and comes out of an index; the record's own read is audited by `patients.read`.
"""

from dataclasses import dataclass
from datetime import datetime

from beanie import PydanticObjectId
from pymongo import DESCENDING

from app.context import Context
from app.models.appointments import Appointment
from app.models.base import Raw
from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus
from app.models.merges import PatientMerge
from app.models.patients import LIVING, OptOut, Patient
from app.models.records import AuditEntry
from app.models.users import User
from app.services import decisions_now, patients, timeline_words
from app.services.decisions_now import Now

MOST = 20
"""Campaigns and family members that are shown."""
CAMPAIGN_FIELDS = dict.fromkeys(("campaign_type", "status", "channel.type", "created_at", "estimated_value"), 1)
STOPPED = "patient.opted_out"
SOURCES = {
    "staff": "entered by staff",
    "interaction": "in a message of the patient",
    "event": "in a message of the patient",
    "link": "by the unsubscribe link",
    "provider": "told by the message provider",
    "twilio": "told by the message provider",
    "import": "from a patient file",
    "erased": "with the erasure",
}
"""How a stop came, by the word before the colon of its source; any other source speaks for itself."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop in words: `how` it came, and `by` whom when the audit log knows a person."""

    channel: str
    at: datetime
    how: str
    by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientCard:
    guardian: Patient | None
    dependants: list[Raw]
    next_visit: Appointment | None
    campaigns: list[Raw]
    value_won: float
    stops: list[Stop]
    merges: list[PatientMerge]
    merged_names: dict[PydanticObjectId, str]
    now: Now


async def of(ctx: Context, patient: Patient) -> PatientCard:
    """Everything around the record."""
    merged = await _merges(patient.id)
    return PatientCard(
        guardian=await patients.guardian_of(patient),
        dependants=await _dependants(patient.id),
        next_visit=await Appointment.future_of(patient.id, ctx.now()),
        campaigns=await _campaigns(patient.id),
        value_won=await _value_won(patient.id),
        stops=await stops_of(patient),
        merges=merged,
        merged_names=await Patient.names_of(merge.merged_patient_id for merge in merged),
        now=await decisions_now.about(ctx, patient),
    )


async def _dependants(patient_id: PydanticObjectId) -> list[Raw]:
    found = Patient.collection().find(LIVING | {"guardian_id": patient_id}, {"name": 1}, hint="by_guardian")
    return await found.limit(MOST).to_list()


async def _campaigns(patient_id: PydanticObjectId) -> list[Raw]:
    found = Campaign.collection().find({"patient_id": patient_id}, CAMPAIGN_FIELDS, hint="by_patient")
    return await found.sort("created_at", DESCENDING).limit(MOST).to_list()


async def _value_won(patient_id: PydanticObjectId) -> float:
    """What the campaigns that brought a visit were estimated at."""
    won = {"patient_id": patient_id, "status": CampaignStatus.RECOVERED.value}
    rows = Campaign.collection().find(won, {"estimated_value": 1}, hint="by_patient")
    return sum([row.get("estimated_value") or 0.0 async for row in rows])


async def stops_of(patient: Patient) -> list[Stop]:
    """The patient's stops, the newest first."""
    people = await _who_entered(patient.id) if patient.opt_outs else {}
    stops = sorted(patient.opt_outs, key=lambda stop: stop.at, reverse=True)
    return [Stop(str(stop.channel), stop.at, _how(stop), people.get(str(stop.channel))) for stop in stops]


def _how(stop: OptOut) -> str:
    return SOURCES.get(stop.source.partition(":")[0], stop.source)


async def _who_entered(patient_id: PydanticObjectId) -> dict[str, str]:
    """The person who entered the newest stop of each channel, by the audit log; the patient's own name no one."""
    query = {"patient_ids": patient_id, "is_read": False, "action": STOPPED}
    found = AuditEntry.collection().find(query, {"actor": 1, "details.channel": 1}, hint="changes_by_patient")
    rows = await found.sort([("at", DESCENDING), ("_id", DESCENDING)]).limit(MOST).to_list()
    actors = {str(row["details"].get("channel")): row["actor"] for row in reversed(rows)}
    people = {channel: actor for channel, actor in actors.items() if actor.startswith("user:")}
    called = await User.names_of(PydanticObjectId(actor.removeprefix("user:")) for actor in people.values())
    names = {str(identifier): name for identifier, name in called.items()}
    return {channel: timeline_words.actor(actor, names) for channel, actor in people.items()}


async def _merges(patient_id: PydanticObjectId) -> list[PatientMerge]:
    """The merges into this record, the newest first, undone ones too."""
    return await PatientMerge.find({"patient_id": patient_id}).sort("-position").limit(MOST).to_list()
