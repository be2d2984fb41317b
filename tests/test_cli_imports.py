"""`chairside import-patients` as a process of its own: counts, refused lines, exit codes."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pymongo
import pytest

from tests.services.patient_files import people, text_of

Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def environment(mongodb_uri: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CHAIRSIDE_")}
    return kept | {
        "CHAIRSIDE_ENV": "test",
        "MONGODB_URI": mongodb_uri,
        "MONGODB_DATABASE": f"cli_{uuid.uuid4().hex[:12]}",
        "LOG_LEVEL": "WARNING",
    }


@pytest.fixture(scope="module")
def stored(environment: dict[str, str]) -> Iterator[Any]:
    with pymongo.MongoClient[dict[str, Any]](environment["MONGODB_URI"]) as client:
        yield client[environment["MONGODB_DATABASE"]]


@pytest.fixture
def chairside(environment: dict[str, str], tmp_path: Path) -> Command:
    def run(content: str, *options: str) -> subprocess.CompletedProcess[str]:
        file = tmp_path / "patients.csv"
        file.write_text(content)
        command = [sys.executable, "-m", "app.cli", "import-patients", str(file), *options]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    return run


def test_dry_run_import_and_repetition(chairside: Command, stored: Any) -> None:
    text = text_of([*people(600), "Broken,nothing,,2026-05-04"])
    dry = chairside(text, "--dry-run", "--json")
    report = json.loads(dry.stdout.splitlines()[-1])
    assert (dry.returncode, report["dry_run"]) == (1, True)
    assert report["counts"] == {"rows": 601, "create": 600, "update": 0, "unchanged": 0, "refuse": 1}
    assert report["refused"] == [
        {"line": 602, "reasons": [{"field": "email", "message": "is not one e-mail address."}]}
    ]
    assert stored["patients"].count_documents({}) == 0
    assert stored["patient_import_files.chunks"].count_documents({}) == 0

    done = chairside(text)
    assert done.returncode == 1
    assert "create         600" in done.stdout
    assert "line 602: email is not one e-mail address." in done.stdout
    assert stored["patients"].count_documents({}) == 600

    again = chairside(text_of(people(600)))
    assert (again.returncode, "unchanged      600" in again.stdout) == (0, True)
    assert stored["patients"].count_documents({}) == 600


def test_columns_and_dates_are_chosen(chairside: Command, stored: Any) -> None:
    text = "Who,E-Post,Seen,City\nZoe Zed,zoe@example.com,04.05.2026,Town\n"
    options = ("--column", "Who=name", "--column", "E-Post=email", "--column", "Seen=last_visit_on")
    done = chairside(text, *options, "--date-format", "dmy")
    assert done.returncode == 0, done.stdout
    assert "Columns that were not read: City" in done.stdout
    zoe = stored["patients"].find_one({"email": "zoe@example.com"})
    assert zoe["treatment_history"][0]["procedure_date"].isoformat() == "2026-05-04T00:00:00"


@pytest.mark.parametrize(
    ("content", "options", "code", "sentence"),
    [
        ("Who,City\nAnn,Town\n", (), 1, "no column holds the patient's name"),
        ("", (), 1, "The file is empty."),
        ("name,email\nAnn,ann@example.com\n", ("--column", "name=password"), 2, "Heading=field"),
        ("name,email\nAnn,ann@example.com\n", (), 1, "say what they all are"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(
    chairside: Command, content: str, options: tuple[str, ...], code: int, sentence: str
) -> None:
    done = chairside(content, *options)
    assert done.returncode == code
    assert sentence in " ".join((done.stdout + done.stderr).replace("│", " ").split())
    assert "Traceback" not in done.stderr
