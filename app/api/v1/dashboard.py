"""The dashboard's numbers (api.md section 4, domain.md section 9)."""

from fastapi import APIRouter

from app.api.deps import ContextDep, Reader
from app.api.v1.schemas.dashboard import DashboardAnswer
from app.services import stats

router = APIRouter(prefix="/admin", tags=["dashboard"])


@router.get("/dashboard-stats", summary="KPIs, conversion rates, funnel, trend")
async def dashboard_stats(_: Reader, ctx: ContextDep) -> DashboardAnswer:
    """Every role. The month's bookings, what waits for a person, conversion, the funnel, and six months of trend."""
    return DashboardAnswer.model_validate(await stats.dashboard(ctx))
