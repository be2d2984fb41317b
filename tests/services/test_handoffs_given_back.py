"""Given back to the agent: everything that nobody answered is read, and answered once (domain.md section 6, D-18)."""

from dataclasses import replace

import pytest

from app.context import Context
from app.jobs import inbox, outbox
from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, MessageKind, OutboxState
from app.models.users import User
from app.services import campaigns, conversations, handoffs
from tests.conftest import Clock, make_settings
from tests.factories import force_status, make_clinic, make_recovery, make_user
from tests.services import stage

S = CampaignStatus
WAIT = 30


@pytest.fixture
def ctx(ctx: Context) -> Context:
    return stage.speaking(ctx)


@pytest.fixture
async def user(ctx: Context) -> User:
    return await make_user(ctx)


@pytest.fixture
async def lead(ctx: Context) -> Campaign:
    await make_clinic()
    return await force_status(await make_recovery(ctx), S.RE_ENGAGED)


async def give_back(ctx: Context, lead: Campaign, user: User) -> None:
    """The person gives it back, and the agent works until nothing is left."""
    await handoffs.release_to_agent(ctx, lead.id, by=user.id)
    for _ in range(2):
        await inbox.drain(ctx)
        await outbox.drain(ctx)


async def sent(kind: MessageKind = MessageKind.REPLY) -> int:
    return len(await stage.rows(kind=kind, state=OutboxState.SENT))


class TestWithdrawnAnswers:
    async def test_the_message_is_answered_after_all(self, ctx: Context, lead: Campaign, user: User) -> None:
        await stage.answered_with(ctx, lead, "yes please")
        await handoffs.claim(ctx, lead.id, by=user.id)
        assert [item.handled_at for item in await stage.received(lead)] == [None]
        await give_back(ctx, lead, user)
        assert (await sent(), (await campaigns.get(lead.id)).agent_wanted_at) == (1, None)
        assert all(item.handled_at for item in await stage.received(lead))

    async def test_again_and_again(self, ctx: Context, lead: Campaign, user: User) -> None:
        """Each turn of the agent's may write its answer; one leaves."""
        await stage.answered_with(ctx, lead, "yes please")
        for _ in range(3):
            await handoffs.claim(ctx, lead.id, by=user.id)
            await handoffs.release_to_agent(ctx, lead.id, by=user.id)
            await inbox.drain(ctx)
        await outbox.drain(ctx)
        states = [row.state for row in await stage.rows(kind=MessageKind.REPLY)]
        assert sorted(states) == [OutboxState.CANCELLED] * 3 + [OutboxState.SENT]

    async def test_one_that_had_left_is_not_answered_twice(self, ctx: Context, lead: Campaign, user: User) -> None:
        await stage.answered_with(ctx, lead, "yes please")
        await outbox.drain(ctx)
        await handoffs.claim(ctx, lead.id, by=user.id)
        await give_back(ctx, lead, user)
        assert await sent() == 1

    async def test_one_that_a_person_answered_is_not_either(self, ctx: Context, lead: Campaign, user: User) -> None:
        await stage.answered_with(ctx, lead, "yes please")
        actor = f"user:{user.id}"
        await conversations.respond(ctx, lead.id, text="Me.", new_status=S.HANDOFF_REQUIRED, actor=actor, key="k")
        await give_back(ctx, lead, user)
        assert await sent() == 0

    async def test_one_caught_at_the_moment_of_sending(
        self, ctx: Context, clock: Clock, lead: Campaign, user: User
    ) -> None:
        """The worker died with it in hand, so the claim could not withdraw it; the next worker is refused it."""
        await stage.answered_with(ctx, lead, "yes please")
        with pytest.raises(stage.Crash):
            await outbox.drain(stage.crashing_at(ctx, "outbox.sending"))
        await handoffs.claim(ctx, lead.id, by=user.id)
        clock.forward(minutes=3)
        await outbox.drain(ctx)
        assert (await stage.only_row(kind=MessageKind.REPLY)).state is OutboxState.CANCELLED
        await give_back(ctx, lead, user)
        assert await sent() == 1

    async def test_what_was_handed_over_does_not_come_back_to_the_person_who_gave_it_back(
        self, ctx: Context, lead: Campaign, user: User
    ) -> None:
        await stage.answered_with(ctx, lead, "what?")
        await give_back(ctx, lead, user)
        assert await sent(MessageKind.HANDOFF) == 0
        assert (await campaigns.get(lead.id)).status is S.RE_ENGAGED


class TestWhatWaited:
    async def test_a_message_that_rested_when_a_person_took_over(
        self, ctx: Context, clock: Clock, lead: Campaign, user: User
    ) -> None:
        resting = replace(ctx, settings=make_settings(reply_after_seconds=WAIT))
        await stage.answered_with(resting, lead, "yes please")
        await handoffs.claim(resting, lead.id, by=user.id)
        clock.forward(seconds=WAIT)
        await inbox.drain(resting)
        assert await stage.rows(kind=MessageKind.REPLY) == []
        await give_back(resting, lead, user)
        assert await sent() == 1

    async def test_what_was_left_lying_beside_a_visit_is_history(
        self, ctx: Context, lead: Campaign, user: User
    ) -> None:
        await force_status(lead, S.BOOKING_INITIATED)
        await stage.answered_with(ctx, lead, "what?")
        change = {"event": "appointment_withdrawn", "source": S.BOOKING_INITIATED, "target": S.RE_ENGAGED, "by": "x"}
        later = ctx.now().replace(minute=59)
        await stage.set_raw(lead, status=S.RE_ENGAGED, status_changes=[change | {"at": later}])
        await handoffs.claim(ctx, lead.id, by=user.id)
        await give_back(ctx, lead, user)
        assert (await campaigns.get(lead.id)).status is S.RE_ENGAGED

    async def test_closed_it_is_all_dealt_with(self, ctx: Context, lead: Campaign, user: User) -> None:
        await stage.answered_with(ctx, lead, "yes please")
        await handoffs.claim(ctx, lead.id, by=user.id)
        await stage.answered_with(ctx, lead, "hello?")
        await handoffs.close(ctx, lead.id, by=user.id)
        assert all(item.handled_at for item in await stage.received(lead))
