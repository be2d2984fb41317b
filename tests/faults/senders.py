"""Worker processes that drain the outbox through Gmail's wire format, and somebody who kills and stops them.

A fork server imports the product once, so that a killed worker is replaced in milliseconds.
"""

import asyncio
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.context import ForkServerProcess
from typing import Any

from app.bootstrap import build_context
from app.database.connection import connect
from app.jobs import outbox
from app.models.registry import bind_documents
from app.settings import Settings

PATIENCE_SECONDS = 700
"""A message that fails five times in a row waits 310 s in all (app/jobs/outbox.py); with so many, one of them may."""


def send(settings: dict[str, Any]) -> None:
    """One worker's life: drain the outbox again and again until somebody ends it."""
    asyncio.run(_send(Settings(_env_file=None, **settings)))


async def _send(settings: Settings) -> None:
    database = connect(settings.mongodb_uri.get_secret_value(), settings.mongodb_database)
    await bind_documents(database.handle, build_indexes=False)
    ctx = build_context(settings, database)
    while True:
        await outbox.drain(ctx)
        await asyncio.sleep(0.1)


@dataclass
class Senders:
    """Some workers. `disturb` kills or stops one of them at random; a killed one is replaced at once."""

    settings: dict[str, Any]
    count: int
    lease_seconds: float
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    workers: list[ForkServerProcess] = field(default_factory=list)
    kills: int = 0
    stalls: int = 0

    def __post_init__(self) -> None:
        self._processes = multiprocessing.get_context("forkserver")
        self._processes.set_forkserver_preload(["tests.faults.senders"])
        self.workers = [self._start() for _ in range(self.count)]

    def _start(self) -> ForkServerProcess:
        worker = self._processes.Process(target=send, args=(self.settings,), daemon=True)
        worker.start()
        return worker

    def disturb(self, *, kills: int, stalls: int, until: Callable[[], Sequence[object]], pause: float) -> None:
        """Kill -9 and SIGSTOP (beyond the lease) as often as asked, then wait until `until` names nothing more."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        plan = ["kill"] * kills + ["stall"] * stalls
        self.chance.shuffle(plan)
        for act in plan:
            time.sleep(pause)
            (self._kill if act == "kill" else self._stall)(self.chance.randrange(self.count))
        while left := until():
            if time.monotonic() > deadline:
                raise TimeoutError(f"at {datetime.now(UTC)} the work was not finished: {left}")
            time.sleep(0.2)

    def _kill(self, place: int) -> None:
        self.workers[place].kill()
        self.workers[place].join()
        self.workers[place] = self._start()
        self.kills += 1

    def _stall(self, place: int) -> None:
        """The worker stands still until its leases are somebody else's, then goes on as if nothing had been."""
        pid = self.workers[place].pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        time.sleep(self.lease_seconds + 0.5)
        os.kill(pid, signal.SIGCONT)
        self.stalls += 1

    def stop(self) -> None:
        for worker in self.workers:
            worker.kill()
            worker.join()
