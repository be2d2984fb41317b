"""What a text states in figures: prices, shares, lengths, phone numbers, times, days, bare numbers. Pure.

An answer may state only what its sources state, and as the same thing: sixty minutes do not become sixty dollars.
"""

import re
from dataclasses import dataclass

from app.domain.reply_days import CLOCK, clock_times, known_days, named_days
from app.domain.reply_letters import plain_letters
from app.domain.reply_numbers import with_digits

_AMOUNT = r"\d+(?:[.,]\d+)*"
_CURRENCY = r"(?:dollars?|usd|us\$|bucks?|quid|pounds?|gbp|euros?|eur|cents?|pesos?|dolares|libras?|[$€£¥])"
_PRICE = re.compile(rf"(?:[$€£¥]|\b(?:usd|eur|gbp))\s?({_AMOUNT})|\b({_AMOUNT})\s?-?(?:k\s?)?{_CURRENCY}(?!\w)")
_PRICE_WORDS = (
    r"\b(?:costs?|prices?|priced|fees?|charges?|pay|paying|deposits?|co-?pay\w*|cuestan?|precios?|tarifas?|cobramos"
    r"|coutent?|coute|prix|tarifs?)\b"
)
_PRICE_LIKE = re.compile(
    rf"{_PRICE_WORDS}[^.!?\n\d]{{0,24}}({_AMOUNT})(?!\w|\s?(?:%|-?\s?(?:min|h\b|hour|day|week|month|year)))"
)
_SHARE = re.compile(rf"\b({_AMOUNT})\s?(?:%|percent\b|per cent\b|por ciento\b|pour cent\b)")
_LENGTHS = {
    "minute": r"min(?:ute|uto)?s?",
    "hour": r"(?:hours?|hrs?|horas?|heures?)",
    "day": r"(?:days?|dias?|jours?)",
    "week": r"(?:weeks?|semanas?|semaines?)",
    "month": r"(?:months?|mes(?:es)?|mois)",
    "year": r"(?:years?|anos?|ans?)",
}
_LENGTH = {unit: re.compile(rf"\b({_AMOUNT})[ -]?{name}\b") for unit, name in _LENGTHS.items()}
_ISO_OR_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}[/.]\d{1,2}[/.]\d{2,4}\b|\b\d{1,2}/\d{1,2}\b")
_PHONE = re.compile(r"(?<![\w.,])\+?\(?\d(?:[ ()./-]{0,3}\d){6,}")
_NUMBER = re.compile(_AMOUNT)
_THOUSANDS = re.compile(r"\d{1,3}(?:[.,]\d{3})+")


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything in figures. Amounts are normal decimals: "1,500.00" and "1500" are one."""

    prices: frozenset[str]
    shares: frozenset[str]
    lengths: frozenset[tuple[str, str]]
    phones: frozenset[str]
    dates: frozenset[str]
    times: tuple[frozenset[int], ...]
    """Each time of day with all that it may mean, in minutes after midnight."""
    days: frozenset[str]
    bare: frozenset[str]
    """Amounts that are nothing of the above."""
    numbers: frozenset[str]
    """Every amount."""
    has_currency: bool


def facts_of(text: str, *, is_source: bool) -> Facts:
    """Read a text; of a source also what it only implies, such as the days of a range."""
    body = with_digits(plain_letters(text).lower())
    dates, rest = _taken(_ISO_OR_DATE, body)
    phones, rest = _taken(_PHONE, rest)
    times = tuple(meanings for _, meanings in clock_times(rest))
    _, rest = _taken(CLOCK, rest)
    lengths: set[tuple[str, str]] = set()
    for unit, rule in _LENGTH.items():
        found, rest = _taken(rule, rest)
        lengths |= {(unit, _amount_in(length)) for length in found}
    shares, rest = _taken(_SHARE, rest)
    marked, rest = _taken(_PRICE, rest)
    told = _PRICE_LIKE.findall(rest)
    return Facts(
        prices=frozenset(map(_amount_in, marked)) | frozenset(map(_decimal, told)),
        shares=frozenset(map(_amount_in, shares)),
        lengths=frozenset(lengths),
        phones=frozenset(re.sub(r"\D", "", phone) for phone in phones),
        dates=frozenset(dates),
        times=times,
        days=known_days(body) if is_source else named_days(body),
        bare=frozenset(map(_decimal, _NUMBER.findall(rest))),
        numbers=frozenset(map(_decimal, [*_NUMBER.findall(body), *re.findall(r"\d+", body)])),
        has_currency=bool(marked),
    )


def _taken(rule: re.Pattern[str], text: str) -> tuple[list[str], str]:
    """What the rule finds, and the text without it."""
    return [match[0] for match in rule.finditer(text)], rule.sub(" ", text)


def _amount_in(text: str) -> str:
    return _decimal(_NUMBER.findall(text)[0])


def unfounded(said: Facts, known: Facts, quoted: Facts) -> str | None:
    """The rule that one of the figures breaks, or None. `quoted` are the patient's own: bare numbers at most."""
    unmarked = frozenset() if known.has_currency else known.bare
    checks = (
        ("phone_not_in_sources", not all(_is_known_phone(phone, known.phones) for phone in said.phones)),
        ("price_not_in_sources", bool(said.prices - known.prices - unmarked)),
        ("price_not_in_sources", bool(said.shares - known.shares)),
        ("date_not_in_sources", bool(said.days - known.days) or bool(said.dates - known.dates)),
        ("date_not_in_sources", not all(_is_known_time(meanings, known) for meanings in said.times)),
        ("number_not_in_sources", any(_is_foreign(pair, known) for pair in said.lengths)),
        ("number_not_in_sources", bool(said.bare - known.numbers - quoted.bare)),
    )
    return next((rule for rule, breaks in checks if breaks), None)


def _is_foreign(pair: tuple[str, str], known: Facts) -> bool:
    """A length that the sources do not give; a bare number of theirs may be one ("30 to 60 minutes")."""
    return pair not in known.lengths and pair[1] not in known.bare


def _is_known_phone(phone: str, known: frozenset[str]) -> bool:
    return any(each.endswith(phone) or phone.endswith(each) for each in known)


def _is_known_time(meanings: frozenset[int], known: Facts) -> bool:
    if any(meanings & each for each in known.times):
        return True
    return any(minutes % 60 == 0 and str(minutes // 60) in known.numbers for minutes in meanings)


def _decimal(amount: str) -> str:
    """One spelling of an amount: "1,500" -> 1500, "1.250,50" -> 1250.5, "0,50" -> 0.5, "08" -> 8."""
    if {",", "."} <= set(amount):  # the later sign divides the cents off, the earlier one only groups
        last = max(amount.rindex(","), amount.rindex("."))
        amount = re.sub(r"[.,]", "", amount[:last]) + "." + amount[last + 1 :]
    plain = re.sub(r"[.,]", "", amount) if _THOUSANDS.fullmatch(amount) else amount.replace(",", ".")
    if plain.count(".") > 1:
        return plain
    whole, _, part = plain.partition(".")
    part = part.rstrip("0")
    return f"{whole.lstrip('0') or '0'}{'.' + part if part else ''}"
