"""Patients: creating them, how to reach them, when they are due, and what they refused."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from beanie import PydanticObjectId
from pymongo.errors import DuplicateKeyError

from app.context import Context
from app.domain import outreach
from app.errors import ConflictError, InvalidInputError, NotFoundError, RecordMergedError
from app.models.appointments import Appointment
from app.models.base import stored_date
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.enums import CampaignStatus, CampaignType, ChannelType, PatientType
from app.models.patients import EVERY_CHANNEL, LIVING, OptOut, Patient
from app.services import audit, families
from app.services.policies import outreach_rules


@dataclass(frozen=True, slots=True)
class Route:
    """Where a message to this patient goes: the guardian's address for a dependant (domain.md section 2)."""

    channel: ChannelType
    address: str


def stops_of(*people: Patient) -> set[str]:
    """Every channel, or `all`, that the patient or the guardian who reads for them has stopped."""
    return {str(opt_out.channel) for person in people for opt_out in person.opt_outs}


def route_of(patient: Patient, guardian: Patient | None = None) -> Route | None:
    """The first preferred channel that has an address and no opt-out, or None."""
    holder = guardian or patient
    found = outreach.choose_route(
        patient.preferred_channel,
        email=holder.email,
        phone=holder.phone,
        unusable=holder.unusable_addresses,
        stops=stops_of(patient, holder),
    )
    return Route(*found) if found else None


async def guardian_of(patient: Patient) -> Patient | None:
    return await Patient.get(patient.guardian_id) if patient.guardian_id else None


async def unusable_of(patient: Patient) -> set[str]:
    """What failed for good of the patient's addresses, and of those of the guardian who reads for them."""
    guardian = await guardian_of(patient)
    return {*patient.unusable_addresses, *(guardian.unusable_addresses if guardian else ())}


async def is_suppressed(patient: Patient, channel: ChannelType) -> bool:
    """True when no message may go to this patient on this channel."""
    stops = stops_of(patient, await guardian_of(patient) or patient)
    return EVERY_CHANNEL in stops or channel in stops


async def get(patient_id: PydanticObjectId) -> Patient:
    patient = await Patient.get(patient_id)
    if patient is None:
        raise NotFoundError("There is no patient with this id.")
    return patient


ADDRESS_TAKEN = "Another patient already has this e-mail or phone."


def refuse_gone(patient: Patient) -> None:
    """Raise RecordMergedError for a record that was merged into another one, ConflictError for an erased one."""
    if patient.merged_into:
        raise RecordMergedError(
            "This record was merged into another one. Open that one.", extra={"merged_into": str(patient.merged_into)}
        )
    if patient.erased_at:
        raise ConflictError("This patient's data was erased. Nothing can be changed any more.")


async def refuse_birth_to_come(ctx: Context, born_on: date | None) -> None:
    """Raise InvalidInputError for a date of birth after today on the clinic's calendar."""
    if born_on and born_on > ctx.now().astimezone((await Clinic.load()).zone).date():
        raise InvalidInputError("The date of birth lies in the future.")


def draft(ctx: Context, fields: dict[str, Any]) -> Patient:
    """A patient who is not stored yet."""
    return Patient(**fields, created_at=ctx.now(), updated_at=ctx.now())


async def insert(ctx: Context, patient: Patient, *, actor: str) -> None:
    """Store a new patient inside the caller's transaction, with the instant from which outreach may begin."""
    await patient.insert()
    await refresh_due(ctx, patient.id)
    await audit.record(ctx, actor=actor, action="patient.created", document=("patient", patient.id))


async def create(ctx: Context, *, actor: str, fields: dict[str, Any]) -> Patient:
    """Store a new patient. Raises ConflictError on a taken address, InvalidInputError for an impossible guardian."""
    patient = draft(ctx, fields)
    await refuse_birth_to_come(ctx, patient.date_of_birth)

    async def write() -> None:
        if patient.guardian_id:
            await families.join(patient.id, patient.guardian_id)
        await families.refuse_strangers_address(patient)
        await insert(ctx, patient, actor=actor)

    try:
        await ctx.database.transaction(write)
    except DuplicateKeyError as error:
        raise await families.taken(error) from error
    return await get(patient.id)


async def known_or_draft(
    ctx: Context, *, email: str | None, phone: str | None, fields: dict[str, Any]
) -> tuple[Patient, bool]:
    """The patient with this e-mail or phone, else a draft of a new one (True). Raises ConflictError on two people."""
    found = await Patient.matching(email=email, phone=phone)
    if len(found) > 1:
        raise ConflictError("This e-mail and this phone belong to different patients. Enter one of them.")
    if found:
        return found[0], False
    return draft(ctx, fields | {"email": email, "phone": phone}), True


async def refresh_due(ctx: Context, patient_id: PydanticObjectId) -> Patient:
    """Recompute when the daily job may write to this patient; call it whenever something that decides it changes.

    Always a write: whoever books for a record that is merged or erased at the same moment conflicts, and runs again.
    """
    patient = await get(patient_id)
    gone = patient.merged_into or patient.erased_at
    rules = outreach_rules(await Clinic.load())
    due_at = None if gone else outreach.outreach_due_at(await due_facts(ctx, patient), rules)
    await Patient.collection().update_one(
        {"_id": patient_id}, {"$set": {"outreach_due_at": due_at}, "$inc": {"due_version": 1}}
    )
    return patient


