"""50 visitors who hold and 50 who book, at once: one wins each chair, and what is free is never refused for ever."""

import asyncio
import random
from collections.abc import Awaitable
from datetime import timedelta

import pytest

from app.context import Context
from app.errors import InvalidInputError, SlotTakenError
from app.models.appointments import Appointment
from app.models.clinic import Clinic
from app.models.slot_holds import SlotHold
from app.services import appointments, availability, invariants, slot_holds
from app.services.appointments import BookingRequest
from app.services.slot_holds import Held
from tests.conftest import Clock
from tests.factories import make_clinic, make_patient, make_provider, make_service, wall

TEN = "2026-11-24 10:00"
Outcome = Held | Appointment | None


async def open_up(ctx: Context, providers: int = 1) -> Clinic:
    clinic = await make_clinic()
    for minutes in (15, 30, 60):
        await make_service(f"visit_{minutes}", duration_minutes=minutes, buffer_before_minutes=5)
    for _ in range(providers):
        await make_provider(ctx, [f"visit_{minutes}" for minutes in (15, 30, 60)])
    return clinic


async def win(attempt: Awaitable[Held | Appointment]) -> Outcome:
    """What came of it; None for a lost race, and nothing else is a loss."""
    try:
        return await attempt
    except SlotTakenError:
        return None


async def hold(ctx: Context, start: str, clinic: Clinic, *, service: str = "visit_30", token: str = "") -> Held:
    offer = await availability.offer_for(await availability.service_named(service))
    token = token or slot_holds.new_token()
    return await slot_holds.take(ctx, offer, wall(clinic, start), token=token, address="192.0.2.1")


async def book(
    ctx: Context, start: str, clinic: Clinic, email: str | None, *, service: str = "visit_30", token: str | None = None
) -> Appointment:
    wish = BookingRequest(
        name="x", email=email, phone=None, start=wall(clinic, start), service_name=service, hold=token
    )
    return await appointments.book(ctx, wish)


@pytest.mark.parametrize("providers", [1, 2])
async def test_of_fifty_holders_one_for_each_provider_wins(ctx: Context, providers: int) -> None:
    clinic = await open_up(ctx, providers)
    done = await asyncio.gather(*(win(hold(ctx, TEN, clinic)) for _ in range(50)))
    winners = [each for each in done if isinstance(each, Held)]
    assert len({winner.provider_id for winner in winners}) == len(winners) == providers
    assert await SlotHold.count() == providers


@pytest.mark.parametrize("seed", range(6))
async def test_of_fifty_holders_and_fifty_bookers_one_wins(ctx: Context, clock: Clock, seed: int) -> None:
    """Never both: a hold that was answered is not booked by another, and what was booked is not held."""
    clinic = await open_up(ctx)
    people = [await make_patient(ctx) for _ in range(50)]
    attempts: list[Awaitable[Held | Appointment]] = [hold(ctx, TEN, clinic) for _ in range(50)]
    attempts += [book(ctx, TEN, clinic, person.email) for person in people]
    random.Random(seed).shuffle(attempts)
    done = await asyncio.gather(*(win(each) for each in attempts))
    [winner] = [each for each in done if each]
    assert await Appointment.count() == int(isinstance(winner, Appointment))
    assert await SlotHold.count() == int(isinstance(winner, Held))
    if isinstance(winner, Held):
        await book(ctx, TEN, clinic, people[0].email, token=winner.token)
    assert await Appointment.count() == 1


async def test_of_fifty_who_book_what_one_of_them_holds_the_holder_wins(ctx: Context) -> None:
    clinic = await open_up(ctx)
    mine, people = await hold(ctx, TEN, clinic), [await make_patient(ctx) for _ in range(50)]
    tokens = [mine.token, *(slot_holds.new_token() for _ in people[1:])]
    done = await asyncio.gather(
        *(win(book(ctx, TEN, clinic, person.email, token=token)) for person, token in zip(people, tokens, strict=True))
    )
    assert [bool(each) for each in done] == [True] + [False] * 49


@pytest.mark.parametrize("seed", range(6))
async def test_an_hour_of_visitors_leaves_no_overlap_and_no_time_refused_for_ever(
    ctx: Context, clock: Clock, seed: int
) -> None:
    """Visits of several lengths, holders who book, who leave, who change their mind; then all forms are over."""
    dice = random.Random(seed)
    clinic = await open_up(ctx, providers=2)
    people = [await make_patient(ctx) for _ in range(40)]

    async def visitor(email: str | None) -> None:
        token, service = slot_holds.new_token(), f"visit_{dice.choice((15, 30, 60))}"
        for _ in range(dice.randint(1, 3)):
            start = f"2026-11-24 {dice.choice((9, 10, 11)):02}:{dice.choice((0, 15, 30, 45)):02}"
            try:
                await hold(ctx, start, clinic, service=service, token=token)
                if dice.random() < 0.4:
                    await book(ctx, start, clinic, email, service=service, token=token)
                    return
            except (SlotTakenError, InvalidInputError):
                continue
        if dice.random() < 0.3:
            await slot_holds.release(token)

    await asyncio.gather(*(visitor(person.email) for person in people))
    assert not any((await invariants.check(ctx)).values())
    await held_and_booked_do_not_meet(ctx)

    clock.forward(minutes=5)
    offer = await availability.offer_for(await availability.service_named("visit_15"))
    day = wall(clinic, TEN).date()
    for start in (await availability.free_slots(ctx, offer, [day]))[day]:
        chairs, _ = await availability.free_chairs(ctx, offer, start)
        person = await make_patient(ctx)
        for chair in chairs[:1]:
            wish = BookingRequest(
                name="x",
                email=person.email,
                phone=None,
                start=start,
                service_name="visit_15",
                provider_id=chair.provider_id,
            )
            await appointments.book(ctx, wish)
    assert not any((await invariants.check(ctx)).values())


async def held_and_booked_do_not_meet(ctx: Context) -> None:
    """Each hold that is live keeps a time that nobody has booked with that provider."""
    for hold_row in await SlotHold.find({"expires_at": {"$gt": ctx.now()}}).to_list():
        assert hold_row.expires_at - ctx.now() <= timedelta(minutes=5)
        assert await Appointment.find({"slot_keys": {"$in": hold_row.cells}}).count() == 0
