"""The timetable: clinic-local times, one leader, the daily job once a day and after a crash (D-15, stack.md 2f)."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.context import Context
from app.jobs import registry, scheduler
from app.jobs.registry import DAILY, DUE_SCAN, IMPORTS, INBOX, JOBS, OUTBOX
from app.jobs.scheduler import DAILY_LEASE, LEADS_FOR, describe_jobs, lead, run_daily_once, this_process, timetable
from app.models.campaigns import Campaign
from app.models.enums import MessageKind
from app.models.operations import LEADER, JobLease, JobRun, PastRun
from app.models.outbox import OutboundMessage
from app.services import job_runs
from tests.conftest import Clock
from tests.factories import make_clinic, make_due_patient, wall
from tests.services import stage

NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture
def ctx(ctx: Context) -> Context:
    return stage.speaking(ctx)


async def runs_at(after: datetime) -> datetime:
    """When the daily job runs next after an instant, on the clinic's wall."""
    [entry] = [entry for entry in await timetable() if entry.job == DAILY]
    fires: datetime = entry.trigger.get_next_fire_time(None, after)
    return fires.astimezone(NEW_YORK)


class TestTimetable:
    async def test_every_job_is_in_it_and_what_one_replica_suffices_for_is_led(self, ctx: Context) -> None:
        entries = {entry.job: entry.led for entry in await timetable()}
        by_each = {INBOX, OUTBOX, IMPORTS}
        assert entries == {job: job not in by_each for job in JOBS}

    @pytest.mark.parametrize(
        ("after", "fires"),
        [
            ("2026-03-07 12:00", "2026-03-08 09:00"),  # the clocks go forward in the night between
            ("2026-10-31 12:00", "2026-11-01 09:00"),  # and back
            ("2026-11-23 08:59", "2026-11-23 09:00"),
            ("2026-11-23 09:01", "2026-11-24 09:00"),
        ],
    )
    async def test_the_daily_hour_is_the_clinics(self, ctx: Context, after: str, fires: str) -> None:
        place = await make_clinic()
        assert await runs_at(wall(place, after)) == wall(place, fires)

    async def test_a_clinic_may_choose_another_hour(self, ctx: Context) -> None:
        place = await make_clinic(outreach={"daily_run_at": "07:30"})
        assert await runs_at(wall(place, "2026-11-23 09:00")) == wall(place, "2026-11-24 07:30")


class TestLead:
    async def test_the_leader_stays_while_it_renews(self, ctx: Context, clock: Clock) -> None:
        for _ in range(5):
            assert await lead(ctx)
            clock.instant += LEADS_FOR / 2

    async def test_another_replica_leads_when_this_one_is_gone(self, ctx: Context, clock: Clock) -> None:
        until = clock.instant + LEADS_FOR
        assert await JobLease.take(LEADER, holder="another", now=clock.instant, until=until)
        assert not await lead(ctx)
        clock.instant += LEADS_FOR
        assert await lead(ctx)


