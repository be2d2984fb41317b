"""Which of the product's languages a text is written in, by its small words: English, Spanish or French. Pure."""

import re
from typing import Literal

Language = Literal["en", "es", "fr"]
DEFAULT: Language = "en"
_SMALL_WORDS: dict[Language, frozenset[str]] = {
    "en": frozenset(
        "the and is are you your we our of to for with what how when where do does can on in at it this that have will"
        " my i if not be or by from".split()
    ),
    "es": frozenset(
        "el la los las de que y en un una es son su sus por para con cuanto cuando donde como cual tienen puedo hay si"
        " no mi me se del al lo le usted ustedes nosotros".split()
    ),
    "fr": frozenset(
        "le la les des de du et est sont un une vous votre vos nous notre que quel quelle combien comment quand avec"
        " pour dans sur je mon ma ce cette il elle pas si au aux ou en".split()
    ),
}
_WORD = re.compile(r"[^\W\d_]+")
_MARKS: dict[Language, re.Pattern[str]] = {
    "es": re.compile(r"[¿¡ñ]|[áíóú]"),
    "fr": re.compile(r"[çêèàùœ]|\b[cdjlmnqst]['’]"),
}
_MARK_WEIGHT = 2


def language_of(text: str) -> Language:
    """`en`, `es` or `fr`; English when nothing tells."""
    body = text[:2_000].lower()
    words = _WORD.findall(body)
    counts = {code: sum(word in small for word in words) for code, small in _SMALL_WORDS.items()}
    for code, marks in _MARKS.items():
        counts[code] += _MARK_WEIGHT * len(marks.findall(body))
    best = max(counts, key=lambda code: counts[code])
    return best if counts[best] > counts[DEFAULT] else DEFAULT
