"""Days, months and clock times that a text names, in English, Spanish and French, in one spelling. Pure.

"Tuesday", "martes" and "Mon-Fri" all speak of Tuesday; 9 am, 09:00 and "9h" all speak of nine in the morning.
"""

import re
from collections.abc import Iterator

DAY_MINUTES = 24 * 60
_HALF_DAY = DAY_MINUTES // 2
_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAYS = (
    "monday tuesday wednesday thursday friday saturday sunday",
    "lunes martes miercoles jueves viernes sabado domingo",
    "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "mon tue wed thu fri sat sun",
    "mon tues weds thur fri sat sun",
    "mon tues weds thurs fri sat sun",
)
_MONTHS = (
    "january february march april may june july august september october november december",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre",
    "jan feb mar apr may jun jul aug sept oct nov dec",
    "ene feb mar abr mayo jun jul ago sep oct nov dic",
)
_DAY_OF = {word: place for row in _WEEKDAYS for place, word in enumerate(row.split())}
_MONTH_OF = {word: place + 1 for row in _MONTHS for place, word in enumerate(row.split())}
_AMBIGUOUS = frozenset("may march mars mar mai sat sun sept dec jan ago wed".split())
"""Words that mean something else as well; they count beside a number or after "in", "on", "until"."""
_DAYS = "|".join(sorted(_DAY_OF, key=len, reverse=True))
_MONTH_NAMES = "|".join(sorted(_MONTH_OF, key=len, reverse=True))
_NAME = re.compile(rf"\b({_DAYS}|{_MONTH_NAMES})(?:s|\.)?(?=\W|$)")
_BESIDE = re.compile(
    r"(?:\d(?:st|nd|rd|th|er)?,? (?:of |de |d')?|\b(?:in|on|until|till|by|since|en|de|el|le|ce|this|next|last) )$"
)
_AFTER = re.compile(r"^\.?,? ?(?:the )?\d|^ ?[-/&] ?(?:\w)")
_RANGE = re.compile(rf"\b({_DAYS})s?\.? ?(?:-|to|through|thru|until|till|a|al|au|hasta|jusqu'au) ?({_DAYS})\b")
_EVERY_DAY = re.compile(r"\b(?:every day|daily|seven days|7 days|todos los dias|tous les jours)\b")
_WEEKEND = re.compile(r"\b(?:weekends?|fin(?:es)? de semana|week-ends?)\b")
_RELATIVE = re.compile(
    r"\b(?:today|tonight|tomorrow|yesterday|(?:this|next|coming) (?:morning|afternoon|evening|week|weekend)"
    r"|hoy|manana mismo|pasado manana|(?:la )?(?:proxima semana|semana que viene)"
    r"|aujourd'hui|demain|(?:la )?semaine prochaine|ce soir)\b"
)
_ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
CLOCK = re.compile(
    r"\b(\d{1,2})(?: ?[:.h] ?([0-5]\d))? ?(am|pm|a\.m|p\.m)\b|\b(\d{1,2}) ?[:h] ?([0-5]\d)\b|\b(\d{1,2}) ?(?:h|o'?clock"
    r"|uhr)\b"
)
_NAMED_TIME = {"noon": 720, "midday": 720, "mediodia": 720, "midi": 720, "midnight": 0, "medianoche": 0, "minuit": 0}
_NAMED = re.compile(rf"(?<![\w-])(?:{'|'.join(_NAMED_TIME)})\b")
_TOLD = re.compile(r"\b(half past|quarter past|quarter to) (\d{1,2}|[a-z]+)\b")
_SHIFT = {"half past": 30, "quarter past": 15, "quarter to": -15}
_HOURS = {
    word: place + 1
    for place, word in enumerate("one two three four five six seven eight nine ten eleven twelve".split())
}


def named_days(text: str) -> frozenset[str]:
    """Weekdays as `day:tuesday`, months as `month:5`, and words like "tomorrow" as they are."""
    found = {_canonical(match[1]) for match in _NAME.finditer(text) if _is_meant(match, text)}
    return frozenset(found | {f"word:{match[0]}" for match in _RELATIVE.finditer(text)} | _weekend(text))


def known_days(text: str) -> frozenset[str]:
    """What a source speaks of: the same, with every day of a range and the parts of dates like 2026-05-02."""
    found = set(named_days(text)) | {_canonical(match[1]) for match in _NAME.finditer(text)}
    for first, last in _RANGE.findall(text):
        found |= {f"day:{_WEEK[day % 7]}" for day in _span(_DAY_OF[first], _DAY_OF[last])}
    if _EVERY_DAY.search(text):
        found |= {f"day:{day}" for day in _WEEK}
    if found & {"day:saturday", "day:sunday"}:
        found.add("word:weekend")
    return frozenset(found | {f"month:{int(month)}" for _, month, _ in _ISO.findall(text)})


def clock_times(text: str) -> Iterator[tuple[str, frozenset[int]]]:
    """Each time of day as it stands, and the minutes after midnight that it may mean: "5:30" means two."""
    for match in CLOCK.finditer(text):
        hour, minute = int(match[1] or match[4] or match[6]), int(match[2] or match[5] or 0)
        if hour <= 24:
            yield match[0], _meanings(hour * 60 + minute, half=(match[3] or "").replace(".", ""))
    for match in _NAMED.finditer(text):
        yield match[0], frozenset({_NAMED_TIME[match[0]]})
    for match in _TOLD.finditer(text):
        hour = int(match[2]) if match[2].isdigit() else _HOURS.get(match[2], 0)
        yield match[0], _meanings(hour * 60 + _SHIFT[match[1]], half="")


def _meanings(minutes: int, *, half: str) -> frozenset[int]:
    base = minutes % DAY_MINUTES
    if half:
        return frozenset({base % _HALF_DAY + (_HALF_DAY if half == "pm" else 0)})
    return frozenset({base, (base + _HALF_DAY) % DAY_MINUTES} if minutes <= _HALF_DAY + 59 else {base})


def _canonical(word: str) -> str:
    return f"day:{_WEEK[_DAY_OF[word]]}" if word in _DAY_OF else f"month:{_MONTH_OF[word]}"


def _is_meant(match: re.Match[str], text: str) -> bool:
    if match[1] not in _AMBIGUOUS:
        return True
    before, after = text[max(0, match.start() - 12) : match.start()], text[match.end(1) : match.end(1) + 8]
    return bool(_BESIDE.search(before) or _AFTER.search(after))


def _weekend(text: str) -> set[str]:
    return {"word:weekend"} if _WEEKEND.search(text) else set()


def _span(first: int, last: int) -> range:
    return range(first, last + 1 if last >= first else last + 8)
