"""The mailbox is taken in from our own cursor: nothing lost, nothing doubled, nothing of our own (trust.md 2.5)."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.bootstrap import build_context
from app.channels.base import ChannelError, ChannelStoppedError, ThrottledError
from app.context import Context
from app.database.connection import Database
from app.domain.mailbox_alarms import DISCONNECTED, UNREACHABLE, WATCH_LAPSES
from app.models.enums import InboundSource, InboxState
from app.models.inbox import InboundEvent
from app.models.mailboxes import MailboxState
from app.services import mailbox_health, mailbox_sync
from app.settings import Settings
from tests.conftest import Clock
from tests.factories import make_clinic
from tests.mailboxes import connected, mail, reply, set_time, written_by_mail
from tests.peers.gmail import ADDRESS, GmailPeer, serve_gmail
from tests.services import stage


@pytest.fixture
def peer() -> Iterator[GmailPeer]:
    with serve_gmail() as running:
        yield running


@pytest.fixture
def ctx(settings: Settings, database: Database, clock: Clock, peer: GmailPeer, tmp_path: Path) -> Context:
    return connected(settings, database, clock, peer, tmp_path)


@pytest.fixture
async def begun(ctx: Context) -> Context:
    """The mailbox was read before, and is empty."""
    await mailbox_sync.sync(ctx)
    return ctx


async def stored() -> list[str]:
    """The texts in the inbox, oldest first."""
    events = await InboundEvent.find({"source": InboundSource.GMAIL}).sort("_id").to_list()
    return [str(event.payload.get("text", event.outcome)) for event in events]


async def state() -> MailboxState:
    return await MailboxState.now_of(ADDRESS)


class TestFirstTime:
    async def test_the_mailboxs_past_is_left_alone(self, ctx: Context, peer: GmailPeer, clock: Clock) -> None:
        peer.deliver(mail("an old letter"), at=clock().timestamp() - 3_600)
        assert await mailbox_sync.sync(ctx) == {}
        assert (await state()).cursor == peer.admin("profile")["history_id"]
        assert await stored() == []

    async def test_an_answer_that_came_before_we_looked_is_taken_in(
        self, ctx: Context, peer: GmailPeer, clock: Clock
    ) -> None:
        await make_clinic()
        _, row = await written_by_mail(ctx)
        peer.deliver(mail("advertising"))
        peer.deliver(reply(row, "Quick as lightning"))
        clock.forward(minutes=5)
        assert await mailbox_sync.sync(ctx) == {"stored": 1}
        assert await stored() == ["Quick as lightning"]

    async def test_another_mailbox_is_never_read(self, ctx: Context, peer: GmailPeer) -> None:
        assert peer.server is not None
        peer.server.mailbox.address = "somebody.private@example.net"
        with pytest.raises(mailbox_sync.WrongMailboxError):
            await mailbox_sync.sync(ctx)
        assert (await state()).cursor is None
        assert peer.admin("requests").get("messages.get") is None

    async def test_without_a_mailbox_nothing_happens(self, settings: Settings, database: Database) -> None:
        plain = build_context(settings, database)
        assert (await mailbox_sync.sync(plain), await mailbox_health.renew_watch(plain)) == ({}, {})
        assert await MailboxState.count() == 0


class TestFollowing:
    async def test_each_message_once_and_the_cursor_behind_it(self, begun: Context, peer: GmailPeer) -> None:
        for text in ("one", "two"):
            peer.deliver(mail(text))
        assert await mailbox_sync.sync(begun) == {"stored": 2}
        assert await mailbox_sync.sync(begun) == {}
        assert await stored() == ["one", "two"]
        assert (await state()).cursor == peer.admin("profile")["history_id"]

    async def test_what_a_message_carries(self, begun: Context, peer: GmailPeer) -> None:
        raw = mail("Hi", sender="Pat@Example.net", subject="My tooth", Message_ID="<7@example.net>", References="<1@x>")
        sent = peer.deliver(raw)
        await mailbox_sync.sync(begun)
        event = await stage.only_event()
        assert event.event_id == f"{ADDRESS}:{sent['id']}"
        kept = {name: event.payload[name] for name in ("sender", "subject", "thread_id", "message_id", "references")}
        assert kept == {
            "sender": "pat@example.net",
            "subject": "My tooth",
            "thread_id": sent["threadId"],
            "message_id": "<7@example.net>",
            "references": ["<1@x>"],
        }

    async def test_every_page(self, begun: Context, peer: GmailPeer) -> None:
        peer.admin("habits", page_size=2)
        for number in range(7):
            peer.deliver(mail(str(number)))
        assert await mailbox_sync.sync(begun) == {"stored": 7}
        assert await stored() == [str(number) for number in range(7)]
        assert peer.admin("requests")["history.list"] == 4

    async def test_our_own_mail_is_passed_over(self, begun: Context, peer: GmailPeer) -> None:
        await make_clinic()
        _, row = await written_by_mail(begun)
        peer.deliver(mail("a note to myself", sender=ADDRESS))
        peer.deliver(mail("a chat"), labels=["CHAT"])
        assert await mailbox_sync.sync(begun) == {}
        assert len(peer.messages("SENT")) == 1
        peer.deliver(reply(row))
        assert await mailbox_sync.sync(begun) == {"stored": 1}

    async def test_a_message_that_vanished_meanwhile(self, begun: Context, peer: GmailPeer) -> None:
        peer.admin("remove", id=peer.deliver(mail("gone"))["id"])
        peer.deliver(mail("here"))
        assert await mailbox_sync.sync(begun) == {"gone": 1, "stored": 1}
        assert await mailbox_sync.sync(begun) == {}

    async def test_spam_waits_until_a_person_takes_it_out(self, begun: Context, peer: GmailPeer) -> None:
        name = peer.deliver(mail("a real patient"), labels=["SPAM"])["id"]
        assert await mailbox_sync.sync(begun) == {}
        peer.admin("relabel", id=name, add=["INBOX"], remove=["SPAM"])
        assert await mailbox_sync.sync(begun) == {"stored": 1}

    async def test_one_that_cannot_be_stored_is_parked_and_never_loops(self, begun: Context, peer: GmailPeer) -> None:
        assert peer.server is not None
        peer.server.mailbox.deliver(mail("odd"), thread_id="\ud800")
        peer.deliver(mail("even"))
        assert await mailbox_sync.sync(begun) == {"unreadable": 1, "stored": 1}
        assert await mailbox_sync.sync(begun) == {}
        parked = await InboundEvent.find_one({"state": InboxState.PARKED})
        assert parked is not None
        assert (parked.outcome, "odd" in parked.payload["raw"]) == ("unreadable_mail", True)

    async def test_a_crash_before_the_cursor_moved(self, begun: Context, peer: GmailPeer) -> None:
        peer.deliver(mail("one"))
        before = (await state()).cursor
        with pytest.raises(stage.Crash):
            await mailbox_sync.sync(stage.crashing_at(begun, "mailbox.page_stored"))
        assert (await state()).cursor == before
        peer.deliver(mail("two"))
        await mailbox_sync.sync(begun)
        assert await stored() == ["one", "two"]

    async def test_several_syncs_at_once(self, begun: Context, peer: GmailPeer) -> None:
        peer.admin("habits", page_size=3)
        for number in range(20):
            peer.deliver(mail(str(number)))
        await asyncio.gather(*(mailbox_sync.sync(begun) for _ in range(5)))
        assert sorted(await stored(), key=int) == [str(number) for number in range(20)]
        assert (await state()).cursor == peer.admin("profile")["history_id"]

    async def test_the_cursor_never_goes_back(self, begun: Context) -> None:
        newest = (await state()).cursor
        assert newest is not None
        await MailboxState.advance(ADDRESS, newest + 2**62)
        await MailboxState.advance(ADDRESS, newest + 1)
        assert (await state()).cursor == newest + 2**62

    async def test_an_expired_access_token(self, begun: Context, peer: GmailPeer) -> None:
        peer.deliver(mail("one"))
        peer.admin("tokens", expire_all=True)
        assert await mailbox_sync.sync(begun) == {"stored": 1}


class TestHistoryGone:
    async def lose_history(self, peer: GmailPeer) -> None:
        peer.admin("habits", horizon=peer.admin("profile")["history_id"] + 1)

    async def test_nothing_is_lost_and_nothing_is_doubled(self, begun: Context, peer: GmailPeer, clock: Clock) -> None:
        for text in ("one", "two"):
            peer.deliver(mail(text))
        await mailbox_sync.sync(begun)
        clock.forward(days=9)
        set_time(peer, clock)
        for text in ("three", "four"):
            peer.deliver(mail(text))
        await self.lose_history(peer)
        assert await mailbox_sync.sync(begun) == {"started_over": 1, "stored": 2}
        assert await stored() == ["one", "two", "three", "four"]
        peer.admin("habits", horizon=0)
        peer.deliver(mail("five"))
        assert await mailbox_sync.sync(begun) == {"stored": 1}

    async def test_longer_away_than_a_fortnight(self, begun: Context, peer: GmailPeer, clock: Clock) -> None:
        peer.deliver(mail("early"), at=clock().timestamp() + 86_400)
        clock.forward(days=30)
        set_time(peer, clock)
        await self.lose_history(peer)
        assert await mailbox_sync.sync(begun) == {"started_over": 1, "stored": 1}

    async def test_what_search_did_not_know_yet_is_found_a_little_later(
        self, begun: Context, peer: GmailPeer, clock: Clock
    ) -> None:
        peer.deliver(mail("just now"))
        peer.admin("habits", index_lag=3_600)
        await self.lose_history(peer)
        assert await mailbox_sync.sync(begun) == {"started_over": 1}
        peer.admin("habits", index_lag=0, horizon=0)
        clock.forward(minutes=5)
        assert await mailbox_sync.sync(begun) == {"stored": 1}
        clock.forward(hours=1)
        before = peer.admin("requests")["messages.list"]
        assert await mailbox_sync.sync(begun) == {}
        assert peer.admin("requests")["messages.list"] == before

    async def test_what_comes_while_the_recent_ones_are_listed(self, begun: Context, peer: GmailPeer) -> None:
        peer.admin("habits", page_size=1)
        for number in range(3):
            peer.deliver(mail(str(number)))
        await self.lose_history(peer)
        await asyncio.gather(mailbox_sync.sync(begun), asyncio.to_thread(peer.deliver, mail("meanwhile")))
        peer.admin("habits", horizon=0)
        await mailbox_sync.sync(begun)
        assert sorted(await stored()) == ["0", "1", "2", "meanwhile"]

    async def test_the_past_before_the_connection_stays_where_it_is(
        self, ctx: Context, peer: GmailPeer, clock: Clock
    ) -> None:
        peer.deliver(mail("before us"), at=clock().timestamp() - 5 * 86_400)
        await mailbox_sync.sync(ctx)
        await self.lose_history(peer)
        assert await mailbox_sync.sync(ctx) == {"started_over": 1}


class TestTrouble:
    async def test_dead_credentials_alarm_at_once_and_lose_nothing(self, begun: Context, peer: GmailPeer) -> None:
        peer.deliver(mail("one"))
        peer.admin("tokens", refuse="invalid_grant", expire_all=True)
        before = (await state()).cursor
        with pytest.raises(ChannelStoppedError):
            await mailbox_sync.sync(begun)
        broken = await state()
        assert (DISCONNECTED in broken.alarms, broken.is_stopped, broken.cursor) == (True, True, before)
        peer.admin("tokens", refuse="")
        assert await mailbox_sync.sync(begun) == {"stored": 1}
        mended = await state()
        assert (DISCONNECTED in mended.alarms, mended.last_error) == (False, None)

    async def test_unreachable_is_told_after_ten_minutes(self, begun: Context, peer: GmailPeer, clock: Clock) -> None:
        peer.fail({"kind": "status", "status": 503})
        for minutes, told in ((0, False), (5, False), (5, True)):
            clock.forward(minutes=minutes)
            with pytest.raises(ChannelError):
                await mailbox_sync.sync(begun)
            assert (UNREACHABLE in (await state()).alarms) is told
        peer.fail()
        await mailbox_sync.sync(begun)
        assert UNREACHABLE not in (await state()).alarms

    async def test_asked_to_slow_down(self, begun: Context, peer: GmailPeer, clock: Clock) -> None:
        peer.deliver(mail("one"))
        peer.fail({"kind": "status", "status": 429, "retry_after": 60})
        with pytest.raises(ThrottledError):
            await mailbox_sync.sync(begun)
        peer.fail()
        before = peer.admin("requests")
        assert await mailbox_sync.sync(begun) == {}
        assert peer.admin("requests") == before
        clock.forward(seconds=61)
        assert await mailbox_sync.sync(begun) == {"stored": 1}

    @pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
    async def test_a_connection_that_breaks_in_the_middle(self, begun: Context, peer: GmailPeer, kind: str) -> None:
        for number in range(5):
            peer.deliver(mail(str(number)))
        peer.fail({"kind": kind, "operation": "messages.get", "times": 1})
        with pytest.raises(ChannelError):
            await mailbox_sync.sync(begun)
        await mailbox_sync.sync(begun)
        assert await stored() == [str(number) for number in range(5)]


class TestWatch:
    async def test_renewed_once_a_day(self, begun: Context, peer: GmailPeer, clock: Clock) -> None:
        assert await mailbox_health.renew_watch(begun) == {"renewed": 1}
        first = (await state()).watch_expires_at
        clock.forward(hours=1)
        assert await mailbox_health.renew_watch(begun) == {}
        clock.forward(hours=23)
        set_time(peer, clock)
        assert await mailbox_health.renew_watch(begun) == {"renewed": 1}
        second = (await state()).watch_expires_at
        assert first is not None
        assert second is not None
        assert (second - first).days == 1
        assert [row["operation"] for row in peer.effects("watch")] == ["watch", "watch"]
        assert (await state()).alarms == []

    async def test_a_refused_renewal_alarms_until_it_works(self, begun: Context, peer: GmailPeer) -> None:
        peer.fail({"kind": "status", "operation": "users.watch", "status": 403})
        with pytest.raises(ChannelError):
            await mailbox_health.renew_watch(begun)
        assert (await state()).alarms == [WATCH_LAPSES]
        peer.fail()
        assert await mailbox_health.renew_watch(begun) == {"renewed": 1}
        assert (await state()).alarms == []

    async def test_less_than_two_days_left(self, begun: Context, clock: Clock) -> None:
        await mailbox_health.renew_watch(begun)
        for days, told in ((4.9, False), (0.2, True)):
            clock.forward(days=days)
            await mailbox_sync.sync(begun)  # the renewal itself does not run
            assert (WATCH_LAPSES in (await state()).alarms) is told

    async def test_where_nothing_is_announced_there_is_no_watch(
        self, settings: Settings, database: Database, clock: Clock, peer: GmailPeer, tmp_path: Path
    ) -> None:
        ctx = connected(settings, database, clock, peer, tmp_path, topic="")
        await mailbox_sync.sync(ctx)
        clock.forward(days=8)
        await mailbox_sync.sync(ctx)
        assert await mailbox_health.renew_watch(ctx) == {}
        assert (peer.effects("watch"), (await state()).alarms) == ([], [])

    async def test_a_watch_that_never_began_is_told_within_two_hours(self, begun: Context, clock: Clock) -> None:
        assert (await state()).alarms == []
        clock.forward(hours=2)
        await mailbox_sync.sync(begun)
        report = await mailbox_health.report(begun)
        assert report is not None
        assert report["alarms"] == [WATCH_LAPSES]
        assert "every five minutes" in report["advice"][0]
