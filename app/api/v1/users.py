"""Staff accounts, for admins (api.md section 1)."""

from fastapi import APIRouter

from app.api.deps import Admin, ContextDep, Page, RecordId, actor_of
from app.api.idempotency import IdempotentRoute
from app.api.v1.schemas.errors import refusals
from app.api.v1.schemas.pages import pagination
from app.api.v1.schemas.users import (
    NewUserAnswer,
    NewUserBody,
    ResetPasswordBody,
    UserAnswer,
    UserList,
    UserPatchBody,
)
from app.models.enums import Role
from app.services import staff, users

router = APIRouter(prefix="/admin/users", tags=["users"], route_class=IdempotentRoute)


@router.get("", summary="List staff accounts")
async def list_users(_: Admin, page: Page, *, role: Role | None = None, is_active: bool | None = None) -> UserList:
    """Admin. By name; deactivated accounts too, unless `is_active` says which."""
    found = await staff.find(role=role, is_active=is_active, skip=page.skip, limit=page.limit)
    return UserList(pagination=pagination(page, found.total), users=[UserAnswer.of(user) for user in found.users])


@router.post("", status_code=201, summary="Add a staff account", responses=refusals(409))
async def create_user(body: NewUserBody, user: Admin, ctx: ContextDep) -> NewUserAnswer:
    """Admin. 409 when the e-mail is taken; 422 for a password that is the name or the e-mail."""
    created = await users.create(
        ctx,
        actor=actor_of(user),
        name=body.name,
        email=body.email,
        password=body.password,
        role=body.role,
        title=body.title,
    )
    return NewUserAnswer(user_id=str(created.id))


@router.get("/{user_id}", summary="One staff account", responses=refusals(404))
async def get_user(user_id: RecordId, _: Admin) -> UserAnswer:
    """Admin."""
    return UserAnswer.of(await staff.get(user_id))


@router.patch("/{user_id}", summary="Change a staff account", responses=refusals(404, 409))
async def change_user(user_id: RecordId, body: UserPatchBody, user: Admin, ctx: ContextDep) -> UserAnswer:
    """Admin. A new role, and deactivation, end every token of the account at once.

    409 for a taken e-mail, for deactivating oneself or a provider with booked visits, and for the last active admin.
    """
    return UserAnswer.of(await staff.change(ctx, user_id, fields=body.changes(), by=user.id))


@router.delete("/{user_id}", status_code=204, summary="Deactivate a staff account", responses=refusals(404, 409))
async def deactivate_user(user_id: RecordId, user: Admin, ctx: ContextDep) -> None:
    """Admin. The account can sign in no more and its tokens end; the document stays for the audit log.

    409 for oneself, the last active admin, and a provider with `future_visits`. A second call is 204 again.
    """
    await staff.deactivate(ctx, user_id, by=user.id)


@router.post("/{user_id}/password", status_code=204, summary="Give an account a new password", responses=refusals(404))
async def reset_password(user_id: RecordId, body: ResetPasswordBody, user: Admin, ctx: ContextDep) -> None:
    """Admin. Every token of the account ends; tell its owner to change the password after signing in."""
    await staff.reset_password(ctx, user_id, new=body.new_password, by=user.id)
