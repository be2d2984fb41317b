"""Answering an offer: the first yes is the booking itself, and the unique index decides between two (trust.md 2.1).

Accepting moves the later visit with one write, or books a new one; the offer's end, the wish's and what the others are
told are in that same transaction.
"""

from dataclasses import dataclass
from functools import partial

from beanie import PydanticObjectId

from app.context import Context
from app.database.connection import joining_transactions
from app.errors import ConflictError, NotFoundError, SlotTakenError
from app.models.appointments import Appointment
from app.models.base import Raw
from app.models.campaigns import Campaign
from app.models.enums import AppointmentSource, OfferState, WishState
from app.models.services import Service
from app.models.users import User
from app.models.waitlist import WaitlistOffer, WaitlistWish
from app.services import (
    audit,
    availability,
    patients,
    reservations,
    visits,
    waitlist_endings,
    waitlist_links,
    waitlist_matching,
)
from app.services.reservations import Booker

LINK_GONE = "This link is no longer valid. It may have expired, or it was not copied completely."
HELD = "Somebody has the booking form open for this time. Try again in a few minutes."
SENTENCES = {
    OfferState.LOST: "Somebody else was faster: this time has been taken. You stay on the list.",
    OfferState.DECLINED: "You have let this time go. You stay on the list unless you left it.",
    OfferState.EXPIRED: "The time to answer has passed, and others were asked. You stay on the list.",
}


class OfferOverError(ConflictError):
    """The time cannot be had any more; `state` says why, `alternatives` what is free instead."""

    code = "OFFER_OVER"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownOffer:
    """One offer as its link shows it. `state` is what it comes to at this moment."""

    offer: WaitlistOffer
    state: OfferState
    service_name: str
    provider_name: str | None
    held: Appointment | None
    """The later visit that a yes would move."""

    @property
    def can_answer(self) -> bool:
        return self.state is OfferState.OFFERED

    @property
    def is_over(self) -> bool:
        """True when it ended without a yes."""
        return self.state not in (OfferState.OFFERED, OfferState.ACCEPTED)


async def open_link(ctx: Context, token: str) -> ShownOffer:
    """The offer behind a link; changes nothing. Raises NotFoundError, one answer for every link that is no good."""
    link = await waitlist_links.read_offer_link(ctx, token)
    offer = await WaitlistOffer.get(link.offer_id) if link and link.offer_id else None
    if offer is None:
        raise NotFoundError(LINK_GONE)
    return await show(ctx, offer)


async def show(ctx: Context, offer: WaitlistOffer) -> ShownOffer:
    """What this offer comes to at this moment; changes nothing. Raises NotFoundError once its wish was erased."""
    wish = await WaitlistWish.get(offer.wish_id)
    if wish is None:
        raise NotFoundError(LINK_GONE)
    provider = await User.get(offer.provider_id) if offer.provider_id else None
    return ShownOffer(
        offer=offer,
        state=await _state_now(ctx, offer),
        service_name=wish.service_name,
        provider_name=provider.name if provider else None,
        held=await waitlist_matching.held_visit(ctx, wish),
    )


async def _state_now(ctx: Context, offer: WaitlistOffer) -> OfferState:
    if offer.state is not OfferState.OFFERED:
        return offer.state
    if offer.expires_at <= ctx.now():
        return OfferState.EXPIRED
    return OfferState.OFFERED if await waitlist_matching.is_still_free(ctx, offer) else OfferState.LOST


async def accept(ctx: Context, token: str) -> Appointment:
    """Say yes: the later visit moves, or a new one is booked. A second yes answers the same and changes nothing.

    Raises NotFoundError (the link), OfferOverError (409 with `alternatives`: another was faster, it was let go, or its
    minutes are over) and ConflictError (the patient is elsewhere at that time, or a visitor's form is open for it).
    """
    return await take(ctx, await open_link(ctx, token))


async def take(ctx: Context, shown: ShownOffer) -> Appointment:
    """The same yes for whoever answered the message itself. Raises OfferOverError and ConflictError as `accept`."""
    if shown.state is OfferState.ACCEPTED and shown.offer.visit_id:
        return await visits.get(shown.offer.visit_id)
    if not shown.can_answer or (shown.held and shown.held.appointment_date <= shown.offer.start):
        raise await over(ctx, shown.offer, shown.state if not shown.can_answer else OfferState.LOST)
    try:
        return await (_move(ctx, shown.offer, shown.held) if shown.held else _book(ctx, shown.offer))
    except SlotTakenError as error:
        if await waitlist_matching.is_still_free(ctx, shown.offer):
            raise ConflictError(HELD) from error
        await _note_lost(ctx, shown.offer)
        raise await over(ctx, shown.offer, OfferState.LOST) from error


async def _move(ctx: Context, offer: WaitlistOffer, held: Appointment) -> Appointment:
    with joining_transactions(partial(_settle, ctx, offer, held.id)):
        return await visits.reschedule(
            ctx, held.id, start=offer.start, provider_id=offer.provider_id, actor=_actor(offer)
        )


