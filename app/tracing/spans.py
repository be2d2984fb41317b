"""One trace for each run of the agent: a tree of spans, one for each node and each call to a provider (stack.md 5).

A span holds names, labels and numbers. What was asked and said stands apart in it, and a tracer passes it on only where
a setting allows that. Whatever a tracer does, the run goes on.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from secrets import token_hex
from typing import Protocol

from app.logging import get_logger

log = get_logger(__name__)

Fact = str | int | float | bool | None


class SpanKind(StrEnum):
    RUN = "run"
    NODE = "node"
    CALL = "call"
    """To a provider."""


@dataclass(slots=True)
class Span:
    """One step of a run, from its begin to its end; `facts` never hold a word of a patient's."""

    name: str
    kind: SpanKind
    parent: "Span | None" = field(default=None, repr=False)
    facts: dict[str, Fact] = field(default_factory=dict)
    asked: str | None = field(default=None, repr=False)
    said: str | None = field(default=None, repr=False)
    error: str | None = None
    """A code of ours, or the type of what was raised; never its message."""
    seconds: float = 0.0
    parts: list["Span"] = field(default_factory=list)
    """The steps inside, in the order in which they began."""
    id: str = field(default_factory=lambda: token_hex(8))

    def note(self, **facts: Fact) -> None:
        """Add facts: labels, numbers, names of ours."""
        self.facts |= facts

    def texts(self, *, asked: str | None = None, said: str | None = None) -> None:
        """What went to a provider and came back: patients' words, that most tracers never see."""
        self.asked, self.said = asked or self.asked, said or self.said


class Tracer(Protocol):
    """Where traces go. It must not wait for a network inside `began` and `ended`."""

    def began(self, span: Span) -> None:
        """A step began; its parent, if it has one, began before."""
        ...

    def ended(self, span: Span) -> None:
        """A step ended; all its parts have ended before."""
        ...

    async def check(self) -> str:
        """For `chairside doctor`: where traces go, and whether they arrive."""
        ...

    async def close(self) -> None:
        """Let go of what is still held back."""
        ...


class NoTracer:
    """Keeps nothing."""

    def began(self, span: Span) -> None:
        """Nothing is kept."""

    def ended(self, span: Span) -> None:
        """Nothing is kept."""

    async def check(self) -> str:
        """As the port says."""
        return "off"

    async def close(self) -> None:
        """Nothing is held back."""


_OPEN: ContextVar[tuple[Tracer, Span] | None] = ContextVar("open_span", default=None)


@contextmanager
def trace(tracer: Tracer, name: str, **facts: Fact) -> Iterator[Span]:
    """A run, and the root of its trace."""
    with _within(tracer, Span(name, SpanKind.RUN, facts=facts)) as root:
        yield root


@contextmanager
def span(name: str, kind: SpanKind, **facts: Fact) -> Iterator[Span]:
    """A step of the run under way; outside a run it is kept nowhere."""
    under_way = _OPEN.get()
    if under_way is None:
        yield Span(name, kind, facts=facts)
        return
    tracer, parent = under_way
    with _within(tracer, Span(name, kind, parent=parent, facts=facts)) as step:
        yield step


def current() -> Span:
    """The step under way; outside a run one that is kept nowhere."""
    under_way = _OPEN.get()
    return under_way[1] if under_way else Span("", SpanKind.CALL)


@contextmanager
def _within(tracer: Tracer, step: Span) -> Iterator[Span]:
    if step.parent:
        step.parent.parts.append(step)
    token, began = _OPEN.set((tracer, step)), time.perf_counter()
    _tell(tracer.began, step)
    try:
        yield step
    except BaseException as error:  # a run that is cut off is an error in its trace too
        step.error = step.error or type(error).__name__
        raise
    finally:
        step.seconds = time.perf_counter() - began
        _OPEN.reset(token)
        _tell(tracer.ended, step)


def _tell(listen: Callable[[Span], None], step: Span) -> None:
    try:
        listen(step)
    except Exception:  # the boundary of tracing: a patient's message matters more than its trace
        log.exception("trace.failed", step=step.name)
