"""600 pushes while uvicorn is killed six times: every acknowledged one is worked exactly once (trust.md 2.5)."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from app.bootstrap import build_context
from app.context import Context
from app.database.connection import connect
from app.jobs import mailbox
from app.models.enums import Direction, InboundSource, InboxState
from app.models.inbox import InboundEvent
from app.models.interactions import Interaction
from app.models.outbox import OutboundMessage
from app.models.registry import bind_documents
from app.services import invariants
from tests.api import pushing
from tests.conftest import make_settings
from tests.factories import make_clinic
from tests.faults.test_eight_crons import ALWAYS_OPEN
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
    expected = {
        "PUBSUB_AUDIENCE": pushing.AUDIENCE,
        "PUBSUB_SERVICE_ACCOUNT": pushing.ACCOUNT,
        "PUBSUB_SUBSCRIPTION": pushing.SUBSCRIPTION,
        "PUBSUB_JWKS_URL": peer.jwks_url,
        "CHAIRSIDE_LEASE_SECONDS": "2",
        "LOG_LEVEL": "ERROR",
    }
    with start_server(mongodb_uri, tmp_path, **gmail_environment(peer, tmp_path), **expected) as running:
        yield running


@pytest.fixture
async def ctx(server: RunningServer) -> AsyncIterator[Context]:
    """The same clinic from within, connected and watched."""
    settings = make_settings(**{name.lower(): value for name, value in server.environment.items()})
    database = connect(server.environment["MONGODB_URI"], server.environment["MONGODB_DATABASE"])
    await bind_documents(database.handle, build_indexes=False)
    ctx = build_context(settings, database)
    await make_clinic(outreach=ALWAYS_OPEN)
    await mailbox.poll(ctx)
    await mailbox.renew_watch(ctx)
    yield ctx
    server.stop()
    await database.client.drop_database(database.handle.name)
    await database.close()


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