async def _book(ctx: Context, offer: WaitlistOffer) -> Appointment:
    patient, service = await patients.get(offer.patient_id), await _service(offer)
    offered = await availability.offer_for(service, provider_id=offer.provider_id)
    campaign = await Campaign.active_of(patient.id)
    visit = reservations.new_appointment(
        ctx,
        patient=patient,
        campaign=campaign,
        start=offer.start,
        minutes=service.duration_minutes,
        source=AppointmentSource.AI_AGENT_FORM,
    )
    visit.service_id, visit.service_name = service.id, service.name
    visit.busy_from, visit.busy_until = offer.busy_from, offer.busy_until
    booker = Booker(patient=patient, campaign=campaign, by_link=True)
    with joining_transactions(partial(_settle, ctx, offer, visit.id)):
        return await reservations.reserve(ctx, offered, offered.chairs, visit, booker, actor=_actor(offer))


async def _service(offer: WaitlistOffer) -> Service:
    service = await Service.get(offer.service_id)
    if service is None:
        raise ConflictError("This service is no longer offered. Please call us.")
    return service


async def _settle(ctx: Context, offer: WaitlistOffer, visit_id: PydanticObjectId) -> None:
    """The last writes of the booking's transaction: our yes, the wish's end, and word to everybody else."""
    won = {"state": OfferState.ACCEPTED, "answered_at": ctx.now(), "visit_id": visit_id}
    open_still = {"_id": offer.id, "state": OfferState.OFFERED, "expires_at": {"$gt": ctx.now()}}
    if not (await WaitlistOffer.collection().update_one(open_still, {"$set": won})).modified_count:
        raise OfferOverError(SENTENCES[OfferState.EXPIRED], extra={"state": OfferState.EXPIRED})
    booked = {"state": WishState.BOOKED, "booked_visit_id": visit_id, "updated_at": ctx.now()}
    if not await WaitlistWish.change(offer.wish_id, booked):
        raise OfferOverError(SENTENCES[OfferState.DECLINED], extra={"state": OfferState.DECLINED})
    await ctx.pause("waitlist.accepted")
    await waitlist_endings.lose_rivals(ctx, await visits.get(visit_id), but=offer.id)
    await waitlist_endings.look_soon(offer, now=ctx.now())
    await audit.record(
        ctx,
        actor=_actor(offer),
        action="waitlist.offer_accepted",
        document=("waitlist_offer", offer.id),
        patients=[offer.patient_id],
        details={"appointment_id": visit_id},
    )


async def _note_lost(ctx: Context, offer: WaitlistOffer) -> None:
    """Taken by somebody who was not on the list; the page says so, no message is needed."""
    await WaitlistOffer.end(offer.id, {"state": OfferState.LOST, "state_reason": "taken", "answered_at": ctx.now()})
    await waitlist_endings.look_soon(offer, now=ctx.now())


async def over(ctx: Context, offer: WaitlistOffer, state: OfferState) -> OfferOverError:
    """The refusal of an answer that comes too late, with what is free near that time."""
    service = await Service.get(offer.service_id)
    offered = await availability.offer_for(service) if service else None
    free = await availability.alternatives(ctx, offered, offer.start) if offered else []
    sentence = SENTENCES.get(state, SENTENCES[OfferState.EXPIRED])
    return OfferOverError(sentence, extra={"state": state, "alternatives": free})


async def decline(ctx: Context, token: str, *, leaves_list: bool = False) -> ShownOffer:
    """Say no: the next ones are asked. With `leaves_list` the wish is withdrawn too. A second no changes nothing.

    Raises NotFoundError (the link), and ConflictError once the offer was accepted.
    """
    return await refuse(ctx, await open_link(ctx, token), leaves_list=leaves_list)


async def refuse(ctx: Context, shown: ShownOffer, *, leaves_list: bool = False) -> ShownOffer:
    """The same no for whoever answered the message itself. Raises ConflictError as `decline`."""
    if shown.state is OfferState.ACCEPTED:
        raise ConflictError("You have accepted this time. To give it back, cancel your visit.")

    async def write() -> None:
        no = {"state": OfferState.DECLINED, "state_reason": "declined", "answered_at": ctx.now()}
        if await WaitlistOffer.end(shown.offer.id, no):
            await waitlist_endings.look_soon(shown.offer, now=ctx.now())
            await _record_no(ctx, shown.offer)
        if leaves_list:
            await _leave(ctx, shown.offer)

    await ctx.database.transaction(write)
    return await show(ctx, await WaitlistOffer.get(shown.offer.id) or shown.offer)


async def _leave(ctx: Context, offer: WaitlistOffer) -> None:
    left = {"state": WishState.WITHDRAWN, "state_reason": "withdrawn", "updated_at": ctx.now()}
    if await WaitlistWish.change(offer.wish_id, left):
        await audit.record(
            ctx,
            actor=_actor(offer),
            action="waitlist.wish_withdrawn",
            document=("waitlist_wish", offer.wish_id),
            patients=[offer.patient_id],
        )


async def _record_no(ctx: Context, offer: WaitlistOffer) -> None:
    await audit.record(
        ctx,
        actor=_actor(offer),
        action="waitlist.offer_declined",
        document=("waitlist_offer", offer.id),
        patients=[offer.patient_id],
    )


def _actor(offer: WaitlistOffer) -> str:
    return f"patient:{offer.patient_id}"


async def open_offer_of(ctx: Context, patient_id: PydanticObjectId) -> WaitlistOffer | None:
    """The offer that this patient can still say yes to, the newest of them, or None: what a replied "yes" may mean."""
    query: Raw = {"patient_id": patient_id, "state": OfferState.OFFERED, "expires_at": {"$gt": ctx.now()}}
    return await WaitlistOffer.find(query).sort("-created_at").first_or_none()
