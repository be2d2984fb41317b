"""What was heard in one message: every signal with its place, and what our previous message had asked."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.phrases import find_all
from app.llm.offline.asked import Asked, asked_by, offers_slots, speaks_of_visit
from app.llm.offline.rules import RULES, Signal


@dataclass(frozen=True, slots=True)
class Heard:
    """The signals of a normalised message and its context."""

    body: str
    found: Mapping[Signal, list[int]]
    """Places in `body`, ascending; absent signals are missing."""
    asked: Asked | None
    is_offered_slots: bool
    follows_visit: bool
    """Our previous message spoke of a visit that stands in the calendar."""

    @property
    def is_about_visit(self) -> bool:
        """Whether a visit that exists is spoken of, by us or by the patient."""
        return self.follows_visit or self.has(Signal.OWN_VISIT)

    def has(self, *signals: Signal) -> bool:
        """Whether any of the signals is there."""
        return any(signal in self.found for signal in signals)

    def places(self, *signals: Signal) -> list[int]:
        """Where the signals stand."""
        return [at for signal in signals for at in self.found.get(signal, [])]

    def last(self, signal: Signal) -> int:
        """Where a signal stands last; -1 when it is absent."""
        return self.found[signal][-1] if signal in self.found else -1

    def was_asked(self, *kinds: str) -> bool:
        """Whether our previous message asked one of these kinds of question (`offline_context.ASKED`)."""
        return self.asked is not None and self.asked.wording.name in kinds

    def sentence(self, at: int) -> str:
        """The sentence that holds a place."""
        end = self.body.find("|", at)
        return self.body[self.body.rfind("|", 0, at) + 1 : end if end >= 0 else len(self.body)]

    def shares_sentences(self, places: list[int], others: list[int]) -> bool:
        """Whether each place stands in one sentence with one of the others."""
        ends = [at for at, char in enumerate(self.body) if char == "|"]
        held = {bisect_right(ends, at) for at in others}
        return all(bisect_right(ends, at) in held for at in places)


def hear(body: str, previous: str | None) -> Heard:
    """Read every signal of a normalised message."""
    places = {signal: sorted(at for rule in rules for at in find_all(rule, body)) for signal, rules in RULES.items()}
    found = {signal: at for signal, at in places.items() if at}
    return Heard(body, found, asked_by(previous), offers_slots(previous), speaks_of_visit(previous))
