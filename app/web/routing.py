"""What every page route shares: the Context, the caller's address, and refusals shown as a page instead of JSON."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, cast

from fastapi import Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pymongo.errors import PyMongoError

from app.context import Context
from app.errors import ChairsideError, NotFoundError
from app.web.error_pages import explained, retry_headers, text_fields

__all__ = ["ContextDep", "PageRoute", "caller_address", "retry_headers", "sandbox_only", "text_fields"]


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


class PageRoute(APIRoute):
    """A route for people: a business error, an unreadable address or an absent database becomes a readable page."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def answer_with_a_page(request: Request) -> Response:
            try:
                return await answer(request)
            except (ChairsideError, RequestValidationError, PyMongoError) as error:
                return await explained(request, error)

        return answer_with_a_page
