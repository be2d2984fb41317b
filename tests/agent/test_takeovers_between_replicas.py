"""Two replicas at work while a person takes over: nothing of the agent's begins afterwards (trust.md fault 14).

Both share nothing but the database, which alone decides who was first: a send counts as late when its row had not begun
to leave by the time the person was told that the conversation is theirs.
"""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random

import pytest

from app.bootstrap import build_context
from app.channels.base import OutgoingMessage, Receipt, ThrottledError
from app.channels.sandbox import SandboxChannel
from app.context import Context
from app.errors import ConflictError
from app.jobs import inbox, outbox
from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, ChannelType, MessageKind, OutboxState
from app.models.outbox import OutboundMessage
from app.models.users import User
from app.services import campaigns
from tests.agent.provider import FixedProvider
from tests.agent.takeover_runs import AGENTS, PAST_EVERY_LEASE, TAKEOVERS, TEXTS
from tests.conftest import Clock
from tests.factories import force_status, make_clinic, make_recovery, make_user
from tests.services import stage

S = CampaignStatus
RUNS = 100
BEGUN = (OutboxState.SENDING, OutboxState.SENT, OutboxState.UNKNOWN)


@dataclass
class Chance:
    """Lets the others run a random while, between any two steps of anybody."""

    rng: Random

    async def pause(self, _: str) -> None:
        for _turn in range(self.rng.choice((0, 0, 1, 3, 20, 60))):
            await asyncio.sleep(0)


@dataclass
class Provider:
    """The sandbox for both replicas: it notes each message that it is handed; now and then it stalls and refuses."""

    inner: SandboxChannel
    chance: Chance
    acted: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the person was told; a stalling provider gives up only then, and the message is tried again."""
    handed: list[str] = field(default_factory=list)
    name: str = "watched"

    async def draft(self, message: OutgoingMessage) -> str | None:
        return await self.inner.draft(message)

    async def send(self, message: OutgoingMessage, *, handle: str | None) -> Receipt:
        self.handed.append(message.outbox_id)
        await self.chance.pause("provider.sending")
        if self.chance.rng.random() < 0.4:
            await self.acted.wait()
            raise ThrottledError("slowly", retry_after=timedelta(seconds=5))
        return await self.inner.send(message, handle=handle)

    async def find_sent(self, message: OutgoingMessage) -> Receipt | None:
        return await self.inner.find_sent(message)


async def taken_over(ctx: Context, clock: Clock, campaign: Campaign, user: User, chance: Chance, how: str) -> set[str]:
    """The person acts; the rows that had begun to leave by the time they are told."""
    for _ in range(chance.rng.choice((1, 3, 10, 30, 60, 100))):
        await chance.pause("person")
        await ctx.database.handle.command("ping")  # the person's own way through the network
    clock.forward(seconds=1)
    done = await _persist(ctx, campaign, user, how)
    assert done
    rows = await OutboundMessage.find({"campaign_id": campaign.id, "state": {"$in": list(BEGUN)}}).to_list()
    return {str(row.id) for row in rows}


async def _persist(ctx: Context, campaign: Campaign, user: User, how: str) -> bool:
    """A person who is told that something changed clicks again, and answers where there is nothing to take."""
    for act in (how, how, how, "answer", "answer", "answer"):
        try:
            await TAKEOVERS[act](ctx, campaign, user)
        except ConflictError:
            continue
        return True
    return False


class TestTwoReplicas:
    @pytest.mark.parametrize("group", range(4))
    async def test_nothing_begins_behind_a_person(self, ctx: Context, clock: Clock, group: int) -> None:
        await make_clinic()
        user = await make_user(ctx)
        for seed in range(group, RUNS, 4):
            chance = Chance(Random(seed))
            channel = Provider(SandboxChannel(now=clock), chance)
            workers = [_worker(_replica(ctx), channel, chance) for _ in range(2)]
            lead = await force_status(await make_recovery(ctx), S.RE_ENGAGED)
            await stage.incoming(ctx, lead, chance.rng.choice(TEXTS))
            how = chance.rng.choice(list(TAKEOVERS))
            at_work = asyncio.gather(*(_work(each) for each in workers))
            begun = await taken_over(ctx, clock, lead, user, chance, how)
            channel.acted.set()
            await at_work
            before = list(channel.handed)
            for _ in range(3):
                clock.forward(seconds=PAST_EVERY_LEASE)
                await asyncio.gather(*(_work(each) for each in workers))
            await self._check(lead, seed, begun, handed=before, later=channel.handed[len(before) :])

    @staticmethod
    async def _check(lead: Campaign, seed: int, begun: set[str], *, handed: list[str], later: list[str]) -> None:
        rows = {str(row.id): row for row in await OutboundMessage.find({"campaign_id": lead.id}).to_list()}
        kinds = {each: rows[each].kind for each in (*handed, *later) if each in rows}
        assert [each for each in handed if kinds.get(each) in AGENTS and each not in begun] == [], seed
        assert [each for each in later if kinds.get(each) in AGENTS] == [], seed
        words = [row for row in rows.values() if row.kind is MessageKind.HANDOFF]
        by_agent = [
            each
            for each in (await campaigns.get(lead.id)).status_changes
            if each.event == "human_needed" and each.by == "agent"
        ]
        assert len(words) == len(by_agent) <= 1, seed


def _replica(ctx: Context) -> Context:
    """Everything that a process of its own would build anew."""
    return build_context(ctx.settings, ctx.database, now=ctx.now)


def _worker(ctx: Context, channel: Provider, chance: Chance) -> Context:
    async def thinking() -> None:
        await chance.pause("llm.thinking")

    channels = dict(ctx.channels) | {ChannelType.EMAIL: channel}
    return replace(stage.speaking(ctx, FixedProvider(while_thinking=thinking)), channels=channels, pause=chance.pause)


async def _work(ctx: Context) -> None:
    await inbox.drain(ctx)
    await outbox.drain(ctx)
