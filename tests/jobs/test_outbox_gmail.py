"""The outbox through Gmail: what the network, the quota and the credentials do to it (trust.md faults 2, 12, 24)."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from beanie import PydanticObjectId

from app.channels.gmail import GmailChannel
from app.channels.google_api import GmailApi
from app.context import Context
from app.jobs import outbox
from app.models.enums import ChannelType, MessageKind, OutboxState
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.services import patients
from app.services.outgoing_messages import message_of
from tests.channels.conftest import channel_of, written
from tests.conftest import Clock
from tests.factories import make_clinic, make_due_patient
from tests.peers.gmail import ADDRESS, GmailPeer, serve_gmail

MESSAGES = 40


@pytest.fixture
def peer() -> Iterator[GmailPeer]:
    with serve_gmail() as running:
        yield running


@pytest.fixture
def gmail(peer: GmailPeer, tmp_path: Path, clock: Clock) -> GmailChannel:
    file = written(tmp_path / "gmail.json", peer.credentials()["authorized_user"])
    return channel_of(GmailApi.open(file, mailbox=ADDRESS, now=clock, api_url=peer.url), clock)


@pytest.fixture
def ctx(ctx: Context, gmail: GmailChannel) -> Context:
    return replace(ctx, channels={ChannelType.EMAIL: gmail})


@pytest.fixture
async def patient(ctx: Context) -> Patient:
    await make_clinic()
    return await make_due_patient(ctx)


async def queue(ctx: Context, patient: Patient, count: int) -> list[str]:
    """Answers of staff, which go out at once; returns their outbox ids."""
    rows = [
        OutboundMessage(
            key=f"answer {number}",
            kind=MessageKind.STAFF,
            patient_id=patient.id,
            channel=ChannelType.EMAIL,
            to=f"{number}@example.net",
            subject="Your question",
            body="Yes, on Monday.",
            created_at=ctx.now(),
            not_before=ctx.now(),
        )
        for number in range(count)
    ]
    await OutboundMessage.insert_many(rows)
    return [str(row.id) for row in rows]


async def states() -> Counter[str]:
    return Counter([row.state.value for row in await OutboundMessage.find_all().to_list()])


def left(peer: GmailPeer) -> Counter[str]:
    return Counter(row["outbox_id"] for row in peer.effects("drafts.send"))


async def drain_until_quiet(ctx: Context, clock: Clock, *, turns: int = 12) -> None:
    for _ in range(turns):
        await asyncio.gather(*(outbox.drain(ctx) for _ in range(3)))
        clock.forward(minutes=30)


class TestNetwork:
    @pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
    async def test_a_line_that_breaks_at_every_step_loses_and_doubles_nothing(
        self, ctx: Context, peer: GmailPeer, patient: Patient, clock: Clock, kind: str
    ) -> None:
        queued = await queue(ctx, patient, MESSAGES)
        peer.fail({"kind": kind, "probability": 0.15})
        await drain_until_quiet(ctx, clock, turns=6)
        peer.fail()
        await drain_until_quiet(ctx, clock, turns=6)
        assert await states() == {"SENT": MESSAGES}
        assert left(peer) == dict.fromkeys(queued, 1)

    async def test_a_worker_that_died_after_sending_is_followed_up_in_the_thread(
        self, ctx: Context, peer: GmailPeer, patient: Patient, gmail: GmailChannel, clock: Clock
    ) -> None:
        [identifier] = await queue(ctx, patient, 1)
        row = await OutboundMessage.claim(now=ctx.now(), lease_until=ctx.lease_until, ignore_hold=False)
        assert row is not None
        handle = await gmail.draft(await message_of(row))
        await row.write({"state": OutboxState.SENDING, "handle": handle})
        await gmail.send(await message_of(row), handle=handle)
        peer.admin("habits", index_lag=600)  # and the search does not know it yet
        clock.forward(minutes=5)
        other = channel_of(gmail.api, clock)
        await outbox.drain(replace(ctx, channels={ChannelType.EMAIL: other}))
        assert await states() == {"SENT": 1}
        assert left(peer) == {identifier: 1}


class TestQuota:
    async def test_a_pause_is_kept_uses_no_try_and_loses_nothing(
        self, ctx: Context, peer: GmailPeer, patient: Patient, clock: Clock
    ) -> None:
        queued = await queue(ctx, patient, MESSAGES)
        peer.fail({"kind": "status", "operation": "drafts.send", "status": 429, "retry_after": 120})
        await outbox.drain(ctx)
        asked = peer.admin("requests")["drafts.send"]
        assert 1 <= asked <= 4  # as many as were under way
        await outbox.drain(ctx)
        assert peer.admin("requests")["drafts.send"] == asked
        assert {row.failures for row in await OutboundMessage.find_all().to_list()} == {0}
        peer.fail()
        clock.forward(seconds=121)
        await outbox.drain(ctx)
        assert left(peer) == dict.fromkeys(queued, 1)

    async def test_a_full_day_is_waited_out(
        self, ctx: Context, peer: GmailPeer, patient: Patient, clock: Clock
    ) -> None:
        queued = await queue(ctx, patient, 3)
        peer.fail({"kind": "status", "operation": "drafts.create", "status": 403, "reason": "dailyLimitExceeded"})
        for _ in range(30):  # more than a message may fail
            await outbox.drain(ctx)
            clock.forward(minutes=61)
        peer.fail()
        await outbox.drain(ctx)
        assert left(peer) == dict.fromkeys(queued, 1)


class TestCredentials:
    async def test_a_revoked_token_stops_the_channel_and_nothing_is_lost(
        self, ctx: Context, peer: GmailPeer, patient: Patient, clock: Clock
    ) -> None:
        queued = await queue(ctx, patient, 10)
        peer.admin("tokens", refuse="invalid_grant")
        for _ in range(30):
            await outbox.drain(ctx)
            clock.forward(minutes=6)
        rows = await OutboundMessage.find_all().to_list()
        assert {(row.state, row.failures) for row in rows} == {(OutboxState.PENDING, 0)}
        peer.admin("tokens", refuse="")
        await outbox.drain(ctx)
        assert left(peer) == dict.fromkeys(queued, 1)


class TestRefusedAddress:
    async def test_an_address_that_gmail_refuses_is_not_used_again(
        self, ctx: Context, peer: GmailPeer, patient: Patient
    ) -> None:
        await queue(ctx, patient, 1)
        peer.fail({"kind": "status", "operation": "drafts.send", "status": 400, "message": "Invalid To header"})
        await outbox.drain(ctx)
        assert await states() == {"FAILED": 1}
        assert (await patients.get(PydanticObjectId(patient.id))) is not None


class TestPace:
    async def test_no_two_messages_get_one_moment(
        self, ctx: Context, gmail: GmailChannel, patient: Patient, clock: Clock
    ) -> None:
        turns: list[timedelta] = []

        async def turn() -> None:
            turns.append(timedelta(seconds=len(turns)))

        await queue(ctx, patient, 9)
        paced = channel_of(gmail.api, clock, pace=turn)
        await outbox.drain(replace(ctx, channels={ChannelType.EMAIL: paced}))
        assert len(turns) == 9
