"""Staff accounts as an admin manages them: finding, changing, deactivating, giving a new password (api.md section 1).

Deactivating keeps the document: the audit log and old visits name it.
"""

from dataclasses import dataclass
from typing import Any

from beanie import PydanticObjectId
from pymongo.errors import DuplicateKeyError

from app.context import Context
from app.errors import ConflictError, NotFoundError
from app.models.appointments import Appointment
from app.models.enums import AppointmentStatus, Role
from app.models.users import User
from app.services import audit, stranded_visits, users

ENDS_TOKENS = frozenset({"role", "is_active"})
"""What a token's holder may do changes with these: tokens that are out die at once (trust.md 4.1)."""


class LastAdminError(ConflictError):
    code = "LAST_ADMIN"


class OwnAccountError(ConflictError):
    code = "OWN_ACCOUNT"


class FutureVisitsError(ConflictError):
    """Carries `future_visits`, how many patients are booked with this provider."""

    code = "FUTURE_VISITS"


@dataclass(frozen=True, slots=True)
class FoundUsers:
    total: int
    users: list[User]


async def find(*, role: Role | None, is_active: bool | None, skip: int, limit: int) -> FoundUsers:
    """One page of accounts, by name."""
    wanted = {"role": role, "is_active": is_active}
    query = {field: value for field, value in wanted.items() if value is not None}
    found = await User.find(query).sort("name", "_id").skip(skip).limit(limit).to_list()
    return FoundUsers(await User.collection().count_documents(query), found)


async def get(user_id: PydanticObjectId) -> User:
    user = await User.get(user_id)
    if user is None:
        raise NotFoundError("There is no user with this id.")
    return user


async def change(ctx: Context, user_id: PydanticObjectId, *, fields: dict[str, Any], by: PydanticObjectId) -> User:
    """Set name, email, role, title or is_active; what is as it was is not written.

    Raises NotFoundError, or ConflictError for a taken e-mail, one's own deactivation, the last admin, and a provider
    with booked visits. A visit that was booked in the very moment of a deactivation is flagged for review.
    """

    async def write() -> User:
        user = await get(user_id)
        changed = {field: value for field, value in fields.items() if getattr(user, field) != value}
        if not changed:
            return user
        await _refuse_unsafe(ctx, user, changed, by=by)
        await _write(user, changed)
        await audit.record(
            ctx,
            actor=f"user:{by}",
            action="user.deactivated" if changed.get("is_active") is False else "user.updated",
            document=("user", user_id),
            details={"fields": sorted(changed)} | {name: changed[name] for name in sorted(ENDS_TOKENS & set(changed))},
        )
        return await get(user_id)

    try:
        user = await ctx.database.transaction(write)
    except DuplicateKeyError as error:
        raise ConflictError(users.EMAIL_TAKEN) from error
    if not user.is_active:
        await stranded_visits.of_provider(ctx, user_id, actor=f"user:{by}")
    return user


async def deactivate(ctx: Context, user_id: PydanticObjectId, *, by: PydanticObjectId) -> None:
    """Close an account. A second call changes nothing. Raises as `change` does."""
    await change(ctx, user_id, fields={"is_active": False}, by=by)


async def reset_password(ctx: Context, user_id: PydanticObjectId, *, new: str, by: PydanticObjectId) -> None:
    """An admin gives an account a new password; its tokens die. Raises NotFoundError or InvalidInputError."""
    user = await get(user_id)
    users.refuse_weak(new, name=user.name, email=user.email)
    hashed = await ctx.passwords.hash(new)

    async def write() -> None:
        change = {"$set": {"hashed_password": hashed}, "$inc": {"token_version": 1}}
        await User.collection().update_one({"_id": user_id}, change)
        await audit.record(ctx, actor=f"user:{by}", action="user.password_reset", document=("user", user_id))

    await ctx.database.transaction(write)


async def _write(user: User, changed: dict[str, Any]) -> None:
    ends = {"$inc": {"token_version": 1}} if ENDS_TOKENS & set(changed) else {}
    await User.collection().update_one({"_id": user.id}, {"$set": changed, **ends})


async def _refuse_unsafe(ctx: Context, user: User, changed: dict[str, Any], *, by: PydanticObjectId) -> None:
    closes = changed.get("is_active") is False
    if closes and user.id == by:
        raise OwnAccountError("You cannot deactivate your own account. Ask another admin.")
    is_admin = user.is_active and user.role is Role.ADMIN
    if is_admin and (closes or changed.get("role", Role.ADMIN) is not Role.ADMIN):
        await _rely_on_another_admin(user)
    if closes:
        await _refuse_with_visits(ctx, user)


async def _rely_on_another_admin(user: User) -> None:
    """Write to an admin who stays: of two admins who remove each other at once, one collides (trust.md 2.1).

    Reading would not do: in a transaction only writes conflict.
    """
    other = {"_id": {"$ne": user.id}, "role": Role.ADMIN, "is_active": True}
    if await User.collection().find_one_and_update(other, {"$inc": {"vouched_for": 1}}) is None:
        raise LastAdminError("This is the last active admin. Make somebody else an admin first.")


async def _refuse_with_visits(ctx: Context, user: User) -> None:
    booked = {
        "appointment_date": {"$gt": ctx.now()},
        "status": AppointmentStatus.BOOKED,
        "provider_id": user.id,
    }
    count = await Appointment.collection().count_documents(booked)
    if count:
        raise FutureVisitsError(
            f"This provider has {count} booked visits to come. Move or cancel them first.",
            extra={"future_visits": count},
        )
