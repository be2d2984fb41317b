"""Open screens of staff: one stream of events from each replica, opened again whenever it breaks, as a browser does."""

import asyncio
from dataclasses import dataclass, field
from time import monotonic

import httpx2

STREAM = "/api/v1/admin/events"
COMES_BACK_AFTER_SECONDS = 1.0


@dataclass
class Listeners:
    """`heard` holds when each replica told of something that happened (`time.monotonic()`), and its kind."""

    base_urls: list[str]
    staff: dict[str, str]
    heard: list[tuple[int, float, str]] = field(default_factory=list)
    breaks: int = 0
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._listen(number, url)) for number, url in enumerate(self.base_urls)]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _listen(self, number: int, url: str) -> None:
        last = ""
        async with httpx2.AsyncClient(base_url=url, timeout=httpx2.Timeout(90.0)) as http:
            while True:
                headers = self.staff | {"Accept": "text/event-stream"} | ({"Last-Event-ID": last} if last else {})
                try:
                    async with http.stream("GET", STREAM, headers=headers) as answer:
                        async for line in answer.aiter_lines():
                            last = self._take(number, line) or last
                except httpx2.TransportError:
                    pass
                self.breaks += 1
                await asyncio.sleep(COMES_BACK_AFTER_SECONDS)

    def _take(self, number: int, line: str) -> str | None:
        """Note what is told; returns the id that a line of the stream holds."""
        name, _, value = line.partition(": ")
        if name == "event":
            self.heard.append((number, monotonic(), value))
        return value if name == "id" else None

    def back_after(self, moment: float) -> float | None:
        """Seconds until the last replica told of something that happened since; None while one is silent."""
        firsts: dict[int, float] = {}
        for number, at, kind in self.heard:
            if at >= moment and kind not in ("ready", "resync"):
                firsts.setdefault(number, at)
        return max(firsts.values()) - moment if len(firsts) == len(self.base_urls) else None
