"""kill -9 in the middle of an import, at the server and at the command line: it is taken up, and nothing doubles."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app.bootstrap import REACHED
from tests.server import PAUSE_FILE, RunningServer, start_server
from tests.services.patient_files import people, text_of

LEASE_SECONDS = 1
REACHED_WITHIN_SECONDS = 60
ROWS = 2_600


@pytest.fixture(scope="module")
def server(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("server")
    with start_server(mongodb_uri, folder, CHAIRSIDE_LEASE_SECONDS=str(LEASE_SECONDS)) as running:
        yield running


@pytest.fixture
def staff(server: RunningServer) -> httpx2.Client:
    with server.database() as database:
        for name in ("patients", "patient_imports", "patient_import_rows", "audit_log"):
            database[name].delete_many({})
    return server.sign_in()


def run_job(staff: httpx2.Client) -> Any:
    answer = staff.post("/admin/jobs/imports/run")
    answer.raise_for_status()
    return answer.json()


def wait_until_reached(pause: Path) -> None:
    deadline = time.monotonic() + REACHED_WITHIN_SECONDS
    while pause.read_text() != REACHED:
        assert time.monotonic() < deadline, "the pause point was never reached"
        time.sleep(0.02)


def assert_each_once(server: RunningServer, state: Any) -> None:
    assert (state["state"], state["imported"]["create"], state["imported"]["rows"]) == ("done", ROWS, ROWS)
    with server.database() as database:
        emails = Counter(patient["email"] for patient in database["patients"].find({}, {"email": 1}))
        assert (len(emails), set(emails.values())) == (ROWS, {1})
        audited = [
            who for row in database["audit_log"].find({"action": "patients.imported"}) for who in row["patient_ids"]
        ]
        assert len(audited) == len(set(audited)) == ROWS
        assert database["patient_import_files.chunks"].count_documents({}) == 0


@pytest.mark.parametrize(
    "point",
    [
        "import.batch_stored",
        "import.batch_written",  # inside the transaction, which MongoDB then has to end for the dead client
        "import.ended",
    ],
)
def test_the_server_is_killed(server: RunningServer, staff: httpx2.Client, point: str) -> None:
    headers = {"Content-Type": "text/csv"}
    identifier = staff.post("/admin/patient-imports", content=text_of(people(ROWS)), headers=headers).json()[
        "import_id"
    ]
    run_job(staff)
    staff.post(f"/admin/patient-imports/{identifier}/start").raise_for_status()

    pause = server.data_dir / PAUSE_FILE
    pause.write_text(point)
    with contextlib.suppress(httpx2.TransportError):  # nobody answers: the server stands still
        staff.post("/admin/jobs/imports/run", timeout=0.5)
    wait_until_reached(pause)
    server.kill()
    pause.unlink()
    server.restart()
    time.sleep(LEASE_SECONDS + 0.1)  # a dead worker's lease runs out in real time

    staff = server.sign_in()
    run_job(staff)
    assert_each_once(server, staff.get(f"/admin/patient-imports/{identifier}").json())


def test_the_command_line_is_killed_and_the_server_goes_on(
    server: RunningServer, staff: httpx2.Client, tmp_path: Path
) -> None:
    file, pause = tmp_path / "patients.csv", tmp_path / "pause"
    file.write_text(text_of(people(ROWS)))
    pause.write_text("import.claimed")  # the check; the next claim is the import
    environment = os.environ | server.environment | {"CHAIRSIDE_PAUSE_FILE": str(pause)}
    command = [sys.executable, "-m", "app.cli", "import-patients", str(file), "--json"]

    command_line = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    wait_until_reached(pause)
    command_line.send_signal(signal.SIGKILL)
    command_line.wait()
    time.sleep(LEASE_SECONDS + 0.1)
    assert run_job(staff)  # the server finishes the check that the command began

    [held] = staff.get("/admin/patient-imports").json()["imports"]
    assert held["state"] == "checked"
    staff.post(f"/admin/patient-imports/{held['import_id']}/start").raise_for_status()
    run_job(staff)
    assert_each_once(server, staff.get(f"/admin/patient-imports/{held['import_id']}").json())
