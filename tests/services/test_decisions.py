"""Every rule that the code can record has a sentence, and every sentence belongs to a rule (domain.md section 5)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import app
from app.domain.campaign_status import CampaignEvent
from app.services.decision_rules import SENTENCES, sentence_of
from app.services.decisions_now import NEVER_DUE, SILENT
from app.services.patient_reach import ADDRESS_REMOVED
from app.services.timeline_words import ACTIONS, EVENTS

PRODUCT = Path(app.__file__).parent
NO_MOVES = {CampaignEvent.ATTEMPT_SENT}
GIVEN_UP = {
    "recipient_refused",
    "channel_not_configured",
    "provider_does_not_know_it",
    "sending_failed",
    "staff_answered",
    "recipient_stopped",
    "not_allowed_on_channel",
    "bounced_softly",
    "filtered_by_carrier",
    "not_delivered",
    "patient_cannot_come",
}
"""Reasons that the outbox keeps on a message itself."""


def texts(node: ast.expr | None) -> set[str]:
    """The literal texts that an expression may be."""
    match node:
        case ast.Constant(value=str() as text):
            return {text}
        case ast.IfExp(body=body, orelse=otherwise):
            return texts(body) | texts(otherwise)
    return set()


def rules_in(tree: ast.AST) -> Iterator[str]:
    """Literal rules in `Verdict(verb, rule)`, `rule=...`, `(DecisionOutcome.X, rule, ...)` and `cancel(..., rule)`."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="Verdict"), args=[_, rule, *_]):
                yield from texts(rule)
            case ast.Call(func=ast.Attribute(attr="cancel"), args=[_, _, rule]):
                yield from texts(rule)
            case ast.Tuple(elts=[ast.Attribute(value=ast.Name(id="DecisionOutcome")), rule, *_]):
                yield from texts(rule)
            case ast.Call(args=[*_, ast.Attribute(value=ast.Name(id="DecisionOutcome")), rule, _]):
                yield from texts(rule)
            case ast.keyword(arg="rule", value=rule):
                yield from texts(rule)
            case ast.Return(value=ast.IfExp()) if isinstance(tree, ast.FunctionDef):
                yield from texts(node.value)


def recorded_rules() -> dict[str, str]:
    """Every literal rule of the product, with the file where it stands."""
    found = {}
    for file in PRODUCT.rglob("*.py"):
        tree = ast.parse(file.read_text())
        for rule in rules_in(tree):
            found[rule] = file.name
    why_later = next(
        node
        for node in ast.walk(ast.parse((PRODUCT / "services/decisions_now.py").read_text()))
        if isinstance(node, ast.FunctionDef) and node.name == "_why_later"
    )
    for node in ast.walk(why_later):
        if isinstance(node, ast.Return):
            found |= dict.fromkeys(texts(node.value), "decisions_now.py")
    return found


def tabled_rules() -> set[str]:
    """Rules that stand in tables."""
    due = {rule for reasons in NEVER_DUE.values() for rule, _ in reasons}
    return due | set(SILENT.values()) | {ADDRESS_REMOVED}


VISIT_ACTIONS = {f"appointment.{what}" for what in ("completed", "cancelled", "no_show", "rescheduled", "deleted")}
"""Audited under a name that is put together."""


class TestSentences:
    def test_the_search_finds_rules_of_every_form(self) -> None:
        """One of each form and layer, so that the test below cannot pass by finding nothing."""
        assert {
            "opted_out",  # Verdict in the domain
            "weekly_limit",
            "plan_was_moved",  # Verdict in the delivery
            "one_message_a_day",
            "attempts_used_up",  # a decision in the agent
            "agent_failed",
            "no_usable_channel",  # Decision(rule=...) in the daily job
            "future_visit_booked",  # decide(rule=...)
            "opted_out_everywhere",  # one of two
            "cool_down",
        } <= recorded_rules().keys()

    @pytest.mark.parametrize("rule", sorted(recorded_rules().keys() | tabled_rules()))
    def test_every_rule_of_the_code_has_a_sentence(self, rule: str) -> None:
        assert rule in SENTENCES, f"{rule} of {recorded_rules().get(rule)} has no sentence"

    def test_every_sentence_belongs_to_a_rule(self) -> None:
        withdrawals = {event.value for event in CampaignEvent} - NO_MOVES
        assert set(SENTENCES) == recorded_rules().keys() | tabled_rules() | withdrawals | GIVEN_UP

    @pytest.mark.parametrize("rule", sorted(SENTENCES))
    def test_a_sentence_is_one_for_people(self, rule: str) -> None:
        sentence = sentence_of(rule)
        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert "_" not in sentence
        assert len(sentence) <= 120

    def test_a_rule_without_one_is_named(self) -> None:
        assert sentence_of("of_old") == "Rule of_old."


class TestTimelineWords:
    def test_every_move_of_a_campaign_has_words(self) -> None:
        assert set(EVENTS) == set(CampaignEvent) - NO_MOVES

    def test_every_worded_action_is_one_that_the_product_audits(self) -> None:
        audited = " ".join(file.read_text() for file in PRODUCT.rglob("*.py") if file.name != "timeline_words.py")
        unknown = [action for action in ACTIONS if f'"{action}"' not in audited and action not in VISIT_ACTIONS]
        assert unknown == []
        assert 'action=f"appointment.' in audited
