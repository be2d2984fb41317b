"""Seeding is repeatable, continues where it stopped, harms no real clinic, and works on any day (operations.md)."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.context import Context
from app.demo.seed import DEMO_EMAIL, rehearse, seed
from app.demo.seed_people import Person
from app.demo.seed_stage import Stage
from app.errors import ConflictError
from app.models.enums import (
    AppointmentStatus,
    CampaignStatus,
)
from app.models.users import User
from app.services import invariants
from app.settings import Environment
from tests.conftest import MONDAY_MORNING as NOW
from tests.factories import make_clinic, make_patient, make_user

DIFFICULT_DAYS = {
    "the night the clocks go forward": datetime(2026, 3, 8, 6, 30, tzinfo=UTC),
    "the night the clocks go back": datetime(2026, 11, 1, 5, 30, tzinfo=UTC),
    "after Christmas and a weekend": datetime(2026, 12, 28, 13, 0, tzinfo=UTC),
    "New Year's Eve in New York, New Year in UTC": datetime(2027, 1, 1, 3, 0, tzinfo=UTC),
    "the leap day": datetime(2028, 2, 29, 22, 0, tzinfo=UTC),
}


async def stored_counts(ctx: Context) -> dict[str, int]:
    return {
        name: await ctx.database.handle[name].count_documents({})
        for name in await ctx.database.handle.list_collection_names()
    }


async def newest_changes(ctx: Context) -> dict[str, Any]:
    newest = {}
    for name in ("patients", "campaigns", "appointments", "knowledge_articles"):
        row = await ctx.database.handle[name].find_one({}, sort=[("updated_at", -1)])
        newest[name] = row and row["updated_at"]
    return newest


class TestSeed:
    async def test_a_second_call_changes_nothing_and_says_so(self, ctx: Context) -> None:
        first = await seed(ctx)
        before = await stored_counts(ctx), await newest_changes(ctx)
        second = await seed(replace(ctx, now=lambda: NOW + timedelta(days=3)))
        assert first.changed
        assert not second.changed
        assert "nothing was changed" in str(second)
        assert (await stored_counts(ctx), await newest_changes(ctx)) == before

    async def test_one_that_was_cut_off_is_taken_up_again(self, ctx: Context) -> None:
        """The dates still count from the first call, so both halves fit together."""

        class CutOff(Exception):  # noqa: N818 - not an error of the product
            pass

        def stop_among_visits(step: str, done: int, total: int) -> None:
            if step == "appointments" and done < total:
                raise CutOff

        with pytest.raises(CutOff):
            await seed(ctx, on_step=stop_among_visits)
        half = await stored_counts(ctx)
        rest = await seed(replace(ctx, now=lambda: NOW + timedelta(days=1)))
        stage, _ = rehearse(ctx, now=NOW, hashed_password="!")
        assert 0 < half["appointments"] < len(stage.ledger.appointments)
        assert rest.written["appointments"] == len(stage.ledger.appointments) - half["appointments"]
        assert rest.written["patients"] == 0
        assert not any((await invariants.check(ctx)).values())

    async def test_it_reports_its_steps(self, ctx: Context) -> None:
        steps: list[tuple[str, int, int]] = []
        await seed(ctx, on_step=lambda *step: steps.append(step))
        last = {name: (done, total) for name, done, total in steps}
        assert {"clinic", "patients", "campaigns", "appointments"} <= set(last)
        assert all(done == total for done, total in last.values())

    async def test_somebody_elses_clinic_is_refused(self, ctx: Context) -> None:
        await make_clinic()
        await make_patient(ctx)
        before = await stored_counts(ctx)
        with pytest.raises(ConflictError):
            await seed(ctx)
        assert await stored_counts(ctx) == before

    async def test_production_is_refused(self, ctx: Context) -> None:
        production = ctx.settings.model_copy(update={"chairside_env": Environment.PRODUCTION})
        with pytest.raises(ConflictError):
            await seed(replace(ctx, settings=production))
        assert await User.find({}).count() == 0

    async def test_an_account_with_the_demo_address_is_left_alone(self, ctx: Context) -> None:
        mine = await make_user(ctx, email=DEMO_EMAIL)
        await seed(ctx)
        assert [user.id for user in await User.find({"email": DEMO_EMAIL}).to_list()] == [mine.id]


def all_ids(stage: Stage, people: list[Person]) -> dict[str, list[Any]]:
    ledger = stage.ledger
    rows = {
        "patients": [person.patient for person in people],
        "campaigns": ledger.campaigns,
        "interactions": ledger.interactions,
        "outbound": ledger.outbound,
        "inbound": ledger.inbound,
        "links": ledger.links,
        "decisions": ledger.decisions,
        "appointments": ledger.appointments,
    }
    return {name: [row.id for row in documents] for name, documents in rows.items()}


class TestRehearse:
    async def test_the_same_moment_gives_the_same_documents(self, ctx: Context) -> None:
        once, again = (all_ids(*rehearse(ctx, now=NOW, hashed_password="!")) for _ in range(2))
        assert once == again
        assert all(len(set(ids)) == len(ids) > 0 for ids in once.values())

    @pytest.mark.parametrize("now", DIFFICULT_DAYS.values(), ids=DIFFICULT_DAYS.keys())
    async def test_any_day_will_do(self, ctx: Context, now: datetime) -> None:
        stage, people = rehearse(ctx, now=now, hashed_password="!")
        ledger = stage.ledger
        assert {campaign.status for campaign in ledger.campaigns} == set(CampaignStatus)
        assert max(row.timestamp for row in ledger.interactions) <= now
        assert max(campaign.updated_at for campaign in ledger.campaigns) <= now
        cells = Counter(key for visit in ledger.appointments for key in visit.slot_keys or ())
        days = Counter(key for row in ledger.outbound for key in row.day_keys or ())
        active = Counter(campaign.patient_id for campaign in ledger.campaigns if campaign.is_active)
        assert {max(counted.values()) for counted in (cells, days, active)} == {1}
        done = [visit for visit in ledger.appointments if visit.status is AppointmentStatus.COMPLETED]
        assert max(visit.ends_at for visit in done) <= now
        due = [person for person in people if (person.patient.outreach_due_at or now + timedelta(1)) <= now]
        assert 25 <= len(due) <= 40
