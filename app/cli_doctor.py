"""`chairside doctor`: what stands in the way of running, and the one command or setting that mends each thing."""

import asyncio
import json
import os
from dataclasses import asdict
from typing import Annotated

import typer
from pydantic import ValidationError
from pymongo.errors import PyMongoError
from rich.console import Console
from rich.markup import escape

from app import cli_gmail
from app.bootstrap import ConfigurationError, open_context
from app.database.mongod_binary import EmbeddedMongoError
from app.logging import configure_logging
from app.services import doctor, doctor_database, doctor_machine
from app.services.doctor_findings import Finding, Look, Verdict, examine, in_short, problem, warning, without_secrets
from app.services.doctor_machine import Place
from app.settings import Settings

LOOKS = (*doctor.LOOKS, Look("Gmail", cli_gmail.findings, cli_gmail.CONNECT, 60.0))
UNFIT = "Value error, not fit for production: "
COLOURS = {Verdict.OK: "green", Verdict.WARNING: "yellow", Verdict.PROBLEM: "red"}
UNREADABLE = 2
"""The exit code of every command whose settings cannot be read (docs/reference/cli.md)."""
console = Console()


def register(app: typer.Typer) -> None:
    """Add the command; it reads the environment itself, so that it can tell what is wrong with it."""

    @app.command(name="doctor")
    def doctor_command(
        host: Annotated[str, typer.Option(help="Where the server is to listen")] = "127.0.0.1",
        port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
        as_json: Annotated[bool, typer.Option("--json")] = False,
    ) -> None:
        """Look at the settings, this machine, the database and every provider; say what mends what is wrong."""
        try:
            settings = Settings()
        except ValidationError as error:
            _show(_unreadable(error), as_json=as_json)
            raise typer.Exit(UNREADABLE) from None
        configure_logging(settings)
        findings = asyncio.run(_look(Place(settings, host, port, os.environ)))
        _show(findings, as_json=as_json)
        raise typer.Exit(1 if _worst(findings) is Verdict.PROBLEM else 0)


def _unreadable(error: ValidationError) -> list[Finding]:
    """One finding for each setting that is refused; the sentence says what it must be."""
    found = []
    for each in error.errors():
        name, says = ".".join(str(part) for part in each["loc"]).upper(), each["msg"]
        if says.startswith(UNFIT):
            found += doctor_machine.for_production(says.removeprefix(UNFIT).split("; "), in_force=True)
        else:
            mend = f"correct {name or 'it'}, as docs/reference/settings.md says"
            found.append(problem(name or "settings", says.removeprefix("Value error, "), mend))
    return found


async def _look(place: Place) -> list[Finding]:
    """This machine first; the database next, briefly; then everything that needs it."""
    settings = place.settings
    found = await doctor_machine.look_around(place)
    if any(each.check in ("LangSmith", "data folder") and each.verdict is Verdict.PROBLEM for each in found):
        return [*found, _not_looked_at("this")]
    if settings.mongodb_uri.get_secret_value():
        reached = [without_secrets(each, settings) for each in await doctor_database.reach(settings)]
        found += reached
        if _worst(reached) is Verdict.PROBLEM:
            return [*found, _not_looked_at("the database")]
    return found + [without_secrets(each, settings) for each in await _look_inside(settings)]


async def _look_inside(settings: Settings) -> list[Finding]:
    try:
        async with open_context(settings) as ctx:
            return await examine(ctx, LOOKS)
    except ConfigurationError as error:
        return [problem("settings", str(error), "correct the setting that the sentence names")]
    except EmbeddedMongoError as error:
        return [problem("database", str(error), "set MONGODB_URI to a replica set that runs")]
    except (PyMongoError, OSError) as error:
        return [problem("database", in_short(error), doctor.TRY_AGAIN)]


def _not_looked_at(first: str) -> Finding:
    return warning("the rest", "was not looked at", f"mend {first} first, then run `chairside doctor` again")


def _worst(findings: list[Finding]) -> Verdict:
    order = list(Verdict)
    return max((each.verdict for each in findings), key=order.index, default=Verdict.OK)


def _show(findings: list[Finding], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"verdict": _worst(findings), "findings": [asdict(each) for each in findings]}))
        return
    for each in findings:
        colour, mend = COLOURS[each.verdict], f" - {each.mend}" if each.mend else ""
        line = f"[{colour}]{each.verdict:<8}[/] [bold]{each.check}[/]: {escape(each.says + mend)}"
        console.print(line, soft_wrap=True, highlight=False)
