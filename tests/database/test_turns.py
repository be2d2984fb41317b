"""Overlapping names one after the other, others at once."""

import asyncio

import pytest

from app.database.turns import Turns


class TestHold:
    async def test_whoever_shares_a_name_comes_one_after_the_other(self) -> None:
        turns, inside, most = Turns(), 0, 0

        async def work(number: int) -> None:
            nonlocal inside, most
            async with turns.hold([f"a{number % 3}", "shared"]):
                inside += 1
                most = max(most, inside)
                await asyncio.sleep(0)
                inside -= 1

        await asyncio.gather(*(work(number) for number in range(50)))
        assert (inside, most) == (0, 1)

    async def test_others_do_not_wait(self) -> None:
        turns = Turns()
        async with turns.hold(["a"]), turns.hold(["b"]) as waited:
            assert not waited

    async def test_who_waited_is_told(self) -> None:
        turns = Turns()

        async def second() -> bool:
            async with turns.hold(["a", "b"]) as waited:
                return waited

        async with turns.hold(["b", "c"]) as waited:
            later = asyncio.create_task(second())
            await asyncio.sleep(0)
            assert not waited
        assert await later

    async def test_an_error_and_a_caller_who_leaves_free_the_names(self) -> None:
        turns = Turns()
        with pytest.raises(ValueError, match="inside"):
            async with turns.hold(["a"]):
                raise ValueError("inside")

        async def wait_for_ever() -> None:
            async with turns.hold(["a"]):
                await asyncio.Event().wait()

        leaving = asyncio.create_task(wait_for_ever())
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        async with turns.hold(["a"]) as waited:
            assert not waited

    async def test_one_name_twice_is_one(self) -> None:
        turns = Turns()
        async with turns.hold(["a", "a"]):
            pass
        assert turns._busy == {}
