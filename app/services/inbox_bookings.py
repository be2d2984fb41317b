"""A booking whose e-mail and phone belong to two people: staff say whose it is, and its time is booked (D-12)."""

from app.context import Context
from app.database.connection import joining_transactions
from app.domain.availability import SlotRefusal
from app.errors import ConflictError, InvalidInputError, NotFoundError, SlotTakenError
from app.models.appointments import Appointment
from app.models.campaigns import Campaign
from app.models.enums import AppointmentSource, InboxState
from app.models.inbox import InboundEvent
from app.models.patients import Patient
from app.services import audit, availability, reservations, staff_inbox
from app.services.availability import REFUSAL_SENTENCES, Offer
from app.services.reservations import Booker
from app.services.staff_inbox import Wish
from app.services.staff_inbox_actions import settle


async def book(ctx: Context, event: InboundEvent, patient: Patient, *, actor: str) -> Appointment:
    """Book the visit that a parked form asked for; the visit and the settled event are one transaction.

    Raises SlotTakenError (409 with `alternatives`: the time is gone, and the event stays), ConflictError when the
    service is not offered any more or the patient is busy then, InboxEventSettledError.
    """
    wish = staff_inbox.wish_of(event)
    if wish is None:
        raise ConflictError("This event is no booking.")
    offer = await _offer(wish)
    chairs, refusal = await availability.free_chairs(ctx, offer, wish.start)
    if refusal:
        raise await _gone(ctx, offer, wish, refusal)
    booker = Booker(patient=patient, campaign=await Campaign.active_of(patient.id), by_link=False, by_staff=True)
    visit = await _visit(ctx, offer, wish, booker)

    async def take_off_the_list() -> None:
        done = {"state": InboxState.DONE, "outcome": "booked_by_staff", "finished_at": ctx.now()}
        await settle(ctx, event.id, done, actor=actor)
        await audit.record(
            ctx,
            actor=actor,
            action="inbox.booked",
            document=("inbound_event", event.id),
            patients=[patient.id],
            details={"start": wish.start, "service": offer.service.id},
        )

    with joining_transactions(take_off_the_list):
        return await reservations.reserve(ctx, offer, chairs, visit, booker, actor=actor)


async def _offer(wish: Wish) -> Offer:
    try:
        return await availability.offer_for(await availability.service_named(wish.service_name))
    except (InvalidInputError, NotFoundError) as error:
        raise ConflictError("The service of this booking is not offered any more. Book another at the desk.") from error


async def _gone(ctx: Context, offer: Offer, wish: Wish, refusal: SlotRefusal) -> SlotTakenError:
    free = await availability.alternatives(ctx, offer, max(wish.start, ctx.now()))
    return SlotTakenError(REFUSAL_SENTENCES[refusal], extra={"alternatives": free})


async def _visit(ctx: Context, offer: Offer, wish: Wish, booker: Booker) -> Appointment:
    visit = reservations.new_appointment(
        ctx,
        patient=booker.patient,
        campaign=booker.campaign,
        start=wish.start,
        minutes=offer.service.duration_minutes,
        source=AppointmentSource.AI_AGENT_FORM,
    )
    reservations.of_service(visit, offer.service)
    if await Appointment.future_of(booker.patient.id, ctx.now()):
        visit.needs_review = "second_future_visit"
    return visit
