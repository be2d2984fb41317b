"""The counters are true at every moment: folded or not, crashed, or raced by others (decision 0011)."""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from app.context import Context
from app.jobs.registry import NUMBERS, run_job
from app.models.appointments import Appointment
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.counters import Counters
from app.models.enums import CampaignStatus
from app.services import campaigns, counters, stats, visits
from tests.conftest import Clock
from tests.factories import make_clinic, make_provider, make_recovery, make_service
from tests.services import stage
from tests.services.slow_dashboard import slow_dashboard
from tests.services.walks import STAFF, Walk, is_true, some_visits, uncounted

S = CampaignStatus
STEPS = 30


@pytest.fixture
async def clinic(ctx: Context) -> Clinic:
    await make_service()
    await make_provider(ctx, ["checkup"])
    return await make_clinic()


@pytest.fixture
def walk(ctx: Context, clock: Clock, clinic: Clinic) -> Walk:
    return Walk(ctx, clock, seed=0)


class TestRandomWalks:
    @pytest.mark.parametrize("seed", range(8))
    async def test_the_dashboard_is_exact_after_every_step(
        self, ctx: Context, clock: Clock, clinic: Clinic, seed: int
    ) -> None:
        walk, done = Walk(ctx, clock, seed), list[str]()
        for _ in range(STEPS):
            done.append(await walk.step())
            await is_true(ctx, done)
        await counters.fold(ctx)
        assert await uncounted() == 0
        await is_true(ctx, done)
        assert await counters.differences() == []

    async def test_a_walk_does_everything_the_clinic_does(self, ctx: Context, clock: Clock, clinic: Clinic) -> None:
        """The walks above would prove little if they met refusals only."""
        walk = Walk(ctx, clock, seed=4)
        for _ in range(200):
            await walk.step()
        numbers = await stats.dashboard(ctx)
        assert min(numbers["funnel"].values()) > 0
        assert numbers == await slow_dashboard(ctx)


