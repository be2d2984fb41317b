"""The dashboard's numbers are counted as domain.md section 9 says."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.context import Context
from app.jobs import outbox
from app.models.appointments import Appointment
from app.models.enums import AppointmentSource, AppointmentStatus, CampaignStatus, CampaignType
from app.services import reservations, stats
from tests.conftest import Clock
from tests.factories import force_status, make_clinic, make_patient, make_recovery
from tests.services import stage

S = CampaignStatus


async def add_campaigns(ctx: Context, kind: CampaignType, *statuses: CampaignStatus, value: float = 100.0) -> None:
    for status in statuses:
        await force_status(await make_recovery(ctx, estimated_value=value), status, campaign_type=kind)


async def add_visit(ctx: Context, created_at: datetime, status: AppointmentStatus = AppointmentStatus.BOOKED) -> None:
    visit = reservations.new_appointment(
        ctx,
        patient=await make_patient(ctx),
        campaign=None,
        start=datetime(2027, 1, 5, 15, 0, tzinfo=UTC),
        minutes=30,
        source=AppointmentSource.MANUAL_ADMIN,
    )
    await visit.insert()
    changes = {"created_at": created_at, "status": status}
    await Appointment.collection().update_one({"_id": visit.id}, {"$set": changes})


class TestDashboard:
    async def test_nothing_is_zero_everywhere(self, ctx: Context) -> None:
        numbers = await stats.dashboard(ctx)
        assert set(numbers["kpis"].values()) <= {0}
        assert numbers["conversion_rates"]["recovery_rate_percent"] == 0.0
        assert numbers["funnel"] == {"eligible": 0, "contacted": 0, "replied": 0, "booked": 0, "completed": 0}
        assert len(numbers["trend"]) == 6

    async def test_rates_are_of_closed_campaigns_by_type(self, ctx: Context) -> None:
        await add_campaigns(ctx, CampaignType.RECOVERY, S.RECOVERED, S.RECOVERY_FAILED, S.RE_ENGAGED)
        await add_campaigns(ctx, CampaignType.RECALL, S.RECOVERED, S.BOOKING_COMPLETED, S.RECOVERY_DECLINED)
        rates = (await stats.dashboard(ctx))["conversion_rates"]
        assert (rates["recovery_rate_percent"], rates["recall_rate_percent"]) == (50.0, 33.3)
        assert (rates["recovery_recovered"], rates["recovery_closed"]) == (1, 2)
        assert (rates["recall_recovered"], rates["recall_closed"]) == (1, 3)

    async def test_what_is_open_and_what_was_won(self, ctx: Context) -> None:
        await add_campaigns(ctx, CampaignType.RECOVERY, S.ATTEMPTING_RECOVERY, S.HANDOFF_REQUIRED, value=10.5)
        await add_campaigns(ctx, CampaignType.RECALL, S.BOOKING_INITIATED, S.HANDOFF_REQUIRED, value=1.0)
        await add_campaigns(ctx, CampaignType.RECOVERY, S.RECOVERED, S.RECOVERED, value=400.0)
        await add_campaigns(ctx, CampaignType.RECOVERY, S.RECOVERY_FAILED, value=9_999.0)
        kpis = (await stats.dashboard(ctx))["kpis"]
        assert kpis["active_recovery_campaigns"] == 2
        assert kpis["handoffs_requiring_action"] == 2
        assert (kpis["recoveries"], kpis["pipeline_value_recovered"]) == (2, 800.0)
        assert kpis["pipeline_value_open"] == 23.0

    @pytest.mark.parametrize(
        ("created_at", "status", "counted"),
        [
            (datetime(2026, 11, 1, 4, 0, tzinfo=UTC), AppointmentStatus.BOOKED, 1),  # midnight in New York
            (datetime(2026, 11, 1, 3, 59, tzinfo=UTC), AppointmentStatus.BOOKED, 0),  # still October there
            (datetime(2026, 12, 1, 4, 59, tzinfo=UTC), AppointmentStatus.COMPLETED, 1),
            (datetime(2026, 12, 1, 5, 0, tzinfo=UTC), AppointmentStatus.BOOKED, 0),
            (datetime(2026, 11, 15, 12, 0, tzinfo=UTC), AppointmentStatus.NO_SHOW, 1),
            (datetime(2026, 11, 15, 12, 0, tzinfo=UTC), AppointmentStatus.CANCELLED, 0),
        ],
    )
    async def test_bookings_are_of_the_clinics_own_month(
        self, ctx: Context, created_at: datetime, status: AppointmentStatus, counted: int
    ) -> None:
        await make_clinic()
        await add_visit(ctx, created_at, status)
        numbers = await stats.dashboard(ctx)
        assert numbers["kpis"]["appointments_booked_month"] == counted

    async def test_the_trend_names_six_months_to_this_one(self, ctx: Context) -> None:
        await make_clinic()
        await add_visit(ctx, datetime(2026, 9, 15, 12, 0, tzinfo=UTC))
        trend = (await stats.dashboard(ctx))["trend"]
        assert [row["month"] for row in trend] == ["2026-06", "2026-07", "2026-08", "2026-09", "2026-10", "2026-11"]
        assert [row["appointments_booked"] for row in trend] == [0, 0, 0, 1, 0, 0]

    async def test_the_trend_over_new_year_and_both_clock_changes(self, ctx: Context, clock: Clock) -> None:
        await make_clinic()
        clock.instant = datetime(2027, 4, 1, 3, 0, tzinfo=UTC)  # the last evening of March in New York
        trend: list[dict[str, Any]] = (await stats.dashboard(ctx))["trend"]
        assert [row["month"] for row in trend] == ["2026-10", "2026-11", "2026-12", "2027-01", "2027-02", "2027-03"]

    async def test_the_funnel_counts_what_was_reached_at_any_time(self, ctx: Context) -> None:
        ctx = stage.speaking(ctx)
        await stage.running_campaign(ctx)
        campaign = await stage.written_to(ctx)
        await stage.answered_with(ctx, campaign, "no thank you")
        await outbox.drain(ctx)
        funnel = (await stats.dashboard(ctx))["funnel"]
        assert funnel["replied"] == 1
        assert (funnel["eligible"], funnel["booked"], funnel["completed"]) == (2, 0, 0)
