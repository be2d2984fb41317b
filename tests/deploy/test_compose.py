"""compose.yaml is a valid Compose file, and keeps what docs/how-to/run-with-docker.md promises of it."""

import json
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from pydantic import SecretStr

from app.database.connection import connect
from app.settings import Settings
from scripts.dockerfile_steps import instructions
from tests.conftest import make_settings

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((Path(__file__).parent / "compose-spec.json").read_text(encoding="utf-8"))
FILE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
MEMBERS = ["mongo1", "mongo2", "mongo3"]
SERVERS = ["app1", "app2"]


def secrets_of(service: dict[str, Any]) -> dict[str, str]:
    """The name inside the container, and which secret it is."""
    given = service.get("secrets", [])
    return {
        each if isinstance(each, str) else each["target"]: each if isinstance(each, str) else each["source"]
        for each in given
    }


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What deploy/make-secrets.sh writes, in a folder of the test's own."""
    folder = tmp_path_factory.mktemp("checkout")
    (folder / "deploy").mkdir()
    script = folder / "deploy" / "make-secrets.sh"
    script.write_text((ROOT / "deploy" / "make-secrets.sh").read_text(encoding="utf-8"))
    for _ in range(2):
        subprocess.run(["/bin/sh", str(script)], check=True, capture_output=True)
    return folder / "secrets"


class TestTheFile:
    def test_it_is_valid(self) -> None:
        jsonschema_rs.Draft7Validator(SCHEMA).validate(FILE)

    def test_the_validator_bites(self) -> None:
        wrong = FILE | {"services": SERVICES | {"app1": SERVICES["app1"] | {"read_only": "perhaps", "ports": {}}}}
        assert not jsonschema_rs.Draft7Validator(SCHEMA).is_valid(wrong)

    def test_whatever_a_service_names_is_defined(self) -> None:
        for name, service in SERVICES.items():
            assert set(service.get("networks", [])) <= set(FILE["networks"]), name
            assert set(secrets_of(service).values()) <= set(FILE["secrets"]), name
            assert set(service.get("depends_on", {})) <= set(SERVICES), name
            assert {volume.split(":")[0] for volume in service.get("volumes", [])} <= set(FILE["volumes"]), name


class TestTheDatabase:
    @pytest.mark.parametrize("name", MEMBERS)
    def test_each_member_asks_for_a_password_and_is_watched(self, name: str) -> None:
        member = SERVICES[name]
        assert {"--replSet=rs0", "--keyFile=/data/configdb/keyfile"} <= set(member["command"])
        assert member["networks"] == ["database"]
        assert "ports" not in member
        assert member["healthcheck"]["test"][:2] == ["CMD", "mongosh"]
        assert "mongo_keyfile" in secrets_of(member)

    def test_only_the_first_begins_with_a_user(self) -> None:
        """One that had data of its own could not join the set."""
        assert [name for name in MEMBERS if "environment" in SERVICES[name]] == ["mongo1"]

    def test_strangers_cannot_reach_it(self) -> None:
        assert FILE["networks"]["database"] == {"internal": True}

    def test_its_steps_come_in_their_order(self) -> None:
        waits = {name: SERVICES[name]["depends_on"] for name in ("mongo-initiate", "migrate", "mongo-grant", *SERVERS)}
        ended = {"condition": "service_completed_successfully"}
        assert waits["mongo-initiate"] == {name: {"condition": "service_healthy"} for name in MEMBERS}
        assert waits["migrate"] == {"mongo-initiate": ended}
        assert waits["mongo-grant"] == {"migrate": ended}
        assert waits["app1"] == waits["app2"] == {"mongo-grant": ended}

    def test_only_the_step_that_needs_it_is_the_owner(self) -> None:
        owners = [name for name, service in SERVICES.items() if "mongodb_owner_uri" in secrets_of(service).values()]
        roots = [name for name, service in SERVICES.items() if "mongo_root_password" in secrets_of(service).values()]
        assert (owners, roots) == (["migrate"], ["mongo1", "mongo-initiate", "mongo-grant"])


