"""Which times are free: one covered read of what is taken and one of what is held, then the pure sweep.

domain.md section 7; speed.md, "Availability".
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from beanie import PydanticObjectId

from app.context import Context
from app.domain import availability
from app.domain.availability import SlotRefusal, Visit
from app.domain.schedules import BookingRules, Interval, Schedule, days_of_month, wall_label
from app.errors import InvalidInputError, NotFoundError
from app.models.appointments import Appointment
from app.models.clinic import Clinic
from app.models.services import Service
from app.models.slot_holds import SlotHold
from app.models.users import User
from app.services.policies import booking_rules, opening_schedule, provider_schedule

EPOCH, MILLISECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)
ALTERNATIVES = 5
SEARCH_DAYS = 14

REFUSAL_SENTENCES = {
    SlotRefusal.PAST: "This time is in the past. Choose a later one.",
    SlotRefusal.TOO_SOON: "This time is too soon to book online. Choose a later one or call us.",
    SlotRefusal.TOO_FAR: "This time is too far ahead. Choose an earlier one.",
    SlotRefusal.OFF_GRID: "Visits do not start at this minute. Choose one of the offered times.",
    SlotRefusal.CLOSED: "The clinic does not work at this time. Choose one of the offered times.",
    SlotRefusal.TAKEN: "This time has just been taken. Choose another one.",
}


@dataclass(frozen=True, slots=True)
class Chair:
    """Somebody, or the clinic itself (`provider_id` None, D-04), who can take a visit."""

    provider_id: PydanticObjectId | None
    schedule: Schedule


@dataclass(frozen=True, slots=True)
class Offer:
    """One service with everybody who may perform it and the rules of the clinic, as one visitor is offered it."""

    service: Service
    chairs: list[Chair]
    rules: BookingRules
    holder: str | None = None
    """The visitor's slot hold (its id), which is not in their own way; everybody else's is."""
    first: Chair | None = None
    """Whom the visitor's hold is with: asked before the least busy one."""
    length: Visit | None = None
    """What a visit takes that was booked otherwise than the service says; it keeps that when it moves."""

    @property
    def visit(self) -> Visit:
        return self.length or visit_of(self.service)


Busy = dict[PydanticObjectId | None, list[Interval]]


def visit_of(service: Service) -> Visit:
    """What a visit for this service takes."""
    return Visit(
        duration=timedelta(minutes=service.duration_minutes),
        buffer_after=timedelta(minutes=service.buffer_after_minutes),
        buffer_before=timedelta(minutes=service.buffer_before_minutes),
    )


async def service_named(name: str) -> Service:
    """The service with this id or name. Raises InvalidInputError for any other word (422, api.md section 2)."""
    service = await Service.named(name)
    if service is None:
        raise InvalidInputError("This service is not offered. Choose one from the list.")
    return service


async def offer_named(ctx: Context, name: str, *, provider_id: PydanticObjectId | None = None) -> Offer:
    """The service with this id or name and who may perform it; what many ask for at once is read once.

    Raises InvalidInputError for any other word, NotFoundError for an unknown provider.
    """

    async def read() -> Offer:
        return await offer_for(await service_named(name), provider_id=provider_id)

    return await ctx.reads.get(("offer", name, provider_id), read)


async def offer_for(service: Service, *, provider_id: PydanticObjectId | None = None) -> Offer:
    """Who may perform the service, or one of them. Raises NotFoundError for an unknown provider."""
    clinic = await Clinic.load()
    providers = await User.providers_of(service.id)
    chairs = [Chair(provider.id, provider_schedule(provider)) for provider in providers]
    if provider_id is not None:
        chairs = [chair for chair in chairs if chair.provider_id == provider_id]
        if not chairs:
            raise NotFoundError("There is no such provider for this service.")
    elif not chairs and not await User.providers_of():
        chairs = [Chair(None, opening_schedule(clinic))]
    return Offer(service, chairs, booking_rules(clinic))


async def busy_in(
    ctx: Context,
    start: datetime,
    end: datetime,
    *,
    apart_from: Appointment | None = None,
    holder: str | None = None,
) -> Busy:
    """What is taken or held, by provider, buffers included.

    `apart_from` is a visit about to move and `holder` the id of a visitor's own hold: neither is in its own way.
    """
    taken, holds = await asyncio.gather(
        ctx.reads.get(("taken", start, end), lambda: Appointment.busy_between(start, end)),
        ctx.reads.get(("held", start, end), lambda: SlotHold.live_between(start, end, now=ctx.now())),
    )
    busy = {provider: _intervals(_without(apart_from, provider, pairs)) for provider, pairs in taken.items()}
    for hold in holds:
        if hold["_id"] != holder:
            busy.setdefault(hold.get("provider_id"), []).append(Interval(hold["busy_from"], hold["busy_until"]))
    return busy


