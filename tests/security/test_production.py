"""What production does not have: default secrets, documentation, sandbox, drain (trust.md 4, operations.md)."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from app.bootstrap import ConfigurationError, build_context
from app.database.connection import Database
from app.settings import DEVELOPMENT_SECRET, Settings
from tests.api.apps import RunningApp, serving
from tests.api.shapes import refused
from tests.conftest import Clock, make_settings
from tests.factories import make_user, token_for

FIT: dict[str, Any] = {
    "chairside_env": "production",
    "mongodb_uri": "mongodb://db.example.com/?replicaSet=rs0",
    "public_base_url": "https://crm.example.com",
    "jwt_secret": "b7Vd0o3nqvYc2uT1cJwq5rZxkF8sLhGm",
    "channel_email": "none",
    "channel_sms": "none",
    "channel_whatsapp": "none",
    "rate_limits": "on",
}


TWILIO: dict[str, Any] = {
    "channel_sms": "twilio",
    "channel_whatsapp": "twilio",
    "twilio_account_sid": "AC0123456789abcdef0123456789abcdef",
    "twilio_auth_token": "a-secret-canary",
    "twilio_sms_from": "+12025550100",
    "twilio_whatsapp_from": "+12025550100",
}


def production(**changes: Any) -> Settings:
    return make_settings(**(FIT | changes))


class TestRefusesToStart:
    def test_with_everything_in_order_it_starts(self) -> None:
        assert production().is_production

    @pytest.mark.parametrize(
        ("changes", "variable"),
        [
            ({"jwt_secret": DEVELOPMENT_SECRET}, "JWT_SECRET"),
            ({"jwt_secret": "x" * 31}, "JWT_SECRET"),
            ({"jwt_secret": ""}, "JWT_SECRET"),
            ({"mongodb_uri": ""}, "MONGODB_URI"),
            ({"public_base_url": "http://crm.example.com"}, "PUBLIC_BASE_URL"),
            ({"channel_email": "sandbox"}, "CHANNEL_EMAIL"),
            ({"channel_sms": "sandbox"}, "CHANNEL_SMS"),
            ({"channel_whatsapp": "sandbox"}, "CHANNEL_WHATSAPP"),
            ({"rate_limits": "off"}, "RATE_LIMITS"),
            ({"channel_email": "gmail", "google_credentials_file": "key.json"}, "GMAIL_MAILBOX"),
            ({"channel_email": "gmail", "gmail_mailbox": "desk@example.com"}, "GOOGLE_CREDENTIALS_FILE"),
            ({"channel_sms": "gmail"}, "CHANNEL_SMS"),
            ({"gmail_api_url": "http://127.0.0.1:8025"}, "GMAIL_API_URL"),
            ({"gmail_api_url": "HTTP://localhost"}, "GMAIL_API_URL"),
            ({"gmail_api_url": "http://gmail.example.com"}, "GMAIL_API_URL"),
            ({"twilio_api_url": "http://127.0.0.1:8026"}, "(?i)TWILIO_API_URL"),
            ({"twilio_api_url": "http://api.twilio.com"}, "(?i)TWILIO_API_URL"),
            ({"twilio_api_url": ""}, "(?i)TWILIO_API_URL"),
            ({"chairside_pause_file": "pause"}, "CHAIRSIDE_PAUSE_FILE"),
            ({"chairside_clock_file": "clock"}, "CHAIRSIDE_CLOCK_FILE"),
        ],
    )
    def test_and_says_which_variable_to_change(self, changes: dict[str, Any], variable: str) -> None:
        with pytest.raises(ValidationError, match=variable):
            production(**changes)

    def test_it_says_all_of_them_at_once(self) -> None:
        with pytest.raises(ValidationError, match=r"MONGODB_URI.*PUBLIC_BASE_URL.*RATE_LIMITS"):
            production(mongodb_uri="", public_base_url="http://x.example", rate_limits="off")

    @pytest.mark.parametrize("environment", ["development", "test"])
    def test_elsewhere_the_development_secret_will_do_but_a_short_one_never(self, environment: str) -> None:
        make_settings(chairside_env=environment)
        with pytest.raises(ValidationError, match="at least 32 bytes"):
            make_settings(chairside_env=environment, jwt_secret="x" * 31)

    def test_a_refusal_does_not_print_the_secret(self) -> None:
        with pytest.raises(ValidationError) as failure:
            production(jwt_secret="a-secret-canary", rate_limits="off")
        assert "canary" not in str(failure.value)


class TestRefusesAChannelWithoutItsCredentials:
    """What an adapter needs is looked at when the service puts its parts together, before it serves anything."""

    def test_with_everything_in_order_it_starts(self, database: Database, clock: Clock) -> None:
        build_context(production(**TWILIO), database, now=clock)

    @pytest.mark.parametrize(
        "missing", ["twilio_account_sid", "twilio_auth_token", "twilio_sms_from", "twilio_whatsapp_from"]
    )
    def test_twilio_names_the_variable(self, database: Database, clock: Clock, missing: str) -> None:
        incomplete = production(**(TWILIO | {missing: ""}))
        with pytest.raises(ConfigurationError, match=missing.upper()) as failure:
            build_context(incomplete, database, now=clock)
        assert "canary" not in str(failure.value)

    def test_twilio_carries_no_mail(self, database: Database, clock: Clock) -> None:
        with pytest.raises(ConfigurationError, match="CHANNEL_EMAIL"):
            build_context(production(**(TWILIO | {"channel_email": "twilio"})), database, now=clock)

    def test_gmail_names_the_file_that_is_not_there(self, database: Database, clock: Clock, tmp_path: Path) -> None:
        file = tmp_path / "key.json"
        settings = production(channel_email="gmail", gmail_mailbox="desk@example.com", google_credentials_file=file)
        with pytest.raises(ConfigurationError, match="GOOGLE_CREDENTIALS_FILE"):
            build_context(settings, database, now=clock)


class TestServes:
    @pytest.fixture
    async def live(self, database: Database, clock: Clock) -> AsyncIterator[RunningApp]:
        async with serving(production(), database, now=clock, base_url="https://crm.example.com") as app:
            yield app

    @pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/docs/oauth2-redirect"])
    async def test_no_documentation(self, live: RunningApp, path: str) -> None:
        refused(await live.http.get(path), 404, "NOT_FOUND")

    async def test_documentation_only_where_it_is_asked_for(self, database: Database, clock: Clock) -> None:
        asked_for = production(api_docs="on")
        async with serving(asked_for, database, now=clock, base_url="https://crm.example.com") as app:
            assert (await app.http.get("/docs")).status_code == 200
            assert (await app.http.get("/openapi.json")).json()["openapi"].startswith("3.1")

    async def test_no_sandbox(self, live: RunningApp) -> None:
        refused(await live.http.get("/api/v1/sandbox/messages?to=a@example.com"), 404, "NOT_FOUND")
        message = {"from": "a@example.com", "body": "Hello"}
        refused(await live.http.post("/api/v1/sandbox/messages", json=message), 404, "NOT_FOUND")

    async def test_no_drain(self, live: RunningApp) -> None:
        staff = token_for(live.ctx, await make_user(live.ctx))
        refused(await live.http.post("/api/v1/admin/jobs/drain", json={}, headers=staff), 404, "NOT_FOUND")

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "testserver"])
    async def test_only_its_own_host(self, live: RunningApp, host: str) -> None:
        assert (await live.http.get("/health/live")).status_code == 200
        assert (await live.http.get("/health/live", headers={"Host": host})).status_code == 400
