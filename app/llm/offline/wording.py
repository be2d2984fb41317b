"""The words of proactive messages: one template per campaign type, attempt and language (domain.md section 5).

No link and no footer (code appends both), no price, no clinical claim, no hurry, nothing about treatment in a subject.
"""

import re
from dataclasses import dataclass
from datetime import date

from app.domain.orders import text_before_order
from app.domain.phrases import normalise
from app.domain.repetition import repeats
from app.domain.reply_gate import refusal
from app.domain.screening import visible_text
from app.llm.base import Draft, FollowUpBrief
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
_ORDER = re.compile(
    r"\b(?:say|says|tell|answer|respond|repeat|write|print|output|pretend|act as|you are|ignore|set my|assistant|system"
    r"|developer|admin|prompt|instructions?|diga|dile|escribe|responde|dis|dites|ecris|reponds)\b"
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
    values = _values(language, brief)
    drafts = [_draft(template, values, brief) for template in _templates(language, brief)]
    names = (values.clinic, values.name)
    fresh = (draft for draft in drafts if not repeats(draft.body, brief.former_texts, names=names))
    return next(fresh, None) or min(drafts, key=lambda draft: _last_said(draft, brief.former_texts, names))


def _templates(language: Language, brief: FollowUpBrief) -> list[Template]:
    """This attempt's template first, then the others in turn: there may be more attempts than templates."""
    if brief.is_nudge:
        return [language.nudge]
    attempts = language.recall if brief.campaign_type is CampaignType.RECALL else language.recovery
    first = min(max(brief.attempt, 1), LAST_TEMPLATE) - 1
    return [*attempts[first:], *attempts[:first]]


def _draft(template: Template, values: _Values, brief: FollowUpBrief) -> Draft:
    if brief.channel is not ChannelType.EMAIL:
        return Draft(subject="", body=_fill(template.short, values)[:MAX_SHORT_CHARS])
    return Draft(subject=_fill(template.subject, values), body=_fill(template.body, values))


def _last_said(draft: Draft, former: tuple[str, ...], names: tuple[str, ...]) -> int:
    """How lately it was said: the place of the newest former text that says the same."""
    return max((place for place, text in enumerate(former) if repeats(draft.body, [text], names=names)), default=-1)


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
    """A cold lead's own words, fit to be quoted in one line; empty unless they are a plain question or wish.

    What the clinic's own messages may not hold (figures, names, claims), they do not quote either; orders neither.
    """
    line = _one_line(_UNSAFE.sub(" ", _URL.sub(" ", visible_text(text))), MAX_INQUIRY_CHARS).rstrip(" .,;:!?-")
    body = normalise(text)
    is_order = text_before_order(text, body) is not None
    return "" if is_order or _ORDER.search(body) or refusal(line, sources="") else line


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
