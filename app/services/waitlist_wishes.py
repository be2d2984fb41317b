"""Wishes for an earlier visit: stated, changed, withdrawn by the patient's link or at the desk (domain.md section 7).

A patient waits at most once for each service; asking again changes the wish and keeps the place in line.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from beanie import PydanticObjectId
from pymongo.errors import DuplicateKeyError

from app.context import Context
from app.errors import ConflictError, InvalidInputError, NotFoundError
from app.models.appointments import Appointment
from app.models.base import stored_date
from app.models.clinic import Clinic
from app.models.enums import AppointmentStatus, DayPart, WishState
from app.models.patients import Patient
from app.models.services import Service
from app.models.users import User
from app.models.waitlist import WaitlistWish
from app.services import audit, patients, waitlist_endings, waitlist_messages

LONGEST_WAIT = timedelta(days=180)
"""A wish without a last day ends after this."""
BY_PATIENT = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class WishRequest:
    """What somebody asks for. Dates are clinic-local and inclusive; no weekdays means any day."""

    patient_id: PydanticObjectId
    service_id: str
    appointment_id: PydanticObjectId | None = None
    provider_id: PydanticObjectId | None = None
    earliest: date | None = None
    latest: date | None = None
    weekdays: list[str] = field(default_factory=list)
    day_part: DayPart = DayPart.ANY


async def ask(ctx: Context, wish: WishRequest, *, actor: str) -> WaitlistWish:
    """State a wish, or change the one that waits for the same service.

    Raises NotFoundError (patient, visit), InvalidInputError (service, provider, days) and ConflictError (the patient's
    record is gone, or the visit is over).
    """
    service = await _checked(ctx, wish)
    try:
        return await ctx.database.transaction(lambda: _write(ctx, wish, service, actor=actor))
    except DuplicateKeyError:  # a second click was faster: its wish is the one that is changed
        return await ctx.database.transaction(lambda: _write(ctx, wish, service, actor=actor))


async def _write(ctx: Context, asked: WishRequest, service: Service, *, actor: str) -> WaitlistWish:
    patients.refuse_gone(await patients.refresh_due(ctx, asked.patient_id))
    waiting = await WaitlistWish.waiting_of(asked.patient_id, service.id)
    wish = await _changed(ctx, waiting, asked) if waiting else await _new(ctx, asked, service, actor=actor)
    await audit.record(
        ctx,
        actor=actor,
        action="waitlist.wish_changed" if waiting else "waitlist.wish_stated",
        document=("waitlist_wish", wish.id),
        patients=[asked.patient_id],
    )
    return wish


async def _new(ctx: Context, asked: WishRequest, service: Service, *, actor: str) -> WaitlistWish:
    wish = WaitlistWish(
        **_wishes(asked),
        patient_id=asked.patient_id,
        service_id=service.id,
        service_name=service.name,
        asked_by=actor,
        created_at=ctx.now(),
        updated_at=ctx.now(),
        expires_at=await _end(ctx, asked),
    )
    await wish.insert()
    await waitlist_messages.tell_listed(ctx, wish)
    return wish


async def _changed(ctx: Context, waiting: WaitlistWish, asked: WishRequest) -> WaitlistWish:
    days = {name: stored_date(day) if (day := getattr(asked, name)) else None for name in ("earliest", "latest")}
    changes = _wishes(asked) | days | {"updated_at": ctx.now(), "expires_at": await _end(ctx, asked)}
    if not await WaitlistWish.change(waiting.id, changes):
        raise ConflictError("This wish has just ended. Please ask again.")
    return await get(waiting.id)


def _wishes(asked: WishRequest) -> dict[str, Any]:
    names = ("appointment_id", "provider_id", "earliest", "latest", "weekdays", "day_part")
    return {name: getattr(asked, name) for name in names}


async def _end(ctx: Context, asked: WishRequest) -> datetime:
    """The end of the last day on the clinic's calendar, or when nobody waits that long."""
    longest = ctx.now() + LONGEST_WAIT
    if asked.latest is None:
        return longest
    zone = (await Clinic.load()).zone
    return min(longest, datetime.combine(asked.latest + timedelta(days=1), time(), zone).astimezone(longest.tzinfo))


