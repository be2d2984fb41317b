"""Counts every request by its route's template, and writes a line for those that change something (trust.md 5).

Our own, because the instrumentator took the address itself, ids and all, where only a slash at its end was wrong, and
matched every request against every route once more (decision 0030).
"""

import time
from dataclasses import dataclass
from typing import cast

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.logging import get_logger
from app.metrics import REQUEST_SECONDS, REQUESTS, REQUESTS_NOW

log = get_logger(__name__)

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
READING = frozenset({"GET", "HEAD", "OPTIONS"})
UNKNOWN_METHOD, NO_ROUTE = "OTHER", "none"
OUR_FAULT = 500
UNCOUNTED = frozenset({"/metrics", "/health/live", "/health/ready"})
"""Asked every few seconds by machines: they would drown what people do."""


@dataclass(slots=True)
class _Answer:
    """How a request went: 500 and the time of its end, until an answer began."""

    status: int = OUR_FAULT
    began_at: float | None = None


class RequestMeasures:
    """Measures around the whole application; must stand inside RequestMarks, which binds the correlation id."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answer, began = _Answer(), time.perf_counter()

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status, answer.began_at = message["status"], time.perf_counter()
            await send(message)

        REQUESTS_NOW.inc()
        try:
            await self.app(scope, receive, noted)
        finally:
            REQUESTS_NOW.dec()
            _record(scope, answer.status, (answer.began_at or time.perf_counter()) - began)


def _record(scope: Scope, status: int, seconds: float) -> None:
    handler = template_of(scope)
    if handler in UNCOUNTED:
        return
    method = scope["method"] if scope["method"] in METHODS else UNKNOWN_METHOD
    REQUESTS.labels(method, handler, f"{status // 100}xx").inc()
    REQUEST_SECONDS.labels(method, handler).observe(seconds)
    if method not in READING or status >= OUR_FAULT:
        milliseconds = round(seconds * 1_000, 1)
        log.info("request.answered", method=method, route=handler, status=status, milliseconds=milliseconds)


def template_of(scope: Scope) -> str:
    """The template of the route that took the request, `none` when none did: never the address that was asked for."""
    app = cast("FastAPI | None", scope.get("app"))
    return _templates(app).get(id(_taken(scope)), NO_ROUTE) if app else NO_ROUTE


def _taken(scope: Scope) -> object:
    """What the router leaves in the scope: one of our routes, or what answers for a mount or a plain route."""
    return scope.get("route") or scope.get("endpoint")


def _templates(app: FastAPI) -> dict[int, str]:
    """The full template by the identity of what the router leaves in the scope; kept while the routes stay."""
    known: tuple[int, dict[int, str]] | None = getattr(app.state, "templates", None)
    if known is None or known[0] != len(app.routes):
        contexts = iter_route_contexts(app.routes)
        known = len(app.routes), {id(_left_by(each.original_route)): each.path or NO_ROUTE for each in contexts}
        app.state.templates = known
    return known[1]


def _left_by(route: BaseRoute) -> object:
    return route if isinstance(route, APIRoute) else getattr(route, "app" if isinstance(route, Mount) else "endpoint")
