"""600 pushes while uvicorn is killed six times: every acknowledged one is worked exactly once (trust.md 2.5)."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from app.context import Context
from app.models.enums import Direction, InboundSource, InboxState
from app.models.inbox import InboundEvent
from app.models.interactions import Interaction
from app.models.outbox import OutboundMessage
from app.services import invariants
from tests.api import pushing
from tests.faults.pushed_clinic import believing, clinic_behind
from tests.mailboxes import gmail_environment, reply, written_by_mail
from tests.peers.gmail import GmailPeer, spawn_gmail
from tests.server import RunningServer, free_port, start_server

CAMPAIGNS, MESSAGES_EACH, KILLS = 60, 10, 6
SECONDS_BETWEEN_KILLS = 1.5
LONGEST_SECONDS = 300


@pytest.fixture
def peer() -> Iterator[GmailPeer]:
    with spawn_gmail(free_port()) as running:
        yield running


@pytest.fixture
def server(mongodb_uri: str, tmp_path: Path, peer: GmailPeer) -> Iterator[RunningServer]:
    """A clinic on one machine: it takes the pushes and works them."""
    environment = gmail_environment(peer, tmp_path) | believing(peer.jwks_url)
    with start_server(mongodb_uri, tmp_path, **environment, CHAIRSIDE_LEASE_SECONDS="2", LOG_LEVEL="ERROR") as running:
        yield running


@pytest.fixture
async def ctx(server: RunningServer) -> AsyncIterator[Context]:
    """The same clinic from within, connected and watched."""
    async with clinic_behind(server) as ctx:
        yield ctx
        server.stop()


@pytest.mark.timeout(3 * LONGEST_SECONDS)
async def test_every_acknowledged_push_is_worked_once(ctx: Context, server: RunningServer, peer: GmailPeer) -> None:
    written = [(await written_by_mail(ctx))[1] for _ in range(CAMPAIGNS)]
    await asyncio.to_thread(server.restart, SCHEDULER="on")  # from here on it works by itself
    url = f"{server.base_url}{pushing.URL}"
    peer.admin("subscribe", url=url, audience=pushing.AUDIENCE, copies=1)

    delivering = asyncio.create_task(asyncio.to_thread(deliver, peer, written))
    for _ in range(KILLS):
        await asyncio.sleep(SECONDS_BETWEEN_KILLS)
        server.kill()
        await asyncio.to_thread(server.restart, SCHEDULER="on")
    await delivering
    pushed = await asyncio.to_thread(peer.wait_until_pushed, within=LONGEST_SECONDS)
    await wait_until_worked()

    told = CAMPAIGNS * MESSAGES_EACH
    assert len(pushed["acknowledged"]) == told
    assert any(status not in (200, 204) for _, status in pushed["answers"]), "no push ever met a dead server"
    kept = Counter([event.event_id for event in await InboundEvent.find({"source": InboundSource.GMAIL}).to_list()])
    assert set(kept.values()) == {1}
    assert set(pushed["acknowledged"]) <= set(kept)
    assert await InboundEvent.find({"state": {"$ne": InboxState.DONE}}).count() == 0
    incoming = await Interaction.find({"direction": Direction.INCOMING}).to_list()
    said = Counter(item.content for item in incoming)
    assert said == Counter({text_of(campaign, number): 1 for campaign, number in everything()})
    assert not any((await invariants.check(ctx)).values())


def everything() -> Iterator[tuple[int, int]]:
    """Campaign and message of each mail, in the order in which they are written."""
    return ((campaign, number) for number in range(MESSAGES_EACH) for campaign in range(CAMPAIGNS))


def text_of(campaign: int, number: int) -> str:
    return f"Thank you, {campaign} {number}"


def deliver(peer: GmailPeer, written: list[OutboundMessage]) -> None:
    for campaign, number in everything():
        peer.deliver(reply(written[campaign], text_of(campaign, number)))
        time.sleep(0.02)


async def wait_until_worked() -> None:
    deadline = time.monotonic() + LONGEST_SECONDS
    while waiting := await InboundEvent.find({"state": InboxState.RECEIVED}).count():
        assert time.monotonic() < deadline, f"{waiting} events were not worked"
        await asyncio.sleep(0.2)
