"""Google's push tokens: signature, issuer, audience, account and expiry, by PyJWT (stack.md 2e)."""

import asyncio
from functools import lru_cache
from typing import Any

import jwt

from app.context import Context
from app.errors import AuthenticationError, PermissionDeniedError, UnavailableError

ISSUERS = ["https://accounts.google.com", "accounts.google.com"]
LEEWAY_SECONDS = 30
UNREADABLE = object()
"""Stands for the subscription of a push that is no push at all: ours by its token, parked by its shape."""


@lru_cache(maxsize=4)
def _keys(url: str) -> jwt.PyJWKClient:
    return jwt.PyJWKClient(url, lifespan=3600, timeout=5)


async def verify(ctx: Context, authorization: str) -> None:
    """Refuse every push that Google did not sign for us.

    Raises AuthenticationError (no token, bad signature, issuer or expiry), PermissionDeniedError (another audience or
    account) or UnavailableError (Google's keys cannot be fetched: Pub/Sub will try again).
    """
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise AuthenticationError("A Google push token is needed.")
    claims = await _claims(ctx, token)
    now = ctx.now().timestamp()
    if not claims["iat"] - LEEWAY_SECONDS <= now < claims["exp"] + LEEWAY_SECONDS:
        raise AuthenticationError("This push token is not valid now.")
    settings = ctx.settings
    if not settings.pubsub_audience or claims.get("aud") != settings.pubsub_audience:
        raise PermissionDeniedError("This token is for another audience.")
    if claims.get("email") != settings.pubsub_service_account or claims.get("email_verified") is not True:
        raise PermissionDeniedError("This token belongs to another account.")


async def _claims(ctx: Context, token: str) -> dict[str, Any]:
    try:
        key = await asyncio.to_thread(_keys(ctx.settings.pubsub_jwks_url).get_signing_key_from_jwt, token)
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
    except jwt.PyJWKClientConnectionError as error:
        raise UnavailableError("Google's keys cannot be read right now.", retry_after=30) from error
    except (jwt.PyJWTError, ValueError) as error:
        raise AuthenticationError("This push token is not valid.") from error
    return claims


def check_subscription(ctx: Context, name: object) -> None:
    """Raises PermissionDeniedError when the push comes from a subscription that is not ours (trust.md 4.3)."""
    wanted = ctx.settings.pubsub_subscription
    if name is not UNREADABLE and wanted and name != wanted:
        raise PermissionDeniedError("This push comes from another subscription.")
