"""When somebody who is away says to be back: explicit dates only, never a guess (agent.md section 3, "Dates").

English, Spanish, French and German. A date that can be read in two ways, that contradicts its weekday, that has
passed or lies more than half a year ahead is no date.
"""

import re
import unicodedata
from datetime import date, timedelta

FURTHEST = timedelta(days=183)
_READ_CHARS = 3_000

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan enero ene janvier janv januar jaenner",
            "february feb febrero fevrier fevr februar",
            "march mar marzo mars marz maerz mrz",
            "april apr abril abr avril avr",
            "may mayo mai",
            "june jun junio juin juni",
            "july jul julio juillet juil juli",
            "august aug agosto ago aout",
            "september sept sep septiembre setiembre septembre",
            "october oct octubre octobre oktober okt",
            "november nov noviembre novembre",
            "december dec diciembre dic decembre dezember dez",
        ),
        start=1,
    )
    for name in names.split()
}
_WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            "monday mon lunes lundi montag",
            "tuesday tue tues martes mardi dienstag",
            "wednesday wed miercoles mercredi mittwoch",
            "thursday thu thur thurs jueves jeudi donnerstag",
            "friday fri viernes vendredi freitag",
            "saturday sat sabado samedi samstag sonnabend",
            "sunday sun domingo dimanche sonntag",
        )
    )
    for name in names.split()
}


def _any_of(names: dict[str, int]) -> str:
    return "|".join(sorted(names, key=len, reverse=True))


_DATE = (
    rf"(?:(?P<weekday>{_any_of(_WEEKDAYS)})\b\.?,?\s{{0,3}}(?:(?:the|den|der|dem|el|le)\s)?)?(?:"
    r"(?P<iso>\d{4}-\d{2}-\d{2})\b"
    r"|(?P<first>\d{1,2})(?P<sign>[./-])\s?(?P<second>\d{1,2})(?P=sign)\s?(?P<short>\d{4}|\d{2})\b"
    rf"|(?P<month>{_any_of(_MONTHS)})\b\.?\s(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?!:)(?:,?\s(?P<year>\d{{4}})\b)?"
    r"|(?P<day2>\d{1,2})(?:st|nd|rd|th|er|\.)?\s(?:of\s|de\s)?"
    rf"(?P<month2>{_any_of(_MONTHS)})\b\.?(?:,?\s(?:de\s|del\s)?(?P<year2>\d{{4}})\b)?"
    r")"
)
_GAP = (
    r"(?:[\s,:]{1,3}(?:on|to|the|my|office|work|in|am|el|le|la|dem|den|zum|einschliesslich|einschl|inkl|inklusive"
    r"|including|and|at|dia|end|of|day|again|wieder|de|oficina|au|bureau)\b\.?){0,6}[\s,:]{1,3}"
)
_DAY_FIRST_CUES = (
    r"hasta|volver[e]?|vuelvo|regres\w{1,6}|reincorpor\w{1,6}|de vuelta|jusqu ?.?(?:au|a)|de retour|retour|reviens"
    r"|reviendrai|rentre|bis|ab|zuruck|wieder"
)
_CUES = r"until|till|til|through|thru|back|return(?:ing|s)?|resume|available again|from .{3,40}? to"
_AWAY_UNTIL = re.compile(rf"\b(?:(?P<day_first>{_DAY_FIRST_CUES})|{_CUES}){_GAP}{_DATE}")


def returns_on(text: str, *, today: date) -> date | None:
    """The latest date up to which the sender says to be away, or on which to be back; None without a clear one."""
    found = [_read(match, today) for match in _AWAY_UNTIL.finditer(_folded(text))]
    ahead = [day for day in found if day is not None and today <= day <= today + FURTHEST]
    return max(ahead, default=None)


def _folded(text: str) -> str:
    """Lower case, no accents, one space for any blank: how the patterns are written."""
    plain = unicodedata.normalize("NFD", text[:_READ_CHARS].lower().replace("ß", "ss"))
    kept = "".join(sign for sign in plain if not unicodedata.combining(sign))[:_READ_CHARS]
    return " ".join(kept.replace("’", "'").replace("'", " ").split())


def _read(match: re.Match[str], today: date) -> date | None:
    try:
        day = _day(match, today)
    except ValueError:  # the 31st of November
        return None
    weekday = match["weekday"]
    return None if day is None or (weekday and _WEEKDAYS[weekday] != day.weekday()) else day


def _day(match: re.Match[str], today: date) -> date | None:
    if match["iso"]:
        return date.fromisoformat(match["iso"])
    if match["first"]:
        return _numeric(match)
    month = _MONTHS[match["month"] or match["month2"]]
    number, year = int(match["day"] or match["day2"]), match["year"] or match["year2"]
    return date(int(year), month, number) if year else _next(month, number, today)


def _numeric(match: re.Match[str]) -> date | None:
    """Dots and the three other languages put the day first; 12/11 in English may be either, so it is neither."""
    first, second, year = int(match["first"]), int(match["second"]), int(match["short"])
    year += 2_000 if year < 100 else 0
    if match["sign"] == "." or match["day_first"] or first > 12 or first == second:
        return date(year, second, first)
    return date(year, first, second) if second > 12 else None


def _next(month: int, number: int, today: date) -> date:
    """A day without its year is the next one."""
    this_year = date(today.year, month, number)
    return this_year if this_year >= today else date(today.year + 1, month, number)
