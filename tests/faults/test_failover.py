"""The primary of a real three-member set is killed three times while people book, move and cancel (trust.md 2.2)."""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.bootstrap import build_context
from app.context import Context
from app.database.connection import connect
from app.models.registry import bind_documents
from app.services import invariants
from tests.conftest import Clock, make_settings
from tests.faults.desk import Desk, differences, misjudged, open_desk
from tests.replica_set import ReplicaSet

CLIENTS, KILLS = 16, 3
SECONDS_BETWEEN_KILLS = 2


@pytest.fixture
def replica_set(tmp_path: Path) -> Iterator[ReplicaSet]:
    with ReplicaSet(tmp_path) as started:
        yield started


async def client(desk: Desk, number: int, over: asyncio.Event) -> int:
    """One person's clerk: books for people of its own, moves and cancels only what it booked; returns the calls."""
    chance, calls = random.Random(number), 0
    mine = Desk(desk.ctx, desk.clinic, chance, desk.providers, desk.people[number::CLIENTS])
    while not over.is_set():
        calls += 1
        own = [holding for holding in mine.standing if holding not in desk.holdings]
        what = chance.random()
        if own and what < 0.3:
            await mine.cancel(chance.choice(own))
        elif own and what < 0.6:
            _, _, start = mine.wish()
            await mine.move(chance.choice(own), start.replace(minute=0))
        else:
            await mine.book(*mine.wish())
    desk.holdings += mine.holdings
    desk.refusals += mine.refusals
    desk.cancelled |= mine.cancelled
    return calls


async def test_nothing_is_lost_doubled_or_overlapping(replica_set: ReplicaSet) -> None:
    database = connect(replica_set.uri, "failover")
    ctx: Context = build_context(make_settings(), database, now=Clock())
    try:
        await bind_documents(database.handle, build_indexes=True)
        desk = await open_desk(ctx, seed=1, providers=5, people=6 * CLIENTS)
        over = asyncio.Event()
        clients = [asyncio.create_task(client(desk, number, over)) for number in range(CLIENTS)]
        killed = []
        for _ in range(KILLS):
            await asyncio.sleep(SECONDS_BETWEEN_KILLS)
            killed.append(await asyncio.to_thread(replica_set.kill_primary))
        await asyncio.sleep(SECONDS_BETWEEN_KILLS)
        over.set()
        calls = await asyncio.gather(*clients)
        assert len(killed) == KILLS
        assert min(calls) > 0
        assert desk.cancelled
        assert await differences(desk) == []
        assert [each for each in desk.refusals if not desk.was_refused_rightly(each)] == []
        assert await misjudged(desk, tries=10) == []
        assert not (await invariants.check(ctx))["overlapping_appointments"]
    finally:
        await database.close()
