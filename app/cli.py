"""`chairside ...`: every command of operations.md."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
import uvicorn
from pydantic import SecretStr, ValidationError
from pymongo.errors import PyMongoError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from app import cli_doctor, cli_evaluate, cli_gmail, cli_imports, cli_models, cli_recovery
from app.bootstrap import ConfigurationError, open_context
from app.context import Context
from app.database.mongod_binary import EmbeddedMongoError
from app.demo.seed import DEMO_EMAIL, DEMO_PASSWORD, OnStep, seed
from app.demo.walk import walk
from app.demo.walk_steps import WalkFailedError
from app.errors import ChairsideError
from app.jobs.registry import run_job
from app.logging import configure_logging
from app.models.enums import Role
from app.models.registry import bind_documents
from app.services import audit, counters, users
from app.settings import Settings
from app.stopping import end_well_when_told

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Chairside: recall, recovery and booking for a dental clinic."
)
console = Console()


def _settings() -> Settings:
    """The settings of the environment, or one readable sentence and exit code 2."""
    try:
        return Settings()
    except ValidationError as error:
        for problem in error.errors():
            name = ".".join(str(part) for part in problem["loc"]).upper()
            console.print(f"[red]{name or 'settings'}[/]: {problem['msg'].removeprefix('Value error, ')}")
        raise typer.Exit(2) from None


def _run(work: Callable[[Context], Awaitable[Any]], settings: Settings | None = None) -> Any:
    """Open the Context, do the work, close it; a refusal is one sentence and exit code 1."""
    chosen = settings or _settings()
    configure_logging(chosen)

    async def inside() -> Any:
        async with open_context(chosen) as ctx:
            return await work(ctx)

    return _or_one_sentence(inside())


def _or_one_sentence(work: Coroutine[Any, Any, Any]) -> Any:
    """Run to the end; what an operator can mend is one sentence and exit code 1, not a traceback."""
    try:
        return asyncio.run(work)
    except (ChairsideError, ConfigurationError, EmbeddedMongoError, WalkFailedError) as error:
        console.print(f"[red]{error}[/]")
    except PyMongoError as error:
        console.print(
            f"[red]The database refused: {type(error).__name__}: {str(error).split(', full error')[0][:300]}[/]"
        )
    raise typer.Exit(1)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    demo: Annotated[bool, typer.Option("--demo", help="Seed the demo clinic first and say where to look")] = False,
) -> None:
    """Serve the API and the pages; Ctrl-C stops everything it started."""
    settings = _settings()
    if "public_base_url" not in settings.model_fields_set:
        os.environ["PUBLIC_BASE_URL"] = f"http://{host}:{port}"
    if demo:
        if "log_level" not in settings.model_fields_set:  # where to look shall stay in sight
            os.environ["LOG_LEVEL"] = "WARNING"
        _seed_with_progress()
        _say_where_to_look(f"http://{host}:{port}")
    end_well_when_told()
    try:
        uvicorn.run(
            "app.main:create_app", factory=True, host=host, port=port, log_config=None, timeout_graceful_shutdown=10
        )
    except ConfigurationError as error:
        console.print(f"[red]{error}[/]")
        raise typer.Exit(2) from None


def _say_where_to_look(base: str) -> None:
    rows = (
        ("Start page", f"{base}/"),
        ("Staff dashboard", f"{base}/staff"),
        ("Demo login", f"{DEMO_EMAIL} / {DEMO_PASSWORD}"),
        ("Booking site", f"{base}/book"),
        ("Sandbox inbox", f"{base}/sandbox"),
        ("API and its documentation", f"{base}/docs"),
    )
    table = Table(show_header=False, box=None)
    for name, value in rows:
        table.add_row(f"[bold]{name}[/]", value)
    console.print(table)
    console.print(
        "Three things to try:\n"
        "  1. Sign in at the staff dashboard and answer the patient who waits longest.\n"
        '  2. Open the sandbox inbox, read what a patient got, and answer: "How much is whitening?"\n'
        "  3. Follow the booking link in the answer, book, and find the visit in the dashboard's schedule.\n"
        "Ctrl-C stops it all. To read along what happens inside: LOG_LEVEL=INFO.\n"
    )


@app.command(name="seed")
def seed_command() -> None:
    """Write the demo clinic; running it again changes nothing."""
    _seed_with_progress()


def _seed_with_progress() -> None:
    columns = (TextColumn("{task.description:<16}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:

        async def work(ctx: Context) -> Any:
            await bind_documents(ctx.database.handle, build_indexes=True)
            return await seed(ctx, on_step=_show_on(progress))

        counts = _run(work)
    console.print(f"Demo clinic: {counts}. Demo login: {DEMO_EMAIL} / {DEMO_PASSWORD} (public: for this demo only).")


def _show_on(progress: Progress) -> OnStep:
    """One bar for each step, made when the step begins."""
    bars: dict[str, TaskID] = {}

    def show(step: str, done: int, total: int) -> None:
        if step not in bars:
            bars[step] = progress.add_task(step, total=total)
        progress.update(bars[step], completed=done)

    return show


@app.command()
def demo() -> None:
    """Run the whole loop before your eyes, from nothing, on a database of its own."""
    _or_one_sentence(_demo())


async def _demo() -> None:
    with TemporaryDirectory(prefix="chairside-") as folder:
        settings = _settings().model_copy(
            update={"mongodb_uri": SecretStr(""), "chairside_data_dir": Path(folder), "log_level": "ERROR"}
        )
        configure_logging(settings)
        async with open_context(settings) as ctx:
            await walk(ctx, console)


@app.command(name="run-job")
def run_job_command(
    name: Annotated[str, typer.Argument(help="daily-outreach, due-scan, inbox, outbox or numbers")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done; write nothing")] = False,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Run one job now and print its counts."""

    async def work(ctx: Context) -> dict[str, Any]:
        return await run_job(ctx, name, dry_run=dry_run)

    _print(_run(work), as_json=as_json)


@app.command(name="create-user")
def create_user(
    email: str,
    name: Annotated[str, typer.Option(prompt=True)],
    role: Annotated[Role, typer.Option(prompt=True)] = Role.FRONT_DESK,
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)] = "",
) -> None:
    """Add a staff account; the password needs 12 characters."""
    if len(password) < 12:
        console.print("[red]The password needs at least 12 characters.[/]")
        raise typer.Exit(1)

    async def work(ctx: Context) -> str:
        user = await users.create(
            ctx, actor=audit.SYSTEM, name=name, email=email.strip().lower(), password=password, role=role
        )
        return str(user.id)

    console.print(f"Created user {_run(work)}.")


@app.command(name="rebuild-counters")
def rebuild_counters() -> None:
    """Make the dashboard's counters anew from the documents; safe at any time, and to repeat."""
    mended = _run(counters.rebuild)
    console.print(f"The counters are right. Counted again: {', '.join(f'{n} {name}' for name, n in mended.items())}.")


def _print(result: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(result, default=str))
        return
    for name, value in result.items():
        console.print(f"{name}: {value}")


cli_doctor.register(app)
cli_imports.register(app, _run)
cli_gmail.register(app, _settings)
cli_evaluate.register(app, _settings, _or_one_sentence)
cli_models.register(app, _run)
cli_recovery.register(app, _run)

if __name__ == "__main__":
    app()
