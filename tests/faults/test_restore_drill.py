"""Last night's copy comes back: it stands still, learns what left and who said stop, and doubles nothing (fault 23).

Gmail's wire format over a real server; the patients' mailboxes are counted there, at the provider.
"""

import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from email import message_from_bytes
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import pytest

from app.context import Context
from app.database.connection import Database
from app.database.identity import Remembered
from app.errors import ConflictError
from app.jobs import inbox, outbox, outreach, recovery
from app.models.campaigns import Campaign
from app.models.enums import Author, ChannelType, MessageKind, OutboxState, PauseReason
from app.models.links import PatientLink
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.models.recovery import FoundMessage, SendingState
from app.models.registry import bind_documents
from app.security import hash_link_token
from app.services import invariants, launching, mailbox_sync, patients, sending_pause
from app.services import outbox as outbox_service
from app.settings import Settings
from tests.conftest import Clock
from tests.factories import make_clinic, make_due_patient, make_patient
from tests.faults.restoring import Backup, back_up, put_back, restore_copy
from tests.mailboxes import connected, reply
from tests.peers.gmail import GmailPeer, serve_gmail
from tests.services import stage

BEFORE, WAITING, AFTER, PLANNED = 6, 5, 5, 3
"""Patients who were written to before the copy was made; whose message waited in it; who came due later; and
messages that wait for tomorrow and must still leave."""


@pytest.fixture
def peer() -> Iterator[GmailPeer]:
    with serve_gmail() as running:
        yield running


@dataclass
class Drill:
    """A clinic that works through Gmail, and what it takes to bring its copy back as another process."""

    ctx: Context
    peer: GmailPeer
    clock: Clock
    settings: Settings
    folder: Path
    uri: str
    restored: Database | None = None

    async def bring_back(self, backup: Backup) -> Context:
        """The copy in a fresh database, and a new process over it."""
        self.restored = await restore_copy(self.uri, f"restored_{uuid.uuid4().hex[:8]}", backup)
        return connected(self.settings, self.restored, self.clock, self.peer, self.folder)

    def mails_to(self) -> Counter[str]:
        """How many mails of ours each address has, at the provider."""
        sent = (message_from_bytes(each["raw"]) for each in self.peer.messages("SENT"))
        return Counter(parseaddr(message["To"])[1] for message in sent)

    def marks(self) -> Counter[str]:
        sent = (message_from_bytes(each["raw"]) for each in self.peer.messages("SENT"))
        return Counter(message["X-Outbox-Id"] for message in sent)


@pytest.fixture
async def drill(
    settings: Settings, database: Database, clock: Clock, peer: GmailPeer, tmp_path: Path, mongodb_uri: str
) -> AsyncIterator[Drill]:
    settings = settings.model_copy(update={"public_base_url": "https://clinic.example.com"})
    ctx = connected(settings, database, clock, peer, tmp_path)
    await make_clinic()
    running = Drill(ctx, peer, clock, settings, tmp_path, mongodb_uri)
    try:
        yield running
    finally:
        if running.restored:
            await running.restored.client.drop_database(running.restored.handle.name)
            await running.restored.close()
        await bind_documents(database.handle, build_indexes=False)


async def due(ctx: Context, count: int, **fields: Any) -> list[Patient]:
    return [await make_due_patient(ctx, preferred_channel=[ChannelType.EMAIL], **fields) for _ in range(count)]


async def work(ctx: Context) -> None:
    """What the timetable does in a few minutes."""
    await recovery.work(ctx)
    await mailbox_sync.sync(ctx)
    await launching.launch_due(ctx)
    await outreach.send_due_follow_ups(ctx)
    await inbox.drain(ctx)
    await outbox.drain(ctx)


async def plan_for_tomorrow(ctx: Context, count: int) -> list[str]:
    """Notices that a person wrote and that are to leave tomorrow."""
    addresses = []
    for number in range(count):
        patient = await make_patient(ctx)
        message = outbox_service.NewMessage(
            key=f"planned:{number}",
            kind=MessageKind.STAFF,
            author=Author.STAFF,
            channel=ChannelType.EMAIL,
            to=str(patient.email),
            subject="Tomorrow",
            body="Please bring your card.",
            not_before=ctx.now() + timedelta(days=1),
        )
        await outbox_service.freeze(ctx, patient_id=patient.id, campaign=None, message=message)
        addresses.append(str(patient.email))
    return addresses


