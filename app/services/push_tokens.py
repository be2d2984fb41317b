"""Google's push tokens: signature, issuer, audience, account and expiry, by PyJWT (stack.md 2e)."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import jwt

from app.context import Context
from app.errors import AuthenticationError, PermissionDeniedError, UnavailableError

ISSUERS = ["https://accounts.google.com", "accounts.google.com"]
LEEWAY_SECONDS = 30
KEPT_SECONDS, FETCH_SECONDS, PAUSE_AFTER_FAILURE_SECONDS = 3_600, 5, 5
UNREADABLE = object()
"""Stands for the subscription of a push that is no push at all: ours by its token, parked by its shape."""


class KeysAwayError(Exception):
    """Google's keys cannot be read now, so nobody can say whether a token is good."""


class GoogleKeys:
    """The key set behind one URL: kept for an hour, fetched by one thread, and left in peace after a failure.

    Whoever sends made-up tokens can therefore neither make us fetch at every request nor use up our threads.
    """

    def __init__(self, url: str) -> None:
        self._client = jwt.PyJWKClient(url, lifespan=KEPT_SECONDS, timeout=FETCH_SECONDS)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="google-keys")
        self._failed_at = float(-PAUSE_AFTER_FAILURE_SECONDS)

    async def of(self, kid: str) -> jwt.PyJWK:
        """The key of this name. Raises KeysAwayError, or PyJWTError when Google has none of that name."""
        cache = self._client.jwk_set_cache
        kept = cache.get() if cache else None
        for key in kept.keys if kept else ():
            if key.key_id == kid:
                return key
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._fetched, kid)

    def _fetched(self, kid: str) -> jwt.PyJWK:
        if time.monotonic() - self._failed_at < PAUSE_AFTER_FAILURE_SECONDS:
            raise KeysAwayError
        try:
            self._client.get_signing_keys()
            return self._client.get_signing_key(kid)
        except jwt.PyJWKClientConnectionError as error:
            raise self._away() from error
        except jwt.PyJWKClientError as error:
            if str(error).startswith("Unable to find"):
                raise
            raise self._away() from error
        except (jwt.PyJWTError, OSError, ValueError) as error:  # an answer that holds no keys
            raise self._away() from error

    def _away(self) -> KeysAwayError:
        self._failed_at = time.monotonic()
        return KeysAwayError()


@lru_cache(maxsize=4)
def _keys(url: str) -> GoogleKeys:
    return GoogleKeys(url)


async def verify(ctx: Context, authorization: str) -> None:
    """Refuse every push that Google did not sign for us.

    Raises AuthenticationError (no token, bad signature, issuer or expiry), PermissionDeniedError (another audience or
    account) or UnavailableError (Google's keys cannot be fetched: Pub/Sub will try again).
    """
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise AuthenticationError("A Google push token is needed.")
    claims = await _claims(ctx, token)
    if not _is_valid_now(claims, ctx.now().timestamp()):
        raise AuthenticationError("This push token is not valid now.")
    settings = ctx.settings
    if not (settings.pubsub_audience and settings.pubsub_service_account):
        raise PermissionDeniedError("No pushes are expected here.")
    if claims.get("aud") != settings.pubsub_audience:
        raise PermissionDeniedError("This token is for another audience.")
    if claims.get("email") != settings.pubsub_service_account or claims.get("email_verified") is not True:
        raise PermissionDeniedError("This token belongs to another account.")


def _is_valid_now(claims: dict[str, Any], now: float) -> bool:
    begins, ends = claims["iat"], claims["exp"]
    if not all(isinstance(instant, int | float) for instant in (begins, ends)):
        return False
    return bool(begins - LEEWAY_SECONDS <= now < ends + LEEWAY_SECONDS)


async def _claims(ctx: Context, token: str) -> dict[str, Any]:
    try:
        header = jwt.get_unverified_header(token)
        key = await _keys(ctx.settings.pubsub_jwks_url).of(str(header.get("kid")))
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            issuer=ISSUERS,
            options={
                "require": ["exp", "iat", "aud", "iss"],
                "verify_aud": False,  # refused with another status
                "verify_exp": False,  # time is the Context's
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
    except KeysAwayError as error:
        raise UnavailableError("Google's keys cannot be read right now.", retry_after=30) from error
    except (jwt.PyJWTError, ValueError) as error:
        raise AuthenticationError("This push token is not valid.") from error
    return claims


def check_subscription(ctx: Context, name: object) -> None:
    """Raises PermissionDeniedError when the push comes from a subscription that is not ours (trust.md 4.3)."""
    wanted = ctx.settings.pubsub_subscription
    if name is not UNREADABLE and wanted and name != wanted:
        raise PermissionDeniedError("This push comes from another subscription.")
