"""The numbers that weigh rules and classifier together, read from `weights.json`; `make train` writes it (ADR 0022)."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("weights.json")


@dataclass(frozen=True, slots=True)
class Weights:
    """A linear model over the classifier's logits and the cues of the rules; a number per column of `COLUMNS`."""

    training_data: str
    """SHA-256 over the training messages, as in the classifier's file."""
    bias: Sequence[float]
    logits: Sequence[Sequence[float]]
    """A row per logit of the classifier."""
    cues: Mapping[str, Sequence[float]]
    """A row per cue."""
    thresholds: Mapping[str, float]
    """Probabilities from which a risk is raised, a refusal forbids a booking, a person is called."""

    def score(self, logits: Sequence[float], cues: Iterable[str]) -> list[float]:
        """One logit per column."""
        rows = [(1.0, self.bias), *zip(logits, self.logits, strict=True)]
        rows += [(1.0, self.cues[cue]) for cue in sorted(cues) if cue in self.cues]
        return [sum(factor * row[at] for factor, row in rows) for at in range(len(self.bias))]


@cache
def load() -> Weights:
    """Read the file once."""
    return Weights(**json.loads(FILE.read_text("utf-8")))
