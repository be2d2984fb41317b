"""Another free time for somebody whose offer is over: the same link takes it, and the wish stays on the list."""

from datetime import datetime
from typing import Any

from app.context import Context
from app.domain.availability import SlotRefusal
from app.errors import ConflictError, InvalidInputError, SlotTakenError
from app.models.appointments import Appointment
from app.models.campaigns import Campaign
from app.models.enums import AppointmentSource
from app.models.services import Service
from app.services import availability, patients, reservations, visits, waitlist_matching, waitlist_offers
from app.services.availability import REFUSAL_SENTENCES, Chair, Offer
from app.services.reservations import Booker
from app.services.waitlist_offers import ShownOffer

NOT_EARLIER = "Your visit is earlier than this time. Choose one of the offered times."


async def free_instead(ctx: Context, shown: ShownOffer) -> list[dict[str, Any]]:
    """What is free near the offered time, as a 409 answers it; earlier than the visit that is held."""
    service = await Service.get(shown.offer.service_id)
    if service is None or shown.can_answer:
        return []
    offer = waitlist_matching.to_move(shown.held, await availability.offer_for(service))
    found = await availability.alternatives(ctx, offer, shown.offer.start)
    if shown.held is None:
        return found
    return [each for each in found if datetime.fromisoformat(each["appointment_date"]) < shown.held.appointment_date]


async def take(ctx: Context, token: str, *, start: datetime) -> Appointment:
    """Take a free time instead of one that went: the later visit moves there, or a new one is booked.

    It moves with the same provider if free. A visit that is there already is answered as it is: the form was sent
    twice. Raises NotFoundError (the link), ConflictError (the offer is still open or was accepted, or this service is
    not offered any more), InvalidInputError (an impossible time, or one that is not earlier) and SlotTakenError with
    `alternatives`.
    """
    shown = await waitlist_offers.open_link(ctx, token)
    if not shown.is_over:
        raise ConflictError("Answer the time that you were offered first.")
    service = await Service.get(shown.offer.service_id)
    if service is None:
        raise ConflictError("This service is no longer offered. Please call us.")
    if shown.held and start == shown.held.appointment_date:
        return shown.held
    if shown.held and start > shown.held.appointment_date:
        raise InvalidInputError(NOT_EARLIER)
    offer = waitlist_matching.to_move(shown.held, await availability.offer_for(service))
    chairs, reason = await availability.free_chairs(ctx, offer, start, apart_from=shown.held)
    if reason not in (None, SlotRefusal.TAKEN):
        raise InvalidInputError(REFUSAL_SENTENCES[reason])
    if shown.held is None:
        return await _book(ctx, shown, offer, chairs, start)
    return await _move(ctx, shown, shown.held, offer=offer, chairs=chairs, start=start)


async def _move(
    ctx: Context, shown: ShownOffer, held: Appointment, *, offer: Offer, chairs: list[Chair], start: datetime
) -> Appointment:
    for chair in sorted(chairs, key=lambda each: each.provider_id != held.provider_id):
        try:
            return await visits.reschedule(
                ctx, held.id, start=start, provider_id=chair.provider_id, actor=_actor(shown)
            )
        except SlotTakenError:
            continue
    raise await reservations.taken(ctx, offer, start)


async def _book(ctx: Context, shown: ShownOffer, offer: Offer, chairs: list[Chair], start: datetime) -> Appointment:
    patient = await patients.get(shown.offer.patient_id)
    campaign = await Campaign.active_of(patient.id)
    visit = reservations.new_appointment(
        ctx,
        patient=patient,
        campaign=campaign,
        start=start,
        minutes=offer.service.duration_minutes,
        source=AppointmentSource.AI_AGENT_FORM,
    )
    reservations.of_service(visit, offer.service)
    booker = Booker(patient=patient, campaign=campaign, by_link=True)
    return await reservations.reserve(ctx, offer, chairs, visit, booker, actor=_actor(shown))


def _actor(shown: ShownOffer) -> str:
    return f"patient:{shown.offer.patient_id}"
