"""Orders to a machine inside a message: where one begins, so that nothing in it is ever carried out (trust.md 3).

An order is known by what it speaks of - prompts, labels, records, words to be said - and by its dress: markup, JSON,
coded text. What a patient wrote before it may count; what stands after it belongs to it.
"""

import re

from app.domain.order_words import INJECTION, INJECTION_MARKUP, WEAK_MARKS
from app.domain.phrases import find_all, normalise

_MARKUP = re.compile(INJECTION_MARKUP, re.IGNORECASE | re.MULTILINE)
_ENOUGH_WEAK = 2
"""So many different weak marks in one message are an order."""


def text_before_order(raw: str, body: str) -> str | None:
    """The normalised text before an order to a machine; None when there is no such order. `body` is normalised."""
    found = _MARKUP.search(raw)
    before = normalise(raw[: found.start()]) if found else body
    at = _first_order(before)
    if at is not None:
        return before[: before.rfind("|", 0, at) + 1]
    return before if found else None


def marks_of_orders(body: str) -> set[str]:
    """Names of the weak marks in a normalised text: one alone is no order, yet tells something."""
    return {rule.name for rule in WEAK_MARKS if rule.pattern.search(body)}


def is_markup_first(raw: str) -> bool:
    """Whether a message begins with the markup of an order."""
    return _MARKUP.match(raw.strip()) is not None


def _first_order(body: str) -> int | None:
    strong = [at for rule in INJECTION for at in find_all(rule, body)]
    if strong:
        return min(strong)
    weak = [next(find_all(rule, body), None) for rule in WEAK_MARKS]
    seen = [at for at in weak if at is not None]
    return min(seen) if len(seen) >= _ENOUGH_WEAK else None
