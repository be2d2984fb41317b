"""What the doctor finds on this machine and in the settings, without any database."""

import asyncio
import json
import socket
from pathlib import Path

import pytest
import uvicorn
from pydantic import ValidationError

from app import cli_doctor
from app.main import create_app
from app.services import doctor_machine
from app.services.doctor_findings import Verdict
from app.services.doctor_machine import Place
from app.settings import Settings
from tests.conftest import make_settings
from tests.doctor.looking import around, leaves_sockets, look, run, with_uri
from tests.security.test_production import FIT

pytestmark = leaves_sockets


class TestThisMachine:
    async def test_a_data_folder_that_cannot_be_written(self, tmp_path: Path) -> None:
        file = tmp_path / "file"
        file.write_text("in the way")
        found = await look(make_settings(chairside_data_dir=file / "data"))
        assert found["data folder"].verdict is Verdict.PROBLEM
        assert "CHAIRSIDE_DATA_DIR" in found["data folder"].mend

    async def test_with_a_database_of_its_own_nothing_is_written_so_none_is_needed(self, sound: Settings) -> None:
        found = await look(sound.model_copy(update={"chairside_data_dir": Path("/proc/nowhere")}))
        assert "data folder" not in found

    async def test_a_port_in_use(self, sound: Settings) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            found = await look(sound, port=other.getsockname()[1])
        assert found["port"].verdict is Verdict.PROBLEM
        assert "chairside serve --port PORT" in found["port"].mend

    async def test_a_port_that_chairside_itself_holds(self, sound: Settings) -> None:
        """Also in production, where the server answers to no other name than its own."""
        fit = make_settings(**(FIT | {"chairside_data_dir": sound.chairside_data_dir}))
        with socket.create_server(("127.0.0.1", 0)) as listening:
            server = uvicorn.Server(uvicorn.Config(create_app(fit), lifespan="off", log_config=None))
            serving = asyncio.create_task(server.serve(sockets=[listening]))
            port = listening.getsockname()[1]
            found = await asyncio.wait_for(doctor_machine.look_around(Place(fit, "127.0.0.1", port, {})), 30)
            server.should_exit = True
            await serving
        assert [each.says for each in found if each.check == "port"] == [f"Chairside answers at 127.0.0.1:{port}"]

    async def test_an_address_of_another_machine(self, sound: Settings) -> None:
        findings = await cli_doctor._look(Place(sound, "192.0.2.1", 8000, {}))
        assert [each.verdict for each in findings if each.check == "port"] == [Verdict.PROBLEM]

    async def test_a_credentials_file_that_others_may_read(self, sound: Settings, tmp_path: Path) -> None:
        file = tmp_path / "gmail.json"
        file.write_text("{}")
        file.chmod(0o644)
        found = await look(sound.model_copy(update={"google_credentials_file": file}))
        assert found["files"].mend == f"run `chmod 600 {file}`"
        file.chmod(0o600)
        assert "files" not in await look(sound.model_copy(update={"google_credentials_file": file}))

    @pytest.mark.parametrize("switch", ["LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2"])
    async def test_patients_words_on_their_way_to_langsmith(self, sound: Settings, switch: str) -> None:
        found = await look(sound, environment={switch: "true"})
        assert found["LangSmith"].verdict is Verdict.PROBLEM
        assert found["LangSmith"].mend == f"unset {switch}"
        assert "LangSmith" not in await look(sound, environment={switch: "false"})


class TestSettings:
    def test_what_production_refuses_each_with_its_setting(self) -> None:
        unfit = {"CHAIRSIDE_ENV": "production", "RATE_LIMITS": "off", "PUBLIC_BASE_URL": "http://crm.example.com"}
        done = run("doctor", "--json", **unfit)
        found = {each["says"].split(" ")[0]: each for each in json.loads(done.stdout)["findings"]}
        assert done.returncode == 2
        assert {"JWT_SECRET", "MONGODB_URI", "PUBLIC_BASE_URL", "RATE_LIMITS"} <= set(found)
        assert found["RATE_LIMITS"]["mend"] == "set RATE_LIMITS=on"
        assert "openssl rand -base64 48" in found["JWT_SECRET"]["mend"]

    def test_every_refusal_of_production_names_its_mend(self) -> None:
        """A sentence that begins with a setting that the table does not know would get a poor answer."""
        worst = make_settings(gmail_api_url="http://127.0.0.1:1", twilio_api_url="http://127.0.0.1:1")
        found = doctor_machine.for_production(worst.production_problems(), in_force=True)
        assert len(found) == len(doctor_machine.MENDS)
        assert not [each for each in found if each.mend.startswith("change ")]

    def test_one_that_cannot_be_read(self) -> None:
        with pytest.raises(ValidationError) as refusal:
            make_settings(openai_timeout_seconds="soon")
        (found,) = cli_doctor._unreadable(refusal.value)
        assert (found.check, found.verdict) == ("OPENAI_TIMEOUT_SECONDS", Verdict.PROBLEM)

    async def test_outside_production_they_are_warnings(self, sound: Settings) -> None:
        found = await look(sound)
        assert found["settings"].verdict is Verdict.WARNING

    async def test_records_that_travel_in_clear(self, sound: Settings) -> None:
        hosts = "db1.invalid,db2.invalid:27017/?replicaSet=rs0"
        found = await around(with_uri(sound, f"mongodb://{hosts}"))
        assert [each.mend for each in found if each.check == "connection"] == [
            "set MONGODB_URI with the user of go-to-production.md",
            "add tls=true to MONGODB_URI",
        ]
        safe = await around(with_uri(sound, f"mongodb://u:word@{hosts}&tls=true"))
        assert not [each for each in safe if each.check == "connection"]

    async def test_the_first_admins_password_is_still_there(self, tmp_path: Path) -> None:
        fit = make_settings(**FIT, admin_password="a-long-passphrase", chairside_data_dir=tmp_path)
        assert [each for each in await around(fit) if "ADMIN_PASSWORD" in each.mend]

    async def test_no_channel_at_all(self, sound: Settings) -> None:
        none = {"channel_email": "none", "channel_sms": "none", "channel_whatsapp": "none"}
        found = await look(make_settings(**(sound.model_dump() | none)))
        assert "CHANNEL_EMAIL" in found["channels"].mend
