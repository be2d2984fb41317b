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
    is_certain: bool = False
    """The classifier is not asked: the answer to a question of ours, or an order to a machine."""


def asks_for(intent: Intent, confidence: float = 0.9, *, handoff: bool = False) -> Reading:
    """An answer that asks for one thing."""
    reason = f"answer to our question: {intent.value.lower()}"
    return Reading((intent,), confidence, handoff=handoff, reason=reason, is_certain=True)


HEARD = Reading(
    (Intent.IRRELEVANT,),
    0.85,
    handoff=False,
    reason="an answer that leaves nothing to do",
    is_thanks=True,
    is_certain=True,
)
COMES = Reading(
    (Intent.IRRELEVANT,), 0.85, handoff=False, reason="means to come as agreed", is_thanks=True, is_certain=True
)
UNCLEAR = Reading((Intent.IRRELEVANT,), 0.3, handoff=True, reason="a bare answer that fits nothing we asked")
BOOK = asks_for(Intent.BOOKING_REQUEST)
DECLINE = asks_for(Intent.SERVICE_DENIAL)
_EMERGENCY = Reading(
    (Intent.EMERGENCY,), 0.95, handoff=True, reason="says yes to a sign of an emergency", is_certain=True
)
_SAW_NO_DANGER = Reading(
    (Intent.IRRELEVANT,), 0.6, handoff=True, reason="no to a sign of an emergency", is_certain=True
)
HAS_QUESTION = asks_for(Intent.QUESTION, 0.6, handoff=True)


