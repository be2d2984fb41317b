"""Many callers, one read, and nobody gets an answer older than their question."""

import asyncio

import pytest

from app.database.shared_reads import SharedReads


class Source:
    """A value that changes, and a read of it that takes a while."""

    def __init__(self) -> None:
        self.value = self.reads = 0
        self.gate = asyncio.Event()

    async def read(self) -> int:
        self.reads += 1
        seen = self.value
        await self.gate.wait()
        return seen


@pytest.fixture
def source() -> Source:
    return Source()


class TestGet:
    async def test_two_hundred_callers_cost_two_reads(self, source: Source) -> None:
        shared = SharedReads()
        callers = [asyncio.create_task(shared.get("a", source.read)) for _ in range(200)]
        await asyncio.sleep(0)
        source.gate.set()
        assert await asyncio.gather(*callers) == [0] * 200
        assert source.reads == 2

    async def test_who_comes_after_a_change_sees_it(self, source: Source) -> None:
        shared = SharedReads()
        early = asyncio.create_task(shared.get("a", source.read))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        source.value = 1
        late = [asyncio.create_task(shared.get("a", source.read)) for _ in range(3)]
        await asyncio.sleep(0)
        source.gate.set()
        assert await early == 0
        assert await asyncio.gather(*late) == [1, 1, 1]

    async def test_ten_thousand_rounds_are_always_fresh(self) -> None:
        shared, state = SharedReads(), {"value": 0}

        async def read() -> int:
            await asyncio.sleep(0)
            seen = state["value"]
            await asyncio.sleep(0)
            return seen

        async def caller(number: int) -> None:
            for _ in range(100):
                state["value"] += 1
                asked = state["value"]
                assert await shared.get("a", read) >= asked, number

        await asyncio.gather(*(caller(number) for number in range(100)))

    async def test_other_keys_are_other_reads(self, source: Source) -> None:
        shared = SharedReads()
        source.gate.set()
        await asyncio.gather(*(shared.get(key, source.read) for key in range(5)))
        assert source.reads == 5

    async def test_nothing_is_kept(self, source: Source) -> None:
        shared = SharedReads()
        source.gate.set()
        for expected in (1, 2, 3):
            await shared.get("a", source.read)
            assert source.reads == expected
        assert shared._turns == {}

    async def test_an_error_reaches_everybody_and_the_next_read_is_new(self) -> None:
        shared, failures = SharedReads(), [ValueError("away"), ValueError("away")]

        async def read() -> str:
            await asyncio.sleep(0)
            if failures:
                raise failures.pop()
            return "back"

        heard = await asyncio.gather(*(shared.get("a", read) for _ in range(10)), return_exceptions=True)
        assert {str(each) for each in heard} == {"away"}
        assert await shared.get("a", read) == "back"

    async def test_a_caller_who_leaves_ends_it_for_nobody(self, source: Source) -> None:
        shared = SharedReads()
        leaving, staying = (asyncio.create_task(shared.get("a", source.read)) for _ in range(2))
        await asyncio.sleep(0)
        leaving.cancel()
        source.gate.set()
        assert await staying == 0
