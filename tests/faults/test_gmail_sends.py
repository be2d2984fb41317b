"""1,500 mails through Gmail's wire format by four workers that are killed and stopped: each once (trust.md 2.4, M4)."""

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from beanie import PydanticObjectId
from pymongo import MongoClient

from app.bootstrap import build_context
from app.context import Context
from app.database.connection import Database, connect
from app.database.mongod_process import choose_port
from app.models.campaigns import Campaign, CampaignChannel, StatusChange
from app.models.enums import (
    Author,
    CampaignStatus,
    CampaignType,
    ChannelType,
    Delivery,
    Direction,
    MessageKind,
    OutboxState,
    PatientType,
)
from app.models.interactions import Interaction
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.models.registry import bind_documents
from app.services import invariants
from tests.conftest import make_settings
from tests.factories import make_clinic
from tests.faults.senders import Senders
from tests.faults.waiting_mail import ALWAYS_OPEN
from tests.peers.gmail import ADDRESS, GmailPeer, spawn_gmail

MESSAGES, WORKERS, KILLS, STALLS = 1_500, 4, 60, 15
LEASE_SECONDS = 1.5
DROPPED = 0.01
WAITS_FOR = ("state", "state_reason", "failures", "not_before", "lease_until", "lease_generation", "sending_since")
"""Of the connections, before the effect; as many again behind it: two percent in all."""


@pytest.fixture(scope="module")
def gmail() -> Iterator[GmailPeer]:
    with spawn_gmail(choose_port(None)) as peer:
        yield peer


@dataclass
class Post:
    """A database with messages to send, and the settings of a process that sends them."""

    ctx: Context
    database: Database
    settings: dict[str, Any]

    def in_the_mailbox(self, gmail: GmailPeer) -> Counter[str]:
        """How often each message of this database stands among what was really sent, by outbox id."""
        marks = (message_from_bytes(mail["raw"])["X-Outbox-Id"] for mail in gmail.messages("SENT"))
        mine = {str(identifier) for identifier in self._ids()}
        return Counter(mark for mark in marks if mark in mine)

    def _ids(self) -> list[Any]:
        with self._client() as client:
            return client[self.settings["mongodb_database"]]["outbound_messages"].distinct("_id")

    def not_done(self) -> list[dict[str, Any]]:
        return self._waiting(OutboxState.PENDING, OutboxState.DRAFTED, OutboxState.SENDING)

    def not_handed_out(self) -> list[dict[str, Any]]:
        """What else is left may have left, and only the provider can say."""
        return self._waiting(OutboxState.PENDING, OutboxState.DRAFTED)

    def _waiting(self, *states: OutboxState) -> list[dict[str, Any]]:
        """Some of the rows in these states, with what they wait for."""
        with self._client() as client:
            rows = client[self.settings["mongodb_database"]]["outbound_messages"]
            return rows.find({"state": {"$in": states}}, WAITS_FOR).limit(3).to_list()

    def _client(self) -> MongoClient[dict[str, Any]]:
        return MongoClient(self.settings["mongodb_uri"])


@pytest.fixture
async def post(mongodb_uri: str, gmail: GmailPeer, tmp_path: Path) -> AsyncIterator[Post]:
    name = f"post_{uuid.uuid4().hex[:8]}"
    credentials = tmp_path / "gmail.json"
    credentials.write_text(gmail.authorized_user_json())
    settings = {
        "mongodb_uri": mongodb_uri,
        "mongodb_database": name,
        "channel_email": "gmail",
        "gmail_mailbox": ADDRESS,
        "google_credentials_file": str(credentials),
        "gmail_api_url": gmail.url,
        "gmail_sends_per_second": 1_000,
        "chairside_env": "test",
        "chairside_lease_seconds": LEASE_SECONDS,
        "log_level": "ERROR",
    }
    database = connect(mongodb_uri, name)
    await bind_documents(database.handle, build_indexes=True)
    yield Post(build_context(make_settings(), database), database, settings)
    gmail.fail()
    await database.client.drop_database(name)
    await database.close()


