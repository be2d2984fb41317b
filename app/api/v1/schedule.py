"""The front desk's day and week, per provider, with what is free (issue 4, item 8)."""

from typing import Annotated

from beanie import PydanticObjectId
from fastapi import APIRouter, Query

from app.api.deps import ContextDep, Reader, actor_of
from app.api.v1.schemas.errors import refusals
from app.api.v1.schemas.schedule_views import ScheduleViewAnswer
from app.api.v1.schemas.types import Day
from app.services import audit, schedule_views

router = APIRouter(prefix="/admin/schedule", tags=["appointments"])


@router.get("", summary="Days of the calendar with free gaps", responses=refusals(404))
async def get_schedule_view(
    ctx: ContextDep,
    user: Reader,
    date: Annotated[Day | None, Query(description="The first day, clinic-local; today by default")] = None,
    days: Annotated[int, Query(ge=1, le=14, description="1 for a day, 7 for a week")] = 1,
    provider_id: PydanticObjectId | None = None,
) -> ScheduleViewAnswer:
    """Every role; the read is written into the audit log.

    For each day and provider: working time, time off, visits, times that a booking form keeps, and the free gaps that
    are still ahead with the services that fit.
    """
    view = await schedule_views.of_days(ctx, first=date, days=days, provider_id=provider_id)
    await audit.record(
        ctx,
        actor=actor_of(user),
        action="appointment.listed",
        document=("appointment", "schedule"),
        patients=view.patients,
        details={"first": view.days[0].on.isoformat(), "days": days},
    )
    return ScheduleViewAnswer.of(view)
