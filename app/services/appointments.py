"""Booking by a patient: judge the slot, then find the patient, then reserve (domain.md section 7)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from beanie import PydanticObjectId

from app.context import Context
from app.domain.availability import SlotRefusal
from app.errors import (
    AlreadyBookedError,
    InvalidInputError,
    PatientNotMatchedError,
)
from app.models.appointments import Appointment
from app.models.campaigns import Campaign
from app.models.enums import AppointmentSource, CampaignStatus, InboundSource
from app.models.links import PatientLink
from app.models.patients import Patient
from app.services import availability, hold_claims, inbound, links, reservations
from app.services.availability import REFUSAL_SENTENCES, Chair, Offer
from app.services.reservations import Booker


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
    hold: str | None = None
    """The token of the visitor's slot hold; the booking spends it."""


async def book(ctx: Context, request: BookingRequest) -> Appointment:
    """Book one visit for a known patient.

    Raises InvalidInputError (422: the service or the time cannot be), SlotTakenError (409 with `alternatives`),
    AlreadyBookedError (409) and PatientNotMatchedError (404, one answer for every reason; trust.md 2.7).
    """
    offer = await availability.offer_named(ctx, request.service_name, provider_id=request.provider_id)
    link = await links.read_booking_link(ctx, request.token) if request.token else None
    if link:  # before the slot: a submit that is repeated finds the visit of the first, not a slot it took itself
        await _refuse_second_visit(ctx, link.patient_id, offer)
    offer = await hold_claims.offer_to(ctx, offer, token=request.hold, start=request.start)
    chairs = await judge(ctx, offer, request.start)
    booker = await _booker_by_link(link) or await _booker_by_address(ctx, request)
    await ctx.pause("booking.judged")
    template = await _draft(ctx, offer, booker, request)
    return await reservations.reserve(ctx, offer, chairs, template, booker, actor=f"patient:{booker.patient.id}")


async def judge(ctx: Context, offer: Offer, start: datetime) -> list[Chair]:
    """Who could take the visit, the best first. Raises SlotTakenError (409) and InvalidInputError (422)."""
    chairs, reason = await availability.free_chairs(ctx, offer, start)
    if reason is SlotRefusal.TAKEN:
        raise await reservations.taken(ctx, offer, start)
    if reason is not None:
        raise InvalidInputError(REFUSAL_SENTENCES[reason])
    return chairs


async def _booker_by_link(link: PatientLink | None) -> Booker | None:
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


async def _refuse_second_visit(ctx: Context, patient_id: PydanticObjectId, offer: Offer) -> None:
    held = await Appointment.future_of(patient_id, ctx.now(), service_id=offer.service.id)
    if held:
        raise AlreadyBookedError(
            "You already have this visit booked.",
            extra={"appointment_id": str(held.id), **availability.alternative(held.appointment_date, offer.rules)},
        )


async def _draft(ctx: Context, offer: Offer, booker: Booker, request: BookingRequest) -> Appointment:
    appointment = reservations.new_appointment(
        ctx,
        patient=booker.patient,
        campaign=booker.campaign,
        start=request.start,
        minutes=offer.service.duration_minutes,
        source=AppointmentSource.AI_AGENT_FORM,
    )
    reservations.of_service(appointment, offer.service).notes = request.notes
    if not booker.by_link and await Appointment.future_of(booker.patient.id, ctx.now()):
        appointment.needs_review = "second_future_visit"
    return appointment
