"""Which changes in the database staff hear of, and what they hear: a kind and ids (api.md section 4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.models.appointments import Appointment
from app.models.base import Raw
from app.models.campaigns import Campaign
from app.models.channel_states import ChannelState
from app.models.desk import CampaignNote, Presence
from app.models.enums import Author, CampaignStatus, InboxState
from app.models.inbox import FOR_STAFF, InboundEvent
from app.models.interactions import Interaction
from app.models.mailboxes import MailboxState
from app.models.users import User

HANDOFF, REPLY, BOOKING, INBOX, CHANNEL = "handoff", "reply", "booking", "inbox", "channel"
MAILBOX = "mailbox"
CAMPAIGN, MESSAGE, NOTE, PRESENCE = "campaign", "message", "note", "presence"
"""A campaign moved or its handoff changed hands; we wrote; staff noted something; somebody came or went."""
PAGES_ONLY = frozenset({CAMPAIGN, MESSAGE, NOTE, PRESENCE})
"""Told to the dashboard's own pages and to nobody else: `/admin/events` stays what scripts know."""
USER_CHANGED = "user_changed"
"""Not told: whoever listens as this user is asked for their right again."""

INTERACTIONS, CAMPAIGNS = Interaction.Settings.name, Campaign.Settings.name
APPOINTMENTS, EVENTS, USERS = Appointment.Settings.name, InboundEvent.Settings.name, User.Settings.name
CHANNELS, MAILBOXES = ChannelState.Settings.name, MailboxState.Settings.name
PRESENCES, NOTES = Presence.Settings.name, CampaignNote.Settings.name
UPDATED = "updateDescription.updatedFields"
NEEDS_STAFF = [state.value for state in FOR_STAFF]
IS_SET = {"$exists": True}
TOLD_BY_FIELDS = ("status", "state", "appointment_date", "confirmation_status", "is_stopped", "alarms")

PIPELINE: list[Raw] = [
    {
        "$match": {
            "$or": [
                {"ns.coll": INTERACTIONS, "operationType": "insert"},
                {"ns.coll": CAMPAIGNS, f"{UPDATED}.status": IS_SET},
                {"ns.coll": CAMPAIGNS, f"{UPDATED}.handoff_changed_at": IS_SET},
                {"ns.coll": NOTES, "operationType": "insert"},
                {"ns.coll": PRESENCES, "operationType": {"$in": ["insert", "delete"]}},
                {"ns.coll": APPOINTMENTS, "operationType": "insert"},
                {"ns.coll": APPOINTMENTS, f"{UPDATED}.status": IS_SET},
                {"ns.coll": APPOINTMENTS, f"{UPDATED}.appointment_date": IS_SET},
                {"ns.coll": APPOINTMENTS, f"{UPDATED}.confirmation_status": IS_SET},
                {"ns.coll": EVENTS, "operationType": "insert", "fullDocument.state": {"$in": NEEDS_STAFF}},
                {"ns.coll": EVENTS, f"{UPDATED}.state": {"$in": NEEDS_STAFF}},
                {"ns.coll": EVENTS, f"{UPDATED}.handled_at": IS_SET},
                {"ns.coll": CHANNELS, "operationType": "insert", "fullDocument.is_stopped": True},
                {"ns.coll": CHANNELS, f"{UPDATED}.is_stopped": IS_SET},
                {"ns.coll": MAILBOXES, f"{UPDATED}.alarms": IS_SET},
                {"ns.coll": USERS, "operationType": {"$in": ["update", "replace", "delete"]}},
            ]
        }
    },
    {
        "$project": {
            "operationType": 1,
            "ns": 1,
            "documentKey": 1,
            "fullDocument": {"campaign_id": 1, "patient_id": 1, "author": 1, "is_stopped": 1},
            "updateDescription": {"updatedFields": dict.fromkeys(TOLD_BY_FIELDS, 1)},
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
    named, name = KINDS[change["ns"]["coll"]]
    kind = _narrowed(named, change)
    ids = {name: str(change["documentKey"]["_id"])}
    if kind == PRESENCE:
        ids["campaign_id"] = ids.pop(name).partition(":")[0]
    for field in ("campaign_id", "patient_id"):
        if value := change.get("fullDocument", {}).get(field):
            ids[field] = str(value)
    if kind in (BOOKING, INBOX, CHANNEL, MAILBOX):
        ids["change"] = _change(kind, change)
    return LiveEvent(kind, ids, str(change["_id"]["_data"]))


def _narrowed(kind: str, change: Mapping[str, Any]) -> str:
    """Only what a patient wrote is a reply, and only who has just been handed over is a handoff."""
    if kind == REPLY and change["fullDocument"].get("author") != Author.PATIENT.value:
        return MESSAGE
    updated = change.get("updateDescription", {}).get("updatedFields", {})
    if kind == HANDOFF and updated.get("status") != CampaignStatus.HANDOFF_REQUIRED.value:
        return CAMPAIGN
    return kind


KINDS = {
    INTERACTIONS: (REPLY, "interaction_id"),
    CAMPAIGNS: (HANDOFF, "campaign_id"),
    APPOINTMENTS: (BOOKING, "appointment_id"),
    EVENTS: (INBOX, "event_id"),
    CHANNELS: (CHANNEL, "channel"),
    MAILBOXES: (MAILBOX, "mailbox"),
    USERS: (USER_CHANGED, "user_id"),
    NOTES: (NOTE, "note_id"),
    PRESENCES: (PRESENCE, "place"),
}


def _change(kind: str, change: Mapping[str, Any]) -> str:
    """Of a visit its status, rescheduled, or what the patient says; of the inbox needs_staff or settled; of a channel
    stopped or reopened; of the mailbox alarm or settled.
    """
    updated = change.get("updateDescription", {}).get("updatedFields", {})
    if kind == MAILBOX:
        return "alarm" if updated.get("alarms") else "settled"
    if kind == CHANNEL:
        is_stopped = updated.get("is_stopped", change.get("fullDocument", {}).get("is_stopped"))
        return "stopped" if is_stopped else "reopened"
    if kind == BOOKING:
        moved = "rescheduled" if "appointment_date" in updated else updated.get("confirmation_status", "booked")
        return str(updated.get("status", moved))
    is_new = change["operationType"] == "insert" or updated.get("state") in (InboxState.UNMATCHED, InboxState.PARKED)
    return "needs_staff" if is_new else "settled"
