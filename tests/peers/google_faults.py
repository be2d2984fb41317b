"""Switches of a peer: what goes wrong with the next requests, chosen by operation, count or probability."""

import random
import threading
import time
from dataclasses import dataclass
from typing import Any, Literal

from tests.peers.google_errors import GoogleError

Kind = Literal["drop_before", "drop_after", "status", "latency"]


class DroppedConnectionError(Exception):
    """The connection is to be cut without an answer."""


@dataclass
class Fault:
    """One rule. `operation` is a name such as `drafts.send`, or `*`; `times` counts down, None = for ever.

    `drop_before` cuts the connection before the request has any effect, `drop_after` once it had its effect.
    """

    kind: Kind
    operation: str = "*"
    times: int | None = None
    probability: float = 1.0
    status: int = 503
    reason: str = ""
    message: str = ""
    retry_after: int | None = None
    seconds: float = 0.0

    def hits(self, operation: str, chance: random.Random) -> bool:
        """True when it strikes this request; a counted one is used up by it."""
        if self.operation not in ("*", operation) or self.times == 0:
            return False
        if self.probability < 1.0 and chance.random() >= self.probability:
            return False
        if self.times is not None:
            self.times -= 1
        return True


class Faults:
    """The rules in force, shared by all threads of the peer."""

    def __init__(self, seed: int = 1) -> None:
        self._rules: list[Fault] = []
        self._chance = random.Random(seed)
        self._lock = threading.Lock()

    def replace(self, rules: list[dict[str, Any]]) -> None:
        with self._lock:
            self._rules = [Fault(**rule) for rule in rules]

    def _striking(self, operation: str, kinds: tuple[Kind, ...]) -> list[Fault]:
        with self._lock:
            return [r for r in self._rules if r.kind in kinds and r.hits(operation, self._chance)]

    def before(self, operation: str) -> None:
        """Raises DroppedConnectionError or GoogleError instead of letting the request through; may sleep first."""
        for fault in self._striking(operation, ("latency", "drop_before", "status")):
            if fault.kind == "latency":
                time.sleep(fault.seconds)
            elif fault.kind == "drop_before":
                raise DroppedConnectionError(operation)
            else:
                raise GoogleError(fault.status, fault.reason, fault.message, fault.retry_after)

    def after(self, operation: str) -> None:
        """Raises DroppedConnectionError when the answer to an effect is to be lost."""
        if self._striking(operation, ("drop_after",)):
            raise DroppedConnectionError(operation)
