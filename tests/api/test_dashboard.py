"""The dashboard's numbers (api.md section 4, domain.md section 9)."""

from typing import Any

from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, CampaignType
from tests.api.conftest import House
from tests.api.shapes import NUMBER, accepted
from tests.conftest import Clock
from tests.factories import force_status, make_patient, make_recovery

STATS = {
    "kpis": {
        "appointments_booked_month": int,
        "handoffs_requiring_action": int,
        "active_recovery_campaigns": int,
        "recoveries": int,
        "pipeline_value_recovered": NUMBER,
        "pipeline_value_open": NUMBER,
    },
    "conversion_rates": {"recovery_rate_percent": NUMBER, "recall_rate_percent": NUMBER},
    "funnel": {"eligible": int, "contacted": int, "replied": int, "booked": int, "completed": int},
    "trend": [dict],
}


async def numbers(house: House) -> dict[str, Any]:
    body: dict[str, Any] = accepted(await house.get("dashboard-stats"), 200, STATS)
    return body


async def campaign_in(house: House, status: CampaignStatus, kind: CampaignType, value: float = 100.0) -> Campaign:
    campaign = await make_recovery(house.ctx, estimated_value=value)
    return await force_status(campaign, status, campaign_type=kind.value)


async def test_an_empty_clinic_has_zeros(house: House) -> None:
    body = await numbers(house)
    assert set(body["kpis"].values()) == {0}
    assert (body["conversion_rates"]["recovery_rate_percent"], body["conversion_rates"]["recall_rate_percent"]) == (
        0,
        0,
    )
    assert set(body["funnel"].values()) == {0}


async def test_rates_are_recovered_among_closed_of_each_type(house: House) -> None:
    for status in (CampaignStatus.RECOVERED, CampaignStatus.RECOVERY_FAILED, CampaignStatus.RECOVERY_DECLINED):
        await campaign_in(house, status, CampaignType.RECOVERY)
    await campaign_in(house, CampaignStatus.ATTEMPTING_RECOVERY, CampaignType.RECOVERY)
    await campaign_in(house, CampaignStatus.RECOVERED, CampaignType.RECALL)
    await campaign_in(house, CampaignStatus.MANUAL_FOLLOWUP_COMPLETE, CampaignType.RECALL)
    rates = (await numbers(house))["conversion_rates"]
    assert (rates["recovery_rate_percent"], rates["recall_rate_percent"]) == (33.3, 50.0)
    assert (rates["recovery_recovered"], rates["recovery_closed"]) == (1, 3)
    assert (rates["recall_recovered"], rates["recall_closed"]) == (1, 2)


async def test_key_figures(house: House) -> None:
    await campaign_in(house, CampaignStatus.HANDOFF_REQUIRED, CampaignType.RECALL, 10.0)
    await campaign_in(house, CampaignStatus.HANDOFF_REQUIRED, CampaignType.RECOVERY, 20.5)
    await campaign_in(house, CampaignStatus.RE_ENGAGED, CampaignType.RECOVERY, 30.0)
    await campaign_in(house, CampaignStatus.RECOVERED, CampaignType.RECOVERY, 400.0)
    await campaign_in(house, CampaignStatus.RECOVERY_DECLINED, CampaignType.RECOVERY, 999.0)
    assert (await numbers(house))["kpis"] == {
        "appointments_booked_month": 0,
        "handoffs_requiring_action": 2,
        "active_recovery_campaigns": 2,
        "recoveries": 1,
        "pipeline_value_recovered": 400.0,
        "pipeline_value_open": 60.5,
    }


async def test_bookings_count_in_the_clinic_local_month_they_were_made_in(house: House, clock: Clock) -> None:
    first = (await house.desk(at="2026-12-10T10:00")).json()
    await house.desk(at="2026-12-11T10:00", email=(await make_patient(house.ctx)).email)
    assert (await numbers(house))["kpis"]["appointments_booked_month"] == 2
    await house.post(f"appointments/{first['appointment_id']}/cancel")
    assert (await numbers(house))["kpis"]["appointments_booked_month"] == 1
    clock.instant = clock.instant.replace(month=12, day=1, hour=4, minute=59)
    assert (await numbers(house))["kpis"]["appointments_booked_month"] == 1, "still November in New York"
    clock.forward(minutes=1)
    assert (await numbers(house))["kpis"]["appointments_booked_month"] == 0, "December in New York"


async def test_the_trend_is_six_months_of_the_clinic_oldest_first(house: House) -> None:
    await house.desk()
    trend = (await numbers(house))["trend"]
    assert [month["month"] for month in trend] == [f"2026-{number:02}" for number in range(6, 12)]
    assert trend[-1] == {"month": "2026-11", "appointments_booked": 1, "recoveries": 0}


async def test_the_funnel_counts_how_far_a_campaign_came(house: House) -> None:
    campaign = await make_recovery(house.ctx, patient_email="dora@example.com")
    await make_recovery(house.ctx)
    await force_status(
        campaign, CampaignStatus.RE_ENGAGED, first_sent_at=house.ctx.now(), first_reply_at=house.ctx.now()
    )
    visit = (await house.desk()).json()
    await house.post(f"appointments/{visit['appointment_id']}/complete")
    assert (await numbers(house))["funnel"] == {
        "eligible": 2,
        "contacted": 1,
        "replied": 1,
        "booked": 1,
        "completed": 1,
    }
