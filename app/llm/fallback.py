"""Several providers as one: each in turn, a failing one left alone, and the whole within one run's time.

The last one is `offline`, which needs no network and no money. When none answers, LanguageModelError: a person takes
over.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar, runtime_checkable

from app.llm import metrics
from app.llm.base import (
    PLAIN_VOICE,
    Analysis,
    Draft,
    FollowUpBrief,
    KnowledgeAnswer,
    LanguageModel,
    LanguageModelError,
    Passage,
    PatientText,
    Summary,
    Turn,
    UnwillingError,
    Voice,
)
from app.llm.breaker import Breaker, BreakerState
from app.llm.spending import BudgetSpentError, current_run
from app.logging import get_logger
from app.tracing.spans import SpanKind, span

log = get_logger(__name__)
T = TypeVar("T")

LEAST_SECONDS = 0.5
"""With less of a run left, a remote provider is not asked any more; that is not its failure."""


@runtime_checkable
class Closable(Protocol):
    """A provider that holds connections: it speaks to a network, so it may keep us waiting."""

    async def close(self) -> None:
        """Let go of them."""
        ...


@dataclass(frozen=True, slots=True)
class ProviderHealth:
    """How one provider fares in this process."""

    provider: str
    state: BreakerState
    failures_in_a_row: int
    retry_at: datetime | None


@dataclass(frozen=True, slots=True)
class Link:
    """One provider of the chain and its breaker."""

    model: LanguageModel
    breaker: Breaker

    @property
    def is_remote(self) -> bool:
        return isinstance(self.model, Closable)


class FailoverChain:
    """Asks the first provider that is well; on any failure the next one. Raises LanguageModelError and nothing else.

    `run_seconds` is what the remote calls of one run of the agent may take together, shared among those left to ask.
    """

    def __init__(self, models: Sequence[LanguageModel], *, now: Callable[[], datetime], run_seconds: float) -> None:
        self.name = ",".join(model.name for model in models)
        self._links = tuple(Link(model, Breaker(now)) for model in models)
        self._run_seconds = run_seconds
        for model in models:
            metrics.begin(model.name)

    async def close(self) -> None:
        """Let go of every provider's connections."""
        for link in self._links:
            if isinstance(link.model, Closable):
                await link.model.close()

    def health(self) -> list[ProviderHealth]:
        """How each provider fares, in the order in which they are asked."""
        return [
            ProviderHealth(link.model.name, link.breaker.state, link.breaker.failures, link.breaker.retry_at)
            for link in self._links
        ]

    async def try_each(self, message: PatientText) -> list[tuple[str, str]]:
        """`(provider, "answers" or why not)` for each one, asked by itself; breakers do not learn of it."""
        return [(link.model.name, await _tried(link.model, message)) for link in self._links]

    async def analyse(self, message: PatientText) -> Analysis:
        """Label one message; a spent budget raises BudgetSpentError, so that a person reads it."""
        return await self._ask("analyse", lambda model: model.analyse(message), hands_over=True)

    async def write_follow_up(self, brief: FollowUpBrief) -> Draft:
        """Write one message; a spent budget leaves it to a provider that costs nothing."""
        return await self._ask("write_follow_up", lambda model: model.write_follow_up(brief))

    async def answer(
        self, question: str, passages: Sequence[Passage], *, voice: Voice = PLAIN_VOICE
    ) -> KnowledgeAnswer | None:
        """Answer from the passages; a spent budget raises BudgetSpentError."""
        return await self._ask("answer", lambda model: model.answer(question, passages, voice=voice), hands_over=True)

    async def summarise(self, turns: Sequence[Turn], *, voice: Voice = PLAIN_VOICE) -> Summary:
        """Sum up for staff; a spent budget leaves it to a provider that costs nothing."""
        return await self._ask("summarise", lambda model: model.summarise(turns, voice=voice))

    async def _ask(self, verb: str, call: Callable[[LanguageModel], Awaitable[T]], *, hands_over: bool = False) -> T:
        spent: BudgetSpentError | None = None
        for place, link in enumerate(self._links):
            seconds = self._share(place) if link.is_remote else None
            is_late = seconds is not None and seconds < LEAST_SECONDS
            if is_late or not link.breaker.allows() or (spent and hands_over and not link.is_remote):
                continue
            try:
                return await _ask_one(link, verb, call, seconds=seconds)
            except BudgetSpentError as error:
                spent = error
            except LanguageModelError as error:
                log.warning("llm.provider_failed", provider=link.model.name, verb=verb, reason=str(error))
        raise spent or LanguageModelError("no_provider_answered")

    def _share(self, place: int) -> float | None:
        """Seconds for this provider: what is left of the run, parted among the remote ones not asked yet."""
        run = current_run()
        if run is None:
            return None
        left = run.began_at + self._run_seconds - asyncio.get_running_loop().time()
        still_to_ask = sum(link.is_remote and link.breaker.allows() for link in self._links[place + 1 :])
        return max(left, 0.0) / (still_to_ask + 1)


async def _ask_one(link: Link, verb: str, call: Callable[[LanguageModel], Awaitable[T]], *, seconds: float | None) -> T:
    """One provider's turn; its breaker learns how it went. Raises LanguageModelError."""
    with link.breaker.watching(), _measured(link, verb) as measured:
        try:
            async with asyncio.timeout(seconds):
                answer = await call(link.model)
        except BudgetSpentError:
            measured.result = "budget_spent"
            raise
        except UnwillingError:
            measured.result = "refused"
            link.breaker.succeeded()
            raise
        except TimeoutError:
            link.breaker.failed()
            raise LanguageModelError("no_answer_in_time") from None
        except LanguageModelError:
            link.breaker.failed()
            raise
        measured.result = "answered"
        link.breaker.succeeded()
        return answer


async def _tried(model: LanguageModel, message: PatientText) -> str:
    try:
        await model.analyse(message)
    except LanguageModelError as error:
        return f"does not answer: {error}"
    return "answers"


@dataclass(slots=True)
class _Measured:
    result: str = "failed"


@contextmanager
def _measured(link: Link, verb: str) -> Iterator[_Measured]:
    """Count one call and its seconds for `/metrics`, and trace it, however it ends."""
    measured, began = _Measured(), asyncio.get_running_loop().time()
    with span(f"{link.model.name}.{verb}", SpanKind.CALL) as step:
        try:
            yield measured
        except LanguageModelError as error:
            step.error = str(error)
            raise
        finally:
            step.note(result=measured.result)
            metrics.CALLS.labels(link.model.name, verb, measured.result).inc()
            metrics.SECONDS.labels(link.model.name, verb).observe(asyncio.get_running_loop().time() - began)
            metrics.BREAKER.labels(link.model.name).set(link.breaker.opened_at is not None)
