"""A few workers that take one item after the other until none is left, or until the process is to end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from app.context import Context

WORKERS = 4


async def work_until_empty(ctx: Context, work_one: Callable[[], Awaitable[bool]], *, workers: int = WORKERS) -> int:
    """Call `work_one` from several workers until each hears False; returns how many items were worked.

    Nothing is begun once the process is to end (trust.md fault 28): what is left waits for another replica.
    """

    async def worker() -> int:
        done = 0
        while not ctx.stopping.is_begun and await work_one():
            done += 1
        return done

    results = await asyncio.gather(*(worker() for _ in range(workers)), return_exceptions=True)
    failures = [result for result in results if isinstance(result, BaseException)]
    if failures:
        raise failures[0]  # after the others have finished what they held
    return sum(result for result in results if isinstance(result, int))


@asynccontextmanager
async def given_back_when_cut_off(give_back: Callable[[], Awaitable[object]]) -> AsyncIterator[None]:
    """Around the work on one claimed item: when a stop cuts it off, another replica need not wait for the lease."""
    try:
        yield
    except asyncio.CancelledError:
        await give_back()
        raise
