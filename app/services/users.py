"""Staff accounts: signing in, being recognised, creating them, their schedules."""

from typing import Any

from beanie import PydanticObjectId
from pymongo.errors import DuplicateKeyError

from app.context import Context
from app.errors import AuthenticationError, ConflictError, InvalidInputError, NotFoundError
from app.models.enums import Role
from app.models.services import Service
from app.models.users import User, WorkSchedule
from app.security import Claims, issue_access_token
from app.services import audit, rate_limits
from app.services.rate_limits import LOGIN_ACCOUNT, LOGIN_ADDRESS


async def sign_in(ctx: Context, *, email: str, password: str, address: str) -> str:
    """An access token for the right password. Unknown, disabled and wrong are one answer in one time (trust.md 4.1).

    Raises AuthenticationError or RateLimitedError.
    """
    account = f"{email}|{address}"
    await rate_limits.spend(ctx, LOGIN_ADDRESS, address)
    await rate_limits.check(ctx, LOGIN_ACCOUNT, account)
    user = await User.find_one({"email": email})
    known = user.hashed_password if user and user.is_active else None
    if not await ctx.passwords.verify(password, known) or user is None:
        await rate_limits.spend(ctx, LOGIN_ACCOUNT, account)
        raise AuthenticationError("The e-mail or the password is wrong.")
    await audit.record(ctx, actor=f"user:{user.id}", action="user.signed_in", document=("user", user.id))
    return issue_access_token(ctx.settings, user_id=str(user.id), token_version=user.token_version, now=ctx.now())


async def recognise(claims: Claims) -> User:
    """The active user behind a token that was not revoked since. Raises AuthenticationError."""
    user = await User.get(PydanticObjectId(claims.user_id)) if PydanticObjectId.is_valid(claims.user_id) else None
    if user is None or not user.is_active or user.token_version != claims.token_version:
        raise AuthenticationError("Sign in again: this access token is not valid.")
    return user


async def create(
    ctx: Context, *, actor: str, name: str, email: str, password: str, role: Role, title: str | None = None
) -> User:
    """A new staff account. Raises ConflictError when the e-mail is taken."""
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
        raise ConflictError("Another user already has this e-mail.") from error
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


async def set_schedule(
    ctx: Context, user_id: PydanticObjectId, *, schedule: WorkSchedule, services: list[str], actor: str
) -> User:
    """When a provider works and what they perform. Raises NotFoundError or InvalidInputError (no such service)."""
    known = {service.id for service in await Service.find({"_id": {"$in": services}}).to_list()}
    if unknown := [service for service in services if service not in known]:
        raise InvalidInputError(f"There is no such service: {', '.join(unknown)}.")

    async def write() -> User:
        changes: dict[str, Any] = {"schedule": schedule.model_dump(mode="python"), "services": services}
        user = await User.get(user_id)
        if user is None:
            raise NotFoundError("There is no user with this id.")
        await user.set(changes)
        await audit.record(ctx, actor=actor, action="provider.schedule_set", document=("user", user_id))
        return user

    return await ctx.database.transaction(write)
