"""Passwords, access tokens, opaque link tokens and webhook signatures (trust.md 2.6, 4.1, 4.3)."""

import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import TypeVar

import anyio
import jwt
from passlib.context import CryptContext

from app.errors import AuthenticationError, UnavailableError
from app.settings import Settings

ISSUER = "chairside"
AUDIENCE = "chairside-staff"
ALGORITHM = "HS256"
LINK_TOKEN_BYTES = 16
SIGNATURE_TOLERANCE = timedelta(minutes=5)
HASHES_AT_ONCE = 2  # 64 MiB each; a login storm must not starve the other requests (stack.md 2g)
LONGEST_WAIT_SECONDS = 2.0
MOST_CHECKS = 10
"""Running and waiting together: at two a quarter of a second, the last of them waits about a second (trust.md 4.1)."""

Result = TypeVar("Result")

_passwords = CryptContext(schemes=["argon2"], deprecated="auto")


class PasswordHasher:
    """Argon2 off the event loop, never more than `HASHES_AT_ONCE` at a time, and never with a long queue."""

    def __init__(self, *, longest_wait: float = LONGEST_WAIT_SECONDS) -> None:
        self._limiter = anyio.CapacityLimiter(HASHES_AT_ONCE)
        self._longest_wait = longest_wait
        self._checking = 0

    async def hash(self, password: str) -> str:
        """Raises UnavailableError (503) on a long queue, as the others do."""
        return await self._in_turn(_passwords.hash, password)

    async def verify(self, password: str, hashed: str | None) -> bool:
        """Check a password; an unknown user (`None`) costs the same time. Raises UnavailableError on a long queue."""
        return (await self.verify_and_update(password, hashed))[0]

    async def verify_and_update(self, password: str, hashed: str | None) -> tuple[bool, str | None]:
        """As `verify`, with a new hash of the right password when the stored one is of weaker parameters."""
        return await self._in_turn(_compare, password, hashed)

    async def _in_turn(self, work: Callable[..., Result], *values: str | None) -> Result:
        if self._checking >= MOST_CHECKS:
            raise _too_busy()
        self._checking += 1
        try:
            async with self._turn():
                return await anyio.to_thread.run_sync(work, *values)
        finally:
            self._checking -= 1

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        holder = object()
        with anyio.move_on_after(self._longest_wait) as queue:
            await self._limiter.acquire_on_behalf_of(holder)
        if queue.cancelled_caught:
            raise _too_busy()
        try:
            yield
        finally:
            self._limiter.release_on_behalf_of(holder)


def _too_busy() -> UnavailableError:
    return UnavailableError("Too many sign-ins at once. Try again in a moment.", retry_after=2)


def _compare(password: str, hashed: str | None) -> tuple[bool, str | None]:
    """Without a usable hash the same work is done on a stand-in, and never matches."""
    stand_in = _stand_in_hash()
    known = hashed if hashed and _passwords.identify(hashed) else None
    matches, upgraded = _passwords.verify_and_update(password, known or stand_in)
    return (bool(matches), upgraded) if known else (False, None)


@cache
def _stand_in_hash() -> str:
    """A hash of today's parameters that belongs to nobody."""
    return str(_passwords.hash(secrets.token_urlsafe()))


SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 128


def password_problem(password: str, *, name: str, email: str) -> str | None:
    """Why this password is too easy to guess for this account, as a sentence, or None (ASVS 5.0 V6)."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        return f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters."
    guesses = {name, email, email.split("@", maxsplit=1)[0]}
    if password.strip().casefold() in {guess.strip().casefold() for guess in guesses}:
        return "Choose a password that is not the name or the e-mail of the account."
    return None


@dataclass(frozen=True, slots=True)
class Claims:
    user_id: str
    token_version: int


def issue_access_token(settings: Settings, *, user_id: str, token_version: int, now: datetime) -> str:
    """A signed staff token that lives `ACCESS_TOKEN_MINUTES`."""
    payload = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": user_id,
        "ver": token_version,
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(minutes=settings.access_token_minutes)).timestamp()),
        "jti": secrets.token_hex(8),
    }
    return jwt.encode(payload, settings.jwt_secret.get_secret_value(), algorithm=ALGORITHM)


def read_access_token(settings: Settings, token: str, *, now: datetime) -> Claims:
    """The claims of a valid token. Raises AuthenticationError for anything else (RFC 8725; trust.md 4.1).

    Expiry is checked against the injected clock, so that a virtual clock ages tokens too.
    """
    try:
        payload = jwt.decode(
            token,
            settings.jwt_secret.get_secret_value(),
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=ISSUER,
            options={
                "require": ["exp", "iat", "sub", "jti"],
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
        lives = payload["iat"] - 60 <= now.timestamp() < payload["exp"] and payload.get("nbf", 0) <= now.timestamp()
        version = payload["ver"]
    except (jwt.PyJWTError, KeyError, TypeError) as error:
        raise AuthenticationError("Sign in again: this access token is not valid.") from error
    if not lives or not isinstance(version, int):
        raise AuthenticationError("Sign in again: this access token is not valid.")
    return Claims(user_id=payload["sub"], token_version=version)


def new_link_token() -> str:
    """128 random bits for a patient's link; only its hash is stored (trust.md 2.7)."""
    return secrets.token_urlsafe(LINK_TOKEN_BYTES)


def hash_link_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def sign_body(secret: str, *, timestamp: int, body: bytes) -> str:
    """The hex HMAC-SHA256 of `t.body` that `/webhooks/incoming-message` expects (api.md section 3)."""
    return hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()


def verify_signature(header: str, *, body: bytes, secrets_in_use: list[str], now: datetime) -> bool:
    """True when `t=<unix>,v1=<hex>` was made by one of our secrets within five minutes of now."""
    parts = dict(part.strip().split("=", 1) for part in header.split(",") if "=" in part)
    stamp, given = parts.get("t", ""), parts.get("v1", "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12 and given.isascii()):
        return False
    if abs(now.timestamp() - int(stamp)) > SIGNATURE_TOLERANCE.total_seconds():
        return False
    made = [sign_body(secret, timestamp=int(stamp), body=body) for secret in secrets_in_use]
    matches = [hmac.compare_digest(expected, given) for expected in made]  # all of them: no early exit to time
    return any(matches)
