"""Migrations: each once, forward only, taken up where a killed one stood, one process at a time (operations.md)."""

import asyncio
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from pymongo import MongoClient

from app.context import Context
from app.database.connection import Database, connect
from app.database.migrations import running
from app.database.migrations.running import COLLECTION, LEASE
from app.database.migrations.steps import MIGRATIONS, Migration
from app.models.appointments import Appointment
from app.models.records import AuditEntry

DOUBLED = Migration(
    number=1,
    name="doubled",
    says="n is told twice",
    collection="numbers",
    wanting={"twice": {"$exists": False}},
    change=[{"$set": {"twice": {"$multiply": ["$n", 2]}, "times": {"$add": [{"$ifNull": ["$times", 0]}, 1]}}}],
)
TRIPLED = Migration(
    number=2,
    name="tripled",
    says="n is told three times, which needs it told twice",
    collection="numbers",
    wanting={"thrice": {"$exists": False}},
    change=[{"$set": {"thrice": {"$add": ["$twice", "$n"]}}}],
)
BOTH = (TRIPLED, DOUBLED)
"""Out of order: the number decides."""
LEASE_SECONDS = 0.6


class KilledError(Exception):
    """The process is gone."""


@pytest.fixture
async def fresh(mongodb_uri: str) -> AsyncIterator[Database]:
    """An empty database of the test's own."""
    database = connect(mongodb_uri, f"migrations_{uuid.uuid4().hex[:8]}")
    yield database
    await database.client.drop_database(database.handle.name)
    await database.close()


async def fill(database: Database, count: int) -> None:
    await database.handle["numbers"].insert_many([{"n": number} for number in range(count)])


async def run(database: Database, **options: Any) -> dict[str, int]:
    return await running.run(database.handle, migrations=BOTH, **({"lease_seconds": LEASE_SECONDS} | options))


async def wrong(database: Database) -> int:
    """Documents that were not changed exactly once by each."""
    right = {"$expr": {"$and": [{"$eq": ["$thrice", {"$multiply": ["$n", 3]}]}, {"$eq": ["$times", 1]}]}}
    return await database.handle["numbers"].count_documents({"$nor": [right]})


class TestRun:
    async def test_in_the_order_of_their_numbers_and_once(self, fresh: Database) -> None:
        await fill(fresh, 2_500)
        assert await run(fresh) == {"doubled": 2_500, "tripled": 2_500}
        assert await wrong(fresh) == 0
        assert await run(fresh) == {}

    async def test_an_empty_database_wants_nothing(self, fresh: Database) -> None:
        assert await running.pending(fresh.handle, migrations=BOTH) == []
        assert await running.problems(fresh.handle, migrations=BOTH) == []
        assert await run(fresh) == {"doubled": 0, "tripled": 0}

    async def test_a_dry_run_counts_and_writes_nothing(self, fresh: Database) -> None:
        await fill(fresh, 30)
        counted = await running.pending(fresh.handle, migrations=BOTH)
        assert [(each.name, count) for each, count in counted] == [("doubled", 30), ("tripled", 30)]
        assert await fresh.handle.list_collection_names() == ["numbers"]
        assert await fresh.handle["numbers"].count_documents({"twice": {"$exists": True}}) == 0

    async def test_what_is_done_is_not_looked_at_again(self, fresh: Database) -> None:
        """Forward only: what an old replica stores later is the old shape's reader's to bear, not a second run's."""
        await run(fresh)
        await fill(fresh, 1)
        assert await run(fresh) == {}
        assert await running.problems(fresh.handle, migrations=BOTH) == []


class TestCutOff:
    @pytest.mark.parametrize("page", [1, 2, 3, 4])
    async def test_it_is_taken_up_behind_the_last_page(self, fresh: Database, page: int) -> None:
        await fill(fresh, 2_500)
        pages = 0

        async def die(_: Migration, __: int) -> None:
            nonlocal pages
            pages += 1
            if pages == page:
                raise KilledError

        with pytest.raises(KilledError):
            await run(fresh, on_page=die)
        assert await running.problems(fresh.handle, migrations=BOTH)
        seen: list[tuple[str, int]] = []

        async def see(migration: Migration, changed: int) -> None:
            seen.append((migration.name, changed))

        await run(fresh, on_page=see)
        assert await wrong(fresh) == 0
        assert len(seen) == 6 - page, "no page is worked twice"

    async def test_killed_between_a_page_and_its_note(self, fresh: Database) -> None:
        await fill(fresh, 100)
        await fresh.handle["numbers"].update_many({"n": {"$lt": 50}}, DOUBLED.change)
        assert (await run(fresh))["doubled"] == 50
        assert await wrong(fresh) == 0

    async def test_a_killed_process(self, mongodb_uri: str, fresh: Database) -> None:
        """kill -9 of `chairside migrate` in the middle; the next one waits for the lease and goes on."""
        visits = [{"_id": number, "appointment_date": datetime(2020, 1, 1, tzinfo=UTC)} for number in range(60_000)]
        await fresh.handle["appointments"].insert_many(visits)
        await asyncio.to_thread(kill_in_the_middle, mongodb_uri, fresh.handle.name)
        left = await fresh.handle["appointments"].count_documents(MIGRATIONS[0].wanting)
        assert 0 < left < 60_000
        done = await running.run(fresh.handle)
        assert done["visits_take_their_provider"] == 60_000
        assert await fresh.handle["appointments"].count_documents(MIGRATIONS[0].wanting) == 0


