"""What the Langfuse SDK really sends, by a local server: the run's tree, and by default not a word of a patient's."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from opentelemetry import trace as otel

from app.bootstrap import ConfigurationError, build_context
from app.context import Context
from app.settings import Settings
from app.tracing.langfuse import LangfuseTracer
from app.tracing.spans import SpanKind, span, trace
from tests.conftest import make_settings
from tests.factories import make_article
from tests.llm.openai_stage import speaking
from tests.peers.langfuse import LangfusePeer, serve_langfuse
from tests.peers.openai import OpenAiPeer, nobody_listens, serve_openai
from tests.services import stage

WORDS = "My crown is loose, Ana Lopez, ana.lopez@example.com. Do you have parking?"
READS = {
    "reason": "asks",
    "intent": "QUESTION",
    "intents": ["QUESTION"],
    "sentiment": "NEUTRAL",
    "handoff": False,
    "is_thanks": False,
    "confidence": 0.9,
}
PRIVATE = ("crown is loose", "Lopez", "lopez", "parking?", "Ana")
_numbers = count(1)


@pytest.fixture
def model() -> Iterator[OpenAiPeer]:
    with serve_openai() as running:
        running.says["MessageReading"] = READS
        yield running


@pytest.fixture
def peer() -> Iterator[LangfusePeer]:
    """A server of this test's own keys: the SDK keeps one client for each public key of a process."""
    with serve_langfuse(keys=f"public-{next(_numbers)}:secret") as running:
        yield running


def settings_of(peer: LangfusePeer, **changes: Any) -> Settings:
    public, secret = peer.keys.split(":")
    values = {"agent_traces": "langfuse", "langfuse_public_key": public, "langfuse_secret_key": secret}
    return make_settings(**(values | {"langfuse_base_url": peer.url} | changes))


@contextmanager
def unraised() -> Iterator[None]:
    with pytest.raises(ValueError, match="loose"):
        yield


async def traced_question(ctx: Context, model: OpenAiPeer, settings: Settings) -> None:
    """One question through the real graph, by a remote provider; the tracer is closed, so that all has arrived."""
    campaign = await stage.written_to(ctx, name="Ana Lopez")
    await make_article(ctx, "Parking", "Parking is free behind the house.")
    tracer = LangfuseTracer(settings)
    try:
        async with speaking(replace(ctx, tracer=tracer), model) as asking:
            await stage.answered_with(asking, campaign, WORDS)
    finally:
        await tracer.close()


