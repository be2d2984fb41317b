"""Reserving a chair for a visit: one insert decides the race, and all that follows from it is the same transaction.

trust.md 2.1 D; the callers have judged the time and know who comes.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from uuid import uuid4

from beanie import PydanticObjectId
from pymongo.errors import DuplicateKeyError

from app.context import Context
from app.domain.availability import SlotRefusal
from app.errors import ChairsideError, ConflictError, RecordMergedError, SlotTakenError
from app.models.appointments import Appointment, slot_keys
from app.models.campaigns import Campaign
from app.models.enums import AppointmentSource, AppointmentStatus
from app.models.patients import Patient
from app.models.services import Service
from app.services import (
    audit,
    availability,
    booked_campaigns,
    confirmations,
    hold_claims,
    merge_holds,
    patients,
    stranded_visits,
)
from app.services.availability import REFUSAL_SENTENCES, Chair, Offer


@dataclass(frozen=True, slots=True, kw_only=True)
class Booker:
    """Who the visit is for and which campaign brought them."""

    patient: Patient
    campaign: Campaign | None
    by_link: bool
    """True when the patient's own link says who books; without it nothing about them may be told."""
    by_staff: bool = False
    is_new: bool = False
    """True when the patient is stored together with the visit."""

    @property
    def may_be_named(self) -> bool:
        return self.by_link or self.by_staff


def new_appointment(
    ctx: Context,
    *,
    patient: Patient,
    campaign: Campaign | None,
    start: datetime,
    minutes: int,
    source: AppointmentSource,
) -> Appointment:
    """A booked visit that nobody has reserved a chair for yet; `minutes` is its length without any buffer."""
    now, end = ctx.now(), start + timedelta(minutes=minutes)
    return Appointment(
        patient_id=patient.id,
        patient_name=patient.name,
        campaign_id=campaign.id if campaign else None,
        appointment_date=start,
        duration_minutes=minutes,
        ends_at=end,
        busy_until=end,
        status=AppointmentStatus.BOOKED,
        service_name="",
        created_from=source,
        created_at=now,
        updated_at=now,
        ics_uid=f"{uuid4()}@chairside",
    )


def of_service(visit: Appointment, service: Service) -> Appointment:
    """The visit with the service's name and buffers; its length is its own."""
    visit.service_id, visit.service_name = service.id, service.name
    visit.busy_from = visit.appointment_date - timedelta(minutes=service.buffer_before_minutes)
    visit.busy_until = visit.ends_at + timedelta(minutes=service.buffer_after_minutes)
    return visit


async def reserve(
    ctx: Context, offer: Offer, chairs: list[Chair], template: Appointment, booker: Booker, *, actor: str
) -> Appointment:
    """Try the chairs in order; the unique index decides, and a lost race goes on to the next one.

    Raises SlotTakenError (for staff SlotHeldError, when a visitor's form is open for the time), ConflictError.
    """
    refusal: ChairsideError | None = None
    for chair in chairs:
        appointment = on_chair(template, chair.provider_id)
        try:
            stored = await _store_in_turn(ctx, appointment, booker, holder=offer.holder, actor=actor)
        except DuplicateKeyError as error:
            refusal = await _after_clash(ctx, offer, appointment, booker, error) or refusal
            continue
        except RecordMergedError:
            return await reserve(ctx, offer, chairs, *await _as_survivor(template, booker), actor=actor)
        if stored:
            return await stranded_visits.look_again(ctx, appointment)
    raise refusal or await taken(ctx, offer, template.appointment_date)


async def _after_clash(
    ctx: Context, offer: Offer, appointment: Appointment, booker: Booker, error: DuplicateKeyError
) -> ChairsideError | None:
    """What to answer if no other chair is free; None means that the time is taken. Raises what no chair can mend."""
    if hold_claims.is_hold_clash(error):
        return await hold_claims.held(ctx, offer, appointment) if booker.by_staff else None
    if not is_slot_clash(error):
        raise ConflictError(patients.ADDRESS_TAKEN) from error
    if not is_patients_own_clash(error):
        return None
    if booker.may_be_named:
        raise ConflictError("This patient already has a visit at that time.") from error
    raise await taken(ctx, offer, appointment.appointment_date) from error  # a stranger must not learn it (2.7)


