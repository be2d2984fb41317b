"""Signing in and out, one's own password, and who is signed in (api.md section 1)."""

from fastapi import APIRouter

from app.api.deps import CallerAddress, ContextDep, CurrentUser
from app.api.v1.schemas.auth import LoginBody, MeAnswer, PasswordBody, TokenAnswer
from app.api.v1.schemas.errors import refusals
from app.services import users

router = APIRouter(tags=["auth"])


@router.post("/auth/login", summary="Sign in with e-mail and password", responses=refusals(401, 429))
async def login(body: LoginBody, address: CallerAddress, ctx: ContextDep) -> TokenAnswer:
    """Anybody. 401 for every wrong pair, 429 after repeated failures."""
    token = await users.sign_in(ctx, email=body.email, password=body.password, address=address)
    return TokenAnswer(access_token=token, expires_in=ctx.settings.access_token_minutes * 60)


@router.post("/auth/logout", status_code=204, summary="Sign out everywhere")
async def logout(user: CurrentUser, ctx: ContextDep) -> None:
    """Every signed-in user. Every token of the account ends, this one too: a second call is 401."""
    await users.sign_out(ctx, user)


@router.post("/auth/password", status_code=204, summary="Change my password", responses=refusals(429))
async def change_password(body: PasswordBody, user: CurrentUser, address: CallerAddress, ctx: ContextDep) -> None:
    """Every signed-in user. Every token ends: sign in again.

    403 when the current password is wrong, 429 as at sign-in, 422 for a new one that is easy to guess or no new one.
    """
    await users.change_password(ctx, user, current=body.current_password, new=body.new_password, address=address)


@router.get("/users/me", summary="Who am I")
async def me(user: CurrentUser) -> MeAnswer:
    """Every signed-in user. `role` is the display title when there is one; `access_role` is what decides."""
    return MeAnswer(
        user_id=str(user.id), name=user.name, email=user.email, role=user.title or user.role, access_role=user.role
    )
