"""/manage/{token}: a patient sees, moves or cancels their own visit by the link of its confirmation.

A page changes nothing; only its form does, so that a scanner which opens every link in a mail cancels nobody's visit.
"""

from datetime import date, datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from app.context import Context
from app.errors import ChairsideError, NotFoundError
from app.models.clinic import Clinic
from app.services import managed_visits
from app.services.managed_visits import ManagedVisit
from app.web.booking_steps import in_address, read_wish
from app.web.month_view import month_to_show, month_values
from app.web.rendering import render
from app.web.routing import ContextDep, PageRoute, retry_headers, text_fields

router = APIRouter(prefix="/manage", route_class=PageRoute, include_in_schema=False)


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
    free = await managed_visits.free_slots(ctx, managed, month.days)
    values = month_values(month, wish.day, free, managed.offer.rules, region=clinic.region)
    return _page(request, clinic, token, managed, "manage/calendar.html", **values)


@router.post("/{token}")
async def change(request: Request, ctx: ContextDep, token: str) -> Response:
    """Move (`time`) or cancel (`action=cancel`); whatever stands in the way is said over the visit as it is."""
    fields = await text_fields(request)
    clinic = await Clinic.load()
    try:
        if fields.get("action") == "cancel":
            await managed_visits.cancel(ctx, token)
            return await _done(request, ctx, clinic, token, "Your visit is cancelled")
        if start := read_wish(fields, clinic).start:
            await managed_visits.reschedule(ctx, token, start=start)
            return await _done(request, ctx, clinic, token, "Your visit was moved")
    except NotFoundError as error:
        return render(request, "manage/gone.html", status=404, clinic=clinic, detail=error.detail)
    except ChairsideError as error:
        return await _refused(request, ctx, clinic, token, error)
    return await show(request, ctx, token)


async def _done(request: Request, ctx: Context, clinic: Clinic, token: str, headline: str) -> Response:
    managed = await managed_visits.open_link(ctx, token)
    return _page(request, clinic, token, managed, "manage/visit.html", headline=headline)


async def _refused(request: Request, ctx: Context, clinic: Clinic, token: str, error: ChairsideError) -> Response:
    managed = await managed_visits.open_link(ctx, token)
    others = error.extra.get("alternatives", [])
    values: dict[str, Any] = {"problem": error.detail, "alternatives": others, "headers": retry_headers(error)}
    return _page(request, clinic, token, managed, "manage/visit.html", status=error.status, **values)


def _page(request: Request, clinic: Clinic, token: str, managed: ManagedVisit, name: str, **values: Any) -> Response:
    shown = {"headline": "", "problem": "", "alternatives": []} | values
    address = partial(manage_address, token, change="time")
    return render(
        request, name, clinic=clinic, visit=managed.visit, managed=managed, token=token, address=address, **shown
    )


def manage_address(token: str, **chosen: str | date | datetime) -> str:
    """The address of a step."""
    return f"/manage/{token}?{urlencode({name: in_address(value) for name, value in chosen.items()})}"
