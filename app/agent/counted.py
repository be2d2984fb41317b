"""Counts each run of the agent for `/metrics`: what it decided, by names of ours, never by what a patient wrote."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from app.domain.campaign_status import CampaignEvent
from app.metrics import AGENT_RUNS, AGENT_SECONDS, GATE_REFUSALS, HANDOFFS, INTENTS
from app.models.enums import MessageKind
from app.services.campaigns import StaleCampaignError

FAILED, STALE = "failed", "changed_meanwhile"
GAVE_TO_A_PERSON = (MessageKind.HANDOFF, MessageKind.EMERGENCY)

for _path in ("proactive", "reactive"):
    AGENT_RUNS.labels(_path, FAILED)  # told as 0 from the start: else the first failure is no increase


@dataclass(slots=True)
class Counted:
    """One run: failed, until `ended` says how it went."""

    outcome: str = FAILED

    def ended(self, outcome: str, final: dict[str, Any]) -> None:
        """The run came to its end; `final` is the graph's last state."""
        self.outcome = outcome
        _count_reading(final)
        _count_refusals(final)


@contextmanager
def counted(path: str) -> Iterator[Counted]:
    """Around one run; counts it however it ends."""
    run, began = Counted(), time.perf_counter()
    try:
        yield run
    except StaleCampaignError:
        run.outcome = STALE
        raise
    finally:
        AGENT_RUNS.labels(path, run.outcome).inc()
        AGENT_SECONDS.labels(path).observe(time.perf_counter() - began)


def _count_reading(final: dict[str, Any]) -> None:
    analysis = final.get("analysis")
    if analysis is None:
        return
    INTENTS.labels(analysis.intent.value, "rules" if final.get("is_by_rule") else "model").inc()
    if _is_handoff(final):
        HANDOFFS.labels(analysis.intent.value).inc()


def _is_handoff(final: dict[str, Any]) -> bool:
    """True also where the status stays: an emergency is answered and given to a person in every state."""
    step = final.get("step")
    if step is None:
        return False
    return step.event is CampaignEvent.HUMAN_NEEDED or bool(step.message and step.message.kind in GAVE_TO_A_PERSON)


def _count_refusals(final: dict[str, Any]) -> None:
    trial, composed = final.get("trial"), final.get("composed")
    if trial and trial.refused_by:
        GATE_REFUSALS.labels("answer", trial.refused_by).inc()
    if composed and composed.refused_by:
        GATE_REFUSALS.labels("follow_up", composed.refused_by).inc()
