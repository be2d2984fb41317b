"""Claim: what replicas get done grows with their number until the machine's cores are all busy; none costs the others
anything. No ratio is promised.

Measured are two and three app processes against one, in the same rounds over one mongod: answers a second to
`GET /api/v1/admin/campaigns` (25 campaigns), and messages a second from the outbox through Gmail's wire format, once
with a provider that takes as long as Gmail does and once with one that answers at once. Replicas that do not take part
stand still (SIGSTOP). Told with it: the processor time that the replicas spend on each, which stays the same when they
do not get in each other's way, and how busy the machine was. Where it is all busy, the machine is the limit.
"""

import asyncio
import http.client
import os
import signal
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median

from rich import box
from rich.table import Table

from app.database.connection import connect
from app.models.enums import OutboxState
from app.models.outbox import OutboundMessage
from app.models.registry import bind_documents
from benchmarks.measure import Finding, Pairs, Report
from tests.factories import make_clinic
from tests.faults.waiting_mail import ALWAYS_OPEN, write_conversations, write_messages
from tests.mailboxes import gmail_environment
from tests.peers.gmail import GmailPeer, spawn_gmail
from tests.server import RunningServer, free_port, start_replicas

REPLICAS = (1, 2, 3)
CALLERS_EACH = 4
CAMPAIGNS = 200
GMAILS_MILLISECONDS = 300
"""About what one of its calls takes; a message takes three."""
SENT_WITHIN_SECONDS = 300
DATABASE = "bench_replicas"
HISTORY = {"minSnapshotHistoryWindowInSeconds": 300}
"""The server's default again: while messages are written, a list's counters are read from a snapshot."""

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Rate:
    """What so many replicas did: how much a second, at what cost, and the share of all cores that was busy."""

    per_second: float
    milliseconds_each: float
    busy: float


@dataclass
class Group:
    """Every replica there is, and the rates found, by what was done and how many took part."""

    servers: list[RunningServer]
    gmail: GmailPeer
    headers: dict[str, str]
    found: dict[str, dict[int, list[Rate]]] = field(default_factory=dict)

    @contextmanager
    def only(self, replicas: int) -> Iterator[list[RunningServer]]:
        """The first so many; the others stand still."""
        idle = self.servers[replicas:]
        for server in idle:
            server.process.send_signal(signal.SIGSTOP)
        try:
            yield self.servers[:replicas]
        finally:
            for server in idle:
                server.process.send_signal(signal.SIGCONT)

    async def take(self, what: str, replicas: int, work: Callable[[list[RunningServer]], Awaitable[int]]) -> None:
        """Let so many replicas do it, and keep the rate."""
        with self.only(replicas) as working:
            began, spent, idle = time.perf_counter(), _spent(working), _idle_share()
            done = await work(working)
            seconds, busy = time.perf_counter() - began, 1 - idle()
            each = (_spent(working) - spent) * 1_000 / done
        rates = self.found.setdefault(what, {}).setdefault(replicas, [])
        rates.append(Rate(done / seconds, each, busy))


def _spent(servers: list[RunningServer]) -> float:
    """Seconds of a core that these processes have used so far."""
    total = 0
    for server in servers:
        fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def _idle_share() -> Callable[[], float]:
    """The share of all cores' time that nobody used, from now until it is asked."""

    def read() -> tuple[int, int]:
        first_line = Path("/proc/stat").read_text().partition("\n")[0]
        fields = [int(value) for value in first_line.split()[1:9]]
        return sum(fields), fields[3] + fields[4]

    total, idle = read()

    def share() -> float:
        now, now_idle = read()
        return (now_idle - idle) / max(1, now - total)

    return share


def _ask(server: RunningServer, headers: dict[str, str], until: float, done: list[int]) -> None:
    """One caller over one kept connection, until the time is over; adds how many answers it got."""
    connection, answers = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60), 0
    try:
        while time.perf_counter() < until:
            connection.request("GET", "/api/v1/admin/campaigns?limit=25", headers=headers)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, answer.status
            answers += 1
    finally:
        connection.close()
    done.append(answers)


