"""Signing in to the dashboard and out of it, and one's own password."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from app.errors import AuthenticationError, ChairsideError, InvalidInputError
from app.models.clinic import Clinic
from app.services import users
from app.web.error_pages import retry_headers
from app.web.rendering import render
from app.web.routing import caller_address
from app.web.staff.frame import show
from app.web.staff.routing import ContextDep, SignedIn, staff_router
from app.web.staff.session import forget, keep, recognised, refuse_other_sites

router = staff_router()

HOME = "/staff"
Then = Annotated[str, Query(max_length=1_000)]
Typed = Annotated[str, Form(max_length=254)]
Secret = Annotated[str, Form(max_length=1_000)]


@router.get("/sign-in")
async def sign_in_page(request: Request, ctx: ContextDep, then: Then = HOME) -> Response:
    """Anybody. Whoever is signed in already goes on."""
    try:
        await recognised(request, ctx)
    except AuthenticationError:
        return await _sign_in_page(request, then=_own(then))
    return RedirectResponse(_own(then), status_code=303)


@router.post("/sign-in")
async def sign_in(
    request: Request, ctx: ContextDep, email: Typed = "", password: Secret = "", then: Annotated[str, Form()] = HOME
) -> Response:
    """Anybody. The right pair opens the dashboard where it was asked for; a dialog on an open page hears 204."""
    refuse_other_sites(request)
    try:
        token = await users.sign_in(
            ctx, email=email.strip().lower(), password=password, address=caller_address(request)
        )
    except ChairsideError as error:
        return await _refuse(request, error, email=email, then=_own(then))
    is_dialog = "X-Dialog" in request.headers
    response = Response(status_code=204) if is_dialog else RedirectResponse(_own(then), status_code=303)
    keep(response, ctx, token)
    return response


async def _refuse(request: Request, error: ChairsideError, *, email: str, then: str) -> Response:
    if "X-Dialog" in request.headers:
        return Response(error.detail, status_code=error.status, media_type="text/html", headers=retry_headers(error))
    return await _sign_in_page(request, then=then, error=error, email=email)


async def _sign_in_page(
    request: Request, *, then: str, error: ChairsideError | None = None, email: str = ""
) -> Response:
    return render(
        request,
        "staff/sign_in.html",
        status=error.status if error else 200,
        headers=retry_headers(error) if error else None,
        clinic=await Clinic.load(),
        then=then,
        problem=error.detail if error else "",
        email=email,
    )


def _own(address: str) -> str:
    """Only an address of the dashboard is gone on to: never one that somebody else put there (trust.md 4.4)."""
    parts = urlsplit(address)
    is_own = not parts.scheme and not parts.netloc and (parts.path == HOME or parts.path.startswith(f"{HOME}/"))
    return address if is_own and "\\" not in address else HOME


@router.post("/sign-out")
async def sign_out(request: Request, user: SignedIn, ctx: ContextDep) -> Response:
    """Every role. Ends this session and every other of the account."""
    await users.sign_out(ctx, user)
    response = RedirectResponse("/staff/sign-in", status_code=303)
    forget(request, response)
    return response


@router.get("/password")
async def password_page(request: Request, user: SignedIn, ctx: ContextDep) -> Response:
    """Every role. The form for a new password of one's own."""
    return await show(request, ctx, "staff/password.html", problem="")


@router.post("/password")
async def change_password(
    request: Request, user: SignedIn, ctx: ContextDep, current_password: Secret = "", new_password: Secret = ""
) -> Response:
    """Every role. Every session of the account ends, this one begins anew with the new password."""
    address = caller_address(request)
    try:
        if not new_password:
            raise InvalidInputError("Type the new password.")
        await users.change_password(ctx, user, current=current_password, new=new_password, address=address)
    except ChairsideError as error:
        headers = retry_headers(error)
        return await show(
            request, ctx, "staff/password.html", status=error.status, headers=headers, problem=error.detail
        )
    token = await users.sign_in(ctx, email=user.email, password=new_password, address=address)
    request.state.signed_out = True  # the session of before is over: only the new token may be kept
    response = RedirectResponse(HOME, status_code=303)
    keep(response, ctx, token)
    return response
