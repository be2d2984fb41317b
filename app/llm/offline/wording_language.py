"""What one language must bring for the proactive messages."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Template:
    """One message. Fields in braces are those of `wording._Values`; `short` is for SMS and WhatsApp."""

    subject: str
    body: str
    short: str


@dataclass(frozen=True, slots=True)
class Language:
    """The templates of a language: three attempts of each campaign type, and the nudge for an unused booking link."""

    recall: tuple[Template, Template, Template]
    recovery: tuple[Template, Template, Template]
    nudge: Template
    months: tuple[str, ...]
    last_visit: str
    due: str
    inquiry: str
    last_note: str
    no_name: str
    no_clinic: str
