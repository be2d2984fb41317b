"""500 mails, announced 1 to 4 times each in any order, to 4 workers: once each and in order (trust.md fault 10)."""

import asyncio
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.context import Context
from app.models.enums import Direction, InboxState
from app.models.inbox import InboundEvent
from app.models.interactions import Interaction
from app.models.outbox import OutboundMessage
from app.services import invariants
from tests.api import pushing
from tests.faults.mail_worker import STOP
from tests.faults.pushed_clinic import believing, clinic_behind
from tests.mailboxes import gmail_environment, reply, written_by_mail
from tests.peers.gmail import GmailPeer, spawn_gmail
from tests.server import RunningServer, free_port, start_server

CAMPAIGNS, MESSAGES_EACH, WAVES, WORKERS, MOST_COPIES = 20, 25, 10, 4, 4
LONGEST_SECONDS = 240


@pytest.fixture
def peer() -> Iterator[GmailPeer]:
    with spawn_gmail(free_port()) as running:
        yield running


@pytest.fixture
def server(mongodb_uri: str, tmp_path: Path, peer: GmailPeer) -> Iterator[RunningServer]:
    """The replica that takes the pushes; it works nothing itself."""
    environment = gmail_environment(peer, tmp_path) | believing(peer.jwks_url)
    with start_server(mongodb_uri, tmp_path, **environment) as running:
        yield running


@pytest.fixture
async def ctx(server: RunningServer) -> AsyncIterator[Context]:
    """The same clinic from within, connected and watched."""
    async with clinic_behind(server) as ctx:
        yield ctx


@pytest.mark.timeout(2 * LONGEST_SECONDS)
async def test_each_once_in_order_and_never_two_at_a_time(
    ctx: Context, server: RunningServer, peer: GmailPeer, tmp_path: Path
) -> None:
    written = [(await written_by_mail(ctx))[1] for _ in range(CAMPAIGNS)]
    url = f"{server.base_url}{pushing.URL}"
    peer.admin("subscribe", url=url, audience=pushing.AUDIENCE, copies=MOST_COPIES, hold=True)

    with workers(server, tmp_path):
        for wave in range(WAVES):
            await asyncio.to_thread(deliver, peer, written, wave)
        pushed = await asyncio.to_thread(peer.wait_until_pushed, within=LONGEST_SECONDS)
        await wait_until_worked()

    told = CAMPAIGNS * MESSAGES_EACH
    assert len(pushed["acknowledged"]) == told
    assert len(pushed["answers"]) > told
    assert await InboundEvent.find({"state": {"$ne": InboxState.DONE}}).count() == 0
    assert await Interaction.find({"direction": Direction.INCOMING}).count() == told

    records = recorded(tmp_path)
    assert sum(record.get("answered", 0) for record in records) == told
    runs = sorted((record for record in records if "run" in record), key=lambda record: record["began"])
    assert_once_in_order(runs)
    assert_never_two_at_a_time(runs)
    assert not any((await invariants.check(ctx)).values())


def recorded(folder: Path) -> list[dict[str, Any]]:
    """What all workers wrote down."""
    return [json.loads(line) for file in folder.glob("worker-*.jsonl") for line in file.read_text().splitlines()]


def deliver(peer: GmailPeer, written: list[OutboundMessage], wave: int) -> None:
    """One wave of answers, of all campaigns in any order; then its pushes, shuffled."""
    each = MESSAGES_EACH / WAVES
    for number in range(round(wave * each), round((wave + 1) * each)):
        for campaign in random.Random(number).sample(range(len(written)), len(written)):
            peer.deliver(reply(written[campaign], f"campaign {campaign} message {number}"))
    peer.admin("release")


@contextmanager
def workers(server: RunningServer, folder: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "tests.faults.mail_worker", str(folder)]
    running = [subprocess.Popen(command, env=os.environ | server.environment) for _ in range(WORKERS)]
    try:
        yield
    finally:
        (folder / STOP).touch()
        statuses = [process.wait(timeout=60) for process in running]
    assert statuses == [0] * WORKERS


async def wait_until_worked() -> None:
    deadline = time.monotonic() + LONGEST_SECONDS
    while waiting := await InboundEvent.find({"state": InboxState.RECEIVED}).count():
        assert time.monotonic() < deadline, f"{waiting} events were not worked"
        await asyncio.sleep(0.1)


def assert_once_in_order(runs: list[dict[str, Any]]) -> None:
    """All that the agent read, campaign by campaign, is what was written, in the order in which it was written."""
    read: dict[str, list[int]] = defaultdict(list)
    for run in runs:
        for line in run["run"].splitlines():
            _, campaign, _, number = line.split()
            read[campaign].append(int(number))
    assert read == {str(campaign): list(range(MESSAGES_EACH)) for campaign in range(CAMPAIGNS)}


def assert_never_two_at_a_time(runs: list[dict[str, Any]]) -> None:
    ends: Counter[str] = Counter()
    for run in runs:
        campaign = run["run"].split()[1]
        assert run["began"] >= ends[campaign], f"campaign {campaign} was read twice at a time"
        ends[campaign] = run["ended"]
