"""/staff/schedule: the day by provider and the week of one, moving visits, and booking by phone in three fields."""

from collections.abc import Awaitable
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

from beanie import PydanticObjectId
from fastapi import Form, Query, Request, Response

from app.api.v1.schemas.types import Day
from app.context import Context
from app.errors import ConflictError, InvalidInputError, SlotTakenError
from app.models.appointments import Appointment
from app.models.clinic import Clinic
from app.models.enums import ConfirmationStatus
from app.services import addresses, audit, providers, schedule_views, visit_confirmations, visits
from app.web.staff.frame import show
from app.web.staff.routing import ContextDep, Desk, SignedIn, Treats, actor_of, staff_router
from app.web.staff.schedule_view import calendar, described, near_by

router = staff_router("/schedule")

WEEK = 7
Id = Annotated[str, Query(max_length=24)]
Text = Annotated[str, Form(max_length=64)]
TOLD = {"HX-Trigger": "schedule-changed"}


@router.get("")
async def schedule_page(
    request: Request,
    user: SignedIn,
    ctx: ContextDep,
    on: Annotated[Day | None, Query()] = None,
    view: Literal["day", "week"] = "day",
    provider: Id = "",
) -> Response:
    """Every role; whose visits were shown is written into the audit log."""
    clinic, staff = await Clinic.load(), await providers.listed(include_inactive=False)
    is_week, today = view == "week", ctx.now().astimezone(clinic.zone).date()
    first = _first_day(on or today, is_week=is_week)
    chosen = _chosen(provider) or (staff[0].id if is_week and staff else None)
    shown = await schedule_views.of_days(ctx, first=first, days=WEEK if is_week else 1, provider_id=chosen)
    await audit.record(
        ctx,
        actor=actor_of(user),
        action="appointment.listed",
        document=("appointment", "schedule"),
        patients=shown.patients,
        details={"first": first.isoformat(), "days": len(shown.days)},
    )
    return await show(
        request,
        ctx,
        "staff/schedule/page.html",
        clinic=clinic,
        calendar=calendar(shown, by_day=is_week),
        staff=staff,
        chosen=str(chosen or ""),
        view=view,
        first=first,
        today=today,
        step=timedelta(days=WEEK if is_week else 1),
        last_step=timedelta(days=WEEK - 1 if is_week else 0),
    )


def _first_day(day: date, *, is_week: bool) -> date:
    """A week begins on Monday."""
    return day - timedelta(days=day.weekday()) if is_week else day


def _chosen(provider: str) -> PydanticObjectId | None:
    return PydanticObjectId(provider) if PydanticObjectId.is_valid(provider) else None


@router.get("/visits/{visit_id}")
async def visit_card(request: Request, visit_id: PydanticObjectId, user: SignedIn, ctx: ContextDep) -> Response:
    """Every role; the read is written down. One visit with everything that can be done with it."""
    visit = await visits.get(visit_id)
    document = ("appointment", visit_id)
    await audit.record(
        ctx, actor=actor_of(user), action="appointment.read", document=document, patients=[visit.patient_id]
    )
    return await _card(request, ctx, visit)


@router.post("/visits/{visit_id}/move")
async def move(
    request: Request, visit_id: PydanticObjectId, user: Desk, ctx: ContextDep, start: Text = "", provider: Text = ""
) -> Response:
    """Admin, manager, front desk. Move it; on top of another visit it stays where it was, and free times are named."""
    try:
        instant = addresses.as_instant(_wall(start), await Clinic.load())
        moved = await visits.reschedule(
            ctx, visit_id, start=instant, provider_id=_chosen(provider), actor=actor_of(user)
        )
    except SlotTakenError as error:
        raise ConflictError(f"{error.detail} {near_by(error.extra.get('alternatives', []))}") from error
    return await _card(request, ctx, moved, done="Moved. The patient is told.")


def _wall(typed: str) -> datetime:
    """`2026-11-24T10:00` as a browser sends it, on the clinic's wall clock. Raises InvalidInputError."""
    try:
        moment = datetime.fromisoformat(typed)
    except ValueError as error:
        raise InvalidInputError("Choose a day and a time.") from error
    if "T" not in typed or moment.tzinfo is not None or moment.second or moment.microsecond:
        raise InvalidInputError("Choose a day and a time.")
    return moment


@router.post("/visits/{visit_id}/cancel")
async def cancel(request: Request, visit_id: PydanticObjectId, user: Desk, ctx: ContextDep) -> Response:
    """Admin, manager, front desk. The time is free again and the patient is told; a second call changes nothing."""
    return await _done(
        request, ctx, visits.cancel(ctx, visit_id, actor=actor_of(user)), "Cancelled. The patient is told."
    )


@router.post("/visits/{visit_id}/no-show")
async def no_show(request: Request, visit_id: PydanticObjectId, user: Treats, ctx: ContextDep) -> Response:
    """Every role. The patient did not come."""
    return await _done(request, ctx, visits.mark_no_show(ctx, visit_id, actor=actor_of(user)), "Noted: did not come.")


@router.post("/visits/{visit_id}/complete")
async def complete(
    request: Request, visit_id: PydanticObjectId, user: Treats, ctx: ContextDep, next_follow_up_on: Text = ""
) -> Response:
    """Every role. The visit happened; the next check-up is due on the day that is given."""
    try:
        on = date.fromisoformat(next_follow_up_on) if next_follow_up_on else None
    except ValueError as error:
        raise InvalidInputError("Write the next check-up as a date.") from error
    work = visits.complete(ctx, visit_id, next_follow_up_on=on, actor=actor_of(user))
    return await _done(request, ctx, work, "Completed.")


@router.post("/visits/{visit_id}/says")
async def says(
    request: Request, visit_id: PydanticObjectId, user: Desk, ctx: ContextDep, status: Text = ""
) -> Response:
    """Admin, manager, front desk. What the patient says of the visit on the phone."""
    if status not in set(ConfirmationStatus):
        raise InvalidInputError("Choose one of the list.")
    work = visit_confirmations.set_by_staff(ctx, visit_id, ConfirmationStatus(status), actor=actor_of(user))
    return await _done(request, ctx, work, "Noted.")


async def _done(request: Request, ctx: Context, work: Awaitable[Appointment], words: str) -> Response:
    return await _card(request, ctx, await work, done=words)


async def _card(request: Request, ctx: Context, visit: Appointment, *, done: str = "") -> Response:
    """The visit as it stands now; whoever shows the calendar behind it reads that anew."""
    values: dict[str, Any] = described(visit) | {"staff": await _may_perform(visit), "says": ConfirmationStatus}
    values |= {"visit": visit, "done": done, "has_begun": visit.appointment_date <= ctx.now()}
    return await show(request, ctx, "staff/schedule/visit.html", status=200, headers=TOLD if done else None, **values)


async def _may_perform(visit: Appointment) -> list[Any]:
    staff = await providers.listed(include_inactive=False)
    return [user for user in staff if visit.service_id in user.services or user.id == visit.provider_id]
