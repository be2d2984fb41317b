"""From signals to labels: which intents a message holds, which one leads, whether a person must see it (agent.md 1)."""

import re
from dataclasses import replace

from app.domain.orders import is_markup_first, text_before_order
from app.domain.phrases import compile_words
from app.llm.offline.asked import Reading
from app.llm.offline.context import OK, YES
from app.llm.offline.heard import Heard, hear
from app.llm.offline.rules import Signal
from app.models.enums import Intent

# agent.md section 1: the main label is the first of these that is present.
PRIORITY = (
    Intent.EMERGENCY,
    Intent.OPT_OUT,
    Intent.COMPLAINT,
    Intent.CANCEL,
    Intent.RESCHEDULE,
    Intent.SERVICE_DENIAL,
    Intent.BOOKING_REQUEST,
    Intent.QUESTION,
    Intent.IRRELEVANT,
    Intent.CONFUSED,
)
_FOR_STAFF = (Signal.ACCOUNT, Signal.CLINICAL, Signal.OTHERS, Signal.TROUBLE)
_NO_PATIENT = ((Signal.VENDOR, "an offer to sell"),)
_ORDERS = Reading(
    (Intent.IRRELEVANT,), 0.9, handoff=True, reason="orders to a machine, not a patient's wish", is_certain=True
)
# What a message that wishes for nothing comes to; the first line that fits counts. A quiet one leaves nothing to do.
_WISHLESS: tuple[tuple[tuple[Signal, ...], float, bool, str], ...] = (
    ((Signal.HUMAN,), 0.8, True, "wants a person"),
    ((Signal.BOOKED,), 0.7, True, "says a visit is booked already"),
    ((Signal.DEFERRAL,), 0.65, True, "neither yes nor no yet"),
    ((Signal.REASSURANCE,), 0.8, False, "wants to go on hearing from us"),
    ((Signal.PUZZLED,), 0.7, True, "did not understand us"),
    ((Signal.OFF_TOPIC,), 0.7, True, "not about the clinic"),
    ((Signal.KEEP,), 0.8, False, "means to come as agreed"),
    ((Signal.THANKS, Signal.ACKNOWLEDGED), 0.85, False, "thanks or a mere ok"),
)
NOTHING = Reading((Intent.IRRELEVANT,), 0.3, handoff=True, reason="nothing recognised")
_MAX_SLOT_WORDS = 14
_FEWEST_WORDS = 3
_BESIDE_AN_ORDER = 0.6
_INTERROGATIVE = compile_words(
    r"\?|(?:^|[|,]) ?(?:and |so |also |ok |hi |hello |please |but |yes |well |just |before i \w+ ?,? )*(?:(?:what"
    r"|when|where"
    r"|who|whose|which|why|how|do|does|did|is|are|am|was|can|could|will|would|should|may|tell|cuanto|cuando|donde"
    r"|que|quels?|quelles?|combien|ou|est ce|has|have|tell me)\b(?! not\b))|\bhow (?:much|long|do|late)\b|\band (?:what"
    r"|when|how|is|do)\b|\b(?:tell me|wondering|curious|to know|questions?|info|information)\b"
)
_WH_QUESTION = compile_words(
    r"<start>(?:and |so |hi |hello |please |also )*(?:what|when|where|how|who|which|why|do i|do you|does|is there"
    r"|are there|are you|can i)(?: [^ |]+){3}"
)
_TELLS_OF_THE_PAST = re.compile(r"\b(?:had|got|was|were|did|went|been|ago|last|told|said|pay|mom|stop|booked)\b")
_BEFORE_BOOKING = re.compile(r"\bbefore i (?:book|come|schedule)\b")
_QUESTION_FIRST = re.compile(r"\bbefore i (?:book|decide|commit|say|come|agree|schedule|do)\b|\bfirst\b[^|]*\?")
_OWN_VISIT = compile_words(
    r"\b(?:my|our) (?:\w+ )?<visit>\b(?! yet)|\b(?:can not|could not) make <slot>.{0,20}\bany more\b"
)
_MUST = re.compile(r"\b(?:need|have|want|like|going|got) to (?:cancel|move|resched\w*|change|push)\b")
_FLAT_NO = re.compile(r"^ (?:no(?= [,|])|nope|nah|naw)\b")


def read_message(raw: str, heard: Heard, previous: str | None) -> Reading:
    """The labels of a message that is more than a bare answer; emergencies and opt-outs are added by the caller."""
    if (before := text_before_order(raw, heard.body)) is not None:
        return _beside_the_order(raw, before, previous)
    for signal, reason in _NO_PATIENT:
        if heard.has(signal):
            return Reading((Intent.IRRELEVANT,), 0.85, handoff=True, reason=reason)
    intents = _intents(heard)
    return _reading(heard, intents) if intents else _wishless(heard)


