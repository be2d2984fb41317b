"""Patience is for everything that one asks: no primary, shared reads, transactions that begin again (trust.md 2.2)."""

import asyncio
import time
from collections.abc import AsyncIterator

import anyio
import pytest
from pymongo.errors import NetworkTimeout, PyMongoError

from app.database.connection import Database, connect
from app.database.patience import by_the_end, tidy_up, uninterrupted, uninterrupted_steps, within
from app.database.shared_reads import SharedReads
from tests.refused import forget_refused_connections
from tests.server import free_port

SHORT = 0.3
SLACK = 6.0


@pytest.fixture
async def nowhere() -> AsyncIterator[Database]:
    """A database that nobody serves."""
    database = connect(f"mongodb://127.0.0.1:{free_port()}/?replicaSet=none", "nowhere")
    yield database
    await database.close()
    forget_refused_connections()


class TestNoPrimary:
    async def test_a_read_ends_with_its_patience(self, nowhere: Database) -> None:
        began = time.monotonic()
        with within(SHORT), pytest.raises(PyMongoError):
            await nowhere.handle["rows"].find_one()
        assert SHORT / 2 < time.monotonic() - began < SHORT + SLACK

    async def test_the_shorter_patience_counts(self, nowhere: Database) -> None:
        began = time.monotonic()
        with within(SHORT), within(30), pytest.raises(PyMongoError):
            await nowhere.handle["rows"].find_one()
        assert time.monotonic() - began < SHORT + SLACK

    async def test_none_changes_nothing(self, nowhere: Database) -> None:
        began = time.monotonic()
        with within(SHORT), within(None), pytest.raises(PyMongoError):
            await nowhere.handle["rows"].find_one()
        assert time.monotonic() - began < SHORT + SLACK

    async def test_a_transaction_does_not_begin_again_for_ever(self, nowhere: Database) -> None:
        """By itself the driver would for two minutes."""
        began = time.monotonic()

        async def write() -> None:
            await nowhere.handle["rows"].insert_one({})

        with within(SHORT), pytest.raises(PyMongoError):
            await nowhere.transaction(write)
        assert time.monotonic() - began < SHORT + SLACK

    async def test_it_says_so_before_it_is_asked(self, nowhere: Database, database: Database) -> None:
        assert not nowhere.has_primary
        await database.client.admin.command("ping")
        assert database.has_primary


class TestSharedReads:
    async def test_a_caller_leaves_and_the_others_hear(self) -> None:
        shared, go = SharedReads(), asyncio.Event()

        async def read() -> str:
            await go.wait()
            return "read"

        patient = asyncio.create_task(shared.get("key", read))
        await asyncio.sleep(0)
        with within(SHORT), pytest.raises(NetworkTimeout):
            await shared.get("key", read)
        go.set()
        assert await patient == "read"

    async def test_patience_that_is_over_asks_nobody_to_wait(self) -> None:
        with within(1e-9), pytest.raises(NetworkTimeout):
            await by_the_end(asyncio.Event().wait())

    async def test_without_patience_it_waits(self) -> None:
        go = asyncio.Event()
        asyncio.get_running_loop().call_later(SHORT, go.set)
        assert await by_the_end(go.wait())


async def test_patience_ends_with_its_block(database: Database) -> None:
    with within(1e-9), pytest.raises(PyMongoError):
        await database.handle["rows"].find_one()
    assert await database.handle["rows"].find_one() is None


class TestTidyingUp:
    async def test_a_transaction_whose_patience_is_over_holds_nobody_up(self, database: Database) -> None:
        rows = database.handle["patience_rows"]
        await rows.insert_one({"_id": 1, "by": ""})

        async def write() -> None:
            await rows.update_one({"_id": 1}, {"$set": {"by": "somebody slow"}})
            await asyncio.sleep(2 * SHORT)
            await rows.find_one({"_id": 1})

        with within(SHORT), pytest.raises(PyMongoError):
            await database.transaction(write)
        with within(SHORT + SLACK):  # the server itself would let go after 15 s
            await rows.update_one({"_id": 1}, {"$set": {"by": "the next one"}})
        assert await rows.find_one() == {"_id": 1, "by": "the next one"}

    async def test_it_has_a_patience_of_its_own(self, database: Database) -> None:
        rows = database.handle["patience_rows"]
        with within(0.001):
            await asyncio.sleep(0.01)
            await tidy_up(lambda: rows.insert_one({"_id": 2}))
        assert await rows.count_documents({"_id": 2}) == 1


class TestClientsWhoLeave:
    """The framework drops a stream's client by cancelling again and again, as anyio does (see `uninterrupted`)."""

    async def test_the_driver_still_answers_the_others(self, nowhere: Database) -> None:
        async def look() -> object:
            with within(SHORT):
                return await nowhere.handle["rows"].find_one()

        for _ in range(5):
            async with anyio.create_task_group() as clients:
                for _ in range(5):
                    clients.start_soon(uninterrupted, look())
                await asyncio.sleep(SHORT / 3)
                clients.cancel_scope.cancel()
        async with asyncio.timeout(SLACK):
            with pytest.raises(PyMongoError):
                await look()

    async def test_what_was_begun_comes_to_its_end(self) -> None:
        begun, go, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

        async def work() -> None:
            begun.set()
            await go.wait()
            done.set()

        async with anyio.create_task_group() as clients:
            clients.start_soon(uninterrupted, work())
            await begun.wait()
            clients.cancel_scope.cancel()
        assert not done.is_set()
        go.set()
        async with asyncio.timeout(SLACK):
            await done.wait()

    async def test_its_error_is_the_callers(self) -> None:
        async def fail() -> None:
            raise NetworkTimeout("too late")

        with pytest.raises(NetworkTimeout, match="too late"):
            await uninterrupted(fail())

    async def test_pieces_come_in_their_order_and_so_does_the_error_between_them(self) -> None:
        async def pieces() -> AsyncIterator[str]:
            yield "first"
            yield ""
            raise NetworkTimeout("too late")

        steps = uninterrupted_steps(pieces())
        assert [await anext(steps), await anext(steps)] == ["first", ""]
        with pytest.raises(NetworkTimeout, match="too late"):
            await anext(steps)
