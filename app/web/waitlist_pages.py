"""/waitlist/{token}: a patient says when they could come earlier, sees it, changes it, leaves the list.

A page changes nothing; only its forms do. It works without JavaScript.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from beanie import PydanticObjectId
from fastapi import APIRouter, Request, Response

from app.context import Context
from app.domain.schedules import WEEKDAYS
from app.errors import ChairsideError, InvalidInputError, NotFoundError
from app.models.clinic import Clinic
from app.models.enums import DayPart, LinkPurpose
from app.models.users import User
from app.services import listed_wishes
from app.services.listed_wishes import Choice, OpenedList
from app.web.booking_steps import in_address
from app.web.rendering import render
from app.web.routing import ContextDep, PageRoute, retry_headers, text_fields
from app.web.wording import later

router = APIRouter(prefix="/waitlist", route_class=PageRoute, include_in_schema=False)

ASK, WAITS = later("Would you like to come earlier?"), later("You are on our list")
CHANGED, LEFT = later("We have written down what you wish"), later("You are off the list")
UNREADABLE_DAY = later("Write the days as the calendar offers them, such as 2026-11-24.")
A_MONDAY = date(2026, 11, 23)
DAY_PARTS = (
    (DayPart.ANY, later("Any time")),
    (DayPart.MORNING, later("In the morning")),
    (DayPart.AFTERNOON, later("In the afternoon")),
)
DATES = ("earliest", "latest")
FIRST_YEAR, LAST_YEAR = 2000, 2200


@router.get("/{token}")
async def show(request: Request, ctx: ContextDep, token: str) -> Response:
    """The wish behind a link, and the form that states or changes it."""
    try:
        opened = await listed_wishes.open_link(ctx, token, service_id=request.query_params.get("service"))
    except NotFoundError as error:
        return await gone(request, error)
    return await _page(request, ctx, token, opened, headline=WAITS if opened.waits else ASK)


@router.post("/{token}")
async def change(request: Request, ctx: ContextDep, token: str) -> Response:
    """State the wish, or leave the list (`action=leave`); what stands in the way is said over the form."""
    fields = await text_fields(request)
    service_id = fields.get("service")
    try:
        if fields.get("action") == "leave":
            opened = await listed_wishes.withdraw(ctx, token, service_id=service_id)
            return await _page(request, ctx, token, opened, headline=LEFT, is_news=True)
        opened = await listed_wishes.open_link(ctx, token, service_id=service_id)
        opened = await listed_wishes.state(ctx, token, _choice(fields, opened))
        return await _page(request, ctx, token, opened, headline=CHANGED, is_news=True)
    except NotFoundError as error:
        return await gone(request, error)
    except ChairsideError as error:
        return await _refused(request, ctx, token, fields, error)


async def gone(request: Request, error: NotFoundError) -> Response:
    """One page for every link that is no good, whatever is wrong with it."""
    return render(
        request, "waitlist/gone.html", status=404, clinic=await Clinic.load(), detail=error.detail, problem=""
    )


async def _refused(
    request: Request, ctx: Context, token: str, fields: dict[str, str], error: ChairsideError
) -> Response:
    opened = await listed_wishes.open_link(ctx, token, service_id=fields.get("service"))
    return await _page(
        request,
        ctx,
        token,
        opened,
        headline=WAITS if opened.waits else ASK,
        problem=error.detail,
        status=error.status,
        headers=retry_headers(error),
        typed=_choice(fields | {name: "" for name in DATES if not _is_day(fields.get(name, ""))}, opened),
    )


def _is_day(text: str) -> bool:
    try:
        return _day(text) is not None
    except InvalidInputError:
        return False


def _choice(fields: Mapping[str, str], opened: OpenedList) -> Choice:
    """The posted form. Raises InvalidInputError for a day that no calendar has."""
    part = fields.get("part", "")
    own = opened.visit.provider_id if opened.visit else None
    return Choice(
        service_id=fields.get("service"),
        provider_id=own if own and fields.get("provider") == str(own) else None,
        earliest=_day(fields.get("earliest", "")),
        latest=_day(fields.get("latest", "")),
        weekdays=[name for name in WEEKDAYS if fields.get(f"day-{name}")],
        day_part=DayPart(part) if part in set(DayPart) else DayPart.ANY,
    )


def _day(text: str) -> date | None:
    if not text.strip():
        return None
    try:
        day = date.fromisoformat(text.strip())
    except ValueError as error:
        raise InvalidInputError(UNREADABLE_DAY) from error
    if not FIRST_YEAR <= day.year < LAST_YEAR:
        raise InvalidInputError(UNREADABLE_DAY)
    return day


async def _page(request: Request, ctx: Context, token: str, opened: OpenedList, **values: Any) -> Response:
    shown: dict[str, Any] = {"problem": "", "is_news": False, "typed": _typed(opened)}
    return render(
        request,
        "waitlist/wish.html",
        clinic=await Clinic.load(),
        token=token,
        opened=opened,
        provider=await _provider(opened),
        free=await listed_wishes.free_now(ctx, opened),
        book_at=_booking_address(token, opened),
        weekdays=[(name, A_MONDAY + timedelta(days=number)) for number, name in enumerate(WEEKDAYS)],
        day_parts=DAY_PARTS,
        **(shown | values),
    )


def _typed(opened: OpenedList) -> Choice:
    """What the form shows: the wish that waits, else nothing chosen."""
    wish = opened.wish
    if wish is None:
        return Choice()
    return Choice(
        provider_id=wish.provider_id,
        earliest=wish.earliest,
        latest=wish.latest,
        weekdays=wish.weekdays,
        day_part=wish.day_part,
    )


async def _provider(opened: OpenedList) -> User | None:
    """With whom the visit is booked: the only one whom somebody may want to keep."""
    chosen: PydanticObjectId | None = opened.visit.provider_id if opened.visit else None
    return await User.get(chosen) if chosen else None


def _booking_address(token: str, opened: OpenedList) -> Callable[[datetime], str]:
    """Where a free time can be taken with this very link; nowhere with one that is for the list alone."""

    def address(start: datetime) -> str:
        match opened.purpose:
            case LinkPurpose.MANAGE:
                return f"/manage/{token}?{urlencode({'change': 'time', 'time': in_address(start)})}"
            case LinkPurpose.BOOK if opened.service and opened.visit is None:
                chosen = {"t": token, "service": opened.service.id, "time": in_address(start)}
                return f"/book?{urlencode(chosen)}"
        return ""

    return address
