"""JSON of the dashboard's numbers (api.md section 4, domain.md section 9)."""

from typing import Annotated

from pydantic import ConfigDict, Field

from app.api.v1.schemas.types import Answer

Count = Annotated[int, Field(ge=0)]
Percent = Annotated[float, Field(ge=0, le=100)]


class KeyFigures(Answer):
    appointments_booked_month: Count
    handoffs_requiring_action: Count
    active_recovery_campaigns: Count
    recoveries: Count
    pipeline_value_recovered: float
    pipeline_value_open: float


class ConversionRates(Answer):
    """Each rate is its `recovered` among its `closed`."""

    recovery_rate_percent: Percent
    recall_rate_percent: Percent
    recovery_recovered: Count
    recovery_closed: Count
    recall_recovered: Count
    recall_closed: Count


class Funnel(Answer):
    eligible: Count
    contacted: Count
    replied: Count
    booked: Count
    completed: Count


class MonthOfTrend(Answer):
    month: Annotated[str, Field(pattern=r"^\d{4}-\d{2}$")]
    appointments_booked: Count
    recoveries: Count


class DashboardAnswer(Answer):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "kpis": {
                    "appointments_booked_month": 42,
                    "handoffs_requiring_action": 3,
                    "active_recovery_campaigns": 18,
                    "recoveries": 27,
                    "pipeline_value_recovered": 10800.0,
                    "pipeline_value_open": 7200.0,
                },
                "conversion_rates": {
                    "recovery_rate_percent": 33.3,
                    "recall_rate_percent": 50.0,
                    "recovery_recovered": 9,
                    "recovery_closed": 27,
                    "recall_recovered": 18,
                    "recall_closed": 36,
                },
                "funnel": {"eligible": 120, "contacted": 96, "replied": 54, "booked": 31, "completed": 27},
                "trend": [{"month": "2026-11", "appointments_booked": 42, "recoveries": 12}],
            }
        }
    )

    kpis: KeyFigures
    conversion_rates: ConversionRates
    funnel: Funnel
    trend: list[MonthOfTrend]