async def _answers(servers: list[RunningServer], *, headers: dict[str, str], seconds: float) -> int:
    until, done = time.perf_counter() + seconds, list[int]()
    callers = [
        threading.Thread(target=_ask, args=(server, headers, until, done))
        for server in servers
        for _ in range(CALLERS_EACH)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        await asyncio.to_thread(caller.join)
    return sum(done)


async def _messages(servers: list[RunningServer], *, each: int) -> int:
    """So many messages for each replica, from the outbox to the mailbox."""
    sent = {"state": OutboxState.SENT}
    amount, before = each * len(servers), await OutboundMessage.find(sent).count()
    await write_messages([next(_numbers) for _ in range(amount)])
    give_up_at = time.monotonic() + SENT_WITHIN_SECONDS
    while (missing := before + amount - await OutboundMessage.find(sent).count()) > 0:
        assert time.monotonic() < give_up_at, f"{missing} messages were not sent"
        await asyncio.sleep(0.05)
    return amount


async def measure(mongodb_uri: str, *, quick: bool) -> Report:
    """Rounds in which one, two and three replicas take their turns."""
    rounds, seconds, slow, fast = (2, 4.0, 20, 40) if quick else (5, 8.0, 40, 120)
    async with _group(mongodb_uri) as group:
        for _ in range(rounds):
            for replicas in REPLICAS:
                await group.take(
                    REQUESTS, replicas, lambda servers: _answers(servers, headers=group.headers, seconds=seconds)
                )
                group.gmail.fail({"kind": "latency", "seconds": GMAILS_MILLISECONDS / 1_000})
                await group.take(SLOW, replicas, lambda servers: _messages(servers, each=slow))
                group.gmail.fail()
                await group.take(FAST, replicas, lambda servers: _messages(servers, each=fast))
    return Report(findings=_findings(group), remarks=[_table(group)])


REQUESTS = "answers"
SLOW = f"messages, {GMAILS_MILLISECONDS} ms a call"
FAST = "messages, no wait"


@asynccontextmanager
async def _group(mongodb_uri: str) -> AsyncIterator[Group]:
    """Three processes that work the jobs, a clinic that is always open, and campaigns to list."""
    with (
        tempfile.TemporaryDirectory() as name,
        spawn_gmail(free_port()) as gmail,
        start_replicas(
            mongodb_uri,
            [Path(name)] * max(REPLICAS),
            **gmail_environment(gmail, Path(name)),
            MONGODB_DATABASE=DATABASE,
            SCHEDULER="on",
            LOG_LEVEL="ERROR",
        ) as servers,
    ):
        database = connect(mongodb_uri, DATABASE)
        try:
            await database.client.admin.command({"setParameter": 1} | HISTORY)
            await bind_documents(database.handle, build_indexes=False)
            await make_clinic(outreach=ALWAYS_OPEN)
            await write_conversations([next(_numbers) for _ in range(CAMPAIGNS)])
            yield Group(servers, gmail, {"Authorization": servers[0].sign_in().headers["Authorization"]})
        finally:
            await database.client.drop_database(DATABASE)
            await database.close()


def _findings(group: Group) -> list[Finding]:
    findings = []
    for what, rates in group.found.items():
        one = [rate.per_second for rate in rates[1]]
        for replicas in REPLICAS[1:]:
            several = [rate.per_second for rate in rates[replicas]]
            pairs = Pairs(product=several, floor=one)
            findings.append(Finding(name=f"{replicas} replicas against 1, {what}", pairs=pairs, unit="/s"))
    return findings


def _table(group: Group) -> Table:
    table = Table("what", "replicas", title="medians of the rounds", box=box.SIMPLE, title_justify="left")
    for column in ("a second", "ms of a core each", "cores busy"):
        table.add_column(column, justify="right")
    for what, rates in group.found.items():
        for replicas, found in rates.items():
            table.add_row(
                what,
                str(replicas),
                f"{median(rate.per_second for rate in found):,.1f}",
                f"{median(rate.milliseconds_each for rate in found):.1f}",
                f"{median(rate.busy for rate in found):.0%}",
            )
    return table
