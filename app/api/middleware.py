"""What every request gets: a correlation id, safe headers, and no surprises from the Host header."""

import re
import secrets
from typing import Any
from urllib.parse import urlsplit

import structlog
from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.errors import framework_refusal
from app.api.measuring import RequestMeasures
from app.api.openapi import complete
from app.api.patience import Patience
from app.api.telemetry import trace_marks
from app.settings import Settings

SANE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
REQUEST_ID = "X-Request-ID"

SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "frame-ancestors 'none'; form-action 'self'; base-uri 'none'"
    ),
    "Cache-Control": "no-store",
}
OPEN_PAGES = ("/static/",)
"""Served without `no-store`: files whose address changes with their content. They bring their own safe headers."""


class RequestMarks:
    """Binds the correlation id to every log line of a request and answers it, with the safe headers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID, "")
        request_id = given if SANE_ID.fullmatch(given) else secrets.token_hex(8)
        is_open = scope["path"].startswith(OPEN_PAGES)

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID] = request_id
                for name, value in () if is_open else SAFE_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        with structlog.contextvars.bound_contextvars(correlation_id=request_id, **trace_marks(request_id)):
            await self.app(scope, receive, marked)


class OneErrorShape:
    """Puts the refusals that the framework itself answers in plain text (413, a foreign host) into our shape."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        plain: list[tuple[int, list[bytes]]] = []

        async def shaped(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_plain_refusal(message):
                plain.append((message["status"], []))
            elif not plain:
                await send(message)
            else:
                status, parts = plain[0]
                parts.append(message.get("body", b""))
                if not message.get("more_body"):
                    response = framework_refusal(status, b"".join(parts).decode(errors="replace"))
                    await response(scope, receive, send)

        await self.app(scope, receive, shaped)


def _is_plain_refusal(message: Message) -> bool:
    is_text = Headers(raw=message["headers"]).get("content-type", "").startswith("text/plain")
    return bool(message["status"] >= 400 and is_text)


class Application(FastAPI):
    """FastAPI with our marks, measures and error shape around everything, its own error handling included."""

    def build_middleware_stack(self) -> ASGIApp:
        return RequestMarks(RequestMeasures(OneErrorShape(super().build_middleware_stack())))

    def openapi(self) -> dict[str, Any]:
        """The completed document. FastAPI makes a new one whenever a route was added."""
        document = super().openapi()
        return document if "tags" in document else complete(document, self.routes)


def install_middleware(app: FastAPI, settings: Settings) -> None:
    """Outermost last: patience with the database, CORS, hosts."""
    app.add_middleware(Patience)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=list(settings.cors_origins), allow_methods=["*"], allow_headers=["*"]
        )
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=allowed_hosts(settings))


def allowed_hosts(settings: Settings) -> list[str]:
    """ALLOWED_HOSTS, else the host of PUBLIC_BASE_URL and, outside production, this machine."""
    if settings.allowed_hosts:
        return list(settings.allowed_hosts)
    public = urlsplit(settings.public_base_url).hostname or "127.0.0.1"
    local = [] if settings.is_production else ["127.0.0.1", "localhost", "testserver"]
    return [public, *local]
