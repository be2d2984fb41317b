"""When an answer of a person is due, when it is not any more, and when it is again (domain.md section 6)."""

import pytest

from app.context import Context
from app.jobs import handoffs as job
from app.jobs import inbox, outbox
from app.models.campaigns import Campaign, HandoffDetails
from app.models.enums import CampaignStatus
from app.models.users import User
from app.services import campaigns, conversations, handoff_escalations, handoffs
from tests.conftest import Clock
from tests.factories import force_status, make_clinic, make_recovery, make_user
from tests.services import stage

S = CampaignStatus
EMERGENCY = "My face is swollen and I cannot breathe"
FOUR_HOURS = 4 * 3600


@pytest.fixture
def ctx(ctx: Context) -> Context:
    return stage.speaking(ctx)


@pytest.fixture
async def user(ctx: Context) -> User:
    return await make_user(ctx, name="Uma Upton")


async def led_by_agent(ctx: Context) -> Campaign:
    await make_clinic()
    return await force_status(await make_recovery(ctx), S.RE_ENGAGED)


async def handed_over(ctx: Context, text: str = "what?") -> Campaign:
    return await stage.answered_with(ctx, await led_by_agent(ctx), text)


async def answered(ctx: Context, campaign: Campaign, user: User) -> HandoffDetails:
    """A person answers and keeps the conversation."""
    actor, key = f"user:{user.id}", conversations.fresh_key()
    await conversations.respond(ctx, campaign.id, text="It is me.", new_status=None, actor=actor, key=key)
    return await details(campaign)


async def details(campaign: Campaign) -> HandoffDetails:
    found = (await campaigns.get(campaign.id)).handoff_details
    assert found is not None
    return found


class TestAnswered:
    async def test_nothing_is_due_and_whoever_answered_has_it(self, ctx: Context, clock: Clock, user: User) -> None:
        campaign = await handed_over(ctx)
        after = await answered(ctx, campaign, user)
        assert (after.due_at, after.assigned_to, after.resolved_at) == (None, user.id, None)
        clock.forward(days=2)
        assert await job.escalate_late(ctx) == {"escalated": 0}
        [row] = await handoffs.waiting(ctx)
        assert (row.is_late, row.assigned_name) == (False, "Uma Upton")

    async def test_an_answer_takes_a_conversation_from_nobody(self, ctx: Context, user: User) -> None:
        campaign, other = await handed_over(ctx), await make_user(ctx)
        await handoffs.claim(ctx, campaign.id, by=other.id)
        assert (await answered(ctx, campaign, user)).assigned_to == other.id

    async def test_an_escalated_one_is_calm_again(self, ctx: Context, clock: Clock, user: User) -> None:
        campaign = await handed_over(ctx)
        clock.forward(hours=5)
        assert await job.escalate_late(ctx) == {"escalated": 1}
        assert (await answered(ctx, campaign, user)).escalated_at is None

    async def test_the_patients_next_message_is_due_anew_and_may_be_late_anew(
        self, ctx: Context, clock: Clock, user: User
    ) -> None:
        campaign = await handed_over(ctx)
        await answered(ctx, campaign, user)
        await stage.answered_with(ctx, campaign, "And\nhow long?")
        after = await details(campaign)
        assert after.due_at is not None
        assert (after.due_at - clock.instant).total_seconds() == FOUR_HOURS
        assert after.patient_question == "And how long?"
        clock.forward(hours=5)
        assert await job.escalate_late(ctx) == {"escalated": 1}

    @pytest.mark.parametrize("text", ["Thanks!", "thank you so much", "Muchas gracias", "merci beaucoup :)"])
    async def test_a_thank_you_is_owed_nothing(self, ctx: Context, user: User, text: str) -> None:
        campaign = await handed_over(ctx)
        await answered(ctx, campaign, user)
        await stage.answered_with(ctx, campaign, text)
        assert (await details(campaign)).due_at is None

    @pytest.mark.parametrize(
        "text", ["ok thanks", "yes, thank you", "thanks, at 9?", "thanks for nothing", "no thanks"]
    )
    async def test_a_thank_you_that_may_answer_something_is(self, ctx: Context, user: User, text: str) -> None:
        campaign = await handed_over(ctx)
        await answered(ctx, campaign, user)
        await stage.answered_with(ctx, campaign, text)
        assert (await details(campaign)).due_at is not None

    async def test_more_words_do_not_put_off_what_is_due(self, ctx: Context, clock: Clock) -> None:
        campaign = await handed_over(ctx)
        before = await details(campaign)
        clock.forward(hours=1)
        await stage.answered_with(ctx, campaign, "hello? anybody?")
        assert await details(campaign) == before