async def due_facts(ctx: Context, patient: Patient) -> outreach.PatientFacts:
    """What decides when this patient is due (domain.md section 4)."""
    campaigns = await Campaign.find({"patient_id": patient.id}).sort("created_at").to_list()
    visit = await Appointment.future_of(patient.id, ctx.now())
    return outreach.PatientFacts(
        patient_type=patient.patient_type,
        next_follow_up_on=patient.next_follow_up_date,
        created_at=patient.created_at,
        has_active_campaign=any(campaign.is_active for campaign in campaigns),
        next_visit_at=visit.appointment_date if visit else None,
        served_due_dates=_served(campaigns),
        recovery_closures=_closures(campaigns),
    )


def _served(campaigns: list[Campaign]) -> frozenset[date]:
    return frozenset(campaign.due_date for campaign in campaigns if campaign.due_date)


def _closures(campaigns: list[Campaign]) -> tuple[tuple[CampaignStatus, Any], ...]:
    recoveries = [c for c in campaigns if c.campaign_type is CampaignType.RECOVERY and not c.is_active]
    return tuple((campaign.status, campaign.closed_at or campaign.updated_at) for campaign in recoveries)


async def record_opt_out(
    ctx: Context,
    *,
    patient_ids: list[PydanticObjectId],
    channel: ChannelType | Literal["all"],
    source: str,
    actor: str = audit.SYSTEM,
) -> None:
    """Write the stop on every patient it speaks for, inside the caller's transaction; a repeated stop adds nothing."""
    stop = OptOut(channel=channel, at=ctx.now(), source=source)
    for patient_id in patient_ids:
        done = await Patient.collection().update_one(
            {"_id": patient_id, "opt_outs.channel": {"$ne": channel}},
            {"$push": {"opt_outs": stop.model_dump()}, "$set": {"updated_at": ctx.now()}},
        )
        if done.modified_count:
            await audit.record(
                ctx,
                actor=actor,
                action="patient.opted_out",
                document=("patient", patient_id),
                details={"channel": channel, "source": source},
            )


async def hold_consent(patient_id: PydanticObjectId, channel: ChannelType) -> bool:
    """Inside a transaction that hands a message out: False when the patient, or the guardian, stopped this channel.

    The write makes a stop and a send conflict, so that no send begins once a stop is acknowledged (trust.md fault 5).
    """
    patient = await get(patient_id)
    for holder in filter(None, (patient.id, patient.guardian_id)):
        done = await Patient.collection().update_one(
            {"_id": holder, "opt_outs.channel": {"$nin": [channel.value, EVERY_CHANNEL]}}, {"$inc": {"sends_begun": 1}}
        )
        if done.matched_count == 0:
            return False
    return True


async def mark_unusable(
    ctx: Context, *, patient_id: PydanticObjectId, address: str, channel: ChannelType = ChannelType.EMAIL
) -> None:
    """Never write to this address again: it failed for good (domain.md section 6, BOUNCE); a guardian's too."""
    patient, mark = await get(patient_id), outreach.mark_of_unusable(channel, address)
    for holder in filter(None, (patient.id, patient.guardian_id)):
        await Patient.collection().update_one(
            {"_id": holder}, {"$addToSet": {"unusable_addresses": mark}, "$set": {"updated_at": ctx.now()}}
        )


async def record_visit(
    ctx: Context, *, patient_id: PydanticObjectId, procedure: str, on: date, next_follow_up_on: date | None
) -> None:
    """A completed visit: the history grows, a cold lead becomes EXISTING, the next due date is set (D-07).

    A due date that the visit served is taken away, so that nobody is called back the day after.
    """
    patient = await get(patient_id)
    treatment: dict[str, Any] = {"procedure_name": procedure, "procedure_date": stored_date(on)}
    changes: dict[str, Any] = {"patient_type": PatientType.EXISTING.value, "updated_at": ctx.now()}
    if next_follow_up_on:
        changes["next_follow_up_date"] = treatment["next_follow_up_date"] = stored_date(next_follow_up_on)
    elif patient.next_follow_up_date and patient.next_follow_up_date <= on:
        changes["next_follow_up_date"] = None
    await Patient.collection().update_one(
        {"_id": patient_id}, {"$set": changes, "$push": {"treatment_history": treatment}}
    )
    await refresh_due(ctx, patient_id)


async def dependants_of(patient_ids: list[PydanticObjectId]) -> list[PydanticObjectId]:
    """Those whose messages go to one of these patients."""
    rows = Patient.collection().find(LIVING | {"guardian_id": {"$in": patient_ids}}, {"_id": 1})
    return [row["_id"] async for row in rows]


async def read(ctx: Context, patient_id: PydanticObjectId, *, actor: str, part: str = "record") -> Patient:
    """One patient for a person's eyes: the read itself is audited, with what was looked at (trust.md fault 34)."""
    patient = await get(patient_id)
    await audit.record(
        ctx, actor=actor, action="patient.read", document=("patient", patient_id), details={"part": part}
    )
    return patient


async def note_listed(ctx: Context, patient_ids: list[PydanticObjectId], *, actor: str) -> None:
    """Audit who was shown in a list, so that one patient's access report is whole; an empty page shows nobody."""
    if patient_ids:
        await audit.record(
            ctx, actor=actor, action="patient.listed", document=("patients", "list"), patients=patient_ids
        )
