"""What a change of the clinic would move is what it moves (domain.md section 5)."""

from datetime import UTC, date, timedelta
from typing import Any

import pytest

from app.context import Context
from app.demo.seed import seed
from app.jobs import outbox, outreach
from app.models.appointments import Appointment
from app.models.clinic import Clinic
from app.models.enums import MessageKind
from app.models.patients import Patient
from app.models.records import AuditEntry
from app.services import due_dates, patients
from app.services.policies import outreach_rules
from tests.conftest import Clock
from tests.factories import (
    make_clinic,
    make_patient,
    make_provider,
    make_recovery,
    make_service,
    wall,
)
from tests.services import stage
from tests.services.clinic_changes import EVERYTHING, due, previewed, steps, updated

CHANGES: dict[str, dict[str, Any]] = {
    "longer spacing": {"outreach": {"spacing_days": [5, 9, 20]}},
    "shorter spacing": {"outreach": {"spacing_days": [1]}},
    "later window": {"outreach": {"send_from": "15:00", "send_until": "18:00"}},
    "weekends": {"outreach": {"send_days": ["sat", "sun"]}},
    "holidays": {"holidays": ["2026-11-24", "2026-11-25", "2026-11-26", "2026-11-27"]},
    "time zone": {"time_zone": "Asia/Tokyo"},
    "cool-down": {"outreach": {"cool_down_days": 30}},
    "one recovery in a life": {"outreach": {"max_recovery_campaigns": 1}},
    "everything": EVERYTHING,
    "nothing that waits": {"name": "Elm Dental", "booking": {"grid_minutes": 30}},
}


class TestOnTheSeededClinic:
    @pytest.mark.parametrize("name", CHANGES)
    async def test_the_change_does_what_the_preview_said_and_the_preview_does_nothing(
        self, ctx: Context, name: str
    ) -> None:
        await seed(ctx)
        changes = CHANGES[name]
        before, due_before, facts = await steps(ctx), await due(), (await Clinic.load()).model_dump()
        said = await previewed(ctx, changes)
        assert (await steps(ctx), await due()) == (before, due_before)
        assert (await Clinic.load()).model_dump() == facts
        after_change = await updated(ctx, changes)
        assert after_change.rollout is None
        after, due_after = await steps(ctx), await due()
        assert after.keys() == before.keys()
        assert said.campaigns.count == sum(before[key] != after[key] for key in before)
        for example in said.campaigns.examples:
            key = example["campaign_id"]
            assert before[key] == (example["next_attempt_at_before"], example["earliest_step_before"])
            assert after[key] == (example["next_attempt_at_after"], example["earliest_step_after"])
        assert said.patients_due.count == sum(due_before[key] != due_after[key] for key in due_before)
        assert said.campaigns.is_complete
        assert said.patients_due.is_complete

    async def test_the_seeded_clinic_has_something_to_move(self, ctx: Context) -> None:
        """Or the test above would prove nothing."""
        await seed(ctx)
        for name in ("longer spacing", "shorter spacing", "later window", "weekends", "time zone", "everything"):
            assert (await previewed(ctx, CHANGES[name])).campaigns.count > 0, name
        for name in ("time zone", "cool-down", "one recovery in a life"):
            assert (await previewed(ctx, CHANGES[name])).patients_due.count > 0, name
        nothing = await previewed(ctx, CHANGES["nothing that waits"])
        assert (nothing.campaigns.count, nothing.patients_due.count) == (0, 0)

    async def test_the_rule_for_many_is_the_rule_for_one(self, ctx: Context) -> None:
        await seed(ctx)
        for patient in await Patient.find_all().to_list():
            await patients.refresh_due(ctx, patient.id)
        page = await due_dates.page_after(None, limit=1_000)
        assert await due_dates.moves(ctx, page, outreach_rules(await Clinic.load())) == {}
        left_out = {patient.id for patient in await Patient.find_all().to_list()} - {raw["_id"] for raw in page}
        assert await Patient.find({"_id": {"$in": list(left_out)}, "outreach_due_at": {"$type": "date"}}).count() == 0

    async def test_doing_it_again_changes_nothing(self, ctx: Context) -> None:
        await seed(ctx)
        await updated(ctx, CHANGES["everything"])
        first = await steps(ctx), await due()
        again = await previewed(ctx, CHANGES["everything"])
        assert (again.campaigns.count, again.patients_due.count) == (0, 0)
        await updated(ctx, CHANGES["everything"])
        assert (await steps(ctx), await due()) == first


