"""Callers who want the same thing at the same moment read it once (a rush on one day asks for one calendar).

Nobody is served an answer that is older than their question: who comes while a read is under way waits for the next
one, which everybody else who came meanwhile shares.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from contextvars import Context as Variables
from dataclasses import dataclass, field
from typing import Any, TypeVar

from app.database.patience import by_the_end, within

Answer = TypeVar("Answer")

READ_SECONDS = 30
"""As long as the most patient caller waits; each of the others leaves at the end of their own patience."""


@dataclass(slots=True)
class _Turns:
    """The read that runs now, and the one that begins when it has ended."""

    running: asyncio.Task[Any]
    following: asyncio.Task[Any] | None = None


@dataclass(slots=True)
class SharedReads:
    """One per process and event loop. A read must change nothing, and must be the same for everybody with its key."""

    _turns: dict[Hashable, _Turns] = field(default_factory=dict)

    async def get(self, key: Hashable, read: Callable[[], Awaitable[Answer]]) -> Answer:
        """What `read` answers, begun after this call; its error is everybody's. Never inside a transaction.

        Raises NetworkTimeout at the end of the caller's patience.
        """
        turns = self._turns.get(key)
        if turns is None:
            task = self._begin(key, read)
        else:
            task = turns.following = turns.following or _apart(self._after(turns.running, key, read))
        # One caller who leaves must not end it for the others.
        answer: Answer = await by_the_end(asyncio.shield(task))
        return answer

    def _begin(self, key: Hashable, read: Callable[[], Awaitable[Any]]) -> asyncio.Task[Any]:
        task = _apart(_await(read))
        self._turns[key] = _Turns(task)
        task.add_done_callback(lambda ended: self._end(key, ended))
        return task

    async def _after(self, running: asyncio.Task[Any], key: Hashable, read: Callable[[], Awaitable[Any]]) -> Any:
        await asyncio.wait([running])
        return await self._begin(key, read)

    def _end(self, key: Hashable, ended: asyncio.Task[Any]) -> None:
        turns = self._turns.get(key)
        if turns and turns.running is ended and turns.following is None:
            del self._turns[key]
        if not ended.cancelled():
            ended.exception()  # retrieved: whoever still waits is told by their own await


async def _await(read: Callable[[], Awaitable[Any]]) -> Any:
    with within(READ_SECONDS):
        return await read()


def _apart(work: Any) -> asyncio.Task[Any]:
    """A task that inherits nothing: it must not join the first caller's transaction."""
    return asyncio.create_task(work, context=Variables())
