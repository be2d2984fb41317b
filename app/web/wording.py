"""How a page says things in the visitor's language: sentences, days, months and times of day (ADR 0016).

`speaking(...)` names the language for as long as one page is rendered; everything else here reads it.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime
from gettext import NullTranslations
from typing import Any
from zoneinfo import ZoneInfo

import phonenumbers
from babel import Locale, dates

from app.web.catalogues import SOURCE_LANGUAGE, translations


@dataclass(frozen=True, slots=True)
class Speech:
    """A language (ISO 639-1), its catalogue, and the locale that writes dates and times."""

    language: str
    locale: Locale

    @property
    def catalogue(self) -> NullTranslations:
        return translations(self.language)


PLAIN_ENGLISH = Speech(SOURCE_LANGUAGE, Locale("en", "US"))
_FIRST_NUMBER = re.compile(r"\d+")
_speech: ContextVar[Speech] = ContextVar("speech", default=PLAIN_ENGLISH)


@contextmanager
def speaking(speech: Speech) -> Iterator[None]:
    """Everything below speaks like this."""
    former = _speech.set(speech)
    try:
        yield
    finally:
        _speech.reset(former)


def gettext(sentence: str) -> str:
    """The sentence in the visitor's language, or as it is when the catalogue lacks it."""
    return _speech.get().catalogue.gettext(sentence)


def ngettext(one: str, many: str, number: int) -> str:
    """The form of the sentence that fits the number."""
    return _speech.get().catalogue.ngettext(one, many, number)


def later(sentence: str) -> str:
    """Marks a sentence in Python code for the catalogues; a template translates it with `| translated`."""
    return sentence


def translated(sentence: str) -> str:
    """A sentence that a value holds, such as a service's refusal. It stays text: autoescape judges it as any value."""
    return gettext(sentence) if sentence else sentence


def day_in_words(day: date | str) -> str:
    """`Tuesday, November 24, 2026` or `martes, 24 de noviembre de 2026`, for a date or its ISO text."""
    day = date.fromisoformat(day) if isinstance(day, str) else day
    return dates.format_date(day, "full", _speech.get().locale)


def as_heading(words: str) -> str:
    """The words with a capital: Spanish and French write days and months small, but not at the start of a line."""
    return words[:1].upper() + words[1:]


def month_in_words(day: date) -> str:
    """`November 2026`, for any day of it."""
    return dates.format_skeleton("yMMMM", day, locale=_speech.get().locale)


def weekday_in_words(day: date, width: str = "wide") -> str:
    """`Tuesday`, or with `abbreviated` `Tue`, as it stands alone."""
    names: Mapping[Any, str] = _speech.get().locale.days["stand-alone"][width]
    return names[day.weekday()]


def clock(moment: datetime | str, zone: ZoneInfo) -> str:
    """`2:30 PM` or `14:30` on the wall clock of the zone, for an aware instant or its ISO text."""
    moment = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return dates.format_time(moment.astimezone(zone), "short", tzinfo=zone, locale=_speech.get().locale)


def moment_in_words(moment: datetime | str, zone: ZoneInfo) -> str:
    """`Tuesday, November 24, 2026 at 2:30 PM`, on the clinic's wall clock, for an aware instant or its ISO text."""
    moment = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    local = moment.astimezone(zone)
    time = clock(local, zone)
    # Spanish says "a la 1:30" but "a las 2:30": the number that picks the form is the hour as it is written.
    hour = _FIRST_NUMBER.search(time)
    sentence = ngettext("%(day)s at %(time)s", "%(day)s at %(time)s", int(hour[0]) if hour else 0)
    return sentence % {"day": day_in_words(local.date()), "time": time}


def readable_phone(number: str) -> str:
    """`+1 518-555-0142` for an E.164 number; any other text as it is."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
