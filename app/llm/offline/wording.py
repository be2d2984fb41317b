"""The words of proactive messages: one template per campaign type, attempt and language (domain.md section 5).

No link and no footer (code appends both), no price, no clinical claim, no hurry, nothing about treatment in a subject.
"""

import re
from dataclasses import dataclass
from datetime import date

from app.domain.phrases import find_all, normalise
from app.domain.screening import visible_text
from app.llm.base import Draft, FollowUpBrief
from app.llm.offline.rules import RULES, Signal
from app.llm.offline.wording_en import ENGLISH
from app.llm.offline.wording_es import SPANISH
from app.llm.offline.wording_fr import FRENCH
from app.llm.offline.wording_language import Language, Template
from app.models.enums import CampaignType, ChannelType

LANGUAGES = {"en": ENGLISH, "es": SPANISH, "fr": FRENCH}
MAX_SHORT_CHARS = 300
"""Of an SMS or WhatsApp message."""
MAX_NAME_CHARS = 40
MAX_CLINIC_CHARS = 60
MAX_INQUIRY_CHARS = 80
LAST_TEMPLATE = 3

_URL = re.compile(
    r"\b(?:https?|ftp)\b[^\s]*|\bwww\.[^\s]*|\b[\w-]{1,63}\.(?:com|net|org|io|co|info|biz|me|ru|xyz|example)\b[^\s]*",
    re.IGNORECASE,
)
_UNSAFE = re.compile(r"[^\w\s.,;:!?'’()&+%$€£/-]|_")


@dataclass(frozen=True, slots=True)
class _Values:
    """What a template may be filled with; a sentence that has nothing to say is empty."""

    name: str
    clinic: str
    last_visit: str
    due: str
    inquiry: str
    closing: str


def write_follow_up(brief: FollowUpBrief) -> Draft:
    """The draft of one proactive message; its wording depends on the attempt, so that none repeats the one before."""
    language = LANGUAGES.get(brief.language[:2].lower(), ENGLISH)
    template = _template(language, brief)
    values = _values(language, brief)
    if brief.channel is not ChannelType.EMAIL:
        return Draft(subject="", body=_fill(template.short, values)[:MAX_SHORT_CHARS])
    return Draft(subject=_fill(template.subject, values), body=_fill(template.body, values))


def _template(language: Language, brief: FollowUpBrief) -> Template:
    if brief.is_nudge:
        return language.nudge
    attempts = language.recall if brief.campaign_type is CampaignType.RECALL else language.recovery
    return attempts[min(max(brief.attempt, 1), LAST_TEMPLATE) - 1]


def _values(language: Language, brief: FollowUpBrief) -> _Values:
    inquiry = safe_inquiry(brief.initial_inquiry or "")
    is_last = 1 < brief.attempt >= brief.max_attempts
    return _Values(
        name=_one_line(brief.patient_first_name, MAX_NAME_CHARS) or language.no_name,
        clinic=_one_line(brief.clinic_name, MAX_CLINIC_CHARS) or language.no_clinic,
        last_visit=_sentence(language.last_visit, _month(language, brief.last_visit_on)),
        due=_sentence(language.due, _month(language, brief.due_on)),
        inquiry=_sentence(language.inquiry, inquiry),
        closing=f" {language.last_note}" if is_last else "",
    )


def safe_inquiry(text: str) -> str:
    """A cold lead's own words, fit to be quoted in one line; empty when they are orders to a machine or only a link."""
    line = _one_line(_UNSAFE.sub(" ", _URL.sub(" ", visible_text(text))), MAX_INQUIRY_CHARS)
    body = normalise(text)
    is_order = any(next(find_all(rule, body), None) is not None for rule in RULES[Signal.INJECTION])
    return "" if is_order else line.rstrip(" .,;:!?-")


def _one_line(text: str, limit: int) -> str:
    """Printable, on one line, cut at a word."""
    line = " ".join("".join(char if char.isprintable() else " " for char in _URL.sub(" ", text)).split())
    if len(line) <= limit:
        return line
    return line[: limit + 1].rsplit(" ", 1)[0][:limit]


def _month(language: Language, day: date | None) -> str:
    return "" if day is None else f"{language.months[day.month - 1]} {day.year}"


def _sentence(template: str, value: str) -> str:
    return f" {template.replace('{}', value)}" if value else ""


def _fill(template: str, values: _Values) -> str:
    """Replace each {field}; a value is put in as it is, so braces in a name stay a name."""
    return re.sub(r"\{(\w+)\}", lambda field: str(getattr(values, field[1])), template).strip()
