"""A conversation's steps are whole or absent; staff answers go once; notes are nobody's message (domain.md 3 and 6)."""

import asyncio

import pytest

from app.context import Context
from app.domain.campaign_status import CampaignEvent
from app.errors import IllegalTransitionError, SuppressedError
from app.jobs import inbox, outbox
from app.models.campaigns import Campaign
from app.models.enums import (
    Author,
    CampaignStatus,
    ChannelType,
    DecisionOutcome,
    Delivery,
    Direction,
    MessageKind,
)
from app.models.interactions import Interaction
from app.models.links import PatientLink
from app.models.records import AuditEntry, Decision
from app.services import campaigns, conversations, links, patients
from app.services.campaigns import StaleCampaignError
from app.services.conversations import Decided, ManualEntry, Step, record_manually, respond
from app.services.outbox import NewMessage
from tests.agent.provider import FixedProvider
from tests.factories import force_status, make_user
from tests.services import stage

S = CampaignStatus


@pytest.fixture
def ctx(ctx: Context) -> Context:
    return stage.speaking(ctx)


@pytest.fixture
async def campaign(ctx: Context) -> Campaign:
    """A campaign whose first attempt has left."""
    return await stage.written_to(ctx)


@pytest.fixture
async def actor(ctx: Context) -> str:
    return f"user:{(await make_user(ctx)).id}"


async def answer(
    ctx: Context, campaign: Campaign, actor: str, *, key: str = "k", new_status: CampaignStatus | None = None
) -> Delivery:
    return await respond(ctx, campaign.id, text="Hello from us.", new_status=new_status, actor=actor, key=key)


def message_to(campaign: Campaign, key: str = "step") -> NewMessage:
    return NewMessage(
        key=key,
        kind=MessageKind.REPLY,
        author=Author.AI,
        channel=ChannelType.EMAIL,
        to=campaign.channel.address,
        body="text",
    )


class TestQueue:
    async def test_a_step_is_written_whole(self, ctx: Context, campaign: Campaign) -> None:
        link, url = links.new_booking_link(ctx, patient_id=campaign.patient_id, campaign_id=campaign.id)
        decision = (DecisionOutcome.QUEUED, "all_rules_passed", {"why": "test"})
        step = Step(
            campaign=campaign,
            event=CampaignEvent.PATIENT_REPLIED,
            changes={"booking_funnel.link_url": url},
            message=message_to(campaign),
            link=link,
            decision=decision,
        )
        await conversations.queue(ctx, step)
        after = await campaigns.get(campaign.id)
        assert (after.status, after.booking_funnel.link_url) == (S.RE_ENGAGED, url)
        assert await PatientLink.get(link.id) is not None
        assert await stage.waiting(MessageKind.REPLY) == 1
        assert "all_rules_passed" in await stage.reasons(campaign_id=campaign.id)

    async def test_a_step_against_an_older_campaign_writes_nothing(self, ctx: Context, campaign: Campaign) -> None:
        await campaigns.touch(ctx, campaign, changes={})
        link, _ = links.new_booking_link(ctx, patient_id=campaign.patient_id, campaign_id=campaign.id)
        before = await Decision.count()
        decision: Decided = (DecisionOutcome.QUEUED, "all_rules_passed", {})
        step = Step(campaign=campaign, message=message_to(campaign), link=link, decision=decision)
        with pytest.raises(StaleCampaignError):
            await conversations.queue(ctx, step)
        assert await PatientLink.get(link.id) is None
        assert (await stage.waiting(MessageKind.REPLY), await Decision.count()) == (0, before)

    async def test_a_message_of_the_same_cause_is_never_queued_twice(self, ctx: Context, campaign: Campaign) -> None:
        await conversations.queue(ctx, Step(campaign=campaign, message=message_to(campaign)))
        current = await campaigns.get(campaign.id)
        with pytest.raises(StaleCampaignError):
            await conversations.queue(ctx, Step(campaign=current, message=message_to(current)))
        assert await stage.waiting(MessageKind.REPLY) == 1
        assert (await campaigns.get(campaign.id)).version == current.version


