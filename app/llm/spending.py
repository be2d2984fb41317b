"""Who pays for a call to a language provider, and until when: reserved before the call, corrected after it.

A reservation is an upper estimate that one atomic write adds to the day's and the campaign's sums, so that no number of
parallel calls passes a budget (trust.md section 3, LLM10).
"""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date, datetime

from beanie import PydanticObjectId

from app.llm.base import LanguageModelError
from app.models.clinic import Clinic
from app.models.spending import Amounts, ModelSpending

MICRO = 1_000_000


class BudgetSpentError(LanguageModelError):
    """The clinic's budget for today leaves no room for another call: a person takes over instead."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the agent: whom its calls are charged to, and when it began (the event loop's clock, seconds)."""

    campaign_id: PydanticObjectId
    began_at: float


_RUN: ContextVar[Run | None] = ContextVar("language_model_run", default=None)


@contextmanager
def charged_to(campaign_id: PydanticObjectId) -> Iterator[None]:
    """Charge every call made inside to this campaign, and let them share one run's time."""
    token = _RUN.set(Run(campaign_id, asyncio.get_running_loop().time()))
    try:
        yield
    finally:
        _RUN.reset(token)


def current_run() -> Run | None:
    """The run that pays for a call made now; None outside any."""
    return _RUN.get()


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars per million tokens, which is millionths of a dollar per token."""

    input_usd: float = 0.0
    output_usd: float = 0.0

    def micro_usd(self, input_tokens: int, output_tokens: int) -> int:
        """Rounded up: a budget is never passed by a fraction."""
        return math.ceil(input_tokens * self.input_usd + output_tokens * self.output_usd)


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that may be spent in a clinic-local day; None sets no limit."""

    daily_usd: float | None = None
    campaign_daily_tokens: int | None = None

    def limits(self, campaign_id: PydanticObjectId | None) -> Amounts:
        """The limits of a day's sum, or of one campaign's part of it."""
        if campaign_id is None:
            return {} if self.daily_usd is None else {"micro_usd": math.floor(self.daily_usd * MICRO)}
        return {} if self.campaign_daily_tokens is None else {"tokens": self.campaign_daily_tokens}


@dataclass(slots=True)
class Charge:
    """One call under way: what was reserved for it, and what it turned out to cost."""

    day: date
    payers: tuple[PydanticObjectId | None, ...]
    reserved: Amounts
    price: Price
    corrections: Amounts = field(default_factory=dict)

    def used(self, input_tokens: int, output_tokens: int) -> None:
        """The call was answered and cost this."""
        self.corrections = {
            "calls": 1,
            "input_tokens": input_tokens,
            "output_tokens": output_tokens,
            "tokens": input_tokens + output_tokens - self.reserved["tokens"],
            "micro_usd": self.price.micro_usd(input_tokens, output_tokens) - self.reserved["micro_usd"],
        }

    def was_free(self) -> None:
        """The call was turned away before anything was read. Without a word, the whole reservation stands."""
        self.corrections = {name: -amount for name, amount in self.reserved.items()}


@dataclass(frozen=True, slots=True)
class Ledger:
    """The budget of one provider. `now` is the clock that says which day it is at the clinic."""

    now: Callable[[], datetime]
    price: Price = Price()
    budget: Budget = Budget()

    @asynccontextmanager
    async def charge(self, *, input_tokens: int, output_tokens: int) -> AsyncIterator[Charge]:
        """Reserve what a call may cost at most, and correct it at the end. Raises BudgetSpentError."""
        run = current_run()
        charge = Charge(
            day=self.now().astimezone((await Clinic.load()).zone).date(),
            payers=(None, run.campaign_id) if run else (None,),
            reserved={
                "tokens": input_tokens + output_tokens,
                "micro_usd": self.price.micro_usd(input_tokens, output_tokens),
            },
            price=self.price,
        )
        await self._reserve(charge)
        try:
            yield charge
        finally:
            if charge.corrections:
                await _correct(charge, charge.payers)

    async def _reserve(self, charge: Charge) -> None:
        for place, payer in enumerate(charge.payers):
            limits = self.budget.limits(payer)
            if not await ModelSpending.add_within(charge.day, payer, charge.reserved, limits):
                charge.was_free()
                await _correct(charge, charge.payers[:place])
                raise BudgetSpentError("campaign_tokens" if payer else "daily_budget")


async def _correct(charge: Charge, payers: tuple[PydanticObjectId | None, ...]) -> None:
    for payer in payers:
        await ModelSpending.add(charge.day, payer, charge.corrections)
