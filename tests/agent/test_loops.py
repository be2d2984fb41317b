"""Two robots that talk to each other fall silent: the other one answers whatever we send (trust.md fault 6)."""

import pytest

from app.context import Context
from app.jobs import inbox, outbox
from app.models.campaigns import Campaign
from app.models.enums import Author, CampaignStatus, ChannelType, InboundSource, Intent
from app.models.interactions import Interaction
from app.models.sandbox import SandboxMessage
from app.services import campaigns, inbound
from app.services.inbound import InboundMessage
from tests.agent.provider import ASKS, THANKS, YES, FixedProvider, reading
from tests.conftest import Clock
from tests.services import stage

MOST_ROUNDS = 30
ROBOT = "We will gladly take a look. Book us in and tell us the price!"
"""No automatic header, no automatic wording: nothing tells it from a person but that it never stops."""
MEANINGS = {
    "books": YES,
    "asks": ASKS,
    "thanks": THANKS,
    "is confused": reading(Intent.CONFUSED, handoff=True),
    "moves": reading(Intent.RESCHEDULE),
    "declines": reading(Intent.SERVICE_DENIAL),
}


async def robot_answers(ctx: Context, campaign: Campaign, seen: set[str], *, headers: dict[str, str]) -> int:
    """The other side answers each message of ours that it has not answered yet; how many those were."""
    fresh = [
        message
        async for message in SandboxMessage.find({"to": campaign.channel.address, "is_sent": True})
        if str(message.id) not in seen
    ]
    for message in fresh:
        seen.add(str(message.id))
        answer = InboundMessage(
            source=InboundSource.SANDBOX,
            external_id=f"robot-{message.id}",
            channel=ChannelType.EMAIL,
            sender=campaign.channel.address,
            text=ROBOT,
            subject=f"Re: {message.subject}",
            thread_id=message.thread_id,
            in_reply_to=str(message.id),
            headers=headers,
        )
        await inbound.store(ctx, answer)
    return len(fresh)


async def talk(ctx: Context, clock: Clock, campaign: Campaign, *, headers: dict[str, str], minutes: int = 1) -> int:
    """Let both talk until nobody has anything to say; how many messages of ours the robot drew out of us."""
    seen: set[str] = set()
    for _ in range(MOST_ROUNDS):
        if not await robot_answers(ctx, campaign, seen, headers=headers):
            break
        clock.forward(minutes=minutes)
        await inbox.drain(ctx)
        await outbox.drain(ctx)
    return len(seen) - 1  # the first one was our own idea


class TestTwoRobots:
    @pytest.mark.parametrize(
        "headers", [{"Auto-Submitted": "auto-replied"}, {"Precedence": "bulk"}, {"Return-Path": "<>"}]
    )
    async def test_one_that_says_what_it_is_gets_nothing(
        self, ctx: Context, clock: Clock, headers: dict[str, str]
    ) -> None:
        ctx = stage.speaking(ctx, FixedProvider({ROBOT.lower(): YES}))
        campaign = await stage.written_to(ctx, name="Ana Lopez")
        assert await talk(ctx, clock, campaign, headers=headers) == 0
        after = await campaigns.get(campaign.id)
        assert after.status is CampaignStatus.ATTEMPTING_RECOVERY
        [stored] = await stage.received(campaign)
        assert (stored.author, stored.screened_as) == (Author.SYSTEM, Intent.AUTO_REPLY)

    @pytest.mark.parametrize("meaning", MEANINGS)
    async def test_one_in_disguise_is_left_after_three_messages(self, ctx: Context, clock: Clock, meaning: str) -> None:
        ctx = stage.speaking(ctx, FixedProvider({ROBOT.lower(): MEANINGS[meaning]}))
        campaign = await stage.written_to(ctx, name="Ana Lopez")
        assert await talk(ctx, clock, campaign, headers={}) <= 3

    async def test_a_person_sees_the_conversation_that_was_left(self, ctx: Context, clock: Clock) -> None:
        ctx = stage.speaking(ctx, FixedProvider({ROBOT.lower(): YES}))
        campaign = await stage.written_to(ctx, name="Ana Lopez")
        assert await talk(ctx, clock, campaign, headers={}) == 3
        after = await campaigns.get(campaign.id)
        assert after.status is CampaignStatus.HANDOFF_REQUIRED
        assert after.handoff_details is not None

    async def test_the_offline_provider_ends_it_as_well(self, ctx: Context, clock: Clock) -> None:
        campaign = await stage.written_to(ctx, name="Ana Lopez")
        assert await talk(ctx, clock, campaign, headers={}) <= 3

    async def test_a_patient_one_is_left_as_well(self, ctx: Context, clock: Clock) -> None:
        """One answer every half hour never reaches three in an hour, but eight in a day."""
        ctx = stage.speaking(ctx, FixedProvider({ROBOT.lower(): YES}))
        campaign = await stage.written_to(ctx, name="Ana Lopez")
        assert await talk(ctx, clock, campaign, headers={}, minutes=31) <= 8

    async def test_one_that_cries_for_help_for_ever_is_shown_to_a_person(self, ctx: Context, clock: Clock) -> None:
        """With a visit booked the status stays (D-17), so that only the cap ends it."""
        emergency = reading(Intent.EMERGENCY, handoff=True)
        ctx = stage.speaking(ctx, FixedProvider({ROBOT.lower(): emergency}))
        campaign = await stage.written_to(ctx, name="Ana Lopez")
        await stage.set_raw(campaign, status="BOOKING_INITIATED")
        assert await talk(ctx, clock, campaign, headers={}) == 3
        last = (await stage.received(campaign))[-1]
        assert last.read_at is not None
        assert last.handled_at is None

    async def test_each_message_is_answered_once(self, ctx: Context, clock: Clock) -> None:
        ctx = stage.speaking(ctx, FixedProvider({ROBOT.lower(): YES}))
        campaign = await stage.written_to(ctx, name="Ana Lopez")
        await talk(ctx, clock, campaign, headers={})
        answers = await Interaction.find({"campaign_id": campaign.id, "author": Author.AI}).to_list()
        incoming = await stage.received(campaign)
        assert len(answers) - 1 <= len(incoming)
