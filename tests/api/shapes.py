"""What an answer must look like, name by name: the shapes of api.md as values, and one function that compares."""

import re
from dataclasses import dataclass
from typing import Any

import httpx2

HEX_ID = re.compile(r"[0-9a-f]{24}")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
DAY = re.compile(r"\d{4}-\d\d-\d\d")
WALL_TIME = re.compile(r"\d\d:\d\d")
NUMBER = (int, float)


@dataclass(frozen=True, slots=True)
class Maybe:
    """The shape, or null."""

    shape: Any


def differences(value: Any, shape: Any, path: str = "answer") -> list[str]:
    """Every place where the value is not of the shape; names beyond the shape are allowed (api.md, first lines).

    A shape is a dict of shapes, a one-element list (each element has that shape), a regular expression that the whole
    text must match, a type or a tuple of types, `Maybe`, or a literal that must be equal.
    """
    match shape:
        case Maybe():
            return [] if value is None else differences(value, shape.shape, path)
        case dict():
            return _in_object(value, shape, path)
        case [each]:
            if not isinstance(value, list):
                return [f"{path} is no list: {value!r}"]
            return [found for index, item in enumerate(value) for found in differences(item, each, f"{path}[{index}]")]
        case re.Pattern():
            fits = isinstance(value, str) and shape.fullmatch(value) is not None
        case type() | tuple():
            fits = isinstance(value, shape) and not (isinstance(value, bool) and shape is not bool)
        case _:
            fits = value == shape
    return [] if fits else [f"{path} is {value!r}, wanted {shape!r}"]


def _in_object(value: Any, shape: dict[str, Any], path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path} is no object: {value!r}"]
    missing = [f"{path}.{name} is missing" for name in shape if name not in value]
    known = [(name, each) for name, each in shape.items() if name in value]
    return missing + [found for name, each in known for found in differences(value[name], each, f"{path}.{name}")]


ERROR = {
    "detail": str,
    "error_code": re.compile(r"[A-Z_]+"),
    "timestamp": INSTANT,
    "correlation_id": re.compile(r"[A-Za-z0-9._-]{8,64}"),
    "retry_after": Maybe(int),
}


def refused(answer: httpx2.Response, status: int, code: str | None = None) -> dict[str, Any]:
    """The body of a refusal in the one shape that every refusal has; its correlation id is also in the header."""
    assert answer.status_code == status, f"{answer.status_code}: {answer.text}"
    assert answer.headers["Content-Type"] == "application/json", f"no JSON: {answer.text}"
    body: dict[str, Any] = answer.json()
    assert not (found := differences(body, ERROR)), found
    marks = body["correlation_id"], answer.headers.get("X-Request-ID")
    assert marks[0] == marks[1], f"correlation_id and X-Request-ID differ: {marks}"
    assert code in (None, body["error_code"]), f"{body['error_code']}: {answer.text}"
    return body


def accepted(answer: httpx2.Response, status: int, shape: Any) -> Any:
    """The body of an answer of this status and shape."""
    assert answer.status_code == status, f"{answer.status_code}: {answer.text}"
    body = answer.json()
    assert not (found := differences(body, shape)), found
    return body


def without_marks(body: dict[str, Any]) -> dict[str, Any]:
    """A refusal without what differs between two requests by design."""
    return {name: value for name, value in body.items() if name not in ("timestamp", "correlation_id")}


ALTERNATIVE = {"appointment_date": INSTANT, "date": DAY, "time": WALL_TIME}

APPOINTMENT = {
    "appointment_id": HEX_ID,
    "patient_id": HEX_ID,
    "patient_name": str,
    "campaign_id": Maybe(HEX_ID),
    "appointment_date": INSTANT,
    "ends_at": INSTANT,
    "duration_minutes": int,
    "status": re.compile("booked|completed|cancelled|no_show"),
    "service_name": str,
    "provider_id": Maybe(HEX_ID),
    "notes": str,
    "created_from": re.compile("AI_AGENT_FORM|MANUAL_ADMIN"),
    "confirmation_status": str,
    "created_at": INSTANT,
    "updated_at": INSTANT,
}

PAGINATION = {"total_items": int, "total_pages": int, "current_page": int, "next_cursor": Maybe(str)}
CAMPAIGN_ROW = {
    "campaign_id": HEX_ID,
    "patient_name": str,
    "campaign_type": re.compile("RECALL|RECOVERY"),
    "status": re.compile("[A-Z_]+"),
    "last_updated": INSTANT,
}
CAMPAIGN_DETAILS = {
    "campaign_id": HEX_ID,
    "patient_id": HEX_ID,
    "patient_name": str,
    "campaign_type": re.compile("RECALL|RECOVERY"),
    "status": re.compile("[A-Z_]+"),
    "engagement_summary": str,
    "channel": {"type": re.compile("email|sms|whatsapp"), "thread_id": Maybe(str)},
    "follow_up_details": {"attempts_made": int, "max_attempts": int, "next_attempt_at": Maybe(INSTANT)},
    "booking_funnel": {"status": re.compile("[A-Z_]+"), "link_url": Maybe(str), "submitted_at": Maybe(INSTANT)},
    "handoff_details": Maybe({"reason": str, "priority": re.compile("normal|urgent"), "created_at": INSTANT}),
    "estimated_value": NUMBER,
    "initial_inquiry": Maybe(str),
    "due_date": Maybe(DAY),
    "close_reason": Maybe(str),
    "closed_at": Maybe(INSTANT),
    "created_at": INSTANT,
    "updated_at": INSTANT,
}
HISTORY_ROW = {
    "direction": re.compile("incoming|outgoing"),
    "content": str,
    "timestamp": INSTANT,
    "delivery": Maybe(re.compile("queued|sending|sent|delivered|failed|unknown")),
    "attachments": [str],
}
INTERACTION = HISTORY_ROW | {
    "_id": HEX_ID,
    "campaign_id": HEX_ID,
    "ai_analysis": Maybe({"intent": re.compile("[A-Z_]+"), "sentiment": re.compile("POSITIVE|NEUTRAL|NEGATIVE")}),
}
PATIENT = {
    "patient_id": HEX_ID,
    "name": str,
    "email": Maybe(str),
    "phone": Maybe(str),
    "patient_type": re.compile("EXISTING|COLD_LEAD"),
    "preferred_channel": [re.compile("email|sms|whatsapp")],
    "next_follow_up_date": Maybe(DAY),
    "treatment_history": [{"procedure_name": str, "procedure_date": DAY}],
    "date_of_birth": Maybe(DAY),
    "language": re.compile("[a-z]{2}"),
    "opt_outs": [{"channel": re.compile("email|sms|whatsapp|all"), "at": INSTANT, "source": str}],
    "timeline": [{"kind": str, "at": INSTANT, "id": HEX_ID, "summary": str}],
    "created_at": INSTANT,
    "updated_at": INSTANT,
}
