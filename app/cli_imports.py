"""`chairside import-patients`: upload, dry run, import and progress, on this machine and without the server."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer
from beanie import PydanticObjectId
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from app.context import Context
from app.domain.import_columns import IGNORED, ImportField
from app.errors import ChairsideError
from app.jobs import imports
from app.models.enums import DateFormat, ImportState, PatientType, RowOutcome
from app.models.imports import OVER, WORKABLE, PatientImport
from app.services import audit
from app.services.imports import lifecycle, uploads
from app.services.imports.uploads import Choices

Run = Callable[[Callable[[Context], Awaitable[Any]]], Any]

CHUNK_BYTES = 256 * 1024
SECONDS_BETWEEN_LOOKS = 0.2
REFUSALS_SHOWN = 20
console = Console()


class ImportStoppedError(ChairsideError):
    """The import ended before it was done: cancelled meanwhile, or failed."""


def register(app: typer.Typer, run: Run) -> None:
    """Add the command; `run` opens the Context for it and turns a refusal into one sentence and exit code 1."""

    @app.command(name="import-patients")
    def import_patients(
        file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="A CSV file")],
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done; write no patient")] = False,
        column: Annotated[
            list[str] | None, typer.Option(help='"Heading=field", or "Heading=-" to leave it out')
        ] = None,
        date_format: Annotated[DateFormat, typer.Option(help="Of dates besides YYYY-MM-DD")] = DateFormat.ISO,
        patient_type: Annotated[PatientType | None, typer.Option(help="Of patients whose row does not say it")] = None,
        as_json: Annotated[bool, typer.Option("--json")] = False,
    ) -> None:
        """Bring patients in from a CSV file; the same file again changes nothing. Exit code 1 when rows are refused."""
        columns = _columns(column or [])
        choices = Choices(columns=columns, date_format=date_format, patient_type=patient_type)
        report = run(lambda ctx: _bring_in(ctx, file, choices, dry_run=dry_run, quiet=as_json))
        _show(report, as_json=as_json)
        raise typer.Exit(1 if report["counts"]["refuse"] else 0)


def _columns(texts: list[str]) -> dict[str, ImportField | None]:
    chosen: dict[str, ImportField | None] = {}
    for text in texts:
        header, _, name = text.rpartition("=")
        if not header or (name != IGNORED and name not in list(ImportField)):
            fields = ", ".join(ImportField)
            raise typer.BadParameter(f'write "Heading=field"; the fields are: {fields}', param_hint="--column")
        chosen[header.strip()] = None if name == IGNORED else ImportField(name)
    return chosen


async def _bring_in(ctx: Context, file: Path, choices: Choices, *, dry_run: bool, quiet: bool) -> dict[str, Any]:
    """Upload, check, and import unless it is a dry run; what was only looked at is cancelled again."""
    try:
        held = await uploads.upload(ctx, _chunks(file), choices, actor=audit.SYSTEM)
    except ChairsideError as error:
        raise type(error)(_with_problems(error)) from error
    columns = (TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=quiet) as progress:
        held = await _follow(ctx, held.id, progress, "checking")
        if not dry_run:
            await lifecycle.start(ctx, held.id, actor=audit.SYSTEM)
            held = await _follow(ctx, held.id, progress, "importing")
    report = await _report(held, dry_run=dry_run)
    if dry_run:
        await lifecycle.cancel(ctx, held.id, actor=audit.SYSTEM)
    return report


async def _chunks(file: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(file.open, "rb") as opened:
        while chunk := await asyncio.to_thread(opened.read, CHUNK_BYTES):
            yield chunk


def _with_problems(error: ChairsideError) -> str:
    """What the API answers as `errors`, behind the sentence."""
    problems = [f"{problem['field']}: {problem['message']}" for problem in error.extra.get("errors", ())]
    return "\n".join([error.detail.removesuffix(" See `errors`, `found` and `expected`."), *problems])


async def _follow(ctx: Context, import_id: PydanticObjectId, progress: Progress, step: str) -> PatientImport:
    """Do the work, or wait for the server that took it first, until the step is over. Raises ImportStoppedError."""
    bar = progress.add_task(step, total=None)
    watching = asyncio.create_task(_watch(import_id, progress, bar))
    try:
        while (held := await lifecycle.get(import_id)).state in WORKABLE:
            if not await imports.drain(ctx, only=import_id):
                await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
    if held.state in OVER and held.state is not ImportState.DONE:
        raise ImportStoppedError(held.failure or "The import was cancelled; what was imported so far stays.")
    progress.update(bar, completed=held.tally.rows, total=held.tally.rows)
    return held


async def _watch(import_id: PydanticObjectId, progress: Progress, bar: TaskID) -> None:
    while True:
        held = await lifecycle.get(import_id)
        progress.update(bar, completed=held.tally.rows, total=max(held.rows_total, held.tally.rows))
        await asyncio.sleep(SECONDS_BETWEEN_LOOKS)


async def _report(held: PatientImport, *, dry_run: bool) -> dict[str, Any]:
    """The counts and the first refused lines."""
    _, refused = await lifecycle.rows(held, RowOutcome.REFUSED, skip=0, limit=REFUSALS_SHOWN)
    return {
        "import_id": str(held.id),
        "dry_run": dry_run,
        "counts": held.tally.model_dump(),
        "columns": {column.header: column.field for column in held.columns},
        "refused": [{"line": row.line, "reasons": [reason.model_dump() for reason in row.reasons]} for row in refused],
    }


def _show(report: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(report))
        return
    counts = report["counts"]
    console.print("Dry run, nothing was written:" if report["dry_run"] else "Imported:")
    for name in ("rows", "create", "update", "unchanged", "refuse"):
        console.print(f"  {name:<10}{counts[name]:>8,}")
    not_read = [header for header, field in report["columns"].items() if field is None]
    if not_read:
        console.print(f"Columns that were not read: {escape(', '.join(not_read))}")
    for row in report["refused"]:
        reasons = "; ".join(f"{reason['field']} {reason['message']}" for reason in row["reasons"])
        console.print(f"[red]line {row['line']}[/]: {escape(reasons)}")
    if counts["refuse"] > len(report["refused"]):
        console.print(f"... and {counts['refuse'] - len(report['refused']):,} more.")
