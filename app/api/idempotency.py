"""The `Idempotency-Key` header on every POST that creates: a double click, or a retry after a lost answer, is one act.

trust.md 1, fault 18: the same key and the same request get the same answer; another request under the key is a 422.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from app.api.deps import get_context, get_current_user, read_bearer
from app.context import Context
from app.errors import InvalidInputError
from app.services import idempotency

KEY_HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotent-Replayed"
SANE_KEY = re.compile(r"[\x21-\x7e]{1,255}")
ANYBODY = "anybody"

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class IdempotentRoute(APIRoute):
    """A route whose POST heeds the header. Keys of one user say nothing about those of another."""

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()

        async def handle_once(request: Request) -> Response:
            key = request.headers.get(KEY_HEADER)
            if request.method != "POST" or key is None:
                return await handle(request)
            return await _once(request, key, handle)

        return handle_once


async def _once(request: Request, key: str, handle: Handler) -> Response:
    if not SANE_KEY.fullmatch(key):
        raise InvalidInputError(f"{KEY_HEADER} must be 1 to 255 printable characters without spaces.")
    ctx = get_context(request)
    asked_by = await _asked_by(ctx, request)
    headers: dict[str, str] = {}

    async def work() -> idempotency.Answer:
        response = await handle(request)
        if kind := response.headers.get("Content-Type"):
            headers["Content-Type"] = kind
        return {"status": response.status_code, "body": bytes(response.body).decode(), "headers": headers}

    answer, replayed = await idempotency.once(
        ctx, scope=asked_by, key=key, fingerprint=await _fingerprint(ctx, request), work=work
    )
    marks = {REPLAYED_HEADER: "true"} if replayed else {}
    return Response(answer["body"], answer["status"], answer["headers"] | marks)


async def _asked_by(ctx: Context, request: Request) -> str:
    """The signed-in user, recognised anew: a revoked token gets no stored answer. Raises AuthenticationError."""
    if "Authorization" not in request.headers:
        return ANYBODY
    return str((await get_current_user(ctx, await read_bearer(request))).id)


async def _fingerprint(ctx: Context, request: Request) -> str:
    """Keyed, because the body may hold a password and the fingerprint is stored."""
    asked = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    secret = ctx.settings.jwt_secret.get_secret_value().encode()
    return hmac.new(secret, asked + await request.body(), hashlib.sha256).hexdigest()
