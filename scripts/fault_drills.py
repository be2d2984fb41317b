"""Takes the database from three replicas under load, longer and more often than the tests do (trust.md faults 9, 29).

`python -m scripts.fault_drills primary-kills --kills 20` kills the primary again and again;
`python -m scripts.fault_drills database-away --seconds 60` kills all members and then lets them stand still. Both
print their figures and end with exit code 1 when anything was lost, doubled or violated.
"""

import asyncio
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from tests.faults.database_away import take_away
from tests.faults.primary_kills import kill_primaries

app = typer.Typer(add_completion=False, help=__doc__)


@app.command()
def primary_kills(kills: Annotated[int, typer.Option(min=1, max=500, help="How often")] = 20) -> None:
    """kill -9 of the primary under a mixed load."""
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(kill_primaries(Path(folder), kills=kills))
    _report(found.lines(), is_sound=not found.violations)


@app.command()
def database_away(seconds: Annotated[float, typer.Option(min=1, max=3600, help="How long")] = 60.0) -> None:
    """No member answers: killed first, then standing still."""
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(take_away(Path(folder), seconds=seconds, ways=(False, True)))
    _report(found.lines(), is_sound=not found.violations and not found.acknowledged_and_lost)


def _report(lines: list[str], *, is_sound: bool) -> None:
    for line in lines:
        typer.echo(line)
    raise typer.Exit(0 if is_sound else 1)


if __name__ == "__main__":
    app()
