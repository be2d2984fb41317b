"""Which times are free: one covered read of what is taken, then the pure sweep (speed.md, "Availability")."""

from dataclasses import dataclass
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
from app.models.users import User
from app.services.policies import booking_rules, opening_schedule, provider_schedule

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
    """One service with everybody who may perform it and the rules of the clinic."""

    service: Service
    chairs: list[Chair]
    rules: BookingRules

    @property
    def visit(self) -> Visit:
        return Visit(
            timedelta(minutes=self.service.duration_minutes), timedelta(minutes=self.service.buffer_after_minutes)
        )


Busy = dict[PydanticObjectId | None, list[Interval]]


async def service_named(name: str) -> Service:
    """The service with this id or name. Raises InvalidInputError for any other word (422, api.md section 2)."""
    service = await Service.named(name)
    if service is None:
        raise InvalidInputError("This service is not offered. Choose one from the list.")
    return service


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


async def busy_in(start: datetime, end: datetime, *, apart_from: Appointment | None = None) -> Busy:
    """What is taken, by provider; `apart_from` is a visit about to move, which is not in its own way."""
    busy: Busy = {}
    for row in await Appointment.busy_between(start, end):
        busy.setdefault(row.get("provider_id"), []).append(Interval(row["appointment_date"], row["busy_until"]))
    own = Interval(apart_from.appointment_date, apart_from.busy_until) if apart_from else None
    if apart_from and own in busy.get(apart_from.provider_id, []):
        busy[apart_from.provider_id].remove(own)
    return busy


async def month(
    ctx: Context, *, year: int, month_number: int, service_name: str, provider_id: PydanticObjectId | None
) -> dict[str, list[str]]:
    """`{"2025-08-20": ["09:00", ...]}` in clinic-local time, all providers united; days without a slot are absent."""
    offer = await offer_for(await service_named(service_name), provider_id=provider_id)
    slots = await free_slots(ctx, offer, days_of_month(year, month_number))
    labels = {day: [wall_label(start, offer.rules.zone) for start in starts] for day, starts in slots.items()}
    return {day.isoformat(): list(dict.fromkeys(times)) for day, times in labels.items()}


async def free_slots(
    ctx: Context, offer: Offer, days: list[date], *, apart_from: Appointment | None = None
) -> dict[date, list[datetime]]:
    """Every start that is free with at least one provider, by clinic-local day."""
    busy = await busy_in(*_bounds(days, offer.rules), apart_from=apart_from)
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


def _bounds(days: list[date], rules: BookingRules) -> tuple[datetime, datetime]:
    start = datetime.combine(days[0], time(), rules.zone)
    end = datetime.combine(days[-1] + timedelta(days=2), time(), rules.zone)
    return start.astimezone(UTC), end.astimezone(UTC)


async def alternatives(ctx: Context, offer: Offer, wished: datetime) -> list[dict[str, Any]]:
    """The free starts nearest to the wish within two weeks of it, as the 409 answers them."""
    middle = wished.astimezone(offer.rules.zone).date()
    days = [middle + timedelta(days=offset) for offset in range(-SEARCH_DAYS // 2, SEARCH_DAYS)]
    slots = await free_slots(ctx, offer, days)
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
    """Who could take a visit at this instant, least busy that day first; with nobody free, why (the mildest reason)."""
    local_day = start.astimezone(offer.rules.zone).date()
    busy = await busy_in(*_bounds([local_day], offer.rules), apart_from=apart_from)
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
    free.sort(key=lambda chair: len(busy.get(chair.provider_id, [])))
    if free:
        return free, None
    return [], SlotRefusal.TAKEN if SlotRefusal.TAKEN in reasons else (reasons[0] if reasons else SlotRefusal.CLOSED)
