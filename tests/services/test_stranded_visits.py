"""A booking and a departure in the same moment: whoever is second sees the other, and staff are told."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from beanie import PydanticObjectId

from app.context import Context
from app.database.connection import joining_transactions
from app.errors import ChairsideError
from app.models.appointments import Appointment
from app.models.clinic import Clinic
from app.models.enums import Role
from app.models.records import AuditEntry
from app.models.users import User, WorkSchedule
from app.services import offerings, providers, staff, visits
from app.services.appointments import BookingRequest, book
from app.services.stranded_visits import PROVIDER_LEFT, SERVICE_ENDED
from tests.factories import OFFICE_WEEK, make_clinic, make_patient, make_provider, make_service, wall
from tests.services import stage

TUESDAY_TEN = "2026-11-24 10:00"
ADMIN = PydanticObjectId()


@pytest.fixture
async def clinic(ctx: Context) -> Clinic:
    place = await make_clinic()
    await make_service()
    await make_service("cleaning")
    await make_provider(ctx, ["checkup"])
    return place


async def the_provider() -> User:
    [provider] = await User.find({"role": Role.PROVIDER}).to_list()
    return provider


async def asking(ctx: Context, clinic: Clinic, at: str = TUESDAY_TEN) -> BookingRequest:
    patient = await make_patient(ctx)
    return BookingRequest(name="x", email=patient.email, phone=None, start=wall(clinic, at), service_name="checkup")


async def leaves(ctx: Context) -> None:
    await staff.deactivate(ctx, (await the_provider()).id, by=ADMIN)


async def loses_the_service(ctx: Context) -> None:
    schedule = WorkSchedule(weekly=OFFICE_WEEK)
    await providers.set_schedule(
        ctx, (await the_provider()).id, schedule=schedule, services=["cleaning"], actor="user:x"
    )


async def service_ends(ctx: Context) -> None:
    await offerings.delete(ctx, "checkup", actor="user:x")


Departure = Callable[[Context], Awaitable[None]]
DEPARTURES: dict[str, tuple[Departure, str]] = {
    "leaves": (leaves, PROVIDER_LEFT),
    "loses the service": (loses_the_service, SERVICE_ENDED),
    "service ends": (service_ends, SERVICE_ENDED),
}
each_departure = pytest.mark.parametrize(("depart", "reason"), DEPARTURES.values(), ids=DEPARTURES)


async def reviews() -> list[str | None]:
    return [visit.needs_review for visit in await Appointment.find_all().to_list()]


@each_departure
async def test_a_departure_after_the_look_and_before_the_insert_is_seen_by_the_booking(
    ctx: Context, clinic: Clinic, depart: Departure, reason: str
) -> None:
    wish = await asking(ctx, clinic)
    visit = await book(stage.at_step(ctx, "booking.judged", lambda: depart(ctx)), wish)
    assert visit.needs_review == reason
    assert await reviews() == [reason]
    [row] = await AuditEntry.find({"action": "appointment.flagged"}).to_list()
    assert (row.actor, row.patient_ids, row.details) == ("system", [visit.patient_id], {"reason": reason})


def departing_at(ctx: Context, step: str, depart: Callable[[], Awaitable[None]]) -> tuple[Context, Awaitable[None]]:
    """Write skew made sure of: the departure runs, in a task of its own, while our transaction stands at the step."""
    inside, gone = asyncio.Event(), asyncio.Event()

    async def pause(name: str) -> None:
        if name == step and not gone.is_set():
            inside.set()
            await gone.wait()

    async def departing() -> None:
        await inside.wait()
        try:
            await depart()
        finally:
            gone.set()

    return replace(ctx, pause=pause), asyncio.create_task(departing())


@each_departure
async def test_a_departure_while_the_booking_is_being_stored_is_seen(
    ctx: Context, clinic: Clinic, depart: Departure, reason: str
) -> None:
    wish = await asking(ctx, clinic)
    booking, departed = departing_at(ctx, "booking.stored", lambda: depart(ctx))
    await book(booking, wish)
    await departed
    assert await reviews() == [reason]


async def test_a_visit_that_is_moved_to_somebody_who_leaves_meanwhile_is_flagged(ctx: Context, clinic: Clinic) -> None:
    visit = await book(ctx, await asking(ctx, clinic))
    other = await make_provider(ctx, ["checkup"])
    moving, departed = departing_at(ctx, "visit.moved", lambda: staff.deactivate(ctx, other.id, by=ADMIN))
    start = wall(clinic, "2026-11-25 10:00")
    moved = await visits.reschedule(moving, visit.id, start=start, provider_id=other.id, actor="user:x")
    await departed
    assert moved.needs_review == PROVIDER_LEFT
    assert await reviews() == [PROVIDER_LEFT]


@pytest.mark.parametrize("depart", [leaves, service_ends])
async def test_a_booking_committed_before_the_departure_has_looked_is_flagged_by_the_departure(
    ctx: Context, clinic: Clinic, depart: Departure
) -> None:
    """The booking's own second look was too early: the departure has begun and is not committed."""
    started, booked = asyncio.Event(), asyncio.Event()
    wish = await asking(ctx, clinic)

    async def stall() -> None:
        started.set()
        await booked.wait()

    async def departing() -> None:
        with joining_transactions(stall):
            await depart(ctx)

    task = asyncio.create_task(departing())
    await started.wait()
    assert (await book(ctx, wish)).needs_review is None
    booked.set()
    await task
    [reason] = await reviews()
    assert reason in (PROVIDER_LEFT, SERVICE_ENDED)


async def test_who_leaves_while_visits_lie_ahead_is_still_refused(ctx: Context, clinic: Clinic) -> None:
    await book(ctx, await asking(ctx, clinic))
    for depart in (leaves, service_ends):
        with pytest.raises(ChairsideError):
            await depart(ctx)
    assert await reviews() == [None]


async def test_everybody_at_once(ctx: Context, clinic: Clinic) -> None:
    """Twenty rounds of a booking against a departure: refused, or flagged, or the departure was refused.

    A provider of another service stays: were nobody left, the clinic's opening hours would rightly serve (D-04).
    """
    await make_provider(ctx, ["cleaning"])
    for round_number in range(20):
        await Appointment.find_all().delete()
        await User.find({"services": "checkup"}).delete()
        leaver = await make_provider(ctx, ["checkup"])
        departure = staff.deactivate(ctx, leaver.id, by=ADMIN)
        await asyncio.gather(book(ctx, await asking(ctx, clinic)), departure, return_exceptions=True)
        left = await reviews()
        if (await staff.get(leaver.id)).is_active:
            assert left == [None], round_number
        else:
            assert left in ([], [PROVIDER_LEFT]), round_number
