"""A small linear classifier behind the offline provider's rules (agent.md section 3, ADR 0022). Pure; a file of arrays.

It never decides alone: `weighing` weighs its scores with what the rules heard. `make train` prints what five-fold
cross-validation over the training messages measures; ADR 0022 holds the figures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp

from app.llm.offline.classifier_arrays import load
from app.llm.offline.classifier_features import features_of
from app.models.enums import ChannelType, Intent

INTENTS = (
    Intent.EMERGENCY,
    Intent.OPT_OUT,
    Intent.COMPLAINT,
    Intent.CANCEL,
    Intent.RESCHEDULE,
    Intent.SERVICE_DENIAL,
    Intent.BOOKING_REQUEST,
    Intent.QUESTION,
    Intent.IRRELEVANT,
    Intent.AUTO_REPLY,
)
"""The labels that it knows (agent.md section 1), by priority."""
COLUMNS = (*(f"main.{i.value}" for i in INTENTS), *(f"has.{i.value}" for i in INTENTS), "handoff")
"""The scores in the file of arrays."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Calibrated probabilities, 0 to 1."""

    main: Mapping[Intent, float]
    """That this is the main label; they add up to 1."""
    present: Mapping[Intent, float]
    """That the message holds this intent at all; independent of each other."""
    handoff: float
    """That a person must see it."""
    logits: tuple[float, ...]
    """What the probabilities were made of, by `COLUMNS`."""
    emergency_threshold: float
    opt_out_threshold: float

    @property
    def intent(self) -> Intent:
        """The most probable main label."""
        return max(INTENTS, key=self.main.__getitem__)

    @property
    def confidence(self) -> float:
        """Probability of the most probable main label."""
        return self.main[self.intent]

    @property
    def emergency(self) -> float:
        """Probability that the message tells of an emergency."""
        return self.present[Intent.EMERGENCY]

    @property
    def opt_out(self) -> float:
        """Probability that the message refuses messages."""
        return self.present[Intent.OPT_OUT]

    @property
    def is_emergency(self) -> bool:
        """At or above the threshold that cross-validation chose for recall: for "rule OR this"."""
        return self.emergency >= self.emergency_threshold

    @property
    def is_opt_out(self) -> bool:
        """At or above the threshold that cross-validation chose for recall: for "rule OR this"."""
        return self.opt_out >= self.opt_out_threshold


def classify(text: str, *, channel: ChannelType, previous_outgoing: str | None) -> Scores:
    """Score a raw incoming message against the message that it answers."""
    model = load()
    logits = model.score(features_of(text, channel=channel, previous_outgoing=previous_outgoing))
    return scores_from(logits, thresholds=model.header.thresholds)


def scores_from(logits: Sequence[float], *, thresholds: Mapping[str, float]) -> Scores:
    """Probabilities from one logit per column; `thresholds` names those of `emergency` and `opt_out`."""
    count = len(INTENTS)
    return Scores(
        main=dict(zip(INTENTS, _softmax(logits[:count]), strict=True)),
        present=dict(zip(INTENTS, map(_sigmoid, logits[count : 2 * count]), strict=True)),
        handoff=_sigmoid(logits[-1]),
        logits=tuple(logits),
        emergency_threshold=thresholds["emergency"],
        opt_out_threshold=thresholds["opt_out"],
    )


def _sigmoid(score: float) -> float:
    return 1.0 / (1.0 + exp(-max(-30.0, min(30.0, score))))


def _softmax(scores: Sequence[float]) -> list[float]:
    top = max(scores)
    powers = [exp(score - top) for score in scores]
    return [power / sum(powers) for power in powers]