class TestRunDailyOnce:
    async def test_once_a_day_and_not_before_its_hour(self, ctx: Context, clock: Clock) -> None:
        place = await make_clinic()
        clock.instant = wall(place, "2026-11-23 08:59")
        await make_due_patient(ctx)
        await run_daily_once(ctx)
        assert await Campaign.count() == 0
        clock.forward(minutes=1)
        await run_daily_once(ctx)
        assert await Campaign.count() == 1
        await make_due_patient(ctx)
        clock.forward(hours=5)
        await run_daily_once(ctx)
        assert await Campaign.count() == 1
        clock.forward(days=1)
        await run_daily_once(ctx)
        assert await Campaign.count() == 2

    async def test_the_day_is_the_clinics(self, ctx: Context, clock: Clock) -> None:
        place = await make_clinic()
        clock.instant = wall(place, "2026-11-23 20:00")  # already the 24th in UTC
        await run_daily_once(ctx)
        lease = await JobLease.get(f"{DAILY}:2026-11-23")
        assert lease is not None
        assert lease.done_at == clock.instant

    async def test_two_at_once_run_it_once(self, ctx: Context) -> None:
        for _ in range(5):
            await make_due_patient(ctx)
        await asyncio.gather(run_daily_once(ctx), run_daily_once(ctx))
        assert await Campaign.count() == 5

    async def test_a_run_that_another_replica_holds_is_left_to_it(self, ctx: Context, clock: Clock) -> None:
        await make_due_patient(ctx)
        name, until = f"{DAILY}:{clock.instant.date().isoformat()}", clock.instant + DAILY_LEASE
        assert await JobLease.take(name, holder="another", now=clock.instant, until=until)
        await run_daily_once(ctx)
        assert await Campaign.count() == 0

    async def test_a_run_that_crashed_elsewhere_is_taken_up_when_its_lease_ends(
        self, ctx: Context, clock: Clock
    ) -> None:
        await make_due_patient(ctx)
        name, until = f"{DAILY}:{clock.instant.date().isoformat()}", clock.instant + DAILY_LEASE
        assert await JobLease.take(name, holder="another", now=clock.instant, until=until)
        clock.instant = until
        await run_daily_once(ctx)
        assert await Campaign.count() == 1

    async def test_a_run_that_crashed_here_is_taken_up_at_once(self, ctx: Context) -> None:
        await make_due_patient(ctx)
        with pytest.raises(stage.Crash):
            await run_daily_once(stage.crashing_at(ctx, "launch.campaigns_inserted"))
        today = f"{DAILY}:{ctx.now().date().isoformat()}"
        left = await JobLease.get(today)
        assert left is not None
        assert left.done_at is None
        await run_daily_once(ctx)
        assert await Campaign.count() == 1
        taken_up = await JobLease.get(today)
        assert taken_up is not None
        assert (taken_up.holder, taken_up.done_at) == (this_process(), ctx.now())

    async def test_something_asks_again_on_the_day_of_a_crash(self, ctx: Context, clock: Clock) -> None:
        """Whoever takes over must meet a timed run before tomorrow's."""
        place = await make_clinic()
        await make_due_patient(ctx)
        with pytest.raises(stage.Crash):
            await run_daily_once(stage.crashing_at(ctx, "launch.page_read"))
        await JobLease.get_pymongo_collection().update_many({}, {"$set": {"holder": "the dead one"}})
        end_of_day = wall(place, "2026-11-23 23:59")
        for entry in await timetable():
            clock.instant = entry.trigger.get_next_fire_time(None, wall(place, "2026-11-23 12:00"))
            if clock.instant < end_of_day:
                await scheduler._guarded(ctx, entry)()
        assert await Campaign.count() == 1


