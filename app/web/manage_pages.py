"""/manage/{token}: a patient sees, moves or cancels their own visit by the link of its confirmation.

A page changes nothing; only its form does, so that a scanner which opens every link in a mail cancels nobody's visit.
"""

from datetime import date, datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from app.context import Context
from app.errors import ChairsideError, ConflictError, NotFoundError
from app.models.clinic import Clinic
from app.models.enums import AppointmentStatus
from app.models.patients import Patient
from app.services import managed_visits, patients
from app.services.managed_visits import ManagedVisit
from app.web.booking_steps import in_address, read_wish
from app.web.free_months import next_free_day
from app.web.month_view import month_to_show, month_values
from app.web.rendering import render
from app.web.routing import ContextDep, PageRoute, retry_headers, text_fields
from app.web.wording import later

router = APIRouter(prefix="/manage", route_class=PageRoute, include_in_schema=False)

YOUR_VISIT, OVER = later("Your visit"), later("This visit is over")
CANCELLED, MOVED = later("Your visit is cancelled"), later("Your visit was moved")


@router.get("/{token}")
async def show(request: Request, ctx: ContextDep, token: str) -> Response:
    """The visit; with `change=time` the calendar, with `change=cancel` the question whether it is meant."""
    clinic = await Clinic.load()
    managed = await _opened(ctx, token)
    if managed is None:
        return render(request, "manage/gone.html", status=404, clinic=clinic, detail=managed_visits.LINK_GONE)
    asked = request.query_params.get("change")
    if asked == "time" and managed.can_move:
        return await _calendar(request, ctx, clinic, token, managed)
    name = "manage/cancel.html" if asked == "cancel" and managed.is_open else "manage/visit.html"
    return _page(request, clinic, token, managed, name)


async def _opened(ctx: Context, token: str) -> ManagedVisit | None:
    try:
        return await managed_visits.open_link(ctx, token)
    except NotFoundError:
        return None


async def _calendar(request: Request, ctx: Context, clinic: Clinic, token: str, managed: ManagedVisit) -> Response:
    """The booking's own calendar, and once a time is chosen the question whether it is meant."""
    assert managed.offer is not None  # noqa: S101 - `can_move` says so; tells the type checker
    wish = read_wish(request.query_params, clinic)
    if wish.start:
        return _page(request, clinic, token, managed, "manage/move.html", start=wish.start)
    month = month_to_show(wish.month, wish.day, managed.offer.rules, now=ctx.now())
    free_slots = partial(managed_visits.free_slots, ctx, managed)
    free = await free_slots(month.days)
    next_free = None if free else await next_free_day(ctx, month, managed.offer.rules, free_slots)
    values = month_values(month, wish.day, free, managed.offer.rules, region=clinic.region)
    patient = await _owner(managed)
    return _page(
        request, clinic, token, managed, "manage/calendar.html", patient=patient, next_free=next_free, **values
    )


async def _owner(managed: ManagedVisit) -> Patient | None:
    """Whose visit it is; None once the patient was erased."""
    try:
        return await patients.get(managed.visit.patient_id)
    except NotFoundError:
        return None


@router.post("/{token}")
async def change(request: Request, ctx: ContextDep, token: str) -> Response:
    """Move (`time`) or cancel (`action=cancel`); whatever stands in the way is said over the visit as it is."""
    fields = await text_fields(request)
    clinic = await Clinic.load()
    try:
        if fields.get("action") == "cancel":
            await managed_visits.cancel(ctx, token)
            return await _done(request, ctx, clinic, token, CANCELLED)
        if start := read_wish(fields, clinic).start:
            await managed_visits.reschedule(ctx, token, start=start)
            return await _done(request, ctx, clinic, token, MOVED)
    except NotFoundError as error:
        return render(request, "manage/gone.html", status=404, clinic=clinic, detail=error.detail)
    except ChairsideError as error:
        return await _refused(request, ctx, clinic, token, error)
    return await show(request, ctx, token)


async def _done(request: Request, ctx: Context, clinic: Clinic, token: str, headline: str) -> Response:
    managed = await managed_visits.open_link(ctx, token)
    return _page(request, clinic, token, managed, "manage/visit.html", headline=headline, is_news=True)


async def _refused(request: Request, ctx: Context, clinic: Clinic, token: str, error: ChairsideError) -> Response:
    managed = await managed_visits.open_link(ctx, token)
    others = error.extra.get("alternatives", [])
    problem = managed_visits.VISIT_BEGAN if isinstance(error, ConflictError) and not managed.is_open else error.detail
    values: dict[str, Any] = {"problem": problem, "alternatives": others, "headers": retry_headers(error)}
    return _page(request, clinic, token, managed, "manage/visit.html", status=error.status, **values)


def _page(request: Request, clinic: Clinic, token: str, managed: ManagedVisit, name: str, **values: Any) -> Response:
    nothing: dict[str, Any] = {"is_news": False, "problem": "", "alternatives": []}
    shown = nothing | {"headline": _headline(managed)} | values
    address = partial(manage_address, token, change="time")
    return render(
        request, name, clinic=clinic, visit=managed.visit, managed=managed, token=token, address=address, **shown
    )


def _headline(managed: ManagedVisit) -> str:
    if managed.visit.status is AppointmentStatus.CANCELLED:
        return CANCELLED
    return YOUR_VISIT if managed.visit.status is AppointmentStatus.BOOKED else OVER


def manage_address(token: str, **chosen: str | date | datetime) -> str:
    """The address of a step."""
    return f"/manage/{token}?{urlencode({name: in_address(value) for name, value in chosen.items()})}"