class TestRespond:
    async def test_it_is_queued_sent_and_audited(self, ctx: Context, campaign: Campaign, actor: str) -> None:
        assert await answer(ctx, campaign, actor) is Delivery.QUEUED
        assert (await outbox.drain(ctx))["sent"] == 1
        assert (await stage.sent_bodies())[-1] == "Hello from us."
        row = await stage.only_row(kind=MessageKind.STAFF)
        shown = await Interaction.get(row.id)
        assert shown is not None
        assert (shown.author, shown.delivery) == (Author.STAFF, Delivery.SENT)
        assert f"user:{shown.written_by}" == actor
        entry = await AuditEntry.find_one({"action": "campaign.answered"})
        assert entry is not None
        assert entry.actor == actor

    async def test_the_same_key_sends_once_and_says_what_became_of_it(
        self, ctx: Context, campaign: Campaign, actor: str
    ) -> None:
        await answer(ctx, campaign, actor)
        await outbox.drain(ctx)
        assert await answer(ctx, campaign, actor) is Delivery.SENT
        await answer(ctx, campaign, actor, key="another")
        assert len(await stage.rows(kind=MessageKind.STAFF)) == 2

    async def test_the_same_key_at_once_sends_once(self, ctx: Context, campaign: Campaign, actor: str) -> None:
        await asyncio.gather(*(answer(ctx, campaign, actor) for _ in range(4)))
        assert len(await stage.rows(kind=MessageKind.STAFF)) == 1

    async def test_it_answers_the_patients_newest_message(self, ctx: Context, campaign: Campaign, actor: str) -> None:
        message = await stage.incoming(ctx, campaign, "what?")
        await inbox.drain(ctx)
        await answer(ctx, campaign, actor)
        row = await stage.only_row(kind=MessageKind.STAFF)
        assert (row.in_reply_to, row.thread_id) == (message.external_id, campaign.channel.thread_id)
        assert row.subject == "Re: Your next visit"
        assert all(item.handled_at for item in await stage.received(campaign))

    @pytest.mark.parametrize(
        "target", [S.RE_ENGAGED, S.HANDOFF_REQUIRED, S.MANUAL_FOLLOWUP_COMPLETE, S.RECOVERY_DECLINED]
    )
    async def test_it_may_move_a_handoff(
        self, ctx: Context, campaign: Campaign, actor: str, target: CampaignStatus
    ) -> None:
        await stage.answered_with(ctx, campaign, "what?")
        await answer(ctx, campaign, actor, new_status=target)
        assert (await campaigns.get(campaign.id)).status is target
        assert (await outbox.drain(ctx))["sent"] == 1  # the agent's own handoff message was withdrawn

    async def test_without_a_status_it_stays(self, ctx: Context, campaign: Campaign, actor: str) -> None:
        await stage.answered_with(ctx, campaign, "what?")
        await answer(ctx, campaign, actor)
        assert (await campaigns.get(campaign.id)).status is S.HANDOFF_REQUIRED

    async def test_an_impossible_status_sends_nothing(self, ctx: Context, campaign: Campaign, actor: str) -> None:
        with pytest.raises(IllegalTransitionError):
            await answer(ctx, campaign, actor, new_status=S.RECOVERED)
        assert await stage.rows(kind=MessageKind.STAFF) == []

    async def test_nobody_writes_to_a_patient_who_stopped(self, ctx: Context, campaign: Campaign, actor: str) -> None:
        await patients.record_opt_out(ctx, patient_ids=[campaign.patient_id], channel="all", source="phone")
        with pytest.raises(SuppressedError):
            await answer(ctx, campaign, actor)


class TestRecordManually:
    async def write(self, ctx: Context, campaign: Campaign, actor: str, direction: Direction, text: str) -> None:
        entry = ManualEntry(campaign_id=campaign.id, direction=direction, content=text, analysis=None, channel=None)
        await record_manually(ctx, entry, actor=actor)

    @pytest.mark.parametrize(
        ("direction", "author", "delivery"),
        [(Direction.INCOMING, Author.PATIENT, None), (Direction.OUTGOING, Author.STAFF, Delivery.SENT)],
    )
    async def test_it_is_kept_and_nothing_is_sent(
        self, ctx: Context, campaign: Campaign, actor: str, direction: Direction, author: Author, delivery: Delivery
    ) -> None:
        await self.write(ctx, campaign, actor, direction, "On the phone.")
        newest = (await Interaction.find({"content": "On the phone."}).to_list())[0]
        assert (newest.author, newest.delivery) == (author, delivery)
        assert newest.written_by == (campaigns.user_of(actor) if author is Author.STAFF else None)
        assert len(await stage.rows()) == 1
        assert await AuditEntry.find({"action": "interaction.recorded"}).count() == 1

    async def test_the_agent_never_takes_a_note_for_a_message(
        self, ctx: Context, campaign: Campaign, actor: str
    ) -> None:
        await self.write(ctx, campaign, actor, Direction.INCOMING, "Called: the dog is ill.")
        provider = FixedProvider()
        await stage.answered_with(stage.speaking(ctx, provider), campaign, "yes please")
        assert [message.text for message in provider.heard] == ["yes please"]

    async def test_a_note_does_not_hold_the_next_attempt_back_for_ever(
        self, ctx: Context, campaign: Campaign, actor: str
    ) -> None:
        await self.write(ctx, campaign, actor, Direction.INCOMING, "Called: will think about it.")
        await stage.set_raw(campaign, **{"follow_up_details.next_attempt_at": ctx.now()})
        assert "reply_received" not in await stage.scan(ctx)


class TestReplySubject:
    @pytest.mark.parametrize(
        ("subject", "reply"),
        [("Your visit", "Re: Your visit"), ("Re: Your visit", "Re: Your visit"), (None, "Re: Your message")],
    )
    async def test_email(self, ctx: Context, campaign: Campaign, subject: str | None, reply: str) -> None:
        stored = await force_status(campaign, S.RE_ENGAGED, **{"channel.subject": subject})
        assert conversations.reply_subject(stored) == reply

    async def test_sms_has_none(self, ctx: Context, campaign: Campaign) -> None:
        stored = await force_status(campaign, S.RE_ENGAGED, **{"channel.type": "sms"})
        assert conversations.reply_subject(stored) == ""