async def write_messages(count: int) -> None:
    """So many patients, each with a campaign whose first attempt waits in the outbox."""
    await make_clinic(outreach=ALWAYS_OPEN)
    now = datetime.now(UTC) - timedelta(minutes=1)
    for number in range(count):
        await _write_message(number, now)


async def _write_message(number: int, now: datetime) -> None:
    address, row_id = f"pat{number}@example.net", PydanticObjectId()
    patient = Patient(
        name=f"Pat {number}", email=address, patient_type=PatientType.EXISTING, created_at=now, updated_at=now
    )
    created = StatusChange(event="created", source=None, target=CampaignStatus.ATTEMPTING_RECOVERY, at=now, by="system")
    campaign = Campaign(
        patient_id=patient.id,
        patient_name=patient.name,
        campaign_type=CampaignType.RECALL,
        status=CampaignStatus.ATTEMPTING_RECOVERY,
        channel=CampaignChannel(type=ChannelType.EMAIL, address=address),
        created_at=now,
        updated_at=now,
        status_changes=[created],
    )
    shown = {
        "channel": ChannelType.EMAIL,
        "subject": "Your visit",
        "campaign_id": campaign.id,
        "patient_id": patient.id,
    }
    await patient.insert()
    await campaign.insert()
    await Interaction(
        id=row_id,
        direction=Direction.OUTGOING,
        content="Hello",
        timestamp=now,
        author=Author.AI,
        delivery=Delivery.QUEUED,
        **shown,
    ).insert()
    await OutboundMessage(
        id=row_id,
        key=f"test:{number}",
        kind=MessageKind.ATTEMPT,
        attempt=1,
        to=address,
        body="Hello",
        created_at=now,
        not_before=now,
        **shown,
    ).insert()


def break_connections(gmail: GmailPeer) -> None:
    gmail.fail({"kind": "drop_before", "probability": DROPPED}, {"kind": "drop_after", "probability": DROPPED})


@pytest.mark.timeout(1_200)  # 75 disturbances, each of which costs a lease, and a message that fails again and again
async def test_every_message_leaves_once(post: Post, gmail: GmailPeer) -> None:
    await write_messages(MESSAGES)
    break_connections(gmail)
    senders = Senders(post.settings, WORKERS, LEASE_SECONDS)
    try:
        senders.disturb(kills=KILLS, stalls=STALLS, until=post.not_done, pause=0.3)
    finally:
        senders.stop()
    sent = post.in_the_mailbox(gmail)
    assert (senders.kills, senders.stalls) == (KILLS, STALLS)
    assert (len(sent), set(sent.values())) == (MESSAGES, {1})
    assert await OutboundMessage.find({"state": OutboxState.SENT}).count() == MESSAGES
    assert await Campaign.find({"follow_up_details.attempts_made": 1}).count() == MESSAGES
    assert not any((await invariants.check(post.ctx)).values())


@pytest.mark.timeout(1_200)  # as above
async def test_without_the_draft_it_does_not_hold(post: Post, gmail: GmailPeer) -> None:
    """The draft is what makes it hold: sent directly, some messages are lost to a worker's death."""
    await write_messages(MESSAGES // 5)
    break_connections(gmail)
    senders = Senders(post.settings | {"gmail_drafts": "off"}, WORKERS, LEASE_SECONDS)
    try:
        senders.disturb(kills=20, stalls=5, until=post.not_handed_out, pause=0.3)
        await asyncio.sleep(5 * LEASE_SECONDS)  # what a living worker still holds is finished
    finally:
        senders.stop()
    sent = post.in_the_mailbox(gmail)
    each_once = len(sent) == MESSAGES // 5 and set(sent.values()) == {1}
    all_known = await OutboundMessage.find({"state": OutboxState.SENT}).count() == MESSAGES // 5
    assert not (each_once and all_known)
    assert set(sent.values()) == {1}, "nothing is ever sent twice, drafts or not"
