"""What leaves the house: headers on every answer, text that stays text, links that are ours (trust.md 4 and 4.4)."""

import json
from collections.abc import AsyncIterator

import httpx2
import pytest

from app.database.connection import Database
from app.settings import Settings
from tests.api.apps import RunningApp, serving
from tests.api.conftest import House
from tests.api.shapes import PATIENT, accepted, refused
from tests.conftest import Clock
from tests.factories import make_recovery, make_user, token_for

SCRIPT = "<script>alert(1)</script>"
UNKNOWN_ID = "0" * 24
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}


class TestHeaders:
    async def _each_kind_of_answer(self, house: House) -> dict[str, httpx2.Response]:
        campaign = await make_recovery(house.ctx)
        return {
            "200": await house.get(f"campaigns/{campaign.id}"),
            "201": await house.desk(),
            "204": await house.http.delete(
                f"/api/v1/admin/appointments/{(await house.desk(at='2026-11-25T10:00')).json()['appointment_id']}",
                headers=house.staff,
            ),
            "400": await house.http.post(
                "/api/v1/auth/login", content=b"{", headers={"Content-Type": "application/json"}
            ),
            "401": await house.http.get("/api/v1/users/me"),
            "404": await house.get(f"campaigns/{UNKNOWN_ID}"),
            "405": await house.http.put("/api/v1/users/me"),
            "409": await house.desk(email="second@example.com"),
            "413": await house.http.post("/api/v1/auth/login", content=b"x" * (1024 * 1024 + 1)),
            "422": await house.post("campaigns/recovery", {}),
            "a foreign host": await house.http.get("/health/live", headers={"Host": "evil.example"}),
            "an unknown address": await house.http.get("/nothing"),
            "health": await house.http.get("/health/ready"),
        }

    async def test_no_answer_may_be_sniffed_framed_or_kept(self, house: House) -> None:
        wanted = {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Cache-Control": "no-store"}
        for name, answer in (await self._each_kind_of_answer(house)).items():
            assert {header: answer.headers.get(header) for header in wanted} == wanted, name
            assert "'unsafe-inline'" not in answer.headers["Content-Security-Policy"], name

    async def test_no_answer_names_the_server_or_its_versions(self, house: House) -> None:
        for name, answer in (await self._each_kind_of_answer(house)).items():
            assert not {"Server", "X-Powered-By"} & set(answer.headers), name


class TestText:
    @pytest.mark.parametrize(
        "name",
        [SCRIPT, '"><img src=x onerror=alert(1)>', "Robert'); DROP TABLE patients;--", "=cmd()", "\u202etxt.exe"],
    )
    async def test_a_name_comes_back_as_it_was_given_in_json(self, house: House, name: str) -> None:
        fields = {"name": name, "email": "ann@example.com", "patient_type": "EXISTING"}
        made = accepted(await house.post("patients", fields), 201, PATIENT)
        answer = await house.get(f"patients/{made['patient_id']}")
        assert accepted(answer, 200, PATIENT)["name"] == name
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"

    async def test_a_refusal_is_json_even_for_a_browser(self, house: House) -> None:
        browser = {"Accept": "text/html,application/xhtml+xml"}
        for path in (f"/api/v1/{SCRIPT}", f"/api/v1/availability?month={SCRIPT}&year=2026&service_id=x"):
            answer = await house.http.get(path, headers=browser)
            assert answer.headers["Content-Type"] == "application/json"

    async def test_a_name_with_braces_fills_no_template(self, house: House) -> None:
        fields = {"name": "{phone.__class__} {{7*7}}", "email": "ann@example.com", "patient_type": "EXISTING"}
        await house.post("patients", fields)
        assert (await house.book(email="ann@example.com")).status_code == 200
        await house.post("jobs/drain")
        query = {"to": "ann@example.com"}
        [message] = (await house.http.get("/api/v1/sandbox/messages", params=query)).json()["messages"]
        assert message["body"].startswith("Hello {phone.__class__},")

    async def test_json_is_valid_even_for_odd_text(self, house: House) -> None:
        campaign = await make_recovery(house.ctx, patient_name="Ann \u2028 \U0001f9b7 </script>")
        answer = await house.get(f"campaigns/{campaign.id}")
        assert json.loads(answer.content)["campaign_details"]["patient_name"] == "Ann \u2028 \U0001f9b7 </script>"


class TestLinks:
    async def test_are_built_from_our_own_address_whatever_host_was_asked(
        self, settings: Settings, database: Database, clock: Clock
    ) -> None:
        open_to_all = settings.model_copy(
            update={"allowed_hosts": ("*",), "public_base_url": "https://crm.example.com"}
        )
        async with serving(open_to_all, database, now=clock, base_url="http://evil.example") as app:
            campaign = await make_recovery(app.ctx)
            message = {"from": campaign.channel.address, "body": "Yes, I would like to book an appointment please"}
            assert (await app.http.post("/api/v1/sandbox/messages", json=message)).status_code == 202
            staff = await _staff(app)
            await app.http.post("/api/v1/admin/jobs/drain", headers=staff)
            query = {"to": campaign.channel.address}
            sent = (await app.http.get("/api/v1/sandbox/messages", params=query)).json()["messages"]
        assert any("https://crm.example.com/book?t=" in message["body"] for message in sent)
        assert all("evil.example" not in message["body"] for message in sent)


async def _staff(app: RunningApp) -> dict[str, str]:
    return token_for(app.ctx, await make_user(app.ctx))


class TestHosts:
    @pytest.mark.parametrize("host", ["evil.example", "testserver.evil.example", "127.0.0.1.evil.example", ""])
    async def test_a_foreign_host_is_a_bad_request(self, house: House, host: str) -> None:
        answer = await house.http.get("/api/v1/users/me", headers=house.staff | {"Host": host})
        assert answer.status_code == 400

    async def test_allowed_hosts_replace_the_default_ones(
        self, settings: Settings, database: Database, clock: Clock
    ) -> None:
        named = settings.model_copy(update={"allowed_hosts": ("crm.example.com",)})
        async with serving(named, database, now=clock, base_url="http://crm.example.com") as app:
            assert (await app.http.get("/health/live")).status_code == 200
            assert (await app.http.get("/health/live", headers={"Host": "testserver"})).status_code == 400


class TestOrigins:
    """No page of another origin reads an answer unless CORS_ORIGINS names it; never `*`, never with credentials."""

    @pytest.fixture
    async def shared(self, settings: Settings, database: Database, clock: Clock) -> AsyncIterator[RunningApp]:
        named = settings.model_copy(update={"cors_origins": ("https://www.example.com",)})
        async with serving(named, database, now=clock) as app:
            yield app

    @pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://www.example.com.evil.example"])
    async def test_a_strange_origin(self, house: House, shared: RunningApp, origin: str) -> None:
        for http in (house.http, shared.http):
            for method in ("OPTIONS", "GET"):
                headers = PREFLIGHT | {"Origin": origin}
                answer = await http.request(method, "/api/v1/users/me", headers=headers)
                assert "Access-Control-Allow-Origin" not in answer.headers

    async def test_a_named_origin(self, shared: RunningApp) -> None:
        headers = PREFLIGHT | {"Origin": "https://www.example.com"}
        answer = await shared.http.options("/api/v1/users/me", headers=headers)
        assert answer.status_code == 200
        assert answer.headers["Access-Control-Allow-Origin"] == "https://www.example.com"
        assert "Access-Control-Allow-Credentials" not in answer.headers

    async def test_by_default_there_are_no_other_origins(self, house: House) -> None:
        answer = await house.http.options("/api/v1/users/me", headers=PREFLIGHT | {"Origin": "https://a.example"})
        refused(answer, 405, "METHOD_NOT_ALLOWED")
