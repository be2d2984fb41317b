"""What the pages of patients show: the form, the record with everything around it, two records side by side."""

import re
from datetime import date, datetime
from typing import Any

from beanie import PydanticObjectId
from fastapi import Request

from app.context import Context
from app.errors import ChairsideError
from app.models.clinic import Clinic
from app.models.enums import ChannelType, PatientType
from app.models.merges import PatientMerge
from app.models.patients import EVERY_CHANNEL, Patient
from app.models.users import User
from app.services import patient_cards, patients, timelines
from app.services.merge_previews import COMPARED, MergePreview
from app.services.permissions import Right, may
from app.services.timeline_sources import Row
from app.web.staff import campaigns_words as words
from app.web.staff.patient_form import PatientDraft
from app.web.staff.routing import actor_of
from app.web.wording import readable_phone

LANGUAGES = {
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "de": "German",
    "it": "Italian",
    "pt": "Portuguese",
    "pl": "Polish",
    "ru": "Russian",
    "uk": "Ukrainian",
    "ar": "Arabic",
    "hi": "Hindi",
    "ja": "Japanese",
    "ko": "Korean",
    "tl": "Tagalog",
    "vi": "Vietnamese",
    "zh": "Chinese",
}
PERSON_TYPES: dict[str, str] = {PatientType.EXISTING: "Patient", PatientType.COLD_LEAD: "Lead, never been here"}
STOPS: dict[str, str] = {EVERY_CHANNEL: "Everything", **words.CHANNELS}
FACTS = {
    "name": "Name",
    "email": "E-mail",
    "phone": "Phone",
    "patient_type": "Kind",
    "preferred_channel": "Write by",
    "date_of_birth": "Date of birth",
    "language": "Language",
    "next_follow_up_date": "Next check-up",
    "estimated_value": "Estimated value",
    "initial_inquiry": "Inquiry",
    "notes": "Notes",
}
MOVED = {
    "campaigns": ("campaign", "campaigns"),
    "interactions": ("message", "messages"),
    "appointments": ("visit", "visits"),
    "dependants": ("family member", "family members"),
    "waitlist_wishes": ("waiting list wish", "waiting list wishes"),
}
"""What follows to the surviving record, of one and of many."""
DONE = {
    "added": "The patient was added.",
    "changed": "The changes were stored.",
    "merged": "The two records are one now. You can undo it for 30 days.",
    "undone": "The two records are parted again.",
    "erased": "The patient was erased.",
}
"""What a page says after a form led to it, by the `done` of its address."""
TIMELINE = 25
MACHINE_WORDED = ("campaign", "change")
"""Kinds of rows that name a campaign's status as it is stored; what a patient or a person wrote is never touched."""


async def form_values(
    draft: PatientDraft, *, action: str, back: str, refusal: ChairsideError | None = None
) -> dict[str, Any]:
    """The form of a new or a known patient; a clash of addresses names the other record."""
    guardian = draft.typed.get("guardian_id", "")
    chosen = await Patient.get(PydanticObjectId(guardian)) if PydanticObjectId.is_valid(guardian) else None
    languages = LANGUAGES | ({own: own} if (own := draft.typed["language"]) and own not in LANGUAGES else {})
    return {
        "typed": draft.typed,
        "problems": draft.problems,
        "action": action,
        "back": back,
        "guardian": chosen,
        "languages": languages,
        "person_types": PERSON_TYPES,
        "words": words,
        "refusal": refusal.detail if refusal else "",
        "clash": refusal.extra.get("patient_id", "") if refusal else "",
    }


async def record_values(
    request: Request, ctx: Context, user: User, patient: Patient, older: str = ""
) -> dict[str, Any]:
    """One record with its card and a page of its timeline."""
    page = await timelines.of_patient(patient.id, limit=TIMELINE, cursor=older or None)
    return {
        "clinic": await Clinic.load(),
        "patient": patient,
        "card": await patient_cards.of(ctx, patient),
        "timeline": page,
        "told": told,
        "older": older,
        "words": words,
        "languages": LANGUAGES,
        "person_types": PERSON_TYPES,
        "stop_words": STOPS,
        "is_gone": bool(patient.merged_into or patient.erased_at),
        "can_undo": lambda merge: _can_undo(merge, user, ctx.now()),
        "done": DONE.get(request.query_params.get("done", ""), ""),
    }


def told(row: Row) -> str:
    """A row of the timeline in the front desk's words: a status by what the lists call it."""
    if row.kind not in MACHINE_WORDED:
        return row.summary
    summary = row.summary.replace(" -> ", " → ")
    for status, (label, _) in words.STATUSES.items():
        summary = re.sub(rf"\b{status}\b", label.lower(), summary)
    return summary


def _can_undo(merge: PatientMerge, user: User, now: datetime) -> bool:
    return may(user.role, Right.MANAGE_RECORDS) and merge.undone_at is None and now <= merge.undo_until


async def read_record(
    request: Request, ctx: Context, user: User, patient_id: PydanticObjectId, older: str = ""
) -> dict[str, Any]:
    """The values of a record for a person's eyes; the read is audited. Raises NotFoundError."""
    patient = await patients.read(ctx, patient_id, actor=actor_of(user))
    return await record_values(request, ctx, user, patient, older)


def compared(preview: MergePreview) -> list[dict[str, Any]]:
    """One row for each fact: the surviving record's, the other's, and what it will be."""
    ours, theirs = preview.survivor, preview.other
    return [
        {
            "label": FACTS[name],
            "ours": in_words(name, getattr(ours, name)),
            "theirs": in_words(name, getattr(theirs, name)),
            "result": in_words(name, preview.result[name]),
            "is_changed": name in preview.changed,
            "is_lost": _is_lost(getattr(theirs, name), preview.result[name]),
        }
        for name in COMPARED
    ]


def moved(preview: MergePreview) -> list[str]:
    """`1 campaign`, `3 visits`: what follows to the surviving record."""
    counts = [(count, MOVED[name]) for name, count in preview.moved.items() if name in MOVED]
    return [f"{count} {one if count == 1 else many}" for count, (one, many) in counts]


def _is_lost(theirs: Any, result: Any) -> bool:
    """True when the other record says something that the surviving one will not."""
    return bool(theirs) and _plain(theirs) not in _plain(result)


def _plain(value: Any) -> str:
    return in_words("", value).casefold()


def in_words(name: str, value: Any) -> str:
    """A stored fact as the front desk says it; empty for none."""
    if not value:
        return ""
    if isinstance(value, list):
        return ", ".join(words.CHANNELS[ChannelType(one)] for one in value)
    if isinstance(value, date):  # a datetime too: that is how a date is stored
        return f"{value.day} {value:%b %Y}"
    if name == "phone":
        return readable_phone(str(value))
    tables = {"patient_type": PERSON_TYPES, "language": LANGUAGES}
    return tables.get(name, {}).get(str(value), str(value))
