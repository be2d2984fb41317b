"""/staff/settings/users: who may sign in, and as what."""

from dataclasses import replace
from typing import Annotated, Any

from beanie import PydanticObjectId
from fastapi import Form, Query, Request, Response

from app.api.v1.schemas.users import NewUserBody, UserPatchBody
from app.context import Context
from app.errors import ConflictError, InvalidInputError
from app.models.enums import Role
from app.models.users import User
from app.services import staff, users
from app.web.error_pages import text_fields
from app.web.staff.forms import Filled, read
from app.web.staff.routing import Admin, ContextDep, actor_of, staff_router
from app.web.staff.settings_frame import show_tab

router = staff_router("/settings/users")

HOME = "/staff/settings/users"
ON_A_PAGE = 50
ROLES = {
    Role.ADMIN: "Admin: everything",
    Role.MANAGER: "Manager: settings, imports, the audit log",
    Role.FRONT_DESK: "Front desk: conversations and visits",
    Role.PROVIDER: "Provider: reads, and completes visits",
}
PageNumber = Annotated[int, Query(ge=1, le=10_000)]


@router.get("")
async def list_page(request: Request, user: Admin, ctx: ContextDep, page: PageNumber = 1) -> Response:
    """Admin. Every account by name, those that are closed too."""
    found = await staff.find(role=None, is_active=None, skip=(page - 1) * ON_A_PAGE, limit=ON_A_PAGE)
    pages = -(-found.total // ON_A_PAGE)
    return await show_tab(request, ctx, "users", users=found.users, page=page, pages=pages, roles=ROLES)


@router.get("/new")
async def new_page(request: Request, user: Admin, ctx: ContextDep) -> Response:
    """Admin. An empty form."""
    return await _form(request, ctx, "user", None, {"role": Role.FRONT_DESK})


@router.post("/new")
async def create(request: Request, user: Admin, ctx: ContextDep) -> Response:
    """Admin. A new account; its password is told to its owner by whoever made it."""
    posted = await text_fields(request)
    values = {name: posted.get(name, "") for name in ("name", "email", "password", "role")}
    filled = read(NewUserBody, values | {"title": posted.get("title") or None}, typed=_shown(posted))
    if filled.body is None:
        return await _form(request, ctx, "user_form", None, filled.typed, filled)
    try:
        await users.create(ctx, actor=actor_of(user), **filled.body.model_dump())
    except (ConflictError, InvalidInputError) as error:
        refused = replace(filled, problems={"": error.detail})
        return await _form(request, ctx, "user_form", None, filled.typed, refused)
    return _saved()


@router.get("/{user_id}")
async def user_page(request: Request, user_id: PydanticObjectId, user: Admin, ctx: ContextDep) -> Response:
    """Admin. One account."""
    account = await staff.get(user_id)
    return await _form(request, ctx, "user", account, account.model_dump(include={"name", "email", "role", "title"}))


@router.post("/{user_id}")
async def change(request: Request, user_id: PydanticObjectId, user: Admin, ctx: ContextDep) -> Response:
    """Admin. A new role ends every session of the account."""
    account, posted = await staff.get(user_id), await text_fields(request)
    values = {name: posted.get(name, "") for name in ("name", "email", "role")}
    filled = read(UserPatchBody, values | {"title": posted.get("title") or None}, typed=_shown(posted))
    if filled.body is None:
        return await _form(request, ctx, "user_form", account, filled.typed, filled)
    await staff.change(ctx, user_id, fields=filled.body.changes(), by=user.id)
    return _saved()


@router.post("/{user_id}/open")
async def open_or_close(
    request: Request, user_id: PydanticObjectId, user: Admin, ctx: ContextDep, is_active: Annotated[str, Form()] = ""
) -> Response:
    """Admin. Close an account (its sessions end, its history stays) or open it again."""
    await staff.change(ctx, user_id, fields={"is_active": is_active == "true"}, by=user.id)
    return _saved()


@router.post("/{user_id}/password")
async def reset_password(
    request: Request, user_id: PydanticObjectId, user: Admin, ctx: ContextDep, new_password: Annotated[str, Form()] = ""
) -> Response:
    """Admin. A new password; every session of the account ends."""
    await staff.reset_password(ctx, user_id, new=new_password, by=user.id)
    return _saved()


def _saved() -> Response:
    return Response(status_code=204, headers={"HX-Redirect": f"{HOME}?saved=1"})


def _shown(posted: dict[str, str]) -> dict[str, str]:
    """Everything but the password, which is typed again."""
    return {name: value for name, value in posted.items() if "password" not in name}


async def _form(
    request: Request,
    ctx: Context,
    name: str,
    account: User | None,
    typed: Any,
    filled: Filled[Any] | None = None,
) -> Response:
    return await show_tab(request, ctx, name, filled=filled, account=account, typed=typed, roles=ROLES)
