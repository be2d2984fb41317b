"""Does a message say again what an earlier one said? Word for word, or nearly so (domain.md section 5). Pure."""

import re
from collections.abc import Iterable
from difflib import SequenceMatcher

from app.domain.reply_letters import plain_letters

FEWEST_WORDS = 5
"""A shorter sentence is a greeting or a farewell, which may return."""
ALIKE = 0.8
_SENTENCE = re.compile(r"[.!?\n]+")
_WORD = re.compile(r"[a-z0-9]+")


def repeats(text: str, former: Iterable[str], *, names: Iterable[str] = ()) -> bool:
    """Whether a sentence of `text` stands in a former text, or nearly; `names` (clinic, patient) do not count."""
    known = tuple(names)
    said = [sentence for each in former for sentence in _sentences(each, known)]
    return any(_is_alike(new, old) for new in _sentences(text, known) for old in said)


def _sentences(text: str, names: tuple[str, ...]) -> list[list[str]]:
    body = plain_letters(text).lower()
    for name in names:
        body = body.replace(plain_letters(name).lower(), " ") if name.strip() else body
    sentences = (_WORD.findall(sentence) for sentence in _SENTENCE.split(body))
    return [words for words in sentences if len(words) >= FEWEST_WORDS]


def _is_alike(new: list[str], old: list[str]) -> bool:
    shorter, longer = sorted((len(new), len(old)))
    if 2 * shorter / (shorter + longer) < ALIKE:
        return False
    return SequenceMatcher(None, new, old, autojunk=False).ratio() >= ALIKE
