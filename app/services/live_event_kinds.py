"""Which changes in the database staff hear of, and what they hear: a kind and ids (api.md section 4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.models.appointments import Appointment
from app.models.base import Raw
from app.models.campaigns import Campaign
from app.models.enums import Author, CampaignStatus, InboxState
from app.models.inbox import FOR_STAFF, InboundEvent
from app.models.interactions import Interaction
from app.models.users import User

HANDOFF, REPLY, BOOKING, INBOX = "handoff", "reply", "booking", "inbox"
USER_CHANGED = "user_changed"
"""Not told: whoever listens as this user is asked for their right again."""

INTERACTIONS, CAMPAIGNS = Interaction.Settings.name, Campaign.Settings.name
APPOINTMENTS, EVENTS, USERS = Appointment.Settings.name, InboundEvent.Settings.name, User.Settings.name
UPDATED = "updateDescription.updatedFields"
NEEDS_STAFF = [state.value for state in FOR_STAFF]
IS_SET = {"$exists": True}

PIPELINE: list[Raw] = [
    {
        "$match": {
            "$or": [
                {"ns.coll": INTERACTIONS, "operationType": "insert", "fullDocument.author": Author.PATIENT.value},
                {"ns.coll": CAMPAIGNS, f"{UPDATED}.status": CampaignStatus.HANDOFF_REQUIRED.value},
                {"ns.coll": APPOINTMENTS, "operationType": "insert"},
                {"ns.coll": APPOINTMENTS, f"{UPDATED}.status": IS_SET},
                {"ns.coll": APPOINTMENTS, f"{UPDATED}.appointment_date": IS_SET},
                {"ns.coll": EVENTS, "operationType": "insert", "fullDocument.state": {"$in": NEEDS_STAFF}},
                {"ns.coll": EVENTS, f"{UPDATED}.state": {"$in": NEEDS_STAFF}},
                {"ns.coll": EVENTS, f"{UPDATED}.handled_at": IS_SET},
                {"ns.coll": USERS, "operationType": {"$in": ["update", "replace", "delete"]}},
            ]
        }
    },
    {
        "$project": {
            "operationType": 1,
            "ns": 1,
            "documentKey": 1,
            "fullDocument": {"campaign_id": 1, "patient_id": 1},
            "updateDescription": {"updatedFields": {"status": 1, "state": 1, "appointment_date": 1}},
        }
    },
]
"""What the server sends us at all: a message's text never leaves the database for this."""


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """One thing that happened. `ids` is all that is told of it; `token` is where a client may go on from."""

    kind: str
    ids: Mapping[str, str]
    token: str | None


def event_of(change: Mapping[str, Any]) -> LiveEvent:
    """A change that `PIPELINE` let through, as staff hear of it."""
    kind, name = KINDS[change["ns"]["coll"]]
    ids = {name: str(change["documentKey"]["_id"])}
    for field, value in change.get("fullDocument", {}).items():
        if value is not None:
            ids[field] = str(value)
    if kind in (BOOKING, INBOX):
        ids["change"] = _change(kind, change)
    return LiveEvent(kind, ids, str(change["_id"]["_data"]))


KINDS = {
    INTERACTIONS: (REPLY, "interaction_id"),
    CAMPAIGNS: (HANDOFF, "campaign_id"),
    APPOINTMENTS: (BOOKING, "appointment_id"),
    EVENTS: (INBOX, "event_id"),
    USERS: (USER_CHANGED, "user_id"),
}


def _change(kind: str, change: Mapping[str, Any]) -> str:
    """booked, rescheduled, cancelled, completed, no_show; for the inbox: needs_staff or settled."""
    updated = change.get("updateDescription", {}).get("updatedFields", {})
    if kind == BOOKING:
        moved = "rescheduled" if "appointment_date" in updated else "booked"
        return str(updated.get("status", moved))
    is_new = change["operationType"] == "insert" or updated.get("state") in (InboxState.UNMATCHED, InboxState.PARKED)
    return "needs_staff" if is_new else "settled"
