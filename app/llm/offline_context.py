"""What a bare answer means: "yes", "no", "2" or a thumb is read against the message it answers (agent.md section 1)."""

import re
from dataclasses import dataclass

from app.domain.phrases import Phrase, find_all, normalise, phrase
from app.llm.offline_rules_booking import SLOT
from app.models.enums import Intent


@dataclass(frozen=True, slots=True)
class Reading:
    """A label with what goes with it, before sentiment and risk are added."""

    intents: tuple[Intent, ...]
    """The main one first."""
    confidence: float
    handoff: bool
    reason: str
    is_thanks: bool = False


def _asks(intent: Intent, confidence: float = 0.9, *, handoff: bool = False) -> Reading:
    return Reading((intent,), confidence, handoff, f"answer to our question: {intent.value.lower()}")


_HEARD = Reading((Intent.IRRELEVANT,), 0.85, False, "an answer that leaves nothing to do", is_thanks=True)
_COMES = Reading((Intent.IRRELEVANT,), 0.85, False, "means to come as agreed", is_thanks=True)
_UNCLEAR = Reading((Intent.CONFUSED,), 0.3, True, "a bare answer that fits nothing we asked")
_BOOK = _asks(Intent.BOOKING_REQUEST)
_DECLINE = _asks(Intent.SERVICE_DENIAL)
_EMERGENCY = Reading((Intent.EMERGENCY,), 0.95, True, "says yes to a sign of an emergency")
_SAW_NO_DANGER = Reading((Intent.IRRELEVANT,), 0.6, True, "no to a sign of an emergency")
_HAS_QUESTION = _asks(Intent.QUESTION, 0.6, handoff=True)


@dataclass(frozen=True, slots=True)
class Asked:
    """One kind of question that we ask, and what yes and no mean to it."""

    wording: Phrase
    yes: Reading
    no: Reading


# The first kind that fits counts. A message that asks nothing comes last.
ASKED: tuple[Asked, ...] = (
    Asked(
        phrase("danger", r"\b(?:severe|swelling|swollen|bleeding|trouble breathing|fever|in pain)\b[^|]*\?"),
        _EMERGENCY,
        _SAW_NO_DANGER,
    ),
    Asked(
        phrase(
            "stop",
            r"\b(?:stop (?:sending|writing|remind\w*|contact\w*|text\w*|messag\w*|e ?mail\w*)|unsubscribe you|remove you|take you off)\b[^|]*\?",
        ),
        _asks(Intent.OPT_OUT),
        _HEARD,
    ),
    Asked(
        phrase("cancel", r"\b(?:should|shall|want|like|can|may|do)\b[^|]*\bcancel\b[^|]*\?"),
        _asks(Intent.CANCEL),
        _HEARD,
    ),
    Asked(
        phrase(
            "move",
            r"\b(?:should|shall|want|like|can|rather|prefer)\b[^|]*\b(?:move|reschedule|change|another (?:day|time))\b[^|]*\?",
        ),
        _asks(Intent.RESCHEDULE),
        _HEARD,
    ),
    Asked(
        phrase(
            "elsewhere",
            r"\b(?:another dentist|seen elsewhere|somewhere else|different dentist|already (?:seen|been|had|found|booked))\b[^|]*\?",
        ),
        _DECLINE,
        _UNCLEAR,
    ),
    Asked(
        phrase(
            "bad_time",
            r"\b(?:bad time|too busy|no longer interested|not interested|close your file|not a good time)\b[^|]*\?",
        ),
        _DECLINE,
        _asks(Intent.BOOKING_REQUEST, 0.7),
    ),
    Asked(
        phrase(
            "answered", r"\b(?:answer your question|is that clear|does that help|make sense|was that helpful)\b[^|]*\?"
        ),
        _HEARD,
        _UNCLEAR,
    ),
    Asked(
        phrase("questions", r"\b(?:any (?:other |further |more )?questions|anything else|something else)\b[^|]*\?"),
        _HAS_QUESTION,
        _HEARD,
    ),
    Asked(
        phrase(
            "coming",
            r"\b(?:still (?:make|able|coming|come|good)|will you be there|can you make (?:it|your)|to confirm\b|please confirm|do you confirm|confirm your)",
        ),
        _COMES,
        _asks(Intent.CANCEL, 0.75),
    ),
    Asked(
        phrase(
            "reopen", r"\b(?:change your mind|whenever you are ready|if you would like to come|when you are ready)\b"
        ),
        _asks(Intent.BOOKING_REQUEST, 0.7),
        _HEARD,
    ),
    Asked(phrase("offer", r"\?|\breply yes\b|\blet us know if\b"), _BOOK, _DECLINE),
    Asked(phrase("statement", r""), _HEARD, _UNCLEAR),
)

