"""Booking at the desk or by phone: staff may choose a time outside working hours, never one on top of another visit."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from beanie import PydanticObjectId

from app.context import Context
from app.domain.availability import SlotRefusal
from app.errors import InvalidInputError
from app.models.appointments import Appointment
from app.models.campaigns import Campaign
from app.models.enums import AppointmentSource, ChannelType, PatientType
from app.models.services import Service
from app.services import availability, patients, reservations
from app.services.availability import REFUSAL_SENTENCES, Chair, Offer
from app.services.reservations import Booker

FURTHEST = timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffBooking:
    """What staff enter; `duration_minutes` may differ from the service's own."""

    name: str
    email: str | None
    phone: str | None
    start: datetime
    duration_minutes: int
    service_name: str
    preferred_channel: list[ChannelType]
    provider_id: PydanticObjectId | None = None
    notes: str = ""


async def book(ctx: Context, request: StaffBooking, *, actor: str) -> Appointment:
    """Book; an unknown person becomes a patient with the visit, or not at all. 409 as in public, 422 for the past.

    Raises SlotHeldError, too, while a visitor has the booking form open for the time.
    """
    refuse_unlikely(ctx, request.start)
    service = await availability.service_named(request.service_name)
    offer = await availability.offer_for(service, provider_id=request.provider_id)
    booker = await _booker(ctx, request)
    visit = _visit(ctx, request, service, booker)
    return await reservations.reserve(ctx, offer, await _chairs(ctx, offer, request), visit, booker, actor=actor)


def refuse_unlikely(ctx: Context, start: datetime) -> None:
    """Staff may book from now on for a year. Raises InvalidInputError (trust.md 4.2)."""
    if start <= ctx.now():
        raise InvalidInputError(REFUSAL_SENTENCES[SlotRefusal.PAST])
    if start > ctx.now() + FURTHEST:
        raise InvalidInputError(REFUSAL_SENTENCES[SlotRefusal.TOO_FAR])


async def _booker(ctx: Context, request: StaffBooking) -> Booker:
    fields = {
        "name": request.name,
        "patient_type": PatientType.COLD_LEAD,
        "preferred_channel": request.preferred_channel,
    }
    patient, is_new = await patients.known_or_draft(ctx, email=request.email, phone=request.phone, fields=fields)
    campaign = await Campaign.active_of(patient.id)
    return Booker(patient=patient, campaign=campaign, by_link=False, by_staff=True, is_new=is_new)


def _visit(ctx: Context, request: StaffBooking, service: Service, booker: Booker) -> Appointment:
    visit = reservations.new_appointment(
        ctx,
        patient=booker.patient,
        campaign=booker.campaign,
        start=request.start,
        minutes=request.duration_minutes,
        source=AppointmentSource.MANUAL_ADMIN,
    )
    visit.notes = request.notes
    return reservations.of_service(visit, service)


async def _chairs(ctx: Context, offer: Offer, request: StaffBooking) -> list[Chair]:
    """Those who work then and are free come first; then everybody else, whom the index may still refuse."""
    free, _ = await availability.free_chairs(ctx, offer, request.start)
    return free + [chair for chair in offer.chairs if chair not in free]