@dataclass
class Night:
    """What happened before and after the copy was made."""

    backup: Backup
    planned: list[str]
    asks: str
    stops: str


async def a_night(drill: Drill) -> Night:
    """Mail before the copy, mail that waits in it, and then hours that the copy does not know."""
    ctx = drill.ctx
    before = await due(ctx, BEFORE)
    await work(ctx)
    planned = await plan_for_tomorrow(ctx, PLANNED)
    await due(ctx, WAITING)
    await launching.launch_due(ctx)
    await outreach.send_due_follow_ups(ctx)
    await due(ctx, AFTER, due_on=ctx.now().date())  # known to the copy, written to after it
    backup = await back_up(ctx.database)

    drill.clock.forward(minutes=30)
    asks, stops = str(before[0].email), str(before[1].email)
    for address, text in ((asks, "Yes please"), (stops, "STOP")):
        row = await stage.only_row(to=address)
        drill.peer.deliver(reply(row, text))
    await work(ctx)
    await work(ctx)
    drill.clock.forward(hours=1)
    return Night(backup, planned, asks, stops)


async def stands_still(drill: Drill, ctx: Context) -> None:
    """The copy knows what it is, and nothing leaves, whatever is queued and whoever asks."""
    known = drill.mails_to()
    await outbox.drain(ctx)
    assert (await SendingState.now()).paused_because is PauseReason.RESTORED_COPY
    with pytest.raises(ConflictError, match="has not been read yet"):
        await sending_pause.resume(ctx, by="user:x")
    await launching.launch_due(ctx)
    await outreach.send_due_follow_ups(ctx)
    await outbox.drain(ctx, ignore_window=True)
    assert drill.mails_to() == known, "nothing may leave before the sent mail was read"


async def learns_what_happened(night: Night, ctx: Context) -> None:
    """What had left is marked as sent, and a stop that the copy does not know is found again."""
    assert await recovery.work(ctx) == {"found": WAITING + AFTER + 2, "settled": WAITING + AFTER, "failed": 0}
    with pytest.raises(ConflictError, match="2 messages that came in have not been worked"):
        await sending_pause.resume(ctx, by="user:x")
    await inbox.drain(ctx)
    stopper = await Patient.find_one({"email": night.stops})
    assert stopper is not None
    assert await patients.is_suppressed(stopper, ChannelType.EMAIL)


async def test_the_drill(drill: Drill) -> None:
    night = await a_night(drill)
    known = drill.mails_to()
    assert sum(known.values()) == BEFORE + WAITING + AFTER + 2  # and an answer each to the question and to the stop

    ctx = await drill.bring_back(night.backup)
    assert await OutboundMessage.find({"state": OutboxState.PENDING}).count() == WAITING + PLANNED
    await stands_still(drill, ctx)
    await learns_what_happened(night, ctx)
    await sending_pause.resume(ctx, by="user:x")
    for _ in range(3):
        await work(ctx)
    assert drill.mails_to() == known
    assert await Campaign.find({"follow_up_details.attempts_made": 1}).count() == BEFORE + WAITING + AFTER

    drill.clock.forward(days=1)
    for _ in range(3):
        await work(ctx)
    assert drill.mails_to() - known == Counter(night.planned), "what had not left leaves now, once"
    assert set(drill.marks().values()) == {1}
    assert await FoundMessage.find({"row_id": None}).count() == 0
    assert not any((await invariants.check(ctx)).values())


async def test_without_the_reading_it_does_not_hold(drill: Drill) -> None:
    """The reading is what makes it hold: a copy that sends at once writes to everybody a second time."""
    night = await a_night(drill)
    ctx = await drill.bring_back(night.backup)
    await outbox.drain(ctx)
    await sending_pause.resume(ctx, by="user:x", anyway=True)
    await launching.launch_due(ctx)
    await outreach.send_due_follow_ups(ctx)
    await outbox.drain(ctx)
    twice = [address for address, count in drill.mails_to().items() if count > 1]
    assert len(twice) >= WAITING + AFTER


