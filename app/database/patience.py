"""How long a caller waits for a database that is away, over everything that it asks of it (trust.md 2.2)."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import Context, ContextVar
from typing import TypeVar

import pymongo
from pymongo.errors import NetworkTimeout, PyMongoError

Answer = TypeVar("Answer")

TIDIES_UP_SECONDS = 2.0

_ends_at: ContextVar[float | None] = ContextVar("ends_at", default=None)


@contextmanager
def within(seconds: float | None) -> Iterator[None]:
    """Whatever this task asks of the database inside is answered within `seconds` altogether, or a PyMongoError.

    None leaves the caller's patience as it is. The shorter one counts where one is inside another.
    """
    if seconds is None:
        yield
        return
    token = _ends_at.set(min(time.monotonic() + seconds, _ends_at.get() or float("inf")))
    try:
        with pymongo.timeout(seconds):
            yield
    finally:
        _ends_at.reset(token)


async def by_the_end(answer: Awaitable[Answer]) -> Answer:
    """What another task reads for us, but no longer than our own patience. Raises NetworkTimeout then."""
    ends_at = _ends_at.get()
    try:
        async with asyncio.timeout(None if ends_at is None else max(0.0, ends_at - time.monotonic())):
            return await answer
    except TimeoutError as error:
        raise NetworkTimeout("the database did not answer in time") from error


async def tidy_up(work: Callable[[], Awaitable[object]]) -> None:
    """Let go of what is held, with a patience of its own: the caller's may be over, or the caller cut off."""

    async def apart() -> None:
        with within(TIDIES_UP_SECONDS), suppress(PyMongoError):  # what cannot be let go of ends by its own lease
            await work()

    await asyncio.shield(asyncio.create_task(apart(), context=Context()))
