"""One cell of a patient file into the value that is stored: the limits of the API's own fields, nothing guessed."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

from app.domain.import_columns import ImportField as F
from app.domain.personal_names import in_reading_order
from app.domain.plain_text import line_problem, text_problem
from app.errors import InvalidInputError
from app.models.base import stored_date
from app.models.clinic import Clinic
from app.models.enums import ChannelType, DateFormat, PatientType
from app.services import addresses

LINE, TEXT, ADDRESS, PHONE = 200, 1_000, 254, 32
MOST_MONEY = 10_000_000
YEARS = range(1900, 2200)

MIDNIGHT = re.compile(r"(?:[T ]0?0:00(?::00)?(?:\.0+)?|[ ]12:00(?::00)? ?AM)$", re.IGNORECASE)
"""What a spreadsheet puts behind a date that has no time."""
ISO_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
OTHER_DAY = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})")
NO_DAYS = ("0001-01-01", "0000-00-00", "01/01/0001", "1/1/0001")
"""What practice systems write for "no date"."""
MONEY = re.compile(r"[$€£]? ?(\d{1,3}(?:,\d{3})+|\d+)(\.\d{1,2})?")
LOCAL = 64
SIMPLE_LOCAL = re.compile(r"[A-Za-z0-9]+(?:[._+-][A-Za-z0-9]+)*")
SIMPLE_DOMAIN = re.compile(r"[A-Za-z0-9.-]+")
LANGUAGE = re.compile(r"[a-z]{2}")

LANGUAGES = {"english": "en", "eng": "en", "spanish": "es", "español": "es", "spa": "es", "french": "fr", "fra": "fr"}
CHANNELS = {
    "email": ChannelType.EMAIL,
    "sms": ChannelType.SMS,
    "text": ChannelType.SMS,
    "textmessage": ChannelType.SMS,
    "whatsapp": ChannelType.WHATSAPP,
}
PATIENT_TYPES = {"existing": PatientType.EXISTING, "coldlead": PatientType.COLD_LEAD, "lead": PatientType.COLD_LEAD}
STOPS = {"yes": "all", "y": "all", "true": "all", "1": "all", "x": "all", "all": "all"}
NO_STOPS = ("no", "n", "false", "0", "none")


class CellError(ValueError):
    """Why a cell cannot be stored: the rest of a sentence that begins with the field, never what the cell holds."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What stands for the whole file."""

    clinic: Clinic
    date_format: DateFormat
    patient_type: PatientType | None
    today: date
    """In the clinic's zone."""


