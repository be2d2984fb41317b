"""`chairside prompt ...` and `chairside spending`."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.context import Context
from app.llm.prompts import files
from app.llm.prompts.files import PromptError
from app.services import spending
from app.services.spending import Spending

Run = Callable[[Callable[[Context], Awaitable[Any]]], Any]
console = Console()


def register(app: typer.Typer, run: Run) -> None:
    """Add the commands; `run` opens the Context and turns a refusal into one sentence and exit code 1."""
    prompts = typer.Typer(no_args_is_help=True, help="The prompts that a language model is given.")
    app.add_typer(prompts, name="prompt")

    @prompts.command(name="list")
    def list_prompts() -> None:
        """Every prompt, its version and its variables."""
        for prompt in map(files.load, files.NAMES):
            console.print(f"[bold]{prompt.name}[/] version {prompt.version}: {prompt.purpose}")
            console.print(f"  {', '.join(prompt.example)}", style="dim")

    @prompts.command(name="show")
    def show_prompt(
        name: Annotated[str, typer.Argument(help="As `chairside prompt list` names it")],
        var: Annotated[list[str] | None, typer.Option("--var", help="NAME=VALUE in place of the example")] = None,
    ) -> None:
        """One prompt as a model would get it, filled in with example values."""
        try:
            shown = files.preview(name, _values(var or []))
        except PromptError as error:
            console.print(f"[red]{escape(str(error))}[/]")
            raise typer.Exit(1) from None
        typer.echo(f"# {shown.name}, version {shown.version}\n\n## Instructions\n\n{shown.instructions}\n")
        typer.echo(f"## Input\n\n{shown.text}")

    @app.command(name="spending")
    def show_spending(
        days: Annotated[int, typer.Option(min=1, max=spending.MOST_DAYS, help="How far to look back")] = 30,
        as_json: Annotated[bool, typer.Option("--json")] = False,
    ) -> None:
        """What the language model cost by day, and which conversations cost most today."""

        async def work(ctx: Context) -> tuple[list[Spending], list[Spending]]:
            day = await spending.today(ctx)
            return await spending.by_day(day - timedelta(days=days - 1), day), await spending.dearest_campaigns(day)

        by_day, dearest = run(work)
        if as_json:
            found = {"days": [asdict(each) for each in by_day], "campaigns_today": [asdict(each) for each in dearest]}
            typer.echo(json.dumps(found, default=str))
            return
        _show("By day", by_day, lambda each: str(each.day))
        _show("Today's dearest conversations", dearest, lambda each: str(each.campaign_id))


def _values(given: list[str]) -> dict[str, str]:
    """`NAME=VALUE` pairs. Raises PromptError for one without a sign of equality."""
    if wrong := [pair for pair in given if "=" not in pair]:
        raise PromptError(f"--var takes NAME=VALUE, not {wrong[0]}.")
    return dict(pair.split("=", 1) for pair in given)


def _show(title: str, sums: list[Spending], name_of: Callable[[Spending], str]) -> None:
    table = Table("", "calls", "tokens in", "tokens out", "dollars", title=title, title_justify="left")
    for each in sums:
        numbers = (f"{each.calls:,}", f"{each.input_tokens:,}", f"{each.output_tokens:,}", f"{each.usd:,.4f}")
        table.add_row(name_of(each), *numbers)
    console.print(table if sums else f"{title}: nothing was spent.")
