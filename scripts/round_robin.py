"""A small round-robin on loopback: one connection to each replica in turn, for trying out several of them.

Bytes are passed on as they come, so that event streams work. A replica that refuses a connection, or does not say that
it is ready, gets no more of them until it does: `python -m scripts.round_robin 8000 8001 8002 8003`. For a clinic, take
a proxy that also speaks TLS (docs/how-to/run-several-replicas.md).
"""

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

LOOPBACK = "127.0.0.1"
ASKED_EVERY_SECONDS, ANSWERS_WITHIN_SECONDS = 0.5, 5.0
MOST_BYTES = 64 * 1024
QUESTION = b"GET /health/ready HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
NOBODY = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Type: text/plain\r\nContent-Length: 21\r\n"
    b"Connection: close\r\n\r\nNo replica is ready.\n"
)
Wire = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(eq=False, slots=True)
class Backend:
    """One replica; `is_in` while it gets connections, `was_in` once it got in for the first time."""

    port: int
    is_in: bool = False
    was_in: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class RoundRobin:
    """The replicas by their loopback ports, and whose turn it is."""

    ports: list[int]
    backends: list[Backend] = field(init=False)
    _turn: int = 0
    _open: set[asyncio.Task[None]] = field(default_factory=set)
    """Connections in hand: the event loop itself holds on to none of them."""

    def __post_init__(self) -> None:
        self.backends = [Backend(port) for port in self.ports]

    @asynccontextmanager
    async def listening(self, port: int) -> AsyncIterator[None]:
        """Take connections on this loopback port, and ask every replica now and then."""
        server = await asyncio.start_server(self._take, LOOPBACK, port)
        asking = [asyncio.create_task(self._keep_asking(backend)) for backend in self.backends]
        try:
            yield
        finally:
            server.close()
            for task in (*asking, *self._open):
                task.cancel()

    async def wait_until_all_were_in(self) -> None:
        """Return when every replica has been ready once."""
        for backend in self.backends:
            await backend.was_in.wait()

    async def _keep_asking(self, backend: Backend) -> None:
        while True:
            backend.is_in = await is_ready(backend.port)
            if backend.is_in:
                backend.was_in.set()
            await asyncio.sleep(ASKED_EVERY_SECONDS)

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving = asyncio.create_task(self._serve(reader, writer))
        self._open.add(serving)
        serving.add_done_callback(self._open.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            wire = await self._connect()
            if wire is None:
                writer.write(NOBODY)
                await writer.drain()
            else:
                await _join((reader, writer), wire)
        except OSError:
            pass  # either side is gone
        finally:
            writer.close()

    async def _connect(self) -> Wire | None:
        """The next replica that takes a connection; one that refuses it is out from that moment on."""
        for _ in self.backends:
            backend = self.backends[self._turn % len(self.backends)]
            self._turn += 1
            if not backend.is_in:
                continue
            try:
                wire = await asyncio.open_connection(LOOPBACK, backend.port)
            except OSError:
                backend.is_in = False
                continue
            return wire
        return None


async def is_ready(port: int) -> bool:
    """Whether a replica on this port says that it can serve."""
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(ANSWERS_WITHIN_SECONDS):
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
            try:
                writer.write(QUESTION)
                return (await reader.readline()).split()[1:2] == [b"200"]
            finally:
                writer.close()
    return False


async def _join(client: Wire, replica: Wire) -> None:
    """Pass bytes both ways until the replica has no more to say."""
    asking = asyncio.create_task(_pass_on(client[0], replica[1]))
    try:
        await _pass_on(replica[0], client[1])
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        replica[1].close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A side that has ended is told to the other: the rest of an answer may still be on its way."""
    try:
        while data := await reader.read(MOST_BYTES):
            writer.write(data)
            await writer.drain()
    finally:
        if writer.can_write_eof():
            with suppress(OSError):
                writer.write_eof()


async def _run(port: int, ports: list[int]) -> None:
    async with RoundRobin(ports).listening(port):
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.round_robin", description="Connections by turns.")
    parser.add_argument("port", type=int, help="where to listen on 127.0.0.1")
    parser.add_argument("replicas", type=int, nargs="+", help="the ports of the replicas")
    arguments = parser.parse_args()
    with suppress(KeyboardInterrupt):
        asyncio.run(_run(arguments.port, arguments.replicas))


if __name__ == "__main__":
    main()
