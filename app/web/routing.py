"""What every page route shares: the Context, the caller's address, and refusals shown as a page instead of JSON."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, cast

from fastapi import Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pymongo.errors import PyMongoError

from app.context import Context
from app.errors import ChairsideError, InvalidInputError, NotFoundError, UnavailableError
from app.logging import get_logger
from app.models.clinic import Clinic
from app.web.rendering import render

log = get_logger(__name__)


def _context(request: Request) -> Context:
    return cast(Context, request.app.state.context)


ContextDep = Annotated[Context, Depends(_context)]


def sandbox_only(ctx: ContextDep) -> None:
    """Raises NotFoundError (404) when no channel is the sandbox (operations.md)."""
    if not ctx.settings.uses_sandbox:
        raise NotFoundError("There is no sandbox here.")


def caller_address(request: Request) -> str:
    """Who is counted by the rate limits; behind a proxy uvicorn has put the trusted address here (trust.md 2.7)."""
    return request.client.host if request.client else "unknown"


async def text_fields(request: Request) -> dict[str, str]:
    """The text fields of a posted form; an uploaded file is not one."""
    form = await request.form()
    return {name: value for name, value in form.items() if isinstance(value, str)}


class PageRoute(APIRoute):
    """A route for people: a business error, an unreadable address or an absent database becomes a readable page."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def answer_with_a_page(request: Request) -> Response:
            try:
                return await answer(request)
            except (ChairsideError, RequestValidationError, PyMongoError) as error:
                return await _explained(request, error)

        return answer_with_a_page


async def _explained(request: Request, error: ChairsideError | RequestValidationError | PyMongoError) -> Response:
    if isinstance(error, PyMongoError):
        log.error("database.unavailable", error=type(error).__name__)
        away = UnavailableError("We cannot look anything up just now. Try again in a moment.", retry_after=5)
        return error_page(request, away, clinic=None)
    unreadable = InvalidInputError("This address holds something that we cannot read.")
    return error_page(request, error if isinstance(error, ChairsideError) else unreadable, clinic=await Clinic.load())


def retry_headers(error: ChairsideError) -> dict[str, str]:
    return {"Retry-After": str(error.retry_after)} if error.retry_after else {}


def error_page(request: Request, error: ChairsideError, *, clinic: Clinic | None) -> Response:
    """The refusal in a sentence, with its own status; `clinic` is None while the database is away."""
    return render(
        request, "error.html", status=error.status, headers=retry_headers(error), clinic=clinic, detail=error.detail
    )
