"""OpenTelemetry: off unless a collector is named; to it go templates and numbers, never an address (stack.md 5)."""

import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from opentelemetry import trace

from app.api.telemetry import close_provider, open_provider
from app.bootstrap import ConfigurationError
from app.context import Context
from app.main import create_app
from app.settings import Settings
from tests.api.conftest import House
from tests.conftest import make_settings
from tests.logs import listening
from tests.peers.otlp import TRACES, Collector, serve_collector
from tests.server import free_port, start_server

ID, SECRET, NAME = "65f0c0ffee65f0c0ffee65f0", "flamingo-token-AAAAAAAA", "Quillon"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with serve_collector() as running:
        yield running


@asynccontextmanager
async def traced(ctx: Context, settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    """The application with these settings; at the end everything that was held back has left."""
    app = create_app(settings)
    app.state.context = ctx
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    try:
        async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as http:
            yield http
    finally:
        await close_provider(app.state.tracing)


def told_to(collector: Collector, settings: Settings, **changes: Any) -> Settings:
    named = make_settings(otel_exporter_otlp_endpoint=collector.url, **changes)
    kept = ("otel_exporter_otlp_endpoint", "otel_exporter_otlp_headers")
    return settings.model_copy(update={name: getattr(named, name) for name in kept})


class TestOn:
    async def test_a_request_is_a_span_with_its_template_and_its_correlation_id(
        self, house: House, settings: Settings, collector: Collector
    ) -> None:
        async with traced(house.ctx, told_to(collector, settings)) as http:
            answer = await http.get(f"/api/v1/admin/patients/{ID}", headers=house.staff)
        assert answer.status_code == 404
        [request] = [span for span in collector.spans if "http.request.method" in span.attributes]
        assert request.name == "GET /api/v1/admin/patients/{patient_id}"
        assert request.attributes["http.route"] == "/api/v1/admin/patients/{patient_id}"
        assert request.attributes["http.response.status_code"] == 404
        assert request.attributes["chairside.correlation_id"] == answer.headers["X-Request-ID"]
        assert {span.trace_id for span in collector.spans} == {request.trace_id}
        assert collector.resources[0]["service.name"] == "chairside"
        assert set(collector.paths) == {TRACES}

    async def test_no_address_no_query_no_name_no_token_and_no_error_leaves(
        self, house: House, settings: Settings, collector: Collector
    ) -> None:
        hostile = {"User-Agent": NAME, "X-Forwarded-For": NAME, "Authorization": f"Bearer {SECRET}", "baggage": NAME}
        hostile |= {"tracestate": "quillon=flamingo", "traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}
        async with traced(house.ctx, told_to(collector, settings)) as http:
            for path in (f"/api/v1/admin/patients/{ID}", f"/manage/{SECRET}", f"/nothing/{NAME}/{ID}/", f"/{SECRET}"):
                await http.get(path, params={"t": SECRET, "q": NAME}, headers=hostile)
                await http.request("FLAMINGO", path, headers=hostile)
            await http.post("/api/v1/auth/login", json={"email": NAME, "password": SECRET}, headers=hostile)
            http._transport.app.state.context = None  # type: ignore[attr-defined]  # everything fails from here on
            assert (await http.get(f"/api/v1/admin/patients/{ID}", headers=hostile)).status_code == 500
        assert len(collector.spans) >= 10
        everything = b"".join(collector.raw).lower()
        assert [
            each for each in (ID, SECRET, NAME, "flamingo", "nonetype") if each.lower().encode() in everything
        ] == []
        assert {(span.events, span.said) for span in collector.spans} == {(0, "")}

    async def test_what_machines_ask_is_not_traced(
        self, ctx: Context, settings: Settings, collector: Collector
    ) -> None:
        async with traced(ctx, told_to(collector, settings)) as http:
            for path in ("/health/live", "/health/ready", "/metrics"):
                await http.get(path)
        assert collector.spans == []

    async def test_the_collector_gets_the_headers_that_it_asks_for(
        self, ctx: Context, settings: Settings, collector: Collector
    ) -> None:
        wanted = "Authorization=Bearer a=b, X-Clinic = willow"
        async with traced(ctx, told_to(collector, settings, otel_exporter_otlp_headers=wanted)) as http:
            await http.get("/api/v1/nothing")
        assert (collector.headers[0]["authorization"], collector.headers[0]["x-clinic"]) == ("Bearer a=b", "willow")

    async def test_a_collector_that_is_away_costs_no_request_and_little_time_at_the_end(
        self, ctx: Context, settings: Settings
    ) -> None:
        nobody = Collector(url=f"http://127.0.0.1:{free_port()}")
        async with traced(ctx, told_to(nobody, settings)) as http:
            assert (await http.get("/api/v1/nothing")).status_code == 404
            began = time.perf_counter()
        assert time.perf_counter() - began < 10

    async def test_a_log_line_of_the_request_names_its_trace(
        self, ctx: Context, settings: Settings, collector: Collector, capsys: pytest.CaptureFixture[str]
    ) -> None:
        talkative = told_to(collector, settings).model_copy(update={"log_level": "INFO"})
        with listening(capsys) as log:
            async with traced(ctx, talkative) as http:
                await http.post("/api/v1/nothing")
            written = log.text()
        [span] = [span for span in collector.spans if "http.request.method" in span.attributes]
        assert f"trace_id={span.trace_id}" in written


def test_a_real_process_sends_what_it_holds_back_when_it_is_stopped(
    mongodb_uri: str, tmp_path: Path, collector: Collector
) -> None:
    with start_server(mongodb_uri, tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url) as server:
        httpx2.get(f"{server.base_url}/api/v1/admin/patients/{ID}", params={"t": SECRET}, timeout=30)
    assert "GET /api/v1/admin/patients/{patient_id}" in {span.name for span in collector.spans}
    assert SECRET.encode() not in b"".join(collector.raw)


class TestOff:
    async def test_nothing_is_traced_although_the_environment_would_have_it(
        self, ctx: Context, settings: Settings, collector: Collector, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """FastAPI would configure itself from these, unmasked."""
        monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", f"{collector.url}{TRACES}")
        app = create_app(settings)
        app.state.context = ctx
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://testserver") as http:
            await http.get(f"/api/v1/{SECRET}")
        assert app.state.tracing is None
        assert collector.raw == []

    async def test_ours_is_never_the_providers_of_other_libraries(
        self, settings: Settings, collector: Collector
    ) -> None:
        """A global one would take their spans too, of which nobody has judged what they hold."""
        provider = open_provider(told_to(collector, settings))
        try:
            assert trace.get_tracer_provider() is not provider
        finally:
            await close_provider(provider)

    def test_without_the_extra_it_says_what_to_install(
        self, settings: Settings, collector: Collector, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "app.api.span_export", None)  # as if the extra were not there
        with pytest.raises(ConfigurationError, match=r"chairside\[otel\]"):
            create_app(told_to(collector, settings))


class TestSetting:
    @pytest.mark.parametrize(
        "url", ["http://127.0.0.1:4318", "https://otlp.example.com/otlp", "http://[::1]:4318", "http://collector:4318/"]
    )
    def test_an_address_of_a_collector(self, url: str) -> None:
        assert make_settings(otel_exporter_otlp_endpoint=url).otel_exporter_otlp_endpoint == url.rstrip("/")

    @pytest.mark.parametrize(
        "url",
        ["collector:4318", "ftp://collector", "http://", "http://c:4318/v1/traces", "http://c?token=x", "http://a@b"],
    )
    def test_anything_else_stops_the_start(self, url: str) -> None:
        with pytest.raises(ValueError, match="must be like"):
            make_settings(otel_exporter_otlp_endpoint=url)
