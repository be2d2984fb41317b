"""From the mailbox to the answer: pushes only wake the sync, the poll needs none, and both may run (trust.md 2.5)."""

import asyncio
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from beanie import PydanticObjectId

from app.context import Context
from app.database.connection import Database
from app.jobs import inbox, mailbox, outbox
from app.jobs.registry import run_job
from app.models.enums import CampaignStatus, Direction, InboundSource, InboxState, MessageKind
from app.models.inbox import InboundEvent
from app.models.interactions import Interaction
from app.models.mailboxes import MailboxState
from app.services import campaigns, inbound, job_runs, mailbox_pushes, staff_inbox_actions
from app.services.live_events import LiveEvents
from app.settings import Settings
from tests.conftest import Clock
from tests.factories import make_clinic, make_patient
from tests.mailboxes import connected, mail, reply, written_by_mail
from tests.peers.gmail import ADDRESS, GmailPeer, serve_gmail
from tests.services import stage

RE_ENGAGED = CampaignStatus.RE_ENGAGED


@pytest.fixture
def peer() -> Iterator[GmailPeer]:
    with serve_gmail() as running:
        yield running


@pytest.fixture
async def ctx(settings: Settings, database: Database, clock: Clock, peer: GmailPeer, tmp_path: Path) -> Context:
    """A clinic whose mailbox was read before."""
    ctx = connected(settings, database, clock, peer, tmp_path)
    await make_clinic()
    await mailbox.poll(ctx)
    return ctx


async def push(ctx: Context, number: int = 1) -> None:
    """What the webhook writes down for one push."""
    await inbound.store_event(
        ctx,
        source=InboundSource.GMAIL,
        event_id=f"20704436013115{number}",
        payload={"emailAddress": ADDRESS, "historyId": "9999999999"},
        conversation=mailbox_pushes.conversation_of(ADDRESS),
    )


async def pushes(**query: Any) -> list[InboundEvent]:
    found = InboundEvent.find({"payload.historyId": {"$exists": True}} | query)
    return await found.sort("_id").to_list()


async def drained(ctx: Context) -> dict[str, int]:
    """The inbox worked until nothing is left that may be worked now."""
    total: dict[str, int] = {}
    while any((counts := await inbox.drain(ctx)).values()):
        total = {name: total.get(name, 0) + count for name, count in counts.items()}
    return total


