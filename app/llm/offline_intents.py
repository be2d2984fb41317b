"""From signals to labels: which intents a message holds, which one leads, and whether a person must see it (agent.md)."""

import re
from bisect import bisect_right
from collections.abc import Mapping

from app.domain.phrases import compile_words, find_all
from app.llm.offline_context import NO, OK, YES, Asked, Reading, asked_by, offers_slots
from app.llm.offline_rules import RULES, Signal
from app.llm.offline_rules_strangers import INJECTION_MARKUP
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
_MARKUP = re.compile(INJECTION_MARKUP, re.IGNORECASE | re.MULTILINE)
_INTERROGATIVE = compile_words(
    r"\?|(?:^|[|,]) ?(?:and |so |also |ok |hi |hello |please |but |yes |well |just |before i \w+ ?,? )*(?:what|when|where|who|whose|which|why|how|do|does"
    r"|did|is|are|am|was|can|could|will|would|should|may|tell|cuanto|cuando|donde|que|quels?|quelles?|combien|ou|est ce|tell me)\b"
    r"|\bhow (?:much|long|do|late)\b|\b(?:tell me|wondering|curious|to know|questions?|info|information)\b|\band (?:what|when|how|is|do)\b"
)
_WH_QUESTION = compile_words(
    r"<start>(?:and |so |hi |hello |please |also )*(?:what|when|where|how|who|which|why)(?: [^ |]+){3}"
)
_TELLS_OF_THE_PAST = re.compile(r"\b(?:had|got|was|were|did|went|been|ago|last|told|said|pay|mom|stop|booked)\b")
_MAX_SLOT_WORDS = 14
_BEFORE_BOOKING = re.compile(r"\bbefore i (?:book|come|schedule)\b")
_QUESTION_FIRST = re.compile(
    r"\bbefore i (?:book|decide|commit|say|come|agree|schedule|do)\b|\bfirst\b[^|]*\?|\bdepends\b"
)

Found = Mapping[Signal, list[int]]


def read_signals(body: str) -> Found:
    """Where in a normalised message each signal stands; signals that are absent are missing."""
    found = {signal: sorted(at for rule in rules for at in find_all(rule, body)) for signal, rules in RULES.items()}
    return {signal: places for signal, places in found.items() if places}


def read_message(raw: str, body: str, previous: str | None) -> Reading:
    """The labels of a message that is more than a bare answer; emergencies and opt-outs are added by the caller."""
    if _MARKUP.search(raw):
        return Reading((Intent.IRRELEVANT,), 0.9, True, "orders to a machine, not a patient's wish")
    found = read_signals(body)
    for signal, reason in (
        (Signal.INJECTION, "orders to a machine, not a patient's wish"),
        (Signal.VENDOR, "an offer to sell"),
    ):
        if signal in found:
            return Reading((Intent.IRRELEVANT,), 0.85, True, reason)
    intents = _intents(body, found, previous)
    return _reading(body, found, intents) if intents else _without_intent(found)


def _intents(body: str, found: Found, previous: str | None) -> set[Intent]:
    asked = asked_by(previous)
    intents: set[Intent] = set()
    if Signal.COMPLAINT in found:
        intents.add(Intent.COMPLAINT)
    intents |= _about_a_visit(body, found, asked, previous)
    intents |= _wish(body, found, intents, asked)
    if Signal.HUMAN not in found and _asks_something(body, found, intents):
        intents.add(Intent.QUESTION)
        if not intents - {Intent.QUESTION} and _BEFORE_BOOKING.search(body):
            intents.add(Intent.BOOKING_REQUEST)
    return intents


