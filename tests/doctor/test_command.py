"""`chairside doctor` as a command: exit codes, JSON, and no secret in what it prints."""

import json
from pathlib import Path

import pytest

from app import cli_doctor
from app.services.doctor_findings import Verdict
from app.services.doctor_machine import Place
from app.settings import Settings
from tests.conftest import make_settings
from tests.doctor.looking import leaves_sockets, look, run
from tests.server import free_port

pytestmark = leaves_sockets


SECRETS = {
    "JWT_SECRET": "canary-jwt-secret-of-more-than-32-bytes",
    "TWILIO_AUTH_TOKEN": "canary-twilio-token",
    "OPENAI_API_KEY": "canary-openai-key",
    "ADMIN_PASSWORD": "canary-admin-password",
    "INCOMING_MESSAGE_SECRET": "canary-incoming-secret-of-32-bytes-or-more",
}


class TestWell:
    async def test_nothing_is_a_problem(self, sound: Settings) -> None:
        found = await look(sound)
        assert [each for each in found.values() if each.verdict is Verdict.PROBLEM] == []

    async def test_whatever_is_not_well_has_a_mend(self, sound: Settings) -> None:
        assert all(each.mend for each in (await look(sound)).values())

    def test_the_exit_codes_and_the_json(self, mongodb_uri: str, name: str) -> None:
        """A database without indexes is a problem; `chairside migrate`, which the finding names, mends it."""
        database = {"MONGODB_URI": mongodb_uri, "MONGODB_DATABASE": name}
        port = str(free_port())
        ill = run("doctor", "--json", "--port", port, **database)
        told = json.loads(ill.stdout)
        assert (ill.returncode, told["verdict"]) == (1, "problem"), ill.stderr
        (missing,) = [each for each in told["findings"] if each["verdict"] == "problem"]
        assert missing["check"] == "indexes"
        assert missing["mend"] == "run `chairside migrate`"
        assert run("migrate", **database).returncode == 0
        well = run("doctor", "--port", port, **database)
        assert well.returncode == 0, well.stdout
        assert "indexes: all in place" in well.stdout


class TestSecrets:
    @pytest.mark.parametrize(
        "uri",
        [
            "mongodb://clinic:canary-password@127.0.0.1:1/?replicaSet=rs0",
            "mongodb://clinic:canary/pass:word@127.0.0.1:1/",
            "mongodb://clinic:canary@pass@127.0.0.1:1/",
            "mongodb://clinic:canary%zz@[::1/",
            "mongodb://127.0.0.1:canary/",
            "canary",
        ],
    )
    async def test_none_is_printed(self, uri: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        secrets = {key.lower(): value for key, value in SECRETS.items()}
        settings = make_settings(mongodb_uri=uri, chairside_data_dir=tmp_path, **secrets)
        findings = await cli_doctor._look(Place(settings, "127.0.0.1", free_port(), {}))
        for as_json in (False, True):
            cli_doctor._show(findings, as_json=as_json)
        said = capsys.readouterr()
        assert cli_doctor._worst(findings) is Verdict.PROBLEM
        assert "canary" not in said.out + said.err

    def test_nor_by_the_process(self) -> None:
        done = run("doctor", MONGODB_URI="mongodb://clinic:canary/pass:word@127.0.0.1:1/", **SECRETS)
        assert (done.returncode, "MONGODB_URI" in done.stdout) == (1, True), done.stdout
        assert "canary" not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
