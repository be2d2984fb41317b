"""`chairside recovery ...`, `migrate` and `check-invariants`: what an operator runs after a restore or an update."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console

from app.context import Context
from app.database.migrations import running as migrations
from app.jobs.registry import RECOVERY, run_job
from app.models.enums import PauseReason
from app.models.recovery import SendingState
from app.models.registry import bind_documents, missing_indexes
from app.services import audit, invariants, mailbox_reread, restored, sending_pause

Run = Callable[[Callable[[Context], Awaitable[Any]]], Any]
Json = Annotated[bool, typer.Option("--json")]
console = Console()
recovery = typer.Typer(no_args_is_help=True, help="After a restore: what had left, who said stop, and going on.")


def register(app: typer.Typer, run: Run) -> None:
    """Add the commands; `run` opens the Context around a piece of work."""
    _register_checks(app, run)
    _register_recovery(run)
    app.add_typer(recovery, name="recovery")


def _register_checks(app: typer.Typer, run: Run) -> None:
    @app.command()
    def migrate(
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done; write nothing")] = False,
    ) -> None:
        """Bring the stored documents up to date and build every index; safe to repeat, and beside itself."""
        raise typer.Exit(run(_say_pending if dry_run else _migrate))

    @app.command(name="check-invariants")
    def check_invariants(as_json: Json = False) -> None:
        """Prove that nothing was doubled, lost or overlapped; exit code 1 when something was."""
        report = run(invariants.check)
        _show_invariants(report, as_json=as_json)
        raise typer.Exit(1 if any(report.values()) else 0)


async def _say_pending(ctx: Context) -> int:
    pending = await migrations.pending(ctx.database.handle)
    missing = await missing_indexes(ctx.database.handle)
    for each, count in pending:
        console.print(f"{each.number:04d} {each.name}: {count:,} documents to change ({each.says})")
    for name in missing:
        console.print(f"index {name}: to be built")
    if not pending and not missing:
        console.print("Nothing is to be done.")
    return 0


async def _migrate(ctx: Context) -> int:
    done = await migrations.run(ctx.database.handle)
    await bind_documents(ctx.database.handle, build_indexes=True)
    for name, count in done.items():
        console.print(f"{name}: {count:,} documents changed")
    missing = await missing_indexes(ctx.database.handle)
    console.print(f"[red]Still missing: {', '.join(missing)}[/]" if missing else "Every index is in place.")
    return 1 if missing else 0


def _show_invariants(report: dict[str, list[str]], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(report))
        return
    for rule in invariants.INVARIANTS:
        found = report[rule.name]
        console.print(
            f"{rule.number} {rule.name}: {'[green]holds[/]' if not found else f'[red]{len(found)} broken[/]'}"
        )
        if found:
            console.print(f"   {rule.broken} {rule.advice}")
            console.print(f"   {', '.join(found)}", markup=False)


def _register_recovery(run: Run) -> None:
    @recovery.command()
    def begin(
        since: Annotated[
            datetime | None,
            typer.Option(formats=["%Y-%m-%dT%H:%M"], help="When the copy was made, in UTC; else as it says itself"),
        ] = None,
    ) -> None:
        """Pause sending before a restored copy is used; needed only where it does not notice by itself."""
        run(lambda ctx: _begin(ctx, since))

    @recovery.command()
    def status(as_json: Json = False) -> None:
        """Whether sending is paused, why, and what is still to be done."""
        told = run(_status)
        if as_json:
            typer.echo(json.dumps(told, default=str))
            return
        for name, value in told.items():
            console.print(f"[bold]{name}[/]: {value}")

    @recovery.command()
    def reconcile() -> None:
        """Read what the channels sent and what came in since the copy was made, now instead of within a minute."""
        console.print(run(lambda ctx: run_job(ctx, RECOVERY)))

    @recovery.command()
    def resume(
        anyway: Annotated[
            bool, typer.Option("--anyway", help="Although something was not read: may send twice")
        ] = False,
    ) -> None:
        """Let messages leave again. Refused while something was not read that may hold a stop."""
        run(lambda ctx: sending_pause.resume(ctx, by=audit.SYSTEM, anyway=anyway))
        console.print("Messages leave again.")

    @recovery.command()
    def reread() -> None:
        """Read the last two weeks of the mailbox and of Twilio's listings again; nothing is taken in twice."""
        run(mailbox_reread.reread)
        console.print("The last two weeks are read again with the next look, within ten minutes.")


async def _begin(ctx: Context, since: datetime | None) -> None:
    identity = await restored.known()
    moment = since.replace(tzinfo=UTC) if since else identity.seen_at if identity else None
    state = await sending_pause.pause(ctx, PauseReason.OPERATOR, since=moment, by=audit.SYSTEM)
    console.print(f"Sending is paused. Everything since {state.lost_since:%Y-%m-%d %H:%M} UTC will be read again.")


async def _status(_: Context) -> dict[str, Any]:
    state = await SendingState.now()
    told: dict[str, Any] = {"paused": state.paused_because.value if state.paused_because else "no"}
    if state.is_paused:
        told |= {
            "since": state.paused_at,
            "unknown since": state.lost_since,
            "sent mail read": state.sent_mail_read_at or state.last_error or "not yet",
            "answers read": state.answers_read_at or "not yet",
            "to be done": await sending_pause.obstacles(state) or ["chairside recovery resume"],
        }
    return told | {"had left": state.found, "of those known again": state.settled}
