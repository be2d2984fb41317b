"""The dashboard's numbers, counted from the documents themselves (domain.md section 9)."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from app.context import Context
from app.domain.campaign_status import ACTIVE
from app.domain.conversion import CLOSED_STATUSES, rate_percent
from app.models.appointments import Appointment
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.enums import AppointmentStatus, CampaignStatus, CampaignType

TREND_MONTHS = 6

Counts = dict[CampaignStatus, int]


async def dashboard(ctx: Context) -> dict[str, Any]:
    """KPIs, rates with their numerators and denominators, the funnel, and six months of trend."""
    clinic, now = await Clinic.load(), ctx.now()
    counts, values = await _by_status()
    months = _months(now.astimezone(clinic.zone), TREND_MONTHS)
    recovery, recall = counts[CampaignType.RECOVERY], counts[CampaignType.RECALL]
    return {
        "kpis": {
            "appointments_booked_month": await _booked_between(*months[-1]),
            "handoffs_requiring_action": _total(counts, (CampaignStatus.HANDOFF_REQUIRED,)),
            "active_recovery_campaigns": sum(recovery.get(status, 0) for status in ACTIVE),
            "recoveries": _total(counts, (CampaignStatus.RECOVERED,)),
            "pipeline_value_recovered": round(values.get(CampaignStatus.RECOVERED, 0.0), 2),
            "pipeline_value_open": round(sum(values.get(status, 0.0) for status in ACTIVE), 2),
        },
        "conversion_rates": {
            "recovery_rate_percent": rate_percent(recovery),
            "recall_rate_percent": rate_percent(recall),
            **_fractions("recovery", recovery),
            **_fractions("recall", recall),
        },
        "funnel": await _funnel(counts),
        "trend": [await _month(start, end, clinic) for start, end in months],
    }


async def _by_status() -> tuple[dict[CampaignType, Counts], dict[CampaignStatus, float]]:
    """How many campaigns and how much value in each state, grouped over an index that covers the three fields."""
    pipeline: list[dict[str, Any]] = [
        {"$project": {"_id": 0, "campaign_type": 1, "status": 1, "estimated_value": 1}},
        {
            "$group": {
                "_id": {"type": "$campaign_type", "status": "$status"},
                "count": {"$sum": 1},
                "value": {"$sum": "$estimated_value"},
            }
        },
    ]
    counts: dict[CampaignType, Counts] = {kind: {} for kind in CampaignType}
    values: dict[CampaignStatus, float] = {}
    async for row in await Campaign.collection().aggregate(pipeline, hint="by_numbers"):
        kind, status = CampaignType(row["_id"]["type"]), CampaignStatus(row["_id"]["status"])
        counts[kind][status] = row["count"]
        values[status] = values.get(status, 0.0) + row["value"]
    return counts, values


def _total(counts: dict[CampaignType, Counts], statuses: tuple[CampaignStatus, ...]) -> int:
    return sum(by_status.get(status, 0) for by_status in counts.values() for status in statuses)


def _fractions(name: str, counts: Counts) -> dict[str, int]:
    return {
        f"{name}_recovered": counts.get(CampaignStatus.RECOVERED, 0),
        f"{name}_closed": sum(counts.get(status, 0) for status in CLOSED_STATUSES),
    }


async def _funnel(counts: dict[CampaignType, Counts]) -> dict[str, int]:
    """How far campaigns came: each step counts those that reached it at any time."""
    everyone = {status for by_status in counts.values() for status in by_status}
    collection = Campaign.collection()
    reached = {
        step: await collection.count_documents({field: {"$type": "date"}})
        for step, field in (("contacted", "first_sent_at"), ("replied", "first_reply_at"), ("booked", "booked_at"))
    }
    eligible = _total(counts, tuple(everyone))
    return {"eligible": eligible, **reached, "completed": _total(counts, (CampaignStatus.RECOVERED,))}


def _months(local: datetime, count: int) -> list[tuple[datetime, datetime]]:
    """The UTC bounds of the last `count` clinic-local months, oldest first."""
    starts = [_shift(local, -back) for back in range(count - 1, -2, -1)]
    return [(start.astimezone(UTC), end.astimezone(UTC)) for start, end in pairwise(starts)]


def _shift(local: datetime, months: int) -> datetime:
    index = local.year * 12 + local.month - 1 + months
    return local.replace(
        year=index // 12, month=index % 12 + 1, day=1, hour=0, minute=0, second=0, microsecond=0, fold=0
    )


async def _booked_between(start: datetime, end: datetime) -> int:
    """Appointments created in the span, cancelled ones excluded (D-44)."""
    query = {"created_at": {"$gte": start, "$lt": end}, "status": {"$ne": AppointmentStatus.CANCELLED}}
    return await Appointment.collection().count_documents(query)


async def _month(start: datetime, end: datetime, clinic: Clinic) -> dict[str, Any]:
    recovered = {"status": CampaignStatus.RECOVERED, "closed_at": {"$gte": start, "$lt": end}}
    return {
        "month": (start + timedelta(days=1)).astimezone(clinic.zone).strftime("%Y-%m"),
        "appointments_booked": await _booked_between(start, end),
        "recoveries": await Campaign.collection().count_documents(recovered),
    }
