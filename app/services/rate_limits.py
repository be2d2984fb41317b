"""How often something may be tried, counted in MongoDB so that all replicas count together (trust.md 2.7, 4.1)."""

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.context import Context
from app.errors import RateLimitedError
from app.models.operations import RateCounter
from app.settings import Switch

NETWORK_BITS = 64
"""What one IPv6 caller is given: whoever owns an address owns the 2^64 beside it."""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` in any `seconds` seconds."""

    name: str
    count: int
    seconds: int

    @property
    def span(self) -> timedelta:
        return timedelta(seconds=self.seconds)


LOGIN_ACCOUNT = Limit("login-account", 5, 15 * 60)
LOGIN_ADDRESS = Limit("login-address", 20, 60)
BOOKING_ADDRESS_MINUTE = Limit("booking-address-minute", 5, 60)
BOOKING_ADDRESS_DAY = Limit("booking-address-day", 20, 24 * 3600)
BOOKING_CONTACT_DAY = Limit("booking-contact-day", 3, 24 * 3600)
BOOKING_ALL_MINUTE = Limit("booking-all-minute", 60, 60)
HOLD_ADDRESS_MINUTE = Limit("hold-address-minute", 20, 60)
HOLD_ALL_MINUTE = Limit("hold-all-minute", 120, 60)
HOLD_RELEASE_ADDRESS_MINUTE = Limit("hold-release-address-minute", 60, 60)


class UsedUpError(RateLimitedError):
    """The window is full. `is_first` is True for the first refusal since something was let through."""

    is_first = False


async def spend(ctx: Context, limit: Limit, who: str) -> None:
    """Count one try. Raises UsedUpError (429), with the seconds to wait, when the window is used up."""
    if ctx.settings.rate_limits is Switch.OFF:
        return
    now = ctx.now()
    counter = await RateCounter.count_one(_name(limit, who), most=limit.count, span=limit.span, now=now)
    if counter.refused:
        refusal = _used_up(counter.tries[0] + limit.span, now)
        refusal.is_first = counter.refused == 1
        raise refusal


async def give_back(ctx: Context, limit: Limit, who: str) -> None:
    """Uncount one try that `spend` counted: only failures are to count, and this was none."""
    if ctx.settings.rate_limits is Switch.ON:
        await RateCounter.take_back_one(_name(limit, who))


def network_of(address: str) -> str:
    """Whom an address stands for: itself, or its /64 when it is IPv6 (an IPv4 address written as IPv6 is itself)."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address  # a Unix socket, or a test's client
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((parsed.packed, NETWORK_BITS), strict=False))


def _name(limit: Limit, who: str) -> str:
    """The counter's name, which holds no address in clear."""
    return f"{limit.name}:{hashlib.sha256(who.encode()).hexdigest()[:24]}"


def _used_up(ends_at: datetime, now: datetime) -> UsedUpError:
    wait = max(1, -(-(ends_at - now) // timedelta(seconds=1)))
    return UsedUpError("Too many tries. Wait a moment and try again.", retry_after=int(wait))


async def spend_on_booking(ctx: Context, *, address: str, contacts: list[str | None]) -> None:
    """Count one public booking without a link against every limit of trust.md 2.7."""
    caller = network_of(address)
    await spend(ctx, BOOKING_ALL_MINUTE, "everybody")
    await spend(ctx, BOOKING_ADDRESS_MINUTE, caller)
    await spend(ctx, BOOKING_ADDRESS_DAY, caller)
    for contact in contacts:
        if contact:
            await spend(ctx, BOOKING_CONTACT_DAY, contact)


async def spend_on_hold(ctx: Context, *, address: str) -> None:
    """Count one wish to have a time kept while a form is open."""
    await spend(ctx, HOLD_ALL_MINUTE, "everybody")
    await spend(ctx, HOLD_ADDRESS_MINUTE, network_of(address))
