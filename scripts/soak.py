"""Three replicas on a three-member set under a mixed load, for half an hour or as long as you say; it ends by itself.

`python -m scripts.soak --minutes 30` prints the memory of each app process after the warm-up and at the end, what
waited, and what was lost or doubled. It fails (exit code 1) when memory grew by a tenth, a queue grew, or anything
was violated.
"""

import asyncio
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from tests.faults.soak import Soak, soak

MOST_GROWTH = 0.10
MOST_MORE_WAITING = 15


def main(minutes: Annotated[float, typer.Option(min=1, max=240, help="How long the load lasts")] = 30.0) -> None:
    """Run the soak and say what came of it."""
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(soak(Path(folder), seconds=60 * minutes))
    for line in found.lines():
        typer.echo(line)
    raise typer.Exit(0 if _is_sound(found) else 1)


def _is_sound(found: Soak) -> bool:
    before, after = found.waiting
    return found.growth < MOST_GROWTH and after <= before + MOST_MORE_WAITING and not found.violations


if __name__ == "__main__":
    typer.run(main)
