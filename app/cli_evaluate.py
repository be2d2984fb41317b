"""`chairside evaluate`: how well messages are read and answered, on labelled files or on files of your own."""

import json
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.bootstrap import open_context
from app.context import Context
from app.errors import InvalidInputError
from app.evaluation import report, tables
from app.evaluation.articles import answer_all, store_articles
from app.evaluation.comparison import compare
from app.evaluation.lines import MessageLine, QuestionLine, read_lines
from app.evaluation.predictions import predict_all
from app.evaluation.stage import StageClock, set_up
from app.logging import configure_logging
from app.settings import ChannelChoice, Environment, Settings

EVALS = Path(__file__).resolve().parents[1] / "evals"
console = Console()
progress_to = Console(stderr=True)

LoadSettings = Callable[[], Settings]
Finish = Callable[[Coroutine[Any, Any, Any]], Any]
OnEach = Callable[[], None]


class SplitName(StrEnum):
    TEST = "test"
    DEV = "dev"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What one call of the command asks for."""

    evals: Path
    split: SplitName
    json_file: Path | None
    former: Path | None
    failures: bool
    messages: Path | None
    knowledge: Path | None
    questions: Path | None
    predictions: Path | None
    parallel: int


def register(app: typer.Typer, load_settings: LoadSettings, finish: Finish) -> None:
    """Add the command; `finish` runs the work and turns a refusal into one sentence and exit code 1."""

    @app.command(name="evaluate")
    def evaluate_command(  # noqa: PLR0913 - typer reads the options from the arguments
        *,
        provider: Annotated[str | None, typer.Option(help="Instead of LLM_PROVIDERS, e.g. offline")] = None,
        split: Annotated[SplitName, typer.Option(help="Which labelled messages")] = SplitName.TEST,
        json_file: Annotated[Path | None, typer.Option("--json", dir_okay=False, help="Write the figures here")] = None,
        former: Annotated[Path | None, typer.Option("--compare", dir_okay=False, help="A former --json file")] = None,
        failures: Annotated[bool, typer.Option("--failures", help="Show what went wrong; never on test")] = False,
        evals: Annotated[
            Path, typer.Option(file_okay=False, show_default=False, help="Where the labelled files are")
        ] = EVALS,
        messages: Annotated[Path | None, typer.Option(dir_okay=False, help="A JSONL file of messages to read")] = None,
        knowledge: Annotated[Path | None, typer.Option(file_okay=False, help="A folder of Markdown articles")] = None,
        questions: Annotated[Path | None, typer.Option(dir_okay=False, help="A JSONL file of questions")] = None,
        predictions: Annotated[Path | None, typer.Option(dir_okay=False, help="Write what was read here")] = None,
        parallel: Annotated[int, typer.Option(min=1, max=64, help="Messages at a time")] = 1,
    ) -> None:
        """Measure how messages are read and answered; or read files of your own and write what would follow."""
        wish = Wish(
            evals=evals,
            split=split,
            json_file=json_file,
            former=former,
            failures=failures,
            messages=messages,
            knowledge=knowledge,
            questions=questions,
            predictions=predictions,
            parallel=parallel,
        )
        _refuse_mixture(wish)
        settings = load_settings()
        chosen = settings.model_copy(update={"llm_providers": (provider,)}) if provider else settings
        finish(_work(wish, chosen))


def _refuse_mixture(wish: Wish) -> None:
    """Raise BadParameter for options that do not belong together."""
    own = wish.messages or wish.knowledge or wish.questions or wish.predictions
    rules = (
        (wish.failures and wish.split is SplitName.TEST, "--failures needs --split dev: nobody reads the test file"),
        (own and (wish.json_file or wish.former or wish.failures), "--json, --compare and --failures go with --split"),
        (wish.messages and wish.questions, "--messages and --questions are two runs"),
        (own and not (wish.messages or wish.questions), "say with --messages or --questions what to read"),
        (own and not wish.predictions, "say with --predictions where to write"),
        (wish.questions and not wish.knowledge, "--questions needs the articles: --knowledge DIR"),
    )
    for is_broken, sentence in rules:
        if is_broken:
            raise typer.BadParameter(sentence)


async def _work(wish: Wish, settings: Settings) -> None:
    if wish.messages and wish.predictions:
        await _read_messages(wish, wish.messages, wish.predictions, settings)
    elif wish.questions and wish.knowledge and wish.predictions:
        await _answer_questions(wish.knowledge, wish.questions, wish.predictions, settings)
    else:
        await _measure(wish, settings)


async def _read_messages(wish: Wish, source: Path, target: Path, settings: Settings) -> None:
    lines = read_lines(source, MessageLine)
    _refuse_target(target)
    async with _open(settings) as (ctx, _):
        stage = await set_up(ctx)
        if wish.knowledge:
            await store_articles(ctx, wish.knowledge)
        with _progress("Reading", len(lines)) as on_each:
            read = await predict_all(
                ctx, stage, lines, has_articles=wish.knowledge is not None, parallel=wish.parallel, on_each=on_each
            )
    _write_lines(target, (prediction.as_line() for prediction in read))


async def _answer_questions(folder: Path, source: Path, target: Path, settings: Settings) -> None:
    lines = read_lines(source, QuestionLine)
    _refuse_target(target)
    async with _open(settings) as (ctx, _):
        await set_up(ctx)
        pages = await store_articles(ctx, folder)
        with _progress("Answering", len(lines)) as on_each:
            answered = await answer_all(ctx, lines, pages, on_each=on_each)
    _write_lines(target, (answer.as_line() for answer in answered))


async def _measure(wish: Wish, settings: Settings) -> None:
    material = report.load(wish.evals, wish.split.value)
    former = report.read_report(wish.former) if wish.former else None
    if wish.json_file:
        _refuse_target(wish.json_file)
    async with _open(settings) as (ctx, clock):
        with _progress("Evaluating", material.size) as on_each:
            outcome = await report.evaluate(ctx, clock, material, parallel=wish.parallel, on_each=on_each)
    tables.show(console, outcome.report, former)
    if former:
        tables.show_comparison(console, compare(former, outcome.report))
    if wish.failures:
        tables.show_failures(console, outcome)
    if wish.json_file:
        _write(wish.json_file, outcome.report.model_dump_json(indent=2) + "\n")


@asynccontextmanager
async def _open(settings: Settings) -> AsyncIterator[tuple[Context, StageClock]]:
    """A Context on a database of its own that ends with it: no clinic's data is read, nothing leaves this machine."""
    clock = StageClock(datetime.now(UTC))
    with TemporaryDirectory(prefix="chairside-") as folder:
        alone = settings.model_copy(update=_alone(Path(folder)))
        configure_logging(alone)
        async with open_context(alone, now=clock) as ctx:
            yield ctx, clock


