"""Learns how to weigh the rules' word with the classifier's: a second linear model over both (ADR 0022, `make train`).

The classifier's scores that it learns from are those of models that had not seen the message; so are the probabilities
on which the thresholds are chosen and that are printed.
"""

import json
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from app.llm.offline.classifier import INTENTS
from app.llm.offline.weighing import WORTH_ACTING
from app.llm.offline.weights import FILE
from app.models.enums import Intent
from scripts.training_data import Message, training_hash

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

SEED = 20_261_121
FOLDS = 5
STRENGTH = 0.1
LOGIT_UNIT = 3.0
"""The classifier's scores are divided by this, so that they are regularised as the cues are."""
LEAST_MESSAGES = 4
WORTH_OF_KNOWN = 0.3
"""How much a message counts that rules were written for: there they look better than they are."""
FALSE_ALARMS = {"emergency": 0.025, "opt_out": 0.035}
"""Of the messages that are none, how many may be taken for one, rules included."""
BOOKED_REFUSALS = 0.018
"""Of the refusals, how many may be read as a booking."""
NEEDLESS_HANDOFFS = 0.18
"""Of the messages that need no person, how many may go to one."""
_LABELS = len(INTENTS)
_BOOKING = INTENTS.index(Intent.BOOKING_REQUEST)
_REFUSALS = [INTENTS.index(i) for i in (Intent.SERVICE_DENIAL, Intent.CANCEL, Intent.OPT_OUT)]
_AUTO_REPLY = INTENTS.index(Intent.AUTO_REPLY)
_RISKS = {"emergency": 0, "opt_out": 1}


@dataclass(frozen=True, slots=True)
class Model:
    """Weights over `[logits, cues]` with a column per score."""

    cues: list[str]
    coef: Floats
    bias: Floats

    def scores(self, logits: Floats, messages: list[Message]) -> Floats:
        """A row per message."""
        return inputs(self.cues, logits, messages) @ self.coef + self.bias


def inputs(cues: list[str], logits: Floats, messages: list[Message]) -> Floats:
    """The classifier's scores and a 0 or 1 per cue."""
    places = {cue: at for at, cue in enumerate(cues)}
    table = np.zeros((len(messages), len(cues)))
    for row, message in enumerate(messages):
        table[row, [places[cue] for cue in message.cues if cue in places]] = 1
    return np.hstack([logits / LOGIT_UNIT, table])


def fit(logits: Floats, messages: list[Message]) -> Model:
    """The main label by one model, each label's presence and the handoff by one each; final readings teach nothing."""
    open_ones = [row for row, message in enumerate(messages) if not message.is_final]
    logits, messages = logits[open_ones], [messages[row] for row in open_ones]
    counts = Counter(cue for message in messages for cue in message.cues)
    cues = sorted(cue for cue, count in counts.items() if count >= LEAST_MESSAGES)
    table = inputs(cues, logits, messages)
    worth = [1.0 if message.is_fresh else WORTH_OF_KNOWN for message in messages]
    targets = [[m.main for m in messages], *np.array([m.targets for m in messages]).T]
    models = [LogisticRegression(C=STRENGTH, max_iter=2_000).fit(table, target, worth) for target in targets]
    return Model(cues, np.vstack([m.coef_ for m in models]).T, np.concatenate([m.intercept_ for m in models]))


def cross_validated(logits: Floats, messages: list[Message]) -> Floats:
    """Scores of each message by a model that has not seen it."""
    scores = np.zeros((len(messages), 2 * _LABELS + 1))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED + 1)
    for train, test in folds.split(logits, [m.main for m in messages]):
        model = fit(logits[train], [messages[i] for i in train])
        scores[test] = model.scores(logits[test], [messages[i] for i in test])
    return scores


