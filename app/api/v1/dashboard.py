"""The dashboard's numbers (api.md section 4, domain.md section 9)."""

from typing import Any

from fastapi import APIRouter

from app.api.deps import ContextDep, Reader
from app.services import stats

router = APIRouter(prefix="/admin", tags=["dashboard"])


@router.get("/dashboard-stats", summary="KPIs, conversion rates, funnel, trend")
async def dashboard_stats(_: Reader, ctx: ContextDep) -> dict[str, Any]:
    """Every role."""
    return await stats.dashboard(ctx)
