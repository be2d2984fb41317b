"""Every refusal in the one shape of api.md: detail, error_code, timestamp, correlation_id, retry_after."""

from datetime import UTC, datetime
from typing import Any

from bson.errors import BSONError
from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from pymongo.errors import ExecutionTimeout, OperationFailure, PyMongoError
from starlette.exceptions import HTTPException

from app.errors import AuthenticationError, ChairsideError, UnavailableError
from app.logging import get_logger
from app.services.audit import correlation_id

log = get_logger(__name__)

CODES = {
    400: "BAD_REQUEST",
    401: "NOT_AUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    409: "CONFLICT",
    413: "BODY_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    422: "VALIDATION_ERROR",
    429: "RATE_LIMITED",
    503: "UNAVAILABLE",
}


PASSING_CODES = frozenset({6, 7, 50, 64, 89, 91, 112, 189, 262, 9001, 10107, 11600, 11602, 13388, 13435, 13436})
"""MongoDB's codes for a server that is away, stepping down or too slow, and for write conflicts."""


def error_body(detail: str, code: str, *, retry_after: int | None = None, **extra: Any) -> dict[str, Any]:
    """The shape that every error answer has."""
    return {
        "detail": detail,
        "error_code": code,
        "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "correlation_id": correlation_id(),
        "retry_after": retry_after,
        **extra,
    }


def install_error_handlers(app: FastAPI) -> None:
    app.add_exception_handler(ChairsideError, _business)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(PyMongoError, _database)
    app.add_exception_handler(Exception, _unexpected)


def framework_refusal(status: int, sentence: str) -> JSONResponse:
    """A refusal that the framework worded itself."""
    return JSONResponse(error_body(sentence, CODES.get(status, "HTTP_ERROR")), status)


async def _business(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ChairsideError)  # noqa: S101 - registered for this type; tells the type checker
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after else {}
    if isinstance(error, AuthenticationError):
        headers["WWW-Authenticate"] = "Bearer"
    body = error_body(error.detail, error.code, retry_after=error.retry_after, **error.extra)
    return JSONResponse(jsonable_encoder(body), error.status, headers)


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    """422 without the input: a password must never come back (trust.md 4.2). Text that is no JSON is a 400."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this type
    problems = error.errors()
    if any(problem["type"] == "json_invalid" for problem in problems):
        return JSONResponse(error_body("The body is not valid JSON.", "BAD_REQUEST"), 400)
    fields = [{"field": ".".join(str(part) for part in p["loc"]), "message": _plain(p["msg"])} for p in problems]
    return JSONResponse(error_body("Some fields are not valid. See `errors`.", "VALIDATION_ERROR", errors=fields), 422)


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ").encode("ascii", "replace").decode()


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type
    code = CODES.get(error.status_code, "HTTP_ERROR")
    headers = {"Allow": _methods_of(request)} if error.status_code == 405 else error.headers
    return JSONResponse(error_body(str(error.detail), code), error.status_code, headers)


def _methods_of(request: Request) -> str:
    """Every method of this address (RFC 9110): the router names only those of the first route that fits."""
    path = request.scope["path"]
    routes = iter_route_contexts(request.app.routes)
    fitting = [route for route in routes if (pattern := getattr(route, "path_regex", None)) and pattern.match(path)]
    return ", ".join(sorted({method for route in fitting for method in route.methods or ()}))


async def _database(request: Request, error: Exception) -> JSONResponse:
    """503 while the database is away. A command that it understood and refused is our mistake, and no wait mends it."""
    if not _may_pass(error):
        return await _unexpected(request, error)
    log.error("database.unavailable", error=type(error).__name__)
    away = UnavailableError("The database is away. Try again in a moment.", retry_after=5)
    body = error_body(away.detail, away.code, retry_after=away.retry_after)
    return JSONResponse(body, away.status, {"Retry-After": str(away.retry_after)})


def _may_pass(error: Exception) -> bool:
    """True for what the same request may not meet again: no primary, no connection, a time limit, a conflict."""
    if isinstance(error, ExecutionTimeout):
        return True
    if isinstance(error, OperationFailure):
        passing = ("TransientTransactionError", "RetryableWriteError", "SystemOverloadedError")
        return any(error.has_error_label(label) for label in passing) or error.code in PASSING_CODES
    return not isinstance(error, BSONError)


async def _unexpected(_: Request, error: Exception) -> JSONResponse:
    log.error("request.failed", error=type(error).__name__, exc_info=error)
    return JSONResponse(error_body("Something went wrong on our side. It was recorded.", "INTERNAL_ERROR"), 500)