class TestTheMessageReallyMoves:
    @pytest.fixture
    def ctx(self, ctx: Context) -> Context:
        return stage.speaking(ctx)

    async def sent(self, ctx: Context) -> int:
        await stage.scan(ctx)
        return len(await stage.sent_bodies())

    @pytest.mark.parametrize(
        "changes",
        [
            {"outreach": {"spacing_days": [5]}},
            {"outreach": {"spacing_days": [1]}},
            {"outreach": {"send_from": "15:00", "send_until": "16:00"}},
            {"holidays": ["2026-11-26", "2026-11-27"]},
            {"time_zone": "Asia/Tokyo"},
        ],
    )
    async def test_to_the_instant_that_the_preview_names(
        self, ctx: Context, clock: Clock, changes: dict[str, Any]
    ) -> None:
        await stage.written_to(ctx)
        [moved] = (await previewed(ctx, changes)).campaigns.examples
        assert moved["next_step"] == "message"
        await updated(ctx, changes)
        clock.instant = moved["earliest_step_after"] - timedelta(minutes=1)
        assert await self.sent(ctx) == 1
        clock.instant = moved["earliest_step_after"]
        assert await self.sent(ctx) == 2

    async def test_the_last_wait_moves_too_and_closes_without_a_message(self, ctx: Context, clock: Clock) -> None:
        campaign = await stage.written_to(ctx)
        await stage.set_raw(campaign, **{"follow_up_details.max_attempts": 1})
        changes = {"outreach": {"spacing_days": [5]}}
        [moved] = (await previewed(ctx, changes)).campaigns.examples
        assert moved["next_step"] == "close"
        await updated(ctx, changes)
        clock.instant = moved["earliest_step_after"] - timedelta(minutes=1)
        assert (await stage.scan(ctx), (await stage.campaign_of(campaign.patient_id)).is_active) == ({}, True)
        clock.instant = moved["earliest_step_after"]
        assert await stage.scan(ctx) == {"closed_unresponsive": 1}

    async def test_what_waits_for_the_window_goes_when_it_opens_wider(self, ctx: Context, clock: Clock) -> None:
        place = await make_clinic()
        await make_recovery(ctx)
        clock.instant = wall(place, "2026-11-28 10:00")  # a Saturday
        assert await self.sent(ctx) == 0
        [moved] = (await previewed(ctx, {"outreach": {"send_days": ["sat"]}})).campaigns.examples
        assert moved["earliest_step_before"] == wall(place, "2026-11-30 09:00")
        assert moved["earliest_step_after"] == clock.instant
        await updated(ctx, {"outreach": {"send_days": ["sat"]}})
        assert await self.sent(ctx) == 1

    async def test_so_does_a_message_that_was_held_in_the_outbox(self, ctx: Context, clock: Clock) -> None:
        place = await make_clinic()
        await make_recovery(ctx)
        await outreach.send_due_follow_ups(ctx)
        clock.instant = wall(place, "2026-11-28 10:00")
        await outbox.drain(ctx)
        [row] = await stage.rows(kind=MessageKind.ATTEMPT)
        assert row.hold_until == wall(place, "2026-11-30 09:00")
        await updated(ctx, {"outreach": {"send_days": ["sat"]}})
        await outbox.drain(ctx)
        assert len(await stage.sent_bodies()) == 1

    async def test_a_day_that_a_person_chose_stays(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx)
        chosen = ctx.now() + timedelta(days=2)
        await stage.set_raw(campaign, **{"follow_up_details.next_attempt_at": chosen})
        assert (await previewed(ctx, {"outreach": {"spacing_days": [30]}})).campaigns.count == 0
        await updated(ctx, {"outreach": {"spacing_days": [30]}})
        assert (await stage.campaign_of(campaign.patient_id)).follow_up_details.next_attempt_at == chosen