VISIT_AHEAD = phrase(
    "visit",
    r"\b(?:your|sons?|daughters?|childs|her|his|maxs) (?:\w+ ){0,4}?(?:<visit>|appt|session)<gap>(?:\b(?:is (?:on"
    r"|at|tomorrow|confirmed|booked|set"
    r"|scheduled)|are (?:on|booked)|tomorrow|with dr|has been (?:moved|booked|confirmed))\b|\b<slot>)",
    r"\byou (?:are|have been) (?:\w+ )?(?:booked|confirmed|scheduled|all set|down)\b|\bwe have you down\b"
    r"|\byou have (?:an?"
    r"|your) (?:\w+ )?(?:<visit>)",
    r"\b(?:see|expect(?:ing)?) you (?:on|at|tomorrow|then|there|<slot>)|\breminder\b<gap>(?:\b<slot>"
    r"|\b(?:<visit>) (?:is|on|at|tomorrow|with))",
    r"\b(?:recordatorio|rappel|promemoria|lembrete|erinnerung)\b<far>\b(?:cita|rendez vous|appuntamento|consulta"
    r"|termin)\b<near>\b(?:es|est|e|ist)\b"
    r"|\b(?:l[ao]s? esperamos|a demain|le esperamos|su cita|ihr termin|sua consulta|il suo appuntamento"
    r"|votre rendez vous) (?:el|es|est|ist|am|e|manana"
    r"|le|\d|de|du)",
    unless=(
        r"\b(?:due|overdue|last|still open|it is time|time for|would you like to (?:book|schedule|come)"
        r"|want to find|find (?:you )?a time|we have not)\b",
    ),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One kind of question that we ask, and what yes and no mean to it."""

    wording: Phrase
    yes: Reading
    no: Reading


_NOT_SURE_NO = asks_for(Intent.BOOKING_REQUEST, 0.6)
# The first kind that fits counts. A message that asks nothing comes last.
ASKED: tuple[Asked, ...] = (
    Asked(
        phrase(
            "danger",
            r"\b(?:severe|swelling|swollen|bleeding|trouble breathing|fever|in pain|fiebre|hinchazon|hinchad\w|sangr\w+"
            r"|fievre|gonfle\w*|saigne\w*|fieber|geschwollen|febbre|gonfi\w|febre|inchaco)\b<wide>\?",
        ),
        _EMERGENCY,
        _SAW_NO_DANGER,
    ),
    Asked(
        phrase(
            "stop",
            r"\b(?:stop (?:the |all |these |our )*(?:sending|writing|remind\w*|contact\w*|text\w*|messag\w*|e ?mail\w*)"
            r"|unsubscribe you|(?:removed?|taken?) (?:you )?(?:off|from) (?:our|the|this|all) (?:\w+ )?(?:lists?"
            r"|reminders?|messages?)|remove you|no (?:more|further) (?:messages|texts|reminders|e ?mails))\b<wide>\?",
            r"\b(?:dejemos de|cessions de|arretions de|nicht mehr schreiben|smettiamo di|paremos de)\b<wide>\?",
        ),
        asks_for(Intent.OPT_OUT),
        HEARD,
    ),
    Asked(
        phrase(
            "keep_writing",
            r"\b(?:keep|continue|carry on|go on)<gap>\b(?:send|writ|remind|messag|text|mail)\w*[^|]*[|] (?:is that"
            r"|would that be|are you) (?:ok|fine|all ?right|happy)\b",
            r"\b(?:keep|continue|still|go on|carry on|happy to)<gap>\b(?:hear\w*|get|getting|receiv\w*|send\w*|writ\w*"
            r"|remind\w*|messag\w*|text\w*|mail\w*)\b<wide>\?|\b(?:like|want) to hear from us\b<wide>\?"
            r"|\b(?:may|can|shall|should) we (?:still |also )?(?:remind|text|e ?mail|message"
            r"|write to) you\b(?! (?:the|a|your))<wide>\?",
        ),
        HEARD,
        asks_for(Intent.OPT_OUT),
    ),
    Asked(
        phrase(
            "cancel",
            r"\b(?:should|shall|want|like|can|may|do)\b<wide>\b(?:cancel|take you off)\b<wide>\?",
            r"\b(?:want|wish|like)\b<wide>\b<visit>\b<near>(?<!you )(?<!we )(?<!was )(?<!were )(?<!had )"
            r"(?<!have )\bcancell?ed\b<wide>\?",
            r"\b(?:give up|let go of) (?:your|the|that|this)\b(?![^|]*\bor\b)<wide>\?",
            r"\b(?:quiere|desea|souhaitez vous|voulez vous|mochten sie|vuole|quer|deseja)\b<wide>\b(?:cancelar|annuler"
            r"|absagen|disdire|annullare|desmarcar)\b<wide>\?",
        ),
        asks_for(Intent.CANCEL),
        HEARD,
    ),
    Asked(
        phrase(
            "move",
            r"\b(?:should|shall|want|like|can|rather|prefer|need|would)\b<wide>\b(?:move|reschedule|change"
            r"|another (?:day"
            r"|time)|later hour|different (?:day|time))\b(?! your mind)<wide>\?",
        ),
        asks_for(Intent.RESCHEDULE),
        HEARD,
    ),
    # Asks the other way round: a no is a yes to coming.
    Asked(
        phrase(
            "inverted",
            r"\b(?:would you mind|do you mind|would it be a problem|would it bother|does it bother|any objection"
            r"|is (?:that|this"
            r"|it) too (?:early|late|soon"
            r"|far|much|expensive)|is (?:that|this|it) a problem)\b<wide>\?",
        ),
        DECLINE,
        BOOK,
    ),
    Asked(
        phrase(
            "sure_not",
            r"\bsure (?:that )?you (?:do|would|will) not\b<wide>\?|\b(?:do|would) you not want to\b<wide>\?",
        ),
        DECLINE,
        _NOT_SURE_NO,
    ),
    Asked(
        phrase(
            "elsewhere",
            r"\b(?:another (?:dentist|practice|clinic)|visit elsewhere|looking after you|seen elsewhere"
            r"|somewhere else|different dentist|already (?:seen|been|had|found"
            r"|booked))\b<wide>\?",
        ),
        DECLINE,
        UNCLEAR,
    ),
    Asked(
        phrase(
            "bad_time",
            r"\b(?:bad (?:time|moment)|too busy|no longer (?:interested|want|wish|need)|not interested|not a good time"
            r"|you (?:\w+ )?rather not|you (?:do |would )?not (?:want|wish)|close (?:your|the|this)|lost interest"
            r"|decided against"
            r"|so no|leave the|leave it)\b<wide>\?",
        ),
        DECLINE,
        asks_for(Intent.BOOKING_REQUEST, 0.7),
    ),
    Asked(
        phrase(
            "answered",
            r"\b(?:did you (?:get|receive|find|see)|work for you|answer your question|is that clear|(?:does"
            r"|did) (?:that|this) help|make sense|was that helpful)\b<wide>\?",
        ),
        HEARD,
        UNCLEAR,
    ),
    Asked(
        phrase(
            "opinion",
            r"\b(?:how (?:is|was|did|are|do)|would you recommend|would you rate|rate (?:us|your)"
            r"|may we call you)\b<wide>\?",
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
            r"\b(?:still (?:be )?(?:make|able|coming|come|good)|will you be there|can you make (?:it|your)|to confirm\b"
            r"|please confirm|do you confirm|confirm your)",
        ),
        COMES,
        asks_for(Intent.CANCEL, 0.75),
    ),
    # A visit that stands in the calendar: a yes keeps it, a no gives it up.
    Asked(VISIT_AHEAD, COMES, asks_for(Intent.CANCEL, 0.7)),
    Asked(
        phrase(
            "reopen",
            r"\b(?:change your mind|ever change|whenever you are ready|if you would like to come"
            r"|when you are ready)\b",
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


def speaks_of_visit(previous: str | None) -> bool:
    """Whether our message spoke of a visit that stands in the calendar."""
    body = normalise((previous or "")[:MAX_PREVIOUS_CHARS])
    return next(find_all(VISIT_AHEAD, body), None) is not None


def offers_slots(previous: str | None) -> bool:
    """Whether our message named times to choose from."""
    body = normalise((previous or "")[:MAX_PREVIOUS_CHARS])
    return "?" in body and sum(1 for _ in find_all(SLOT[0], body)) > 1
