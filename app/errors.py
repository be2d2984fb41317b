"""The business errors: each knows its HTTP status and its `error_code` (api.md, "Errors").

ChairsideError
├── BadRequestError 400
├── AuthenticationError 401          wrong credentials, or no valid token
├── PermissionDeniedError 403        the role lacks the right
├── NotFoundError 404
│   └── PatientNotMatchedError       one answer for every "cannot match you" (trust.md 2.7)
├── ConflictError 409
│   ├── IllegalTransitionError       carries the `allowed` next states
│   ├── SlotTakenError               carries free `alternatives`
│   ├── AlreadyBookedError
│   ├── ActiveCampaignError          carries the id of the campaign in the way
│   ├── RecordMergedError            names the record that lives on
│   └── SuppressedError              the patient said stop
├── InvalidInputError 422            a rule of the domain; shape errors are Pydantic's
├── RateLimitedError 429
└── UnavailableError 503
"""

from collections.abc import Mapping
from typing import Any, ClassVar


class ChairsideError(Exception):
    """A refusal that a person can act on: `detail` is a sentence, `extra` joins the JSON body."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "INTERNAL_ERROR"

    def __init__(self, detail: str, *, retry_after: int | None = None, extra: Mapping[str, Any] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after = retry_after
        self.extra = dict(extra or {})


class BadRequestError(ChairsideError):
    status = 400
    code = "BAD_REQUEST"


class AuthenticationError(ChairsideError):
    status = 401
    code = "NOT_AUTHENTICATED"


class PermissionDeniedError(ChairsideError):
    status = 403
    code = "PERMISSION_DENIED"


class NotFoundError(ChairsideError):
    status = 404
    code = "NOT_FOUND"


class PatientNotMatchedError(NotFoundError):
    code = "PATIENT_NOT_MATCHED"


class ConflictError(ChairsideError):
    status = 409
    code = "CONFLICT"


class IllegalTransitionError(ConflictError):
    code = "ILLEGAL_TRANSITION"


class SlotTakenError(ConflictError):
    code = "SLOT_TAKEN"


class AlreadyBookedError(ConflictError):
    code = "ALREADY_BOOKED"


class ActiveCampaignError(ConflictError):
    code = "ACTIVE_CAMPAIGN_EXISTS"


class RecordMergedError(ConflictError):
    """`extra["merged_into"]` is the id of the record that lives on."""

    code = "RECORD_MERGED"


class SuppressedError(ConflictError):
    code = "PATIENT_OPTED_OUT"


class InvalidInputError(ChairsideError):
    status = 422
    code = "VALIDATION_ERROR"


class RateLimitedError(ChairsideError):
    status = 429
    code = "RATE_LIMITED"


class UnavailableError(ChairsideError):
    status = 503
    code = "UNAVAILABLE"
