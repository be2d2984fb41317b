"""How long a caller waits for a database that is away, over everything that it asks of it (trust.md 2.2)."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from contextvars import Context, ContextVar
from typing import Any, TypeVar

import pymongo
from pymongo.errors import NetworkTimeout, PyMongoError

Answer = TypeVar("Answer")

TIDIES_UP_SECONDS = 2.0

_going_on: set[asyncio.Task[Any]] = set()
"""Tasks whose callers were cut off: the event loop itself would forget them (documentation of asyncio.create_task)."""

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


async def uninterrupted(work: Coroutine[Any, Any, Answer], *, context: Context | None = None) -> Answer:
    """What `work` answers. When its caller is cut off it goes on to its own end, and nobody hears of it.

    For whatever reads on behalf of a client who may leave: the framework then cancels again and again, and a task that
    is cancelled twice while it waits for a server takes the driver's only lock with it, for the whole process (PyMongo
    4 on Python 3.11, where `asyncio.wait_for` leaves its inner wait behind).
    """
    task = asyncio.create_task(work, context=context)
    _going_on.add(task)
    task.add_done_callback(_over)
    return await asyncio.shield(task)


def _over(task: asyncio.Task[Any]) -> None:
    _going_on.discard(task)
    if not task.cancelled():
        task.exception()  # seen: of a client who has left it concerns nobody


async def uninterrupted_steps(pieces: AsyncIterator[Answer]) -> AsyncIterator[Answer]:
    """The same pieces, none of them None; each is read to its end also when whoever wanted it has left."""

    async def following() -> Answer | None:
        return await anext(pieces, None)

    while (piece := await uninterrupted(following())) is not None:
        yield piece


async def tidy_up(work: Callable[[], Awaitable[object]]) -> None:
    """Let go of what is held, with a patience of its own: the caller's may be over, or the caller cut off."""

    async def apart() -> None:
        with within(TIDIES_UP_SECONDS), suppress(PyMongoError):  # what cannot be let go of ends by its own lease
            await work()

    await uninterrupted(apart(), context=Context())
