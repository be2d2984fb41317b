"""Clients of several replicas at once, as a balancer spreads them: each call is repeated until it is acknowledged.

Every try is kept with its time and outcome, so that errors and outages can be counted afterwards.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from time import monotonic
from typing import Any

import httpx2

PATIENCE_SECONDS = 75.0
"""Longer than any answer of ours may take."""
PAUSE_SECONDS = 0.2
NOT_YET = frozenset({"REQUEST_IN_PROGRESS", "RATE_LIMITED", "JOB_RUNNING"})
"""Refusals that say: ask again."""


@dataclass(frozen=True, slots=True)
class Try:
    """One request. `outcome` is its status, 0 where nobody answered; times are `time.monotonic()`."""

    kind: str
    began: float
    ended: float
    outcome: int
    is_acknowledged: bool

    @property
    def seconds(self) -> float:
        return self.ended - self.began


@dataclass
class Callers:
    """Clients of these base URLs. `staff` is the header of a signed-in admin."""

    base_urls: list[str]
    staff: dict[str, str]
    tries: list[Try] = field(default_factory=list)
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    _next: int = 0

    def __post_init__(self) -> None:
        self._http = [httpx2.AsyncClient(base_url=url, timeout=PATIENCE_SECONDS) for url in self.base_urls]

    async def close(self) -> None:
        for http in self._http:
            await http.aclose()

    async def until_acknowledged(self, kind: str, method: str, path: str, **request: Any) -> httpx2.Response:
        """The first answer that settles the call, a refusal included; each try goes to the next replica."""
        while True:
            answer = await self.once(kind, method, path, **request)
            if answer is not None:
                return answer
            await asyncio.sleep(PAUSE_SECONDS)

    async def once(self, kind: str, method: str, path: str, **request: Any) -> httpx2.Response | None:
        """One try; None when it settled nothing."""
        self._next += 1
        http, began = self._http[self._next % len(self._http)], monotonic()
        try:
            answer = await http.request(method, path, **request)
        except httpx2.TransportError:
            self._keep(kind, began, 0, is_acknowledged=False)
            return None
        is_settled = answer.status_code < 500 and _code_of(answer) not in NOT_YET
        self._keep(kind, began, answer.status_code, is_acknowledged=is_settled)
        return answer if is_settled else None

    def _keep(self, kind: str, began: float, outcome: int, *, is_acknowledged: bool) -> None:
        self.tries.append(Try(kind, began, monotonic(), outcome, is_acknowledged))
        self.answers[(kind, outcome)] += 1

    @property
    def errors(self) -> list[Try]:
        """Tries that a client saw fail: no answer, or a server error."""
        return [each for each in self.tries if each.outcome == 0 or each.outcome >= 500]

    def outage_after(self, moment: float, *, until: float) -> float:
        """The longest time in seconds, between these two, in which no write was acknowledged."""
        ended = sorted(each.ended for each in self.tries if each.is_acknowledged and moment <= each.ended <= until)
        return max((after - before for before, after in pairwise([moment, *ended])), default=until - moment)


def _code_of(answer: httpx2.Response) -> str:
    is_refusal = answer.status_code >= 400 and answer.headers.get("content-type", "").startswith("application/json")
    return str(answer.json().get("error_code", "")) if is_refusal else ""
