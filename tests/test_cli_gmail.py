"""`chairside gmail ...` and the doctor's look at the mailbox, as processes of their own over the Gmail peer."""

import json
import os
import re
import stat
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app.channels.google_consent import write_secret
from tests.peers.gmail import ADDRESS, GmailPeer, serve_gmail

Result = subprocess.CompletedProcess[str]
Command = Callable[..., Result]
WAITS_SECONDS = 60


@pytest.fixture
def peer() -> Iterator[GmailPeer]:
    with serve_gmail() as running:
        yield running


@pytest.fixture
def credentials(tmp_path: Path) -> Path:
    return tmp_path / "secrets" / "gmail.json"


@pytest.fixture
def environment(peer: GmailPeer, credentials: Path, mongodb_uri: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CHAIRSIDE_")}
    return kept | {
        "CHAIRSIDE_ENV": "test",
        "MONGODB_URI": mongodb_uri,
        "MONGODB_DATABASE": f"cli_{uuid.uuid4().hex[:12]}",
        "LOG_LEVEL": "ERROR",
        "GMAIL_MAILBOX": ADDRESS,
        "GOOGLE_CREDENTIALS_FILE": str(credentials),
        "GMAIL_API_URL": peer.url,
        "PUBLIC_BASE_URL": "https://crm.example.com",
        "OAUTHLIB_INSECURE_TRANSPORT": "1",  # the peer's token endpoint is http, on this machine
        "PYTHONUNBUFFERED": "1",
        "COLUMNS": "200",
    }


@pytest.fixture
def chairside(environment: dict[str, str]) -> Command:
    def run(*arguments: str, **changes: str) -> Result:
        command = [sys.executable, "-m", "app.cli", *arguments]
        return subprocess.run(
            command, env=environment | changes, capture_output=True, text=True, check=False, timeout=WAITS_SECONDS
        )

    return run


def written(file: Path, content: Any) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


def consent(environment: dict[str, str], client: Path, *, answer: Callable[[str], str] = lambda url: url) -> Result:
    """Run the command and be the owner's browser: open the printed page, and follow where it sends one."""
    command = [sys.executable, "-m", "app.cli", "gmail", "connect", "--client", str(client), "--no-browser"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        said = ""
        while not (page := re.search(r"^http\S+$", said, re.M)):
            line = process.stdout.readline()
            assert line, said
            said += line
        sent_back = httpx2.get(page[0]).headers["Location"]
        httpx2.get(answer(sent_back), timeout=30)
        said += process.communicate(timeout=WAITS_SECONDS)[0]
    return subprocess.CompletedProcess(command, process.returncode, said)


class TestConnectingAsAPerson:
    def test_the_credentials_are_kept_for_the_owner_only(
        self, peer: GmailPeer, environment: dict[str, str], credentials: Path, tmp_path: Path
    ) -> None:
        done = consent(environment, written(tmp_path / "client.json", peer.credentials()["client_secrets"]))
        assert done.returncode == 0, done.stdout
        kept = json.loads(credentials.read_text())
        assert set(kept) == {"type", "client_id", "client_secret", "refresh_token", "token_uri"}
        assert stat.S_IMODE(credentials.stat().st_mode) == 0o600
        assert [file.name for file in credentials.parent.iterdir()] == ["gmail.json"]
        assert "gmail-api-push@system.gserviceaccount.com" in done.stdout
        assert "--push-endpoint=https://crm.example.com/api/v1/webhooks/gmail" in done.stdout
        for secret in (kept["refresh_token"], kept["client_secret"]):
            assert secret not in done.stdout

    def test_another_mailbox_is_refused_and_nothing_is_written(
        self, peer: GmailPeer, environment: dict[str, str], credentials: Path, tmp_path: Path
    ) -> None:
        client = written(tmp_path / "client.json", peer.credentials()["client_secrets"])
        refused = consent(environment | {"GMAIL_MAILBOX": "desk@example.com"}, client)
        assert refused.returncode == 1
        assert "clinic@example.com, not desk@example.com" in refused.stdout
        assert not credentials.exists()

    def test_the_owner_says_no(
        self, peer: GmailPeer, environment: dict[str, str], credentials: Path, tmp_path: Path
    ) -> None:
        client = written(tmp_path / "client.json", peer.credentials()["client_secrets"])
        refused = consent(environment, client, answer=lambda url: re.sub(r"\bcode=[^&]+", "error=access_denied", url))
        assert refused.returncode == 1
        assert "access_denied" in refused.stdout
        assert "Traceback" not in refused.stdout
        assert not credentials.exists()

    def test_somebody_elses_answer_is_not_taken(
        self, peer: GmailPeer, environment: dict[str, str], credentials: Path, tmp_path: Path
    ) -> None:
        client = written(tmp_path / "client.json", peer.credentials()["client_secrets"])
        forged = consent(environment, client, answer=lambda url: re.sub(r"\bstate=[^&]+", "state=forged", url))
        assert (forged.returncode, credentials.exists()) == (1, False)
        assert "Traceback" not in forged.stdout

    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            ("{", "holds no JSON"),
            ("[]", "holds no JSON object"),
            ({"web": {"client_id": "x"}}, "Desktop app"),
            ({"installed": {"client_id": "x"}}, "Desktop app"),
            (
                {
                    "installed": {
                        "client_id": "x",
                        "client_secret": "y",
                        "auth_uri": "https://a",
                        "token_uri": "http://b",
                    }
                },
                "not https",
            ),
        ],
    )
    def test_a_file_that_is_no_oauth_client(
        self, chairside: Command, tmp_path: Path, content: Any, sentence: str
    ) -> None:
        refused = chairside("gmail", "connect", "--client", str(written(tmp_path / "client.json", content)))
        assert (refused.returncode, sentence in refused.stdout) == (1, True), refused.stdout

    def test_one_way_must_be_chosen(self, chairside: Command) -> None:
        assert chairside("gmail", "connect").returncode == 2

    def test_the_mailbox_must_be_set(self, chairside: Command, peer: GmailPeer, tmp_path: Path) -> None:
        client = written(tmp_path / "client.json", peer.credentials()["client_secrets"])
        refused = chairside("gmail", "connect", "--client", str(client), GMAIL_MAILBOX="")
        assert (refused.returncode, "GMAIL_MAILBOX" in refused.stdout) == (1, True)