def _without(
    visit: Appointment | None, provider: PydanticObjectId | None, pairs: list[tuple[int, int]]
) -> list[tuple[int, int]]:
    if visit is None or visit.provider_id != provider:
        return pairs
    own = _milliseconds(visit.busy_from), _milliseconds(visit.busy_until)
    place = pairs.index(own) if own in pairs else len(pairs)
    return [*pairs[:place], *pairs[place + 1 :]]


def _milliseconds(moment: datetime) -> int:
    return (moment - EPOCH) // MILLISECOND


def _intervals(pairs: list[tuple[int, int]]) -> list[Interval]:
    """The same time as intervals that neither overlap nor touch: a full day is one, not fifty."""
    merged: list[list[int]] = []
    for start, end in sorted(pairs):
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(end, merged[-1][1])
        else:
            merged.append([start, end])
    return [Interval(EPOCH + start * MILLISECOND, EPOCH + end * MILLISECOND) for start, end in merged]


async def month(
    ctx: Context,
    *,
    year: int,
    month_number: int,
    service_name: str,
    provider_id: PydanticObjectId | None,
    holder: str | None = None,
) -> dict[str, list[str]]:
    """`{"2025-08-20": ["09:00", ...]}` in clinic-local time, all providers united; days without a slot are absent."""
    offer = replace(await offer_named(ctx, service_name, provider_id=provider_id), holder=holder)
    slots = await free_slots(ctx, offer, days_of_month(year, month_number))
    labels = {day: [wall_label(start, offer.rules.zone) for start in starts] for day, starts in slots.items()}
    return {day.isoformat(): list(dict.fromkeys(times)) for day, times in labels.items()}


async def free_slots(
    ctx: Context, offer: Offer, days: list[date], *, apart_from: Appointment | None = None
) -> dict[date, list[datetime]]:
    """Every start that is free with at least one provider, by clinic-local day."""
    busy = await busy_in(ctx, *_bounds(days, offer.rules), apart_from=apart_from, holder=offer.holder)
    return availability.unite(
        availability.open_slots(
            chair.schedule,
            offer.rules,
            visit=offer.visit,
            busy=busy.get(chair.provider_id, ()),
            days=days,
            now=ctx.now(),
        )
        for chair in offer.chairs
    )


def _time_taken(busy: list[Interval], day: date, offer: Offer) -> timedelta:
    """How much of one clinic-local day is taken."""
    opens, closes = (
        datetime.combine(day + timedelta(days=more), time(), offer.rules.zone).astimezone(UTC) for more in (0, 1)
    )
    within = (min(each.end, closes) - max(each.start, opens) for each in busy)
    return sum((span for span in within if span > timedelta()), timedelta())


def _bounds(days: list[date], rules: BookingRules) -> tuple[datetime, datetime]:
    start = datetime.combine(days[0], time(), rules.zone)
    end = datetime.combine(days[-1] + timedelta(days=2), time(), rules.zone)
    return start.astimezone(UTC), end.astimezone(UTC)


async def alternatives(ctx: Context, offer: Offer, wished: datetime) -> list[dict[str, Any]]:
    """The free starts nearest to the wish within two weeks of it, as the 409 answers them."""
    middle = wished.astimezone(offer.rules.zone).date()
    days = [middle + timedelta(days=offset) for offset in range(-SEARCH_DAYS // 2, SEARCH_DAYS)]
    who = tuple(chair.provider_id for chair in offer.chairs)
    key = ("near", offer.service.id, offer.visit, who, offer.rules.min_notice, offer.holder, middle)
    slots = await ctx.reads.get(key, lambda: free_slots(ctx, offer, days))
    nearest = availability.nearest((start for starts in slots.values() for start in starts), wished, limit=ALTERNATIVES)
    return [alternative(start, offer.rules) for start in nearest]


def alternative(start: datetime, rules: BookingRules) -> dict[str, Any]:
    local = start.astimezone(rules.zone)
    return {
        "appointment_date": start.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "date": local.date().isoformat(),
        "time": wall_label(start, rules.zone),
    }


async def free_chairs(
    ctx: Context, offer: Offer, start: datetime, *, apart_from: Appointment | None = None
) -> tuple[list[Chair], SlotRefusal | None]:
    """Who could take a visit at this instant, least busy that day first; with nobody free, why (the mildest reason).

    The chair that the visitor holds already comes before all others.
    """
    local_day = start.astimezone(offer.rules.zone).date()
    busy = await busy_in(ctx, *_bounds([local_day], offer.rules), apart_from=apart_from, holder=offer.holder)
    free, reasons = [], []
    for chair in offer.chairs:
        taken = busy.get(chair.provider_id, [])
        reason = availability.refusal(
            chair.schedule, offer.rules, visit=offer.visit, busy=taken, start=start, now=ctx.now()
        )
        if reason is None:
            free.append(chair)
        else:
            reasons.append(reason)
    free.sort(key=lambda chair: (chair != offer.first, _time_taken(busy.get(chair.provider_id, []), local_day, offer)))
    if free:
        return free, None
    return [], SlotRefusal.TAKEN if SlotRefusal.TAKEN in reasons else (reasons[0] if reasons else SlotRefusal.CLOSED)