class TestTheServers:
    def test_two_and_one_of_them_runs_the_jobs(self) -> None:
        assert [SERVICES[name]["environment"]["SCHEDULER"] for name in SERVERS] == ["on", "off"]

    @pytest.mark.parametrize("name", [*SERVERS, "migrate", "mongo-initiate", "mongo-grant"])
    def test_none_has_rights_that_it_does_not_need(self, name: str) -> None:
        service = SERVICES[name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]

    @pytest.mark.parametrize("name", SERVERS)
    def test_each_is_reached_from_this_machine_only_and_has_time_to_stop(self, name: str) -> None:
        assert [port.startswith("127.0.0.1:") for port in SERVICES[name]["ports"]] == [True]
        assert SERVICES[name]["stop_grace_period"] == "40s"

    def test_they_believe_the_gateway_alone(self) -> None:
        gateway = FILE["networks"]["outside"]["ipam"]["config"][0]["gateway"]
        assert [SERVICES[name]["environment"]["FORWARDED_ALLOW_IPS"] for name in SERVERS] == [gateway, gateway]

    def test_their_settings_and_secrets_are_fit_for_production(
        self, written: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        example = (ROOT / "deploy" / "chairside.env.example").read_text(encoding="utf-8")
        given = dict(line.split("=", 1) for line in example.splitlines() if line and not line.startswith("#"))
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("CHAIRSIDE_ENV", "production")
        monkeypatch.setenv("CHAIRSIDE_SECRETS_DIR", str(written))
        settings = Settings(_env_file=None)
        assert settings.production_problems() == []
        assert settings.mongodb_uri.get_secret_value() == (written / "mongodb_uri").read_text()
        assert set(secrets_of(SERVICES["app1"])) <= set(Settings.model_fields)


class TestTheSecrets:
    def test_every_one_is_written_once(self, written: Path) -> None:
        files = {name: secret["file"] for name, secret in FILE["secrets"].items()}
        assert files == {name: f"./secrets/{name}" for name in files}
        assert {file.name for file in written.iterdir()} == set(files)
        assert len({file.read_text() for file in written.iterdir()}) == len(files)

    def test_the_folder_is_closed_and_its_files_are_readable_inside_a_container(self, written: Path) -> None:
        assert stat.S_IMODE(written.stat().st_mode) == 0o700
        assert {stat.S_IMODE(file.stat().st_mode) for file in written.iterdir()} == {0o644}

    def test_the_addresses_name_the_members_and_their_own_user(self, written: Path) -> None:
        for name, user in (("mongodb_uri", "chairside"), ("mongodb_owner_uri", "chairside_owner")):
            uri = (written / name).read_text()
            assert uri.startswith(f"mongodb://{user}:")
            assert re.findall(r"mongo\d(?=:27017)", uri) == MEMBERS
            connect(uri, "chairside", server_selection_ms=1)

    def test_none_can_be_committed_or_reach_an_image(self) -> None:
        names = ["secrets/jwt_secret", "deploy/chairside.env"]
        ignored = subprocess.run(["git", "check-ignore", *names], cwd=ROOT, check=False, capture_output=True, text=True)
        assert ignored.stdout.split() == names
        rules = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        assert rules[1] == "*"
        assert not [rule for rule in rules if rule.startswith("!") and ("secret" in rule or ".env" in rule)]


class TestSecretsAsFiles:
    def test_the_environment_wins(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "jwt_secret").write_text("a-secret-of-a-file-with-32-bytes-or-more\n")
        monkeypatch.setenv("CHAIRSIDE_SECRETS_DIR", str(tmp_path))
        assert make_settings().jwt_secret == SecretStr("a-secret-of-a-file-with-32-bytes-or-more")
        monkeypatch.setenv("JWT_SECRET", "a-secret-of-the-environment-with-32-bytes")
        assert make_settings().jwt_secret == SecretStr("a-secret-of-the-environment-with-32-bytes")

    def test_without_such_a_folder_nothing_is_missed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CHAIRSIDE_SECRETS_DIR", str(tmp_path / "nowhere"))
        assert make_settings().mongodb_uri == SecretStr("")


class TestTheImage:
    def of(self, name: str) -> list[str]:
        steps = instructions((ROOT / "Dockerfile").read_text(encoding="utf-8"))
        return [text for instruction, text in steps if instruction == name]

    def test_hadolint_has_nothing_to_say(self) -> None:
        linter = Path(sys.executable).parent / "hadolint"
        done = subprocess.run([str(linter), "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (0, "")

    def test_it_runs_as_nobody_in_particular_and_takes_sigterm(self) -> None:
        assert self.of("USER") == ["10001:10001"]
        assert json.loads(self.of("CMD")[0])[:2] == ["chairside", "serve"]
        assert self.of("STOPSIGNAL") == ["SIGTERM"]
        assert self.of("ENTRYPOINT") == []

    def test_everything_that_is_installed_has_its_hash(self) -> None:
        installs = [
            line for text in self.of("RUN") for line in text.split("&&") if re.search(r"pip\S* .*install", line)
        ]
        assert len(installs) == 3
        assert all("--require-hashes" in line or "--no-index" in line for line in installs)
        assert "embedded" not in (ROOT / "Dockerfile").read_text(encoding="utf-8")

    def test_its_health_is_the_readiness(self) -> None:
        (health,) = self.of("HEALTHCHECK")
        assert json.loads(health.partition("CMD ")[2]) == ["python", "deploy/healthcheck.py", "8000"]

    def test_nothing_goes_to_langsmith(self) -> None:
        assert "LANGSMITH_TRACING=false" in " ".join(self.of("ENV"))
