"""What a patient does on the waiting list through a link, without signing in: see their wish, state it, withdraw it.

A visit's link wishes for that visit to be earlier, a booking link for any public service, a list's link for the wish
that it names (domain.md section 7). No link says anything about anybody else.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from beanie import PydanticObjectId

from app.context import Context
from app.errors import ConflictError, InvalidInputError, NotFoundError
from app.models.appointments import Appointment
from app.models.enums import AppointmentStatus, DayPart, LinkPurpose, WishState
from app.models.links import PatientLink
from app.models.services import Service
from app.models.waitlist import WaitlistWish
from app.services import availability, rate_limits, waitlist_links, waitlist_matching, waitlist_wishes
from app.services.rate_limits import Limit
from app.services.waitlist_wishes import WishRequest

LINK_GONE = "This link is no longer valid. It may have expired, or it was not copied completely."
STATED_A_DAY = Limit("waitlist-wish-day", 20, 24 * 3600)
"""Each new wish writes to the patient: nobody is to be written to without end by their own link."""
FREE_NOW, LOOK_AHEAD_DAYS = 5, 21


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedList:
    """The list as one link shows it."""

    patient_id: PydanticObjectId
    purpose: LinkPurpose
    services: list[Service]
    """What may be wished for through this link."""
    service: Service | None
    """The one that is meant, once that is clear."""
    visit: Appointment | None
    """The later visit that is to move."""
    wish: WaitlistWish | None
    """The wish that waits; on a list's own link, the last one even when it has ended."""

    @property
    def waits(self) -> bool:
        return self.wish is not None and self.wish.state is WishState.WAITING

    @property
    def can_ask(self) -> bool:
        return self.service is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the form holds."""

    service_id: str | None = None
    provider_id: PydanticObjectId | None = None
    earliest: date | None = None
    latest: date | None = None
    weekdays: list[str] = field(default_factory=list)
    day_part: DayPart = DayPart.ANY


async def open_link(ctx: Context, token: str, *, service_id: str | None = None) -> OpenedList:
    """The list behind a link; changes nothing. Raises NotFoundError, one answer for every link that is no good."""
    link = await waitlist_links.read_list_link(ctx, token)
    if link is None:
        raise NotFoundError(LINK_GONE)
    match link.purpose:
        case LinkPurpose.MANAGE:
            return await _of_visit(ctx, link)
        case LinkPurpose.WAITLIST:
            return await _of_wish(ctx, link)
        case _:
            return await _of_booking(ctx, link, service_id)


async def _of_visit(ctx: Context, link: PatientLink) -> OpenedList:
    visit = await Appointment.get(link.appointment_id) if link.appointment_id else None
    if visit is None:
        raise NotFoundError(LINK_GONE)
    is_to_come = visit.status is AppointmentStatus.BOOKED and visit.appointment_date > ctx.now()
    service = await Service.get(visit.service_id) if visit.service_id and is_to_come else None
    return OpenedList(
        patient_id=visit.patient_id,
        purpose=link.purpose,
        services=[service] if service else [],
        service=service,
        visit=visit,
        wish=await WaitlistWish.waiting_of(visit.patient_id, service.id) if service else None,
    )


async def _of_wish(ctx: Context, link: PatientLink) -> OpenedList:
    named = await WaitlistWish.get(link.wish_id) if link.wish_id else None
    if named is None:
        raise NotFoundError(LINK_GONE)
    service = await Service.get(named.service_id)
    return OpenedList(
        patient_id=named.patient_id,
        purpose=link.purpose,
        services=[service] if service else [],
        service=service,
        visit=await waitlist_matching.held_visit(ctx, named),
        wish=await WaitlistWish.waiting_of(named.patient_id, named.service_id) or named,
    )


async def _of_booking(ctx: Context, link: PatientLink, service_id: str | None) -> OpenedList:
    services = await Service.offered_to_the_public()
    service = next((each for each in services if each.id == service_id), None)
    if service is None and len(services) == 1:
        [service] = services
    visit = await Appointment.future_of(link.patient_id, ctx.now(), service_id=service.id) if service else None
    return OpenedList(
        patient_id=link.patient_id,
        purpose=link.purpose,
        services=services,
        service=service,
        visit=visit,
        wish=await WaitlistWish.waiting_of(link.patient_id, service.id) if service else None,
    )


async def state(ctx: Context, token: str, choice: Choice) -> OpenedList:
    """Put the patient on the list, or change what they wish for.

    Raises NotFoundError (the link), InvalidInputError (no service, impossible days), ConflictError (the visit is over,
    the service is not offered any more) and RateLimitedError.
    """
    opened = await open_link(ctx, token, service_id=choice.service_id)
    if opened.service is None:
        if opened.purpose is LinkPurpose.BOOK:
            raise InvalidInputError("Choose what the visit is for.")
        raise ConflictError("There is nothing left to wait for: the visit is over, or it is not offered any more.")
    await rate_limits.spend(ctx, STATED_A_DAY, str(opened.patient_id))
    names_visit = opened.purpose is not LinkPurpose.BOOK and opened.visit is not None
    request = WishRequest(
        patient_id=opened.patient_id,
        service_id=opened.service.id,
        appointment_id=opened.visit.id if names_visit and opened.visit else None,
        provider_id=choice.provider_id,
        earliest=choice.earliest,
        latest=choice.latest,
        weekdays=choice.weekdays,
        day_part=choice.day_part,
    )
    await waitlist_wishes.ask(ctx, request, actor=f"patient:{opened.patient_id}")
    return await open_link(ctx, token, service_id=choice.service_id)


async def withdraw(ctx: Context, token: str, *, service_id: str | None = None) -> OpenedList:
    """Leave the list. A second time changes nothing. Raises NotFoundError (the link)."""
    opened = await open_link(ctx, token, service_id=service_id)
    if opened.wish:
        await waitlist_wishes.withdraw(ctx, opened.wish.id, actor=f"patient:{opened.patient_id}")
    return await open_link(ctx, token, service_id=service_id)


async def free_now(ctx: Context, opened: OpenedList) -> list[datetime]:
    """The first starts that can be booked at this moment and come before the visit; nobody need wait for those."""
    if opened.service is None:
        return []
    offer = waitlist_matching.to_move(opened.visit, await availability.offer_for(opened.service))
    today = ctx.now().astimezone(offer.rules.zone).date()
    days = [today + timedelta(days=offset) for offset in range(LOOK_AHEAD_DAYS)]
    slots = await availability.free_slots(ctx, offer, days, apart_from=opened.visit)
    starts = (start for day in slots.values() for start in day)
    earlier = (start for start in starts if opened.visit is None or start < opened.visit.appointment_date)
    return [start for start, _ in zip(earlier, range(FREE_NOW), strict=False)]