async def _checked(ctx: Context, wish: WishRequest) -> Service:
    service = await Service.get(wish.service_id)
    if service is None:
        raise InvalidInputError("This service is not offered. Choose one from the list.")
    if wish.provider_id and wish.provider_id not in {each.id for each in await User.providers_of(service.id)}:
        raise InvalidInputError("This provider does not perform this service.")
    await _refuse_days(ctx, wish)
    if wish.appointment_id:
        await _refuse_visit(ctx, wish, wish.appointment_id)
    return service


async def _refuse_days(ctx: Context, wish: WishRequest) -> None:
    today = ctx.now().astimezone((await Clinic.load()).zone).date()
    if wish.latest and wish.latest < today:
        raise InvalidInputError("The last day lies in the past. Choose a later one.")
    if wish.latest and wish.earliest and wish.latest < wish.earliest:
        raise InvalidInputError("The last day comes before the first one.")


async def _refuse_visit(ctx: Context, wish: WishRequest, appointment_id: PydanticObjectId) -> None:
    visit = await Appointment.get(appointment_id)
    if visit is None or visit.patient_id != wish.patient_id:
        raise NotFoundError("There is no such visit of this patient.")
    if visit.service_id != wish.service_id:
        raise InvalidInputError("This visit is for another service.")
    if visit.status is not AppointmentStatus.BOOKED or visit.appointment_date <= ctx.now():
        raise ConflictError("This visit has begun or is over: it cannot become earlier.")


async def get(wish_id: PydanticObjectId) -> WaitlistWish:
    """One wish. Raises NotFoundError."""
    wish = await WaitlistWish.get(wish_id)
    if wish is None:
        raise NotFoundError("There is no such wish on the list.")
    return wish


async def withdraw(ctx: Context, wish_id: PydanticObjectId, *, actor: str) -> WaitlistWish:
    """Take somebody off the list, and back what they are being offered. A second call changes nothing (NotFoundError
    for a wish that never was)."""

    async def write() -> None:
        wish = await get(wish_id)
        ended = {"state": WishState.WITHDRAWN, "state_reason": BY_PATIENT, "updated_at": ctx.now()}
        if not await WaitlistWish.change(wish_id, ended):
            return
        await waitlist_endings.close_of_wish(wish_id, reason="wish_withdrawn", now=ctx.now())
        await audit.record(
            ctx,
            actor=actor,
            action="waitlist.wish_withdrawn",
            document=("waitlist_wish", wish_id),
            patients=[wish.patient_id],
        )

    await ctx.database.transaction(write)
    return await get(wish_id)


async def expire_old(ctx: Context) -> int:
    """End the wishes whose last day has passed; how many those were. One write each (trust.md 2.2)."""
    old = {"state": WishState.WAITING, "expires_at": {"$lte": ctx.now()}}
    rows = await WaitlistWish.collection().find(old, {"_id": 1}).to_list()
    ended = {"state": WishState.EXPIRED, "state_reason": "last_day_passed", "updated_at": ctx.now()}
    return sum([await WaitlistWish.change(row["_id"], ended) for row in rows])


@dataclass(frozen=True, slots=True)
class Listed:
    """One wish as the desk sees it. `is_reachable` is False when nobody may be written to, so that somebody calls."""

    wish: WaitlistWish
    patient_name: str
    is_reachable: bool


async def page(
    ctx: Context,
    *,
    service_id: str | None,
    state: WishState | None,
    skip: int,
    limit: int,
    actor: str,
) -> tuple[list[Listed], int]:
    """The list in its order, and how many there are; the read is audited, for it names people."""
    wanted = {"service_id": service_id, "state": state}
    query = {name: value for name, value in wanted.items() if value is not None}
    found = await WaitlistWish.find(query).sort("created_at", "_id").skip(skip).limit(limit).to_list()
    await audit.record(
        ctx,
        actor=actor,
        action="waitlist.listed",
        document=("waitlist_wish", "list"),
        patients=[wish.patient_id for wish in found],
    )
    return [await _listed(wish) for wish in found], await WaitlistWish.collection().count_documents(query)


async def _listed(wish: WaitlistWish) -> Listed:
    patient = await Patient.get(wish.patient_id)
    if patient is None:
        return Listed(wish, "", is_reachable=False)
    return Listed(wish, patient.name, is_reachable=await waitlist_messages.route_to(patient) is not None)
