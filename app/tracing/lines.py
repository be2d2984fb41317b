"""Traces as log lines: one for each run, with every step, its time and how it went; never what was said."""

from collections.abc import Iterator

from app.logging import get_logger
from app.tracing.spans import Span

log = get_logger(__name__)


class LineTracer:
    """Writes a run down when it has ended."""

    def began(self, span: Span) -> None:
        """A line is written at the end."""

    def ended(self, span: Span) -> None:
        """One line for a run; its steps stand in it."""
        if span.parent:
            return
        write = log.warning if span.error else log.info
        write(
            "agent.traced",
            trace=span.id,
            path=span.name,
            milliseconds=_milliseconds(span),
            error=span.error,
            steps=[_described(step, depth) for step, depth in _below(span)],
            **span.facts,
        )

    async def check(self) -> str:
        """As the port says."""
        return "in the log, one line for each run"

    async def close(self) -> None:
        """Nothing is held back."""


def _below(span: Span, depth: int = 0) -> Iterator[tuple[Span, int]]:
    for part in span.parts:
        yield part, depth
        yield from _below(part, depth + 1)


def _described(step: Span, depth: int) -> str:
    """`> openai.analyse 812 ms, result=answered`: one sign for each step that it stands in."""
    facts = [f"{key}={value}" for key, value in step.facts.items() if value is not None]
    facts += [f"error={step.error}"] if step.error else []
    return ", ".join([f"{'> ' * depth}{step.name} {_milliseconds(step)} ms", *facts])


def _milliseconds(span: Span) -> float:
    return round(span.seconds * 1_000, 1)