def _word(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def _line(text: str, _: Reading) -> str:
    if problem := line_problem(text, most=LINE):
        raise CellError(problem)
    return text


def _name(text: str, reading: Reading) -> str:
    return in_reading_order(_line(text, reading))


def _text(text: str, _: Reading) -> str:
    if problem := text_problem(text, most=TEXT):
        raise CellError(problem)
    return text


def _email(text: str, _: Reading) -> str:
    if len(text) <= ADDRESS and (address := _plain_address(text) or _any_address(text)):
        return address
    raise CellError("is not one e-mail address")


def _any_address(text: str) -> str | None:
    try:
        return validate_email(text, check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        return None


def _plain_address(text: str) -> str | None:
    """The same answer for the simple addresses that nearly all are: their few domains are validated once."""
    local, _, domain = text.partition("@")
    if len(local) > LOCAL or not SIMPLE_LOCAL.fullmatch(local) or not SIMPLE_DOMAIN.fullmatch(domain):
        return None
    normal = _normal_domain(domain.lower())
    return f"{local.lower()}@{normal}" if normal else None


@lru_cache(maxsize=4_096)
def _normal_domain(domain: str) -> str | None:
    address = _any_address(f"a@{domain}")
    return address.partition("@")[2] if address else None


def phone(text: str, reading: Reading) -> str:
    """E.164, read in the clinic's country. Raises CellError."""
    try:
        if 3 <= len(text) <= PHONE and (number := addresses.phone_in_e164(text, reading.clinic)):
            return number
    except InvalidInputError:
        pass
    raise CellError("is not a phone number")


def _patient_type(text: str, _: Reading) -> PatientType:
    if found := PATIENT_TYPES.get(_word(text)):
        return found
    raise CellError("must be EXISTING or COLD_LEAD")


def _channels(text: str, _: Reading) -> list[str]:
    found = [CHANNELS.get(_word(word)) for word in re.split(r"[;,/|+]", text) if word.strip()]
    if not found or None in found:
        raise CellError("must be email, sms or whatsapp, or several of them")
    return [channel.value for channel in dict.fromkeys(found) if channel]


def day(text: str, reading: Reading) -> datetime | None:
    """As stored (midnight UTC); None for what practice systems write when there is no date. Raises CellError."""
    return _day(text, reading.date_format)


@lru_cache(maxsize=8_192)  # a file repeats its days
def _day(text: str, date_format: DateFormat) -> datetime | None:
    found = ISO_DAY.fullmatch(text)
    bare = text if found else MIDNIGHT.sub("", text)
    if bare in NO_DAYS:
        return None
    try:
        if found := found or ISO_DAY.fullmatch(bare):
            return _plausible(*map(int, found.groups()))
        if date_format is not DateFormat.ISO and (found := OTHER_DAY.fullmatch(bare)):
            first, second, year = int(found[1]), int(found[3]), int(found[4])
            is_day_first = date_format is DateFormat.DAY_FIRST
            return _plausible(year, second, first) if is_day_first else _plausible(year, first, second)
    except ValueError:
        raise CellError("is no date of the calendar") from None
    raise CellError(DAY_FORMATS[date_format])


DAY_FORMATS = {
    DateFormat.ISO: "must be YYYY-MM-DD; for another order say which one (date_format dmy or mdy)",
    DateFormat.DAY_FIRST: "must be DD/MM/YYYY or YYYY-MM-DD",
    DateFormat.MONTH_FIRST: "must be MM/DD/YYYY or YYYY-MM-DD",
}


def _plausible(year: int, month: int, day_of_month: int) -> datetime:
    if year not in YEARS:
        raise ValueError
    return stored_date(date(year, month, day_of_month))


def _past_day(text: str, reading: Reading) -> datetime | None:
    found = day(text, reading)
    if found and found.date() > reading.today:
        raise CellError("lies in the future")
    return found


def _language(text: str, _: Reading) -> str:
    word = text.casefold()
    code = LANGUAGES.get(word, re.split(r"[-_]", word)[0])
    if not LANGUAGE.fullmatch(code):
        raise CellError("must be a language of two letters, such as en or es")
    return code


def _money(text: str, _: Reading) -> float:
    found = MONEY.fullmatch(text)
    value = float(found[1].replace(",", "") + (found[2] or "")) if found and len(text) < TEXT else MOST_MONEY + 1
    if value > MOST_MONEY:
        raise CellError(f"must be an amount from 0 to {MOST_MONEY:,}, such as 1250.00")
    return value


def _stop(text: str, _: Reading) -> str | None:
    """A channel, `all`, or None: an import can add a stop, it never takes one back."""
    word = _word(text)
    if word in NO_STOPS:
        return None
    if found := STOPS.get(word) or CHANNELS.get(word):
        return str(found)
    raise CellError("must be yes, no, email, sms or whatsapp")


READERS: dict[F, Callable[[str, Reading], object]] = {
    F.NAME: _name,
    F.FIRST_NAME: _line,
    F.LAST_NAME: _line,
    F.EMAIL: _email,
    F.PHONE: phone,
    F.PATIENT_TYPE: _patient_type,
    F.PREFERRED_CHANNEL: _channels,
    F.NEXT_FOLLOW_UP_DATE: day,
    F.DATE_OF_BIRTH: _past_day,
    F.LANGUAGE: _language,
    F.NOTES: _text,
    F.LAST_VISIT_ON: _past_day,
    F.PROCEDURE: _line,
    F.ESTIMATED_VALUE: _money,
    F.INITIAL_INQUIRY: _text,
    F.OPT_OUT: _stop,
}
