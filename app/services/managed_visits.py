"""What a patient does to their own visit through its link, without signing in: see it, move it, cancel it.

The link names one visit (domain.md section 7). The rules are those of a public booking, except that the visit is never
in its own way.
"""

from dataclasses import dataclass
from datetime import date, datetime

from app.context import Context
from app.domain.availability import SlotRefusal
from app.errors import ConflictError, InvalidInputError, NotFoundError, SlotTakenError
from app.models.appointments import Appointment
from app.models.enums import AppointmentStatus
from app.models.services import Service
from app.services import availability, links, visits, waitlist_matching
from app.services.availability import REFUSAL_SENTENCES, Offer

LINK_GONE = "This link is no longer valid. It may have expired, or it was not copied completely."
VISIT_BEGAN = "This visit has begun or is over."


@dataclass(frozen=True, slots=True)
class ManagedVisit:
    """One visit as its link shows it; `offer` is None when its service is not offered any more.

    The offer judges by the visit's own length: staff may have booked a longer one than the service takes.
    """

    visit: Appointment
    offer: Offer | None
    is_open: bool
    """True while the visit is booked and has not begun: it may be cancelled."""

    @property
    def can_move(self) -> bool:
        return self.is_open and self.offer is not None


async def open_link(ctx: Context, token: str) -> ManagedVisit:
    """The visit behind a link. Raises NotFoundError when the link is no good or the visit was deleted."""
    link = await links.read_manage_link(ctx, token)
    visit = await Appointment.get(link.appointment_id) if link and link.appointment_id else None
    if visit is None:
        raise NotFoundError(LINK_GONE)
    service = await Service.get(visit.service_id) if visit.service_id else None
    is_open = visit.status is AppointmentStatus.BOOKED and visit.appointment_date > ctx.now()
    offer = waitlist_matching.to_move(visit, await availability.offer_for(service)) if service else None
    return ManagedVisit(visit, offer, is_open)


async def free_slots(ctx: Context, managed: ManagedVisit, days: list[date]) -> dict[date, list[datetime]]:
    """The starts to which the visit can move, by clinic-local day."""
    if managed.offer is None or not managed.can_move:
        return {}
    slots = await availability.free_slots(ctx, managed.offer, days, apart_from=managed.visit)
    present = managed.visit.appointment_date
    kept = {day: [start for start in starts if start != present] for day, starts in slots.items()}
    return {day: starts for day, starts in kept.items() if starts}


async def cancel(ctx: Context, token: str) -> Appointment:
    """Cancel the visit; a second call changes nothing. Raises NotFoundError, or ConflictError once it has begun."""
    managed = await open_link(ctx, token)
    visit = managed.visit
    if visit.status is AppointmentStatus.BOOKED and not managed.is_open:
        raise ConflictError(VISIT_BEGAN)
    return await visits.cancel(ctx, visit.id, actor=_actor(visit))


async def reschedule(ctx: Context, token: str, *, start: datetime) -> Appointment:
    """Move the visit to another offered start, with the same provider if free; the present start changes nothing.

    Raises NotFoundError (the link), ConflictError (it cannot move), InvalidInputError (an impossible time) and
    SlotTakenError with `alternatives`; a refusal leaves the visit where it was.
    """
    managed = await open_link(ctx, token)
    visit, offer = managed.visit, managed.offer
    if offer is None or not managed.can_move:
        raise ConflictError(VISIT_BEGAN if offer else "This visit cannot be moved online. Please call us.")
    if start == visit.appointment_date:
        return visit
    chairs, reason = await availability.free_chairs(ctx, offer, start, apart_from=visit)
    if reason not in (None, SlotRefusal.TAKEN):
        raise InvalidInputError(REFUSAL_SENTENCES[reason])
    chairs.sort(key=lambda chair: chair.provider_id != visit.provider_id)
    for chair in chairs:
        try:
            return await visits.reschedule(
                ctx, visit.id, start=start, provider_id=chair.provider_id, actor=_actor(visit)
            )
        except SlotTakenError:
            continue
    raise SlotTakenError(
        REFUSAL_SENTENCES[SlotRefusal.TAKEN],
        extra={"alternatives": await availability.alternatives(ctx, offer, start)},
    )


def _actor(visit: Appointment) -> str:
    return f"patient:{visit.patient_id}"
