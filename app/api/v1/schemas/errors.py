"""JSON of every refusal (api.md, "Errors"), and how a route declares those that are its own."""

from typing import Any

from pydantic import ConfigDict

from app.api.v1.schemas.types import Answer


class FieldProblem(Answer):
    field: str
    message: str


class ErrorAnswer(Answer):
    """`errors` lists the fields of a 422; `alternatives` and `allowed` say what would be possible instead."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "example": {
                "detail": "There is no patient with this id.",
                "error_code": "NOT_FOUND",
                "timestamp": "2026-11-21T09:30:00.000Z",
                "correlation_id": "9f2c4a7be1d03c58",
                "retry_after": None,
            }
        },
    )

    detail: str
    error_code: str
    timestamp: str
    correlation_id: str
    retry_after: int | None
    errors: list[FieldProblem] | None = None


MEANINGS = {
    400: "The request is malformed.",
    401: "No access token, or one that is not valid.",
    403: "The role lacks the right, or the sender is not who may send this.",
    404: "There is no such thing.",
    405: "This address does not take this method.",
    409: "It conflicts with what is stored; the sentence says with what.",
    413: "The body is too large.",
    415: "The body is of a type that is not read here.",
    422: "A field is not valid; `errors` names it and never repeats the input.",
    429: "Too many tries; wait `retry_after` seconds.",
    503: "The database or a peer is away; try again in `retry_after` seconds.",
}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may answer these; those that any route may give are added for all of them."""
    return {status: {"model": ErrorAnswer, "description": MEANINGS[status]} for status in statuses}
