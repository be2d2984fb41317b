"""The daily job from eight processes at once: exactly one campaign and one first message each (trust.md decision 5)."""

import json
import os
import subprocess
import sys
import uuid
from datetime import date, timedelta
from pathlib import Path

import pytest

from app.bootstrap import build_context
from app.database.connection import connect
from app.models.campaigns import Campaign
from app.models.enums import ChannelType, PatientType
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.models.registry import bind_documents
from app.models.sandbox import SandboxMessage
from app.services import invariants
from tests.conftest import MONDAY_MORNING, make_settings
from tests.factories import make_clinic
from tests.faults.waiting_mail import ALWAYS_OPEN

PATIENTS, PROCESSES = 1_000, 8
LONGEST_SECONDS = 400


@pytest.mark.timeout(2 * LONGEST_SECONDS)  # sixteen processes that import everything, on two cores
async def test_a_thousand_patients_are_written_to_once(mongodb_uri: str, tmp_path: Path) -> None:
    name = f"crons_{uuid.uuid4().hex[:8]}"
    database = connect(mongodb_uri, name)
    await bind_documents(database.handle, build_indexes=True)
    ctx = build_context(make_settings(), database)
    await make_clinic(outreach=ALWAYS_OPEN)
    await Patient.insert_many([_due_patient(number) for number in range(PATIENTS)])

    reports = _run_everywhere(mongodb_uri, name, tmp_path, "daily-outreach")
    assert sum(report["created"] for report in reports) == PATIENTS
    _run_everywhere(mongodb_uri, name, tmp_path, "outbox")

    assert await Campaign.count() == PATIENTS
    assert len(await Campaign.distinct("patient_id")) == PATIENTS
    assert await OutboundMessage.find({"state": "SENT"}).count() == PATIENTS
    assert await SandboxMessage.find({"is_sent": True}).count() == PATIENTS
    assert len(await SandboxMessage.distinct("to", {"is_sent": True})) == PATIENTS
    assert not any((await invariants.check(ctx)).values())
    await database.client.drop_database(name)
    await database.close()


def _due_patient(number: int) -> Patient:
    due = MONDAY_MORNING - timedelta(days=30)
    return Patient(
        name=f"Pat {number}",
        email=f"pat{number}@example.com",
        patient_type=PatientType.EXISTING,
        preferred_channel=[ChannelType.EMAIL],
        next_follow_up_date=date(2026, 10, 24),
        created_at=due,
        updated_at=due,
        outreach_due_at=due,
    )


def _run_everywhere(uri: str, name: str, folder: Path, job: str) -> list[dict[str, int]]:
    environment = os.environ | {
        "CHAIRSIDE_ENV": "test",
        "MONGODB_URI": uri,
        "MONGODB_DATABASE": name,
        "CHAIRSIDE_DATA_DIR": str(folder),
        "LOG_LEVEL": "ERROR",
    }
    command = [sys.executable, "-m", "app.cli", "run-job", job, "--json"]
    running = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) for _ in range(PROCESSES)]
    answers = [process.communicate(timeout=LONGEST_SECONDS)[0] for process in running]
    assert [process.returncode for process in running] == [0] * PROCESSES
    return [json.loads(answer.splitlines()[-1]) for answer in answers]
