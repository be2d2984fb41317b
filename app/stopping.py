"""When this process is to end: told by the supervisor's signal, heard by whatever would begin something new.

SIGTERM stops claiming at once; what is held is finished or given back within 25 seconds (trust.md fault 28).
"""

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from app.logging import get_logger

log = get_logger(__name__)

WORK_SECONDS = 18.0
"""So long what is in hand may take to its end; then it is cut off, and given back."""
GIVING_BACK_SECONDS = 4.0
GONE_WITHIN_SECONDS = 25.0
SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stopping:
    """Whether this process is to end, and since when. One for each Context; `begin` may be called again."""

    def __init__(self) -> None:
        self._began_at: float | None = None
        self._farewells: list[Callable[[], None]] = []

    @property
    def is_begun(self) -> bool:
        return self._began_at is not None

    def begin(self) -> None:
        """Nothing new is begun from now on; everybody who asked for it is told, once."""
        if self._began_at is not None:
            return
        self._began_at = time.monotonic()
        farewells, self._farewells = self._farewells, []
        for farewell in farewells:
            farewell()

    def tell(self, farewell: Callable[[], None]) -> None:
        """Call this when the process is to end; at once when it is already."""
        if self.is_begun:
            farewell()
        else:
            self._farewells.append(farewell)

    def seconds_left(self) -> float:
        """How much longer what is in hand may take; WORK_SECONDS while nobody stops anything."""
        since = 0.0 if self._began_at is None else time.monotonic() - self._began_at
        return max(0.0, WORK_SECONDS - since)


@contextmanager
def told_by_signals(stopping: Stopping) -> Iterator[None]:
    """Begin to stop with the signal itself, and leave the rest to the server that handles it.

    Without this an application hears of it only when its last connection is closed: it would take new work meanwhile.
    """
    if threading.current_thread() is not threading.main_thread():  # only there may signals be listened to
        yield
        return
    loop, is_over = asyncio.get_running_loop(), threading.Event()
    previous = {number: signal.getsignal(number) for number in SIGNALS}

    def listen(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(stopping.begin)
        threading.Thread(target=_leave_in_time, args=(is_over,), name="leave-in-time", daemon=True).start()
        server = previous[signal.Signals(number)]
        if callable(server):
            server(number, frame)

    for number in SIGNALS:
        signal.signal(number, listen)
    try:
        yield
    finally:
        is_over.set()
        for number, handler in previous.items():
            signal.signal(number, handler)


def _leave_in_time(is_over: threading.Event) -> None:
    """A thread that waits for a provider's answer cannot be cut off, and would keep the process (trust.md fault 28).

    What it does is fenced like any other death of a process; the code says whether the rest was put in order.
    """
    time.sleep(GONE_WITHIN_SECONDS)
    os._exit(0 if is_over.is_set() else 1)


def end_well_when_told() -> None:
    """A process that was asked to end and did is no failure: 0, where the default would be death by SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
