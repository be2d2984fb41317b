"""The dashboard's numbers, read from the counters (domain.md section 9, decision 0011)."""

from datetime import datetime
from typing import Any

from app.context import Context
from app.domain.campaign_status import ACTIVE
from app.domain.conversion import CLOSED_STATUSES, rate_percent
from app.models.clinic import Clinic
from app.models.enums import CampaignStatus, CampaignType
from app.services import counters
from app.services.counters import Figures

TREND_MONTHS = 6

Counts = dict[CampaignStatus, int]


async def dashboard(ctx: Context) -> dict[str, Any]:
    """KPIs, rates with their numerators and denominators, the funnel, and six months of trend."""
    clinic = await Clinic.load()
    figures = await counters.read(clinic.zone)
    months = _months(ctx.now().astimezone(clinic.zone), TREND_MONTHS)
    recovery, recall = (_by_status(figures, kind) for kind in (CampaignType.RECOVERY, CampaignType.RECALL))
    return {
        "kpis": _key_figures(figures, recovery, recall, month=months[-1]),
        "conversion_rates": {
            "recovery_rate_percent": rate_percent(recovery),
            "recall_rate_percent": rate_percent(recall),
            **_fractions("recovery", recovery),
            **_fractions("recall", recall),
        },
        "funnel": _funnel(figures, recovery, recall),
        "trend": [_month(figures, month) for month in months],
    }


def _by_status(figures: Figures, kind: CampaignType) -> Counts:
    return {status: figures[counters.count_of(kind, status)] for status in CampaignStatus}


def _key_figures(figures: Figures, recovery: Counts, recall: Counts, *, month: str) -> dict[str, Any]:
    won = CampaignStatus.RECOVERED
    return {
        "appointments_booked_month": figures[f"visits:{month}"],
        "handoffs_requiring_action": sum(counts[CampaignStatus.HANDOFF_REQUIRED] for counts in (recovery, recall)),
        "active_recovery_campaigns": sum(recovery[status] for status in ACTIVE),
        "recoveries": recovery[won] + recall[won],
        "pipeline_value_recovered": _value(figures, {won}),
        "pipeline_value_open": _value(figures, ACTIVE),
    }


def _value(figures: Figures, statuses: set[CampaignStatus] | frozenset[CampaignStatus]) -> float:
    """Estimated value of the campaigns in these states: whole cents were added up, so no cent is lost on the way."""
    cents = sum(figures[counters.cents_of(kind, status)] for kind in CampaignType for status in statuses)
    return cents / 100


def _fractions(name: str, counts: Counts) -> dict[str, int]:
    return {
        f"{name}_recovered": counts[CampaignStatus.RECOVERED],
        f"{name}_closed": sum(counts[status] for status in CLOSED_STATUSES),
    }


def _funnel(figures: Figures, recovery: Counts, recall: Counts) -> dict[str, int]:
    """How far campaigns came: each step counts those that reached it at any time."""
    return {
        "eligible": sum(recovery.values()) + sum(recall.values()),
        **{step: figures[step] for step in counters.STEPS},
        "completed": recovery[CampaignStatus.RECOVERED] + recall[CampaignStatus.RECOVERED],
    }


def _months(local: datetime, count: int) -> list[str]:
    """The names (`2026-11`) of the last `count` clinic-local months, oldest first."""
    newest = local.year * 12 + local.month - 1
    return [f"{index // 12}-{index % 12 + 1:02}" for index in range(newest - count + 1, newest + 1)]


def _month(figures: Figures, month: str) -> dict[str, Any]:
    return {
        "month": month,
        "appointments_booked": figures[f"visits:{month}"],
        "recoveries": figures[f"recovered:{month}"],
    }
