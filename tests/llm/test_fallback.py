"""The chain of providers: who is asked, who is left alone, and within what time (stack.md 2c, trust.md fault 16)."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest
from prometheus_client import REGISTRY

from app.bootstrap import ConfigurationError, build_context
from app.context import Context
from app.llm.base import (
    Analysis,
    LanguageModel,
    LanguageModelError,
    PatientText,
    UnwillingError,
)
from app.llm.breaker import FAILURES_TO_OPEN, BreakerState
from app.llm.fallback import FailoverChain
from app.llm.offline.provider import OfflineLanguageModel
from app.llm.spending import BudgetSpentError, charged_to
from app.models.base import derived_id
from app.models.enums import ChannelType, Intent
from tests.agent.provider import FixedProvider, reading
from tests.conftest import Clock, make_settings
from tests.llm.openai_stage import settings_for

MESSAGE = PatientText("yes", ChannelType.SMS, previous_outgoing=None)
CAMPAIGN = derived_id("a campaign")


@dataclass
class Remote(FixedProvider):
    """A provider behind a network: it fails as told, and counts how often it was asked."""

    fails: Callable[[], Exception | None] = lambda: None
    holds: asyncio.Event | None = None
    """When given, no answer before it is set."""
    asked: int = 0
    began: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while `holds` keeps the caller waiting."""
    name: str = "remote"
    labels: Analysis = field(default_factory=lambda: reading(Intent.QUESTION))

    async def close(self) -> None:
        """Nothing to let go of."""

    async def analyse(self, message: PatientText) -> Analysis:
        self.asked += 1
        if self.holds:
            self.began.set()
            await self.holds.wait()
        if error := self.fails():
            raise error
        return self.labels


def down() -> Exception:
    return LanguageModelError("APIConnectionError")


def chain(clock: Clock, *models: LanguageModel, run_seconds: float = 30.0) -> FailoverChain:
    return FailoverChain(models, now=clock, run_seconds=run_seconds)


def states(chain: FailoverChain) -> Sequence[BreakerState]:
    return [each.state for each in chain.health()]


class TestOrder:
    async def test_the_first_one_that_is_well_answers(self, clock: Clock) -> None:
        first, second = Remote(), Remote(name="second")
        assert (await chain(clock, first, second).analyse(MESSAGE)).intent is Intent.QUESTION
        assert (first.asked, second.asked) == (1, 0)

    async def test_a_failure_asks_the_next_one(self, clock: Clock) -> None:
        first, second = Remote(fails=down), Remote(name="second")
        await chain(clock, first, second).analyse(MESSAGE)
        assert (first.asked, second.asked) == (1, 1)

    async def test_when_none_answers_it_is_one_error(self, clock: Clock) -> None:
        with pytest.raises(LanguageModelError, match="no_provider_answered"):
            await chain(clock, Remote(fails=down), Remote(fails=down)).analyse(MESSAGE)

    async def test_a_refusal_asks_the_next_one_and_speaks_against_nobodys_health(self, clock: Clock) -> None:
        first = Remote(fails=lambda: UnwillingError("refused"))
        asked = chain(clock, first, OfflineLanguageModel())
        for _ in range(FAILURES_TO_OPEN + 1):
            await asked.analyse(MESSAGE)
        assert first.asked == FAILURES_TO_OPEN + 1
        assert states(asked)[0] is BreakerState.CLOSED


class TestBreaker:
    async def test_the_fifth_failure_in_a_row_opens_it_for_a_minute(self, clock: Clock) -> None:
        first = Remote(fails=down)
        asked = chain(clock, first, OfflineLanguageModel())
        for _ in range(FAILURES_TO_OPEN):
            assert states(asked)[0] is BreakerState.CLOSED
            await asked.analyse(MESSAGE)
        assert states(asked)[0] is BreakerState.OPEN
        clock.forward(seconds=59)
        await asked.analyse(MESSAGE)
        assert first.asked == FAILURES_TO_OPEN
        clock.forward(seconds=1)
        assert states(asked)[0] is BreakerState.HALF_OPEN

    async def test_a_success_in_between_starts_the_count_anew(self, clock: Clock) -> None:
        first = Remote(fails=down)
        asked = chain(clock, first, OfflineLanguageModel())
        for _ in range(FAILURES_TO_OPEN - 1):
            await asked.analyse(MESSAGE)
        first.fails = lambda: None
        await asked.analyse(MESSAGE)
        first.fails = down
        await asked.analyse(MESSAGE)
        assert states(asked)[0] is BreakerState.CLOSED

    async def test_half_open_lets_exactly_one_call_through(self, clock: Clock) -> None:
        first = await self._opened(clock)
        first.asked, first.fails, first.holds = 0, lambda: None, asyncio.Event()
        clock.forward(seconds=60)
        calls = [asyncio.ensure_future(self.asked.analyse(MESSAGE)) for _ in range(20)]
        others = [await each for each in asyncio.as_completed(calls[1:])]
        assert (first.asked, len(others)) == (1, 19)
        first.holds.set()
        assert (await calls[0]).intent is Intent.QUESTION
        assert states(self.asked)[0] is BreakerState.CLOSED

    async def test_a_failed_probe_rests_another_minute(self, clock: Clock) -> None:
        first = await self._opened(clock)
        clock.forward(seconds=60)
        await self.asked.analyse(MESSAGE)
        await self.asked.analyse(MESSAGE)
        assert first.asked == FAILURES_TO_OPEN + 1
        assert states(self.asked)[0] is BreakerState.OPEN

    async def test_a_probe_that_was_given_up_leaves_the_place_to_the_next(self, clock: Clock) -> None:
        first = await self._opened(clock)
        first.holds = asyncio.Event()
        clock.forward(seconds=60)
        probe = asyncio.ensure_future(self.asked.analyse(MESSAGE))
        await first.began.wait()
        probe.cancel()
        with pytest.raises(asyncio.CancelledError):
            await probe
        first.holds, first.fails = None, lambda: None
        assert (await self.asked.analyse(MESSAGE)).intent is Intent.QUESTION

    async def _opened(self, clock: Clock) -> Remote:
        first = Remote(fails=down)
        self.asked = chain(clock, first, OfflineLanguageModel())
        for _ in range(FAILURES_TO_OPEN):
            await self.asked.analyse(MESSAGE)
        return first


