"""Train the offline provider's classifier on evals/train and write its arrays: `make train` (ADR 0022).

Deterministic: the same messages and the same scikit-learn give the same file. Prints what cross-validation measured.
"""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags, hstack
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import LinearSVC

from app.llm.offline.classifier import COLUMNS, INTENTS
from app.llm.offline.classifier_arrays import FILE, FORMAT, ZERO
from scripts.train_weights import train_weights
from scripts.training_data import Message, read_messages, training_hash

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

SAMPLE = Path(__file__).parents[1] / "tests" / "llm" / "classifier_sample.json"
SAMPLE_SIZE = 60
SEED = 20_261_121
FOLDS = 5
STRENGTH = 0.4
"""Inverse of the regularisation; chosen by cross-validation."""
TELLING = 0.5
"""How far a feature's weight before training follows its log-odds; chosen on writers whose messages were held out."""
LEAST_MESSAGES = (2, 2, 2)
"""In how many messages a feature must occur to count: a word, a piece of a word, a cue of the context."""
FALSE_ALARMS = 0.03
"""Of the messages that are no emergency (no opt-out), how many may be taken for one."""
_LABELS = len(INTENTS)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Which features count and what each weighs (its inverse document frequency), a pair per block."""

    blocks: tuple[tuple[dict[str, int], Floats], ...]

    @classmethod
    def of(cls, messages: list[Message]) -> "Vocabulary":
        """The features that are frequent enough, in alphabetical order."""
        blocks = []
        for block, least in enumerate(LEAST_MESSAGES):
            counts = Counter(name for message in messages for name in message.blocks[block])
            names = sorted(name for name, count in counts.items() if count >= least)
            weights = np.array([np.log((1 + len(messages)) / (1 + counts[name])) + 1 for name in names])
            blocks.append(({name: at for at, name in enumerate(names)}, weights))
        return cls(tuple(blocks))

    @property
    def names(self) -> list[str]:
        """Every feature, block after block."""
        return [name for columns, _ in self.blocks for name in columns]

    @property
    def weights(self) -> Floats:
        """The weight of each of `names`."""
        return np.concatenate([weights for _, weights in self.blocks])

    def matrix(self, messages: list[Message]) -> Any:
        """A sparse matrix with a row per message; each block of a row has length 1."""
        return hstack([self._block(block, messages) for block in range(len(self.blocks))]).tocsr()

    def _block(self, block: int, messages: list[Message]) -> Any:
        columns, weights = self.blocks[block]
        cells = [(row, columns[n]) for row, m in enumerate(messages) for n in sorted(m.blocks[block]) if n in columns]
        rows, places = np.array(cells, dtype=np.int64).reshape(-1, 2).T
        part = csr_matrix((weights[places], (rows, places)), shape=(len(messages), len(columns)))
        lengths = np.sqrt(np.asarray(part.multiply(part).sum(axis=1)).ravel())
        return diags(1 / np.where(lengths == 0, 1, lengths)) @ part


@dataclass(frozen=True, slots=True)
class Weights:
    """A linear model: a row of `coef` and a number of `bias` per column of `COLUMNS`."""

    coef: Floats
    bias: Floats

    def scores(self, matrix: Any) -> Floats:
        """A row per message, a column per score."""
        return np.asarray(matrix @ self.coef.T + self.bias)


def fit(matrix: Any, messages: list[Message]) -> Weights:
    """Yes or no for each label as the main one, then for each label's presence and for the handoff."""
    mains, present = _mains(messages)[:, None] == np.arange(_LABELS), (matrix > 0).astype(float)
    models = [_told_apart(matrix, present, target) for target in np.hstack([mains, _targets(messages)]).T]
    return Weights(np.vstack([coef for coef, _ in models]), np.array([bias for _, bias in models]))


def _told_apart(matrix: Any, present: Any, target: Flags) -> tuple[Floats, float]:
    """A support vector machine over features that weigh more the more they tell (Wang and Manning 2012, NBSVM)."""
    telling = np.abs(_log_odds(present, target)) * TELLING + 1 - TELLING
    model = LinearSVC(C=STRENGTH, random_state=SEED, max_iter=5_000).fit(matrix @ diags(telling), target)
    return model.coef_[0] * telling, float(model.intercept_[0])


def _log_odds(present: Any, target: Flags) -> Floats:
    """How much more often each feature occurs with the target than without it, as naive Bayes counts."""
    with_it, without = (present.T @ rows.astype(float) + 1 for rows in (target, ~target))
    return np.asarray(np.log(with_it / with_it.sum()) - np.log(without / without.sum()))


def _targets(messages: list[Message]) -> Flags:
    return np.array([m.targets for m in messages])


def _mains(messages: list[Message]) -> NDArray[np.int64]:
    return np.array([m.main for m in messages])


def cross_validated_scores(messages: list[Message]) -> Floats:
    """Scores of each message by a model that has not seen it."""
    scores = np.zeros((len(messages), len(COLUMNS)))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    for train, test in folds.split(scores, _mains(messages)):
        seen = [messages[i] for i in train]
        vocabulary = Vocabulary.of(seen)
        scores[test] = fit(vocabulary.matrix(seen), seen).scores(vocabulary.matrix([messages[i] for i in test]))
    return scores


