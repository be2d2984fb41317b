"""`/metrics`: who may read it, and that it holds names and numbers, never an id (api.md section 5, trust.md 5)."""

import base64
import re
from collections.abc import Iterator

import httpx2
import pytest
from prometheus_client import REGISTRY
from pydantic import ValidationError

from app.database.connection import Database
from app.main import create_app
from app.settings import Settings
from tests.api.apps import serving
from tests.api.conftest import House
from tests.api.shapes import refused
from tests.conftest import Clock, make_settings
from tests.logs import Log, listening
from tests.security.test_canary import furnish, spoken, use_everything
from tests.security.test_production import production

TOKEN = "a-token-of-prometheus-that-is-long-enough"
ID = "65f0c0ffee65f0c0ffee65f0"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def value_of(text: str, series: str) -> float | None:
    """The number behind `name{label="value"}`; None when there is no such line."""
    found = [line.rpartition(" ") for line in text.splitlines()]
    return next((float(value) for name, _, value in found if name == series), None)


async def scrape(client: httpx2.AsyncClient, headers: dict[str, str] | None = None) -> str:
    answer = await client.get("/metrics", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    return answer.text


class TestWhoMayRead:
    @pytest.fixture
    def guarded(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"metrics_token": make_settings(metrics_token=TOKEN).metrics_token})

    async def test_outside_production_anybody_while_there_is_no_token(self, client: httpx2.AsyncClient) -> None:
        assert "http_requests_total" in await scrape(client)

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            bearer(""),
            bearer("wrong"),
            bearer(TOKEN[:-1]),
            bearer(TOKEN + "x"),
            bearer(TOKEN.upper()),
            bearer("tôken-of-umläuts-that-is-long-enough"),
            {"Authorization": TOKEN},
            {"Authorization": "Basic " + base64.b64encode(f"prometheus:{TOKEN}".encode()).decode()},
        ],
    )
    async def test_with_a_token_nobody_without_it(
        self, guarded: Settings, database: Database, clock: Clock, headers: dict[str, str]
    ) -> None:
        async with serving(guarded, database, now=clock) as app:
            sent = {name.encode(): value.encode() for name, value in headers.items()}
            answer = await app.http.get("/metrics", headers=sent)
        assert "chairside" not in refused(answer, 401, "NOT_AUTHENTICATED")["detail"]
        assert answer.headers["WWW-Authenticate"] == "Bearer"

    async def test_a_token_in_the_address_opens_nothing(
        self, guarded: Settings, database: Database, clock: Clock
    ) -> None:
        async with serving(guarded, database, now=clock) as app:
            refused(await app.http.get("/metrics", params={"token": TOKEN, "access_token": TOKEN}), 401)

    async def test_a_staff_members_own_token_opens_nothing_either(self, house: House, guarded: Settings) -> None:
        async with serving(guarded, house.ctx.database, now=house.ctx.now) as app:
            refused(await app.http.get("/metrics", headers=house.staff), 401)

    async def test_whoever_has_it(self, guarded: Settings, database: Database, clock: Clock) -> None:
        async with serving(guarded, database, now=clock) as app:
            assert value_of(await scrape(app.http, bearer(TOKEN)), "chairside_database_up") == 1

    async def test_in_production_nobody_while_there_is_none(self, database: Database, clock: Clock) -> None:
        async with serving(production(), database, now=clock, base_url="https://crm.example.com") as app:
            refused(await app.http.get("/metrics"), 404, "NOT_FOUND")
            refused(await app.http.get("/metrics", headers=bearer("anything")), 404)

    async def test_in_production_whoever_has_it(self, database: Database, clock: Clock) -> None:
        settings = production(metrics_token=TOKEN)
        async with serving(settings, database, now=clock, base_url="https://crm.example.com") as app:
            await scrape(app.http, bearer(TOKEN))
            refused(await app.http.get("/metrics"), 401)

    @pytest.mark.parametrize("token", ["x", "x" * 31])
    def test_a_token_that_could_be_guessed_stops_the_start(self, token: str) -> None:
        with pytest.raises(ValidationError, match="at least 32 bytes"):
            make_settings(metrics_token=token)

    async def test_another_host_name_is_refused_as_everywhere(self, client: httpx2.AsyncClient) -> None:
        refused(await client.get("/metrics", headers={"Host": "evil.example.com"}), 400)


