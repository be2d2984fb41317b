"""Paired measurements: the product and its floor in turns, the ratio pair by pair, the median and spread of the ratios.

Times differ between machines and between minutes; a ratio taken within one pair does so much less (speed.md).
"""

import gc
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from statistics import median, quantiles
from time import perf_counter

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table

Work = Callable[[], Awaitable[object]]


async def timed(work: Work) -> float:
    """How long the work takes, in milliseconds."""
    gc.collect()  # the pair's other half must not leave its garbage to this one
    started = perf_counter()
    await work()
    return (perf_counter() - started) * 1_000


@dataclass(slots=True)
class Pairs:
    """Samples of the product and of its floor, taken in turns; entry by entry they belong together."""

    product: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)

    async def take(self, product: Work, floor: Work, *, reset: Work | None = None) -> None:
        """Add one pair, in milliseconds; who goes first alternates, and `reset` runs untimed before each half."""
        turns = [(self.product, product), (self.floor, floor)]
        for samples, work in turns if len(self.product) % 2 else reversed(turns):
            if reset:
                await reset()
            samples.append(await timed(work))

    def add(self, *, product: float, floor: float) -> None:
        self.product.append(product)
        self.floor.append(floor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One measured ratio; `goal` is the most that it may be, None where it is told for information."""

    name: str
    pairs: Pairs
    unit: str = "ms"
    goal: float | None = None

    @property
    def ratios(self) -> list[float]:
        return [mine / theirs for mine, theirs in zip(self.pairs.product, self.pairs.floor, strict=True)]

    @property
    def ratio(self) -> float:
        return median(self.ratios)

    @property
    def verdict(self) -> str:
        if self.goal is None:
            return "for information"
        return "goal met" if self.ratio <= self.goal else "GOAL NOT MET"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one benchmark found: its ratios, and what else the reader should see (tables, sentences)."""

    findings: list[Finding]
    remarks: list[RenderableType] = field(default_factory=list)


def percentile(samples: list[float], share: int) -> float:
    """The value that `share` percent of the samples do not exceed, interpolated."""
    return quantiles(samples, n=100, method="inclusive")[share - 1]


def spread(samples: list[float]) -> str:
    """`1.32 (1.28 - 1.40)`: the median, and the quartiles around it."""
    low, _, high = quantiles(samples, n=4, method="inclusive")
    return f"{median(samples):.2f} ({low:.2f} - {high:.2f})"


def show(console: Console, title: str, claim: str, report: Report) -> None:
    """Print a benchmark: what it claims (a docstring), its ratios, its remarks."""
    table = Table("median (quartiles)", box=box.SIMPLE, pad_edge=False)
    for column in ("pairs", "product", "floor", "ratio", "goal"):
        table.add_column(column, justify="right", no_wrap=True)
    for each in report.findings:
        table.add_row(
            each.name,
            str(len(each.ratios)),
            f"{median(each.pairs.product):,.1f} {each.unit}",
            f"{median(each.pairs.floor):,.1f} {each.unit}",
            f"[bold]{spread(each.ratios)}[/bold]",
            f"<= {each.goal}" if each.goal else "-",
        )
    console.rule(f"[bold]{title}", align="left")
    paragraphs = [" ".join(paragraph.split("\n")) for paragraph in claim.split("\n\n")]
    console.print(*paragraphs, table, *report.remarks, sep="\n")


def summarise(console: Console, reports: list[Report]) -> None:
    """One line for each ratio: whether its goal is met."""
    console.rule("[bold]Summary", align="left")
    for each in (finding for report in reports for finding in report.findings):
        goal = f" (goal <= {each.goal})" if each.goal else ""
        console.print(f"{each.verdict:<16} {each.ratio:5.2f}x{goal}  {each.name}")