YES = frozenset(
    "yes yeah yep yea ya yup yess y si sip oui ja sim sure absolutely definitely certainly indeed ofc thumbsup yas aye affirmative claro".split()
)
OK = frozenset(
    "ok k fine great perfect cool sounds alright deal vale right lovely super wonderful excellent awesome works np cool confirmed confirm noted".split()
)
NO = frozenset("no nope nah n naw non nein nao not never thumbsdown negative".split())
_FILLERS = frozenset(
    "please thanks thank you i do would am it that is will very much sir maam hi hello the a an of course by all means really so that works like to"
    " for me love good por favor svp merci gracias smiley hell all with go ahead lets we can let us want at now sorry doctor right hey this".split()
)
_MAX_BARE_WORDS = 6
_CHOICE = re.compile(r"^\W*(?:option |number |choice |answer |no\.? |#)?([a-z]{1,8}|[1-9])\W*$", re.IGNORECASE)
_LEADING_CHOICE = re.compile(r"^\W{0,3}([1-9])\s?(?:and\b|please\b|thanks\b|[,.;:!-])", re.IGNORECASE)
_ORDINALS = {"first": 0, "1st": 0, "second": 1, "2nd": 1, "latter": 1, "third": 2, "3rd": 2, "former": 0, "last": -1}
_ORDINAL = re.compile(
    r"^ (?:i (?:would )?(?:like|prefer|take|want) )?(?:the |option )?(first|1st|second|2nd|third|3rd|latter|former|last)(?: one| option| slot| time| please)* ?[|,]? ?$"
)
_OPTION = re.compile(
    r"(?<![A-Za-z0-9])([A-Z]{1,8}|[1-9])(?:\s*[)=:]\s*|[\s\"']{1,3}(?:to|for|if)\s+)([^,;.\n]{1,60}?)(?=\s*(?:[,;.?\n]|\b[A-Z1-9]\s*[)=:]|\bor\b|$))"
)
_LABELS: tuple[tuple[Phrase, Reading], ...] = (
    (phrase("stop", r"\b(?:stop|opt out|unsubscribe|no more)\b"), _asks(Intent.OPT_OUT)),
    (phrase("decline", r"\b(?:not interested|no thanks|not now|neither|none|later|decline|pass|not want)\b"), _DECLINE),
    (phrase("move", r"\b(?:reschedul\w*|move|change|another|different|other)\b"), _asks(Intent.RESCHEDULE)),
    (phrase("cancel", r"\bcancel\w*\b"), _asks(Intent.CANCEL)),
    (
        phrase("person", r"\b(?:call|speak|talk|human|person|staff|phone)\b"),
        Reading((Intent.IRRELEVANT,), 0.9, True, "chose to hear from a person"),
    ),
    (phrase("question", r"\b(?:questions?|info\w*|ask)\b"), _HAS_QUESTION),
    (phrase("keep", r"\b(?:keep|confirm\w*)\b"), _COMES),
    (phrase("book", r"\b(?:book|schedule|yes|interested|visit|appointment|link)\b|\b<slot>"), _BOOK),
)


def asked_by(previous: str | None) -> Asked | None:
    """The kind of question our previous message asked; None when there was no message."""
    if not previous:
        return None
    body = normalise(previous)
    return next(kind for kind in ASKED if next(find_all(kind.wording, body), None) is not None)


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
        return _UNCLEAR
    if ok and not yes and asked.wording.name == "reopen":
        return _HEARD
    return asked.no if no else asked.yes


def _read_choice(raw: str, body: str, previous: str | None) -> Reading | None:
    """A letter, digit or ordinal that names one of the options of the previous message."""
    options = {key.lower(): label for key, label in _OPTION.findall(previous or "")}
    choice = _CHOICE.match(raw.strip())
    if choice and (label := options.get(choice[1].lower())):
        return _read_label(label)
    if (ordinal := _ORDINAL.match(body)) and previous:
        place = _ORDINALS[ordinal[1]]
        return _read_label(list(options.values())[place]) if -1 <= place < len(options) else _offers_slots(previous)
    if (led := _LEADING_CHOICE.match(raw)) and (label := options.get(led[1])):
        return _read_label(label)
    if choice and choice[1].isdigit():
        return _UNCLEAR
    return None


def _read_label(label: str) -> Reading:
    body = normalise(label)
    return next((reading for wording, reading in _LABELS if next(find_all(wording, body), None) is not None), _UNCLEAR)


def _offers_slots(previous: str) -> Reading | None:
    return _BOOK if offers_slots(previous) else None


def offers_slots(previous: str | None) -> bool:
    """Whether our message named times to choose from."""
    body = normalise(previous or "")
    return "?" in body and sum(1 for _ in find_all(SLOT[0], body)) > 1
