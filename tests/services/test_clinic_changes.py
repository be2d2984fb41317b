"""Changing the clinic now and from a day on, and what follows after a crash or in haste (domain.md section 5)."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from app.context import Context
from app.demo.seed import seed
from app.errors import InvalidInputError
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.patients import Patient
from app.models.records import AuditEntry
from app.services import clinic, clinic_rollout, due_dates, waiting_attempts
from app.services.clinic import PendingConflictError
from tests.conftest import Clock
from tests.factories import make_clinic, make_due_patient, make_patient, make_recovery
from tests.services import stage
from tests.services.clinic_changes import EVERYTHING, MANAGER, due, previewed, steps, updated

LATER: dict[str, Any] = {"outreach": {"spacing_days": [9]}}


class TestFromADayOn:
    """The tests' clinic is in New York and it is Monday, the 23rd of November."""

    WEDNESDAY = date(2026, 11, 25)
    MIDNIGHT = datetime(2026, 11, 25, 5, tzinfo=UTC)

    @pytest.fixture
    def ctx(self, ctx: Context) -> Context:
        return stage.speaking(ctx)

    async def two_waiting(self, ctx: Context, clock: Clock) -> tuple[Campaign, Campaign]:
        """One whose next step comes before Wednesday, one whose next step comes after it."""
        early = await stage.written_to(ctx)
        clock.forward(days=2)
        late = await make_recovery(ctx)
        await stage.scan(ctx)
        clock.instant = datetime(2026, 11, 25, 15, 30, tzinfo=UTC)
        return early, late

    async def test_only_what_happens_from_that_day_on_counts(self, ctx: Context, clock: Clock) -> None:
        _, late = await self.two_waiting(ctx, clock)
        friday = date(2026, 11, 27)  # the first one's second message goes on Thursday
        said = await previewed(ctx, LATER, effective_from=friday)
        assert said.effective_at == datetime(2026, 11, 27, 5, tzinfo=UTC)
        assert [example["campaign_id"] for example in said.campaigns.examples] == [late.id]
        assert (await previewed(ctx, LATER)).campaigns.count == 2

    async def test_and_that_is_what_the_day_brings(self, ctx: Context, clock: Clock) -> None:
        early, late = await self.two_waiting(ctx, clock)
        friday = date(2026, 11, 27)
        said = await previewed(ctx, LATER, effective_from=friday)
        waiting_before = await steps(ctx)
        stored = await updated(ctx, LATER, effective_from=friday)
        assert (stored.pending is not None, stored.outreach.spacing_days) == (True, [3, 7, 14])
        assert await steps(ctx) == waiting_before
        clock.instant = datetime(2026, 11, 26, 16, tzinfo=UTC)
        await stage.scan(ctx)  # the early one is written to by the old rules
        await clinic.keep_current(ctx)
        assert (await Clinic.load()).pending is not None
        clock.instant = said.effective_at
        early_before = (await steps(ctx))[early.id]
        await clinic.keep_current(ctx)
        now_stored = await Clinic.load()
        assert (now_stored.pending, now_stored.rollout, now_stored.outreach.spacing_days) == (None, None, [9])
        after = await steps(ctx)
        [example] = said.campaigns.examples
        assert after[late.id] == (example["next_attempt_at_after"], example["earliest_step_after"])
        assert after[early.id] != early_before  # its new wait is one of the waiting ones by now

    async def test_it_begins_once_and_says_who_asked(self, ctx: Context, clock: Clock) -> None:
        await make_clinic()
        await updated(ctx, {"name": "Elm Dental"}, effective_from=self.WEDNESDAY)
        clock.instant = self.MIDNIGHT - timedelta(seconds=1)
        assert not await clinic.apply_pending(ctx)
        clock.instant = self.MIDNIGHT
        begun = await asyncio.gather(*(clinic.apply_pending(ctx) for _ in range(5)))
        assert sorted(begun) == [False] * 4 + [True]
        assert (await Clinic.load()).name == "Elm Dental"
        rows = await AuditEntry.find({"document_type": "clinic"}).sort("_id").to_list()
        assert [row.action for row in rows] == ["clinic.change_planned", "clinic.updated"]
        assert rows[1].actor == "system"
        assert rows[1].details["requested_by"] == MANAGER

    async def test_today_is_at_once(self, ctx: Context) -> None:
        await make_clinic()
        stored = await updated(ctx, {"name": "Elm Dental"}, effective_from=date(2026, 11, 23))
        assert (stored.name, stored.pending) == ("Elm Dental", None)

    async def test_a_new_plan_replaces_the_old_one_and_null_takes_it_back(self, ctx: Context) -> None:
        await make_clinic()
        await updated(ctx, {"name": "First"}, effective_from=self.WEDNESDAY)
        stored = await updated(ctx, {"name": "Second"}, effective_from=date(2026, 12, 1))
        assert stored.pending is not None
        assert (stored.pending.changes, stored.pending.effective_from) == ({"name": "Second"}, date(2026, 12, 1))
        stored = await updated(ctx, {}, drops_pending=True)
        assert (stored.pending, stored.name) == (None, "Willow Street Dental")
        actions = [row.action for row in await AuditEntry.find({"document_type": "clinic"}).sort("_id").to_list()]
        assert actions == ["clinic.change_planned", "clinic.change_planned", "clinic.change_cancelled"]

    async def test_a_change_today_does_not_touch_the_plan(self, ctx: Context, clock: Clock) -> None:
        await make_clinic()
        await updated(ctx, {"outreach": {"send_from": "10:00"}}, effective_from=self.WEDNESDAY)
        stored = await updated(ctx, {"outreach": {"max_attempts": 2}})
        assert stored.pending is not None
        clock.instant = self.MIDNIGHT
        await clinic.keep_current(ctx)
        policy = (await Clinic.load()).outreach
        assert (policy.max_attempts, policy.send_from) == (2, "10:00")

    async def test_a_change_that_would_break_the_plan_is_refused(self, ctx: Context) -> None:
        await make_clinic()
        await updated(ctx, {"outreach": {"send_from": "10:00"}}, effective_from=self.WEDNESDAY)
        breaking = {"outreach": {"send_from": "08:00", "send_until": "09:30"}}
        for ask in (updated, previewed):
            with pytest.raises(PendingConflictError, match="2026-11-25"):
                await ask(ctx, breaking)
        stored = await updated(ctx, breaking, drops_pending=True)
        assert stored.outreach.send_until == "09:30"

    async def test_the_day_has_come_before_the_next_change(self, ctx: Context, clock: Clock) -> None:
        """Nobody ran the scheduler: a later change still comes after the planned one."""
        await make_clinic()
        await updated(ctx, {"name": "Planned", "address": "Elm Street"}, effective_from=self.WEDNESDAY)
        clock.instant = self.MIDNIGHT
        stored = await updated(ctx, {"name": "Later"})
        assert (stored.name, stored.address, stored.pending) == ("Later", "Elm Street", None)

    @pytest.mark.parametrize("day", [date(2026, 11, 22), date(2027, 12, 1)])
    async def test_a_day_that_cannot_be(self, ctx: Context, day: date) -> None:
        await make_clinic()
        for ask in (updated, previewed):
            with pytest.raises(InvalidInputError) as refused:
                await ask(ctx, {"name": "Elm Dental"}, effective_from=day)
            assert refused.value.extra["errors"][0]["field"] == "body.effective_from"

    async def test_a_plan_is_checked_when_it_is_made(self, ctx: Context) -> None:
        await make_clinic()
        with pytest.raises(InvalidInputError):
            await updated(ctx, {"outreach": {"send_from": "20:00"}}, effective_from=self.WEDNESDAY)
        assert (await Clinic.load()).pending is None


