"""Drafts that a crash left behind are swept away, and no other draft is (trust.md 2.4, M4)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from app.channels.gmail import GmailChannel
from app.channels.google_api import GmailApi
from app.context import Context
from app.jobs import gmail_drafts
from app.models.base import derived_id
from app.models.enums import ChannelType, MessageKind, OutboxState
from app.models.outbox import OutboundMessage
from tests.channels.conftest import channel_of, mail, written
from tests.conftest import Clock
from tests.peers.gmail import ADDRESS, GmailPeer, serve_gmail

SOME_BODY = b"From: clinic@example.com\r\nTo: pat@example.net\r\nSubject: by hand\r\n\r\nDear Pat\r\n"


@pytest.fixture
def peer(clock: Clock) -> Iterator[GmailPeer]:
    with serve_gmail() as running:
        running.admin("habits", now=clock().timestamp())
        yield running


@pytest.fixture
def gmail(peer: GmailPeer, tmp_path: Path, clock: Clock) -> GmailChannel:
    file = written(tmp_path / "gmail.json", peer.credentials()["authorized_user"])
    return channel_of(GmailApi.open(file, mailbox=ADDRESS, now=clock, api_url=peer.url), clock)


@pytest.fixture
def through_gmail(ctx: Context, gmail: GmailChannel) -> Context:
    return replace(ctx, channels={ChannelType.EMAIL: gmail})


async def row(ctx: Context, key: str, *, state: OutboxState, handle: str | None) -> OutboundMessage:
    identifier = derived_id("outbox", key)
    return await OutboundMessage(
        id=identifier,
        key=key,
        kind=MessageKind.REPLY,
        patient_id=derived_id("patient"),
        channel=ChannelType.EMAIL,
        to="pat@example.net",
        body="Hello",
        state=state,
        handle=handle,
        created_at=ctx.now(),
    ).insert()


async def draft_of(gmail: GmailChannel, key: str) -> str:
    handle = await gmail.draft(mail(str(derived_id("outbox", key))))
    assert handle is not None
    return handle


class TestSweep:
    async def test_only_what_nobody_will_send_and_only_after_an_hour(
        self, through_gmail: Context, gmail: GmailChannel, peer: GmailPeer, clock: Clock
    ) -> None:
        handles = {name: await draft_of(gmail, name) for name in ("stored", "orphan", "second", "cancelled", "gone")}
        await row(through_gmail, "stored", state=OutboxState.DRAFTED, handle=handles["stored"])
        await row(through_gmail, "orphan", state=OutboxState.PENDING, handle=None)
        await row(through_gmail, "second", state=OutboxState.SENDING, handle=await draft_of(gmail, "second"))
        await row(through_gmail, "cancelled", state=OutboxState.CANCELLED, handle=handles["cancelled"])
        assert await gmail_drafts.sweep(through_gmail) == {"deleted": 0, "failed": 0}
        clock.forward(minutes=61)
        assert await gmail_drafts.sweep(through_gmail) == {"deleted": 4, "failed": 0}
        assert len(peer.messages("DRAFT")) == 2
        assert await gmail_drafts.sweep(through_gmail) == {"deleted": 0, "failed": 0}

    async def test_drafts_of_people_stay(self, through_gmail: Context, peer: GmailPeer, clock: Clock) -> None:
        assert peer.server is not None
        peer.server.mailbox.create_draft(SOME_BODY, "")
        peer.server.mailbox.create_draft(b"X-Outbox-Id: not one of ours\r\n" + SOME_BODY, "")
        clock.forward(days=30)
        assert await gmail_drafts.sweep(through_gmail) == {"deleted": 0, "failed": 0}
        assert len(peer.messages("DRAFT")) == 2

    async def test_all_pages_are_read(
        self, through_gmail: Context, gmail: GmailChannel, peer: GmailPeer, clock: Clock
    ) -> None:
        peer.admin("habits", page_size=2)
        for number in range(5):
            await draft_of(gmail, f"left {number}")
        clock.forward(hours=2)
        kept = [draft async for draft in gmail.kept_drafts()]
        assert len(kept) == 5
        assert all(clock() - draft.made_at == timedelta(hours=2) for draft in kept)

    async def test_one_that_is_sent_meanwhile_is_no_failure(self, gmail: GmailChannel, peer: GmailPeer) -> None:
        handle = await draft_of(gmail, "late")
        [draft] = [draft async for draft in gmail.kept_drafts()]
        await gmail.send(mail(), handle=handle)
        await gmail.discard(draft)
        assert len(peer.messages("SENT")) == 1

    async def test_a_mailbox_that_cannot_be_read_waits_for_the_next_run(
        self, through_gmail: Context, gmail: GmailChannel, peer: GmailPeer, clock: Clock
    ) -> None:
        await draft_of(gmail, "left")
        clock.forward(hours=2)
        peer.admin("tokens", refuse="invalid_grant", expire_all=True)
        assert await gmail_drafts.sweep(through_gmail) == {"deleted": 0, "failed": 1}
        assert len(peer.messages("DRAFT")) == 1

    async def test_nothing_without_gmail(self, ctx: Context) -> None:
        assert await gmail_drafts.sweep(ctx) == {"deleted": 0, "failed": 0}
