"""What `/metrics` tells of the agent and of language providers: labels, handoffs, refusals, failures, cost."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from prometheus_client import REGISTRY

from app.context import Context
from app.jobs import outreach
from app.llm.base import Draft, FollowUpBrief
from app.llm.offline.provider import OfflineLanguageModel
from tests.security.test_canary import QuotingLanguageModel
from tests.services import stage


def told(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


@contextmanager
def grows(name: str, *, by: float = 1, **labels: str) -> Iterator[None]:
    """The counter is larger by so much afterwards."""
    before = told(name, **labels)
    yield
    assert told(name, **labels) - before == by, f"{name} {labels}"


class RamblingLanguageModel(OfflineLanguageModel):
    """Writes what the gate never lets out: a price and a link of its own."""

    async def write_follow_up(self, brief: FollowUpBrief) -> Draft:
        return Draft(subject="Come in", body="Only 12 dollars today: https://evil.example.com")


RUNS, INTENTS = "chairside_agent_runs_total", "chairside_agent_intents_total"
HANDOFFS = "chairside_agent_handoffs_total"


async def test_a_run_and_what_was_wanted(ctx: Context) -> None:
    campaign = await stage.written_to(ctx)
    with (
        grows(RUNS, path="reactive", outcome="replied"),
        grows(INTENTS, intent="BOOKING_REQUEST", read_by="model"),
        grows("chairside_agent_run_seconds_count", path="reactive"),
        grows(HANDOFFS, by=0, reason="BOOKING_REQUEST"),
    ):
        await stage.answered_with(ctx, campaign, "Yes please, I would like to book a visit.")


async def test_a_handoff_by_its_reason(ctx: Context) -> None:
    campaign = await stage.written_to(ctx)
    with grows(HANDOFFS, reason="COMPLAINT"), grows(INTENTS, intent="COMPLAINT", read_by="model"):
        await stage.answered_with(ctx, campaign, "I am very unhappy with my last visit and want to complain.")


async def test_an_emergency_is_read_by_rules_and_is_a_handoff_once(ctx: Context) -> None:
    campaign = await stage.written_to(ctx)
    with grows(HANDOFFS, reason="EMERGENCY"), grows(INTENTS, intent="EMERGENCY", read_by="rules"):
        await stage.answered_with(ctx, campaign, "My face is swollen and I cannot breathe.")


async def test_a_stop_is_no_handoff(ctx: Context) -> None:
    campaign = await stage.written_to(ctx)
    with grows(RUNS, path="reactive", outcome="opted_out"), grows(HANDOFFS, by=0, reason="OPT_OUT"):
        await stage.answered_with(ctx, campaign, "STOP")


async def test_a_failure_is_a_failed_run_and_a_handoff(ctx: Context) -> None:
    campaign = await stage.written_to(ctx)
    failing = replace(ctx, llm=QuotingLanguageModel())
    with grows(RUNS, path="reactive", outcome="failed"), grows(HANDOFFS, reason="agent_failed"):
        await stage.answered_with(failing, campaign, "Hm, well, perhaps, who knows about that thing we said.")


async def test_a_text_that_the_gate_keeps_back_by_its_rule(ctx: Context) -> None:
    rambling = replace(ctx, llm=RamblingLanguageModel())
    await stage.running_campaign(rambling)
    before = _refusals()
    with grows(RUNS, path="proactive", outcome="attempt_queued"):
        await outreach.send_due_follow_ups(rambling)
    grown = {labels: count - before.get(labels, 0) for labels, count in _refusals().items()}
    [(labels, count)] = [each for each in grown.items() if each[1]]
    assert count == 1
    assert labels in {("follow_up", "foreign_link"), ("follow_up", "money")}


def _refusals() -> dict[tuple[str, str], float]:
    [family] = [each for each in REGISTRY.collect() if each.name == "chairside_gate_refusals"]
    samples = [each for each in family.samples if each.name.endswith("_total")]
    return {(each.labels["use"], each.labels["rule"]): each.value for each in samples}


@pytest.mark.parametrize("path", ["proactive", "reactive"])
def test_failures_are_told_as_none_from_the_start(path: str) -> None:
    """Prometheus sees no increase in a series that begins with 1."""
    assert REGISTRY.get_sample_value(RUNS, {"path": path, "outcome": "failed"}) is not None