def calibration(scores: Floats, messages: list[Message]) -> tuple[Floats, Floats]:
    """Factor and offset per column that turn scores into honest probabilities: one temperature for the main label,
    Platt's two numbers for each of the others."""
    factors, offsets = np.ones(len(COLUMNS)), np.zeros(len(COLUMNS))
    heats = np.geomspace(0.5, 8, 81)
    factors[:_LABELS] = min(heats, key=lambda heat: _loss(scores[:, :_LABELS] * heat, _mains(messages)))
    for at, target in enumerate(_targets(messages).T, start=_LABELS):
        platt = LogisticRegression(C=1e6).fit(scores[:, [at]], target)
        factors[at], offsets[at] = platt.coef_[0, 0], platt.intercept_[0]
    return factors, offsets


def _loss(scores: Floats, main: NDArray[np.int64]) -> float:
    shifted = scores - scores.max(axis=1, keepdims=True)
    return float(np.mean(np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(main)), main]))


def _sigmoid(scores: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-scores)))


def threshold(probabilities: Floats, target: Flags) -> float:
    """The lowest probability at which no more than `FALSE_ALARMS` of the other messages raise an alarm."""
    others = np.sort(probabilities[~target])[::-1]
    return float(np.ceil(others[int(FALSE_ALARMS * len(others))] * 1e4) / 1e4)


def report(scores: Floats, messages: list[Message]) -> dict[str, float]:
    """Print the cross-validated figures; answer the thresholds of the risks."""
    main, best = _mains(messages), scores[:, :_LABELS].argmax(axis=1)
    print(f"{len(messages)} messages, {FOLDS} folds: accuracy {np.mean(best == main):.3f}, "
          f"macro-F1 {f1_score(main, best, average='macro'):.3f}")  # fmt: skip
    for at, intent in enumerate(INTENTS):
        print(f"  {intent.value:16} recall {np.mean(best[main == at] == at):.3f}, of {np.sum(main == at)}")
    targets, chances, thresholds = _targets(messages), _sigmoid(scores[:, _LABELS:]), {}
    for name, at in (("emergency", 0), ("opt_out", 1)):
        thresholds[name] = threshold(chances[:, at], targets[:, at])
        _print_alarm(name, chances[:, at] >= thresholds[name], targets[:, at])
    _print_alarm("handoff", chances[:, -1] >= 0.5, targets[:, -1])
    return thresholds


def _print_alarm(name: str, alarm: Flags, target: Flags) -> None:
    print(f"  {name}: recall {alarm[target].mean():.3f}, false alarms {alarm[~target].mean():.3f}")


def write(vocabulary: Vocabulary, weights: Weights, thresholds: dict[str, float]) -> None:
    """Write the arrays; `app/llm/offline/classifier_arrays.py` tells the format."""
    idf = vocabulary.weights
    table = np.vstack([weights.coef * idf, idf**2])
    scale = np.abs(table).max(axis=1) / (ZERO - 1)
    steps = (np.rint(table / scale[:, None]).astype(np.int64) + ZERO).astype("<u2")
    names = "\n".join(vocabulary.names).encode()
    header = {
        "format": FORMAT,
        "labels": COLUMNS,
        "training_data": training_hash(),
        "bias": [round(float(bias), 6) for bias in weights.bias],
        "scale": [float(f"{step:.8g}") for step in scale],
        "thresholds": thresholds,
        "features": len(vocabulary.names),
        "names_bytes": len(names),
    }
    FILE.write_bytes(json.dumps(header).encode() + b"\n" + names + np.ascontiguousarray(steps.T).tobytes())


def write_sample(messages: list[Message], scores: Floats) -> None:
    """What scikit-learn's own weights make of some messages: the test of the arrays compares."""
    picked = range(0, len(messages), len(messages) // SAMPLE_SIZE)
    rows = [
        {
            "text": m.text,
            "channel": m.channel,
            "prev_outgoing": m.previous_outgoing,
            "scores": scores[i].round(4).tolist(),
        }
        for i, m in ((i, messages[i]) for i in picked)
    ]
    SAMPLE.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", "utf-8")


def main() -> None:
    """Measure by cross-validation, train on everything, write."""
    messages = read_messages()
    scores = cross_validated_scores(messages)
    factors, offsets = calibration(scores, messages)
    thresholds = report(scores * factors + offsets, messages)
    vocabulary = Vocabulary.of(messages)
    raw = fit(vocabulary.matrix(messages), messages)
    weights = Weights(raw.coef * factors[:, None], raw.bias * factors + offsets)
    write(vocabulary, weights, thresholds)
    write_sample(messages, weights.scores(vocabulary.matrix(messages)))
    print(f"  {FILE.name}: {FILE.stat().st_size / 1e6:.2f} MB, {len(vocabulary.names)} features, {thresholds}")
    train_weights(scores * factors + offsets, messages)


if __name__ == "__main__":
    main()