@dataclass(frozen=True, slots=True)
class Read:
    """Cross-validated probabilities with what is right, an array each."""

    main: Floats
    present: Floats
    handoff: Floats
    messages: list[Message]

    @classmethod
    def of(cls, scores: Floats, messages: list[Message]) -> "Read":
        """From scores."""
        powers = np.exp(scores[:, :_LABELS] - scores[:, :_LABELS].max(axis=1, keepdims=True))
        chances = 1 / (1 + np.exp(-scores[:, _LABELS:]))
        return cls(powers / powers.sum(axis=1, keepdims=True), chances[:, :-1], chances[:, -1], messages)

    @property
    def worth(self) -> Floats:
        """How much each message counts."""
        return np.where(self.flags("is_fresh"), 1.0, WORTH_OF_KNOWN)

    def share(self, hits: Flags, part: Flags) -> float:
        """How often something holds in a part of the messages, by their worth."""
        return float(np.average(hits[part], weights=self.worth[part]))

    def flags(self, name: str) -> Flags:
        """A property of every message."""
        return np.array([bool(getattr(message, name)) for message in self.messages])

    def target(self, at: int) -> Flags:
        """A target of every message."""
        return np.array([message.targets[at] for message in self.messages])

    @property
    def right(self) -> NDArray[np.int64]:
        """The right main labels."""
        return np.array([message.main for message in self.messages])

    def risk(self, at: int, threshold: float) -> Flags:
        """Which messages raise a risk, by a rule or by probability."""
        by_rule = np.array([INTENTS[at] in message.by_rule for message in self.messages])
        chance = np.maximum(self.present[:, at], self.main[:, at])
        if INTENTS[at] is Intent.OPT_OUT:
            chance = np.where(self.main.argmax(axis=1) == _AUTO_REPLY, 0.0, chance)
        return np.asarray(by_rule | (~self.flags("is_final") & (chance >= threshold)))

    def to_person(self, threshold: float) -> Flags:
        """Which messages a person sees, for what they want or because nothing is likely enough."""
        return np.asarray((self.handoff >= threshold) | (self.main.max(axis=1) < WORTH_ACTING))

    def labels(self, thresholds: dict[str, float]) -> NDArray[np.int64]:
        """The main label of each message as `weighing.weigh` finds it."""
        best = 2 + self.main[:, 2:].argmax(axis=1)
        refused = self.main[:, _REFUSALS].sum(axis=1) >= thresholds["refusal"]
        no = np.array(_REFUSALS)[self.main[:, _REFUSALS[:2]].argmax(axis=1)]
        best = np.where((best == _BOOKING) & refused, no, best)
        for name, at in reversed(_RISKS.items()):
            best = np.where(self.risk(at, thresholds[name]), at, best)
        return np.where(self.flags("is_final"), [m.rule_main for m in self.messages], best)


def choose_thresholds(read: Read) -> dict[str, float]:
    """The lowest thresholds that keep within what this file allows."""
    steps = [step / 100 for step in range(2, 100)]
    found: dict[str, float] = {}
    for name, at in _RISKS.items():
        none = ~read.target(at)
        found[name] = next((s for s in steps if read.share(read.risk(at, s), none) <= FALSE_ALARMS[name]), 1.0)
    refusals = np.isin(read.right, _REFUSALS)
    booked = {s: read.share(read.labels(found | {"refusal": s}) == _BOOKING, refusals) for s in steps}
    found["refusal"] = max((s for s in steps if booked[s] <= BOOKED_REFUSALS), default=steps[0])
    calm = ~read.target(-1) & ~read.flags("is_final")
    found["handoff"] = next((s for s in steps if read.share(read.to_person(s), calm) <= NEEDLESS_HANDOFFS), 1.0)
    return found


def report(read: Read, thresholds: dict[str, float]) -> None:
    """Print what cross-validation measures, over all messages and over those that no rule was written for."""
    labels, fresh = read.labels(thresholds), read.flags("is_fresh")
    refusals = np.isin(read.right, _REFUSALS)
    for name, part in (("all", np.ones_like(fresh)), ("fresh", fresh)):
        hits = labels == read.right
        print(f"together, {name} {part.sum()}: accuracy {hits[part].mean():.3f}, booking read out of a refusal "
              f"{(labels == _BOOKING)[part & refusals].mean():.3f}")  # fmt: skip
        for risk, at in _RISKS.items():
            raised, target = read.risk(at, thresholds[risk]), read.target(at)
            print(f"  {risk}: recall {raised[part & target].mean():.3f}, false {raised[part & ~target].mean():.3f}")
        wanted, given = read.target(-1), read.to_person(thresholds["handoff"])
        print(f"  handoff: recall {given[part & wanted].mean():.3f}, needless {given[part & ~wanted].mean():.3f}")
    for at, intent in enumerate(INTENTS):
        part = fresh & (read.right == at)
        print(f"  {intent.value:16} fresh recall {(labels == at)[part].mean():.3f} of {part.sum()}")


def write(model: Model, thresholds: dict[str, float]) -> None:
    """Write the numbers; `app/llm/offline/weights.py` tells the format."""
    coef = model.coef.copy()
    coef[: 2 * _LABELS + 1] /= LOGIT_UNIT
    rows = [[round(float(number), 4) for number in row] for row in coef]
    logits, cues = rows[: 2 * _LABELS + 1], rows[2 * _LABELS + 1 :]
    content = {
        "training_data": training_hash(),
        "bias": [round(float(number), 4) for number in model.bias],
        "logits": logits,
        "cues": dict(zip(model.cues, cues, strict=True)),
        "thresholds": thresholds,
    }
    FILE.write_text(json.dumps(content, separators=(",", ":")) + "\n", "utf-8")


def train_weights(logits: Floats, messages: list[Message]) -> None:
    """Measure, choose thresholds, fit on everything, write."""
    read = Read.of(cross_validated(logits, messages), messages)
    thresholds = choose_thresholds(read)
    report(read, thresholds)
    write(fit(logits, messages), thresholds)
    print(f"  {FILE.name}: {FILE.stat().st_size / 1e3:.0f} kB, {thresholds}")
