"""Claim: 50 dashboards open on one server hear of an event together, far within the promised 2 seconds, and while
nothing happens they cost next to nothing. No ratio is promised.

Measured is the time from a patient's message being stored to the event having arrived at all 50 (10 people with 5 pages
each, over real connections to a real uvicorn process). Floor: the same write, seen by one change stream over the same
collection from this process, with PyMongo and nothing else. Also told: what the server takes of a core while nothing
happens, with the 50 open and with none.
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import httpx2
from beanie import PydanticObjectId
from pymongo.asynchronous.change_stream import AsyncChangeStream

from app.database.connection import MAJORITY, Database, connect
from app.models.base import Raw
from app.models.enums import Author, ChannelType, Direction
from app.models.interactions import Interaction
from app.models.registry import bind_documents
from app.web.staff.session import COOKIE
from benchmarks.clinic import stored
from benchmarks.measure import Finding, Pairs, Report
from tests.server import RunningServer, start_server

DATABASE = "bench_live"
PEOPLE, PAGES_EACH = 10, 5
PASSWORD = "a-passphrase-of-their-own"
LOOK_MS = 1_000
ARRIVES_WITHIN_SECONDS = 30


@dataclass(slots=True)
class Screens:
    """All open pages; `arrived` is set when the message that is waited for has come to each of them."""

    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    is_ready: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    wanted: str = ""
    missing: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def expect(self, identifier: PydanticObjectId) -> None:
        self.wanted, self.missing = str(identifier), len(self.tasks)
        self.arrived = asyncio.Event()

    async def follow(self, port: int, cookie: str) -> None:
        """One page's stream of events, over a connection of its own."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET /staff/live HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n\r\n".encode())
        try:
            while line := await reader.readline():
                if line.startswith(b"event: ready"):
                    self.is_ready.release()
                elif self.wanted and line.startswith(b"data:") and self.wanted.encode() in line:
                    self.missing -= 1
                    if self.missing == 0:
                        self.arrived.set()
        finally:
            writer.close()


async def measure(mongodb_uri: str, *, quick: bool) -> Report:
    messages, idle_seconds = (20, 5) if quick else (100, 20)
    with (
        tempfile.TemporaryDirectory() as data_dir,
        start_server(mongodb_uri, Path(data_dir), MONGODB_DATABASE=DATABASE, LOG_LEVEL="ERROR") as server,
    ):
        database = connect(mongodb_uri, DATABASE)
        await bind_documents(database.handle, build_indexes=False)
        try:
            alone = await _share_of_a_core(server, idle_seconds)
            async with _screens(server, await asyncio.to_thread(_sessions, server)) as screens:
                idle = await _share_of_a_core(server, idle_seconds)
                pairs = await _told(database, screens, messages)
        finally:
            await database.client.drop_database(DATABASE)
            await database.close()
    finding = Finding(name=f"an event on {PEOPLE * PAGES_EACH} dashboards against a bare stream", pairs=pairs)
    sentence = f"while nothing happens the server takes {idle:.1%} of a core with them open, {alone:.1%} with none"
    return Report(findings=[finding], remarks=[sentence])


def _sessions(server: RunningServer) -> list[str]:
    """A session for each of the people."""
    admin, cookies = server.sign_in(), list[str]()
    for number in range(PEOPLE):
        user = {"name": f"Screen {number}", "email": f"screen{number}@example.com", "password": PASSWORD}
        admin.post("/admin/users", json=user | {"role": "front_desk"}).raise_for_status()
        with httpx2.Client(base_url=server.base_url) as browser:
            answer = browser.post("/staff/sign-in", data={"email": user["email"], "password": PASSWORD})
            cookies.append(f"{COOKIE}={answer.cookies[COOKIE]}")
    return cookies


@asynccontextmanager
async def _screens(server: RunningServer, cookies: list[str]) -> AsyncIterator[Screens]:
    screens = Screens()
    pages = [cookie for cookie in cookies for _ in range(PAGES_EACH)]
    screens.tasks = [asyncio.create_task(screens.follow(server.port, cookie)) for cookie in pages]
    try:
        async with asyncio.timeout(ARRIVES_WITHIN_SECONDS):
            for _ in pages:
                await screens.is_ready.acquire()
        yield screens
    finally:
        for task in screens.tasks:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*screens.tasks, return_exceptions=True)


async def _share_of_a_core(server: RunningServer, seconds: float) -> float:
    before = _cpu_seconds(server)
    await asyncio.sleep(seconds)
    return (_cpu_seconds(server) - before) / seconds


def _cpu_seconds(server: RunningServer) -> float:
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _told(database: Database, screens: Screens, messages: int) -> Pairs:
    pairs = Pairs()
    collection = database.handle.get_collection(Interaction.Settings.name, write_concern=MAJORITY)
    async with await collection.watch(MATCHING, max_await_time_ms=LOOK_MS) as bare:
        for _ in range(messages + 1):
            row = _message()
            screens.expect(row["_id"])
            seen = asyncio.create_task(_seen(bare, row["_id"]))
            started = perf_counter()
            await collection.insert_one(row)
            floor, product = await asyncio.gather(seen, _on_all(screens))
            pairs.add(product=(product - started) * 1_000, floor=(floor - started) * 1_000)
    return Pairs(pairs.product[1:], pairs.floor[1:])  # the first one opens what the others use


MATCHING: list[Raw] = [{"$match": {"operationType": "insert"}}, {"$project": {"documentKey": 1}}]


async def _seen(bare: AsyncChangeStream[Raw], identifier: PydanticObjectId) -> float:
    async with asyncio.timeout(ARRIVES_WITHIN_SECONDS):
        async for change in bare:
            if change["documentKey"]["_id"] == identifier:
                break
    return perf_counter()


async def _on_all(screens: Screens) -> float:
    async with asyncio.timeout(ARRIVES_WITHIN_SECONDS):
        await screens.arrived.wait()
    return perf_counter()


def _message() -> Raw:
    """What a patient wrote, as the inbox stores it."""
    message = Interaction(
        campaign_id=PydanticObjectId(),
        patient_id=PydanticObjectId(),
        direction=Direction.INCOMING,
        content="Do you have anything next Thursday, ideally in the morning before ten?",
        timestamp=datetime.now(UTC),
        channel=ChannelType.SMS,
        author=Author.PATIENT,
    )
    return stored(message)