class TestVisitsOutsideHours:
    async def visit(self, ctx: Context, at: str, **fields: Any) -> Appointment:
        place = await Clinic.load()
        start = wall(place, at).astimezone(UTC)
        patient = await make_patient(ctx)
        values: dict[str, Any] = {
            "patient_id": patient.id,
            "patient_name": patient.name,
            "appointment_date": start,
            "duration_minutes": 30,
            "ends_at": start + timedelta(minutes=30),
            "busy_until": start + timedelta(minutes=30),
            "status": "booked",
            "service_name": "Checkup",
            "created_from": "MANUAL_ADMIN",
            "created_at": ctx.now(),
            "updated_at": ctx.now(),
            "ics_uid": "uid",
        }
        visit = Appointment(**(values | fields))
        await visit.insert()
        return visit

    async def test_a_new_holiday_names_the_visits_of_that_day(self, ctx: Context) -> None:
        await make_clinic()
        await make_service()
        provider = await make_provider(ctx, ["checkup"])
        hit = await self.visit(ctx, "2026-11-26 10:00", provider_id=provider.id)
        await self.visit(ctx, "2026-11-27 10:00", provider_id=provider.id)
        await self.visit(ctx, "2026-11-26 10:00", provider_id=provider.id, status="cancelled")
        await self.visit(ctx, "2026-11-26 20:00", provider_id=provider.id)  # outside before and after
        changes: dict[str, Any] = {"holidays": ["2026-11-26"]}
        said = await previewed(ctx, changes)
        assert [row["appointment_id"] for row in said.appointments_outside_hours.examples] == [hit.id]
        assert said.appointments_outside_hours.count == 1
        read = await AuditEntry.find_one({"action": "clinic.previewed"})
        assert read is not None
        assert read.patient_ids == [hit.patient_id]
        await updated(ctx, changes)
        assert await Appointment.get(hit.id) == hit

    async def test_opening_hours_count_where_no_provider_has_the_visit(self, ctx: Context) -> None:
        await make_clinic()
        hit = await self.visit(ctx, "2026-11-26 16:00")
        changes: dict[str, Any] = {"opening_hours": {"thu": [["09:00", "12:00"]]}}
        said = await previewed(ctx, changes)
        assert [row["appointment_id"] for row in said.appointments_outside_hours.examples] == [hit.id]

    async def test_from_a_day_on_the_visits_before_it_do_not_count(self, ctx: Context) -> None:
        await make_clinic()
        await self.visit(ctx, "2026-11-24 10:00")
        late = await self.visit(ctx, "2026-12-01 10:00")
        said = await previewed(ctx, {"opening_hours": {}}, effective_from=date(2026, 11, 30))
        assert [row["appointment_id"] for row in said.appointments_outside_hours.examples] == [late.id]


class TestWarnings:
    @pytest.mark.parametrize(
        ("changes", "word"),
        [
            ({"outreach": {"max_attempts": 2}}, "never used"),
            ({"outreach": {"spacing_days": [3]}}, "repeats"),
            ({"outreach": {"max_attempts": 5, "spacing_days": [1, 2, 3, 4, 5]}}, "keep the number of attempts"),
            ({"outreach": {"nudge_after_days": 9}}, "Reminders"),
            ({"outreach": {"daily_run_at": "06:00"}}, "outside the sending hours"),
            ({"outreach": {"daily_run_at": "11:00"}}, "counts from tomorrow"),
            ({"time_zone": "Asia/Tokyo"}, "another time on the wall"),
            ({"region": "GB"}, "keep their country"),
            (
                {
                    "outreach": {"send_days": ["mon"]},
                    "holidays": [(date(2026, 11, 23) + timedelta(weeks=week)).isoformat() for week in range(54)],
                },
                "no first message",
            ),
        ],
    )
    async def test_each_says_what_will_not_happen(self, ctx: Context, changes: dict[str, Any], word: str) -> None:
        await make_clinic()
        assert any(word in sentence for sentence in (await previewed(ctx, changes)).warnings)

    async def test_an_ordinary_change_needs_none(self, ctx: Context) -> None:
        await make_clinic()
        assert (await previewed(ctx, {"name": "Elm Dental", "outreach": {"max_per_week": 2}})).warnings == []

    async def test_a_rush_is_announced(self, ctx: Context, clock: Clock) -> None:
        await stage.written_to(stage.speaking(ctx))
        clock.forward(days=2)
        said = await previewed(ctx, {"outreach": {"spacing_days": [1, 7, 14]}})
        assert any("due at once" in sentence for sentence in said.warnings)
