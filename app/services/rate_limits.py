"""How often something may be tried, counted in MongoDB so that all replicas count together (trust.md 2.7, 4.1)."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.context import Context
from app.errors import RateLimitedError
from app.models.operations import RateCounter
from app.settings import Switch


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` in each window of `seconds`."""

    name: str
    count: int
    seconds: int


LOGIN_ACCOUNT = Limit("login-account", 5, 15 * 60)
LOGIN_ADDRESS = Limit("login-address", 20, 60)
BOOKING_ADDRESS_MINUTE = Limit("booking-address-minute", 5, 60)
BOOKING_ADDRESS_DAY = Limit("booking-address-day", 20, 24 * 3600)
BOOKING_CONTACT_DAY = Limit("booking-contact-day", 3, 24 * 3600)
BOOKING_ALL_MINUTE = Limit("booking-all-minute", 60, 60)


async def spend(ctx: Context, limit: Limit, who: str) -> None:
    """Count one try. Raises RateLimitedError, with the seconds to wait, when the window is used up."""
    if ctx.settings.rate_limits is Switch.OFF:
        return
    window, ends_at = _window(limit, who, ctx.now())
    if await RateCounter.count_one(window, expires_at=ends_at) > limit.count:
        raise _limited(ends_at, ctx.now())


async def check(ctx: Context, limit: Limit, who: str) -> None:
    """Raise RateLimitedError when the window is used up, without counting."""
    if ctx.settings.rate_limits is Switch.OFF:
        return
    window, ends_at = _window(limit, who, ctx.now())
    counter = await RateCounter.get(window)
    if counter and counter.used >= limit.count:
        raise _limited(ends_at, ctx.now())


def _window(limit: Limit, who: str, now: datetime) -> tuple[str, datetime]:
    """The counter's name, which holds no address in clear, and when it ends."""
    number = int(now.timestamp()) // limit.seconds
    holder = hashlib.sha256(who.encode()).hexdigest()[:24]
    ends_at = datetime.fromtimestamp((number + 1) * limit.seconds, UTC)
    return f"{limit.name}:{holder}:{number}", ends_at


def _limited(ends_at: datetime, now: datetime) -> RateLimitedError:
    wait = max(1, -(-(ends_at - now) // timedelta(seconds=1)))
    return RateLimitedError("Too many tries. Wait a moment and try again.", retry_after=int(wait))


async def spend_on_booking(ctx: Context, *, address: str, contacts: list[str | None]) -> None:
    """Count one public booking without a link against every limit of trust.md 2.7."""
    await spend(ctx, BOOKING_ALL_MINUTE, "everybody")
    await spend(ctx, BOOKING_ADDRESS_MINUTE, address)
    await spend(ctx, BOOKING_ADDRESS_DAY, address)
    for contact in contacts:
        if contact:
            await spend(ctx, BOOKING_CONTACT_DAY, contact)
