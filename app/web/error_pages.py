"""Refusals as pages: whoever opens an address in a browser reads a sentence and finds a way on, never JSON."""

from collections.abc import Awaitable, Callable
from typing import cast

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pymongo.errors import PyMongoError
from starlette.exceptions import HTTPException

from app.errors import ChairsideError, InvalidInputError, NotFoundError, UnavailableError
from app.logging import get_logger
from app.models.clinic import Clinic
from app.web.notices import is_part, notice
from app.web.own_address import own_address
from app.web.rendering import render
from app.web.wording import later

log = get_logger(__name__)

PageProblem = ChairsideError | RequestValidationError | PyMongoError
Handler = Callable[[Request, Exception], Awaitable[Response]]

HEADLINES = {
    404: later("This page is not here"),
    429: later("Please wait a moment"),
    503: later("We will be back in a moment"),
}
OTHERWISE = later("Sorry, that did not work")
NO_SUCH_PAGE = later("There is no page at this address. It may not have been copied completely.")
UNREADABLE = later("This address holds something that we cannot read.")
DATABASE_AWAY = later("We cannot look anything up just now. Nothing that you typed is lost: try again in a moment.")
OUR_MISTAKE = later("Something went wrong on our side. It was recorded. Please try again, or call us.")
RETRY_AFTER_SECONDS = 5

FOR_PROGRAMS = ("/api/", "/health", "/metrics", "/openapi.json", "/static/", "/brand/")
"""Addresses that programs read: they keep their JSON whatever they accept."""


async def text_fields(request: Request) -> dict[str, str]:
    """The text fields of a posted form; an uploaded file is not one."""
    form = await request.form()
    return {name: value for name, value in form.items() if isinstance(value, str)}


def retry_headers(error: ChairsideError) -> dict[str, str]:
    return {"Retry-After": str(error.retry_after)} if error.retry_after else {}


async def explained(request: Request, error: PageProblem) -> Response:
    """The page for what stood in the way of another one."""
    if isinstance(error, PyMongoError):
        log.error("database.unavailable", error=type(error).__name__)
        return await _error_page(request, UnavailableError(DATABASE_AWAY, retry_after=RETRY_AFTER_SECONDS))
    return await _error_page(request, error if isinstance(error, ChairsideError) else InvalidInputError(UNREADABLE))


async def _error_page(request: Request, error: ChairsideError) -> Response:
    """The refusal in a sentence, with its own status. What was sent to an absent database may be sent again."""
    again = isinstance(error, UnavailableError)
    return render(
        request,
        "error.html",
        status=error.status,
        headers=retry_headers(error),
        clinic=await _clinic_if_reachable(request, error),
        headline=HEADLINES.get(error.status, OTHERWISE),
        detail=error.detail,
        again=own_address(request) if again else "",
        typed=await text_fields(request) if again and request.method == "POST" else {},
    )


async def _clinic_if_reachable(request: Request, error: ChairsideError) -> Clinic | None:
    """The clinic, or as it was last seen while the database is away: a visitor in need must find its number."""
    seen: Clinic | None = getattr(request.app.state, "clinic_last_seen", None)
    if isinstance(error, UnavailableError):
        return seen
    try:
        return await Clinic.load()
    except PyMongoError:
        return seen


class _InternalError(ChairsideError):
    """What nobody foresaw; it was logged where it was caught."""


def show_pages_to_people(app: FastAPI) -> None:
    """Unknown addresses and unforeseen errors: a page for a browser, for everybody else what was answered before."""
    app.add_exception_handler(404, _or_page(app, HTTPException, NotFoundError(NO_SUCH_PAGE)))
    app.add_exception_handler(Exception, _or_page(app, Exception, _InternalError(OUR_MISTAKE)))


def _or_page(app: FastAPI, kind: type[Exception], said: ChairsideError) -> Handler:
    former = cast(Handler, app.exception_handlers[kind])

    async def answer(request: Request, error: Exception) -> Response:
        response = await former(request, error)
        if is_part(request):
            return notice(request, said.detail, kind="bad", status=response.status_code)
        return await _error_page(request, said) if _is_a_person(request) else response

    return answer


def _is_a_person(request: Request) -> bool:
    wants_page = "text/html" in request.headers.get("Accept", "")
    return wants_page and not request.url.path.startswith(FOR_PROGRAMS)
