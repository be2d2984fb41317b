"""An evaluation as a person reads it in a terminal."""

from collections.abc import Iterator, Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.evaluation.article_scores import is_right
from app.evaluation.comparison import Difference
from app.evaluation.report import Outcome, Report
from app.evaluation.scores import MessageScores
from app.evaluation.statistics import Share

LONGEST_TEXT = 160


def show(console: Console, report: Report, former: Report | None) -> None:
    """Every figure, and beside it what the former run had."""
    console.print(f"Provider [bold]{report.provider}[/], {report.messages.accuracy.total} {report.split} messages")
    _shares(console, "Reading", _reading(report), _reading(former) if former else None)
    _shares(console, "Safety", report.messages.safety, former.messages.safety if former else None)
    _shares(console, "Articles and dialogues", _answers(report), _answers(former) if former else None)
    console.print(f"Macro-F1 {report.messages.macro_f1:.3f}" + _before(former.messages.macro_f1 if former else None))
    _intents(console, report.messages)
    _confusion(console, report.messages)
    speed, cost = report.speed, report.cost
    console.print(
        f"Speed: p50 {speed.p50_ms:.2f} ms, p95 {speed.p95_ms:.2f} ms, {speed.messages_per_second:,.0f} messages/s. "
        f"Cost: {cost.calls} calls, {cost.tokens:,} tokens, ${cost.usd:.4f}. "
        f"Provider failures: {report.messages.provider_failures}."
    )


def _before(value: float | None) -> str:
    return "" if value is None else f" (before: {value:.3f})"


def _reading(report: Report) -> dict[str, Share]:
    scores = report.messages
    return {
        "main label right": scores.accuracy,
        "every label found": scores.all_intents_found,
        "sentiment right": scores.sentiment_right,
    }


def _answers(report: Report) -> dict[str, Share]:
    scores = report.knowledge
    return {
        "answerable questions right": scores.answered_right,
        "answerable, left to a person": scores.left_to_a_person,
        "answerable, answered beside the point": scores.answered_beside,
        "unanswerable, answered": scores.answered_wrongly,
        "dialogues ended as expected": report.dialogues_as_expected,
    }


def _shares(console: Console, title: str, now: Mapping[str, Share], former: Mapping[str, Share] | None) -> None:
    table = Table(title=title, title_justify="left", box=None)
    for heading in ("", "share", "95 % interval", "of", *(["before"] if former else [])):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, share in now.items():
        low, high = share.interval
        cells = [name, f"{share.value:.1%}", f"{low:.1%} to {high:.1%}", f"{share.hits}/{share.total}"]
        if former:
            cells.append(f"{former[name].value:.1%}" if name in former else "-")
        table.add_row(*cells)
    console.print(table)


def _intents(console: Console, scores: MessageScores) -> None:
    table = Table(title="By label", title_justify="left", box=None)
    for heading in ("", "recall", "95 % interval", "of", "precision", "of", "F1"):
        table.add_column(heading, justify="left" if not heading else "right")
    for intent, score in scores.intents.items():
        low, high = score.recall.interval
        table.add_row(
            intent.value,
            f"{score.recall.value:.1%}",
            f"{low:.1%} to {high:.1%}",
            str(score.recall.total),
            f"{score.precision.value:.1%}",
            str(score.precision.total),
            f"{score.f1:.3f}",
        )
    console.print(table)


def _confusion(console: Console, scores: MessageScores) -> None:
    """Columns bear numbers: ten long names do not fit beside each other."""
    places = {intent: place for place, intent in enumerate(scores.intents, start=1)}
    table = Table(title="Right label (rows) read as (columns)", title_justify="left", box=None)
    for heading in ("", *(str(place) for place in places.values())):
        table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    for right, row in scores.confusion.items():
        counts = (Text(str(row.get(intent, ".")), style="bold" if intent is right else "") for intent in places)
        table.add_row(f"{places[right]} {right.value}", *counts)
    console.print(table)


def show_comparison(console: Console, differences: Mapping[str, Difference]) -> None:
    """Each kind of line with its verdict (exact McNemar test)."""
    table = Table(title="Against the former run", title_justify="left", box=None)
    for heading in ("", "in both", "gained", "lost", "p", "verdict"):
        table.add_column(heading, justify="left" if heading in ("", "verdict") else "right")
    for kind, found in differences.items():
        numbers = (found.common, found.gained, found.lost)
        table.add_row(kind, *(str(number) for number in numbers), f"{found.p_value:.3f}", found.verdict)
    console.print(table)


def show_failures(console: Console, outcome: Outcome) -> None:
    """Each message that was read wrongly or unsafely, each wrong answer, and each dialogue that ended elsewhere."""
    for line in _failures(outcome):
        console.print(Text(line), soft_wrap=True)


def _failures(outcome: Outcome) -> Iterator[str]:
    for right, given in outcome.pairs:
        wrong = [f"{right.intent} read as {given.intent}"] if right.intent is not given.intent else []
        if right.handoff is not given.handoff:
            wrong.append("handoff missed" if right.handoff else "needless handoff")
        if wrong:
            yield f"{right.id}: {', '.join(wrong)}: {' '.join(right.text.split())[:LONGEST_TEXT]}"
    for question, answer in outcome.asked:
        if not is_right(question, answer):
            found = f"{answer.page}: {' '.join((answer.answer or '').split())[:LONGEST_TEXT]}"
            yield f"{question.id}: {question.question} (page {question.page}) answered from {found}"
    for dialogue, ending in outcome.endings:
        if not ending.as_expected:
            found = ending.end.model_dump_json() if ending.end else "that it could not be played"
            yield f"{dialogue.id}: expected {dialogue.expected.model_dump_json()}, found {found}"
