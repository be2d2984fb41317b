"""Is a figure told of the thing that it belongs to? The price of a crown is no answer about a cleaning. Pure.

Judged only where both name treatments that the clinic's vocabulary knows: then the same one must stand beside the
figure in the source, in its line or in the heading above it.
"""

import re
from collections.abc import Iterator

from app.domain.clinic_words import treatments_in
from app.domain.reply_facts import facts_of

_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+")


def is_of_another_thing(text: str, source: str) -> bool:
    """Whether a sentence gives a treatment a price, share or length that the source gives only to others."""
    known = list(_told(source))
    return any(_is_misplaced(sentence, known) for sentence in _SENTENCE.split(text))


def _is_misplaced(sentence: str, known: list[tuple[frozenset[str], frozenset[str]]]) -> bool:
    named = treatments_in(sentence)
    if not named:
        return False
    for figure in _figures(sentence):
        beside = [treatments for treatments, figures in known if figure in figures]
        if beside and all(treatments and not treatments & named for treatments in beside):
            return True
    return False


def _told(source: str) -> Iterator[tuple[frozenset[str], frozenset[str]]]:
    """For each sentence of the source: the treatments it is about, with its heading's, and its figures."""
    heading: frozenset[str] = frozenset()
    for line in _SENTENCE.split(source):
        if _HEADING.match(line):
            heading = treatments_in(line)
        elif figures := _figures(line):
            yield treatments_in(line) | heading, figures


def _figures(sentence: str) -> frozenset[str]:
    """Prices, shares and lengths, each with its kind; a bare number may be any of them."""
    facts = facts_of(sentence, is_source=False)
    lengths = {amount for _, amount in facts.lengths}
    return facts.prices | facts.shares | frozenset(lengths) | facts.bare
