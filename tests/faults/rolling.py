"""Three replicas restarted one after the other while messages come in and go out: what became of each (trust.md 28)."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.bootstrap import build_context
from app.context import Context
from app.database.connection import connect
from app.models.enums import Direction, OutboxState
from app.models.inbox import InboundEvent
from app.models.interactions import Interaction
from app.models.outbox import OutboundMessage
from app.models.registry import bind_documents
from app.services import invariants
from tests.cluster import REPLICAS, Cluster, Stop, start_cluster, stop
from tests.conftest import make_settings
from tests.factories import make_article, make_clinic, make_service
from tests.faults.deliveries import Delivery, Provider
from tests.faults.waiting_mail import ALWAYS_OPEN, write_conversations, write_messages
from tests.mailboxes import gmail_environment
from tests.peers.gmail import GmailPeer, spawn_gmail
from tests.replica_set import ReplicaSet
from tests.server import free_port

MESSAGES_EACH = 10
IN_FULL_SWING = 20
"""So many of a round's messages have left when its replica is told to end: the others are in hand or wait."""
LONGEST_SECONDS = 400


@dataclass
class Outcome:
    """What happened, to be asserted and printed."""

    stops: list[Stop] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)
    """Seconds until the successor of each was taken in."""
    waiting_at_stop: list[int] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    sent: Counter[str] = field(default_factory=Counter)
    attempts_sent: int = 0
    unfinished: int = 0
    events: Counter[str] = field(default_factory=Counter)
    said: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    violations: dict[str, list[str]] = field(default_factory=dict)


@dataclass
class Rolling:
    """The clinic group, its mailbox, and how much it is given to do in each of the three rounds."""

    cluster: Cluster
    gmail: GmailPeer
    ctx: Context
    sends: int
    deliveries: int
    outcome: Outcome = field(default_factory=Outcome)

    async def run(self) -> Outcome:
        """One restart for each replica, each in the middle of its share of the work; then wait for the rest."""
        began, provider = time.monotonic(), Provider(self.cluster.base_url)
        for number, server in enumerate(self.cluster.servers):
            shares = [self.sends // REPLICAS * number + place for place in range(self.sends // REPLICAS)]
            await write_messages(shares)
            messages = await self._conversations(number)
            delivering = asyncio.create_task(asyncio.to_thread(provider.deliver, messages))
            await self._until_in_full_swing()
            self.outcome.waiting_at_stop.append(await _waiting())
            self.outcome.stops.append(await asyncio.to_thread(stop, server))
            self.outcome.starts.append(await asyncio.to_thread(self.cluster.start_again, server))
            await delivering
        await _until_worked()
        self.outcome.seconds = time.monotonic() - began
        return await self._look(provider)

    async def _conversations(self, number: int) -> list[Delivery]:
        """This round's deliveries: a wish to book from each patient, then thanks."""
        people = self.deliveries // REPLICAS // MESSAGES_EACH
        first = 1_000_000 + number * people
        senders = await write_conversations(range(first, first + people))
        return [
            Delivery(f"in-{number}-{place}-{turn}", f"thread-{number}-{place}", sender, text_of(place, turn))
            for turn in range(MESSAGES_EACH)
            for place, sender in enumerate(senders)
        ]

    async def _until_in_full_swing(self) -> None:
        """Until messages leave again: what is claimed at the signal is what the test is about."""
        before, deadline = self._left(), time.monotonic() + LONGEST_SECONDS
        while self._left() < before + IN_FULL_SWING:
            assert time.monotonic() < deadline, "nothing is being sent"
            await asyncio.sleep(0.1)

    def _left(self) -> int:
        return len(self.gmail.effects("drafts.send"))

    async def _look(self, provider: Provider) -> Outcome:
        found = self.outcome
        found.statuses, found.broken = provider.statuses, provider.broken
        found.sent = Counter(row["outbox_id"] for row in self.gmail.effects("drafts.send"))
        found.attempts_sent = await OutboundMessage.find({"kind": "attempt", "state": OutboxState.SENT}).count()
        found.unfinished = await _waiting()
        found.events = Counter([event.event_id for event in await InboundEvent.find_all().to_list()])
        incoming = await Interaction.find({"direction": Direction.INCOMING}).to_list()
        found.said = Counter(str(item.external_id) for item in incoming)
        found.answers = Counter(str(row.campaign_id) for row in await _answers())
        found.violations = {name: broken for name, broken in (await invariants.check(self.ctx)).items() if broken}
        return found


def text_of(place: int, turn: int) -> str:
    return f"Yes, I would like to book a visit, {place}" if turn == 0 else f"Thank you, {place} {turn}"


async def _answers() -> list[OutboundMessage]:
    return await OutboundMessage.find({"kind": {"$ne": "attempt"}, "state": OutboxState.SENT}).to_list()


async def _waiting() -> int:
    """Messages and events that nobody has finished."""
    open_states = [OutboxState.PENDING, OutboxState.DRAFTED, OutboxState.SENDING]
    messages = await OutboundMessage.find({"state": {"$in": open_states}}).count()
    return messages + await InboundEvent.find({"state": "RECEIVED"}).count()


async def _until_worked() -> None:
    deadline = time.monotonic() + LONGEST_SECONDS
    while waiting := await _waiting():
        assert time.monotonic() < deadline, f"{waiting} were not worked"
        await asyncio.sleep(0.2)


@asynccontextmanager
async def rolling(folder: Path, *, sends: int, deliveries: int) -> AsyncIterator[Rolling]:
    """Three replicas on a three-member set, Gmail's wire format, and a clinic that is always open."""
    with _running(folder) as (cluster, gmail):
        settings: dict[str, Any] = {name.lower(): value for name, value in cluster.environment.items()}
        database = connect(settings["mongodb_uri"], settings["mongodb_database"])
        try:
            await bind_documents(database.handle, build_indexes=False)
            ctx = build_context(make_settings(**settings), database)
            await make_clinic(outreach=ALWAYS_OPEN)
            await make_service()
            await make_article(ctx, "Parking", "There is free parking behind the house.")
            yield Rolling(cluster, gmail, ctx, sends, deliveries)
        finally:
            await database.close()


@contextmanager
def _running(folder: Path) -> Iterator[tuple[Cluster, GmailPeer]]:
    with (
        spawn_gmail(free_port()) as gmail,
        ReplicaSet(folder / "mongo") as members,
        start_cluster(
            members.uri, folder, replicas=REPLICAS, LOG_LEVEL="ERROR", **gmail_environment(gmail, folder)
        ) as cluster,
    ):
        yield cluster, gmail
        for server in cluster.servers:
            server.stop()
        members.kill_all()  # a primary that is asked to end waits for a successor, and nobody needs one
