"""Whose message is it? Stored once, matched by thread, by reply, by sender, and never guessed (domain.md 8)."""

from typing import Any

import pytest

from app.context import Context
from app.jobs import outbox
from app.models.campaigns import Campaign
from app.models.enums import Author, ChannelType, InboundSource, InboxState, Intent, MessageKind, OutboxState
from app.models.inbox import InboundEvent
from app.services import inbound, launching, patients
from app.services.inbound import InboundMessage, message_of, store, store_event, take_in
from app.services.matching import match
from tests.conftest import Clock
from tests.factories import make_clinic, make_due_patient, make_patient
from tests.services import stage

PHONE = "+12025550171"
BOUNCED = {"content-type": "multipart/report; report-type=delivery-status", "from": "mailer-daemon@example.net"}


@pytest.fixture
def ctx(ctx: Context) -> Context:
    return stage.speaking(ctx)


def message(**fields: Any) -> InboundMessage:
    values: dict[str, Any] = {
        "source": InboundSource.GENERIC,
        "external_id": "m-1",
        "channel": ChannelType.EMAIL,
        "sender": "somebody@example.com",
        "text": "hello",
    }
    return InboundMessage(**(values | fields))


def text_from(campaign: Campaign, **fields: Any) -> InboundMessage:
    return message(**({"sender": campaign.channel.address, "channel": campaign.channel.type} | fields))


class TestStore:
    async def test_the_same_event_is_one_row_with_one_id(self, ctx: Context, clock: Clock) -> None:
        first = await store(ctx, message())
        clock.forward(hours=1)
        assert await store(ctx, message(text="a redelivery")) == first
        event = await stage.only_event()
        assert (event.payload["text"], event.state) == ("hello", InboxState.RECEIVED)

    async def test_the_same_id_of_another_source_is_another_message(self, ctx: Context) -> None:
        await store(ctx, message())
        await store(ctx, message(source=InboundSource.SANDBOX))
        assert await InboundEvent.count() == 2

    async def test_it_comes_back_as_it_went_in(self, ctx: Context) -> None:
        sent = message(subject="Re: visit", thread_id="t", in_reply_to="x", headers={"from": "a@example.com"})
        await store(ctx, sent)
        assert message_of(await stage.only_event()) == sent

    async def test_an_event_may_be_put_straight_before_staff(self, ctx: Context) -> None:
        await store_event(
            ctx, source=InboundSource.GENERIC, event_id="e", payload={}, conversation="c", parked_because="not_signed"
        )
        event = await stage.only_event()
        assert (event.state, event.outcome) == (InboxState.PARKED, "not_signed")


class TestMatch:
    async def test_by_thread_whatever_the_sender_says(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx)
        other = message(thread_id=campaign.channel.thread_id, sender="spouse@example.com")
        assert await found(other) == campaign.id

    async def test_by_the_message_that_it_answers(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx)
        row = await stage.only_row()
        assert await found(message(in_reply_to=row.external_id)) == campaign.id

    async def test_by_the_sender_of_the_only_active_campaign(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx)
        assert await found(text_from(campaign)) == campaign.id

    async def test_an_active_campaign_takes_a_reply_to_an_old_thread(self, ctx: Context, clock: Clock) -> None:
        old = await stage.set_raw(await stage.written_to(ctx), status="RECOVERED")
        patient = await patients.get(old.patient_id)
        clock.forward(days=180)
        await stage.due_today(ctx, patient)
        await launching.launch_due(ctx)
        newer = await Campaign.active_of(patient.id)
        assert newer is not None
        assert newer.id != old.id
        assert await found(text_from(old, thread_id=old.channel.thread_id)) == newer.id

    async def test_a_closed_campaign_is_found_when_nothing_else_runs(self, ctx: Context) -> None:
        closed = await stage.set_raw(await stage.written_to(ctx), status="RECOVERY_FAILED")
        assert await found(text_from(closed)) == closed.id

    async def test_two_active_campaigns_for_one_address_are_never_guessed_between(self, ctx: Context) -> None:
        await make_clinic()
        parent = await make_due_patient(ctx, email="family@example.com")
        await make_due_patient(ctx, email="family@example.com", guardian_id=parent.id)
        await launching.launch_due(ctx)
        assert await match(message(sender="family@example.com")) is None

    async def test_two_patients_with_one_address_are_never_guessed_between(self, ctx: Context) -> None:
        parent = await make_patient(ctx, email="family@example.com")
        await make_patient(ctx, email="family@example.com", guardian_id=parent.id)
        assert await match(message(sender="family@example.com")) is None

    @pytest.mark.parametrize("sender", [None, "stranger@example.com"])
    async def test_a_stranger_is_nobody(self, ctx: Context, sender: str | None) -> None:
        await stage.written_to(ctx)
        assert await match(message(sender=sender)) is None

    async def test_a_known_patient_without_any_campaign_is_left_to_staff(self, ctx: Context) -> None:
        patient = await make_patient(ctx)
        assert await match(message(sender=patient.email)) is None

    async def test_an_unknown_thread_falls_back_to_the_sender(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx)
        assert await found(text_from(campaign, thread_id="elsewhere", in_reply_to="nothing of ours")) == campaign.id


