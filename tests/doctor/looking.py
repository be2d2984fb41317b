"""How a test looks with the doctor's eyes: in this process, or as the command."""

import os
import subprocess
import sys

import pytest

from app import cli_doctor
from app.services import doctor_machine
from app.services.doctor_findings import Finding, Verdict
from app.services.doctor_machine import Place
from app.settings import Settings
from tests.conftest import make_settings
from tests.server import free_port

# The driver leaves a connection that it is about to open to the collector when it is told to stop.
leaves_sockets = pytest.mark.filterwarnings(
    "ignore:unclosed <socket:ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


async def look(
    settings: Settings, *, port: int | None = None, environment: dict[str, str] | None = None
) -> dict[str, Finding]:
    """The findings that are not well, by what was looked at; of several the last."""
    place = Place(settings, "127.0.0.1", port or free_port(), environment or {})
    return {each.check: each for each in await cli_doctor._look(place) if each.verdict is not Verdict.OK}


async def around(settings: Settings) -> list[Finding]:
    """What is found on this machine alone, without asking the database."""
    return await doctor_machine.look_around(Place(settings, "127.0.0.1", free_port(), {}))


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command as a process of its own."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CHAIRSIDE_")}
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        env=kept | {"CHAIRSIDE_ENV": "test", "LOG_LEVEL": "ERROR", "COLUMNS": "300"} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def with_uri(settings: Settings, uri: str, name: str | None = None) -> Settings:
    return make_settings(
        mongodb_uri=uri,
        mongodb_database=name or settings.mongodb_database,
        chairside_data_dir=settings.chairside_data_dir,
    )