class TestTraces:
    async def test_a_run_is_one_trace_with_its_nodes_and_calls(
        self, ctx: Context, model: OpenAiPeer, peer: LangfusePeer
    ) -> None:
        await traced_question(ctx, model, settings_of(peer))
        assert len({seen.trace_id for seen in peer.spans}) == 1
        run, node, call = (peer.named(name) for name in ("reactive", "analyse_message", "openai.analyse"))
        assert (run.parent_id, node.parent_id, call.parent_id) == ("", run.span_id, node.span_id)
        assert [each.attributes["langfuse.observation.type"] for each in (run, node, call)] == [
            "agent",
            "span",
            "generation",
        ]
        assert call.attributes["langfuse.observation.model.name"] == "peer-1"
        assert "120" in call.attributes["langfuse.observation.usage_details"]
        assert run.attributes["session.id"]
        assert {each.attributes["session.id"] for each in peer.spans} == {run.attributes["session.id"]}

    async def test_by_default_not_a_word_of_a_patients_leaves(
        self, ctx: Context, model: OpenAiPeer, peer: LangfusePeer
    ) -> None:
        await traced_question(ctx, model, settings_of(peer))
        sent = b"".join(peer.raw).decode(errors="replace")
        assert "openai.analyse" in sent
        assert "(masked, " in sent
        assert [word for word in PRIVATE if word in sent] == []

    async def test_where_a_setting_allows_it_the_prompt_goes_along_as_the_model_got_it(
        self, ctx: Context, model: OpenAiPeer, peer: LangfusePeer
    ) -> None:
        await traced_question(ctx, model, settings_of(peer, langfuse_texts="on"))
        call = peer.named("openai.analyse")
        assert "crown is loose" in call.attributes["langfuse.observation.input"]
        assert "QUESTION" in call.attributes["langfuse.observation.output"]
        assert "ana.lopez@example.com" not in str(call.attributes)
        assert "Lopez" not in str(call.attributes)

    async def test_of_an_error_only_its_kind_is_sent(self, peer: LangfusePeer) -> None:
        tracer = LangfuseTracer(settings_of(peer))
        with unraised(), trace(tracer, "reactive"), span("node", SpanKind.NODE):
            raise ValueError("My crown is loose")
        await tracer.close()
        assert {seen.attributes["langfuse.observation.status_message"] for seen in peer.spans} == {"ValueError"}
        assert {seen.events for seen in peer.spans} == {0}
        assert b"crown" not in b"".join(peer.raw)

    async def test_other_libraries_spans_stay_here(self, peer: LangfusePeer) -> None:
        """FastAPI's hold addresses of pages: the SDK must not become everybody's provider."""
        before = otel.get_tracer_provider()
        tracer = LangfuseTracer(settings_of(peer))
        with otel.get_tracer("fastapi").start_as_current_span("GET /staff/patients/Lopez"), trace(tracer, "reactive"):
            pass
        await tracer.close()
        assert otel.get_tracer_provider() is before
        assert [(seen.name, seen.scope, seen.parent_id) for seen in peer.spans] == [("reactive", "langfuse-sdk", "")]


class TestFailures:
    async def test_a_server_that_is_away_keeps_nobody_waiting(self, ctx: Context, model: OpenAiPeer) -> None:
        away = LangfusePeer(url=nobody_listens().removesuffix("/v1"), keys=f"public-{next(_numbers)}:secret")
        await traced_question(ctx, model, settings_of(away))
        assert len(await stage.rows()) == 2

    async def test_the_doctor_says_whether_the_keys_are_known(self, peer: LangfusePeer) -> None:
        good, bad = settings_of(peer), settings_of(peer, langfuse_public_key=f"stranger-{next(_numbers)}")
        findings = []
        for settings in (good, bad):
            tracer = LangfuseTracer(settings)
            findings.append(await tracer.check())
            await tracer.close()
        assert findings[0] == f"{peer.url}, without a word of a patient's"
        assert findings[1].startswith(("does not answer", "does not know"))


class TestSettings:
    @pytest.mark.parametrize("missing", ["langfuse_public_key", "langfuse_secret_key"])
    def test_a_missing_key_is_named(self, missing: str) -> None:
        keys = {"langfuse_public_key": "p", "langfuse_secret_key": "s"} | {missing: " "}
        with pytest.raises(ValueError, match=f"needs {missing.upper()}"):
            make_settings(agent_traces="langfuse", **keys)

    def test_traces_do_not_go_in_the_clear(self) -> None:
        with pytest.raises(ValueError, match="https"):
            make_settings(langfuse_base_url="http://langfuse.example")

    def test_the_secret_is_shown_nowhere(self) -> None:
        settings = make_settings(langfuse_secret_key="sk-lf-very-secret")
        assert "sk-lf-very-secret" not in f"{settings!r}{settings.model_dump()}"

    async def test_without_the_extra_the_start_says_how_to_get_it(
        self, ctx: Context, peer: LangfusePeer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(__import__("sys").modules, "app.tracing.langfuse", None)
        with pytest.raises(ConfigurationError, match=r"chairside\[langfuse\]"):
            build_context(settings_of(peer), ctx.database)

    async def test_the_setting_chooses_the_adapter(self, ctx: Context, peer: LangfusePeer) -> None:
        built = build_context(settings_of(peer), ctx.database)
        assert isinstance(built.tracer, LangfuseTracer)
        await built.tracer.close()
