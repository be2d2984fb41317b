"""Trying a password: counted for all replicas, throttled, and written down when it fails (trust.md 4.1).

Signing in and changing one's password both pass here, so that neither is a way round the limits of the other.
"""

import hashlib
import hmac
from dataclasses import dataclass

from app.context import Context
from app.errors import UnavailableError
from app.models.users import User
from app.services import audit, rate_limits
from app.services.rate_limits import LOGIN_ACCOUNT, LOGIN_ADDRESS, UsedUpError

MARK_DIGITS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """Somebody at `address` offers a password for the account of `email`; `purpose` names it in the audit log."""

    purpose: str
    actor: str
    email: str
    address: str
    password: str
    user: User | None

    @property
    def counted_as(self) -> str:
        return f"{self.email}|{rate_limits.network_of(self.address)}"


async def judge(ctx: Context, attempt: Try) -> tuple[bool, str | None]:
    """Whether the password is right, and its new hash when the stored one is outdated. Only failures count.

    An unknown or disabled account costs the time of a known one. Raises UsedUpError (429) before any hash is made and
    UnavailableError (503) when too many wait.
    """
    await _count(ctx, attempt)
    user = attempt.user
    try:
        verdict = await ctx.passwords.verify_and_update(
            attempt.password, user.hashed_password if user and user.is_active else None
        )
    except UnavailableError:
        await rate_limits.give_back(ctx, LOGIN_ACCOUNT, attempt.counted_as)
        raise
    if verdict[0]:
        await rate_limits.give_back(ctx, LOGIN_ACCOUNT, attempt.counted_as)
    else:
        await _note(ctx, attempt, "failed")
    return verdict


async def _count(ctx: Context, attempt: Try) -> None:
    """Count before the hash, so that forty tries at once are five; the first refusal of a window leaves a row."""
    try:
        await rate_limits.spend(ctx, LOGIN_ADDRESS, rate_limits.network_of(attempt.address))
        await rate_limits.spend(ctx, LOGIN_ACCOUNT, attempt.counted_as)
    except UsedUpError as refusal:
        if refusal.is_first:  # a flood must not fill the log
            await _note(ctx, attempt, "throttled")
        raise


async def _note(ctx: Context, attempt: Try, outcome: str) -> None:
    """One audit row; the e-mail that was typed is only a mark in it, by which rows of one account can be found."""
    mark = _mark(ctx, attempt.email)
    await audit.record(
        ctx,
        actor=attempt.actor,
        action=f"user.{attempt.purpose}_{outcome}",
        document=("user", attempt.user.id if attempt.user else mark),
        details={"account": mark, "address": attempt.address},
    )


def _mark(ctx: Context, email: str) -> str:
    """The same mark for the same e-mail; keyed, so that nobody can try e-mails against it."""
    secret = ctx.settings.jwt_secret.get_secret_value().encode()
    return hmac.new(secret, email.encode(), hashlib.sha256).hexdigest()[:MARK_DIGITS]
