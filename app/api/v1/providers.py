"""When providers work and what they perform (api.md section 4)."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from app.api.deps import ContextDep, Manager, Reader, RecordId, actor_of
from app.api.v1.schemas.errors import refusals
from app.api.v1.schemas.providers import (
    NewScheduleAnswer,
    ProviderListAnswer,
    ProviderRow,
    ScheduleAnswer,
    ScheduleBody,
    VisitOutsideHours,
)
from app.models.users import DateOverride, TimeOff, User, WorkSchedule
from app.services import providers

MOST_CONFLICTS_SHOWN = 100

router = APIRouter(prefix="/admin/providers", tags=["providers"])


@router.get("", summary="List the providers")
async def list_providers(
    _: Reader,
    *,
    include_inactive: Annotated[bool, Query(description="Also those whose account is switched off")] = False,
) -> ProviderListAnswer:
    """Every role. Everybody with the role of a provider, and whoever else performs a service, by name."""
    found = await providers.listed(include_inactive=include_inactive)
    rows = [ProviderRow.model_validate(user.model_dump() | {"user_id": user.id}) for user in found]
    return ProviderListAnswer(providers=rows)


@router.get("/{user_id}/schedule", summary="When a provider works and what they perform", responses=refusals(404))
async def get_schedule(user_id: RecordId, _: Reader) -> ScheduleAnswer:
    """Every role. Wall times are of the clinic's zone; an account without a schedule answers an empty one."""
    return ScheduleAnswer.model_validate(_fields(await providers.get(user_id)))


@router.put("/{user_id}/schedule", summary="Set when a provider works and what they perform", responses=refusals(404))
async def put_schedule(user_id: RecordId, body: ScheduleBody, user: Manager, ctx: ContextDep) -> NewScheduleAnswer:
    """Admin, manager. Any staff account may perform services and so be a provider.

    Visits that are booked stay as they are; `conflicts` lists those that now stand outside working time.
    """
    schedule = WorkSchedule(
        weekly={str(day): periods for day, periods in body.weekly.items()},
        overrides=[DateOverride(date=entry.date, periods=entry.periods) for entry in body.overrides],
        time_off=[TimeOff(start=off.from_, end=off.to) for off in body.time_off],
    )
    done = await providers.set_schedule(ctx, user_id, schedule=schedule, services=body.services, actor=actor_of(user))
    shown = [_visit(visit) for visit in done.conflicts[:MOST_CONFLICTS_SHOWN]]
    return NewScheduleAnswer.model_validate(
        _fields(done.provider) | {"conflicts": shown, "conflict_count": len(done.conflicts)}
    )


def _fields(provider: User) -> dict[str, Any]:
    schedule = provider.schedule
    return {
        "user_id": provider.id,
        "weekly": schedule.weekly,
        "overrides": [override.model_dump() for override in schedule.overrides],
        "time_off": [{"from": off.start, "to": off.end} for off in schedule.time_off],
        "services": provider.services,
    }


def _visit(visit: dict[str, Any]) -> VisitOutsideHours:
    return VisitOutsideHours.model_validate(visit | {"appointment_id": visit["_id"]})
