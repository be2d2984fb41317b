"""What a bare answer means: "yes", "no", "2" or a thumb is read against the message it answers (agent.md section 1)."""

import re
from dataclasses import replace

from app.domain.phrases import Phrase, find_all, normalise, phrase
from app.llm.offline.asked import (
    BOOK,
    COMES,
    DECLINE,
    HAS_QUESTION,
    HEARD,
    MAX_PREVIOUS_CHARS,
    UNCLEAR,
    Asked,
    Reading,
    asked_by,
    asks_for,
    offers_slots,
)
from app.llm.offline.classifier_previous import CHOICE, options_of
from app.models.enums import Intent

YES = frozenset(
    "yes yeah yep yea ya yup yess y si sip oui ja sim sure absolutely definitely certainly indeed ofc thumbsup "
    "yas aye affirmative claro ye yh yeh yups yass okey sii ouais jup certo naturalmente".split()
)
OK = frozenset(
    "ok k fine great perfect cool sounds alright deal vale right lovely super wonderful excellent awesome works "
    "np cool confirmed confirm noted".split()
)
NO = frozenset("no nope nah n naw non nein nao not never thumbsdown negative".split())
_FILLERS = frozenset(
    "please thanks thank you i do would am it that is will very much sir maam hi hello the a an of course by all "
    "means really so that works like to for me love good por favor svp merci gracias smiley hell all with go "
    "ahead lets we can let us want at now sorry doctor right hey this".split()
)
_COURTESY = frozenset("please thanks thank you sir maam sorry gracias merci".split())
_GUESS = 0.45
"""Enough for a label, too little to act on."""
_MAX_BARE_WORDS = 6
_LEADING_CHOICE = re.compile(r"^\W{0,3}([1-9])\s?(?:and\b|please\b|thanks\b|[,.;:!-])", re.IGNORECASE)
_ORDINALS = {"first": 0, "1st": 0, "second": 1, "2nd": 1, "latter": 1, "third": 2, "3rd": 2, "former": 0, "last": -1}
_ORDINAL = re.compile(
    r"^ (?:i (?:would )?(?:like|prefer|take|want) )?(?:the |option )?(first|1st|second|2nd|third|3rd|latter|former"
    r"|last)(?: one| option| slot| time| please)* ?[|,]? ?$"
)
_LABELS: tuple[tuple[Phrase, Reading], ...] = (
    (
        phrase(
            "stop",
            r"\b(?:stop|opt out|unsubscribe|no more)\b",
        ),
        asks_for(Intent.OPT_OUT),
    ),
    (
        phrase(
            "decline",
            r"\b(?:not (?:\w+ )?interested|no thanks|not now|neither|none|later|decline|pass|not want|rather not"
            r"|not (?:come|coming)|skip|leave it)\b|<start>no<end>",
        ),
        DECLINE,
    ),
    (
        phrase(
            "move",
            r"\b(?:reschedul\w*|move|change|another|different|other)\b",
        ),
        asks_for(Intent.RESCHEDULE),
    ),
    (
        phrase(
            "cancel",
            r"\bcancel\w*\b|\bno longer (?:want|need)\b|\bcan not (?:come|make)\b",
        ),
        asks_for(Intent.CANCEL),
    ),
    (
        phrase(
            "person",
            r"\b(?:call|speak|talk|human|person|staff|phone)\b",
        ),
        Reading((Intent.IRRELEVANT,), 0.9, handoff=True, reason="chose to hear from a person", is_certain=True),
    ),
    (
        phrase(
            "question",
            r"\b(?:questions?|info\w*|ask)\b",
        ),
        HAS_QUESTION,
    ),
    (
        phrase(
            "keep",
            r"\b(?:keep|confirm\w*)\b",
        ),
        COMES,
    ),
    (
        phrase(
            "book",
            r"\b(?:mornings?|afternoons?|evenings?|weekdays?|weekends?|book|schedule|yes|interested|visit"
            r"|appointment|link)\b|\b<slot>",
        ),
        BOOK,
    ),
)


def read_bare_answer(raw: str, body: str, previous: str | None) -> Reading | None:
    """What a message of only yes, no, ok or a choice says; None when it says more than that."""
    return _read_choice(raw, body, previous) or _read_yes_no(body, asked_by(previous))


def _read_yes_no(body: str, asked: Asked | None) -> Reading | None:
    spoken = re.findall(r"[a-z]+", body)
    if not 0 < len(spoken) <= _MAX_BARE_WORDS or any(word not in YES | OK | NO | _FILLERS for word in spoken):
        return None
    yes, ok, no = (sum(word in words for word in spoken) for words in (YES, OK, NO))
    if no and (yes or ok):
        return None
    if not (yes or ok or no):
        return None
    if asked is None:
        return _without_question(spoken, no=bool(no))
    if ok and not yes and asked.wording.name in ("reopen", "invitation"):
        return HEARD
    return asked.no if no else asked.yes


def _without_question(spoken: list[str], *, no: bool) -> Reading | None:
    """Nothing was asked: a no is at least no wish, a mere ok nothing; what says more is read as any other message."""
    if any(word not in YES | OK | NO | _COURTESY for word in spoken):
        return None
    if no:
        return replace(DECLINE, confidence=_GUESS, handoff=True)
    return (
        replace(BOOK, confidence=_GUESS, handoff=True)
        if any(word in YES for word in spoken) and len(spoken) > 1
        else UNCLEAR
    )


def _read_choice(raw: str, body: str, previous: str | None) -> Reading | None:
    """A letter, digit or ordinal that names one of the options of the previous message."""
    options = options_of((previous or "")[:MAX_PREVIOUS_CHARS])
    choice = CHOICE.match(raw.strip())
    if choice and (label := options.get(choice[1].lower())):
        return _read_label(label)
    if (ordinal := _ORDINAL.match(body)) and previous:
        labels, place = list(options.values()), _ORDINALS[ordinal[1]]
        return _read_label(labels[place]) if labels and place < len(labels) else _offers_slots(previous)
    if (led := _LEADING_CHOICE.match(raw)) and (label := options.get(led[1])):
        return _read_label(label)
    if choice and choice[1].isdigit():
        return UNCLEAR
    return None


def _read_label(label: str) -> Reading:
    body = normalise(label)
    return next((reading for wording, reading in _LABELS if next(find_all(wording, body), None) is not None), UNCLEAR)


def _offers_slots(previous: str) -> Reading | None:
    return BOOK if offers_slots(previous) else None
