"""Finds who of those that wait fits a freed time: reads the calendar, then asks the rules (domain.md section 7)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from beanie import PydanticObjectId

from app.context import Context
from app.domain import availability as calendar
from app.domain import waitlist
from app.domain.availability import Visit
from app.domain.schedules import Interval, working_intervals
from app.domain.waitlist import Candidate, Pick, Wanted
from app.models.appointments import Appointment, provider_cells
from app.models.base import Raw
from app.models.clinic import Clinic
from app.models.enums import AppointmentStatus, FreedSlotState, OfferState, WishState
from app.models.patients import Patient
from app.models.services import Service
from app.models.slot_holds import SlotHold
from app.models.waitlist import FreedSlot, WaitlistOffer, WaitlistWish
from app.services import availability, waitlist_messages
from app.services.availability import Chair, Offer
from app.services.patients import Route

LONGEST_VISIT = timedelta(hours=12)
NOT_TWICE = (OfferState.DECLINED, OfferState.EXPIRED)
"""Whoever let an offer of a freed time go is not asked about the same one again; who lost it may get what is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suitor:
    """One wish that a freed time suits, with all that an offer needs."""

    wish: WaitlistWish
    patient: Patient
    route: Route
    candidate: Candidate
    visit: Visit


@dataclass(frozen=True, slots=True)
class Match:
    """The next offers. `is_worth_waiting` is True when the answer may be another one in a minute: somebody fits who is
    just being asked about another time, or a visitor has a form open for this one."""

    suitors: list[tuple[Suitor, Pick]]
    is_worth_waiting: bool


async def held_visit(ctx: Context, wish: WaitlistWish) -> Appointment | None:
    """The visit to come that the wish wants earlier: the one it names, else the next one for its service."""
    if wish.appointment_id is None:
        return await Appointment.future_of(wish.patient_id, ctx.now(), service_id=wish.service_id)
    visit = await Appointment.get(wish.appointment_id)
    return visit if visit and _is_to_come(ctx, visit) else None


def _is_to_come(ctx: Context, visit: Appointment) -> bool:
    return visit.status is AppointmentStatus.BOOKED and visit.appointment_date > ctx.now()


def length_of(held: Appointment | None, offer: Offer) -> Visit:
    """What the visit takes: a held one keeps the length and the buffers that it was booked with."""
    if held is None:
        return offer.visit
    return Visit(
        duration=timedelta(minutes=held.duration_minutes),
        buffer_after=held.busy_until - held.ends_at,
        buffer_before=held.appointment_date - held.busy_from,
    )


def to_move(held: Appointment | None, offer: Offer) -> Offer:
    """The offer as it is judged for moving this visit, by its own length; without one, for a new visit."""
    return replace(offer, length=length_of(held, offer))


async def is_still_free(ctx: Context, offered: WaitlistOffer) -> bool:
    """True while the time of an offer can be had by whoever was offered it.

    Another visitor's open form is nothing yet, and the notice was kept when the offer was made: only visits, and
    working hours that changed since, stand against it.
    """
    wish, service = await WaitlistWish.get(offered.wish_id), await Service.get(offered.service_id)
    if wish is None or service is None or wish.state is not WishState.WAITING:
        return False
    return await _is_worked(offered, service) and not await _is_taken(ctx, offered, await held_visit(ctx, wish))


async def _is_worked(offered: WaitlistOffer, service: Service) -> bool:
    offer = await availability.offer_for(service)
    chair = next((each for each in offer.chairs if each.provider_id == offered.provider_id), None)
    if chair is None:
        return False
    worked = working_intervals(chair.schedule, offer.rules, offered.start.astimezone(offer.rules.zone).date())
    return any(each.start <= offered.start and offered.ends_at <= each.end for each in worked)


async def _is_taken(ctx: Context, offered: WaitlistOffer, held: Appointment | None) -> bool:
    """Asked as the unique index will decide it: by the provider's cells."""
    cells = provider_cells(offered.provider_id, offered.busy_from, offered.busy_until)
    taken: Raw = {"slot_keys": {"$in": cells}, "_id": {"$ne": held.id if held else None}}
    return offered.start <= ctx.now() or await Appointment.collection().find_one(taken, {"_id": 1}) is not None


async def match(ctx: Context, slot: FreedSlot, *, size: int) -> Match:
    """The first `size` wishes, by their place in line, that the freed time suits."""
    clinic, freed = await Clinic.load(), Interval(slot.start, slot.end)
    found: list[Suitor] = []
    is_worth_waiting = await _is_held(ctx, slot)
    async for wish in _in_line(ctx, slot):
        suitor = await _suitor(ctx, slot, wish)
        if suitor is None or not waitlist.suitable_starts(suitor.candidate, freed, clinic.zone):
            continue
        if await WaitlistOffer.find_one({"wish_id": wish.id, "state": OfferState.OFFERED}):
            is_worth_waiting = True
            continue
        found.append(suitor)
        if len(found) == size:
            break
    picks = waitlist.plan_batch([each.candidate for each in found], freed, zone=clinic.zone, size=size)
    by_key = {each.candidate.key: each for each in found}
    return Match([(by_key[pick.key], pick) for pick in picks], is_worth_waiting)