def _beside_the_order(raw: str, before: str, previous: str | None) -> Reading:
    """A patient's wish that was told before the order counts, yet a person looks; the order itself never counts."""
    if len(before.split()) < _FEWEST_WORDS or is_markup_first(raw):
        return _ORDERS
    heard = hear(before, previous)
    intents = set() if heard.has(Signal.VENDOR) else _intents(heard)
    if not intents:
        return _ORDERS
    return replace(_reading(heard, intents), handoff=True, confidence=_BESIDE_AN_ORDER, is_certain=True)


def _intents(heard: Heard) -> set[Intent]:
    intents = {Intent.COMPLAINT} if heard.has(Signal.COMPLAINT) else set()
    intents |= _about_a_visit(heard)
    intents |= _wish(heard, intents)
    if not heard.has(Signal.HUMAN) and _asks_something(heard, intents):
        intents.add(Intent.QUESTION)
        if intents == {Intent.QUESTION} and _BEFORE_BOOKING.search(heard.body):
            intents.add(Intent.BOOKING_REQUEST)
    return intents


def _about_a_visit(heard: Heard) -> set[Intent]:
    """CANCEL or RESCHEDULE of an existing visit; a day that does not suit, among times we offered, is neither."""
    if heard.has(Signal.POLICY) and not _MUST.search(heard.body):
        return set()
    about_visit = heard.is_about_visit or heard.was_asked("move") or bool(_OWN_VISIT.search(heard.body))
    is_offered = not about_visit and (heard.is_offered_slots or heard.was_asked("offer", "invitation", "inverted"))
    if heard.has(Signal.RESCHEDULE) and (heard.has(Signal.CANCEL) or not is_offered):
        put_off = heard.has(Signal.CANCEL) and heard.has(Signal.DEFERRAL)
        return {Intent.CANCEL if put_off else Intent.RESCHEDULE}
    if heard.has(Signal.CANCEL):
        return {Intent.CANCEL}
    if heard.follows_visit or heard.was_asked("move"):
        return _about_the_reminded_visit(heard)
    return _about_own_visit(heard) if about_visit else set() if is_offered else _cannot_come(heard)


def _about_own_visit(heard: Heard) -> set[Intent]:
    """Of a visit that the patient brought up: a no gives it up, another time moves it."""
    if heard.has(Signal.DENIAL) and not heard.has(Signal.KEEP, Signal.BOOKING):
        return {Intent.CANCEL}
    if _names_another_time(heard) and not heard.has(Signal.KEEP):
        return {Intent.RESCHEDULE}
    return _cannot_come(heard)


def _about_the_reminded_visit(heard: Heard) -> set[Intent]:
    """After "your appointment is on Monday" another day means a change, and a no means a cancellation."""
    if heard.has(Signal.KEEP) and not heard.has(Signal.CANNOT_COME):
        return set()
    if _names_another_time(heard):
        return {Intent.RESCHEDULE}
    return {Intent.CANCEL} if heard.has(Signal.DENIAL, Signal.DISAGREES) else _cannot_come(heard)


def _cannot_come(heard: Heard) -> set[Intent]:
    if not heard.has(Signal.CANNOT_COME):
        return set()
    return {Intent.RESCHEDULE if _names_another_time(heard) else Intent.CANCEL}


def _names_another_time(heard: Heard) -> bool:
    asks_for_a_day = any(_INTERROGATIVE.search(heard.sentence(at)) for at in heard.places(Signal.SLOT))
    return heard.has(Signal.RESCHEDULE, Signal.BOOKING) or (asks_for_a_day and not heard.has(*_FOR_STAFF, Signal.TOPIC))


def _wish(heard: Heard, so_far: set[Intent]) -> set[Intent]:
    """BOOKING_REQUEST or SERVICE_DENIAL: where both are said, what is said last counts."""
    books, declines, defers = (heard.last(s) for s in (Signal.BOOKING, Signal.DENIAL, Signal.DEFERRAL))
    if heard.has(Signal.REVERSAL) and not heard.has(Signal.KEEP) and declines < 0 and not so_far:
        return {Intent.BOOKING_REQUEST}
    if declines >= max(books, 0) and not (heard.follows_visit and so_far):
        is_that_cancel = Intent.CANCEL in so_far and not heard.has(Signal.CANCEL)
        return set() if is_that_cancel else {Intent.SERVICE_DENIAL}
    if (
        Intent.RESCHEDULE in so_far
        or (so_far and not heard.has(Signal.CANCEL))
        or (Intent.COMPLAINT in so_far and books < 0)
    ):
        return set()
    if books >= 0:
        return set() if defers > books else {Intent.BOOKING_REQUEST}
    return set() if so_far or defers >= 0 else _implied_wish(heard)


def _implied_wish(heard: Heard) -> set[Intent]:
    """A wish that is not spelt out: a day, a dental need, another time than the one offered, a leading yes or no."""
    if heard.has(Signal.BOOKED, Signal.HUMAN, Signal.OFF_TOPIC, Signal.KEEP, Signal.PUZZLED, *_FOR_STAFF):
        return set()
    needs = heard.has(Signal.NEED) and not heard.has(Signal.TOPIC)
    if needs or heard.has(Signal.RESCHEDULE, Signal.CANNOT_COME) or _picks_a_slot(heard):
        return {Intent.BOOKING_REQUEST}
    return _leading_answer(heard)


