"""A circuit breaker: a provider that fails again and again is left alone for a while (decision 0023).

Our own, because no kept-up library fits: they read the wall clock themselves, let every caller through when half open,
or need tornado for coroutines.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import StrEnum

FAILURES_TO_OPEN = 5
REST = timedelta(seconds=60)


class BreakerState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"
    """The rest is over: the next call, and only that one, tries the provider."""


class Breaker:
    """Closed until `FAILURES_TO_OPEN` failures in a row; then open for `REST`; then one call probes.

    One per provider and process; no lock, since nothing here awaits.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.failures = 0
        """In a row."""
        self.opened_at: datetime | None = None
        self._is_probing = False

    @property
    def state(self) -> BreakerState:
        if self.opened_at is None:
            return BreakerState.CLOSED
        is_rested = self._now() - self.opened_at >= REST
        return BreakerState.HALF_OPEN if is_rested else BreakerState.OPEN

    @property
    def retry_at(self) -> datetime | None:
        """When a call may probe the provider again; None while it is in use."""
        return self.opened_at + REST if self.opened_at else None

    def allows(self) -> bool:
        """Whether a call may go to the provider now."""
        return self.state is BreakerState.CLOSED or (self.state is BreakerState.HALF_OPEN and not self._is_probing)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Around one call that `allows` let through: while half open, nobody else is let through meanwhile."""
        is_probe = self.state is BreakerState.HALF_OPEN
        self._is_probing = self._is_probing or is_probe
        try:
            yield
        finally:
            if is_probe:
                self._is_probing = False

    def succeeded(self) -> None:
        """The provider answered."""
        self.failures, self.opened_at = 0, None

    def failed(self) -> None:
        """The provider failed: the fifth time in a row, and after a failed probe, it rests."""
        self.failures += 1
        if self.failures >= FAILURES_TO_OPEN or self.opened_at is not None:
            self.opened_at = self._now()
