"""What every page of the dashboard shares: who may open it, a renewed session, and refusals where the reader is.

A route names who may call it by its `user` argument: `SignedIn` (every role) or one of the aliases below, the same
rights as the API's (api.md section 1).
"""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, cast
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from pymongo.errors import PyMongoError

from app.context import Context
from app.errors import AuthenticationError, ChairsideError
from app.models.users import User
from app.services.permissions import Right
from app.web.notices import is_part
from app.web.own_address import own_address
from app.web.routing import ContextDep
from app.web.staff.compression import compress
from app.web.staff.refusals import refused
from app.web.staff.session import Guard, SignedIn, forget, renew

__all__ = [
    "Admin",
    "Auditor",
    "ContextDep",
    "Desk",
    "Eraser",
    "Manager",
    "RecordKeeper",
    "SignedIn",
    "Treats",
    "actor_of",
    "is_part",
    "staff_router",
]

Desk = Annotated[User, Depends(Guard(Right.WORK_WITH_PATIENTS))]
Treats = Annotated[User, Depends(Guard(Right.COMPLETE_VISITS))]
Manager = Annotated[User, Depends(Guard(Right.CONFIGURE))]
RecordKeeper = Annotated[User, Depends(Guard(Right.MANAGE_RECORDS))]
Auditor = Annotated[User, Depends(Guard(Right.READ_AUDIT))]
Admin = Annotated[User, Depends(Guard(Right.MANAGE_USERS))]
Eraser = Annotated[User, Depends(Guard(Right.ERASE_PATIENTS))]


class StaffRoute(APIRoute):
    """A route of the dashboard: nobody gets past it unknown, and whoever did something stays signed in."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def answer_to_staff(request: Request) -> Response:
            ctx = cast(Context, request.app.state.context)
            try:
                response = await answer(request)
            except AuthenticationError as error:
                return await _ask_to_sign_in(request, error)
            except (ChairsideError, RequestValidationError, PyMongoError) as error:
                response = await refused(request, error)
            renew(request, response, ctx)
            compress(request, response)
            return response

        return answer_to_staff


async def _ask_to_sign_in(request: Request, error: AuthenticationError) -> Response:
    """A page leads to the sign-in and back; a part of a page is refused, and its script asks in a dialog (401)."""
    if is_part(request) or request.method != "GET":
        return await refused(request, error)
    response = RedirectResponse(f"/staff/sign-in?then={quote(own_address(request))}", status_code=303)
    forget(request, response)
    return response


def staff_router(prefix: str = "") -> APIRouter:
    """A router for pages under /staff; none of them is part of the API's document."""
    return APIRouter(prefix=f"/staff{prefix}", route_class=StaffRoute, include_in_schema=False)


def actor_of(user: User) -> str:
    """How the audit log names this user."""
    return f"user:{user.id}"
