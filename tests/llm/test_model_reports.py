"""What staff and operators see of the language model: health, money, and the refusal of foreign tracing."""

import json
from typing import Any

import httpx2
import pytest

from app.bootstrap import LANGSMITH_SWITCHES, ConfigurationError, open_context
from app.context import Context
from app.llm.breaker import FAILURES_TO_OPEN
from app.llm.spending import Ledger, Price, charged_to
from app.models.base import derived_id
from app.services import doctor_peers, model_health, spending
from tests.applications import application
from tests.conftest import Clock, make_settings
from tests.llm.openai_stage import speaking
from tests.llm.test_openai import MESSAGE
from tests.peers.openai import serve_openai

CAMPAIGN, OTHER = derived_id("one"), derived_id("other")


async def ready(ctx: Context) -> tuple[int, list[dict[str, Any]]]:
    with application(ctx) as app:
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as http:
            answer = await http.get("/health/ready")
    return answer.status_code, answer.json()["language_model"]


class TestHealth:
    async def test_offline_alone_is_always_well(self, ctx: Context) -> None:
        assert [row["provider"] for row in model_health.report(ctx)] == ["offline"]

    async def test_a_provider_that_rests_is_shown_and_keeps_the_product_ready(self, ctx: Context) -> None:
        with serve_openai() as peer:
            peer.fail("401", times=FAILURES_TO_OPEN)
            async with speaking(ctx, peer) as asking:
                well = await ready(asking)
                for _ in range(FAILURES_TO_OPEN):
                    await asking.llm.analyse(MESSAGE)
                ill = await ready(asking)
        assert well[0] == ill[0] == 200
        assert [row["state"] for row in well[1]] == ["closed", "closed"]
        assert ill[1][0] == {
            "provider": "openai",
            "state": "open",
            "failures_in_a_row": FAILURES_TO_OPEN,
            "retry_at": "2026-11-23T15:01:00Z",
        }

    async def test_the_doctor_asks_each_one(self, ctx: Context) -> None:
        with serve_openai() as peer:
            peer.fail("401")
            async with speaking(ctx, peer) as asking:
                found = [*await doctor_peers.language_models(asking), *await doctor_peers.traces(asking)]
                assert [(each.check, each.says) for each in found] == [
                    ("language model openai", "does not answer: AuthenticationError_401"),
                    ("language model offline", "answers"),
                    ("agent traces", "in the log, one line for each run"),
                ]


class TestMoney:
    async def test_sums_by_day_and_the_dearest_conversations(self, ctx: Context, clock: Clock) -> None:
        ledger = Ledger(clock, Price(1.0, 2.0))
        for campaign, cost in ((CAMPAIGN, (100, 10)), (OTHER, (300, 10)), (CAMPAIGN, (50, 0))):
            with charged_to(campaign):
                async with ledger.charge(input_tokens=1_000, output_tokens=1_000) as charge:
                    charge.used(*cost)
        clock.forward(days=1)
        async with ledger.charge(input_tokens=1_000, output_tokens=1_000) as charge:
            charge.used(7, 0)
        today = await spending.today(ctx)
        days = await spending.by_day(today.replace(day=1), today)
        assert [(each.day.day, each.calls, each.tokens, each.usd) for each in days] == [
            (24, 1, 7, 0.000007),
            (23, 3, 470, 0.00049),
        ]
        assert [each.campaign_id for each in await spending.dearest_campaigns(days[1].day)] == [OTHER, CAMPAIGN]
        assert await spending.dearest_campaigns(today) == []
        assert [each.tokens for each in await spending.of_campaign(CAMPAIGN)] == [160]
        assert json.dumps([each.usd for each in days])


class TestLangSmith:
    @pytest.mark.parametrize("name", LANGSMITH_SWITCHES)
    async def test_stops_the_start(self, mongodb_uri: str, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        monkeypatch.setenv(name, "true")
        with pytest.raises(ConfigurationError, match=name):
            async with open_context(make_settings(mongodb_uri=mongodb_uri)):
                pass

    @pytest.mark.parametrize(("value", "allowed"), [("false", "off"), ("true", "on")])
    async def test_unless_it_is_off_or_allowed(
        self, mongodb_uri: str, migrated: str, monkeypatch: pytest.MonkeyPatch, value: str, allowed: str
    ) -> None:
        monkeypatch.setenv("LANGSMITH_TRACING", value)
        settings = make_settings(mongodb_uri=mongodb_uri, mongodb_database=migrated, chairside_allow_langsmith=allowed)
        async with open_context(settings) as ctx:
            assert ctx.llm.name == "offline"