def kill_in_the_middle(uri: str, name: str) -> None:
    """Run `chairside migrate` and kill -9 it once some pages are done."""
    environment = os.environ | {
        "CHAIRSIDE_ENV": "test",
        "MONGODB_URI": uri,
        "MONGODB_DATABASE": name,
        "LOG_LEVEL": "ERROR",
    }
    command = [sys.executable, "-m", "app.cli", "migrate"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until_begun(uri, name)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=10)


def until_begun(uri: str, name: str) -> None:
    deadline = time.monotonic() + 60
    with MongoClient[dict[str, Any]](uri) as client:
        while time.monotonic() < deadline:
            state = client[name][COLLECTION].find_one({"_id": "0001"})
            if state and state.get("changed", 0) > 3_000:
                return
    raise TimeoutError("the migration did not begin")


class TestAlone:
    async def test_two_at_once_change_each_document_once(self, fresh: Database) -> None:
        await fill(fresh, 3_000)
        results = await asyncio.gather(*(run(fresh) for _ in range(4)))
        assert sum(result.get("doubled", 0) for result in results) == 3_000
        assert await wrong(fresh) == 0

    async def test_a_living_one_is_waited_for(self, fresh: Database) -> None:
        await fill(fresh, 1_500)
        events: list[str] = []

        async def slowly(_: Migration, changed: int) -> None:
            await asyncio.sleep(LEASE_SECONDS / 2)
            events.append(f"first {changed}")

        async def second() -> None:
            await asyncio.sleep(0.1)
            await run(fresh)
            events.append("second")

        await asyncio.gather(run(fresh, on_page=slowly), second())
        assert events[-1] == "second"
        assert await wrong(fresh) == 0

    async def test_one_that_stalled_beyond_its_lease_stops(self, fresh: Database) -> None:
        await fill(fresh, 2_500)

        async def stall(_: Migration, __: int) -> None:
            somebody = {"holder": "somebody else", "until": datetime.now(UTC) + timedelta(minutes=1)}
            await fresh.handle[COLLECTION].update_one({"_id": LEASE}, {"$set": somebody})

        with pytest.raises(running.LeaseLostError):
            await run(fresh, on_page=stall)


class TestTheProductsOwn:
    def test_their_numbers_are_in_order_without_a_gap(self) -> None:
        assert [each.number for each in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))
        assert len({each.name for each in MIGRATIONS}) == len(MIGRATIONS)

    async def test_old_visits_and_audit_rows(self, ctx: Context) -> None:
        at = ctx.now().replace(microsecond=0)
        await Appointment.collection().insert_one({"appointment_date": at, "slot_keys": ["x"]})
        for action in ("patient.read", "patient.changed", "patient.searched"):
            await AuditEntry.collection().insert_one({"action": action})
        await running.run(ctx.database.handle)
        visit = await Appointment.collection().find_one({})
        assert visit is not None
        assert visit["busy_from"] == at
        reads = {row["action"]: row["is_read"] async for row in AuditEntry.collection().find({})}
        assert reads == {"patient.read": True, "patient.changed": False, "patient.searched": True}

    async def test_readiness_is_refused_while_one_is_pending(self, ctx: Context, client: httpx2.AsyncClient) -> None:
        await AuditEntry.collection().insert_one({"action": "patient.read"})
        answer = await client.get("/health/ready")
        assert answer.status_code == 503
        wanted = "migration 0002 audit_rows_tell_reads is pending: run `chairside migrate`"
        assert answer.json()["problems"] == [wanted]
        await running.run(ctx.database.handle)
        assert (await client.get("/health/ready")).status_code == 200