def _about_a_visit(body: str, found: Found, asked: Asked | None, previous: str | None) -> set[Intent]:
    """CANCEL or RESCHEDULE of an existing visit; a day that does not suit, among times we offered, is neither."""
    if Signal.POLICY in found:
        return set()
    being_offered = offers_slots(previous) or (asked is not None and asked.wording.name == "offer")
    if (
        Signal.KEEP not in found
        and Signal.CANCEL not in found
        and _speaks_of_a_visit(asked)
        and _names_another_time(found)
    ):
        return {Intent.RESCHEDULE}
    if Signal.RESCHEDULE in found and not (being_offered and Signal.CANCEL not in found):
        return {Intent.RESCHEDULE}
    if Signal.CANCEL in found:
        return {Intent.CANCEL}
    if Signal.CANNOT_COME not in found or being_offered:
        return set()
    return {Intent.RESCHEDULE if _names_another_time(found) or _asks_for_a_day(body, found) else Intent.CANCEL}


def _speaks_of_a_visit(asked: Asked | None) -> bool:
    return asked is not None and asked.wording.name in ("coming", "move")


def _names_another_time(found: Found) -> bool:
    return Signal.RESCHEDULE in found or Signal.BOOKING in found


def _asks_for_a_day(body: str, found: Found) -> bool:
    return any("?" in _sentence(body, at) for at in found.get(Signal.SLOT, []))


def _wish(body: str, found: Found, so_far: set[Intent], asked: Asked | None) -> set[Intent]:
    """BOOKING_REQUEST or SERVICE_DENIAL: where both are said, what is said last counts."""
    books, declines = _last(found, Signal.BOOKING), _last(found, Signal.DENIAL)
    defers = _last(found, Signal.DEFERRAL)
    if Signal.REVERSAL in found and Signal.KEEP not in found and declines <= _last(found, Signal.REVERSAL):
        return {Intent.BOOKING_REQUEST}
    if declines >= 0 and declines >= books:
        return {Intent.SERVICE_DENIAL}
    if Intent.RESCHEDULE in so_far or Intent.COMPLAINT in so_far and books < 0:
        return set()
    if books >= 0:
        return set() if defers > books else {Intent.BOOKING_REQUEST}
    if so_far or defers >= 0:
        return set()
    return _implied_wish(body, found, asked)


def _implied_wish(body: str, found: Found, asked: Asked | None) -> set[Intent]:
    """Booking that is not spelt out: a day, a dental need, a leading yes, another time than the one offered."""
    blocked = {Signal.BOOKED, Signal.HUMAN, Signal.OFF_TOPIC, Signal.KEEP, Signal.PUZZLED, *_FOR_STAFF} & set(found)
    if _picks_a_slot(body, found) and not blocked and not _is_statement(asked):
        return {Intent.BOOKING_REQUEST}
    if (Signal.RESCHEDULE in found or Signal.CANNOT_COME in found) and not blocked:
        return {Intent.BOOKING_REQUEST}
    if Signal.NEED in found and not blocked and Signal.TOPIC not in found:
        return {Intent.BOOKING_REQUEST}
    spoken = re.findall(r"[a-z]+", body)[:1]
    if asked is not None and spoken and spoken[0] not in NO and not blocked and (spoken[0] in YES or spoken[0] in OK):
        return {intent for intent in asked.yes.intents if intent is not Intent.IRRELEVANT}
    return set()


def _picks_a_slot(body: str, found: Found) -> bool:
    """A day or time by itself in a short message about the future is a choice, unless it is what the question is about."""
    if Signal.SLOT not in found or len(body.split()) > _MAX_SLOT_WORDS or _TELLS_OF_THE_PAST.search(body):
        return False
    return not _same_sentence(body, found[Signal.SLOT], found.get(Signal.TOPIC, []))


def _asks_something(body: str, found: Found, intents: set[Intent]) -> bool:
    if Signal.POLICY in found or any(signal in found for signal in (*_FOR_STAFF,)):
        return Intent.COMPLAINT not in intents
    topics = found.get(Signal.TOPIC, [])
    if Signal.OFF_TOPIC in found and not intents:
        return False
    if any(_INTERROGATIVE.search(_sentence(body, at)) for at in topics):
        return True
    spent = {Signal.OFF_TOPIC, Signal.PUZZLED, Signal.HUMAN} & set(found)
    asks = ("?" in body and re.search(r"[a-z]{2}", body)) or _WH_QUESTION.search(body)
    return not intents and not spent and bool(asks)


