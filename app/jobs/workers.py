"""A few workers that take one item after the other until none is left."""

import asyncio
from collections.abc import Awaitable, Callable

WORKERS = 4


async def work_until_empty(work_one: Callable[[], Awaitable[bool]], *, workers: int = WORKERS) -> int:
    """Call `work_one` from several workers until each hears False; returns how many items were worked."""

    async def worker() -> int:
        done = 0
        while await work_one():
            done += 1
        return done

    results = await asyncio.gather(*(worker() for _ in range(workers)), return_exceptions=True)
    failures = [result for result in results if isinstance(result, BaseException)]
    if failures:
        raise failures[0]  # after the others have finished what they held
    return sum(result for result in results if isinstance(result, int))
