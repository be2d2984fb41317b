"""Goal: the free times of a month cost at most 1.5x the raw read of its appointments, whatever the age of the clinic.

Measured is `availability.month` for five providers with 5,000 appointments in the month: who performs the service, what
is taken, what is held, the sweep, the answer in wall times. Floor: the covered read of those appointments alone, into a
list. The same month is measured in a clinic with no other appointments and in one with 200,000, in turns; the last
ratio is the second over the first.
"""

from datetime import UTC, date, datetime, timedelta
from functools import partial
from random import Random

from beanie import PydanticObjectId

from app.context import Context
from app.models.appointments import Appointment
from app.models.enums import AppointmentSource, AppointmentStatus
from app.services import availability
from benchmarks.bookers import SERVICE
from benchmarks.clinic import Raw, open_clinic, stored
from benchmarks.measure import Finding, Pairs, Report
from tests.factories import make_clinic, make_provider, make_service

DATABASE = "bench_availability"
PROVIDERS = 5
YEAR, MONTH = 2027, 1
IN_THE_MONTH, IN_ALL = 5_000, 200_000
MINUTES = 5
"""Short visits, so that 5,000 of them fit into a month of five providers."""


async def measure(mongodb_uri: str, *, quick: bool) -> Report:
    """The month in a young clinic and in an old one, each against the read of its own month."""
    in_all, repetitions = (20_000, 7) if quick else (IN_ALL, 25)
    async with open_clinic(mongodb_uri, DATABASE) as ctx:
        providers = await _open(ctx)
        young = await _paired(ctx, repetitions)
        await _grow_old(providers, in_all - IN_THE_MONTH)
        old = await _paired(ctx, repetitions)
        slots = sum(len(times) for times in (await _month(ctx)).values())
    aged = Pairs(product=old.product, floor=young.product)
    return Report(
        findings=[
            Finding(name=f"month of {IN_THE_MONTH:,} in a clinic of {in_all:,}", pairs=old, goal=1.5),
            Finding(name=f"month of {IN_THE_MONTH:,} in a clinic of no more", pairs=young, goal=1.5),
            Finding(name="the old clinic's month over the young one's", pairs=aged),
        ],
        remarks=[f"Free starts in the month: {slots:,}.\n"],
    )


async def _open(ctx: Context) -> list[PydanticObjectId]:
    """Five providers whose month is full of short visits, with gaps between them."""
    await make_clinic()
    await make_service(SERVICE, duration_minutes=30)
    providers = [(await make_provider(ctx, [SERVICE])).id for _ in range(PROVIDERS)]
    dice, days = Random(1), [date(YEAR, MONTH, 1) + timedelta(days=offset) for offset in range(31)]
    await _insert(dice.sample([_at(day, slot, who) for day in days for slot in range(66) for who in providers], 5_000))
    return providers


async def _grow_old(providers: list[PydanticObjectId], count: int) -> None:
    """The years before: as dense as the month."""
    places = (
        _at(date(YEAR, MONTH, 1) - timedelta(days=1 + back), slot, who)
        for back in range(10_000)
        for slot in range(0, 66, 2)
        for who in providers
    )
    batch: list[tuple[datetime, PydanticObjectId]] = []
    for place, _ in zip(places, range(count), strict=False):
        batch.append(place)
        if len(batch) == 10_000:
            await _insert(batch)
            batch.clear()
    await _insert(batch)


def _at(day: date, slot: int, provider: PydanticObjectId) -> tuple[datetime, PydanticObjectId]:
    start = datetime(day.year, day.month, day.day, 14, tzinfo=UTC) + timedelta(minutes=slot * MINUTES)
    return start, provider


async def _insert(places: list[tuple[datetime, PydanticObjectId]]) -> None:
    if places:
        await Appointment.collection().insert_many([_document(start, provider) for start, provider in places])


def _document(start: datetime, provider: PydanticObjectId) -> Raw:
    end = start + timedelta(minutes=MINUTES)
    visit = Appointment(
        patient_id=PydanticObjectId(),
        patient_name="Pat Example",
        appointment_date=start,
        duration_minutes=MINUTES,
        ends_at=end,
        busy_until=end,
        status=AppointmentStatus.BOOKED,
        service_name=SERVICE,
        provider_id=provider,
        created_from=AppointmentSource.MANUAL_ADMIN,
        created_at=start,
        updated_at=start,
        ics_uid="bench",
    )
    return stored(visit)


async def _paired(ctx: Context, repetitions: int) -> Pairs:
    pairs = Pairs()
    for _ in range(repetitions + 1):
        await pairs.take(partial(_month, ctx), _read)
    del pairs.product[0], pairs.floor[0]  # caches fill
    return pairs


async def _month(ctx: Context) -> dict[str, list[str]]:
    return await availability.month(ctx, year=YEAR, month_number=MONTH, service_name=SERVICE, provider_id=None)


async def _read() -> list[Raw]:
    """What is taken in the month, from the index alone."""
    first, last = datetime(YEAR, MONTH, 1, tzinfo=UTC), datetime(YEAR, MONTH + 1, 1, tzinfo=UTC)
    fields = {"_id": 0, "provider_id": 1, "appointment_date": 1, "busy_until": 1}
    booked = {"appointment_date": {"$gte": first, "$lt": last}, "status": {"$in": ["booked", "completed"]}}
    return await Appointment.collection().find(booked, fields, hint="by_date").to_list()
