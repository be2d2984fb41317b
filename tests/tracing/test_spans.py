"""One trace for each run: a span for each node and each provider's call, and nothing that a patient wrote."""

import asyncio
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.context import Context
from app.jobs import inbox
from app.llm.base import LanguageModelError
from app.models.enums import CampaignStatus
from app.services import campaigns
from app.settings import TraceChoice
from app.tracing.lines import LineTracer
from app.tracing.spans import NoTracer, Span, SpanKind, current, span, trace
from tests.agent.provider import FailingProvider
from tests.conftest import make_settings
from tests.factories import make_article
from tests.llm.openai_stage import speaking
from tests.peers.openai import OpenAiPeer, serve_openai
from tests.services import stage

ASKS = "Do you have parking? I am Ana Lopez, ana.lopez@example.com"


@dataclass
class Kept(NoTracer):
    """A tracer that a test reads."""

    began_as: list[str] = field(default_factory=list)
    ended_as: list[Span] = field(default_factory=list)

    def began(self, span: Span) -> None:
        self.began_as.append(span.name)

    def ended(self, span: Span) -> None:
        self.ended_as.append(span)

    @property
    def roots(self) -> list[Span]:
        return [each for each in self.ended_as if each.parent is None]


class BrokenTracer(NoTracer):
    def began(self, span: Span) -> None:
        raise RuntimeError("no room")

    def ended(self, span: Span) -> None:
        raise RuntimeError("no room")


@pytest.fixture
def peer() -> Iterator[OpenAiPeer]:
    with serve_openai() as running:
        reading = {"intent": "QUESTION", "intents": ["QUESTION"], "handoff": False, "is_thanks": False}
        running.says["MessageReading"] = {"reason": "asks", "sentiment": "NEUTRAL", "confidence": 0.9} | reading
        yield running


async def asked(ctx: Context) -> None:
    campaign = await stage.written_to(ctx, name="Ana Lopez")
    await make_article(ctx, "Parking", "Parking is free behind the house.")
    await stage.answered_with(ctx, campaign, ASKS)


def lines_of(logs: list[MutableMapping[str, Any]], path: str) -> list[MutableMapping[str, Any]]:
    return [line for line in logs if line["event"] == "agent.traced" and line["path"] == path]


class TestTree:
    def test_a_step_stands_in_the_step_that_took_it(self) -> None:
        kept = Kept()
        with trace(kept, "run", campaign_id="c1") as run:
            with span("node", SpanKind.NODE), span("call", SpanKind.CALL, verb="analyse") as call:
                assert current() is call
            with span("last", SpanKind.NODE):
                pass
        assert kept.began_as == ["run", "node", "call", "last"]
        assert [part.name for part in run.parts] == ["node", "last"]
        assert [part.name for part in run.parts[0].parts] == ["call"]
        assert call.parent is run.parts[0]
        assert run.seconds >= call.seconds > 0

    def test_outside_a_run_nothing_is_kept(self) -> None:
        with span("call", SpanKind.CALL) as call:
            call.note(tokens=3)
            current().note(tokens=4)
        assert call.facts == {"tokens": 3}

    def test_what_is_raised_goes_on_and_only_its_type_is_kept(self) -> None:
        kept = Kept()
        with pytest.raises(ValueError, match="Ana"), trace(kept, "run"), span("node", SpanKind.NODE):
            raise ValueError("Ana wrote this")
        assert [each.error for each in kept.ended_as] == ["ValueError", "ValueError"]

    def test_a_tracer_that_fails_stops_nothing(self) -> None:
        with capture_logs() as logs, trace(BrokenTracer(), "run"), span("node", SpanKind.NODE) as step:
            step.note(done=True)
        assert step.facts == {"done": True}
        assert {line["event"] for line in logs} == {"trace.failed"}

    async def test_runs_at_the_same_time_do_not_mix(self) -> None:
        kept, both = Kept(), asyncio.Barrier(2)

        async def run(name: str) -> None:
            with trace(kept, name):
                await both.wait()
                with span(f"{name}-node", SpanKind.NODE):
                    await both.wait()

        await asyncio.gather(run("one"), run("two"))
        assert {root.name: [part.name for part in root.parts] for root in kept.roots} == {
            "one": ["one-node"],
            "two": ["two-node"],
        }


