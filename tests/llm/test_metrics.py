"""What `/metrics` tells of a language provider that speaks to a network: calls, time, tokens, dollars, its breaker."""

from collections.abc import Iterator
from typing import Any

import pytest

from app.context import Context
from app.llm import metrics
from app.llm.base import PatientText
from app.llm.breaker import FAILURES_TO_OPEN
from app.models.enums import ChannelType
from app.services import spending
from tests.agent.test_counted import grows, told
from tests.factories import make_clinic
from tests.llm.openai_stage import QUICK, speaking
from tests.llm.test_openai_graph import READS
from tests.peers.openai import OpenAiPeer, nobody_listens, serve_openai

MESSAGE = PatientText(text="Do you have parking?", channel=ChannelType.EMAIL, previous_outgoing=None)
PRICES: dict[str, Any] = {"openai_input_usd_per_million": 2.0, "openai_output_usd_per_million": 8.0}
CALLS, COST, TOKENS = "chairside_llm_calls_total", "chairside_llm_cost_usd_total", "chairside_llm_tokens_total"
OPEN = "chairside_llm_breaker_open"


@pytest.fixture
def peer() -> Iterator[OpenAiPeer]:
    with serve_openai() as running:
        running.says["MessageReading"] = READS
        yield running


async def test_an_answer_costs_what_the_days_sum_says(ctx: Context, peer: OpenAiPeer) -> None:
    await make_clinic()
    before = told(COST, provider="openai")
    tokens = told(TOKENS, provider="openai", direction="input"), told(TOKENS, provider="openai", direction="output")
    async with speaking(ctx, peer, **PRICES) as asking:
        with (
            grows(CALLS, provider="openai", verb="analyse", result="answered"),
            grows("chairside_llm_seconds_count", provider="openai", verb="analyse"),
        ):
            await asking.llm.analyse(MESSAGE)
    today = await spending.today(ctx)
    [day] = await spending.by_day(today, today)
    assert day.usd > 0
    assert told(COST, provider="openai") - before == pytest.approx(day.usd)
    assert told(TOKENS, provider="openai", direction="input") - tokens[0] == day.input_tokens > 0
    assert told(TOKENS, provider="openai", direction="output") - tokens[1] == day.output_tokens > 0


async def test_without_prices_nothing_costs_anything(ctx: Context, peer: OpenAiPeer) -> None:
    await make_clinic()
    async with speaking(ctx, peer) as asking:
        with grows(COST, by=0, provider="openai"):
            await asking.llm.analyse(MESSAGE)


async def test_a_provider_that_fails_again_and_again_is_told_as_skipped(ctx: Context, peer: OpenAiPeer) -> None:
    await make_clinic()
    async with speaking(ctx, peer, url=nobody_listens(), **QUICK) as asking:
        assert told(OPEN, provider="openai") == 0
        with grows(CALLS, by=FAILURES_TO_OPEN, provider="openai", verb="analyse", result="failed"):
            for _ in range(FAILURES_TO_OPEN + 1):
                await asking.llm.analyse(MESSAGE)
        assert told(OPEN, provider="openai") == 1
        assert told(OPEN, provider="offline") == 0


def test_every_result_is_told_as_none_from_the_start() -> None:
    metrics.begin("a-new-one")
    for verb in metrics.VERBS:
        for result in metrics.RESULTS:
            labels = {"provider": "a-new-one", "verb": verb, "result": result}
            assert metrics.CALLS.labels(**labels)._value.get() == 0