class TestConnectingAServiceAccount:
    def test_its_key_is_kept(self, chairside: Command, peer: GmailPeer, credentials: Path, tmp_path: Path) -> None:
        key = written(tmp_path / "key.json", peer.credentials()["service_account"])
        done = chairside("gmail", "connect", "--service-account", str(key))
        assert done.returncode == 0, done.stdout
        assert json.loads(credentials.read_text()) == json.loads(key.read_text())
        assert "PRIVATE KEY" not in done.stdout

    def test_without_delegation_it_says_where_to_give_it(
        self, chairside: Command, peer: GmailPeer, credentials: Path, tmp_path: Path
    ) -> None:
        peer.admin("tokens", refuse="unauthorized_client")
        key = written(tmp_path / "key.json", peer.credentials()["service_account"])
        refused = chairside("gmail", "connect", "--service-account", str(key))
        assert refused.returncode == 1
        assert "unauthorized_client" in refused.stdout
        assert "Domain-wide delegation" in refused.stdout
        assert "113774264463038321964" in refused.stdout
        assert not credentials.exists()


class TestCheckingDrafts:
    @pytest.fixture(autouse=True)
    def _connected(self, peer: GmailPeer, credentials: Path) -> None:
        written(credentials, peer.credentials()["authorized_user"])

    def test_a_mailbox_that_keeps_the_promise(self, chairside: Command, peer: GmailPeer) -> None:
        done = chairside("gmail", "check-drafts")
        assert (done.returncode, done.stdout.count("yes")) == (0, 5), done.stdout
        assert len(peer.effects("drafts.send")) == 2
        assert {row["to"] for row in peer.effects("drafts.send")} == {ADDRESS}

    def test_one_that_does_not(self, chairside: Command, peer: GmailPeer) -> None:
        assert peer.server is not None
        box = peer.server.mailbox
        box.send_draft = lambda identifier: box.send(box.draft(identifier).raw, "")  # type: ignore[method-assign]
        refused = chairside("gmail", "check-drafts")
        assert refused.returncode == 1
        assert "GMAIL_DRAFTS=off" in refused.stdout

    def test_dead_credentials(self, chairside: Command, peer: GmailPeer) -> None:
        peer.admin("tokens", refuse="invalid_grant")
        refused = chairside("gmail", "check-drafts")
        assert (refused.returncode, "invalid_grant" in refused.stdout) == (1, True)


class TestDoctor:
    @pytest.fixture
    def doctor(self, chairside: Command) -> Command:
        return lambda **changes: chairside("doctor", **({"CHANNEL_EMAIL": "gmail"} | changes))

    def test_all_is_well(self, doctor: Command, peer: GmailPeer, credentials: Path) -> None:
        written(credentials, peer.credentials()["authorized_user"])
        said = doctor().stdout
        assert "Gmail credentials: accepted" in said
        assert f"Gmail mailbox: {ADDRESS}" in said
        assert "Gmail drafts: may be made and sent" in said
        assert "GMAIL_PUBSUB_TOPIC is empty" in said

    def test_each_trouble_with_what_mends_it(self, doctor: Command, peer: GmailPeer, credentials: Path) -> None:
        written(credentials, peer.credentials()["authorized_user"])
        watched = doctor(GMAIL_PUBSUB_TOPIC="projects/clinic-project/topics/gmail").stdout
        assert "not announced - run `chairside run-job gmail-watch`" in watched
        other = doctor(GMAIL_MAILBOX="desk@example.com").stdout
        assert f"{ADDRESS}, not desk@example.com - run `chairside gmail connect --client FILE`" in other
        peer.fail({"kind": "status", "operation": "drafts.list", "status": 403})
        assert re.search(r"Gmail drafts: .*insufficientPermissions - run `chairside gmail connect", doctor().stdout)
        peer.admin("tokens", refuse="invalid_grant")
        assert re.search(r"Gmail credentials: .*invalid_grant.* - run `chairside gmail connect", doctor().stdout)

    def test_a_missing_file_stops_the_start_with_a_sentence(self, doctor: Command) -> None:
        refused = doctor()
        assert refused.returncode == 1
        assert "GOOGLE_CREDENTIALS_FILE cannot be read" in refused.stdout
        assert "Traceback" not in refused.stdout + refused.stderr

    @pytest.mark.parametrize("missing", ["GMAIL_MAILBOX", "GOOGLE_CREDENTIALS_FILE"])
    def test_a_missing_setting_is_named(self, doctor: Command, missing: str) -> None:
        refused = doctor(**{missing: ""})
        assert (refused.returncode, missing in refused.stdout) == (2, True)


class TestKeeping:
    def test_a_failed_write_leaves_the_old_file(self, tmp_path: Path) -> None:
        file = written(tmp_path / "gmail.json", "old")
        with pytest.raises(TypeError):
            write_secret(file, {"key": object()})
        assert file.read_text() == "old"
        assert list(tmp_path.iterdir()) == [file]

    def test_an_open_file_is_closed_to_others(self, tmp_path: Path) -> None:
        file = written(tmp_path / "gmail.json", "old")
        file.chmod(0o644)
        write_secret(file, {"new": True})
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
