"""Rules and classifier together (agent.md 3, ADR 0022): what the rules heard is weighed with the classifier's scores.

The weights and thresholds were learnt by cross-validation on `evals/train`. Rules keep the last word where they are
more precise: a risk that they see, mail of machines, orders to a machine; and a likely refusal is never a booking.
"""

from app.domain.orders import marks_of_orders
from app.llm.offline.asked import Reading
from app.llm.offline.by_rules import RuleReading, led_by
from app.llm.offline.classifier import INTENTS, Scores, scores_from
from app.llm.offline.cues import cues_of
from app.llm.offline.weights import load
from app.models.enums import Intent

RISKS = (Intent.EMERGENCY, Intent.OPT_OUT)
_REFUSALS = (Intent.SERVICE_DENIAL, Intent.CANCEL, Intent.OPT_OUT)
_EMPTY = frozenset({Intent.IRRELEVANT, Intent.AUTO_REPLY})
_ALSO_PRESENT = 0.5
_ALWAYS_STAFF = frozenset({Intent.EMERGENCY, Intent.COMPLAINT})
_PLAIN, _LIKELIER, _ONLY_BY_RULE = 0.7, 0.5, 2.0
_PERHAPS_AN_ORDER = 0.2
_BY_RULE = 0.95
"""Confidence in a risk that the rules saw."""
WORTH_ACTING = 0.4
"""Probability of the label from which acting on it does better than a person's time; published as one half."""


def weigh(rules: RuleReading, scores: Scores) -> Reading:
    """The likeliest reading of a message."""
    joint = joint_scores(rules, scores)
    seen = _risks(rules, joint)
    is_order = _is_perhaps_an_order(joint, rules, seen)
    seen = () if is_order else seen
    main = seen[0] if seen else Intent.IRRELEVANT if is_order else _most_likely(joint)
    present = [i for i in INTENTS if joint.present[i] >= _ALSO_PRESENT and i not in _EMPTY and not is_order]
    is_by_rule = rules.screening.kind is main
    intents = led_by(seen, present) if seen else tuple(dict.fromkeys((main, *(i for i in present if i not in RISKS))))
    confidence = _BY_RULE if is_by_rule else _confidence(_chance(joint, main) if seen else joint.main[main])
    handoff = is_order or main in _ALWAYS_STAFF or joint.handoff >= load().thresholds["handoff"]
    return Reading(
        intents,
        round(confidence, 3),
        handoff=handoff,
        reason=rules.reading.reason if main is rules.reading.intents[0] else f"likeliest by its words: {main.lower()}",
        is_thanks=main is Intent.IRRELEVANT and not handoff,
    )


def joint_scores(rules: RuleReading, scores: Scores) -> Scores:
    """The classifier's probabilities after the rules were heard."""
    model = load()
    return scores_from(model.score(scores.logits, cues_of(rules)), thresholds=model.thresholds)


def _risks(rules: RuleReading, joint: Scores) -> tuple[Intent, ...]:
    """The risks that the rules saw or that are likely enough, the graver first; a machine's mail refuses nothing."""
    seen = {rules.screening.kind} | ({Intent.OPT_OUT} if rules.screening.also_opt_out else set())
    likely = {r for r in RISKS if _chance(joint, r) >= _threshold(rules, r)}
    likely -= {Intent.OPT_OUT} if joint.intent is Intent.AUTO_REPLY else set()
    return tuple(r for r in RISKS if r in seen | likely)


def _threshold(rules: RuleReading, risk: Intent) -> float:
    """A refusal in plain words is no stop unless that is the likelier: "not interested any more".

    "Cancel please" below a reminder means the visit, whatever the word means to a carrier.
    """
    learnt, read = load().thresholds[risk.value.lower()], rules.reading
    if risk is not Intent.OPT_OUT or read.confidence < _PLAIN:
        return learnt
    if read.intents == (Intent.CANCEL,) and rules.heard.follows_visit:
        return _ONLY_BY_RULE
    return max(learnt, _LIKELIER) if read.intents == (Intent.SERVICE_DENIAL,) else learnt


def _chance(joint: Scores, risk: Intent) -> float:
    return max(joint.main[risk], joint.present[risk])


def _confidence(chance: float) -> float:
    """A probability on the scale of every provider, where one half parts acting from asking a person."""
    if chance < WORTH_ACTING:
        return chance / WORTH_ACTING / 2
    return 0.5 + (chance - WORTH_ACTING) / (1 - WORTH_ACTING) / 2


def _is_perhaps_an_order(joint: Scores, rules: RuleReading, seen: tuple[Intent, ...]) -> bool:
    """Whether a word marks an order to a machine and nothing else may well be meant: a person reads it (trust.md 3).

    A risk that a rule saw, and every likely emergency, goes before; a stop that is merely likely must be the likelier.
    """
    nothing = joint.main[Intent.IRRELEVANT]
    if seen and (rules.screening.kind or Intent.EMERGENCY in seen or nothing <= joint.main[Intent.OPT_OUT]):
        return False
    return nothing >= _PERHAPS_AN_ORDER and bool(marks_of_orders(rules.heard.body))


def _most_likely(joint: Scores) -> Intent:
    """The best label that is no risk; a booking gives way to a likely refusal: a link is the wrong answer to a no."""
    best = max((intent for intent in INTENTS if intent not in RISKS), key=joint.main.__getitem__)
    refused = sum(joint.main[intent] for intent in _REFUSALS)
    if best is Intent.BOOKING_REQUEST and refused >= load().thresholds["refusal"]:
        return max(_REFUSALS[:2], key=joint.main.__getitem__)
    return best
