"""Messages that come close together are read together and answered once (domain.md section 6, REPLY_AFTER_SECONDS)."""

import asyncio
from dataclasses import replace

import pytest

from app.context import Context
from app.jobs import inbox, outbox, registry
from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, InboundSource, InboxState, MessageKind
from app.models.inbox import InboundEvent
from app.services import campaigns, conversations, inbound
from app.services.job_runs import SCHEDULER
from tests.agent.provider import YES, FixedProvider, reading
from tests.conftest import Clock, make_settings
from tests.factories import force_status, make_clinic, make_recovery, make_user
from tests.services import stage

S = CampaignStatus
WAIT = 30
EMERGENCY = "My face is swollen and I cannot breathe"


@pytest.fixture
def provider() -> FixedProvider:
    return FixedProvider(table={"yes\nplease\non a monday": YES, "yes please": YES, "hm": reading("QUESTION")})  # type: ignore[arg-type]


@pytest.fixture
def ctx(ctx: Context, provider: FixedProvider) -> Context:
    return replace(stage.speaking(ctx, provider), settings=make_settings(reply_after_seconds=WAIT))


@pytest.fixture
async def campaign(ctx: Context) -> Campaign:
    await make_clinic()
    return await force_status(await make_recovery(ctx), S.ATTEMPTING_RECOVERY)


async def replies() -> int:
    return len(await stage.rows(kind={"$in": [MessageKind.REPLY, MessageKind.HANDOFF, MessageKind.EMERGENCY]}))


async def unfinished() -> int:
    return await InboundEvent.find({"state": InboxState.RECEIVED}).count()


class TestWaiting:
    async def test_three_messages_get_one_answer_that_knows_them_all(
        self, ctx: Context, clock: Clock, campaign: Campaign, provider: FixedProvider
    ) -> None:
        for text in ("yes", "please", "on a monday"):
            await stage.incoming(ctx, campaign, text)
            await inbox.drain(ctx)
            clock.forward(seconds=10)
        assert (await replies(), provider.heard) == (0, [])
        clock.forward(seconds=WAIT)
        await inbox.drain(ctx)
        assert [heard.text for heard in provider.heard] == ["yes\nplease\non a monday"]
        assert (await replies(), await unfinished()) == (1, 0)

    async def test_a_lone_message_is_answered_when_it_is_old_enough_and_not_before(
        self, ctx: Context, clock: Clock, campaign: Campaign
    ) -> None:
        await stage.answered_with(ctx, campaign, "yes please")
        clock.forward(seconds=WAIT - 1)
        await inbox.drain(ctx)
        assert await replies() == 0
        clock.forward(seconds=1)
        await inbox.drain(ctx)
        assert await replies() == 1

    async def test_staff_see_the_message_and_the_campaign_is_back_at_once(
        self, ctx: Context, campaign: Campaign
    ) -> None:
        after = await stage.answered_with(ctx, campaign, "yes please")
        assert after.status is S.RE_ENGAGED
        assert [item.content for item in await stage.received(campaign)] == ["yes please"]

    async def test_an_attempt_that_waits_does_not_leave_meanwhile(self, ctx: Context, campaign: Campaign) -> None:
        await stage.queue_due(ctx)
        await stage.answered_with(ctx, campaign, "yes please")
        await outbox.drain(ctx)
        assert await stage.sent_bodies() == []

    async def test_who_writes_on_and_on_is_answered_all_the_same(
        self, ctx: Context, clock: Clock, campaign: Campaign
    ) -> None:
        for _ in range(13):
            await stage.incoming(ctx, campaign, "and another thing")
            await inbox.drain(ctx)
            clock.forward(seconds=9)
        assert await replies() >= 1

    async def test_two_conversations_do_not_wait_for_each_other(
        self, ctx: Context, clock: Clock, campaign: Campaign
    ) -> None:
        await stage.answered_with(ctx, campaign, "yes please")
        clock.forward(seconds=WAIT - 1)
        other = await make_recovery(ctx)
        await stage.answered_with(ctx, other, "yes please")
        clock.forward(seconds=1)
        await inbox.drain(ctx)
        assert {row.campaign_id for row in await stage.rows(kind=MessageKind.REPLY)} == {campaign.id}

    async def test_none_waits_when_the_wait_is_nought(self, ctx: Context, campaign: Campaign) -> None:
        await stage.answered_with(replace(ctx, settings=make_settings()), campaign, "yes please")
        assert await replies() == 1


