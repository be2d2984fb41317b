"""Access tokens put together by hand: good ones, and every forgery of trust.md 4.1."""

import base64
import hashlib
import hmac
import json
from typing import Any

import httpx2

from app.context import Context
from app.models.users import User
from tests.api.shapes import refused

DIGESTS = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}


def encoded(value: bytes | dict[str, Any]) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def claims(ctx: Context, user: User, **changes: Any) -> dict[str, Any]:
    """A good payload; a change to None takes a claim away."""
    now = int(ctx.now().timestamp())
    values: dict[str, Any] = {
        "iss": "chairside",
        "aud": "chairside-staff",
        "sub": str(user.id),
        "ver": user.token_version,
        "iat": now,
        "exp": now + 600,
        "jti": "0123456789abcdef",
    }
    return {name: value for name, value in (values | changes).items() if value is not None}


def forge(ctx: Context, payload: dict[str, Any], *, secret: str | None = None, mac: str = "HS256", **head: Any) -> str:
    """A token over this payload: `head` changes its header, `mac` and `secret` what it is really signed with."""
    key = secret if secret is not None else ctx.settings.jwt_secret.get_secret_value()
    signed = f"{encoded({'alg': mac, 'typ': 'JWT'} | head)}.{encoded(payload)}"
    return f"{signed}.{encoded(hmac.new(key.encode(), signed.encode(), DIGESTS[mac]).digest())}"


def unsigned(ctx: Context, payload: dict[str, Any]) -> str:
    """A token whose header says that it needs no signature."""
    return f"{forge(ctx, payload, alg='none').rsplit('.', 1)[0]}."


def tampered(token: str) -> str:
    """The same token with one character of its payload changed."""
    head, payload, signature = token.split(".")
    middle = len(payload) // 2
    other = "A" if payload[middle] != "A" else "B"
    return f"{head}.{payload[:middle]}{other}{payload[middle + 1 :]}.{signature}"


def turned_away(answer: httpx2.Response) -> None:
    refused(answer, 401, "NOT_AUTHENTICATED")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
