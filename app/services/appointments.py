"""Booking: judge the slot, then find the patient, then let one insert decide the race (domain.md section 7)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from uuid import uuid4

from beanie import PydanticObjectId
from pymongo.errors import DuplicateKeyError

from app.context import Context
from app.domain.availability import SlotRefusal
from app.errors import (
    AlreadyBookedError,
    ConflictError,
    InvalidInputError,
    PatientNotMatchedError,
    RecordMergedError,
    SlotTakenError,
)
from app.models.appointments import Appointment, slot_keys
from app.models.campaigns import Campaign
from app.models.enums import AppointmentSource, AppointmentStatus, CampaignStatus, InboundSource
from app.models.patients import Patient
from app.services import audit, availability, booked_campaigns, confirmations, inbound, links, merge_holds, patients
from app.services.availability import REFUSAL_SENTENCES, Chair, Offer


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingRequest:
    """What the public form sends. `start` is aware; `token` comes from a patient's own link."""

    name: str
    email: str | None
    phone: str | None
    start: datetime
    service_name: str
    token: str | None = None
    provider_id: PydanticObjectId | None = None
    notes: str = ""


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


async def book(ctx: Context, request: BookingRequest) -> Appointment:
    """Book one visit for a known patient.

    Raises InvalidInputError (422: the service or the time cannot be), SlotTakenError (409 with `alternatives`),
    AlreadyBookedError (409) and PatientNotMatchedError (404, one answer for every reason; trust.md 2.7).
    """
    offer = await availability.offer_for(
        await availability.service_named(request.service_name), provider_id=request.provider_id
    )
    booker = await _booker_by_link(ctx, request)
    if booker:  # before the slot: a submit that is repeated finds the visit of the first, not a slot it took itself
        await _refuse_second_visit(ctx, booker, offer)
    chairs = await _judge_slot(ctx, offer, request.start)
    booker = booker or await _booker_by_address(ctx, request)
    template = await _draft(ctx, offer, booker, request)
    return await reserve(ctx, offer, chairs, template, booker, actor=f"patient:{booker.patient.id}")


async def _judge_slot(ctx: Context, offer: Offer, start: datetime) -> list[Chair]:
    chairs, reason = await availability.free_chairs(ctx, offer, start)
    if reason is SlotRefusal.TAKEN:
        raise await _taken(ctx, offer, start)
    if reason is not None:
        raise InvalidInputError(REFUSAL_SENTENCES[reason])
    return chairs


async def _taken(ctx: Context, offer: Offer, start: datetime) -> SlotTakenError:
    free = await availability.alternatives(ctx, offer, start)
    return SlotTakenError(REFUSAL_SENTENCES[SlotRefusal.TAKEN], extra={"alternatives": free})


async def _booker_by_link(ctx: Context, request: BookingRequest) -> Booker | None:
    link = await links.read_booking_link(ctx, request.token) if request.token else None
    patient = await Patient.get(link.patient_id) if link else None
    if link is None or patient is None:
        return None
    return Booker(patient=patient, campaign=await _campaign_of(patient, link.campaign_id), by_link=True)


async def _booker_by_address(ctx: Context, request: BookingRequest) -> Booker:
    """By e-mail or phone, unless a link was sent that is none; two different people are answered as nobody (D-11)."""
    found = await Patient.matching(email=request.email, phone=request.phone) if not request.token else []
    if len(found) == 1:
        return Booker(patient=found[0], campaign=await _campaign_of(found[0], None), by_link=False)
    if len(found) > 1:
        await _ask_staff(ctx, request, found)
    raise PatientNotMatchedError(
        "We could not match these details to a patient. Please call us and we will book you in."
    )


async def _campaign_of(patient: Patient, linked: PydanticObjectId | None) -> Campaign | None:
    """The active campaign, else the link's own when it ended unanswered: booking is an answer."""
    running = await Campaign.active_of(patient.id)
    if running or linked is None:
        return running
    campaign = await Campaign.get(linked)
    return campaign if campaign and campaign.status is CampaignStatus.RECOVERY_FAILED else None


async def _ask_staff(ctx: Context, request: BookingRequest, found: list[Patient]) -> None:
    """A row in the list of what staff must match (D-12); the visitor learns nothing of it."""
    await inbound.store_event(
        ctx,
        source=InboundSource.BOOKING_FORM,
        event_id=uuid4().hex,
        payload={
            "name": request.name,
            "email": request.email,
            "phone": request.phone,
            "start": request.start,
            "service_name": request.service_name,
            "patient_ids": [patient.id for patient in found],
        },
        conversation="booking-form",
        parked_because="booking_matches_two_patients",
    )


async def _refuse_second_visit(ctx: Context, booker: Booker, offer: Offer) -> None:
    held = await Appointment.future_of(booker.patient.id, ctx.now(), service_id=offer.service.id)
    if held:
        raise AlreadyBookedError(
            "You already have this visit booked.",
            extra={"appointment_id": str(held.id), **availability.alternative(held.appointment_date, offer.rules)},
        )


async def _draft(ctx: Context, offer: Offer, booker: Booker, request: BookingRequest) -> Appointment:
    appointment = new_appointment(
        ctx,
        patient=booker.patient,
        campaign=booker.campaign,
        start=request.start,
        minutes=offer.service.duration_minutes,
        source=AppointmentSource.AI_AGENT_FORM,
    )
    appointment.service_id, appointment.service_name = offer.service.id, offer.service.name
    appointment.busy_until = appointment.ends_at + timedelta(minutes=offer.service.buffer_after_minutes)
    appointment.notes = request.notes
    if not booker.by_link and await Appointment.future_of(booker.patient.id, ctx.now()):
        appointment.needs_review = "second_future_visit"
    return appointment


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


async def reserve(
    ctx: Context, offer: Offer, chairs: list[Chair], template: Appointment, booker: Booker, *, actor: str
) -> Appointment:
    """Try the chairs in order; the unique index decides, and a lost race goes on to the next one."""
    for chair in chairs:
        appointment = on_chair(template, chair.provider_id)
        try:
            await ctx.database.transaction(partial(_store, ctx, appointment, booker, actor=actor))
        except DuplicateKeyError as error:
            if not is_slot_clash(error):
                raise ConflictError(patients.ADDRESS_TAKEN) from error
            if not is_patients_own_clash(error):
                continue
            if booker.may_be_named:
                raise ConflictError("This patient already has a visit at that time.") from error
            break  # a stranger must not learn it (trust.md 2.7)
        except RecordMergedError:
            return await reserve(ctx, offer, chairs, *await _as_survivor(template, booker), actor=actor)
        return appointment
    raise await _taken(ctx, offer, template.appointment_date)


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


async def _store(ctx: Context, appointment: Appointment, booker: Booker, *, actor: str) -> None:
    if booker.is_new:
        await patients.insert(ctx, booker.patient, actor=actor)
    await appointment.insert()
    campaign = await booked_campaigns.follow_campaign(ctx, booker.campaign, by=actor)
    patients.refuse_gone(await patients.refresh_due(ctx, booker.patient.id))
    document = ("appointment", appointment.id)
    await audit.record(ctx, actor=actor, action="appointment.booked", document=document, patients=[booker.patient.id])
    await confirmations.confirm(ctx, appointment, booker.patient, campaign)
    await ctx.pause("booking.stored")