async def _store_in_turn(
    ctx: Context, appointment: Appointment, booker: Booker, *, holder: str | None, actor: str
) -> bool:
    """Behind whoever books an overlapping time here at this moment; False when they took it."""
    async with ctx.turns.hold(appointment.slot_keys or ()) as waited:
        if waited and await Appointment.is_any_taken(hold_claims.cells_of(appointment)):
            return False
        await _store_over_old_holds(ctx, appointment, booker, holder=holder, actor=actor)
    return True


async def _store_over_old_holds(
    ctx: Context, appointment: Appointment, booker: Booker, *, holder: str | None, actor: str
) -> None:
    """One transaction; a hold that is over and was not removed yet is, and then it is tried once more."""
    store = partial(_store, ctx, appointment, booker, holder=holder, actor=actor)
    try:
        await ctx.database.transaction(store)
    except DuplicateKeyError as error:
        if not (hold_claims.is_hold_clash(error) and await hold_claims.sweep(ctx, appointment)):
            raise
        await ctx.database.transaction(store)


async def _as_survivor(template: Appointment, booker: Booker) -> tuple[Appointment, Booker]:
    """The same wish in the name of the record that the patient's was merged into, a moment ago."""
    living = await patients.get(await merge_holds.survivor_of(booker.patient.id))
    campaign = await Campaign.active_of(living.id)
    named = {
        "patient_id": living.id,
        "patient_name": living.name,
        "campaign_id": campaign.id if campaign else None,
    }
    return template.model_copy(update=named), replace(booker, patient=living, campaign=campaign, is_new=False)


def on_chair(appointment: Appointment, provider_id: PydanticObjectId | None) -> Appointment:
    """The same visit with this provider, holding the provider's and the patient's cells."""
    keys = slot_keys(
        provider_id=provider_id,
        patient_id=appointment.patient_id,
        start=appointment.appointment_date,
        until=appointment.ends_at,
        free_at=appointment.busy_until,
        busy_from=appointment.busy_from,
    )
    placed: Appointment = appointment.model_copy(update={"provider_id": provider_id, "slot_keys": keys})
    return placed


def is_slot_clash(error: DuplicateKeyError) -> bool:
    """True when a cell was taken; False when a new patient's address was."""
    return "slot_keys" in (error.details or {}).get("keyPattern", {})


def is_patients_own_clash(error: DuplicateKeyError) -> bool:
    """True when the cell that was taken is the patient's, not the provider's."""
    value = (error.details or {}).get("keyValue", {}).get("slot_keys", "")
    return str(value).startswith("U:")


async def _store(ctx: Context, appointment: Appointment, booker: Booker, *, holder: str | None, actor: str) -> None:
    if booker.is_new:
        await patients.insert(ctx, booker.patient, actor=actor)
    await appointment.insert()
    await hold_claims.claim(ctx, appointment, holder=holder)
    campaign = await booked_campaigns.follow_campaign(ctx, booker.campaign, by=actor)
    patients.refuse_gone(await patients.refresh_due(ctx, booker.patient.id))
    document = ("appointment", appointment.id)
    await audit.record(ctx, actor=actor, action="appointment.booked", document=document, patients=[booker.patient.id])
    await confirmations.confirm(ctx, appointment, booker.patient, campaign)
    await ctx.pause("booking.stored")


async def taken(ctx: Context, offer: Offer, start: datetime) -> SlotTakenError:
    """The refusal of a start that somebody else has, with what is free nearby."""
    free = await availability.alternatives(ctx, offer, start)
    return SlotTakenError(REFUSAL_SENTENCES[SlotRefusal.TAKEN], extra={"alternatives": free})