def _reading(body: str, found: Found, intents: set[Intent]) -> Reading:
    ordered = sorted(intents, key=PRIORITY.index)
    if ordered[0] is Intent.BOOKING_REQUEST and Intent.QUESTION in intents and _question_leads(body, found):
        ordered.remove(Intent.QUESTION)
        ordered.insert(0, Intent.QUESTION)
    wants_person = Signal.HUMAN in found
    if wants_person and ordered[0] in (Intent.BOOKING_REQUEST, Intent.QUESTION):
        ordered.insert(0, Intent.IRRELEVANT)
    for_staff = Intent.QUESTION in intents and any(signal in found for signal in _FOR_STAFF)
    handoff = wants_person or for_staff or Intent.COMPLAINT in intents
    return Reading(tuple(ordered), _confidence(found, ordered[0]), handoff, _reason(found, ordered[0]))


def _question_leads(body: str, found: Found) -> bool:
    """A question comes first when the yes hangs on it: "yes - but how much?"; a day already chosen does not wait."""
    if _QUESTION_FIRST.search(body) or (Signal.BOOKING not in found and Signal.SLOT not in found):
        return True
    for_staff = [at for signal in _FOR_STAFF for at in found.get(signal, [])]
    return bool(for_staff) and _same_sentence(body, found.get(Signal.BOOKING, []), for_staff)


def _confidence(found: Found, intent: Intent) -> float:
    if {Signal.BOOKING, Signal.DENIAL} <= set(found) and Signal.REVERSAL not in found:
        return 0.55
    if intent is Intent.QUESTION and not any(s in found for s in (Signal.TOPIC, Signal.POLICY, *_FOR_STAFF)):
        return 0.5
    if intent is Intent.BOOKING_REQUEST and Signal.BOOKING not in found:
        return 0.65
    return 0.8


def _reason(found: Found, intent: Intent) -> str:
    return f"{intent.value.lower()}: " + ", ".join(signal.value for signal in found)


def _without_intent(found: Found) -> Reading:
    """No wish to act on: a person's turn, silence for thanks, and "confused" when nothing at all was recognised."""
    for signals, confidence, handoff, reason in _QUIET:
        if any(signal in found for signal in signals):
            return Reading((Intent.IRRELEVANT,), confidence, handoff, reason, is_thanks=not handoff)
    return Reading((Intent.CONFUSED,), 0.3, True, "nothing recognised")


_QUIET: tuple[tuple[tuple[Signal, ...], float, bool, str], ...] = (
    ((Signal.HUMAN,), 0.8, True, "wants a person"),
    ((Signal.BOOKED,), 0.7, True, "says a visit is booked already"),
    ((Signal.DEFERRAL,), 0.4, True, "neither yes nor no yet"),
    ((Signal.REASSURANCE,), 0.7, False, "wants to go on hearing from us"),
    ((Signal.OFF_TOPIC,), 0.7, True, "not about the clinic"),
    ((Signal.KEEP,), 0.7, False, "means to come as agreed"),
    ((Signal.THANKS, Signal.ACKNOWLEDGED), 0.85, False, "thanks or a mere ok"),
)


def _last(found: Found, signal: Signal) -> int:
    return found[signal][-1] if signal in found else -1


def _is_statement(asked: Asked | None) -> bool:
    return asked is not None and asked.wording.name == "statement"


def _same_sentence(body: str, places: list[int], others: list[int]) -> bool:
    """Whether every place shares its sentence with one of the others."""
    ends = [at for at, char in enumerate(body) if char == "|"]
    held = {bisect_right(ends, at) for at in others}
    return all(bisect_right(ends, at) in held for at in places)


def _sentence(body: str, at: int) -> str:
    end = body.find("|", at)
    return body[body.rfind("|", 0, at) + 1 : end if end >= 0 else len(body)]
