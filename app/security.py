"""Passwords, access tokens, opaque link tokens and webhook signatures (trust.md 2.6, 4.1, 4.3)."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

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
MOST_CHECKS = 10
"""Running and waiting together: at two a quarter of a second, the last of them waits about a second (trust.md 4.1)."""

_passwords = CryptContext(schemes=["argon2"], deprecated="auto")


class PasswordHasher:
    """Argon2 off the event loop, never more than `HASHES_AT_ONCE` at a time, and never with a long queue."""

    def __init__(self) -> None:
        self._limiter = anyio.CapacityLimiter(HASHES_AT_ONCE)
        self._checking = 0

    async def hash(self, password: str) -> str:
        return await anyio.to_thread.run_sync(_passwords.hash, password, limiter=self._limiter)

    async def verify(self, password: str, hashed: str | None) -> bool:
        """Check a password; an unknown user (`None`) costs the same time. Raises UnavailableError on a long queue."""
        if self._checking >= MOST_CHECKS:
            raise UnavailableError("Too many sign-ins at once. Try again in a moment.", retry_after=2)
        self._checking += 1
        try:
            return await self._verify(password, hashed)
        finally:
            self._checking -= 1

    async def _verify(self, password: str, hashed: str | None) -> bool:
        if hashed is None:
            await anyio.to_thread.run_sync(_passwords.dummy_verify, limiter=self._limiter)
            return False
        return bool(await anyio.to_thread.run_sync(_passwords.verify, password, hashed, limiter=self._limiter))


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
