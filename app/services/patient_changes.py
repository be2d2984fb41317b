"""Changing a patient: only the given fields are written, and what hangs on them follows (domain.md section 2)."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from beanie import PydanticObjectId
from beanie.odm.utils.dump import get_dict
from pymongo.errors import DuplicateKeyError

from app.context import Context
from app.domain.campaign_status import CampaignEvent
from app.errors import ConflictError, InvalidInputError
from app.models.campaigns import Campaign
from app.models.enums import DecisionOutcome
from app.models.patients import Patient
from app.services import audit, campaigns, families, patient_reach, patients

BY_STAFF = "staff"
ADDRESS_FIELDS = frozenset({"email", "phone", "guardian_id"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientChanges:
    """What staff want changed. `fields` holds the given ones alone, by the document's names, phones in E.164."""

    fields: dict[str, Any] = field(default_factory=dict)
    add_opt_outs: Collection[str] = ()
    remove_opt_outs: Collection[str] = ()
    reason: str | None = None
    """Why a stop is lifted; staff must say."""


async def update(ctx: Context, patient_id: PydanticObjectId, changes: PatientChanges, *, actor: str) -> Patient:
    """Apply the changes together or not at all; the same changes again write nothing.

    Raises NotFoundError, ConflictError (a taken address, a merged or erased record, a conversation that would lose its
    address) and InvalidInputError (an impossible guardian, a birth to come, a stop lifted without a reason).
    """
    _refuse_contradiction(changes)
    await patients.refuse_birth_to_come(ctx, changes.fields.get("date_of_birth"))

    async def write() -> Patient:
        before = await patients.get(patient_id)
        patients.refuse_gone(before)
        await _write_fields(ctx, before, changes.fields, actor=actor)
        await _lift_stops(ctx, before, changes, actor=actor)
        await _add_stops(ctx, before, changes.add_opt_outs, actor=actor)
        if await patients.get(patient_id) == before:
            return before
        for person in (patient_id, *await patients.dependants_of([patient_id])):
            await patients.refresh_due(ctx, person)
        return await patients.get(patient_id)

    try:
        return await ctx.database.transaction(write)
    except DuplicateKeyError as error:
        raise await families.taken(error) from error


def _refuse_contradiction(changes: PatientChanges) -> None:
    if set(changes.add_opt_outs) & set(changes.remove_opt_outs):
        raise InvalidInputError("A stop cannot be added and removed at once.")
    if changes.remove_opt_outs and not (changes.reason or "").strip():
        raise InvalidInputError("Say why the stop is removed: the patient asked for it.")


async def _write_fields(ctx: Context, before: Patient, fields: dict[str, Any], *, actor: str) -> None:
    """Set what differs, field by field, so that a colleague's change of another field survives."""
    wished = before.model_copy(update=fields)
    before_raw, wished_raw = get_dict(before, to_db=True), get_dict(wished, to_db=True)
    wanted = {name: wished_raw[name] for name in fields if wished_raw[name] != before_raw[name]}
    if not wanted:
        return
    if wanted.get("guardian_id"):
        await families.join(before.id, wanted["guardian_id"])
    if ADDRESS_FIELDS & wanted.keys():
        await families.refuse_strangers_address(wished)
    await Patient.collection().update_one({"_id": before.id}, {"$set": wanted | {"updated_at": ctx.now()}})
    await audit.record(
        ctx,
        actor=actor,
        action="patient.updated",
        document=("patient", before.id),
        details={"fields": sorted(wanted)},
    )
    if "name" in wanted:
        await patient_reach.rename(ctx, before.id, wished.name)
    if ADDRESS_FIELDS & wanted.keys():
        await patient_reach.follow_addresses(ctx, before, await patients.get(before.id), actor=actor)


async def _lift_stops(ctx: Context, before: Patient, changes: PatientChanges, *, actor: str) -> None:
    stopped = {str(stop.channel) for stop in before.opt_outs}
    lifted = sorted(stopped.intersection(changes.remove_opt_outs))
    if changes.remove_opt_outs and not lifted and "all" in stopped:
        raise ConflictError("This patient stopped everything, not one channel: remove `all`.")
    if not lifted:
        return
    await Patient.collection().update_one(
        {"_id": before.id},
        {"$pull": {"opt_outs": {"channel": {"$in": lifted}}}, "$set": {"updated_at": ctx.now()}},
    )
    await audit.record(
        ctx,
        actor=actor,
        action="patient.opt_out_removed",
        document=("patient", before.id),
        details={"channels": lifted, "reason": changes.reason},
    )


async def _add_stops(ctx: Context, before: Patient, channels: Collection[str], *, actor: str) -> None:
    """Record the stops and end what writes to this patient, or to those who depend on them, on these channels."""
    for channel in dict.fromkeys(channels):
        stop: Any = channel
        await patients.record_opt_out(ctx, patient_ids=[before.id], channel=stop, source=BY_STAFF, actor=actor)
    if not channels:
        return
    for person in (before.id, *await patients.dependants_of([before.id])):
        campaign = await Campaign.active_of(person)
        if campaign and ("all" in channels or campaign.channel.type in channels):
            await _end(ctx, campaign, actor=actor)


async def _end(ctx: Context, campaign: Campaign, *, actor: str) -> None:
    await campaigns.move(ctx, campaign, CampaignEvent.OPTED_OUT, by=actor)
    await audit.decide(
        ctx,
        patient_id=campaign.patient_id,
        campaign_id=campaign.id,
        outcome=DecisionOutcome.REFUSED,
        rule="opted_out",
        inputs={"channel": campaign.channel.type, "source": BY_STAFF},
    )
