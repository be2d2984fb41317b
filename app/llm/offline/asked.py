"""What our previous message asked, and what yes and no mean to it (agent.md section 1). One is one line."""

from dataclasses import dataclass

from app.domain.phrases import Phrase, find_all, normalise, phrase
from app.llm.offline.rules_booking import SLOT
from app.models.enums import Intent

MAX_PREVIOUS_CHARS = 2_000


@dataclass(frozen=True, slots=True)
class Reading:
    """A label with what goes with it, before sentiment and risk are added."""

    intents: tuple[Intent, ...]
    """The main one first."""
    confidence: float
    handoff: bool
    reason: str
    is_thanks: bool = False


def asks_for(intent: Intent, confidence: float = 0.9, *, handoff: bool = False) -> Reading:
    """An answer that asks for one thing."""
    return Reading((intent,), confidence, handoff=handoff, reason=f"answer to our question: {intent.value.lower()}")


HEARD = Reading((Intent.IRRELEVANT,), 0.85, handoff=False, reason="an answer that leaves nothing to do", is_thanks=True)
COMES = Reading((Intent.IRRELEVANT,), 0.85, handoff=False, reason="means to come as agreed", is_thanks=True)
UNCLEAR = Reading((Intent.CONFUSED,), 0.3, handoff=True, reason="a bare answer that fits nothing we asked")
BOOK = asks_for(Intent.BOOKING_REQUEST)
DECLINE = asks_for(Intent.SERVICE_DENIAL)
_EMERGENCY = Reading((Intent.EMERGENCY,), 0.95, handoff=True, reason="says yes to a sign of an emergency")
_SAW_NO_DANGER = Reading((Intent.IRRELEVANT,), 0.6, handoff=True, reason="no to a sign of an emergency")
HAS_QUESTION = asks_for(Intent.QUESTION, 0.6, handoff=True)


@dataclass(frozen=True, slots=True)
class Asked:
    """One kind of question that we ask, and what yes and no mean to it."""

    wording: Phrase
    yes: Reading
    no: Reading


# The first kind that fits counts. A message that asks nothing comes last.
ASKED: tuple[Asked, ...] = (
    Asked(
        phrase(
            "danger",
            r"\b(?:severe|swelling|swollen|bleeding|trouble breathing|fever|in pain)\b<wide>\?",
        ),
        _EMERGENCY,
        _SAW_NO_DANGER,
    ),
    Asked(
        phrase(
            "stop",
            r"\b(?:stop (?:sending|writing|remind\w*|contact\w*|text\w*|messag\w*|e ?mail\w*)|unsubscribe you"
            r"|remove you|take you off)\b<wide>\?",
        ),
        asks_for(Intent.OPT_OUT),
        HEARD,
    ),
    Asked(
        phrase(
            "cancel",
            r"\b(?:should|shall|want|like|can|may|do)\b<wide>\bcancel\b<wide>\?",
        ),
        asks_for(Intent.CANCEL),
        HEARD,
    ),
    Asked(
        phrase(
            "move",
            r"\b(?:should|shall|want|like|can|rather|prefer)\b<wide>\b(?:move|reschedule|change|another (?:day"
            r"|time))\b<wide>\?",
        ),
        asks_for(Intent.RESCHEDULE),
        HEARD,
    ),
    Asked(
        phrase(
            "elsewhere",
            r"\b(?:another dentist|seen elsewhere|somewhere else|different dentist|already (?:seen|been|had|found"
            r"|booked))\b<wide>\?",
        ),
        DECLINE,
        UNCLEAR,
    ),
    Asked(
        phrase(
            "bad_time",
            r"\b(?:bad time|too busy|no longer interested|not interested|close your file"
            r"|not a good time)\b<wide>\?",
        ),
        DECLINE,
        asks_for(Intent.BOOKING_REQUEST, 0.7),
    ),
    Asked(
        phrase(
            "answered",
            r"\b(?:answer your question|is that clear|does that help|make sense|was that helpful)\b<wide>\?",
        ),
        HEARD,
        UNCLEAR,
    ),
    Asked(
        phrase(
            "questions",
            r"\b(?:any (?:other |further |more )?questions|anything else|something else)\b<wide>\?",
        ),
        HAS_QUESTION,
        HEARD,
    ),
    Asked(
        phrase(
            "coming",
            r"\b(?:still (?:make|able|coming|come|good)|will you be there|can you make (?:it|your)|to confirm\b"
            r"|please confirm|do you confirm|confirm your)",
        ),
        COMES,
        asks_for(Intent.CANCEL, 0.75),
    ),
    Asked(
        phrase(
            "reopen",
            r"\b(?:change your mind|whenever you are ready|if you would like to come|when you are ready)\b",
        ),
        asks_for(Intent.BOOKING_REQUEST, 0.7),
        HEARD,
    ),
    Asked(
        phrase(
            "offer",
            r"\?|\breply yes\b|\blet us know if\b",
        ),
        BOOK,
        DECLINE,
    ),
    # Invites without asking: an "ok" to it is no yes.
    Asked(
        phrase(
            "invitation",
            r"\b(?:glad|happy) to (?:see|welcome|meet)\b",
            r"\b(?:choose|pick|take|book)\b<gap>\b(?:time|day|slot|here|one of)\b",
            r"\b(?:elija|elegir|tome|escoja)\b<gap>\b(?:hora|dia)",
            r"\b(?:choisir|choisissez|prenez)\b<gap>\b(?:heure|jour)",
        ),
        BOOK,
        DECLINE,
    ),
    Asked(
        phrase(
            "statement",
        ),
        HEARD,
        UNCLEAR,
    ),
)


def asked_by(previous: str | None) -> Asked | None:
    """The kind of question our previous message asked; None when there was no message."""
    if not previous:
        return None
    body = normalise(previous[:MAX_PREVIOUS_CHARS])
    return next(kind for kind in ASKED if next(find_all(kind.wording, body), None) is not None)


def offers_slots(previous: str | None) -> bool:
    """Whether our message named times to choose from."""
    body = normalise((previous or "")[:MAX_PREVIOUS_CHARS])
    return "?" in body and sum(1 for _ in find_all(SLOT[0], body)) > 1