class TestGuarded:
    async def test_a_job_that_fails_is_remembered_and_the_timetable_goes_on(self, ctx: Context) -> None:
        async def fail(name: str) -> None:
            raise RuntimeError(name)

        await stage.running_campaign(ctx)
        [entry] = [entry for entry in await timetable() if entry.job == DUE_SCAN]
        await scheduler._guarded(replace(ctx, pause=fail), entry)()
        [last] = await JobRun.find_all().to_list()
        assert (last.id, last.last_error, last.last_result) == (DAILY, "RuntimeError", {})

    async def test_a_job_that_fails_every_second_fills_one_row_a_minute(self, ctx: Context, clock: Clock) -> None:
        async def fail(_: str) -> None:
            raise RuntimeError

        campaign = await stage.running_campaign(ctx)
        await stage.add_row(ctx, campaign, MessageKind.STAFF)
        [entry] = [entry for entry in await timetable() if entry.job == OUTBOX]
        for _ in range(5):
            await scheduler._guarded(replace(ctx, pause=fail), entry)()
            clock.forward(seconds=ctx.settings.chairside_lease_seconds)
        assert await PastRun.find({"job": OUTBOX}).count() == 5
        clock.instant = clock.instant.replace(second=0)
        for _ in range(5):
            await OutboundMessage.collection().update_many({}, {"$set": {"lease_until": clock.instant}})
            await scheduler._guarded(replace(ctx, pause=fail), entry)()
            clock.forward(seconds=1)
        assert await PastRun.find({"job": OUTBOX}).count() == 6

    async def test_an_idle_job_leaves_a_stamp_now_and_then_and_no_row(self, ctx: Context, clock: Clock) -> None:
        [entry] = [entry for entry in await timetable() if entry.job == INBOX]
        run = scheduler._guarded(ctx, entry)
        began = clock.instant
        for _ in range(20):
            await run()
            clock.forward(seconds=1)
        [last] = await JobRun.find_all().to_list()
        assert (last.last_run_at, last.last_looked_at) == (None, began + scheduler.STAMP_EVERY)
        assert await PastRun.count() == 0

    async def test_a_look_that_goes_well_ends_an_earlier_failure(self, ctx: Context) -> None:
        await JobRun(id=INBOX, last_run_at=ctx.now(), last_error="ValueError").insert()
        await job_runs.looked_at(ctx, INBOX)
        [last] = await JobRun.find_all().to_list()
        assert (last.last_error, last.last_looked_at) == (None, ctx.now())

    async def test_a_run_by_hand_is_left_alone(self, ctx: Context) -> None:
        await stage.running_campaign(ctx)
        [entry] = [entry for entry in await timetable() if entry.job == DUE_SCAN]

        async def scan_meanwhile() -> None:
            await scheduler._guarded(ctx, entry)()
            assert await stage.rows() == []

        await job_runs.alone(ctx, DAILY, lambda: job_runs.alone(ctx, DUE_SCAN, scan_meanwhile))
        await scheduler._guarded(ctx, entry)()
        assert len(await stage.rows()) == 1

    async def test_a_replica_that_does_not_lead_leaves_the_scan_and_drains_its_share(
        self, ctx: Context, clock: Clock
    ) -> None:
        await stage.running_campaign(ctx)
        until = clock.instant + LEADS_FOR
        assert await JobLease.take(LEADER, holder="another", now=clock.instant, until=until)
        entries = {entry.job: entry for entry in await timetable()}
        await scheduler._guarded(ctx, entries[DUE_SCAN])()
        assert await stage.rows() == []
        await stage.queue_due(ctx)
        await scheduler._guarded(ctx, entries[OUTBOX])()
        assert len(await stage.sent_bodies()) == 1


class TestDescribeJobs:
    async def test_each_job_with_its_last_and_its_next_run(self, ctx: Context, clock: Clock) -> None:
        place = await make_clinic()
        await make_due_patient(ctx)
        await registry.run_job(ctx, DAILY)
        rows = {row["name"]: row for row in await describe_jobs(ctx)}
        assert set(rows) == set(JOBS)
        assert rows[DAILY]["last_run_at"] == clock.instant
        assert rows[DAILY]["next_run_at"] == wall(place, "2026-11-24 09:00").astimezone(UTC)
        assert rows[INBOX]["last_run_at"] is None
        assert rows[DAILY]["running_since"] is None
        next_scan = rows[DUE_SCAN]["next_run_at"]
        assert isinstance(next_scan, datetime)
        assert next_scan - clock.instant <= timedelta(minutes=5)


class TestStartAndStop:
    async def test_a_missed_daily_run_is_caught_up_and_stopping_waits_for_it(self, ctx: Context) -> None:
        await make_due_patient(ctx)
        at_work = asyncio.Event()

        async def note(step: str) -> None:
            if step == "launch.page_read":
                at_work.set()

        running = await scheduler.start_scheduler(replace(ctx, pause=note))
        await asyncio.wait_for(at_work.wait(), timeout=20)
        await scheduler.stop_scheduler(ctx, running)
        assert await Campaign.count() == 1
        lease = await JobLease.get(f"{DAILY}:{ctx.now().date().isoformat()}")
        assert lease is not None
        assert lease.done_at == ctx.now()
