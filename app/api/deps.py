"""The Annotated aliases that routes use: the Context, the signed-in user, a right, an id, a page."""

from dataclasses import dataclass
from typing import Annotated, cast

from beanie import PydanticObjectId
from fastapi import Depends, Path, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.context import Context
from app.errors import AuthenticationError, NotFoundError, PermissionDeniedError
from app.models.users import User
from app.security import read_access_token
from app.services import users
from app.services.permissions import Right, may

read_bearer = HTTPBearer(auto_error=False, description="The access token of POST /api/v1/auth/login")


def get_context(request: Request) -> Context:
    return cast(Context, request.app.state.context)


ContextDep = Annotated[Context, Depends(get_context)]


async def get_current_user(
    ctx: ContextDep, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(read_bearer)]
) -> User:
    """The active user behind the bearer token. Raises AuthenticationError (401)."""
    if credentials is None:
        raise AuthenticationError("Sign in first: this needs an access token.")
    return await users.recognise(read_access_token(ctx.settings, credentials.credentials, now=ctx.now()))


CurrentUser = Annotated[User, Depends(get_current_user)]


@dataclass(frozen=True, slots=True)
class Guard:
    """A dependency that lets only the roles of `right` pass (403 for the others); the OpenAPI document reads it."""

    right: Right

    async def __call__(self, user: CurrentUser) -> User:
        if not may(user.role, self.right):
            raise PermissionDeniedError("Your role does not allow this.")
        return user


def requires(right: Right) -> Guard:
    """The dependency of a route that demands this right."""
    return Guard(right)


Reader = Annotated[User, Depends(requires(Right.READ))]
FrontDesk = Annotated[User, Depends(requires(Right.WORK_WITH_PATIENTS))]
Treats = Annotated[User, Depends(requires(Right.COMPLETE_VISITS))]
Manager = Annotated[User, Depends(requires(Right.CONFIGURE))]
RecordKeeper = Annotated[User, Depends(requires(Right.MANAGE_RECORDS))]
Auditor = Annotated[User, Depends(requires(Right.READ_AUDIT))]
Admin = Annotated[User, Depends(requires(Right.MANAGE_USERS))]
Eraser = Annotated[User, Depends(requires(Right.ERASE_PATIENTS))]


def actor_of(user: User) -> str:
    """How the audit log names this user."""
    return f"user:{user.id}"


async def sandbox_only(ctx: ContextDep) -> None:
    """404 when no channel is the sandbox (operations.md)."""
    if not ctx.settings.uses_sandbox:
        raise NotFoundError("There is no sandbox here.")


def caller_address(request: Request) -> str:
    """Who calls; behind a proxy uvicorn has put the trusted address here (`--forwarded-allow-ips`)."""
    return request.client.host if request.client else "unknown"


CallerAddress = Annotated[str, Depends(caller_address)]
RecordId = Annotated[PydanticObjectId, Path(description="24 hexadecimal digits")]


@dataclass(frozen=True, slots=True)
class PageParams:
    page: Annotated[int, Query(ge=1, le=10_000)] = 1
    limit: Annotated[int, Query(ge=1, le=100)] = 25

    @property
    def skip(self) -> int:
        return (self.page - 1) * self.limit


Page = Annotated[PageParams, Depends()]
