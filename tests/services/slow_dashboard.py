"""The dashboard counted the slow way: every document read, every rule of domain.md section 9 written out plainly."""

from datetime import datetime
from typing import Any

from app.context import Context
from app.models.appointments import Appointment
from app.models.base import Raw
from app.models.campaigns import ACTIVE_STATUSES, Campaign
from app.models.clinic import Clinic
from app.models.enums import CampaignStatus, CampaignType

OPEN = {status.value for status in ACTIVE_STATUSES}
CLOSED = {status.value for status in CampaignStatus} - OPEN
WON = CampaignStatus.RECOVERED.value


async def slow_dashboard(ctx: Context) -> dict[str, Any]:
    """What `stats.dashboard` must answer."""
    zone = (await Clinic.load()).zone
    campaigns = await Campaign.collection().find().to_list()
    visits = [raw for raw in await Appointment.collection().find().to_list() if raw["status"] != "cancelled"]
    won = [raw for raw in campaigns if raw["status"] == WON]

    def month(instant: datetime) -> str:
        return instant.astimezone(zone).strftime("%Y-%m")

    return {
        "kpis": {
            "appointments_booked_month": sum(month(raw["created_at"]) == month(ctx.now()) for raw in visits),
            "handoffs_requiring_action": sum(raw["status"] == "HANDOFF_REQUIRED" for raw in campaigns),
            "active_recovery_campaigns": sum(
                raw["status"] in OPEN and raw["campaign_type"] == "RECOVERY" for raw in campaigns
            ),
            "recoveries": len(won),
            "pipeline_value_recovered": _value(won),
            "pipeline_value_open": _value([raw for raw in campaigns if raw["status"] in OPEN]),
        },
        "conversion_rates": _rates(campaigns),
        "funnel": {
            "eligible": len(campaigns),
            "contacted": sum(raw["first_sent_at"] is not None for raw in campaigns),
            "replied": sum(raw["first_reply_at"] is not None for raw in campaigns),
            "booked": sum(raw["booked_at"] is not None for raw in campaigns),
            "completed": len(won),
        },
        "trend": [
            {
                "month": name,
                "appointments_booked": sum(month(raw["created_at"]) == name for raw in visits),
                "recoveries": sum(raw["closed_at"] is not None and month(raw["closed_at"]) == name for raw in won),
            }
            for name in _last_six(ctx.now().astimezone(zone))
        ],
    }


def _value(campaigns: list[Raw]) -> float:
    cents: int = sum(round(raw["estimated_value"] * 100) for raw in campaigns)
    return cents / 100


def _rates(campaigns: list[Raw]) -> dict[str, Any]:
    rates: dict[str, Any] = {}
    for kind in CampaignType:
        closed = [raw for raw in campaigns if raw["campaign_type"] == kind.value and raw["status"] in CLOSED]
        won = sum(raw["status"] == WON for raw in closed)
        name = kind.value.lower()
        rates[f"{name}_rate_percent"] = round(100 * won / len(closed), 1) if closed else 0.0
        rates |= {f"{name}_recovered": won, f"{name}_closed": len(closed)}
    return rates


def _last_six(local: datetime) -> list[str]:
    names, year, month = list[str](), local.year, local.month
    for _ in range(6):
        names.append(f"{year}-{month:02}")
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
    return names[::-1]
