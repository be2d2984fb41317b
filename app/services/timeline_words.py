"""How the rows of a patient's timeline are worded for staff: tables, and one function for each kind of row."""

from typing import Any

from app.domain.campaign_status import CampaignEvent
from app.models.base import Raw
from app.models.enums import Author, ChannelType, Direction
from app.services.decision_rules import sentence_of

EXCERPT = 120
CHANNELS = {ChannelType.EMAIL: "e-mail", ChannelType.SMS: "SMS", ChannelType.WHATSAPP: "WhatsApp"}
AUTHORS = {
    Author.AI: "the assistant",
    Author.STAFF: "staff",
    Author.PATIENT: "the patient",
    Author.SYSTEM: "the system",
}
ACTORS = {"agent": "the assistant", "system": "the system", "patient": "the patient", "stranger": "a visitor"}
FORMER_STAFF = "a former member of staff"

EVENTS: dict[str, str] = {
    CampaignEvent.ATTEMPTS_EXHAUSTED: "no answer to any message",
    CampaignEvent.PATIENT_REPLIED: "the patient replied",
    CampaignEvent.PATIENT_RECONSIDERED: "the patient wants to come after all",
    CampaignEvent.PATIENT_DECLINED: "the patient declined",
    CampaignEvent.HUMAN_NEEDED: "handed over to a person",
    CampaignEvent.PATIENT_BOOKED: "the patient booked",
    CampaignEvent.VISIT_COMPLETED: "the visit took place",
    CampaignEvent.APPOINTMENT_WITHDRAWN: "the visit will not take place",
    CampaignEvent.STAFF_RELEASED: "released by staff",
    CampaignEvent.STAFF_KEPT: "kept by staff",
    CampaignEvent.STAFF_FINISHED: "finished by staff",
    CampaignEvent.STAFF_DECLINED: "closed by staff: declined",
    CampaignEvent.OPTED_OUT: "the patient opted out",
    CampaignEvent.BOOKED_ELSEWHERE: "closed by staff: booked elsewhere",
}

ACTIONS = {
    "patient.created": "Record created",
    "patient.updated": "Record changed",
    "patient.opted_out": "Messages stopped",
    "patient.opt_out_removed": "Messages allowed again",
    "patient.opt_out_taken_back": "The patient allowed messages again",
    "message.continued_elsewhere": "A message could not be delivered; continued on another channel",
    "patient.merged": "Two records made one",
    "patient.merge_undone": "Two records parted again",
    "patients.imported": "Entered by an import",
    "interaction.recorded": "Message entered by hand",
    "campaign.answered": "Answered by staff",
    "appointment.booked": "Visit booked",
    "appointment.completed": "Visit completed",
    "appointment.cancelled": "Visit cancelled",
    "appointment.no_show": "Visit missed",
    "appointment.rescheduled": "Visit moved",
    "appointment.deleted": "Visit deleted",
    "appointment.confirmation_changed": "Word about a visit",
}
"""Any other audited action is worded by its own name."""


def campaign(raw: Raw) -> str:
    return f"{_kind(raw)} campaign by {CHANNELS[raw['channel']['type']]}, now {raw['status']}"


def status_change(raw: Raw) -> str:
    change = raw["status_changes"]
    return f"{_kind(raw)} campaign {change['source']} -> {change['target']}: {EVENTS.get(change['event'], 'changed')}"


def _kind(raw: Raw) -> str:
    return str(raw["campaign_type"]).capitalize()


def message(raw: Raw) -> str:
    """The direction, the channel, what became of an outgoing one, and how it begins."""
    channel, content = CHANNELS[raw["channel"]], " ".join(raw["content"].split())
    begins = content if len(content) <= EXCERPT else content[:EXCERPT].rstrip() + "..."
    if raw["direction"] == Direction.INCOMING:
        return f"From the patient by {channel}: {begins}"
    return f"To the patient by {channel} ({raw.get('delivery') or 'recorded'}): {begins}"


def appointment(raw: Raw) -> str:
    return f"{raw['service_name']}, {raw['status']}"


def audited(raw: Raw) -> str:
    """What was done, with the names of the changed fields, the channels and the given reason."""
    action, details = raw["action"], raw.get("details") or {}
    said = ACTIONS.get(action) or action.replace(".", " ").replace("_", " ").capitalize()
    about = _listed(details.get("fields")) or _listed(details.get("channels")) or _listed(details.get("channel"))
    reason = details.get("reason")
    return said + (f": {about}" if about else "") + (f" ({reason})" if isinstance(reason, str) else "")


def _listed(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(item).replace("_", " ") for item in value)
    return value if isinstance(value, str) else ""


def decision(raw: Raw) -> str:
    return f"{str(raw['outcome']).capitalize()}: {sentence_of(raw['rule'])}"


def actor(name: str, staff: dict[str, str]) -> str:
    """A person's name for `user:<id>`, else who acted in words; `staff` maps the ids of users to their names."""
    kind, _, identifier = name.partition(":")
    if kind == "user":
        return staff.get(identifier, FORMER_STAFF)
    return ACTORS.get(kind, kind)
