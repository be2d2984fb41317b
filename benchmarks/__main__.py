"""Print the measured ratios: `python -m benchmarks [name ...] [--quick]`. Nothing is asserted; the exit code is 0."""

import argparse
import asyncio
import gc
import inspect
import logging
import tempfile
from pathlib import Path
from time import perf_counter
from types import ModuleType

from rich.console import Console

from app.database.embedded import start_embedded
from benchmarks import (
    agent_turn,
    availability,
    booking,
    campaign_list,
    daily_job,
    dashboard,
    import_patients,
    live_events,
    replicas,
    staff_pages,
    webhook,
)
from benchmarks.clinic import prepare_server
from benchmarks.measure import Report, show, summarise

BENCHMARKS: dict[str, ModuleType] = {
    "daily_job": daily_job,
    "availability": availability,
    "booking": booking,
    "webhook": webhook,
    "agent_turn": agent_turn,
    "import_patients": import_patients,
    "campaign_list": campaign_list,
    "dashboard": dashboard,
    "live_events": live_events,
    "staff_pages": staff_pages,
    "replicas": replicas,
}


async def run(console: Console, mongodb_uri: str, names: list[str], *, quick: bool) -> None:
    """Measure and print the named benchmarks one after the other, then the summary."""
    console.print(f"{await prepare_server(mongodb_uri)}{'; --quick sizes' if quick else ''}\n")
    reports: list[Report] = []
    for name in names:
        started = perf_counter()
        reports.append(await BENCHMARKS[name].measure(mongodb_uri, quick=quick))
        title = f"{name} ({perf_counter() - started:.0f} s)"
        show(console, title, inspect.getdoc(BENCHMARKS[name]) or "", reports[-1])
    summarise(console, reports)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Ratios against floors of the same run.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"any of: {', '.join(BENCHMARKS)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="smaller sizes and fewer repetitions")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(BENCHMARKS):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    logging.basicConfig(level=logging.ERROR)
    with tempfile.TemporaryDirectory() as data_dir, start_embedded(Path(data_dir)) as mongod:
        gc.freeze()  # what is imported by now is never garbage: the collection before each sample need not look at it
        asyncio.run(run(Console(), mongod.uri, arguments.names or list(BENCHMARKS), quick=arguments.quick))


if __name__ == "__main__":
    main()
