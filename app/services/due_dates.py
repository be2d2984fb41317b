"""When outreach to many patients may begin, a page at a time: three reads for each page, and the same pure rule.

`patients.refresh_due` does it for one patient within a transaction; a new policy asks it of all of them.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from beanie import PydanticObjectId

from app.context import Context
from app.domain import outreach
from app.domain.outreach import OutreachRules, PatientFacts
from app.models.appointments import Appointment
from app.models.campaigns import ACTIVE_STATUSES, Campaign
from app.models.enums import AppointmentStatus, CampaignStatus, CampaignType, PatientType
from app.models.patients import Patient

Raw = dict[str, Any]
ById = dict[PydanticObjectId, list[Raw]]
MAY_BE_DUE: Raw = {"$or": [{"patient_type": PatientType.COLD_LEAD.value}, {"next_follow_up_date": {"$type": "date"}}]}
"""Anybody else is due under no policy."""
PATIENT_FIELDS = dict.fromkeys(
    ("patient_type", "next_follow_up_date", "created_at", "outreach_due_at", "merged_into", "erased_at"), 1
)
CAMPAIGN_FIELDS = dict.fromkeys(("patient_id", "status", "campaign_type", "due_date", "closed_at", "updated_at"), 1)


async def page_after(last: PydanticObjectId | None, *, limit: int) -> list[Raw]:
    """The next patients who may be due at all, by id."""
    query = MAY_BE_DUE | ({"_id": {"$gt": last}} if last else {})
    return await Patient.collection().find(query, PATIENT_FIELDS, hint="_id_").sort("_id").limit(limit).to_list()


async def again(ids: list[PydanticObjectId]) -> list[Raw]:
    """The same patients as they are now."""
    return await Patient.collection().find({"_id": {"$in": ids}}, PATIENT_FIELDS).to_list()


async def moves(ctx: Context, page: list[Raw], rules: OutreachRules) -> dict[PydanticObjectId, datetime | None]:
    """The patients of the page whose stored instant differs from what the rules say, with the new one."""
    ids = [patient["_id"] for patient in page]
    campaigns, visits = await _campaigns(ids), await _visits(ctx, ids)
    moved: dict[PydanticObjectId, datetime | None] = {}
    for patient in page:
        due_at = _due_at(patient, campaigns.get(patient["_id"], []), visits.get(patient["_id"], []), rules)
        if due_at != patient.get("outreach_due_at"):
            moved[patient["_id"]] = due_at
    return moved


async def _campaigns(ids: list[PydanticObjectId]) -> ById:
    found = Campaign.collection().find({"patient_id": {"$in": ids}}, CAMPAIGN_FIELDS).sort("created_at")
    return _by_patient(await found.to_list())


async def _visits(ctx: Context, ids: list[PydanticObjectId]) -> ById:
    ahead = {
        "patient_id": {"$in": ids},
        "status": AppointmentStatus.BOOKED.value,
        "appointment_date": {"$gt": ctx.now()},
    }
    fields = {"patient_id": 1, "appointment_date": 1}
    return _by_patient(await Appointment.collection().find(ahead, fields).sort("appointment_date").to_list())


def _by_patient(rows: Iterable[Raw]) -> ById:
    grouped: ById = {}
    for row in rows:
        grouped.setdefault(row["patient_id"], []).append(row)
    return grouped


def _due_at(patient: Raw, campaigns: list[Raw], visits: list[Raw], rules: OutreachRules) -> datetime | None:
    if patient.get("merged_into") or patient.get("erased_at"):
        return None
    follow_up = patient.get("next_follow_up_date")
    facts = PatientFacts(
        patient_type=PatientType(patient["patient_type"]),
        next_follow_up_on=follow_up.date() if follow_up else None,
        created_at=patient["created_at"],
        has_active_campaign=any(_is_active(campaign) for campaign in campaigns),
        next_visit_at=visits[0]["appointment_date"] if visits else None,
        served_due_dates=frozenset(campaign["due_date"].date() for campaign in campaigns if campaign.get("due_date")),
        recovery_closures=tuple(_closures(campaigns)),
    )
    due_at = outreach.outreach_due_at(facts, rules)
    return due_at.astimezone(UTC) if due_at else None


def _is_active(campaign: Raw) -> bool:
    return campaign["status"] in ACTIVE_STATUSES


def _closures(campaigns: list[Raw]) -> Iterable[tuple[CampaignStatus, datetime]]:
    for campaign in campaigns:
        if campaign["campaign_type"] == CampaignType.RECOVERY and not _is_active(campaign):
            yield CampaignStatus(campaign["status"]), campaign.get("closed_at") or campaign["updated_at"]
