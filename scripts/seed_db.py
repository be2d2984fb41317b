"""Write the demo clinic into the database of the settings, as `chairside seed` does: `python scripts/seed_db.py`."""

import asyncio
import sys

from pydantic import ValidationError
from pymongo.errors import PyMongoError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from app.bootstrap import ConfigurationError, open_context
from app.database.mongod_binary import EmbeddedMongoError
from app.demo.seed import DEMO_EMAIL, DEMO_PASSWORD, OnStep, SeedCounts, seed
from app.errors import ChairsideError
from app.logging import configure_logging
from app.settings import Settings

REFUSALS = (ChairsideError, ConfigurationError, EmbeddedMongoError, PyMongoError, ValidationError)


def show_on(progress: Progress) -> OnStep:
    """One bar for each step, made when the step begins."""
    bars: dict[str, TaskID] = {}

    def show(step: str, done: int, total: int) -> None:
        if step not in bars:
            bars[step] = progress.add_task(step, total=total)
        progress.update(bars[step], completed=done)

    return show


async def run() -> SeedCounts:
    """Open the product on its settings and seed it."""
    settings = Settings()
    configure_logging(settings)
    columns = (TextColumn("{task.description:<16}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    async with open_context(settings) as ctx:
        with Progress(*columns, console=Console(stderr=True)) as progress:
            return await seed(ctx, on_step=show_on(progress))


def main() -> int:
    """0 when the demo clinic is there, 1 with one sentence when it cannot be."""
    try:
        counts = asyncio.run(run())
    except REFUSALS as error:
        Console(stderr=True).print(str(error), style="red", markup=False)
        return 1
    Console().print(f"Demo clinic: {counts}.\nDemo login: {DEMO_EMAIL} / {DEMO_PASSWORD} (public: for this demo only).")
    return 0


if __name__ == "__main__":
    sys.exit(main())
