"""How `/admin/events` is described (api.md section 4): server-sent events have no JSON body of their own."""

from typing import Any

from app.api.v1.schemas.errors import ErrorAnswer

EXAMPLE = (
    "event: ready\ndata: {}\nid: 826743F1A0000000012B0429\n\n"
    'event: reply\ndata: {"interaction_id": "665f1c2e9b3a4d5e6f708192", "campaign_id": "665f1c2e9b3a4d5e6f708193", '
    '"patient_id": "665f1c2e9b3a4d5e6f708194"}\nid: 826743F1A4000000012B0429\n\n'
    ": ping\nid: 826743F1AE000000012B0429\n\n"
)
STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": (
            "Events: `handoff`, `reply`, `booking` (`change`: booked, rescheduled, cancelled, completed, no_show, "
            "or what the patient says: confirmed, running_late, cannot_come, unconfirmed), "
            "`inbox` (`change`: needs_staff, settled), `channel` (`change`: stopped, reopened), "
            "`mailbox` (`change`: alarm, settled), `ready` at the start, `resync` when something may have been missed. "
            "`data` holds ids only."
        ),
        "content": {"text/event-stream": {"example": EXAMPLE}},
    },
    406: {"model": ErrorAnswer, "description": "The request does not accept `text/event-stream`."},
}