class TestTime:
    async def test_one_that_never_answers_leaves_time_for_the_next(self, clock: Clock) -> None:
        first, second = Remote(holds=asyncio.Event()), Remote(name="second", holds=asyncio.Event())
        asked = chain(clock, first, second, OfflineLanguageModel(), run_seconds=1.2)
        with charged_to(CAMPAIGN):
            found = await asked.analyse(MESSAGE)
        assert found == await OfflineLanguageModel().analyse(MESSAGE)
        assert (first.asked, second.asked) == (1, 1)
        assert [each.failures_in_a_row for each in asked.health()] == [1, 1, 0]

    async def test_a_run_whose_time_is_used_up_asks_offline_at_once(self, clock: Clock) -> None:
        first = Remote()
        asked = chain(clock, first, OfflineLanguageModel(), run_seconds=0.1)
        with charged_to(CAMPAIGN):
            await asked.analyse(MESSAGE)
        assert first.asked == 0
        assert asked.health()[0].failures_in_a_row == 0

    async def test_the_time_ends_inside_tasks_that_the_run_started(self, clock: Clock) -> None:
        """The graph runs each node in a task of its own."""
        first = Remote()
        asked = chain(clock, first, OfflineLanguageModel(), run_seconds=0.1)
        with charged_to(CAMPAIGN):
            await asyncio.ensure_future(asked.analyse(MESSAGE))
        assert first.asked == 0


class TestSpentBudget:
    def _spent(self, clock: Clock) -> FailoverChain:
        return chain(clock, Remote(fails=lambda: BudgetSpentError("daily_budget")), OfflineLanguageModel())

    async def test_a_person_reads_what_nobody_may_pay_for(self, clock: Clock) -> None:
        asked = self._spent(clock)
        for _ in range(FAILURES_TO_OPEN + 1):
            with pytest.raises(BudgetSpentError, match="daily_budget"):
                await asked.analyse(MESSAGE)
        assert states(asked)[0] is BreakerState.CLOSED


class TestMetrics:
    async def test_each_call_is_counted_by_how_it_ended(self, clock: Clock) -> None:
        def counted(result: str) -> float:
            labels = {"provider": "measured", "verb": "analyse", "result": result}
            return REGISTRY.get_sample_value("chairside_llm_calls_total", labels) or 0.0

        first = Remote(name="measured")
        asked = chain(clock, first, OfflineLanguageModel())
        await asked.analyse(MESSAGE)
        first.fails = down
        await asked.analyse(MESSAGE)
        assert (counted("answered"), counted("failed")) == (1, 1)


class TestSettings:
    async def test_offline_stands_behind_whatever_is_named(self, ctx: Context) -> None:
        for named in (("openai",), ("openai", "offline"), ("offline", "openai"), ("openai", "openai")):
            settings = settings_for(ctx.settings, "http://127.0.0.1:1/v1", llm_providers=named)
            assert build_context(settings, ctx.database).llm.name == "openai,offline"

    async def test_offline_alone_needs_no_chain(self, ctx: Context) -> None:
        assert ctx.llm.name == "offline"
        assert not isinstance(ctx.llm, FailoverChain)

    async def test_an_unknown_name_is_refused_with_the_known_ones(self, ctx: Context) -> None:
        with pytest.raises(ConfigurationError, match="openai"):
            build_context(make_settings(llm_providers=("oracle",)), ctx.database)

    @pytest.mark.parametrize("missing", ["openai_api_key", "openai_model"])
    def test_a_missing_setting_is_named(self, missing: str) -> None:
        given = {"openai_api_key": "k", "openai_model": "m"} | {missing: " "}
        with pytest.raises(ValueError, match=f"needs {missing.upper()}"):
            make_settings(llm_providers=("openai",), **given)

    @pytest.mark.parametrize("url", ["http://models.example/v1", "ftp://127.0.0.1", "models.example"])
    def test_patients_words_do_not_go_in_the_clear(self, url: str) -> None:
        with pytest.raises(ValueError, match="https"):
            make_settings(openai_base_url=url)

    def test_a_budget_without_prices_is_refused(self) -> None:
        with pytest.raises(ValueError, match="OPENAI_INPUT_USD_PER_MILLION"):
            make_settings(llm_daily_budget_usd=5)

    def test_an_empty_limit_is_none_and_zero_is_zero(self) -> None:
        prices = {"openai_input_usd_per_million": 1, "openai_output_usd_per_million": 1}
        settings = make_settings(llm_campaign_daily_tokens="", llm_daily_budget_usd=0, **prices)
        assert (settings.llm_campaign_daily_tokens, settings.llm_daily_budget_usd) == (None, 0)

    def test_the_key_is_shown_nowhere(self) -> None:
        settings = make_settings(llm_providers=("openai",), openai_api_key="sk-very-secret", openai_model="m")
        assert "sk-very-secret" not in f"{settings!r}{settings.model_dump()}"
