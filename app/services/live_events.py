"""What happens right now, for the screens of staff: one change stream for each process, fanned out to its clients.

The database tells every replica, so any number of them works without a broker (stack.md section 1). An event holds ids
and a kind, never a name or a text: who may see more asks for it.
"""

import asyncio
import contextvars
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from beanie import PydanticObjectId
from pymongo.asynchronous.change_stream import AsyncChangeStream
from pymongo.errors import PyMongoError

from app.context import Context
from app.database.connection import Database
from app.database.patience import uninterrupted
from app.errors import RateLimitedError
from app.logging import get_logger
from app.models.base import Raw
from app.services.live_event_kinds import PAGES_ONLY, PIPELINE, USER_CHANGED, LiveEvent, event_of

log = get_logger(__name__)

MOST_STREAMS = 5
"""Open at once for each user, in each process: a few screens and tabs."""
CHECK_SECONDS = 10
"""How often an idle stream pings, and every stream asks whether its user may still listen (trust.md 4.1)."""
MOST_WAITING = 100
"""Events that wait for a slow client before it is dropped; its browser comes back with the last id it saw."""
CATCH_UP_SECONDS = 5
LONGEST_LOOK_MS, SHORTEST_LOOK_MS = 1_000, 200
PAUSE_AFTER_FAILURE_SECONDS = 1
TOKEN = re.compile(r"[0-9A-Fa-f]{16,1024}")

MayListen = Callable[[], Coroutine[Any, Any, bool]]
"""Asks anew whether the listener of a stream may still hear it."""

RESYNC = LiveEvent(kind="resync", ids={}, token=None)
"""Something may have been missed: read the lists again."""
FAREWELL = LiveEvent(kind="farewell", ids={}, token=None)
"""Not told: the stream ends, and its browser comes back to another replica with the last id it saw."""


@dataclass(eq=False, slots=True)
class Subscription:
    """One open stream. `position` is the token up to which everything was told; `is_page`: it hears PAGES_ONLY too."""

    user_id: PydanticObjectId
    is_page: bool = False
    position: str = ""
    is_dropped: bool = False
    waiting: asyncio.Queue[LiveEvent] = field(default_factory=lambda: asyncio.Queue(MOST_WAITING))

    def put(self, event: LiveEvent) -> None:
        if event.kind in PAGES_ONLY and not self.is_page:
            return
        try:
            self.waiting.put_nowait(event)
        except asyncio.QueueFull:
            self.is_dropped = True

    def end(self) -> None:
        """Let the stream end behind what waits in it."""
        try:
            self.waiting.put_nowait(FAREWELL)
        except asyncio.QueueFull:
            self.is_dropped = True

    async def next(self, *, within: float) -> LiveEvent | None:
        """The next event, or None when nothing happens for so many seconds; one that was told before is skipped."""
        try:
            async with asyncio.timeout(within):
                while True:
                    event = await self.waiting.get()
                    if event.token is None:
                        return event
                    if event.token > self.position:  # tokens sort as the events do
                        self.position = event.token
                        return event
        except TimeoutError:
            return None


async def told(stream: Subscription, *, may_listen: MayListen) -> AsyncIterator[LiveEvent | None]:
    """What happens, for as long as the listener may hear it; None now and then, when nothing did."""
    clock = asyncio.get_running_loop()
    check_at = clock.time() + CHECK_SECONDS
    while not stream.is_dropped:
        event = await stream.next(within=max(0.0, check_at - clock.time()))
        if event is FAREWELL:
            return
        if event is not None and event.kind != USER_CHANGED:
            yield event
            continue
        try:
            if not await uninterrupted(may_listen()):
                return
        except PyMongoError as error:  # nobody can say who may listen: the listener comes back and asks again
            log.warning("live_events.cannot_ask", error=type(error).__name__)
            return
        check_at = clock.time() + CHECK_SECONDS
        yield None