class TestFold:
    async def test_it_counts_each_document_once(self, ctx: Context, walk: Walk) -> None:
        await counters.rebuild(ctx)
        await some_visits(walk)
        campaign_count, visit_count = await Campaign.count(), await Appointment.count()
        assert await counters.fold(ctx) == {"campaigns": campaign_count, "appointments": visit_count}
        assert await counters.fold(ctx) == {"campaigns": 0, "appointments": 0}
        await is_true(ctx, "folded")

    async def test_a_batch_is_no_border(self, ctx: Context, clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(counters, "BATCH", 3)
        for _ in range(7):
            await make_recovery(ctx)
        assert (await counters.fold(ctx))["campaigns"] == 7
        await is_true(ctx, "three batches")

    async def test_a_folded_reading_counts_no_document(self, ctx: Context, walk: Walk) -> None:
        """The figures come from the counters: change them, and the dashboard says so."""
        await some_visits(walk)
        await counters.fold(ctx)
        before = (await stats.dashboard(ctx))["funnel"]["contacted"]
        await Counters.add({"contacted": 5})
        assert (await stats.dashboard(ctx))["funnel"]["contacted"] == before + 5

    async def test_it_is_a_job(self, ctx: Context, clinic: Clinic) -> None:
        await make_recovery(ctx)
        assert await run_job(ctx, NUMBERS) == {"campaigns": 1, "appointments": 0}

    @pytest.mark.parametrize("step", ["counters.flags_cleared", "counters.moved"])
    async def test_a_crash_in_a_batch_leaves_all_or_nothing(self, ctx: Context, walk: Walk, step: str) -> None:
        await counters.rebuild(ctx)
        await some_visits(walk)
        with pytest.raises(stage.Crash):
            await counters.fold(stage.crashing_at(ctx, step))
        await is_true(ctx, "after the crash")
        await counters.fold(ctx)
        await is_true(ctx, "after the next run")
        assert await uncounted() == 0

    async def test_a_change_in_the_middle_of_a_batch_is_not_lost(self, ctx: Context, clinic: Clinic) -> None:
        """Between what the batch read and what it writes: the batch must see that it is stale and start anew."""
        campaign = await make_recovery(ctx)
        await counters.rebuild(ctx)
        await make_recovery(ctx)

        async def change() -> None:
            write = campaigns.change_status(ctx, campaign.id, S.BOOKING_COMPLETED, actor=STAFF, reason=None)
            await asyncio.create_task(write, context=contextvars.Context())  # another client: not in our transaction

        await stage.set_raw(campaign, uncounted=True)
        await counters.fold(stage.at_step(ctx, "counters.summed_up", change))
        await is_true(ctx, "changed meanwhile")
        assert await counters.differences() == []
        await counters.fold(ctx)
        await is_true(ctx, "and counted")


class TestRaces:
    async def test_eight_folds_at_once_count_once(
        self, ctx: Context, walk: Walk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(counters, "BATCH", 5)
        await some_visits(walk, 5)
        for _ in range(20):
            await make_recovery(ctx)
        results = await asyncio.gather(*(counters.fold(ctx) for _ in range(8)))
        assert sum(result["campaigns"] for result in results) == await Campaign.count()
        assert sum(result["appointments"] for result in results) == await Appointment.count()
        await is_true(ctx, "eight folds")
        assert await counters.differences() == []

    @pytest.mark.parametrize("beside", [counters.fold, counters.rebuild], ids=["fold", "rebuild"])
    async def test_fifty_status_changes_while_counting_and_reading(
        self, ctx: Context, clinic: Clinic, beside: Callable[[Context], Awaitable[Any]]
    ) -> None:
        opened = [await make_recovery(ctx) for _ in range(50)]
        await counters.fold(ctx)
        changing = [
            campaigns.change_status(ctx, campaign.id, S.RE_ENGAGED, actor=STAFF, reason=None) for campaign in opened
        ]
        stopped = asyncio.Event()

        async def count() -> int:
            rounds = 0
            while not stopped.is_set():
                await beside(ctx)
                rounds += 1
            return rounds

        async def look() -> list[tuple[int, int]]:
            seen = []
            while not stopped.is_set():
                figures = await counters.read(clinic.zone)
                by_status = {status: _in(figures, status) for status in S}
                seen.append((sum(by_status.values()), by_status[S.RE_ENGAGED]))
            return seen

        counting, looking = asyncio.create_task(count()), asyncio.create_task(look())
        await asyncio.gather(*changing)
        stopped.set()
        seen = await looking
        assert await counting >= 1
        assert {total for total, _ in seen} == {50}, "a campaign is in exactly one state at every moment"
        assert [moved for _, moved in seen] == sorted(moved for _, moved in seen), "nobody ever moves back"
        await is_true(ctx, "all moved")
        await counters.fold(ctx)
        await is_true(ctx, "all counted")

    async def test_deleting_a_visit_while_it_is_counted(
        self, ctx: Context, walk: Walk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(counters, "BATCH", 2)
        held = await some_visits(walk, 8)
        await counters.rebuild(ctx)
        await asyncio.gather(
            counters.fold(ctx),
            counters.fold(ctx),
            *(visits.delete(ctx, visit.id, actor=STAFF) for visit in held[:6]),
        )
        await is_true(ctx, "six are gone")
        assert (await stats.dashboard(ctx))["kpis"]["appointments_booked_month"] == 2


def _in(figures: counters.Figures, status: CampaignStatus) -> int:
    return sum(count for name, count in figures.items() if name.startswith("count:") and name.endswith(f":{status}"))


class TestDeletedVisits:
    async def test_a_deleted_visit_is_taken_out_whether_it_was_counted_or_not(self, ctx: Context, walk: Walk) -> None:
        first, second, *_ = await some_visits(walk)
        await visits.delete(ctx, first.id, actor=STAFF)
        await is_true(ctx, "before the fold")
        await counters.fold(ctx)
        await visits.delete(ctx, second.id, actor=STAFF)
        await is_true(ctx, "after it")
        assert await counters.differences() == []

    async def test_a_deleted_visit_that_was_cancelled_is_not_taken_out_twice(self, ctx: Context, walk: Walk) -> None:
        first, *_ = await some_visits(walk)
        await counters.fold(ctx)
        await visits.cancel(ctx, first.id, actor=STAFF)
        await visits.delete(ctx, first.id, actor=STAFF)
        await is_true(ctx, "cancelled, then deleted before anybody counted that")
        await counters.fold(ctx)
        await is_true(ctx, "folded")

    async def test_a_cancelled_visit_is_not_counted_any_more(self, ctx: Context, walk: Walk) -> None:
        first, *_ = held = await some_visits(walk)
        await counters.fold(ctx)
        await visits.cancel(ctx, first.id, actor=STAFF)
        for _ in ("not folded", "folded"):
            assert (await stats.dashboard(ctx))["kpis"]["appointments_booked_month"] == len(held) - 1
            await counters.fold(ctx)