class TestRuns:
    async def test_every_node_and_every_call_has_its_span(self, ctx: Context, peer: OpenAiPeer) -> None:
        kept = Kept()
        async with speaking(replace(ctx, tracer=kept), peer) as asking:
            await asked(asking)
        proactive, reactive = kept.roots
        assert [part.name for part in proactive.parts] == [
            "load_campaign",
            "check_attempts",
            "compose_message",
            "queue_message",
        ]
        assert proactive.facts["outcome"] == "attempt_queued"
        names = [part.name for part in reactive.parts]
        assert names[:4] == ["load_conversation", "screen_message", "acknowledge_reply", "analyse_message"]
        analysing = reactive.parts[3]
        assert analysing.facts["intent"] == "QUESTION"
        [call] = analysing.parts
        assert (call.name, call.kind, call.facts["result"]) == ("openai.analyse", SpanKind.CALL, "answered")
        assert (call.facts["input_tokens"], call.facts["output_tokens"], call.facts["model"]) == (120, 30, "peer-1")
        assert str(call.facts["prompt"]).startswith("analyse ")

    async def test_a_provider_that_fails_and_the_one_behind_it(self, ctx: Context, peer: OpenAiPeer) -> None:
        peer.fail("500", times=99, retry_after="0.01")
        kept = Kept()
        async with speaking(replace(ctx, tracer=kept), peer) as asking:
            await asked(asking)
        calls = [each for each in kept.ended_as if each.kind is SpanKind.CALL and "analyse" in each.name]
        assert [(call.name, call.facts["result"], call.error) for call in calls] == [
            ("openai.analyse", "failed", "InternalServerError_500"),
            ("offline.analyse", "answered", None),
        ]

    async def test_offline_alone_is_traced_as_well(self, ctx: Context) -> None:
        kept = Kept()
        await asked(replace(ctx, tracer=kept))
        assert {"offline.write_follow_up", "offline.analyse", "offline.answer"} <= set(kept.began_as)

    async def test_a_run_that_fails_says_so_and_the_patient_is_answered(self, ctx: Context) -> None:
        kept = Kept()
        campaign = await stage.written_to(ctx, name="Ana Lopez")
        await stage.incoming(ctx, campaign, ASKS)
        await inbox.drain(replace(ctx, tracer=kept, llm=FailingProvider()))
        assert kept.roots[0].error == LanguageModelError.__name__
        assert (await campaigns.get(campaign.id)).status is CampaignStatus.HANDOFF_REQUIRED

    async def test_a_tracer_that_fails_keeps_nobody_waiting(self, ctx: Context) -> None:
        with capture_logs():
            await asked(replace(ctx, tracer=BrokenTracer()))
        assert len(await stage.rows()) == 2


class TestLines:
    async def test_a_run_is_one_line_without_a_word_of_the_patients(self, ctx: Context, peer: OpenAiPeer) -> None:
        with capture_logs() as logs:
            async with speaking(replace(ctx, tracer=LineTracer()), peer) as asking:
                await asked(asking)
        [line] = lines_of(logs, "reactive")
        assert line["log_level"] == "info"
        assert line["campaign_id"]
        assert any(step.startswith("analyse_message ") and "intent=QUESTION" in step for step in line["steps"])
        assert any(step.startswith("> openai.analyse ") and "input_tokens=120" in step for step in line["steps"])
        for word in ("parking?", "Lopez", "Ana", "example.com"):
            assert word not in str(line)

    async def test_one_that_failed_is_a_warning(self) -> None:
        with capture_logs() as logs, pytest.raises(LanguageModelError), trace(LineTracer(), "reactive"):
            raise LanguageModelError("no_provider_answered")
        [line] = lines_of(logs, "reactive")
        assert (line["log_level"], line["error"]) == ("warning", "LanguageModelError")


class TestSettings:
    def test_the_log_is_the_default(self) -> None:
        assert make_settings().agent_traces is TraceChoice.LOG

    def test_an_unknown_place_is_refused(self) -> None:
        with pytest.raises(ValueError, match="agent_traces"):
            make_settings(agent_traces="everywhere")
