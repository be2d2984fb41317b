"""Google's error bodies, as its APIs write them: code, message, the list of reasons, and the canonical status."""

from dataclasses import dataclass, field
from typing import Any

STATUSES = {
    400: ("INVALID_ARGUMENT", "invalidArgument", "Request contains an invalid argument."),
    401: ("UNAUTHENTICATED", "authError", "Request had invalid authentication credentials."),
    403: ("PERMISSION_DENIED", "insufficientPermissions", "Request had insufficient authentication scopes."),
    404: ("NOT_FOUND", "notFound", "Requested entity was not found."),
    429: ("RESOURCE_EXHAUSTED", "rateLimitExceeded", "Too many concurrent requests for user."),
    500: ("INTERNAL", "backendError", "Internal error encountered."),
    503: ("UNAVAILABLE", "backendError", "The service is currently unavailable."),
}
LIMITS = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "dailyLimitExceeded", "quotaExceeded"})


@dataclass
class GoogleError(Exception):
    """A refusal in Google's shape. `retry_after` is seconds, sent as a header."""

    code: int
    reason: str = ""
    message: str = ""
    retry_after: int | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        status, reason, message = STATUSES.get(self.code, ("UNKNOWN", "backendError", "Backend error."))
        reason, message = self.reason or reason, self.message or message
        domain = "usageLimits" if reason in LIMITS else "global"
        errors = [{"message": message, "domain": domain, "reason": reason}]
        return {"error": {"code": self.code, "message": message, "errors": errors, "status": status}}

    def all_headers(self) -> dict[str, str]:
        extra = {"Retry-After": str(self.retry_after)} if self.retry_after is not None else {}
        if self.code == 401:
            extra["WWW-Authenticate"] = 'Bearer realm="https://accounts.google.com/", error="invalid_token"'
        return self.headers | extra


def not_found() -> GoogleError:
    return GoogleError(404)


def invalid(message: str) -> GoogleError:
    return GoogleError(400, message=message)
