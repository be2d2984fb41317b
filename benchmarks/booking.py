"""Told for information: what a safe booking costs over one bare insert, one after the other and 200 at once.

Measured is `appointments.book` with the link of the patient's campaign: the slot is judged, then one transaction stores
the visit, moves the campaign, writes the audit row and freezes the confirmation. Floor: one raw majority insert of the
same appointment document under the same indexes. The rush is 200 patients who want the same provider on the same day,
all at once, each timed from the common start; a refusal counts like a booking, on both sides.
"""

import asyncio
from collections.abc import Coroutine, Iterable
from functools import partial
from random import Random
from statistics import median
from time import perf_counter

from app.models.registry import bind_documents
from benchmarks.clinic import context_over, open_clinic
from benchmarks.desk import Desk, open_desk
from benchmarks.measure import Finding, Pairs, Report, percentile
from benchmarks.round_trips import RoundTrips, watched

DATABASE = "bench_booking"
IN_A_RUSH = 200
MOST_VISITS_A_DAY = 14


async def measure(mongodb_uri: str, *, quick: bool) -> Report:
    """Day by day one after the other, then the rushes, then one more visit whose round trips are counted."""
    days = rushes = 3 if quick else 9
    alone, rush = Pairs(), Pairs()
    async with open_clinic(mongodb_uri, DATABASE) as ctx:
        desk = await open_desk(ctx, people=(days + 2) * MOST_VISITS_A_DAY + rushes * IN_A_RUSH)
        await _fill_a_day(desk)  # not kept: connections open, caches fill
        for _ in range(days):
            visits = await _fill_a_day(desk)
            alone.add(product=median(visits.product), floor=median(visits.floor))
        booked = [await _rush(desk, rush) for _ in range(rushes)]
        trips = await _round_trips(desk, mongodb_uri)
    return Report(
        findings=[
            Finding(name="booking one visit, p50 of a day", pairs=alone),
            Finding(name=f"{IN_A_RUSH} at once on one provider-day, p95", pairs=rush, goal=3.0),
        ],
        remarks=[
            f"Booked in each rush: {', '.join(map(str, booked))} of {IN_A_RUSH}; the others were refused.\n",
            trips.as_table(f"Booking one visit: {trips.total} round trips"),
        ],
    )


async def _fill_a_day(desk: Desk) -> Pairs:
    """A working day of half-hour visits, each paired with its bare insert."""
    pairs = Pairs()
    for start in next(desk.days)[::2]:
        booker = next(desk.bookers)
        document = desk.appointment(booker, start)
        await pairs.take(partial(desk.book, booker, start), partial(desk.insert, document))
    return pairs


async def _rush(desk: Desk, rush: Pairs) -> int:
    """Add the p95 of both sides for one provider-day; returns how many visits were booked."""
    starts, dice = next(desk.days), Random(len(rush.floor))
    wishes = [(next(desk.bookers), dice.choice(starts)) for _ in range(IN_A_RUSH)]
    documents = [desk.appointment(booker, start) for booker, start in wishes]
    inserted = await _all_at_once(desk.insert(document) for document in documents)
    booked = await _all_at_once(desk.book(booker, start) for booker, start in wishes)
    rush.add(product=_p95(booked), floor=_p95(inserted))
    return sum(was_stored for was_stored, _ in booked)


async def _all_at_once(attempts: Iterable[Coroutine[object, object, bool]]) -> list[tuple[bool, float]]:
    """What each attempt returned, and after how many milliseconds from the common start."""
    started = perf_counter()

    async def finish(attempt: Coroutine[object, object, bool]) -> tuple[bool, float]:
        return await attempt, (perf_counter() - started) * 1_000

    return await asyncio.gather(*map(finish, attempts))


def _p95(finished: list[tuple[bool, float]]) -> float:
    return percentile([milliseconds for _, milliseconds in finished], 95)


async def _round_trips(desk: Desk, mongodb_uri: str) -> RoundTrips:
    """Book one more visit over a watched connection."""
    trips = RoundTrips()
    database = watched(mongodb_uri, DATABASE, trips)
    try:
        await bind_documents(database.handle, build_indexes=False)
        start, booker = next(desk.days)[0], next(desk.bookers)
        trips.clear()
        desk.ctx = context_over(database)
        await desk.book(booker, start)
    finally:
        await database.close()
    return trips
