"""Staff accounts as their owners use them: signing in and out, being recognised, a new password; and creating them."""

from typing import Any

from beanie import PydanticObjectId
from pymongo.errors import DuplicateKeyError

from app.context import Context
from app.errors import AuthenticationError, ConflictError, InvalidInputError, PermissionDeniedError
from app.models.enums import Role
from app.models.users import User
from app.security import Claims, issue_access_token, password_problem
from app.services import audit, password_tries
from app.services.password_tries import Try

EMAIL_TAKEN = "Another user already has this e-mail."


class WrongPasswordError(PermissionDeniedError):
    """The current password was wrong; the token is still good, so this is no 401."""

    code = "WRONG_PASSWORD"


async def sign_in(ctx: Context, *, email: str, password: str, address: str) -> str:
    """An access token for the right password. Unknown, disabled and wrong are one answer in one time (trust.md 4.1).

    Raises AuthenticationError, RateLimitedError or UnavailableError (too many at once).
    """
    user = await User.find_one({"email": email})
    attempt = Try(purpose="sign_in", actor=audit.STRANGER, email=email, address=address, password=password, user=user)
    is_right, upgraded = await password_tries.judge(ctx, attempt)
    if not is_right or user is None:
        raise AuthenticationError("The e-mail or the password is wrong.")

    async def write() -> None:
        if upgraded:
            known = {"_id": user.id, "hashed_password": user.hashed_password}
            await User.collection().update_one(known, {"$set": {"hashed_password": upgraded}})
        await audit.record(ctx, actor=f"user:{user.id}", action="user.signed_in", document=("user", user.id))

    await ctx.database.transaction(write)
    return issue_access_token(ctx.settings, user_id=str(user.id), token_version=user.token_version, now=ctx.now())


async def sign_out(ctx: Context, user: User) -> None:
    """End every token of this user, on every device (api.md section 1)."""

    async def write() -> None:
        if await _end_tokens(user, {}):
            await audit.record(ctx, actor=f"user:{user.id}", action="user.signed_out", document=("user", user.id))

    await ctx.database.transaction(write)


async def change_password(ctx: Context, user: User, *, current: str, new: str, address: str) -> None:
    """A new password for oneself; every token ends, the one that asked too.

    Raises WrongPasswordError (403), InvalidInputError (too easy, or the same one), RateLimitedError as `sign_in` does.
    """
    refuse_weak(new, name=user.name, email=user.email)
    if new == current:
        raise InvalidInputError("The new password is the current one. Choose another.")
    actor = f"user:{user.id}"
    attempt = Try(
        purpose="password_change", actor=actor, email=user.email, address=address, password=current, user=user
    )
    if not (await password_tries.judge(ctx, attempt))[0]:
        raise WrongPasswordError("The current password is wrong.")
    hashed = await ctx.passwords.hash(new)

    async def write() -> None:
        if not await _end_tokens(user, {"hashed_password": hashed}):
            raise AuthenticationError("Sign in again: this access token is not valid.")
        await audit.record(ctx, actor=actor, action="user.password_changed", document=("user", user.id))

    await ctx.database.transaction(write)


async def _end_tokens(user: User, changes: dict[str, Any]) -> bool:
    """Write, unless this user's tokens were ended since they were recognised; every token dies with it."""
    seen = {"_id": user.id, "token_version": user.token_version}
    change: dict[str, Any] = {"$inc": {"token_version": 1}} | ({"$set": changes} if changes else {})
    return (await User.collection().update_one(seen, change)).matched_count == 1


def refuse_weak(password: str, *, name: str, email: str) -> None:
    """Raises InvalidInputError for a password that anybody would try first."""
    if problem := password_problem(password, name=name, email=email):
        raise InvalidInputError(problem)


async def recognise(claims: Claims) -> User:
    """The active user behind a token that was not revoked since. Raises AuthenticationError."""
    user = await User.get(PydanticObjectId(claims.user_id)) if PydanticObjectId.is_valid(claims.user_id) else None
    if user is None or not user.is_active or user.token_version != claims.token_version:
        raise AuthenticationError("Sign in again: this access token is not valid.")
    return user


async def create(
    ctx: Context, *, actor: str, name: str, email: str, password: str, role: Role, title: str | None = None
) -> User:
    """A new staff account. Raises ConflictError when the e-mail is taken, InvalidInputError for a weak password."""
    refuse_weak(password, name=name, email=email)
    user = User(
        name=name,
        email=email,
        role=role,
        title=title,
        created_at=ctx.now(),
        hashed_password=await ctx.passwords.hash(password),
    )

    async def write() -> None:
        await user.insert()
        await audit.record(ctx, actor=actor, action="user.created", document=("user", user.id), details={"role": role})

    try:
        await ctx.database.transaction(write)
    except DuplicateKeyError as error:
        raise ConflictError(EMAIL_TAKEN) from error
    return user


async def ensure_first_admin(ctx: Context) -> None:
    """Create the admin of ADMIN_EMAIL and ADMIN_PASSWORD when there is no user yet (operations.md)."""
    settings = ctx.settings
    password = settings.admin_password.get_secret_value()
    if not (settings.admin_email and password) or await User.find_one({}):
        return
    try:
        await create(
            ctx,
            actor=audit.SYSTEM,
            name="Administrator",
            email=settings.admin_email.strip().lower(),
            password=password,
            role=Role.ADMIN,
        )
    except ConflictError:
        return  # another replica was first