class TestPressing:
    @pytest.mark.parametrize(("text", "kind"), [(EMERGENCY, "emergency"), ("STOP", "opt_out_confirmation")])
    async def test_risks_are_dealt_with_at_once(self, ctx: Context, campaign: Campaign, text: str, kind: str) -> None:
        await stage.answered_with(ctx, campaign, text)
        assert len(await stage.rows(kind=kind)) == 1

    @pytest.mark.parametrize(("text", "kind"), [(EMERGENCY, "emergency"), ("STOP", "opt_out_confirmation")])
    async def test_a_risk_wakes_what_rests_before_it(
        self, ctx: Context, clock: Clock, campaign: Campaign, text: str, kind: str
    ) -> None:
        for before in ("yes please", "hm"):
            await stage.answered_with(ctx, campaign, before)
        await stage.answered_with(ctx, campaign, text)
        assert len(await stage.rows(kind=kind)) == 1
        assert await unfinished() == 0

    async def test_a_message_to_a_person_does_not_rest(self, ctx: Context, campaign: Campaign) -> None:
        await force_status(campaign, S.HANDOFF_REQUIRED)
        await stage.answered_with(ctx, campaign, "hm")
        assert await unfinished() == 0

    async def test_what_cannot_be_read_does_not_hold_the_others_up(
        self, ctx: Context, clock: Clock, campaign: Campaign
    ) -> None:
        await stage.answered_with(ctx, campaign, "yes please")
        key = f"{campaign.channel.type}:{campaign.channel.address}"
        payload = {"raw": "?"}
        await inbound.store_event(ctx, source=InboundSource.GENERIC, event_id="odd", payload=payload, conversation=key)
        clock.forward(seconds=WAIT)
        await inbox.drain(ctx)
        assert (await replies(), await unfinished()) == (1, 0)


class TestCrashesAndReplicas:
    async def test_a_worker_that_dies_resting_loses_nothing(
        self, ctx: Context, clock: Clock, campaign: Campaign
    ) -> None:
        with pytest.raises(stage.Crash):
            await stage.answered_with(stage.crashing_at(ctx, "inbox.resting"), campaign, "yes please")
        clock.forward(seconds=WAIT)
        await asyncio.gather(*(inbox.drain(ctx) for _ in range(3)))
        assert (await replies(), await unfinished()) == (1, 0)

    async def test_one_that_dies_before_it_rests_loses_nothing_either(
        self, ctx: Context, clock: Clock, campaign: Campaign
    ) -> None:
        with pytest.raises(stage.Crash):
            await stage.answered_with(stage.crashing_at(ctx, "inbox.claimed"), campaign, "yes please")
        clock.forward(seconds=150)
        await inbox.drain(ctx)
        assert (await replies(), await unfinished()) == (1, 0)

    async def test_several_replicas_answer_a_burst_once(
        self, ctx: Context, clock: Clock, campaign: Campaign, provider: FixedProvider
    ) -> None:
        for text in ("yes", "please", "on a monday"):
            await stage.incoming(ctx, campaign, text)
            await asyncio.gather(*(inbox.drain(ctx) for _ in range(3)))
        clock.forward(seconds=WAIT)
        await asyncio.gather(*(inbox.drain(ctx) for _ in range(3)))
        assert [heard.text for heard in provider.heard] == ["yes\nplease\non a monday"]
        assert (await replies(), await unfinished()) == (1, 0)

    async def test_what_a_person_answered_meanwhile_gets_no_second_answer(
        self, ctx: Context, clock: Clock, campaign: Campaign
    ) -> None:
        await stage.answered_with(ctx, campaign, "yes please")
        clock.forward(seconds=1)
        actor = f"user:{(await make_user(ctx)).id}"
        await conversations.respond(ctx, campaign.id, text="Monday at nine?", new_status=None, actor=actor, key="k")
        clock.forward(seconds=WAIT)
        await inbox.drain(ctx)
        assert (await replies(), await unfinished()) == (0, 0)
        assert (await campaigns.get(campaign.id)).status is S.RE_ENGAGED
        assert all(item.handled_at for item in await stage.received(campaign))


class TestByHand:
    async def test_whoever_drains_by_hand_waits_for_nothing(self, ctx: Context, campaign: Campaign) -> None:
        await stage.answered_with(ctx, campaign, "yes please")
        await registry.drain(ctx, ignore_window=False)
        assert (await replies(), await unfinished()) == (1, 0)

    @pytest.mark.parametrize(("by", "expected"), [(SCHEDULER, 0), ("user:1", 1), ("system", 1)])
    async def test_only_the_timetable_lets_messages_rest(
        self, ctx: Context, campaign: Campaign, by: str, expected: int
    ) -> None:
        await stage.incoming(ctx, campaign, "yes please")
        await registry.run_job(ctx, "inbox", by=by)
        assert await replies() == expected


class TestSetting:
    def test_short_where_people_try_things_out(self) -> None:
        assert make_settings(reply_after_seconds=None).reply_after.total_seconds() == 3
        assert make_settings(reply_after_seconds="").reply_after.total_seconds() == 3
        assert make_settings(reply_after_seconds=45).reply_after.total_seconds() == 45
