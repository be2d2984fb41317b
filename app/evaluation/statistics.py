"""Shares with their intervals, quantiles, and whether two runs over the same lines differ. Pure."""

import math
from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ConfigDict

Z_95 = 1.959963984540054


class Share(BaseModel):
    """So many of so many."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hits: int
    total: int

    @classmethod
    def of(cls, answers: Iterable[bool]) -> "Share":
        """How many of the answers are yes."""
        counted = list(answers)
        return cls(hits=sum(counted), total=len(counted))

    @property
    def value(self) -> float:
        """0 to 1; nothing of nothing is 0."""
        return self.hits / self.total if self.total else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.hits, self.total)


def wilson(hits: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson, 1927); 0 to 1 when nothing was counted."""
    if not total:
        return 0.0, 1.0
    share, spread = hits / total, Z_95**2 / total
    middle = (share + spread / 2) / (1 + spread)
    half = Z_95 * math.sqrt(share * (1 - share) / total + spread / (4 * total)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def mcnemar(gained: int, lost: int) -> float:
    """How likely it is that a change without any effect wins and loses so unevenly (exact, two-sided)."""
    changed = gained + lost
    tail: float = sum(math.comb(changed, count) for count in range(min(gained, lost) + 1)) / 2**changed
    return min(1.0, 2 * tail)


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of them does not pass (nearest rank); 0 of nothing."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0