class TestTakeIn:
    async def test_a_redelivery_is_one_interaction(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx)
        first = await take_in(ctx, text_from(campaign), campaign)
        again = await take_in(ctx, text_from(campaign), campaign)
        assert first.id == again.id
        [stored] = await stage.received(campaign)
        assert (stored.content, stored.author, stored.external_id) == ("hello", Author.PATIENT, "incoming-message:m-1")

    async def test_the_quoted_history_is_not_kept(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx)
        text = (
            "yes please\n\nOn Mon, 23 Nov 2026 the clinic wrote:\n> To hear no more from us, answer with the word STOP."
        )
        stored = await take_in(ctx, text_from(campaign, text=text), campaign)
        assert (stored.content, stored.screened_as) == ("yes please", None)

    @pytest.mark.parametrize(
        ("text", "headers", "kind", "author"),
        [
            ("STOP", {}, Intent.OPT_OUT, Author.PATIENT),
            ("I cannot breathe, my face is swollen", {}, Intent.EMERGENCY, Author.PATIENT),
            ("I am away", {"auto-submitted": "auto-replied"}, Intent.AUTO_REPLY, Author.SYSTEM),
            ("550 5.1.1 user unknown", BOUNCED, Intent.BOUNCE, Author.SYSTEM),
            ("yes please", {}, None, Author.PATIENT),
        ],
    )
    async def test_what_the_rules_see_is_kept_with_it(
        self, ctx: Context, text: str, headers: dict[str, str], kind: Intent | None, author: Author
    ) -> None:
        campaign = await stage.written_to(ctx)
        stored = await take_in(ctx, text_from(campaign, text=text, headers=headers), campaign)
        assert (stored.screened_as, stored.author) == (kind, author)

    async def test_a_hard_bounce_makes_the_address_unusable(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx)
        await take_in(ctx, bounce(campaign), campaign)
        assert await unusable(campaign) == [campaign.channel.address]

    async def test_a_full_mailbox_does_not(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx)
        await take_in(ctx, bounce(campaign, text="452 4.2.2 The mailbox is full. Status: 4.2.2"), campaign)
        assert await unusable(campaign) == []

    async def test_a_bounce_that_is_known_takes_back_no_second_message(self, ctx: Context) -> None:
        """It is met again as the younger sibling of another message, or after a crash."""
        campaign = await stage.written_to(ctx)
        await stage.add_row(ctx, campaign, MessageKind.STAFF)
        await outbox.drain(ctx)
        for _ in range(3):
            await take_in(ctx, bounce(campaign), campaign)
        assert len(await stage.rows(state=OutboxState.FAILED)) == 1
        assert await unusable(campaign) == [campaign.channel.address]

    async def test_a_guardians_dead_address_is_dead_for_the_child_too(self, ctx: Context) -> None:
        parent = await make_patient(ctx)
        campaign = await stage.written_to(ctx, email=None, guardian_id=parent.id)
        await take_in(ctx, bounce(campaign), campaign)
        child, holder = await patients.get(campaign.patient_id), await patients.get(parent.id)
        assert patients.route_of(child, holder) is None


class TestSaysStop:
    @pytest.mark.parametrize(
        ("channel", "text", "stops"),
        [
            (ChannelType.EMAIL, "STOP", True),
            (ChannelType.EMAIL, "please unsubscribe me", True),
            (ChannelType.SMS, "CANCEL", True),
            (ChannelType.EMAIL, "CANCEL", False),
            (ChannelType.EMAIL, "yes please", False),
            (ChannelType.SMS, "Stop texting me! My face is swollen and I cannot breathe.", True),
        ],
    )
    def test_words(self, channel: ChannelType, text: str, stops: bool) -> None:
        assert inbound.says_stop(message(channel=channel, text=text)) is stops


async def found(wanted: InboundMessage) -> object:
    campaign = await match(wanted)
    return campaign.id if campaign else None


def bounce(campaign: Campaign, text: str = "550 5.1.1 user unknown") -> InboundMessage:
    return text_from(campaign, external_id="b-1", text=text, headers=BOUNCED)


async def unusable(campaign: Campaign) -> list[str]:
    return (await patients.get(campaign.patient_id)).unusable_addresses
