"""What the classifier looks at in a message: words, pieces of words, and the question that it answers.

Training and inference both call `features_of`; whatever changes here, or in `normalise`, wants `make train`.
"""

import re
from collections.abc import Iterator

from app.domain.phrases import normalise
from app.domain.screening import visible_text
from app.llm.offline.classifier_previous import chosen, context_cues
from app.models.enums import ChannelType

MAX_CHARS = 1_000
"""Of a cleaned message: its first part and its end; what a patient wants stands there, and time stays bounded."""
_TAIL_CHARS = 300
_MAX_WORD = 24
_PIECES = range(2, 6)
_SHORT = 3
_NEGATION_REACH = 4
_NEGATORS = frozenset(
    "not no never without nor neither nothing hardly pas ne sin nunca jamais kein keine nicht".split()
)
_BREAKS = frozenset("| , ? but because so".split())
_DIGITS = re.compile(r"\d")
_KINDS = {
    word: kind
    for kind, words in (
        (
            "DAY",
            "monday tuesday wednesday thursday friday saturday sunday mon tue tues wed weds thu thur thurs fri sat sun"
            " lunes martes miercoles jueves viernes sabado domingo lundi mardi mercredi jeudi vendredi samedi dimanche"
            " montag dienstag mittwoch donnerstag freitag samstag lunedi martedi mercoledi giovedi venerdi sabato"
            " segunda terca quarta quinta sexta",
        ),
        ("MONTH", "january february march april june july august september october november december"),
        ("PART", "morning mornings afternoon afternoons evening evenings noon lunchtime tonight"),
        (
            "VISIT",
            "appointment visit cleaning checkup filling slot booking reservation cita rdv termin consulta visita",
        ),
    )
    for word in words.split()
}
_CLOCK = re.compile(r"0{1,2}(?::00)?(?:am|pm|h|th|st|nd|rd)?$")

Blocks = tuple[set[str], set[str], set[str]]


def features_of(text: str, *, channel: ChannelType, previous_outgoing: str | None) -> Blocks:
    """Names of the features in a raw message: of its words, of pieces of words, of its place in the conversation."""
    visible, asked = visible_text(text), (previous_outgoing or "")[:MAX_CHARS]
    body, previous = _cut(normalise(visible)), normalise(asked)
    option = chosen(visible, asked)
    tokens = _DIGITS.sub("0", normalise(option) if option else body).split()
    context = set(context_cues(body, previous))
    if len(tokens) <= _SHORT and not option:
        context.add(f"ch:{channel.value}+{' '.join(tokens)}")
    return set(_words(tokens)), set(_pieces(tokens)), context


def _cut(body: str) -> str:
    return body if len(body) <= MAX_CHARS else f"{body[: MAX_CHARS - _TAIL_CHARS]} {body[-_TAIL_CHARS:]}"


def _words(tokens: list[str]) -> Iterator[str]:
    """Words and pairs, words under a negation, and how the message begins."""
    negated = 0
    for at, token in enumerate(tokens):
        yield token
        if at:
            yield f"{tokens[at - 1]} {token}"
        negated = 0 if token in _BREAKS else negated
        if negated:
            yield f"n:{token}"
        negated = _NEGATION_REACH if token in _NEGATORS else max(0, negated - 1)
    yield f"f:{' '.join(tokens[:2])}"
    yield from _kinds(tokens)


def _kinds(tokens: list[str]) -> Iterator[str]:
    """Days, hours and visits by their kind, with the words around them: "can not monday" is like "can not friday"."""
    kinds = ["TIME" if _CLOCK.match(token) else _KINDS.get(token, token) for token in tokens]
    for at, (kind, token) in enumerate(zip(kinds, tokens, strict=True)):
        if kind != token:
            yield kind
            yield " ".join(kinds[max(0, at - 1) : at + 1])
            yield " ".join(kinds[max(0, at - 2) : at + 1])
            yield " ".join(kinds[at : at + 2])


def _pieces(tokens: list[str]) -> Iterator[str]:
    """Runs of 2 to 5 characters within a word and its edges: they carry typos and endings."""
    for token in set(tokens):
        padded = f"<{token[:_MAX_WORD]}>"
        for size in _PIECES:
            for start in range(len(padded) - size + 1):
                yield f"~{padded[start : start + size]}"
