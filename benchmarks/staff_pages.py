"""Claim: with 100,000 patients, 300,000 campaigns and 2,000,000 interactions, each page's p95 is at most 5 times its
p95 on the demo clinic.

Measured is every page and part of the dashboard that can be opened, with its filters (tests/web/staff/every_page.py),
from a real uvicorn process over one kept connection, signed in as the admin. Floor: the same page of the demo clinic
from a process of its own, on the same mongod, in turns. A sample is the p95 of one round of requests.

Also told: how long the large database takes to get its indexes and counters, how long a server takes to start on it,
and how much memory the servers hold in the end.
"""

import http.client
import tempfile
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import httpx2
from rich.console import RenderableType

from app.database.connection import connect
from app.demo.seed import DEMO_EMAIL, DEMO_PASSWORD
from app.web.staff.session import COOKIE
from benchmarks.clinic import context_over
from benchmarks.large_clinic import Seeded, somebody_who_waits, store_demo, store_large
from benchmarks.measure import Finding, Pairs, Report, percentile
from tests.server import RunningServer, start_server
from tests.web.staff.every_page import Address, addresses, landmarks

GOAL = 5.0
DEMO, LARGE = "bench_pages_demo", "bench_pages_large"
SHARE = 95
WARM_UP = 3


@dataclass(frozen=True, slots=True)
class Desk:
    """One clinic's server, and somebody signed in at it."""

    server: RunningServer
    connection: http.client.HTTPConnection
    seconds: float
    """How long the server took from its start to its first answer."""

    def sign_in(self) -> dict[str, str]:
        """The headers of a browser with a fresh session."""
        with httpx2.Client(base_url=self.server.base_url) as browser:
            answer = browser.post("/staff/sign-in", data={"email": DEMO_EMAIL, "password": DEMO_PASSWORD})
        return {"Cookie": f"{COOKIE}={answer.cookies[COOKIE]}", "Accept-Encoding": "gzip"}

    def open(self, url: str, headers: dict[str, str]) -> float:
        """The time from the first byte sent to the last one received, in milliseconds."""
        try:
            return self._timed(url, headers)
        except http.client.RemoteDisconnected:  # the server ends a connection that rested while the other had its turn
            self.connection.close()
            self.connection.connect()
            return self._timed(url, headers)

    def _timed(self, url: str, headers: dict[str, str]) -> float:
        started = perf_counter()
        # Blocking on purpose: nothing else runs in this process, and an asynchronous client would add its own time.
        self.connection.request("GET", url, headers=headers)
        answer = self.connection.getresponse()
        answer.read()
        assert answer.status in (200, 204, 303), f"{url}: {answer.status}"
        return (perf_counter() - started) * 1_000

    def memory_mb(self) -> float:
        """What the server's process holds in memory now."""
        status = Path(f"/proc/{self.server.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")) / 1_024


async def measure(mongodb_uri: str, *, quick: bool) -> Report:
    patients, rounds, requests = (10_000, 3, 10) if quick else (100_000, 5, 20)
    now = datetime.now(UTC).replace(microsecond=0)
    demo, large = connect(mongodb_uri, DEMO), connect(mongodb_uri, LARGE)
    try:
        marks = await landmarks(await store_demo(demo, now))
        demo_pages = list(addresses(marks))
        seeded = await store_large(large, now, patients=patients)
        large_pages = list(addresses(await landmarks(context_over(large, now=now), **await somebody_who_waits())))
        report = compare(mongodb_uri, demo_pages, large_pages, rounds=rounds, requests=requests)
        return Report(findings=report.findings, remarks=[*_told(seeded), *report.remarks])
    finally:
        for database in (demo, large):
            await database.client.drop_database(database.handle.name)
            await database.close()


def compare(mongodb_uri: str, demo: list[Address], large: list[Address], *, rounds: int, requests: int) -> Report:
    """Every page of both clinics, page by page in turns; the two lists belong together entry by entry."""
    with ExitStack() as opened:
        desks = [_open_desk(opened, mongodb_uri, name) for name in (LARGE, DEMO)]
        started = [desk.seconds for desk in desks]
        findings = [_finding(desks, pair, rounds=rounds, requests=requests) for pair in zip(large, demo, strict=True)]
        memory = [desk.memory_mb() for desk in desks]
    findings.sort(key=lambda finding: -finding.ratio)
    remarks: list[RenderableType] = [
        f"a server takes {started[0]:.1f} s to start on the large database, {started[1]:.1f} s on the demo's",
        f"its memory after {2 * len(findings) * rounds * requests:,} pages: {memory[0]:.0f} MB against {memory[1]:.0f}",
        f"{sum(finding.ratio <= GOAL for finding in findings)} of {len(findings)} pages within {GOAL:.0f} times",
    ]
    return Report(findings=findings, remarks=remarks)


def _open_desk(opened: ExitStack, mongodb_uri: str, name: str) -> Desk:
    data_dir = Path(opened.enter_context(tempfile.TemporaryDirectory()))
    server = opened.enter_context(start_server(mongodb_uri, data_dir, MONGODB_DATABASE=name, LOG_LEVEL="ERROR"))
    server.stop()
    started = perf_counter()
    server.restart()
    seconds = perf_counter() - started
    return Desk(server, opened.enter_context(closing(http.client.HTTPConnection("127.0.0.1", server.port))), seconds)


def _finding(desks: list[Desk], pair: tuple[Address, Address], *, rounds: int, requests: int) -> Finding:
    pairs, sessions = Pairs(), [desk.sign_in() for desk in desks]
    turns = list(zip(desks, pair, sessions, strict=True))
    for desk, page, session in turns:
        for _ in range(WARM_UP):
            desk.open(page.url, session)
    for _ in range(rounds):
        samples: list[list[float]] = [[], []]
        for _ in range(requests):
            for kept, (desk, page, session) in zip(samples, turns, strict=True):
                kept.append(desk.open(page.url, session))
        pairs.add(product=percentile(samples[0], SHARE), floor=percentile(samples[1], SHARE))
    return Finding(name=pair[0].name, pairs=pairs, goal=GOAL)


def _told(seeded: Seeded) -> list[str]:
    """What the large clinic holds, and how long its making took."""
    sizes = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in seeded.sizes.items())
    seconds = ", ".join(f"{name} {taken:.0f} s" for name, taken in seeded.seconds.items())
    return [f"the large clinic: {sizes}", f"making it: {seconds}"]