def _leading_answer(heard: Heard) -> set[Intent]:
    agrees, disagrees = heard.last(Signal.AGREES), heard.last(Signal.DISAGREES)
    if max(agrees, disagrees) >= 0:
        return _in_answer(heard, says_yes=agrees > disagrees)
    first = re.match(r" ?([a-z]+)", heard.body)
    if heard.asked is None or first is None:
        return set()
    if heard.was_asked("offer", "invitation") and _FLAT_NO.match(heard.body):
        return {Intent.SERVICE_DENIAL}
    says_yes = first[1] in YES or (first[1] in OK and not heard.has(Signal.THANKS))
    return set(heard.asked.yes.intents) - {Intent.IRRELEVANT} if says_yes else set()


def _in_answer(heard: Heard, *, says_yes: bool) -> set[Intent]:
    """What a wording of yes or no comes to: of a visit, where nothing was asked."""
    if heard.asked is None or heard.was_asked("statement"):
        return {Intent.BOOKING_REQUEST if says_yes else Intent.SERVICE_DENIAL} if heard.asked is None else set()
    return set((heard.asked.yes if says_yes else heard.asked.no).intents) - {Intent.IRRELEVANT}


def _picks_a_slot(heard: Heard) -> bool:
    """A day alone in a short message about the future is a choice, unless it is what the question is about."""
    is_long = len(heard.body.split()) > _MAX_SLOT_WORDS
    if (
        not heard.has(Signal.SLOT)
        or heard.was_asked("statement", "visit", "coming")
        or is_long
        or _TELLS_OF_THE_PAST.search(heard.body)
    ):
        return False
    return not heard.shares_sentences(heard.places(Signal.SLOT), heard.places(Signal.TOPIC))


def _asks_something(heard: Heard, intents: set[Intent]) -> bool:
    if heard.has(Signal.POLICY, *_FOR_STAFF):
        return Intent.COMPLAINT not in intents
    if heard.has(Signal.OFF_TOPIC) and not intents:
        return False
    if any(_INTERROGATIVE.search(heard.sentence(at)) for at in heard.places(Signal.TOPIC)):
        return True
    if intents or heard.has(Signal.PUZZLED):
        return False
    has_words = re.search(r"[a-z]{2}", heard.body)
    return bool(("?" in heard.body and has_words) or _WH_QUESTION.search(heard.body))


def _reading(heard: Heard, intents: set[Intent]) -> Reading:
    ordered = sorted(intents, key=PRIORITY.index)
    if ordered == [Intent.BOOKING_REQUEST, Intent.QUESTION] and _question_leads(heard):
        ordered.reverse()
    wants_person = heard.has(Signal.HUMAN)
    if wants_person and ordered[0] in (Intent.BOOKING_REQUEST, Intent.QUESTION):
        ordered.insert(0, Intent.IRRELEVANT)
    is_for_staff = Intent.QUESTION in intents and heard.has(*_FOR_STAFF)
    return Reading(
        intents=tuple(ordered),
        confidence=_confidence(heard, ordered[0]),
        handoff=wants_person or is_for_staff or Intent.COMPLAINT in intents,
        reason=f"{ordered[0].value.lower()}: {', '.join(signal.value for signal in heard.found)}",
    )


def _question_leads(heard: Heard) -> bool:
    """A question comes first when the yes hangs on it: "yes - but how much?"; a day already chosen does not wait."""
    if _QUESTION_FIRST.search(heard.body) or not heard.has(Signal.BOOKING, Signal.SLOT):
        return True
    is_for_staff = heard.has(*_FOR_STAFF)
    return is_for_staff and heard.shares_sentences(heard.places(Signal.BOOKING), heard.places(*_FOR_STAFF))


def _confidence(heard: Heard, intent: Intent) -> float:
    if heard.has(Signal.BOOKING) and heard.has(Signal.DENIAL) and not heard.has(Signal.REVERSAL):
        return 0.55
    if intent is Intent.QUESTION and not heard.has(Signal.TOPIC, Signal.POLICY, *_FOR_STAFF):
        return 0.5
    is_implied = not heard.has(Signal.BOOKING, Signal.DENIAL)
    return 0.65 if is_implied and intent in (Intent.BOOKING_REQUEST, Intent.SERVICE_DENIAL) else 0.8


def _wishless(heard: Heard) -> Reading:
    """A person's turn, silence for thanks, and "confused" when nothing at all was recognised."""
    for signals, confidence, handoff, reason in _WISHLESS:
        if heard.has(*signals):
            return Reading((Intent.IRRELEVANT,), confidence, handoff=handoff, reason=reason, is_thanks=not handoff)
    return NOTHING