class TestPush:
    async def test_to_the_answer(self, ctx: Context, peer: GmailPeer) -> None:
        campaign, row = await written_by_mail(ctx)
        peer.deliver(reply(row, "Yes please"))
        await push(ctx)
        assert (await drained(ctx))["done"] == 2
        [told] = await pushes()
        assert (told.state, told.outcome) == (InboxState.DONE, "mailbox_read")
        assert (await campaigns.get(campaign.id)).status is RE_ENGAGED
        assert (await MailboxState.now_of(ADDRESS)).last_push_at == ctx.now()

        await outbox.drain(ctx)
        first, answer = peer.messages("SENT")
        assert answer["threadId"] == first["threadId"]

    async def test_the_answer_names_what_it_answers(self, ctx: Context, peer: GmailPeer) -> None:
        _, row = await written_by_mail(ctx)
        peer.deliver(reply(row, Message_ID="<p1@example.net>"))
        await push(ctx)
        await drained(ctx)
        await outbox.drain(ctx)
        assert "In-Reply-To: <p1@example.net>" in unfolded(peer.messages("SENT")[-1]["raw"])

    async def test_many_wake_one_sync(self, ctx: Context, peer: GmailPeer) -> None:
        peer.deliver(mail("hello"))
        for number in range(12):
            await push(ctx, number)
        before = peer.admin("requests").get("history.list", 0)
        await drained(ctx)
        assert {event.outcome for event in await pushes()} == {"mailbox_read"}
        assert peer.admin("requests")["history.list"] - before == 1

    async def test_one_about_nothing_new(self, ctx: Context) -> None:
        await push(ctx)
        assert await drained(ctx) == {"done": 1, "unmatched": 0, "parked": 0, "retried": 0}

    async def test_one_that_comes_during_a_sync_asks_for_another_round(self, ctx: Context, peer: GmailPeer) -> None:
        async def meanwhile() -> None:
            await asyncio.to_thread(peer.deliver, mail("behind the last page"))
            await push(ctx, 2)

        peer.deliver(mail("first"))
        await push(ctx, 1)
        await drained(stage.at_step(ctx, "mailbox.page_stored", meanwhile))
        assert await InboundEvent.find({"payload.text": "behind the last page"}).count() == 1
        assert await pushes(state=InboxState.RECEIVED) == []

    async def test_one_waits_while_another_worker_reads(self, ctx: Context, peer: GmailPeer, clock: Clock) -> None:
        peer.deliver(mail("hello"))
        await push(ctx)

        async def wait() -> None:
            assert await inbox.drain(ctx) == {"done": 0, "unmatched": 0, "parked": 0, "retried": 0}

        await job_runs.alone(ctx, mailbox.GMAIL_SYNC, wait)
        clock.forward(seconds=5)
        await drained(ctx)
        assert await pushes(outcome="mailbox_read") != []

    async def test_gmail_down_is_tried_again_and_then_left_to_the_poll(
        self, ctx: Context, peer: GmailPeer, clock: Clock
    ) -> None:
        peer.deliver(mail("hello"))
        for number in range(3):
            await push(ctx, number)
        peer.fail({"kind": "status", "status": 503})
        for _ in range(mailbox_pushes.MOST_ATTEMPTS):
            await inbox.drain(ctx)
            clock.forward(minutes=10)
        assert {(event.state, event.outcome) for event in await pushes()} == {(InboxState.DONE, "left_to_the_poll")}
        peer.fail()
        assert await run_job(ctx, mailbox.GMAIL_SYNC) == {"stored": 1}

    async def test_gmail_back_after_a_moment(self, ctx: Context, peer: GmailPeer, clock: Clock) -> None:
        peer.deliver(mail("hello"))
        await push(ctx)
        peer.fail({"kind": "drop_after", "operation": "history.list", "times": 1})
        assert (await inbox.drain(ctx))["retried"] == 1
        clock.forward(seconds=5)
        assert (await drained(ctx))["unmatched"] == 1

    async def test_a_crash_in_the_middle_of_a_sync(self, ctx: Context, peer: GmailPeer, clock: Clock) -> None:
        for text in ("one", "two"):
            peer.deliver(mail(text))
        await push(ctx)
        with pytest.raises(stage.Crash):
            await inbox.drain(stage.crashing_at(ctx, "mailbox.page_stored"))
        clock.forward(seconds=ctx.settings.chairside_lease_seconds)
        await drained(ctx)
        assert await InboundEvent.find({"payload.text": {"$in": ["one", "two"]}}).count() == 2
        assert await pushes(state=InboxState.RECEIVED) == []


class TestPoll:
    async def test_every_reply_is_found_when_all_pushes_are_lost(self, ctx: Context, peer: GmailPeer) -> None:
        written = [await written_by_mail(ctx) for _ in range(6)]
        for _, row in written:
            peer.deliver(reply(row, "Yes please"))
        assert (await mailbox.poll(ctx))["stored"] == 6
        await drained(ctx)
        assert {(await campaigns.get(campaign.id)).status for campaign, _ in written} == {RE_ENGAGED}
        assert await Interaction.find({"direction": Direction.INCOMING}).count() == 6

    async def test_a_push_after_the_poll_changes_nothing_more(self, ctx: Context, peer: GmailPeer) -> None:
        campaign, row = await written_by_mail(ctx)
        peer.deliver(reply(row))
        await mailbox.poll(ctx)
        await drained(ctx)
        for number in range(4):
            await push(ctx, number)
            await drained(ctx)
        assert len(await stage.received(campaign)) == 1
        assert len(await stage.rows(kind=MessageKind.REPLY)) == 1

    async def test_history_gone(self, ctx: Context, peer: GmailPeer) -> None:
        campaign, row = await written_by_mail(ctx)
        peer.deliver(reply(row, "Yes please"))
        await mailbox.poll(ctx)
        peer.deliver(reply(row, "In the morning, please"))
        peer.admin("habits", horizon=peer.admin("profile")["history_id"] + 1)
        assert (await mailbox.poll(ctx))["started_over"] == 1
        await drained(ctx)
        assert [item.content for item in await stage.received(campaign)] == ["Yes please", "In the morning, please"]

    async def test_an_alarm_reaches_the_screens(self, ctx: Context, peer: GmailPeer) -> None:
        hub = LiveEvents(ctx.database)
        async with hub.subscribe(PydanticObjectId()) as stream:
            peer.fail({"kind": "status", "operation": "users.watch", "status": 403})
            with pytest.raises(Exception, match="403"):
                await run_job(ctx, mailbox.GMAIL_WATCH)
            event = await stream.next(within=10)
            assert event is not None
            assert (event.kind, event.ids) == ("mailbox", {"mailbox": ADDRESS, "change": "alarm"})
            peer.fail()
            await run_job(ctx, mailbox.GMAIL_WATCH)
            event = await stream.next(within=10)
            assert event is not None
            assert event.ids["change"] == "settled"


