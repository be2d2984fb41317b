"""One run over the labelled files: what was measured, and the shape in which it is kept and compared."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from app.context import Context
from app.errors import InvalidInputError
from app.evaluation import articles, dialogues
from app.evaluation.article_scores import KnowledgeScores, is_right, score_answers
from app.evaluation.lines import Dialogue, LabelledMessage, LabelledQuestion, problems_of, read_lines
from app.evaluation.predictions import Prediction, Progress, predict_all
from app.evaluation.scores import MessageScores, Pair, Score, score_messages
from app.evaluation.stage import StageClock, set_up
from app.evaluation.statistics import Share, quantile
from app.models.spending import ModelSpending

Split = Literal["test", "dev"]
MICRO = 1_000_000
QUESTIONS: dict[Split, str] = {"test": "questions.jsonl", "dev": "questions_dev.jsonl"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """The labelled files of one split, read and checked; `articles` is the folder that the questions are put to."""

    split: Split
    messages: list[LabelledMessage]
    questions: list[LabelledQuestion]
    dialogues: list[Dialogue]
    articles: Path

    @property
    def size(self) -> int:
        """How many steps a progress bar will see."""
        return len(self.messages) + len(self.questions) + len(self.dialogues)


class Speed(Score):
    """Of the analysis of one message, on this machine."""

    p50_ms: float
    p95_ms: float
    messages_per_second: float


class Cost(Score):
    """What the provider was paid for everything in the run."""

    calls: int
    tokens: int
    usd: float


class Verdicts(Score):
    """Right or wrong by id: what a later run is compared with."""

    messages: dict[str, bool]
    questions: dict[str, bool]
    dialogues: dict[str, bool]


class Report(Score):
    """What `--json` writes and `--compare` reads."""

    version: Literal[1] = Field(default=1)
    provider: str
    split: Split
    messages: MessageScores
    knowledge: KnowledgeScores
    dialogues_as_expected: Share
    speed: Speed
    cost: Cost
    right: Verdicts


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The report, and what each line came to."""

    report: Report
    pairs: Sequence[Pair]
    asked: Sequence[tuple[LabelledQuestion, articles.Answered]]
    endings: Sequence[tuple[Dialogue, dialogues.Ending]]


def load(folder: Path, split: Split) -> Material:
    """Read everything before anything runs. Raises InvalidInputError that names the file and the line."""
    return Material(
        split=split,
        messages=read_lines(folder / "messages" / f"{split}.jsonl", LabelledMessage),
        questions=read_lines(folder / "knowledge" / QUESTIONS[split], LabelledQuestion),
        dialogues=read_lines(folder / "dialogues" / "dialogues.jsonl", Dialogue),
        articles=folder / "knowledge" / "articles",
    )


async def evaluate(ctx: Context, clock: StageClock, material: Material, *, parallel: int, on_each: Progress) -> Outcome:
    """Run everything on an empty database with sandbox channels; `clock` is the one that `ctx` tells the time by."""
    stage = await set_up(ctx)
    given = await predict_all(ctx, stage, material.messages, has_articles=False, parallel=parallel, on_each=on_each)
    pages = await articles.store_articles(ctx, material.articles)
    answered = await articles.answer_all(ctx, material.questions, pages, on_each=on_each)
    endings = await dialogues.play_all(ctx, stage, clock, material.dialogues, on_each=on_each)
    pairs = list(zip(material.messages, given, strict=True))
    asked = list(zip(material.questions, answered, strict=True))
    report = Report(
        provider=ctx.llm.name,
        split=material.split,
        messages=score_messages(pairs),
        knowledge=score_answers(asked),
        dialogues_as_expected=Share.of(ending.as_expected for ending in endings),
        speed=_speed(given, parallel),
        cost=await _cost(),
        right=Verdicts(
            messages={right.id: right.intent is read.intent for right, read in pairs},
            questions={question.id: is_right(question, answer) for question, answer in asked},
            dialogues={ending.id: ending.as_expected for ending in endings},
        ),
    )
    return Outcome(report=report, pairs=pairs, asked=asked, endings=list(zip(material.dialogues, endings, strict=True)))


def _speed(given: Sequence[Prediction], parallel: int) -> Speed:
    times = [prediction.seconds for prediction in given]
    return Speed(
        p50_ms=quantile(times, 0.5) * 1_000,
        p95_ms=quantile(times, 0.95) * 1_000,
        messages_per_second=len(times) * parallel / sum(times) if sum(times) else 0.0,
    )


async def _cost() -> Cost:
    days = await ModelSpending.find({"campaign_id": None}).to_list()
    return Cost(
        calls=sum(day.calls for day in days),
        tokens=sum(day.tokens for day in days),
        usd=sum(day.micro_usd for day in days) / MICRO,
    )


def read_report(file: Path) -> Report:
    """What an earlier run wrote. Raises InvalidInputError for any other file."""
    try:
        return Report.model_validate_json(file.read_bytes())
    except OSError as error:
        raise InvalidInputError(f"{file} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        raise InvalidInputError(
            f"{file} is not a report of `chairside evaluate --json`: {problems_of(error)}"
        ) from error
