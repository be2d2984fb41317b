"""200 people book overlapping times of different lengths at once: no overlap, nothing refused though free (2.1)."""

import asyncio
import random
from datetime import datetime, timedelta

import pytest

from app.context import Context
from app.errors import SlotTakenError
from app.models.appointments import Appointment
from app.models.patients import Patient
from app.services import appointments, invariants
from app.services.appointments import BookingRequest
from tests.factories import make_clinic, make_patient, make_provider, make_service, wall

REQUESTS, AT_ONCE, PEOPLE = 200, 200, 60
DURATIONS = (15, 30, 45, 60, 90)


@pytest.mark.parametrize("seed", range(10))
async def test_overlapping_requests(ctx: Context, seed: int) -> None:
    chance = random.Random(seed)
    clinic = await make_clinic(booking={"grid_minutes": 5 if seed % 2 else 15})
    for minutes in DURATIONS:
        await make_service(f"visit_{minutes}", duration_minutes=minutes)
    providers = 1 + seed % 3
    for _ in range(providers):
        await make_provider(ctx, [f"visit_{minutes}" for minutes in DURATIONS])
    people = [await make_patient(ctx) for _ in range(PEOPLE)]
    opening = wall(clinic, "2026-11-24 09:00")
    wishes = [_wish(chance, people, opening, step=5 if seed % 2 else 15) for _ in range(REQUESTS)]

    gate = asyncio.Semaphore(AT_ONCE)
    outcomes = await asyncio.gather(*(_book(ctx, wish, gate) for wish in wishes))

    assert not (await invariants.check(ctx))["overlapping_appointments"]
    booked = await Appointment.find_all().to_list()
    assert len(booked) == outcomes.count("booked") > 0
    for wish, outcome in zip(wishes, outcomes, strict=True):
        if outcome == "taken":
            refused_rightly = not _is_free(wish, booked, providers) or _patient_is_busy(wish, booked, people)
            assert refused_rightly, "refused although a provider and the patient were free"


def _wish(chance: random.Random, people: list[Patient], opening: datetime, *, step: int) -> BookingRequest:
    minutes = chance.choice(DURATIONS)
    latest = 180 - minutes
    start = opening + timedelta(minutes=step * chance.randrange(latest // step + 1))
    person = chance.choice(people)
    return BookingRequest(
        name=person.name, email=person.email, phone=None, start=start, service_name=f"visit_{minutes}"
    )


async def _book(ctx: Context, wish: BookingRequest, gate: asyncio.Semaphore) -> str:
    async with gate:
        try:
            await appointments.book(ctx, wish)
        except SlotTakenError:
            return "taken"
        return "booked"


def _span(wish: BookingRequest) -> tuple[datetime, datetime]:
    return wish.start, wish.start + timedelta(minutes=int(wish.service_name.removeprefix("visit_")))


def _is_free(wish: BookingRequest, booked: list[Appointment], providers: int) -> bool:
    """True when, after everything, some provider is free for the whole wish."""
    start, end = _span(wish)
    busy = {visit.provider_id for visit in booked if visit.appointment_date < end and start < visit.busy_until}
    return len(busy) < providers


def _patient_is_busy(wish: BookingRequest, booked: list[Appointment], people: list[Patient]) -> bool:
    start, end = _span(wish)
    [person] = [patient for patient in people if patient.email == wish.email]
    return any(
        visit.patient_id == person.id and visit.appointment_date < end and start < visit.ends_at for visit in booked
    )
