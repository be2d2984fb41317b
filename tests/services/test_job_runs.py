"""One run at a time, also across replicas and after a crash; what ran is kept (api.md section 4, stack.md 2f)."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from app.context import Context
from app.models.operations import JobLease, JobRun, PastRun
from app.models.records import AuditEntry
from app.services import job_runs
from app.services.job_runs import Finished, JobRunningError, alone, lease_of, remember
from tests.conftest import Clock
from tests.services import stage


async def nothing() -> str:
    return "done"


def holding(ctx: Context, seconds: float) -> Context:
    """The same with leases that end after so many seconds of the wall clock's renewals."""
    return replace(ctx, settings=ctx.settings.model_copy(update={"chairside_lease_seconds": seconds}))


class TestAlone:
    async def test_it_answers_what_the_work_answers_and_frees_the_job(self, ctx: Context) -> None:
        assert await alone(ctx, "a", nothing) == "done"
        assert await alone(ctx, "a", nothing) == "done"
        assert await job_runs.running_since(ctx) == {}

    async def test_a_second_run_is_refused_while_the_first_goes_on(self, ctx: Context) -> None:
        async def click_again() -> str:
            assert await job_runs.running_since(ctx) == {"a": ctx.now()}
            with pytest.raises(JobRunningError):
                await alone(ctx, "a", nothing)
            return await alone(ctx, "b", nothing)

        assert await alone(ctx, "a", click_again) == "done"

    async def test_of_many_at_once_one_runs(self, ctx: Context) -> None:
        go_on, began = asyncio.Event(), []

        async def work() -> None:
            began.append(1)
            await go_on.wait()

        runs = [asyncio.create_task(alone(ctx, "a", work)) for _ in range(8)]
        refused, waiting = await asyncio.wait(runs, timeout=30, return_when=asyncio.FIRST_EXCEPTION)
        while len(waiting) > 1:
            refused, waiting = await asyncio.wait(runs, timeout=0.05)
        go_on.set()
        [winner] = waiting
        await winner
        assert len(began) == 1
        assert all(isinstance(run.exception(), JobRunningError) for run in refused)

    async def test_a_failure_frees_the_job(self, ctx: Context) -> None:
        async def fail() -> None:
            raise LookupError

        with pytest.raises(LookupError):
            await alone(ctx, "a", fail)
        assert await alone(ctx, "a", nothing) == "done"

    async def test_a_run_that_died_elsewhere_frees_the_job_when_its_lease_ends(
        self, ctx: Context, clock: Clock
    ) -> None:
        until = ctx.lease_until
        assert await JobLease.take(lease_of("a"), holder="dead", now=clock.instant, until=until, since=clock.instant)
        with pytest.raises(JobRunningError):
            await alone(ctx, "a", nothing)
        clock.instant = until
        assert await alone(ctx, "a", nothing) == "done"

    async def test_a_long_run_keeps_its_lease(self, ctx: Context, clock: Clock) -> None:
        short = holding(ctx, 0.3)

        async def outlive_the_lease() -> None:
            first = await JobLease.get(lease_of("a"))
            assert first is not None
            clock.forward(milliseconds=200)
            for _ in range(100):
                now = await JobLease.get(lease_of("a"))
                if now and now.until > first.until:
                    return
                await asyncio.sleep(0.02)
            raise AssertionError("the lease was not renewed")

        await alone(short, "a", outlive_the_lease)

    async def test_a_run_that_stalled_past_its_lease_is_cut_off_and_takes_nothing_back(
        self, ctx: Context, clock: Clock
    ) -> None:
        short = holding(ctx, 0.3)
        ended = asyncio.Event()

        async def stall() -> None:
            clock.forward(seconds=1)
            until = clock.instant + timedelta(minutes=5)
            assert await JobLease.take(lease_of("a"), holder="the next one", now=clock.instant, until=until)
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

        with pytest.raises(JobRunningError):
            await alone(short, "a", stall)
        assert ended.is_set()
        lease = await JobLease.get(lease_of("a"))
        assert lease is not None
        assert lease.holder == "the next one"
        assert lease.until > clock.instant

    async def test_a_crash_inside_frees_the_job(self, ctx: Context) -> None:
        async def die() -> None:
            raise stage.Crash

        with pytest.raises(stage.Crash):
            await alone(ctx, "a", die)
        assert await alone(ctx, "a", nothing) == "done"


class TestRemember:
    async def test_a_run_and_the_last_one(self, ctx: Context, clock: Clock) -> None:
        began = clock.instant
        clock.forward(seconds=1.5)
        await remember(ctx, Finished(job="a", by="scheduler", started_at=began, counts={"sent": 3}))
        [row], total = await job_runs.page("a", skip=0, limit=10)
        assert (row.started_at, row.finished_at, row.counts, total) == (began, clock.instant, {"sent": 3}, 1)
        last = await JobRun.get("a")
        assert last is not None
        assert (last.last_duration_ms, last.last_result, last.last_error) == (1_500, {"sent": 3}, None)
        assert await AuditEntry.count() == 0

    async def test_a_failure_keeps_what_the_last_good_run_did(self, ctx: Context) -> None:
        for error in (None, "ValueError"):
            counts = {} if error else {"sent": 3}
            await remember(ctx, Finished(job="a", by="x", started_at=ctx.now(), counts=counts, error=error))
        last = await JobRun.get("a")
        assert last is not None
        assert (last.last_result, last.last_error) == ({"sent": 3}, "ValueError")

    async def test_a_dry_run_names_nobody_in_the_history_and_everybody_in_the_audit(self, ctx: Context) -> None:
        campaign = await stage.running_campaign(ctx)
        rows = [{"patient_id": str(campaign.patient_id), "patient_name": "Canary"}]
        counts = {"due": 1, "would_contact": rows, "would_not_contact": []}
        await remember(ctx, Finished(job="a", by="user:1", started_at=ctx.now(), counts=counts, dry_run=True))
        assert [row.counts for row in await PastRun.find_all().to_list()] == [{"due": 1}]
        [entry] = await AuditEntry.find({"action": "job.previewed"}).to_list()
        assert (entry.patient_ids, entry.details) == ([campaign.patient_id], {"counts": {"due": 1}, "error": None})
        assert await JobRun.get("a") is None

    @pytest.mark.usefixtures("ctx")
    async def test_the_database_forgets_a_run_after_ninety_days(self) -> None:
        indexes = await PastRun.collection().index_information()
        assert indexes["forget"]["expireAfterSeconds"] == timedelta(days=90).total_seconds()
