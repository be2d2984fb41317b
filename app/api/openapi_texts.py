"""The words of the published contract that belong to no single route: its tags, headers and refusals (api.md)."""

from typing import Any

ABOUT = """\
Everything that staff, the booking page, other programs and webhooks may ask of the clinic.

**Signing in.** `POST /api/v1/auth/login` answers an access token; send it as `Authorization: Bearer <token>`. The
roles that may call an operation stand in its description and in `x-roles`.

**Refusals** have one shape: `detail` is a sentence that a person can act on, `error_code` is for programs,
`correlation_id` is also the `X-Request-ID` header of the answer (send one of your own, 8 to 64 letters, digits and
`._-`, and it is kept), `retry_after` says in how many seconds to try again.

**Values.** Ids are 24 hexadecimal digits. Instants are ISO 8601 in UTC with `Z`; where a time is *given* without an
offset it is the clinic's wall clock. Unknown fields of a body are refused, unknown query parameters are ignored.

**Doing something once.** A `POST` that takes an `Idempotency-Key` header may be sent again with the same key and the
same body: it answers as the first time and does nothing more.
"""

TAGS = {
    "auth": "Signing in and out, and one's own password.",
    "booking": "What the clinic's booking page uses. No token is needed.",
    "webhooks": "Messages that other services bring. Each proves who sends it.",
    "dashboard": "The numbers of the first page.",
    "campaigns": "One campaign is one attempt to bring one patient in: its status, its conversation, its handoff.",
    "appointments": "Visits: booked at the desk, moved, cancelled, completed.",
    "waitlist": "Who wants an earlier visit, and to whom a time that became free was offered.",
    "interactions": "Single messages, and those that were said elsewhere.",
    "patients": "The people of the clinic: their addresses, their timeline, and why they were or were not written to.",
    "merges": "Two records of one person made into one, and taken apart again for 30 days.",
    "imports": "Patients from a CSV file: looked at first, then brought in line by line.",
    "clinic": "Opening hours, holidays, and the policies of outreach and booking.",
    "services": "What the clinic offers and how long it takes.",
    "providers": "Who performs what, and when they work.",
    "users": "Staff accounts and their roles.",
    "knowledge": "Articles: the only source of what the agent answers.",
    "jobs": "The timetable: what ran, with which result, and running it now.",
    "inbox": "Messages that could not be matched to a patient.",
    "audit": "Who read or changed what. Nothing in it can be changed.",
    "events": "What is happening, as it happens.",
    "sandbox": "The patients' side of the demo. Not there once real channels are connected.",
    "operations": "For load balancers and monitoring.",
}

HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-ID": {
        "description": "The mark of this request in the log and in the audit; also `correlation_id` of a refusal.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{8,64}$"},
        "example": "9f2c4a7be1d03c58",
    },
    "Retry-After": {
        "description": "Seconds to wait before the next try.",
        "schema": {"type": "integer", "minimum": 0},
        "example": 30,
    },
    "WWW-Authenticate": {
        "description": "How to sign in (RFC 6750).",
        "schema": {"type": "string"},
        "example": "Bearer",
    },
    "Idempotent-Replayed": {
        "description": "`true` when this is the stored answer of an earlier request with the same key.",
        "schema": {"type": "string", "enum": ["true"]},
        "example": "true",
    },
}

HEADERS_OF = {401: ("WWW-Authenticate",), 409: ("Retry-After",), 429: ("Retry-After",), 503: ("Retry-After",)}

SENDERS: dict[str, dict[str, Any]] = {
    "ChairsideSignature": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Chairside-Signature",
        "description": '`t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">` with INCOMING_MESSAGE_SECRET; '
        "five minutes' tolerance.",
    },
    "GooglePush": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The OIDC token that Google Pub/Sub signs for PUBSUB_AUDIENCE.",
    },
    "TwilioSignature": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Twilio-Signature",
        "description": "Base64 HMAC-SHA1 of the public address and every parameter, sorted, with TWILIO_AUTH_TOKEN.",
    },
}
"""How the senders of webhooks prove who they are."""

DONE = {"200": "Done.", "201": "It is stored.", "202": "It is taken and will be worked on.", "204": "It is gone."}

SENTENCES = {
    400: "The body is not valid JSON.",
    401: "Sign in first: this needs an access token.",
    403: "Your role does not allow this.",
    404: "There is no patient with this id.",
    405: "Method Not Allowed",
    409: "This visit is cancelled and cannot be moved.",
    413: "Request body too large",
    415: "Send the file as text/csv.",
    422: "Some fields are not valid. See `errors`.",
    429: "Too many tries. Wait a minute and try again.",
    503: "The database is away. Try again in a moment.",
}
"""`detail` in the example of each refusal."""

WAITS = {429: 60, 503: 5}
"""`retry_after` in the examples."""

IDEMPOTENCY_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Names this act for 24 hours: the same key and the same request get the same answer again.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]{1,255}$"},
    "example": "3f1c9a52-8a44-4f0e-9d0b-6f2f6f0f7c11",
}
