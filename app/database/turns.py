"""Whoever wants what another is about to take waits for the end of that, instead of colliding with it in the database.

Only inside one process, and only to save work: the unique index decides, here and between replicas (trust.md 2.1).
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Turns:
    """Names that somebody is busy with, and how to hear that they are done."""

    _busy: dict[str, asyncio.Event] = field(default_factory=dict)

    @asynccontextmanager
    async def hold(self, names: Iterable[str]) -> AsyncIterator[bool]:
        """Be the only one with any of these names. Yields True when somebody else was, so that it is worth a look."""
        wanted, waited = set(names), False
        while busy := next((self._busy[name] for name in wanted if name in self._busy), None):
            waited = True
            await busy.wait()
        done = asyncio.Event()
        self._busy |= dict.fromkeys(wanted, done)
        try:
            yield waited
        finally:
            for name in wanted:
                del self._busy[name]
            done.set()
