"""What the webhooks missed is found by asking Twilio: nothing lost, nothing twice (trust.md 2.5)."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from app.bootstrap import build_context
from app.context import Context
from app.database.connection import Database
from app.jobs import inbox, outbox, twilio_sync
from app.models.enums import ChannelType, Delivery, OutboxState
from app.models.inbox import InboundEvent
from app.models.interactions import Interaction
from app.models.listing_cursors import ListingCursor
from app.services import inbound, invariants, twilio_inbound
from app.settings import Settings
from tests.conftest import Clock
from tests.factories import make_clinic
from tests.peers.twilio import TwilioPeer, serve_twilio
from tests.peers.twilio_account import PeerMessage
from tests.peers.twilio_clinic import OURS, PATIENT, WA_OURS, WA_PATIENT, queued, twilio_settings
from tests.services import stage

SMS, WHATSAPP = ChannelType.SMS, ChannelType.WHATSAPP


@pytest.fixture
def peer(clock: Clock) -> Iterator[TwilioPeer]:
    with serve_twilio(now=clock) as running:
        yield running


@pytest.fixture
async def ctx(settings: Settings, database: Database, clock: Clock, peer: TwilioPeer) -> Context:
    await make_clinic()
    return stage.speaking(build_context(twilio_settings(settings, peer), database, now=clock))


def writes(peer: TwilioPeer, text: str, *, sender: str = PATIENT, to: str = OURS, media: int = 0) -> PeerMessage:
    return peer.account.receive(sender=sender, to=to, body=text, media=media)


async def by_webhook(ctx: Context, peer: TwilioPeer, message: PeerMessage) -> None:
    await inbound.store(ctx, twilio_inbound.message_of_form(peer.inbound_form(message)))


async def texts() -> list[str]:
    return [event.payload["text"] for event in await InboundEvent.find_all().sort("_id").to_list()]


class TestMissedMessages:
    async def test_they_are_stored_in_the_order_in_which_they_were_written(
        self, ctx: Context, peer: TwilioPeer, clock: Clock
    ) -> None:
        for text in ("one", "two", "three"):
            writes(peer, text)
            clock.forward(seconds=1)
        assert (await twilio_sync.sync(ctx))["stored"] == 3
        assert await texts() == ["one", "two", "three"]

    async def test_what_the_webhook_brought_is_not_stored_again(self, ctx: Context, peer: TwilioPeer) -> None:
        await by_webhook(ctx, peer, writes(peer, "by webhook"))
        writes(peer, "missed")
        assert [(await twilio_sync.sync(ctx))["stored"] for _ in range(3)] == [1, 0, 0]
        assert await texts() == ["by webhook", "missed"]

    async def test_a_webhook_that_comes_after_all_does_nothing_more(self, ctx: Context, peer: TwilioPeer) -> None:
        message = writes(peer, "missed")
        await twilio_sync.sync(ctx)
        await by_webhook(ctx, peer, message)
        assert await texts() == ["missed"]

    async def test_whatsapp_is_asked_for_too(self, ctx: Context, peer: TwilioPeer) -> None:
        writes(peer, "by app", sender=WA_PATIENT, to=WA_OURS)
        writes(peer, "by phone")
        assert (await twilio_sync.sync(ctx))["stored"] == 2
        keys = {event.conversation_key for event in await InboundEvent.find_all().to_list()}
        assert keys == {f"whatsapp:{PATIENT}", f"sms:{PATIENT}"}

    async def test_attachments_are_named(self, ctx: Context, peer: TwilioPeer) -> None:
        writes(peer, "", media=2)
        await twilio_sync.sync(ctx)
        assert await texts() == ["[2 attached files: see Twilio's console]"]

    async def test_a_found_message_is_answered_as_any_other(self, ctx: Context, peer: TwilioPeer) -> None:
        campaign = await queued(ctx, SMS)
        writes(peer, "Yes, gladly")
        await twilio_sync.sync(ctx)
        await inbox.drain(ctx)
        assert [item.content for item in await stage.received(campaign)] == ["Yes, gladly"]

    async def test_more_than_one_page_is_read(self, ctx: Context, peer: TwilioPeer) -> None:
        for number in range(230):
            writes(peer, f"message {number}")
        assert (await twilio_sync.sync(ctx))["stored"] == 230
        assert await texts() == [f"message {number}" for number in range(230)]

    async def test_other_numbers_of_the_account_are_none_of_our_business(self, ctx: Context, peer: TwilioPeer) -> None:
        writes(peer, "for the pharmacy", to="+12025550111")
        assert (await twilio_sync.sync(ctx))["stored"] == 0

    async def test_a_sender_that_cannot_be_read_does_not_stop_the_others(self, ctx: Context, peer: TwilioPeer) -> None:
        writes(peer, "advertising", sender="ACME")
        writes(peer, "from a patient")
        assert (await twilio_sync.sync(ctx))["stored"] == 1
        assert await texts() == ["from a patient"]


class TestTheCursor:
    async def test_it_reads_one_day_back_at_first_and_an_hour_from_then_on(
        self, ctx: Context, peer: TwilioPeer, clock: Clock
    ) -> None:
        writes(peer, "the day before")
        clock.forward(hours=25)
        writes(peer, "today")
        await twilio_sync.sync(ctx)
        assert await texts() == ["today"]
        cursor = await ListingCursor.get("twilio:sms")
        assert cursor is not None
        assert cursor.read_until == clock.instant
        late = writes(peer, "listed late")
        clock.forward(minutes=59)
        late.created_at = clock.instant - timedelta(minutes=59)
        assert (await twilio_sync.sync(ctx))["stored"] == 1

    @pytest.mark.parametrize("trouble", ["500", "429", "drop-before", "401"])
    async def test_it_stands_still_while_twilio_cannot_be_asked(
        self, ctx: Context, peer: TwilioPeer, clock: Clock, trouble: str
    ) -> None:
        await twilio_sync.sync(ctx)
        before = await ListingCursor.get("twilio:sms")
        writes(peer, "in the dark")
        clock.forward(hours=6)
        peer.fail(trouble, times=2, listing=True)  # one for each channel
        assert (await twilio_sync.sync(ctx))["failed"] == 2
        assert await ListingCursor.get("twilio:sms") == before
        assert (await twilio_sync.sync(ctx))["stored"] == 1

    async def test_a_crash_between_two_messages_loses_none(self, ctx: Context, peer: TwilioPeer, clock: Clock) -> None:
        for number in range(5):
            writes(peer, f"message {number}")
        with pytest.raises(stage.Crash):
            await twilio_sync.sync(stage.crashing_at(ctx, "inbox.stored"))
        assert await ListingCursor.get("twilio:sms") is None
        await twilio_sync.sync(ctx)
        assert sorted(await texts()) == [f"message {number}" for number in range(5)]


class TestFates:
    async def test_callbacks_that_never_came_are_made_up_for(self, ctx: Context, peer: TwilioPeer) -> None:
        await queued(ctx, SMS)
        await outbox.drain(ctx)
        peer.account.effects[0].status = "delivered"
        assert (await twilio_sync.sync(ctx))["reported"] == 1
        row = await stage.only_row()
        interaction = await Interaction.get(row.id)
        assert interaction is not None
        assert interaction.delivery is Delivery.DELIVERED
        assert not any((await twilio_sync.sync(ctx)).values())

    async def test_an_undelivered_one_leads_on(self, ctx: Context, peer: TwilioPeer) -> None:
        campaign = await queued(ctx, SMS, preferred_channel=[SMS, ChannelType.EMAIL])
        await outbox.drain(ctx)
        [sent] = peer.account.effects
        sent.status, sent.error_code = "undelivered", 30006
        await twilio_sync.sync(ctx)
        assert (await stage.campaign_of(campaign.patient_id)).channel.type is ChannelType.EMAIL
        assert not any((await invariants.check(ctx)).values())

    async def test_a_message_of_unknown_fate_that_twilio_lists_did_leave(
        self, ctx: Context, peer: TwilioPeer, clock: Clock
    ) -> None:
        await queued(ctx, SMS)
        peer.fail("drop-after")
        peer.fail("500", times=100, listing=True)
        for _ in range(12):
            await outbox.drain(ctx)
            clock.forward(minutes=10)
        peer.faults.clear()
        assert (await stage.only_row()).state is OutboxState.UNKNOWN
        counts = await twilio_sync.sync(ctx)
        assert (counts["found"], (await stage.only_row()).state) == (1, OutboxState.SENT)
        assert not any((await invariants.check(ctx)).values())

    async def test_one_that_never_left_stays_unknown_and_is_not_sent_again(
        self, ctx: Context, peer: TwilioPeer, clock: Clock
    ) -> None:
        await queued(ctx, SMS)
        peer.fail("drop-before")
        for _ in range(12):
            await outbox.drain(ctx)
            clock.forward(minutes=10)
        counts = await twilio_sync.sync(ctx)
        assert (counts["found"], (await stage.only_row()).state) == (0, OutboxState.UNKNOWN)
        assert peer.account.effects == []

    async def test_messages_that_others_sent_from_our_number_change_nothing(
        self, ctx: Context, peer: TwilioPeer
    ) -> None:
        peer.account.create({"From": OURS, "To": PATIENT, "Body": "By the console"})
        assert not any((await twilio_sync.sync(ctx)).values())


async def test_without_twilio_there_is_nothing_to_ask(settings: Settings, database: Database, clock: Clock) -> None:
    assert not any((await twilio_sync.sync(build_context(settings, database, now=clock))).values())