async def why_nobody(slot: FreedSlot) -> FreedSlotState:
    """TAKEN when a visit stands in the freed time, NOBODY when it is free and suits none of those who wait."""
    cells = provider_cells(slot.provider_id, slot.start, slot.end)
    taken = await Appointment.collection().find_one({"slot_keys": {"$in": cells}}, {"_id": 1})
    return FreedSlotState.TAKEN if taken else FreedSlotState.NOBODY


async def _is_held(ctx: Context, slot: FreedSlot) -> bool:
    holds = await SlotHold.live_between(slot.start, slot.end, now=ctx.now())
    return any(hold.get("provider_id") == slot.provider_id for hold in holds)


async def _in_line(ctx: Context, slot: FreedSlot) -> AsyncIterator[WaitlistWish]:
    """Everybody who waits for this provider or for any, first come first; those who let this time go left out."""
    passed = WaitlistOffer.collection().find(
        {"freed_slot_id": slot.id, "state": {"$in": list(NOT_TWICE)}}, {"wish_id": 1}
    )
    query = {
        "state": WishState.WAITING,
        "expires_at": {"$gt": ctx.now()},
        "provider_id": {"$in": list({None, slot.provider_id})},
        "_id": {"$nin": [row["wish_id"] async for row in passed]},
    }
    async for wish in WaitlistWish.find(query).sort("created_at", "_id"):
        yield wish


async def _suitor(ctx: Context, slot: FreedSlot, wish: WaitlistWish) -> Suitor | None:
    """None when this person cannot have the time whatever they wish: no such service there, nobody to write to."""
    patient = await Patient.get(wish.patient_id)
    if patient is None or patient.merged_into or patient.erased_at or await _left_it(slot, patient):
        return None
    held = await held_visit(ctx, wish)
    route = await waitlist_messages.route_to(patient)
    service = await Service.get(wish.service_id)
    if route is None or service is None or (wish.appointment_id and held is None):
        return None
    offer = await availability.offer_for(service)
    chair = next((each for each in offer.chairs if each.provider_id == slot.provider_id), None)
    if chair is None:
        return None
    visit = length_of(held, offer)
    starts = await _starts(ctx, slot, chair, offer, visit, held)
    starts = await _without_own_visits(patient.id, starts, visit, held)
    candidate = Candidate(
        key=str(wish.id),
        wanted=_wanted(wish, held),
        starts=starts,
        kept=visit.duration + visit.buffer_after,
        kept_before=visit.buffer_before,
    )
    return Suitor(wish=wish, patient=patient, route=route, candidate=candidate, visit=visit)


async def _left_it(slot: FreedSlot, patient: Patient) -> bool:
    """True for the very patient whose visit stood there: they have just said that they cannot come."""
    left = await Appointment.get(slot.visit_id) if slot.visit_id else None
    return left is not None and left.patient_id == patient.id


def _wanted(wish: WaitlistWish, held: Appointment | None) -> Wanted:
    return Wanted(
        earliest=wish.earliest,
        latest=wish.latest,
        weekdays=frozenset(wish.weekdays),
        day_part=wish.day_part,
        held_start=held.appointment_date if held else None,
    )


async def _starts(
    ctx: Context, slot: FreedSlot, chair: Chair, offer: Offer, visit: Visit, held: Appointment | None
) -> list[datetime]:
    """What the calendar offers around the freed time, working hours, buffers and notice respected."""
    first = (slot.start - LONGEST_VISIT).astimezone(offer.rules.zone).date()
    last = slot.end.astimezone(offer.rules.zone).date()
    days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    busy = await availability.busy_in(ctx, *_bounds(days, offer), apart_from=held)
    slots = calendar.open_slots(
        chair.schedule,
        offer.rules,
        visit=visit,
        busy=busy.get(chair.provider_id, ()),
        days=days,
        now=ctx.now(),
    )
    return [start for starts in slots.values() for start in starts]


async def _without_own_visits(
    patient_id: PydanticObjectId, starts: list[datetime], visit: Visit, held: Appointment | None
) -> list[datetime]:
    """Nobody can be in two chairs at once."""
    if not starts:
        return starts
    query = {
        "patient_id": patient_id,
        "status": AppointmentStatus.BOOKED,
        "appointment_date": {"$lt": starts[-1] + visit.duration},
        "ends_at": {"$gt": starts[0]},
        "_id": {"$ne": held.id if held else None},
    }
    own = [Interval(each.appointment_date, each.ends_at) for each in await Appointment.find(query).to_list()]
    return [
        start
        for start in starts
        if not any(waitlist.overlaps(Interval(start, start + visit.duration), each) for each in own)
    ]


def _bounds(days: list[date], offer: Offer) -> tuple[datetime, datetime]:
    """The days from midnight to midnight, and the one after them, in UTC."""
    midnights = (datetime.combine(day, datetime.min.time(), offer.rules.zone) for day in (days[0], days[-1]))
    start, end = (midnight.astimezone(UTC) for midnight in midnights)
    return start, end + timedelta(days=2)
