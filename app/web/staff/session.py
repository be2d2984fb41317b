"""Who sits at the dashboard: the access token in a cookie that scripts cannot read, and the mark against forgery.

The cookie lives ACCESS_TOKEN_MINUTES and is renewed by what a person does, never by what a page does on its own: an
unattended screen logs itself off (trust.md 4.1, 45 CFR 164.312(a)(2)(iii)).
"""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Response

from app.context import Context
from app.errors import AuthenticationError, PermissionDeniedError
from app.models.users import User
from app.security import issue_access_token, read_access_token
from app.services import users
from app.services.permissions import Right, may
from app.web.routing import ContextDep

COOKIE = "chairside_staff"
PATH = "/staff"
CSRF_FIELD, CSRF_HEADER = "csrf", "X-CSRF-Token"
BY_ITSELF_HEADER = "X-By-Itself"
"""Set by the page's own script on what no person asked for (a list that follows the events): it keeps nobody awake."""
EVENT_STREAM = "text/event-stream"
SAFE_METHODS = frozenset({"GET", "HEAD"})
OWN_SITES = frozenset({"same-origin", "none"})


class ForgedRequestError(PermissionDeniedError):
    """The form does not come from our own page, or from before a sign-out."""

    code = "FORGED_REQUEST"


async def signed_in(request: Request, ctx: ContextDep) -> User:
    """The user of this session. Raises AuthenticationError (the route then asks to sign in) or ForgedRequestError."""
    asked_at = ctx.now()
    user = await recognised(request, ctx)
    if request.method not in SAFE_METHODS:
        await _refuse_forged(request, ctx, user)
    request.state.staff, request.state.asked_at = user, asked_at
    return user


SignedIn = Annotated[User, Depends(signed_in)]


async def recognised(request: Request, ctx: Context) -> User:
    """The user behind the cookie. Raises AuthenticationError."""
    token = request.cookies.get(COOKIE)
    if not token:
        raise AuthenticationError("Please sign in.")
    return await users.recognise(read_access_token(ctx.settings, token, now=ctx.now()))


@dataclass(frozen=True, slots=True)
class Guard:
    """A dependency that lets only the roles of `right` pass. Raises PermissionDeniedError (403) for the others."""

    right: Right

    async def __call__(self, user: SignedIn) -> User:
        if not may(user.role, self.right):
            raise PermissionDeniedError("Your role does not allow this. Ask a manager.")
        return user


def csrf_of(ctx: Context, user: User) -> str:
    """The mark that every form of this user carries; it survives a renewed cookie and dies with a sign-out."""
    said = f"csrf:{user.id}:{user.token_version}".encode()
    return hmac.new(ctx.settings.jwt_secret.get_secret_value().encode(), said, hashlib.sha256).hexdigest()


async def _refuse_forged(request: Request, ctx: Context, user: User) -> None:
    refuse_other_sites(request)
    given = request.headers.get(CSRF_HEADER) or str((await request.form()).get(CSRF_FIELD, ""))
    if not hmac.compare_digest(given.encode(), csrf_of(ctx, user).encode()):
        raise ForgedRequestError("This page is from before you signed in. Load it again; copy what you typed first.")


def refuse_other_sites(request: Request) -> None:
    """A browser says from where a form comes (Fetch Metadata): from elsewhere it is none of ours."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in OWN_SITES:
        raise ForgedRequestError("This form was not sent from our own page.")


def renew(request: Request, response: Response, ctx: Context) -> None:
    """ACCESS_TOKEN_MINUTES from when a person did something, however long the answer took."""
    user: User | None = getattr(request.state, "staff", None)
    if user and not _is_by_itself(request) and not getattr(request.state, "signed_out", False):
        since, version = request.state.asked_at, user.token_version
        keep(response, ctx, issue_access_token(ctx.settings, user_id=str(user.id), token_version=version, now=since))


def _is_by_itself(request: Request) -> bool:
    """Said by our script, or by a browser that opens a stream, and opens it again (HTML Standard, 9.2.3)."""
    return BY_ITSELF_HEADER in request.headers or request.headers.get("Accept") == EVENT_STREAM


def keep(response: Response, ctx: Context, token: str) -> None:
    """Write the cookie: HttpOnly, SameSite=Lax, Secure wherever the address is https."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=ctx.settings.access_token_minutes * 60,
        path=PATH,
        secure=ctx.settings.public_base_url.startswith("https"),
        httponly=True,
        samesite="lax",
    )


def forget(request: Request, response: Response) -> None:
    """Take the cookie back; nothing renews it in this answer."""
    request.state.signed_out = True
    response.delete_cookie(COOKIE, path=PATH, httponly=True, samesite="lax")
