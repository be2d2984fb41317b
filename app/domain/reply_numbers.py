"""Numbers that are written as words, in English, Spanish and French, as digits: "four hundred dollars". Pure.

Small words that are no numbers in most sentences ("one of us", "un", "une") stay words unless a unit follows them.
"""

import re

SMALLEST_ALONE = 13
"""Below this a number word without a unit is an ordinary word: "two of us", "once", "six"."""
_UP_TO_NINETEEN = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen",
    "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciseis diecisiete "
    "dieciocho diecinueve",
    "zero un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit "
    "dix-neuf",
)
_TENS = (
    "twenty thirty forty fifty sixty seventy eighty ninety",
    "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa",
    "vingt trente quarante cinquante soixante soixante-dix quatre-vingts quatre-vingt-dix",
)
_HUNDREDS = (
    "doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos",
    "deux-cents trois-cents quatre-cents cinq-cents six-cents sept-cents huit-cents neuf-cents",
)
_VEINTI = "veintiuno veintidos veintitres veinticuatro veinticinco veintiseis veintisiete veintiocho veintinueve"


def _counted(rows: tuple[str, ...], first: int, step: int) -> dict[str, int]:
    return {word: first + step * place for row in reversed(rows) for place, word in enumerate(row.split())}


VALUES: dict[str, int] = (
    _counted(_UP_TO_NINETEEN, 0, 1)
    | _counted(_TENS, 20, 10)
    | _counted(_HUNDREDS, 200, 100)
    | _counted((_VEINTI,), 21, 1)
    | {"un": 1, "una": 1, "une": 1, "fourty": 40, "quatre-vingt": 80, "veintiun": 21, "dozen": 12}
)
SCALES = {"hundred": 100, "cien": 100, "ciento": 100, "cent": 100, "thousand": 1_000, "mil": 1_000, "mille": 1_000}
UNITS = (
    r"(?:dollars?|usd|bucks?|quid|pounds?|gbp|euros?|eur|cents?|pesos?|dolares|libras?|percent|per cent|por ciento"
    r"|pour cent|%|\$|€|£|o'?clock|am|pm|a\.m|p\.m|minutes?|mins?|minutos?|hours?|hrs?|horas?|heures?|days?|dias?"
    r"|jours?|weeks?|semanas?|semaines?|months?|mes|meses|mois|years?|anos?|ans|mg|ml|milligrams?|tablets?|pills?"
    r"|pastillas?|comprimes?)"
)
_NAMES = "|".join(sorted({*VALUES, *SCALES}, key=len, reverse=True)).replace("-", "[- ]")
_RUN = re.compile(rf"\b(?:(?:a|an) )?(?:{_NAMES})(?:(?:[ -]| and | y | et )(?:{_NAMES}))*\b")
_NAME = re.compile(rf"\b(?:{_NAMES})\b")
_UNIT_AHEAD = re.compile(rf"[ -]?{UNITS}(?!\w)")
_ARTICLES = frozenset({"un", "una", "une"})
_MONEY_AHEAD = re.compile(r"[ -]?(?:dol[al]+\w*|euros?|pesos?|libras?|cents?)\b")


def with_digits(text: str) -> str:
    """The text with its number words as digits. Takes lower-case text as `plain_letters` gives it."""
    return _RUN.sub(lambda run: _spelled(run, text), text)


def _spelled(run: re.Match[str], text: str) -> str:
    names = [name[0].replace(" ", "-") for name in _NAME.finditer(run[0])]
    if len(names) == 1 and names[0] in _ARTICLES:  # "un dia", "une heure" name no length
        return "1" if _MONEY_AHEAD.match(text, run.end()) else run[0]
    is_lone_scale = len(names) == 1 and names[0] in SCALES and not run[0].startswith(("a ", "an "))
    value = _value(names)
    if _UNIT_AHEAD.match(text, run.end()) or (value >= SMALLEST_ALONE and not is_lone_scale):
        return str(value)
    return run[0]


def _value(names: list[str]) -> int:
    total = current = 0
    for name in names:
        if name not in SCALES:
            current += VALUES[name]
            continue
        current = max(current, 1) * SCALES[name]
        if SCALES[name] > SCALES["hundred"]:
            total, current = total + current, 0
    return total + current