class TestEmergencies:
    async def test_written_twice_it_is_due_as_it_was(self, ctx: Context, clock: Clock) -> None:
        campaign = await handed_over(ctx, EMERGENCY)
        before = await details(campaign)
        clock.forward(minutes=10)
        await stage.answered_with(ctx, campaign, "It gets worse. I cannot breathe")
        after = await details(campaign)
        assert (after.due_at, after.created_at) == (before.due_at, before.created_at)
        assert after.patient_question.startswith("It gets worse")

    async def test_one_that_was_told_of_twice_is_not_told_of_for_each_message(self, ctx: Context, clock: Clock) -> None:
        campaign = await handed_over(ctx, EMERGENCY)
        clock.forward(minutes=16)
        assert await job.escalate_late(ctx) == {"escalated": 1}
        await stage.answered_with(ctx, campaign, EMERGENCY)
        assert await job.escalate_late(ctx) == {"escalated": 0}
        assert (await details(campaign)).escalated_at is not None

    async def test_one_after_an_answer_is_a_new_one(self, ctx: Context, clock: Clock, user: User) -> None:
        campaign = await handed_over(ctx, EMERGENCY)
        await answered(ctx, campaign, user)
        await stage.answered_with(ctx, campaign, EMERGENCY)
        due = (await details(campaign)).due_at
        assert due is not None
        assert (due - clock.instant).total_seconds() == 15 * 60


class TestTakenByHand:
    async def test_what_nobody_had_answered_is_owed(self, ctx: Context, clock: Clock, user: User) -> None:
        """The agent's answer is withdrawn by the claim: now the person owes one."""
        lead = await led_by_agent(ctx)
        await stage.answered_with(ctx, lead, "yes please")
        await handoffs.claim(ctx, lead.id, by=user.id)
        after = await details(lead)
        assert after.due_at is not None
        assert ((after.due_at - clock.instant).total_seconds(), after.patient_question) == (FOUR_HOURS, "yes please")
        clock.forward(hours=5)
        assert await job.escalate_late(ctx) == {"escalated": 1}

    async def test_the_same_by_a_change_of_status(self, ctx: Context, user: User) -> None:
        lead = await led_by_agent(ctx)
        await stage.answered_with(ctx, lead, "yes please")
        await campaigns.change_status(ctx, lead.id, S.HANDOFF_REQUIRED, actor=f"user:{user.id}", reason=None)
        assert (await details(lead)).due_at is not None

    async def test_nothing_is_owed_where_all_is_answered(self, ctx: Context, clock: Clock, user: User) -> None:
        lead = await led_by_agent(ctx)
        await stage.answered_with(ctx, lead, "yes please")
        await outbox.drain(ctx)
        await handoffs.claim(ctx, lead.id, by=user.id)
        assert (await details(lead)).due_at is None
        await stage.answered_with(ctx, lead, "Can I bring my dog?")
        assert (await details(lead)).due_at is not None

    async def test_an_answer_that_took_it_owes_nothing(self, ctx: Context, user: User) -> None:
        lead = await led_by_agent(ctx)
        await stage.answered_with(ctx, lead, "yes please")
        actor = f"user:{user.id}"
        await conversations.respond(ctx, lead.id, text="Me.", new_status=S.HANDOFF_REQUIRED, actor=actor, key="k")
        assert (await details(lead)).due_at is None


class TestLate:
    async def test_whoever_booked_meanwhile_hides_nobody(self, ctx: Context, clock: Clock) -> None:
        await force_status(await handed_over(ctx), S.BOOKING_INITIATED)
        clock.forward(minutes=1)
        waiting = await handed_over(ctx)
        clock.forward(hours=5)
        assert await handoff_escalations.late(ctx, most=1) == [waiting.id]

    async def test_the_look_reads_the_open_ones_and_no_more(self, ctx: Context) -> None:
        for _ in range(3):
            await handed_over(ctx)
        for _ in range(5):
            await led_by_agent(ctx)
        kept = await stage.profiled(ctx, lambda: handoff_escalations.late(ctx), op="query", ns="campaigns")
        assert [row["docsExamined"] for row in kept] == [0]


class TestOrder:
    async def test_an_emergency_of_now_comes_before_a_question_of_last_week(self, ctx: Context, clock: Clock) -> None:
        question = await handed_over(ctx)
        clock.forward(days=5)
        await job.escalate_late(ctx)
        urgent = await handed_over(ctx, EMERGENCY)
        assert [row.campaign_id for row in await handoffs.waiting(ctx)] == [urgent.id, question.id]

    async def test_who_has_an_answer_comes_last(self, ctx: Context, clock: Clock, user: User) -> None:
        first = await handed_over(ctx)
        clock.forward(minutes=1)
        second = await handed_over(ctx)
        await answered(ctx, first, user)
        assert [row.campaign_id for row in await handoffs.waiting(ctx)] == [second.id, first.id]


class TestReason:
    async def test_it_says_that_no_article_answers(self, ctx: Context) -> None:
        assert (await details(await handed_over(ctx, "do you have parking?"))).reason == (
            "QUESTION: no article holds the answer"
        )

    async def test_it_says_that_the_agent_answered_too_often(self, ctx: Context) -> None:
        lead = await led_by_agent(ctx)
        for _ in range(3):
            await stage.incoming(ctx, lead, "yes please")
            await inbox.drain(ctx)
        await stage.answered_with(ctx, lead, "yes please")
        assert (await details(lead)).reason == "BOOKING_REQUEST: the agent has answered too often here"
