"""A patient's own visit through its link: see, move, cancel, without signing in (api.md section 2)."""

from typing import Annotated

from fastapi import APIRouter, Path

from app.api.deps import ContextDep
from app.api.idempotency import IdempotentRoute
from app.api.v1.schemas.errors import refusals
from app.api.v1.schemas.manage import ManageBody, ManagedVisitAnswer
from app.models.appointments import Appointment
from app.models.clinic import Clinic
from app.services import addresses, managed_visits

router = APIRouter(prefix="/manage", tags=["booking"], route_class=IdempotentRoute)

LinkToken = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="The last part of the link in a message")]


@router.get("/{token}", summary="See a visit by its link", responses=refusals(404))
async def see(token: LinkToken, ctx: ContextDep) -> ManagedVisitAnswer:
    """Anybody who holds the link. 404 for a link that is unknown, expired or revoked."""
    managed = await managed_visits.open_link(ctx, token)
    return _answer(managed.visit, can_move=managed.can_move, can_cancel=managed.is_open)


@router.post("/{token}", summary="Move or cancel a visit by its link", responses=refusals(404, 409))
async def change(token: LinkToken, body: ManageBody, ctx: ContextDep) -> ManagedVisitAnswer:
    """Anybody who holds the link. 409 when it has begun or the time was taken (with `alternatives`), 422 else.

    A second cancel, or a move to where the visit is already, answers 200 and changes nothing.
    """
    if body.appointment_date is None:
        await managed_visits.cancel(ctx, token)
    else:
        start = addresses.as_instant(body.appointment_date, await Clinic.load())
        await managed_visits.reschedule(ctx, token, start=start)
    return await see(token, ctx)


def _answer(visit: Appointment, *, can_move: bool, can_cancel: bool) -> ManagedVisitAnswer:
    return ManagedVisitAnswer(
        appointment_id=str(visit.id),
        appointment_date=visit.appointment_date,
        ends_at=visit.ends_at,
        duration_minutes=visit.duration_minutes,
        service_name=visit.service_name,
        status=visit.status,
        can_move=can_move,
        can_cancel=can_cancel,
    )
