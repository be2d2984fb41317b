"""Gives every node of the graph a span of its own, with the labels that it found (never a word of a patient's)."""

from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any

from app.tracing.spans import Fact, SpanKind, span

Node = Callable[..., Awaitable[dict[str, Any]]]


def traced(node: Node) -> Node:
    """The same node, seen by the tracer of the run; LangGraph still reads the signature of the node itself."""

    @wraps(node)
    async def inside(*args: Any, **kwargs: Any) -> dict[str, Any]:
        with span(node.__name__, SpanKind.NODE) as step:
            changes = await node(*args, **kwargs)
            step.note(**_facts(changes))
            return changes

    return inside


def _facts(changes: Mapping[str, Any]) -> dict[str, Fact]:
    """What was decided, by name: a label, a rule, an outcome."""
    found: dict[str, Fact] = {}
    if analysis := changes.get("analysis"):
        found |= {"intent": analysis.intent.value, "confidence": analysis.confidence, "handoff": analysis.handoff}
    if verdict := changes.get("verdict"):
        found |= {"rule": verdict.rule}
    if outcome := changes.get("outcome"):
        found |= {"outcome": str(outcome)}
    return found
