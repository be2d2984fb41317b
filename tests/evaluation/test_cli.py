"""`chairside evaluate` as a process of its own: figures, files, comparisons, and refusals that write nothing."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app import cli
from app.evaluation.report import Report, read_report
from app.models.enums import Intent

Command = Callable[..., "subprocess.CompletedProcess[str]"]
Rows = list[dict[str, Any]]

MESSAGES: Rows = [
    {"id": "a", "channel": "sms", "text": "STOP", "intent": "OPT_OUT"},
    {"id": "b", "channel": "sms", "text": "yes please, book me in", "intent": "BOOKING_REQUEST"},
    {"id": "c", "channel": "email", "text": "My face is swollen and I cannot breathe", "intent": "EMERGENCY"},
    {"id": "d", "channel": "sms", "text": "STOP", "prev_outgoing": "Shall we book?", "intent": "COMPLAINT"},
]
QUESTIONS: Rows = [
    {"id": "q1", "question": "Is parking free for patients?", "page": "parking.md", "answer_contains": ["free"]},
    {"id": "q2", "question": "Do you treat hamsters?", "page": None, "answer_contains": []},
]
DIALOGUES: Rows = [
    {
        "id": "d1",
        "channel": "sms",
        "campaign": "RECALL",
        "steps": [{"patient": ["STOP"]}],
        "expected": {
            "status": "RECOVERY_DECLINED",
            "sent": ["opt_out_confirmation"],
            "opted_out": True,
            "handoff": False,
        },
    }
]
PARKING = "# Parking\n\nParking is free for patients in the yard behind the house.\n"


def write(file: Path, rows: Rows) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return file


def labelled(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"intents": [row["intent"]], "handoff": row["intent"] in ("EMERGENCY", "COMPLAINT")}


@pytest.fixture
def evals(tmp_path: Path) -> Path:
    """A tiny folder of labelled files; the fourth message is mislabelled on purpose."""
    folder = tmp_path / "evals"
    for split in ("test", "dev"):
        write(folder / "messages" / f"{split}.jsonl", [labelled(row) for row in MESSAGES])
    for name in ("questions", "questions_dev"):
        write(folder / "knowledge" / f"{name}.jsonl", QUESTIONS)
    write(folder / "dialogues" / "dialogues.jsonl", DIALOGUES)
    (folder / "knowledge" / "articles").mkdir()
    (folder / "knowledge" / "articles" / "parking.md").write_text(PARKING)
    return folder


@pytest.fixture
def chairside(tmp_path: Path) -> Command:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CHAIRSIDE_")}
    environment = kept | {"COLUMNS": "120", "MONGODB_URI": "mongodb://nobody.invalid/?serverSelectionTimeoutMS=1"}

    def run(*options: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "app.cli", "evaluate", *(str(option) for option in options)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    return run


def test_figures_are_printed_kept_and_compared(chairside: Command, evals: Path, tmp_path: Path) -> None:
    kept = tmp_path / "first.json"
    done = chairside("--provider", "offline", "--evals", evals, "--json", kept)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "75.0%" in done.stdout
    assert "emergencies found" in done.stdout
    report = read_report(kept)
    assert (report.provider, report.split) == ("offline", "test")
    assert (report.messages.accuracy.hits, report.messages.accuracy.total) == (3, 4)
    assert report.messages.confusion[Intent.COMPLAINT] == {Intent.OPT_OUT: 1}
    assert report.right.messages == {"a": True, "b": True, "c": True, "d": False}
    assert (report.dialogues_as_expected.hits, report.cost.calls) == (1, 0)
    assert report.speed.p50_ms > 0
    assert Report.model_validate_json(report.model_dump_json()) == report
    again = chairside("--evals", evals, "--split", "dev", "--failures", "--compare", kept, "--parallel", "4")
    assert again.returncode == 0, again.stderr + again.stdout
    assert "no clear difference" in again.stdout
    assert "d: COMPLAINT read as OPT_OUT, handoff missed: STOP" in again.stdout


def test_messages_of_ones_own_are_read_and_written_in_order(chairside: Command, tmp_path: Path) -> None:
    source, target = write(tmp_path / "in.jsonl", MESSAGES), tmp_path / "out.jsonl"
    done = chairside("--provider", "offline", "--messages", source, "--predictions", target)
    assert done.returncode == 0, done.stderr + done.stdout
    rows = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert [row["id"] for row in rows] == ["a", "b", "c", "d"]
    assert [list(row) for row in rows] == [
        ["id", "intent", "intents", "sentiment", "confidence", "handoff", "reply"] for _ in rows
    ]
    assert [row["intent"] for row in rows] == ["OPT_OUT", "BOOKING_REQUEST", "EMERGENCY", "OPT_OUT"]
    assert [row["handoff"] for row in rows] == [False, False, True, False]
    assert "/book?t=" in rows[1]["reply"]


def test_questions_are_put_to_a_folder_of_articles(chairside: Command, evals: Path, tmp_path: Path) -> None:
    source, target = write(tmp_path / "in.jsonl", QUESTIONS), tmp_path / "out.jsonl"
    articles = evals / "knowledge" / "articles"
    done = chairside("--knowledge", articles, "--questions", source, "--predictions", target)
    assert done.returncode == 0, done.stderr + done.stdout
    first, second = (json.loads(line) for line in target.read_text(encoding="utf-8").splitlines())
    assert (first["id"], first["answered"], first["page"]) == ("q1", True, "parking.md")
    assert "free" in first["answer"]
    assert second == {"id": "q2", "answered": False, "answer": "", "page": None}


def test_a_bad_line_is_named_and_nothing_is_written(chairside: Command, tmp_path: Path) -> None:
    source, target = write(tmp_path / "in.jsonl", [*MESSAGES, {"id": "e", "channel": "fax"}]), tmp_path / "out.jsonl"
    target.write_text("what was there before")
    refused = chairside("--messages", source, "--predictions", target)
    assert refused.returncode == 1
    said = " ".join(refused.stdout.split())
    assert "line 5: channel:" in said
    assert "text: Field required" in said
    assert target.read_text() == "what was there before"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]


@pytest.mark.parametrize(
    "options",
    [
        ("--messages", "in.jsonl"),
        ("--predictions", "out.jsonl"),
        ("--knowledge", "articles"),
        ("--questions", "in.jsonl", "--predictions", "out.jsonl"),
        ("--messages", "in.jsonl", "--questions", "in.jsonl", "--predictions", "out.jsonl"),
        ("--messages", "in.jsonl", "--predictions", "out.jsonl", "--json", "figures.json"),
        ("--messages", "in.jsonl", "--predictions", "out.jsonl", "--parallel", "0"),
        ("--failures",),  # nobody reads the test file
    ],
)
def test_options_that_do_not_belong_together_are_refused(options: tuple[str, ...]) -> None:
    refused = CliRunner().invoke(cli.app, ["evaluate", *options])
    assert (refused.exit_code, refused.stdout) == (2, "")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--messages", "none.jsonl", "--predictions", "out.jsonl"), "cannot be read"),
        (("--messages", "in.jsonl", "--predictions", "none.d/out.jsonl"), "no folder"),
        (("--evals", "evals", "--compare", "in.jsonl"), "is not a report"),
        (("--provider", "oracle", "--messages", "in.jsonl", "--predictions", "out.jsonl"), "LLM_PROVIDERS"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    chairside: Command, evals: Path, tmp_path: Path, options: tuple[str, ...], words: str
) -> None:
    write(tmp_path / "in.jsonl", MESSAGES)
    refused = chairside(*(tmp_path / option if "." in option or option == "evals" else option for option in options))
    assert (refused.returncode, "Traceback" in refused.stderr) == (1, False), refused.stderr
    assert words in " ".join(refused.stdout.split())
    assert sorted(file.name for file in tmp_path.iterdir()) == ["evals", "in.jsonl"]
