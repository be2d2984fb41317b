"""A changed clinic counts for a timetable that runs already, on every replica (D-15)."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from app.context import Context
from app.jobs import scheduler
from app.jobs.registry import DUE_SCAN
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.services import clinic
from app.services.clinic import Wish
from tests.conftest import Clock
from tests.factories import make_clinic, make_due_patient, wall
from tests.services import stage


async def changed(ctx: Context, changes: dict[str, Any], **wish: Any) -> Clinic:
    return await clinic.update(ctx, Wish(changes=changes, **wish), actor="system")


class TestARunningTimetable:
    @pytest.fixture
    def ctx(self, ctx: Context) -> Context:
        return stage.speaking(ctx)

    async def due_scan(self, ctx: Context) -> Any:
        """The entry as a process holds it that started before the change."""
        [entry] = [entry for entry in await scheduler.timetable() if entry.job == DUE_SCAN]
        return scheduler._guarded(ctx, entry)

    @pytest.mark.parametrize(
        ("changes", "not_yet", "then"),
        [
            ({"outreach": {"daily_run_at": "11:00"}}, "2026-11-24 10:55", "2026-11-24 11:00"),
            ({"outreach": {"daily_run_at": "06:30"}}, "2026-11-24 06:25", "2026-11-24 06:30"),
            ({"time_zone": "America/Los_Angeles"}, "2026-11-24 11:55", "2026-11-24 12:00"),
        ],
    )
    async def test_the_daily_job_keeps_the_new_hour_without_a_restart(
        self, ctx: Context, clock: Clock, changes: dict[str, Any], not_yet: str, then: str
    ) -> None:
        place = await make_clinic()
        scan = await self.due_scan(ctx)
        clock.instant = wall(place, "2026-11-24 00:05").astimezone(UTC)
        await changed(ctx, changes)
        await make_due_patient(ctx)
        clock.instant = wall(place, not_yet).astimezone(UTC)
        await scan()
        assert await Campaign.count() == 0
        clock.instant = wall(place, then).astimezone(UTC)
        await scan()
        assert await Campaign.count() == 1

    async def test_a_planned_change_begins_with_its_day(self, ctx: Context, clock: Clock) -> None:
        await make_clinic()
        scan = await self.due_scan(ctx)
        await changed(ctx, {"name": "Elm Dental"}, effective_from=date(2026, 11, 25))
        clock.instant = datetime(2026, 11, 25, 4, 59, tzinfo=UTC)
        await scan()
        assert (await Clinic.load()).name == "Willow Street Dental"
        clock.instant = datetime(2026, 11, 25, 5, 0, tzinfo=UTC)
        await scan()
        stored = await Clinic.load()
        assert (stored.name, stored.pending) == ("Elm Dental", None)

    async def test_a_rollout_that_was_cut_off_is_finished(self, ctx: Context) -> None:
        await make_clinic()
        patient = await make_due_patient(ctx)
        with pytest.raises(stage.Crash):
            await changed(stage.crashing_at(ctx, "rollout.attempts_moved"), {"time_zone": "Europe/Vienna"})
        assert (await Clinic.load()).rollout is not None
        await (await self.due_scan(ctx))()
        assert (await Clinic.load()).rollout is None
        assert await Campaign.find({"patient_id": patient.id}).count() == 1

    async def test_a_rollout_that_fails_keeps_no_message_back(self, ctx: Context) -> None:
        await make_clinic()
        await make_due_patient(ctx)
        with pytest.raises(stage.Crash):
            await changed(stage.crashing_at(ctx, "rollout.attempts_moved"), {"time_zone": "Europe/Vienna"})

        async def fail() -> None:
            raise RuntimeError("a row that cannot follow")

        broken = stage.at_step(ctx, "rollout.attempts_moved", fail)
        await (await self.due_scan(broken))()
        assert (await Clinic.load()).rollout is not None
        assert await Campaign.count() == 1