@pytest.mark.parametrize("step", ["recovery.read", "recovery.settled"])
async def test_killed_half_way_it_is_taken_up(drill: Drill, step: str) -> None:
    night = await a_night(drill)
    known = drill.mails_to()
    ctx = await drill.bring_back(night.backup)
    await outbox.drain(ctx)
    with pytest.raises(stage.Crash):
        await recovery.work(stage.crashing_at(ctx, step))
    assert not (await SendingState.now()).sent_mail_read_at
    ctx = replace(ctx, remembered=Remembered())
    await outbox.drain(ctx)
    assert drill.mails_to() == known
    counts = await recovery.work(ctx)
    assert (counts["found"], counts["settled"]) == (WAITING + AFTER + 2, WAITING)
    await inbox.drain(ctx)
    await sending_pause.resume(ctx, by="user:x")
    for _ in range(3):
        await work(ctx)
    assert drill.mails_to() == known
    assert not any((await invariants.check(ctx)).values())


class TestSnapshot:
    """The files come back as they were, so that the server's own ids are the same."""

    async def test_under_a_running_process(self, drill: Drill) -> None:
        night = await a_night(drill)
        known = drill.mails_to()
        await put_back(drill.ctx.database, night.backup)
        await outbox.drain(drill.ctx)
        assert (await SendingState.now()).paused_because is PauseReason.WENT_BACK
        assert drill.mails_to() == known

    async def test_before_a_start(self, drill: Drill) -> None:
        night = await a_night(drill)
        known = drill.mails_to()
        await put_back(drill.ctx.database, night.backup)
        ctx = replace(drill.ctx, remembered=Remembered())
        await outbox.drain(ctx)
        assert (await SendingState.now()).paused_because is PauseReason.UNKNOWN_MAIL
        assert drill.mails_to() == known

    async def test_of_a_version_that_did_not_stamp_its_database(self, drill: Drill) -> None:
        night = await a_night(drill)
        known = drill.mails_to()
        del night.backup["database_identity"]
        ctx = await drill.bring_back(night.backup)
        await outbox.drain(ctx)
        assert (await SendingState.now()).paused_because is PauseReason.UNKNOWN_MAIL
        assert drill.mails_to() == known

    async def test_a_clinic_that_was_closed_overnight_is_no_copy(self, drill: Drill) -> None:
        await a_night(drill)
        drill.clock.forward(days=1)
        ctx = replace(drill.ctx, remembered=Remembered())
        await outbox.drain(ctx)
        assert not (await SendingState.now()).is_paused
        assert sum(drill.mails_to().values()) == BEFORE + WAITING + AFTER + 2 + PLANNED

    async def test_with_gmail_away_nothing_leaves_before_it_can_be_judged(self, drill: Drill) -> None:
        night = await a_night(drill)
        known = drill.mails_to()
        await put_back(drill.ctx.database, night.backup)
        ctx = replace(drill.ctx, remembered=Remembered())
        drill.peer.fail({"kind": "status", "status": 503, "operation": "messages.list"})
        await outbox.drain(ctx, ignore_window=True)
        assert not (await SendingState.now()).is_paused
        assert drill.mails_to() == known
        drill.peer.fail()
        drill.clock.forward(seconds=61)
        await outbox.drain(ctx)
        assert (await SendingState.now()).paused_because is PauseReason.UNKNOWN_MAIL


async def test_the_way_out_of_a_lost_mail_works(drill: Drill) -> None:
    """The copy never knew the link in a mail that left after it was made; the patient may follow it all the same."""
    night = await a_night(drill)
    left = await OutboundMessage.find({"kind": MessageKind.ATTEMPT}).sort("-created_at").first_or_none()
    assert left is not None
    assert left.unsubscribe_url is not None
    hashed = hash_link_token(left.unsubscribe_url.rpartition("/")[2])
    ctx = await drill.bring_back(night.backup)
    assert await PatientLink.find_one({"token_hash": hashed}) is None
    await outbox.drain(ctx)
    for _ in range(2):
        await SendingState.note(sent_mail_read_at=None)
        await recovery.work(ctx)
    link = await PatientLink.find_one({"token_hash": hashed})
    assert link is not None
    assert link.patient_id == left.patient_id


async def test_a_channel_that_is_away_is_asked_again(drill: Drill) -> None:
    night = await a_night(drill)
    ctx = await drill.bring_back(night.backup)
    await outbox.drain(ctx)
    drill.peer.fail({"kind": "status", "status": 503, "operation": "messages.list"})
    assert (await recovery.work(ctx))["failed"] == 1
    state = await SendingState.now()
    assert state.last_error
    assert state.sent_mail_read_at is None
    drill.peer.fail()
    assert (await recovery.work(ctx))["failed"] == 0
    assert (await SendingState.now()).last_error is None