class TestRollout:
    @pytest.mark.parametrize("step", ["rollout.attempts_moved", "rollout.page_moved"])
    async def test_a_crash_is_taken_up(self, ctx: Context, step: str) -> None:
        await seed(ctx)
        said = await previewed(ctx, EVERYTHING)
        before, due_before = await steps(ctx), await due()
        with pytest.raises(stage.Crash):
            await updated(stage.crashing_at(ctx, step), EVERYTHING)
        assert (await Clinic.load()).rollout is not None
        await clinic.keep_current(ctx)
        assert (await Clinic.load()).rollout is None
        after, due_after = await steps(ctx), await due()
        assert said.campaigns.count == sum(before[key] != after[key] for key in before)
        assert said.patients_due.count == sum(due_before[key] != due_after[key] for key in due_before)

    async def test_two_changes_one_cut_off_end_as_the_second_alone(self, ctx: Context) -> None:
        await stage.written_to(stage.speaking(ctx))
        campaign = (await Campaign.find_all().to_list())[0]
        sent_at = campaign.status_changes[-1].at
        with pytest.raises(stage.Crash):
            await updated(stage.crashing_at(ctx, "rollout.attempts_moved"), {"outreach": {"spacing_days": [5]}})
        await Clinic.get_pymongo_collection().update_one({}, {"$set": {"outreach.spacing_days": [5]}})
        await stage.set_raw(campaign, **{"follow_up_details.next_attempt_at": sent_at + timedelta(days=3)})
        await updated(ctx, {"outreach": {"spacing_days": [8]}})
        [plan] = [planned for planned, _ in (await steps(ctx)).values()]
        assert plan == sent_at + timedelta(days=8)

    async def test_a_request_does_its_share_and_the_scheduler_the_rest(self, ctx: Context) -> None:
        await make_clinic()
        for _ in range(3):
            await make_due_patient(ctx)
        stored = await Clinic.load()
        changed = clinic.changed(stored, {"time_zone": "Asia/Tokyo"})
        await changed.save()
        assert not await clinic_rollout.continue_rollout(ctx, most_pages=0)
        assert (await Clinic.load()).rollout is not None
        assert await clinic_rollout.continue_rollout(ctx)
        midnight = {due_at for due_at in (await due()).values() if due_at}
        assert midnight == {datetime(2026, 11, 21, 15, tzinfo=UTC)}

    async def test_a_patient_who_changes_meanwhile_is_read_again(self, ctx: Context) -> None:
        await make_clinic()
        patient = await make_due_patient(ctx)
        page = await due_dates.page_after(None, limit=10)
        await Patient.find_one({"_id": patient.id}).update({"$set": {"outreach_due_at": ctx.now()}})
        place = clinic.changed(await Clinic.load(), {"time_zone": "Asia/Tokyo"})
        await clinic_rollout._move_page(ctx, place, page)
        assert (await due())[patient.id] == datetime(2026, 11, 21, 15, tzinfo=UTC)

    async def test_merged_and_erased_patients_never_become_due(self, ctx: Context) -> None:
        await make_clinic()
        kept = await make_patient(ctx)
        gone = [await make_due_patient(ctx), await make_due_patient(ctx)]
        marks: list[dict[str, Any]] = [{"merged_into": kept.id}, {"erased_at": ctx.now()}]
        for patient, mark in zip(gone, marks, strict=True):
            await Patient.find_one({"_id": patient.id}).update({"$set": mark | {"outreach_due_at": None}})
        assert (await previewed(ctx, {"time_zone": "Asia/Tokyo"})).patients_due.count == 0
        await updated(ctx, {"time_zone": "Asia/Tokyo"})
        assert set((await due()).values()) == {None}

    async def test_the_budget_of_a_request_counts_campaigns_too(self, ctx: Context) -> None:
        await make_clinic()
        for _ in range(3):
            await make_recovery(ctx)
        await stage.scan(stage.speaking(ctx))
        place = clinic.changed(await Clinic.load(), {"outreach": {"spacing_days": [9]}})
        assert not await waiting_attempts.follow(place, [(3, 7, 14)], ctx.now(), most=2)
        assert await waiting_attempts.follow(place, [(3, 7, 14)], ctx.now(), most=2)
        assert {planned for planned, _ in (await steps(ctx)).values()} == {ctx.now() + timedelta(days=9)}


class TestTogether:
    async def test_two_managers_lose_nothing(self, ctx: Context) -> None:
        await make_clinic()
        wishes: list[dict[str, Any]] = [
            {"name": "Elm Dental"},
            {"address": "1 Elm Street"},
            {"outreach": {"max_attempts": 2}},
            {"outreach": {"send_from": "10:00"}},
            {"booking": {"grid_minutes": 30}},
        ]
        await asyncio.gather(*(updated(ctx, wish) for wish in wishes))
        stored = await Clinic.load()
        assert (stored.name, stored.address, stored.booking.grid_minutes) == ("Elm Dental", "1 Elm Street", 30)
        assert (stored.outreach.max_attempts, stored.outreach.send_from) == (2, "10:00")
        assert await AuditEntry.find({"action": "clinic.updated"}).count() == 5

    async def test_nor_do_they_when_nobody_has_described_the_clinic_yet(self, ctx: Context) -> None:
        await asyncio.gather(updated(ctx, {"name": "Elm Dental"}), updated(ctx, {"address": "1 Elm Street"}))
        stored = await Clinic.load()
        assert (stored.name, stored.address, await Clinic.count()) == ("Elm Dental", "1 Elm Street", 1)
