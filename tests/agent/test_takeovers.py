"""A person takes the conversation: whatever the agent was doing, nothing of it begins to leave (trust.md fault 14)."""

import pytest

from app.context import Context
from app.models.enums import CampaignStatus, MessageKind, OutboxState
from app.services import campaigns
from tests.agent import takeover_runs
from tests.agent.takeover_runs import AGENTS, begun_late, handoff_messages, plan, play
from tests.conftest import Clock
from tests.factories import make_clinic, make_user

S = CampaignStatus
RUNS, GROUPS = 100, 4
SEEDS_THAT_NEED_THE_CHECK = range(RUNS)


class TestInterleavings:
    @pytest.mark.parametrize("group", range(GROUPS))
    async def test_nothing_of_the_agents_begins_after_a_takeover(self, ctx: Context, clock: Clock, group: int) -> None:
        await make_clinic()
        user = await make_user(ctx)
        for seed in range(group, RUNS, GROUPS):
            run = plan(seed, clock=clock, user=user)
            await play(ctx, run)
            assert run.is_acknowledged, seed
            assert await begun_late(run, AGENTS) == [], seed
            await self._check_handoff(run, seed)

    @staticmethod
    async def _check_handoff(run: takeover_runs.Run, seed: int) -> None:
        """Exactly one where the agent handed over and nobody answered before it could leave; never two."""
        assert run.campaign is not None
        campaign = await campaigns.get(run.campaign.id)
        by_agent = [each for each in campaign.status_changes if each.event == "human_needed" and each.by == "agent"]
        states = await handoff_messages(run)
        assert len(states) == len(by_agent) <= 1, seed
        if states and run.takeover == "claim":  # a claim says that somebody will answer, as the message does
            assert states == [OutboxState.SENT], seed
        if run.takeover == "answer":
            assert await begun_late(run, frozenset({MessageKind.HANDOFF})) == [], seed

    async def test_without_the_check_at_the_moment_of_sending_some_do(self, ctx: Context, clock: Clock) -> None:
        """The runs above bite: the same seeds, with what the takeover stamped wiped away again."""
        await make_clinic()
        user = await make_user(ctx)
        for seed in SEEDS_THAT_NEED_THE_CHECK:
            run = plan(seed, clock=clock, user=user, wipes=True)
            if run.fault not in ("throttled", "dies_sending") or run.takeover != "answer":
                continue
            await play(ctx, run)
            if await begun_late(run, AGENTS | {MessageKind.HANDOFF}):
                return
        pytest.fail("no run needs the check: they do not reach the moment it is for")