class LiveEvents:
    """The fan-out of one process: it watches from the first client on and stops with the last one."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._open: set[Subscription] = set()
        self._watcher: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._enough = asyncio.Event()
        self._is_watching = asyncio.Event()
        self._position = ""
        self._is_closed = False

    def close(self) -> None:
        """The process is to end: every stream ends, also one that is only being opened (trust.md fault 28)."""
        self._is_closed = True
        for subscription in self._open:
            subscription.end()

    @property
    def is_watching(self) -> bool:
        return self._watcher is not None

    @asynccontextmanager
    async def subscribe(
        self, user_id: PydanticObjectId, *, after: str | None = None, is_page: bool = False
    ) -> AsyncIterator[Subscription]:
        """A stream of everything from now on, or from the token `after` on; RESYNC comes first when that is gone.

        Raises RateLimitedError when the user has too many open.
        """
        if sum(one.user_id == user_id for one in self._open) >= MOST_STREAMS:
            raise RateLimitedError("Too many live views are open. Close one of them.", retry_after=30)
        subscription = Subscription(user_id, is_page)
        self._open.add(subscription)
        try:
            await self._start()
            subscription.position = self._position
            if after is not None:
                await uninterrupted(self._catch_up(subscription, after))
            if self._is_closed:
                subscription.end()
            yield subscription
        finally:
            self._open.discard(subscription)
            self._stop_when_alone()

    async def _start(self) -> None:
        if self._watcher is None:
            self._is_watching, self._enough = asyncio.Event(), asyncio.Event()
            # A context of its own: its log lines do not belong to the request that happened to come first.
            loop, context = asyncio.get_running_loop(), contextvars.Context()
            self._watcher = loop.create_task(self._watch(self._enough), context=context)
        await self._is_watching.wait()

    def _stop_when_alone(self) -> None:
        """The watcher ends by itself, after the look that it is at: it is never cut off (see `uninterrupted`)."""
        if self._open or self._watcher is None:
            return
        watcher, self._watcher = self._watcher, None
        self._ending.add(watcher)
        watcher.add_done_callback(self._ending.discard)
        self._enough.set()

    async def _watch(self, enough: asyncio.Event) -> None:
        """Follow the database until it is enough. The driver finds a new primary; any other break is a RESYNC."""
        while not enough.is_set():
            try:
                async with await self._changes() as stream:
                    await self._follow(stream, enough)
            except Exception:  # the boundary of the watcher: its clients read anew, and it goes on
                if not enough.is_set():
                    log.exception("live_events.interrupted")
            if not enough.is_set():
                self._is_watching.set()
                self._publish(RESYNC)
                await asyncio.sleep(PAUSE_AFTER_FAILURE_SECONDS)

    async def _changes(self, after: str | None = None, *, look_ms: int = LONGEST_LOOK_MS) -> AsyncChangeStream[Raw]:
        resume = {"_data": after} if after else None
        return await self._database.handle.watch(PIPELINE, resume_after=resume, max_await_time_ms=look_ms)

    async def _follow(self, stream: AsyncChangeStream[Raw], enough: asyncio.Event) -> None:
        """Once it is enough another watcher may be at work: this one says nothing any more."""
        change: Raw | None = None
        while not enough.is_set():
            self._position = _token_of(stream)
            self._is_watching.set()
            if change:
                self._publish(event_of(change))
            if not stream.alive:
                return
            change = await stream.try_next()

    def _publish(self, event: LiveEvent) -> None:
        for subscription in list(self._open):
            if event.kind != USER_CHANGED or event.ids["user_id"] == str(subscription.user_id):
                subscription.put(event)
            if subscription.is_dropped:
                log.info("live_events.slow_client_dropped", user_id=str(subscription.user_id))
                self._open.discard(subscription)

    async def _catch_up(self, subscription: Subscription, after: str) -> None:
        """Put what the client missed before what the common stream tells from now on."""
        missed = await self._missed(after, until=subscription.position)
        if missed is None:
            subscription.put(RESYNC)
            return
        later = [subscription.waiting.get_nowait() for _ in range(subscription.waiting.qsize())]
        subscription.position = after
        for event in missed + later:
            subscription.put(event)

    async def _missed(self, after: str, *, until: str) -> list[LiveEvent] | None:
        """What happened since; None when the token is none of ours, too old, or too much happened."""
        if not TOKEN.fullmatch(after):
            return None
        missed: list[LiveEvent] = []
        clock = asyncio.get_running_loop()
        give_up_at = clock.time() + CATCH_UP_SECONDS
        try:
            async with await self._changes(after, look_ms=SHORTEST_LOOK_MS) as stream:
                while (before := _token_of(stream)) < until:
                    change = await stream.try_next()
                    if change:
                        missed.append(event_of(change))
                    elif _token_of(stream) == before:
                        break  # the end: a look that is still on its way through the log moves on
                    if len(missed) == MOST_WAITING or clock.time() > give_up_at:
                        return None
        except PyMongoError:
            return None
        return missed


def hub_of(state: Any, ctx: Context) -> LiveEvents:
    """The fan-out of this process, kept in the application's state, made with its first client."""
    if not hasattr(state, "live_events"):
        state.live_events = LiveEvents(ctx.database)
        ctx.stopping.tell(state.live_events.close)
    found: LiveEvents = state.live_events
    return found


def _token_of(stream: AsyncChangeStream[Raw]) -> str:
    """Where the stream stands: the hexadecimal text inside a resume token sorts as the changes do."""
    token = stream.resume_token
    return str(token["_data"]) if token else ""
