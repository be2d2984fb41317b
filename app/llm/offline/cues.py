"""Names for what the rules found in a message, so that their word can be weighed with the classifier's (ADR 0022)."""

from collections.abc import Iterator

from app.domain.orders import marks_of_orders
from app.llm.offline.by_rules import RuleReading
from app.llm.offline.heard import Heard
from app.llm.offline.rules import Signal

_STRENGTHS = ((0.8, "sure"), (0.6, "likely"), (0.31, "guess"))
_IN_ORDER = (
    Signal.BOOKING,
    Signal.DENIAL,
    Signal.DEFERRAL,
    Signal.CANCEL,
    Signal.RESCHEDULE,
    Signal.AGREES,
    Signal.DISAGREES,
    Signal.SLOT,
    Signal.TOPIC,
)
"""Of these, which is said first and which last tells what is meant."""


def cues_of(rules: RuleReading) -> set[str]:
    """The cues of one message."""
    return {*_of_reading(rules), *_of_signals(rules.heard), *marks_of_orders(rules.heard.body)}


def _of_reading(rules: RuleReading) -> Iterator[str]:
    reading = rules.reading
    main = reading.intents[0].value
    strength = next((name for least, name in _STRENGTHS if reading.confidence >= least), "none")
    yield from (f"main:{main}", f"main:{main}:{strength}", f"staff:{reading.handoff}", f"quiet:{reading.is_thanks}")
    yield from (f"has:{intent.value}" for intent in reading.intents)
    if rules.screening.rule:
        yield f"rule:{rules.screening.rule}"
    else:
        yield f"why:{reading.reason.partition(':')[0]}"
    if rules.is_bare:
        yield f"bare:{main}"


def _of_signals(heard: Heard) -> Iterator[str]:
    yield from (f"signal:{signal.name}" for signal in heard.found)
    if heard.asked:
        yield f"asked:{heard.asked.wording.name}"
    if heard.is_offered_slots:
        yield "offers slots"
    if heard.follows_visit:
        yield "follows visit"
    told = [signal for signal in _IN_ORDER if signal in heard.found]
    if told:
        yield f"last:{max(told, key=heard.last).name}"
        yield f"first:{min(told, key=lambda signal: heard.found[signal][0]).name}"
