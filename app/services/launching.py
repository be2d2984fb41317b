"""Opening the day's campaigns in bulk: read only who is due, insert under derived ids, mark (speed.md, "Daily job")."""

from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from beanie import PydanticObjectId
from beanie.odm.utils.dump import get_dict
from pymongo.errors import BulkWriteError

from app.context import Context
from app.domain import outreach
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.enums import CampaignType, ChannelType, DecisionOutcome, PatientType
from app.models.patients import DUE_FIELDS, Patient
from app.models.records import Decision
from app.services import campaigns
from app.services.patients import Route

PAGE = 2_000
DUPLICATE_KEY = 11_000

Raw = dict[str, Any]


@dataclass(slots=True)
class LaunchCounts:
    """What one run of the daily job did. `repeated` were opened before, by another run or another replica."""

    due: int = 0
    created: int = 0
    repeated: int = 0
    refused: int = 0

    def as_result(self) -> Raw:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Plan:
    """What one page of due patients comes to: campaigns as they would be stored, and who cannot be reached."""

    page: list[Raw]
    opened: list[Raw]
    refused: list[Raw]


async def launch_due(ctx: Context, *, on_page: Callable[[int], None] | None = None) -> LaunchCounts:
    """Open a campaign for every patient whose outreach is due. Running it again, or at once elsewhere, adds nothing."""
    now, counts = ctx.now(), LaunchCounts()
    async for plan in plans(ctx, now):
        counts.created += await _write(ctx, plan.opened, plan.refused, plan.page, now)
        counts.due += len(plan.page)
        counts.refused += len(plan.refused)
        if on_page:
            on_page(len(plan.page))
    counts.repeated = counts.due - counts.refused - counts.created
    return counts


async def plans(ctx: Context, now: datetime) -> AsyncIterator[Plan]:
    """Everybody who is due, page by page, up to the write: the daily job stores them, its dry run only tells them."""
    template = await _template(now)
    after: tuple[datetime, Any] | None = None
    while page := await Patient.due_page(now, after=after, limit=PAGE):
        await ctx.pause("launch.page_read")
        yield Plan(page, *_plan(page, await _guardians(page), template))
        after = (page[-1]["outreach_due_at"], page[-1]["_id"])


async def _template(now: datetime) -> Raw:
    """One campaign as it is stored; each patient's row replaces only what is theirs."""
    nobody = Patient(name="", patient_type=PatientType.EXISTING, created_at=now, updated_at=now)
    campaign = campaigns.new_campaign(
        await Clinic.load(),
        nobody,
        CampaignType.RECALL,
        route=Route(ChannelType.EMAIL, ""),
        now=now,
        identifier=nobody.id,
        inquiry=None,
        value=0.0,
    )
    stored: Raw = get_dict(campaign, to_db=True)
    return stored


async def _guardians(page: list[Raw]) -> dict[PydanticObjectId, Raw]:
    ids = [patient["guardian_id"] for patient in page if patient.get("guardian_id")]
    if not ids:
        return {}
    return {raw["_id"]: raw async for raw in Patient.collection().find({"_id": {"$in": ids}}, DUE_FIELDS)}


def _plan(page: list[Raw], guardians: dict[PydanticObjectId, Raw], template: Raw) -> tuple[list[Raw], list[Raw]]:
    """The campaigns to insert and the patients who cannot be reached."""
    opened, refused = [], []
    for patient in page:
        guardian_id = patient.get("guardian_id")
        holder = guardians.get(guardian_id, patient) if guardian_id else patient
        stops = {stop["channel"] for person in (patient, holder) for stop in person.get("opt_outs", ())}
        route = outreach.choose_route(
            patient["preferred_channel"],
            email=holder.get("email"),
            phone=holder.get("phone"),
            unusable=holder.get("unusable_addresses", ()),
            stops=stops,
        )
        if route is None:
            refused.append(patient)
        else:
            opened.append(_row(template, patient, route))
    return opened, refused


def _row(template: Raw, patient: Raw, route: tuple[ChannelType, str]) -> Raw:
    kind = outreach.campaign_type_for(PatientType(patient["patient_type"]))
    return template | {
        "_id": campaigns.daily_campaign_id(patient["_id"], kind, patient["outreach_due_at"]),
        "patient_id": patient["_id"],
        "patient_name": patient["name"],
        "campaign_type": kind.value,
        "channel": {"type": route[0].value, "address": route[1], "thread_id": None, "subject": None},
        "due_date": patient.get("next_follow_up_date") if kind is CampaignType.RECALL else None,
        "initial_inquiry": patient.get("initial_inquiry"),
        "estimated_value": patient.get("estimated_value") or 0.0,
    }


async def _write(ctx: Context, opened: list[Raw], refused: list[Raw], page: list[Raw], now: datetime) -> int:
    created = await _insert(opened)
    await ctx.pause("launch.campaigns_inserted")
    if refused:
        await Decision.insert_many([_refusal(patient, now) for patient in refused])
    # Only now do the patients stop being due: a crash before this line repeats the page, and the ids meet.
    await Patient.collection().update_many(
        {"_id": {"$in": [patient["_id"] for patient in page]}, "outreach_due_at": {"$lte": now}},
        {"$set": {"outreach_due_at": None}},
        hint="_id_",
    )
    await ctx.pause("launch.patients_marked")
    return created


async def _insert(rows: list[Raw]) -> int:
    """How many were new; one that exists already was opened by another run."""
    if not rows:
        return 0
    try:
        await Campaign.collection().insert_many(rows, ordered=False)
    except BulkWriteError as error:
        failures = error.details["writeErrors"]
        if any(failure["code"] != DUPLICATE_KEY for failure in failures):
            raise
        return len(rows) - len(failures)
    return len(rows)


def _refusal(patient: Raw, now: datetime) -> Decision:
    return Decision(
        patient_id=patient["_id"],
        outcome=DecisionOutcome.REFUSED,
        rule="no_usable_channel",
        inputs={"preferred_channel": patient["preferred_channel"]},
        at=now,
    )
