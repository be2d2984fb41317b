"""Draining the inbox: each event once, each conversation in order, poison before staff (domain.md 8, trust.md 2.5)."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from app.context import Context
from app.jobs import inbox, outbox
from app.jobs.inbox import MOST_ATTEMPTS
from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, ChannelType, InboundSource, InboxState, Intent, MessageKind
from app.models.inbox import InboundEvent
from app.models.interactions import Interaction
from app.services import campaigns, inbound, invariants, launching, patients
from tests.agent.provider import YES, FixedProvider
from tests.conftest import Clock
from tests.factories import make_clinic, make_due_patient, make_patient
from tests.services import stage

S = CampaignStatus


@pytest.fixture
def ctx(ctx: Context) -> Context:
    return stage.speaking(ctx)


@pytest.fixture
async def campaign(ctx: Context) -> Campaign:
    """A campaign whose first attempt has left."""
    return await stage.written_to(ctx)


async def nobody_finishes(name: str) -> None:
    """A poison event: it breaks every time, just after it was taken in."""
    if name == "inbox.interaction_stored":
        raise RuntimeError("this event breaks")


class TestDrain:
    async def test_a_reply_is_stored_read_answered_and_closed(self, ctx: Context, campaign: Campaign) -> None:
        await stage.incoming(ctx, campaign, "yes please")
        assert (await inbox.drain(ctx))["done"] == 1
        event = await stage.only_event()
        assert (event.state, event.outcome, event.campaign_id) == (InboxState.DONE, "replied", campaign.id)
        assert event.finished_at == ctx.now()
        [message] = await stage.received(campaign)
        assert message.read_at is not None
        assert message.handled_at is not None
        assert message.ai_analysis is not None
        assert message.ai_analysis.intent is Intent.BOOKING_REQUEST
        assert await stage.waiting(MessageKind.REPLY) == 1
        assert not any((await inbox.drain(ctx)).values())

    async def test_a_redelivery_after_the_end_changes_nothing(self, ctx: Context, campaign: Campaign) -> None:
        message = await stage.incoming(ctx, campaign, "yes please")
        await inbox.drain(ctx)
        await inbound.store(ctx, message)
        assert not any((await inbox.drain(ctx)).values())
        assert (len(await stage.received(campaign)), await InboundEvent.count()) == (1, 1)
        assert len(await stage.rows(kind=MessageKind.REPLY)) == 1

    async def test_deliveries_at_once_are_one_row_one_interaction_and_one_answer(
        self, ctx: Context, campaign: Campaign
    ) -> None:
        message = await stage.incoming(ctx, campaign, "yes please")
        await asyncio.gather(*(inbound.store(ctx, message) for _ in range(5)))
        await asyncio.gather(*(inbox.drain(ctx) for _ in range(3)))
        assert (len(await stage.received(campaign)), await InboundEvent.count()) == (1, 1)
        assert len(await stage.rows(kind=MessageKind.REPLY)) == 1

    @pytest.mark.parametrize(
        "step", ["inbox.claimed", "inbox.interaction_stored", "agent.acknowledged", "inbox.answered"]
    )
    async def test_after_a_crash_at_any_step_it_is_answered_once(
        self, ctx: Context, clock: Clock, campaign: Campaign, step: str
    ) -> None:
        await stage.incoming(ctx, campaign, "yes please")
        with pytest.raises(stage.Crash):
            await inbox.drain(stage.crashing_at(ctx, step))
        clock.forward(seconds=ctx.settings.chairside_lease_seconds)
        assert (await inbox.drain(ctx))["done"] == 1
        assert len(await stage.received(campaign)) == len(await stage.rows(kind=MessageKind.REPLY)) == 1
        assert (await campaigns.get(campaign.id)).status is S.RE_ENGAGED
        assert not any((await invariants.check(ctx)).values())

    async def test_gmail_without_a_mailbox_is_put_before_staff(self, ctx: Context) -> None:
        payload = {"historyId": 1}
        await inbound.store_event(ctx, source=InboundSource.GMAIL, event_id="1", payload=payload, conversation="gmail")
        assert (await inbox.drain(ctx))["parked"] == 1
        assert (await stage.only_event()).outcome == "no_gmail_mailbox_connected"

    @pytest.mark.parametrize("payload", [{}, {"channel": "pigeon"}, {"channel": "email", "text": "no id"}])
    async def test_what_is_no_message_is_parked_at_once(self, ctx: Context, payload: dict[str, object]) -> None:
        await inbound.store_event(ctx, source=InboundSource.GENERIC, event_id="1", payload=payload, conversation="x")
        assert (await inbox.drain(ctx))["parked"] == 1
        assert (await stage.only_event()).outcome == "not_a_message"


class TestUnmatched:
    async def test_two_active_campaigns_for_one_address_are_left_to_staff(self, ctx: Context) -> None:
        await make_clinic()
        parent = await make_due_patient(ctx, email="family@example.com")
        await make_due_patient(ctx, email="family@example.com", guardian_id=parent.id)
        await launching.launch_due(ctx)
        running = await stage.campaign_of(parent.id)
        await stage.incoming(ctx, running, "yes please")
        assert (await inbox.drain(ctx))["unmatched"] == 1
        event = await stage.only_event()
        assert (event.state, event.outcome) == (InboxState.UNMATCHED, "no_campaign_matches")
        assert await Interaction.count() == 0
        assert {c.status for c in await Campaign.find_all().to_list()} == {S.ATTEMPTING_RECOVERY}

    async def test_a_stranger_is_left_to_staff(self, ctx: Context, campaign: Campaign) -> None:
        await stage.incoming(ctx, campaign, "who are you?", sender="stranger@example.com", thread_id=None)
        assert (await inbox.drain(ctx))["unmatched"] == 1

    async def test_a_stop_from_an_address_with_two_campaigns_stops_both(self, ctx: Context) -> None:
        await make_clinic()
        parent = await make_due_patient(ctx, email="family@example.com")
        child = await make_due_patient(ctx, email="family@example.com", guardian_id=parent.id)
        await launching.launch_due(ctx)
        await stage.incoming(ctx, await stage.campaign_of(parent.id), "STOP")
        assert (await inbox.drain(ctx))["done"] == 1
        assert (await stage.only_event()).outcome == "opted_out"
        assert {c.status for c in await Campaign.find_all().to_list()} == {S.RECOVERY_DECLINED}
        for patient_id in (parent.id, child.id):
            assert await patients.is_suppressed(await patients.get(patient_id), ChannelType.EMAIL)
        assert await stage.rows() == []

    async def test_a_stop_from_a_patient_without_a_campaign_is_heeded(self, ctx: Context, campaign: Campaign) -> None:
        patient = await make_patient(ctx)
        await stage.incoming(ctx, campaign, "unsubscribe", sender=patient.email, thread_id=None)
        assert (await inbox.drain(ctx))["done"] == 1
        assert await patients.is_suppressed(await patients.get(patient.id), ChannelType.EMAIL)


class TestOrder:
    async def test_a_conversation_is_read_in_the_order_of_arrival(self, ctx: Context, campaign: Campaign) -> None:
        provider = FixedProvider()
        for text in ("yes please", "thanks", "no thank you"):
            await stage.incoming(ctx, campaign, text)
        await inbox.drain(stage.speaking(ctx, provider))
        assert [item.content for item in await stage.received(campaign)] == [
            "yes please",
            "thanks",
            "no thank you",
        ]
        heard = "\n".join(message.text for message in provider.heard)
        assert heard == "yes please\nthanks\nno thank you"

    async def test_messages_close_together_are_answered_once(self, ctx: Context, campaign: Campaign) -> None:
        for text in ("yes", "yes please"):
            await stage.incoming(ctx, campaign, text)
        provider = FixedProvider({"yes\nyes please": YES, "yes": YES, "yes please": YES})
        await inbox.drain(stage.speaking(ctx, provider))
        await outbox.drain(ctx)
        assert len(await stage.rows(kind=MessageKind.REPLY)) == 1
        assert all(message.handled_at for message in await stage.received(campaign))

    async def test_two_answers_from_one_family_inbox_reach_their_own_campaigns(
        self, ctx: Context, clock: Clock
    ) -> None:
        await make_clinic()
        parent = await make_due_patient(ctx, email="family@example.com")
        child = await make_due_patient(ctx, email="family@example.com", guardian_id=parent.id)
        await launching.launch_due(ctx)
        await stage.scan(ctx)
        clock.forward(days=1)
        await outbox.drain(ctx)
        for row in await stage.rows():
            campaign = await campaigns.get(row.campaign_id or parent.id)
            await stage.incoming(
                ctx, campaign, f"for {campaign.patient_id}", thread_id=None, in_reply_to=row.external_id
            )
        await inbox.drain(ctx)
        for patient in (parent, child):
            [message] = await stage.received(await stage.campaign_of(patient.id))
            assert message.content == f"for {patient.id}"

    async def test_an_event_waits_while_an_older_one_of_its_conversation_is_worked(
        self, ctx: Context, clock: Clock, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(inbox, "LOOKS_AT_A_BUSY_CONVERSATION", 2)
        await stage.incoming(ctx, campaign, "yes please")
        await stage.incoming(ctx, campaign, "thanks")
        older = await InboundEvent.claim(now=clock.instant, lease_until=ctx.lease_until)
        assert older is not None
        assert not any((await inbox.drain(ctx)).values())
        younger = await InboundEvent.find_one({"payload.text": "thanks"})
        assert younger is not None
        assert (younger.attempts, younger.not_before) == (0, clock.instant + timedelta(seconds=5))


class TestPoison:
    async def test_it_is_retried_with_growing_pauses_and_then_put_before_staff(
        self, ctx: Context, clock: Clock, campaign: Campaign
    ) -> None:
        await stage.incoming(ctx, campaign, "yes please")
        broken = replace(ctx, pause=nobody_finishes)
        for failures in range(1, MOST_ATTEMPTS):
            assert (await inbox.drain(broken))["retried"] == 1
            event = await stage.only_event()
            assert (event.attempts, event.last_error) == (failures, "RuntimeError")
            pause = timedelta(seconds=5 * 2 ** (failures - 1))
            assert event.not_before == clock.instant + pause
            clock.instant += pause - timedelta(milliseconds=1)
            assert not any((await inbox.drain(broken)).values())
            clock.forward(milliseconds=1)
        assert (await inbox.drain(broken))["parked"] == 1
        event = await stage.only_event()
        assert (event.state, event.outcome) == (InboxState.PARKED, "failed_too_often")
        assert len(await stage.received(campaign)) == 1

    async def test_the_others_go_on(self, ctx: Context, campaign: Campaign) -> None:
        other = await stage.written_to(ctx)
        await stage.incoming(ctx, campaign, "yes please")
        await stage.incoming(ctx, other, "yes please")
        pauses = iter([True])

        async def break_once(name: str) -> None:
            if name == "inbox.interaction_stored" and next(pauses, False):
                raise RuntimeError("this event breaks")

        counts = await inbox.drain(replace(ctx, pause=break_once))
        assert (counts["done"], counts["retried"]) == (1, 1)

    async def test_a_worker_that_stalled_past_its_lease_cannot_close_the_event(
        self, ctx: Context, clock: Clock, campaign: Campaign
    ) -> None:
        await stage.incoming(ctx, campaign, "yes please")
        stale = await InboundEvent.claim(now=clock.instant, lease_until=ctx.lease_until)
        assert stale is not None
        clock.forward(seconds=ctx.settings.chairside_lease_seconds)
        await inbox.drain(ctx)
        assert not await stale.write({"state": InboxState.PARKED, "outcome": "too late"})
        assert (await stage.only_event()).state is InboxState.DONE