def _alone(folder: Path) -> dict[str, Any]:
    channels = ("channel_email", "channel_sms", "channel_whatsapp")
    return {
        **dict.fromkeys(channels, ChannelChoice.SANDBOX),
        "chairside_env": Environment.DEVELOPMENT,
        "mongodb_uri": SecretStr(""),
        "chairside_data_dir": folder,
        "log_level": "CRITICAL",
    }


@contextmanager
def _progress(title: str, total: int) -> Iterator[OnEach]:
    """A bar on the error stream, so that it never mixes with what a script reads; it vanishes at the end."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=progress_to, transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda: bar.advance(task)


def _refuse_target(file: Path) -> None:
    """Before the work rather than after it. Raises InvalidInputError."""
    if not file.parent.is_dir():
        raise InvalidInputError(f"There is no folder {file.parent} to write into.")


def _write_lines(file: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    written = [json.dumps(line, ensure_ascii=False) for line in lines]
    _write(file, "".join(f"{line}\n" for line in written))
    console.print(f"{len(written)} lines written to {escape(str(file))}.")


def _write(file: Path, text: str) -> None:
    """All of it or nothing. Raises InvalidInputError when the disk refuses."""
    unfinished = file.with_name(f".{file.name}.part")
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(file)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise InvalidInputError(f"{file} cannot be written: {error.strerror}.") from error
