"""Counters that were lost, drifted, or belong to another time zone are made anew, and lose no cent (decision 0011)."""

from datetime import UTC, datetime, timedelta

import pytest

from app.context import Context
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.counters import COUNTED, COUNTERS_ID, Counters
from app.models.enums import CampaignStatus
from app.services import campaigns, counters, invariants, stats
from tests.conftest import Clock
from tests.factories import force_status, make_clinic, make_provider, make_recovery, make_service
from tests.services import stage
from tests.services.walks import STAFF, Walk, is_true, some_visits, uncounted

S = CampaignStatus


@pytest.fixture
async def clinic(ctx: Context) -> Clinic:
    await make_service()
    await make_provider(ctx, ["checkup"])
    return await make_clinic()


@pytest.fixture
def walk(ctx: Context, clock: Clock, clinic: Clinic) -> Walk:
    return Walk(ctx, clock, seed=0)


class TestRebuild:
    async def test_counters_that_were_lost_are_made_again(self, ctx: Context, walk: Walk) -> None:
        await some_visits(walk)
        await counters.fold(ctx)
        await Counters.get_pymongo_collection().delete_many({})
        await is_true(ctx, "without counters")
        await counters.fold(ctx)
        assert (await Counters.get(COUNTERS_ID) or Counters()).figures
        await is_true(ctx, "made again")

    async def test_documents_of_an_older_version_are_counted(self, ctx: Context, walk: Walk) -> None:
        await some_visits(walk)
        for each in COUNTED:
            await each.document.collection().update_many({}, {"$unset": {"uncounted": "", "counted_as": ""}})
        await is_true(ctx, "before the first run")
        await counters.fold(ctx)
        await is_true(ctx, "after it")
        assert await counters.differences() == []

    async def test_it_mends_what_was_changed_behind_the_products_back(self, ctx: Context, walk: Walk) -> None:
        await some_visits(walk)
        await counters.fold(ctx)
        await Campaign.collection().update_many({}, {"$set": {"status": S.HANDOFF_REQUIRED.value}})
        found = (await invariants.check(ctx))["numbers"]
        assert any(line.startswith("count:RECOVERY:HANDOFF_REQUIRED: ") for line in found)
        await counters.rebuild(ctx)
        assert (await invariants.check(ctx))["numbers"] == []
        await is_true(ctx, "mended")

    async def test_it_mends_the_counters_themselves(self, ctx: Context, walk: Walk) -> None:
        await some_visits(walk)
        await counters.fold(ctx)
        await Counters.add({"contacted": 7, "visits:2026-11": -1})
        assert await counters.differences() == ["contacted: 7 for 0", "visits:2026-11: 2 for 3"]
        await counters.rebuild(ctx)
        await is_true(ctx, "mended")

    @pytest.mark.parametrize("step", ["counters.flagged", "counters.rebuilt", "counters.flags_cleared"])
    async def test_one_that_was_cut_off_can_be_repeated(self, ctx: Context, walk: Walk, step: str) -> None:
        await some_visits(walk)
        with pytest.raises(stage.Crash):
            await counters.rebuild(stage.crashing_at(ctx, step))
        await is_true(ctx, "cut off")
        await counters.rebuild(ctx)
        await is_true(ctx, "repeated")
        assert await uncounted() == 0


class TestTimeZones:
    async def test_a_new_zone_moves_the_months_at_once_and_rebuilds_with_the_next_fold(
        self, ctx: Context, clock: Clock, clinic: Clinic
    ) -> None:
        campaign = await force_status(await make_recovery(ctx), S.RECOVERED)
        await stage.set_raw(campaign, closed_at=datetime(2026, 11, 1, 2, 0, tzinfo=UTC))
        await counters.fold(ctx)
        trend = (await stats.dashboard(ctx))["trend"]
        assert [row["recoveries"] for row in trend] == [0, 0, 0, 0, 1, 0], "October in New York"
        clinic.time_zone = "Europe/Berlin"
        await clinic.save()
        for what in ("not rebuilt yet", "rebuilt"):
            trend = (await stats.dashboard(ctx))["trend"]
            assert [row["recoveries"] for row in trend] == [0, 0, 0, 0, 0, 1], what
            await counters.fold(ctx)
        assert (await Counters.get(COUNTERS_ID) or Counters()).zone == "Europe/Berlin"

    @pytest.mark.parametrize(
        "zone", ["Asia/Kathmandu", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Australia/Lord_Howe", "America/Caracas"]
    )
    @pytest.mark.parametrize("month", [datetime(2026, 11, 1), datetime(2026, 12, 1), datetime(2027, 3, 1)], ids=str)
    async def test_the_border_of_a_month_in_every_kind_of_zone(
        self, ctx: Context, clock: Clock, clinic: Clinic, zone: str, month: datetime
    ) -> None:
        clinic.time_zone = zone
        await clinic.save()
        border = month.replace(tzinfo=clinic.zone).astimezone(UTC)
        clock.instant = border + timedelta(days=14)
        for closed_at in (border, border - timedelta(milliseconds=1), border - timedelta(hours=13)):
            await force_status(await make_recovery(ctx), S.RECOVERED, closed_at=closed_at)
        for _ in ("not counted yet", "counted"):
            await is_true(ctx, zone)
            assert [row["recoveries"] for row in (await stats.dashboard(ctx))["trend"]][-2:] == [2, 1]
            await counters.fold(ctx)


class TestMoney:
    async def test_no_cent_is_lost_however_often_it_moves(self, ctx: Context, clinic: Clinic) -> None:
        opened = [await make_recovery(ctx, estimated_value=0.1) for _ in range(30)]
        await counters.fold(ctx)
        for campaign in opened[:10]:
            await campaigns.change_status(ctx, campaign.id, S.BOOKING_COMPLETED, actor=STAFF, reason=None)
            await counters.fold(ctx)
        kpis = (await stats.dashboard(ctx))["kpis"]
        assert kpis["pipeline_value_open"] == 2.0

    async def test_a_value_that_is_no_number_counts_as_nothing(self, ctx: Context, clinic: Clinic) -> None:
        for value in (float("nan"), float("inf"), None):
            campaign = await make_recovery(ctx)
            await Campaign.collection().update_one({"_id": campaign.id}, {"$set": {"estimated_value": value}})
        assert (await stats.dashboard(ctx))["kpis"]["pipeline_value_open"] == 0.0