class TestRequests:
    """Rate, errors and duration by the route's template."""

    @staticmethod
    async def counted(client: httpx2.AsyncClient, method: str, path: str, labels: str) -> float:
        """By how much the counter of these labels grew through one request."""
        series = f"http_requests_total{{{labels}}}"
        before = value_of(await scrape(client), series) or 0.0
        await client.request(method, path)
        return (value_of(await scrape(client), series) or 0.0) - before

    @pytest.mark.parametrize(
        ("method", "path", "labels"),
        [
            (
                "GET",
                f"/api/v1/admin/patients/{ID}",
                'handler="/api/v1/admin/patients/{patient_id}",method="GET",status="4xx"',
            ),
            ("GET", f"/api/v1/admin/patients/{ID}/", 'handler="none",method="GET",status="3xx"'),
            ("GET", f"/staff/patients/{ID}", 'handler="/staff/patients/{patient_id}",method="GET",status="3xx"'),
            ("GET", f"/nothing/{ID}", 'handler="none",method="GET",status="4xx"'),
            ("GET", f"/static/{ID}.js", 'handler="/static",method="GET",status="4xx"'),
            ("FLAMINGO", "/api/v1/auth/login", 'handler="/api/v1/auth/login",method="OTHER",status="4xx"'),
            ("POST", "/api/v1/webhooks/gmail", 'handler="/api/v1/webhooks/gmail",method="POST",status="4xx"'),
            ("GET", "/", 'handler="/",method="GET",status="2xx"'),
        ],
    )
    async def test_are_counted_by_template(
        self, house: House, client: httpx2.AsyncClient, method: str, path: str, labels: str
    ) -> None:
        assert await self.counted(client, method, path, labels) == 1

    async def test_no_address_and_no_unknown_method_is_in_any_label(
        self, house: House, client: httpx2.AsyncClient
    ) -> None:
        for path in (f"/api/v1/admin/patients/{ID}/", f"/staff/{ID}", f"/book/{ID}?name=Quillon", f"/m/{ID}"):
            await client.request("FLAMINGO", path)
            await client.get(path)
        text = await scrape(client)
        assert [word for word in (ID, "FLAMINGO", "Quillon") if word in text] == []

    async def test_a_failure_of_ours_is_a_5xx(self, settings: Settings) -> None:
        """An application that was never started fails at everything."""
        labels = {"handler": "/api/v1/admin/patients/{patient_id}", "method": "GET", "status": "5xx"}
        before = REGISTRY.get_sample_value("http_requests_total", labels) or 0.0
        transport = httpx2.ASGITransport(app=create_app(settings), raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as http:
            assert (await http.get(f"/api/v1/admin/patients/{ID}")).status_code == 500
        assert REGISTRY.get_sample_value("http_requests_total", labels) == before + 1

    async def test_what_machines_ask_every_few_seconds_is_left_out(self, client: httpx2.AsyncClient) -> None:
        await client.get("/health/live")
        text = await scrape(client)
        assert 'handler="/health/live"' not in text
        assert 'handler="/metrics"' not in text

    async def test_none_is_under_way_afterwards(self, client: httpx2.AsyncClient) -> None:
        text = await scrape(client)
        assert value_of(text, "http_requests_in_progress") == 1, "the scrape itself"


@pytest.fixture
def log(capsys: pytest.CaptureFixture[str]) -> Iterator[Log]:
    with listening(capsys) as heard:
        yield heard


async def test_the_log_has_a_line_for_what_changes_something_and_none_for_a_look(
    settings: Settings, database: Database, clock: Clock, log: Log
) -> None:
    talkative = settings.model_copy(update={"log_level": "INFO"})
    async with serving(talkative, database, now=clock) as app:
        await app.http.get(f"/nothing/{ID}")
        await app.http.post(f"/api/v1/admin/patients/{ID}/notes?name=Quillon", json={})
    written = log.text()
    [line] = [each for each in written.splitlines() if "request.answered" in each]
    assert "correlation_id=" in line
    assert "status=40" in line
    assert ID not in written
    assert "Quillon" not in written


async def test_after_a_day_at_work_no_patient_is_in_the_metrics(
    settings: Settings, database: Database, clock: Clock
) -> None:
    async with serving(settings, database, now=clock) as app:
        answers = await use_everything(app, await furnish(app))
        text = await scrape(app.http)
    assert len(answers) == 12
    assert spoken(text) == []
    assert [line for line in text.splitlines() if re.search(r"[0-9a-f]{24}|@|\+\d{7}", line)] == []
    assert value_of(text, 'chairside_sends_total{channel="email",outcome="sent"}')