class TestWhoWrote:
    async def test_a_thread_of_ours_from_another_address_waits_for_a_person(
        self, ctx: Context, peer: GmailPeer
    ) -> None:
        campaign, row = await written_by_mail(ctx)
        peer.deliver(reply(row, "Yes please", sender="husband@example.net"))
        await mailbox.poll(ctx)
        assert (await drained(ctx))["unmatched"] == 1
        [event] = await InboundEvent.find({"state": InboxState.UNMATCHED}).to_list()
        assert (event.outcome, event.campaign_id) == ("sender_is_somebody_else", campaign.id)
        assert (await campaigns.get(campaign.id)).status is campaign.status

        settled = await staff_inbox_actions.assign_message(ctx, event, campaign, actor="user:1")
        assert settled.state is InboxState.RECEIVED
        await drained(ctx)
        assert (await campaigns.get(campaign.id)).status is RE_ENGAGED

    async def test_a_forged_sender_changes_nothing(self, ctx: Context, peer: GmailPeer) -> None:
        campaign, row = await written_by_mail(ctx)
        forged = {"Authentication_Results": "mx.google.com; dmarc=fail (p=REJECT) header.from=example.com"}
        peer.deliver(reply(row, "Yes, book me in", **forged))
        await mailbox.poll(ctx)
        assert (await drained(ctx))["unmatched"] == 1
        assert (await campaigns.get(campaign.id)).status is campaign.status
        [event] = await InboundEvent.find({"state": InboxState.UNMATCHED}).to_list()
        assert event.outcome == "sender_not_verified"

    async def test_a_guardian_answers_for_the_child(self, ctx: Context, peer: GmailPeer) -> None:
        parent = await make_patient(ctx)
        campaign, row = await written_by_mail(ctx, email=None, guardian_id=parent.id)
        assert row.to == parent.email
        peer.deliver(reply(row))
        await mailbox.poll(ctx)
        await drained(ctx)
        assert (await campaigns.get(campaign.id)).status is RE_ENGAGED

    async def test_a_new_thread_that_names_our_message(self, ctx: Context, peer: GmailPeer) -> None:
        campaign, row = await written_by_mail(ctx)
        assert row.message_id is not None
        peer.deliver(mail(sender=row.to, References=f"<0@example.net> {row.message_id}"), thread_id="1234")
        await mailbox.poll(ctx)
        await drained(ctx)
        assert (await campaigns.get(campaign.id)).status is RE_ENGAGED

    async def test_by_the_sender_alone(self, ctx: Context, peer: GmailPeer) -> None:
        campaign, row = await written_by_mail(ctx)
        peer.deliver(mail("Yes please", sender=row.to))
        await mailbox.poll(ctx)
        await drained(ctx)
        assert (await campaigns.get(campaign.id)).status is RE_ENGAGED

    async def test_a_stranger_is_left_to_staff_and_a_newsletter_to_nobody(self, ctx: Context, peer: GmailPeer) -> None:
        peer.deliver(mail("Do you treat children?", sender="new@example.net"))
        peer.deliver(mail("10 % off!", sender="news@example.net", List_Id="<offers.example.net>"))
        await mailbox.poll(ctx)
        assert await drained(ctx) == {"done": 1, "unmatched": 1, "parked": 0, "retried": 0}

    async def test_names_of_attachments_are_kept(self, ctx: Context, peer: GmailPeer) -> None:
        campaign, row = await written_by_mail(ctx)
        message = message_from_bytes(reply(row, "See the picture"), EmailMessage, policy=default)
        message.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="tooth.png")
        peer.deliver(message.as_bytes())
        await mailbox.poll(ctx)
        await drained(ctx)
        [received] = await stage.received(campaign)
        assert (received.content, received.attachments) == ("See the picture", ["tooth.png"])

    async def test_an_automatic_answer_is_stored_and_not_answered(self, ctx: Context, peer: GmailPeer) -> None:
        campaign, row = await written_by_mail(ctx)
        peer.deliver(reply(row, "I am away", Auto_Submitted="auto-replied"))
        await mailbox.poll(ctx)
        await drained(ctx)
        assert (await campaigns.get(campaign.id)).status is campaign.status
        assert len(await stage.received(campaign)) == 1
        assert await stage.rows(kind=MessageKind.REPLY) == []


def unfolded(raw: bytes) -> str:
    """The header lines, each on one line."""
    head = raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0].decode()
    return head.replace("\n ", " ").replace("\n\t", " ")
