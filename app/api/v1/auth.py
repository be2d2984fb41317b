"""Signing in, and who is signed in (api.md section 1)."""

from fastapi import APIRouter, Request

from app.api.deps import ContextDep, CurrentUser
from app.api.v1.schemas.auth import LoginBody, MeAnswer, TokenAnswer
from app.services import users

router = APIRouter(tags=["auth"])


@router.post("/auth/login", summary="Sign in with e-mail and password")
async def login(body: LoginBody, request: Request, ctx: ContextDep) -> TokenAnswer:
    """Anybody. 401 for every wrong pair, 429 after repeated failures."""
    address = request.client.host if request.client else "unknown"
    token = await users.sign_in(ctx, email=body.email, password=body.password, address=address)
    return TokenAnswer(access_token=token, expires_in=ctx.settings.access_token_minutes * 60)


@router.get("/users/me", summary="Who am I")
async def me(user: CurrentUser) -> MeAnswer:
    """Every signed-in user. `role` is the display title when there is one; `access_role` is what decides."""
    return MeAnswer(
        user_id=str(user.id), name=user.name, email=user.email, role=user.title or user.role, access_role=user.role
    )
