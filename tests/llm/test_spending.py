"""What calls cost: charged to a day and a campaign, never past a budget however many go at once (trust.md, LLM10)."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from app.context import Context
from app.llm.spending import Budget, BudgetSpentError, Ledger, Price, charged_to
from app.models.base import derived_id, stored_date
from app.models.spending import ModelSpending
from tests.conftest import Clock
from tests.factories import make_clinic

CAMPAIGN, OTHER = derived_id("one"), derived_id("other")
PRICE = Price(input_usd=2.0, output_usd=10.0)
MOST = {"input_tokens": 100, "output_tokens": 100}
MOST_MICRO_USD = 1_200
DAY = "2026-11-23"


@pytest.fixture(autouse=True)
async def _database(ctx: Context) -> None:
    """The documents are bound."""


async def row(key: str) -> dict[str, Any]:
    found = await ModelSpending.get_pymongo_collection().find_one({"_id": key})
    return {name: value for name, value in (found or {}).items() if value and name not in ("_id", "day", "campaign_id")}


async def one_call(ledger: Ledger, *, cost: tuple[int, int] = (60, 10)) -> bool:
    """One call that is answered; False when the budget left no room for it."""
    try:
        async with ledger.charge(**MOST) as charge:
            await asyncio.sleep(0)
            charge.used(*cost)
    except BudgetSpentError:
        return False
    return True


async def _some(calls: Sequence[asyncio.Future[bool]], number: int) -> list[bool]:
    """What the first ones of these calls that ended returned; the others still run."""
    ended: set[asyncio.Future[bool]] = set()
    while len(ended) < number:
        done, _ = await asyncio.wait(set(calls) - ended, return_when=asyncio.FIRST_COMPLETED)
        ended |= done
    return [each.result() for each in ended]


class TestSums:
    async def test_a_call_is_charged_to_its_day_and_its_campaign(self, clock: Clock) -> None:
        ledger = Ledger(clock, PRICE)
        with charged_to(CAMPAIGN):
            await one_call(ledger)
        await one_call(ledger)
        one = {"calls": 1, "input_tokens": 60, "output_tokens": 10, "tokens": 70, "micro_usd": 220}
        assert await row(f"campaign:{CAMPAIGN}:{DAY}") == one
        assert await row(f"day:{DAY}") == {name: 2 * number for name, number in one.items()}

    async def test_the_day_is_the_clinics_own(self, clock: Clock) -> None:
        await make_clinic(time_zone="Pacific/Auckland")
        await one_call(Ledger(clock, PRICE))
        assert await row("day:2026-11-24")
        found = await ModelSpending.get_pymongo_collection().find_one({"_id": "day:2026-11-24"})
        assert found
        assert found["day"] == stored_date(found["day"].date())

    async def test_while_it_runs_the_most_is_reserved(self, clock: Clock) -> None:
        async with Ledger(clock, PRICE).charge(**MOST):
            assert await row(f"day:{DAY}") == {"tokens": 200, "micro_usd": MOST_MICRO_USD}

    async def test_what_was_turned_away_costs_nothing(self, clock: Clock) -> None:
        async with Ledger(clock, PRICE).charge(**MOST) as charge:
            charge.was_free()
        assert await row(f"day:{DAY}") == {}

    async def test_when_nobody_knows_the_most_stands(self, clock: Clock) -> None:
        with pytest.raises(RuntimeError):
            async with Ledger(clock, PRICE).charge(**MOST):
                raise RuntimeError
        assert await row(f"day:{DAY}") == {"tokens": 200, "micro_usd": MOST_MICRO_USD}


class TestBudgets:
    async def test_fifty_calls_at_once_do_not_pass_the_daily_budget(self, clock: Clock) -> None:
        budget = Budget(daily_usd=MOST_MICRO_USD * 7 / 1e6)
        ledger = Ledger(clock, PRICE, budget)
        let_through = asyncio.Event()

        async def call() -> bool:
            try:
                async with ledger.charge(**MOST) as charge:
                    await let_through.wait()
                    charge.used(100, 100)
            except BudgetSpentError:
                return False
            return True

        calls = [asyncio.ensure_future(call()) for _ in range(50)]
        assert not any(await _some(calls, 43))
        let_through.set()
        assert sum(await asyncio.gather(*calls)) == 7
        assert (await row(f"day:{DAY}"))["micro_usd"] == MOST_MICRO_USD * 7

    async def test_what_was_reserved_and_not_used_is_there_for_the_next(self, clock: Clock) -> None:
        ledger = Ledger(clock, PRICE, Budget(daily_usd=MOST_MICRO_USD / 1e6))
        assert [await one_call(ledger) for _ in range(6)] == [True, False, False, False, False, False]
        small = Ledger(clock, PRICE, Budget(daily_usd=(MOST_MICRO_USD + 220 * 2) / 1e6))
        assert [await one_call(small) for _ in range(3)] == [True, True, False]

    async def test_one_campaign_uses_up_only_its_own(self, clock: Clock) -> None:
        ledger = Ledger(clock, PRICE, Budget(campaign_daily_tokens=250))
        with charged_to(CAMPAIGN):
            assert [await one_call(ledger) for _ in range(3)] == [True, False, False]
        with charged_to(OTHER):
            assert await one_call(ledger)
        assert (await row(f"day:{DAY}"))["calls"] == 2
        assert (await row(f"day:{DAY}"))["tokens"] == 140

    async def test_a_refused_call_leaves_nothing_reserved(self, clock: Clock) -> None:
        ledger = Ledger(clock, PRICE, Budget(campaign_daily_tokens=100))
        with charged_to(CAMPAIGN):
            assert not await one_call(ledger)
        assert (await row(f"day:{DAY}"), await row(f"campaign:{CAMPAIGN}:{DAY}")) == ({}, {})

    async def test_a_new_day_has_a_budget_of_its_own(self, clock: Clock) -> None:
        ledger = Ledger(clock, PRICE, Budget(daily_usd=MOST_MICRO_USD / 1e6))
        assert [await one_call(ledger), await one_call(ledger)] == [True, False]
        clock.forward(days=1)
        assert await one_call(ledger)

    async def test_a_budget_of_nothing_lets_nothing_through(self, clock: Clock) -> None:
        assert not await one_call(Ledger(clock, PRICE, Budget(daily_usd=0)))
