"""The embedded database with real processes: shared, killed, left over, moved and missing (operations.md)."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from pymongo import MongoClient

from app.database.embedded import start_embedded
from app.database.mongod_binary import EmbeddedMongoError, MongodBinary, find_mongod

# An application that starts the database, says where it is, and then hangs.
APPLICATION = """
import sys, time
from pathlib import Path
from app.database.embedded import start_embedded
mongo = start_embedded(Path(sys.argv[1]))
print(mongo.pid, mongo.owned, mongo.uri, flush=True)
time.sleep(600)
"""


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with TemporaryDirectory(prefix="chairside-") as directory:
        yield Path(directory)


@pytest.fixture
def application(data_dir: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([sys.executable, "-c", APPLICATION, str(data_dir)], stdout=subprocess.PIPE, text=True)
    with process:
        yield process
        process.kill()


def announced(process: subprocess.Popen[str]) -> tuple[int, bool, str]:
    """The (pid, owned, uri) that the application printed."""
    assert process.stdout is not None
    pid, owned, uri = process.stdout.readline().split()
    return int(pid), owned == "True", uri


def insert(uri: str, **document: Any) -> None:
    with MongoClient[dict[str, Any]](uri, w="majority") as client:
        client.clinic.notes.insert_one(document)


def count(uri: str) -> int:
    with MongoClient[dict[str, Any]](uri) as client:
        return client.clinic.notes.count_documents({})


def is_alive(pid: int) -> bool:
    """False for a process that ended, reaped or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(condition: Callable[[], bool], *, seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


class TestStartEmbedded:
    def test_it_listens_on_loopback_only_and_takes_transactions(self, data_dir: Path) -> None:
        with start_embedded(data_dir) as mongo, MongoClient[dict[str, Any]](mongo.uri) as client:
            notes = client.clinic.notes
            with client.start_session() as session, session.start_transaction():
                notes.insert_one({"text": "rolled back"}, session=session)
                session.abort_transaction()
            with client.start_session() as session, session.start_transaction():
                notes.insert_one({"text": "kept"}, session=session)
            options = client.admin.command("getCmdLineOpts")["parsed"]
            assert [note["text"] for note in notes.find()] == ["kept"]
            assert options["net"]["bindIp"] == "127.0.0.1"
            assert options["storage"]["dbPath"] == str(data_dir.resolve() / "mongo" / "db")

    def test_the_data_and_the_port_are_there_at_the_next_start(self, data_dir: Path) -> None:
        with start_embedded(data_dir) as mongo:
            insert(mongo.uri, text="first run")
        with start_embedded(data_dir) as again:
            assert count(again.uri) == 1
            assert again.uri == mongo.uri

    def test_a_killed_mongod_loses_nothing(self, data_dir: Path) -> None:
        with start_embedded(data_dir) as mongo:
            insert(mongo.uri, text="acknowledged")
            os.kill(mongo.pid, signal.SIGKILL)
            wait_until(lambda: not is_alive(mongo.pid))
        with start_embedded(data_dir) as again:
            assert count(again.uri) == 1

    def test_it_moves_when_its_port_is_taken(self, data_dir: Path) -> None:
        with start_embedded(data_dir) as mongo:
            insert(mongo.uri, text="before the move")
        with TemporaryDirectory(prefix="chairside-") as other:
            instance = data_dir / "mongo" / "instance.json"
            (Path(other) / "mongo").mkdir()
            (Path(other) / "mongo" / "instance.json").write_text(instance.read_text())
            with start_embedded(Path(other)) as squatter, start_embedded(data_dir) as moved:
                assert squatter.uri == mongo.uri != moved.uri
                assert count(moved.uri) == 1

    def test_ctrl_c_in_the_terminal_does_not_reach_mongod(self, data_dir: Path) -> None:
        with start_embedded(data_dir) as mongo:
            assert os.getsid(mongo.pid) != os.getsid(0)

    def test_a_second_stop_does_nothing(self, data_dir: Path) -> None:
        mongo = start_embedded(data_dir)
        mongo.stop()
        mongo.stop()
        assert not is_alive(mongo.pid)

    def test_a_mongod_that_cannot_run_is_reported_in_its_own_words(self, data_dir: Path) -> None:
        broken = data_dir / "mongod"
        broken.write_text("#!/bin/sh\necho 'libcrypto.so.3: cannot open shared object file'\nexit 127\n")
        broken.chmod(0o755)
        with pytest.raises(EmbeddedMongoError, match=r"code 127: libcrypto\.so\.3"):
            start_embedded(data_dir, binary=MongodBinary(broken, bundled=False))
        with start_embedded(data_dir) as mongo:
            assert mongo.owned


class TestSharing:
    def test_two_starts_share_one_mongod_and_only_the_owner_stops_it(self, data_dir: Path) -> None:
        owner = start_embedded(data_dir)
        sharer = start_embedded(data_dir)
        assert (sharer.uri, sharer.pid) == (owner.uri, owner.pid)
        assert (owner.owned, sharer.owned) == (True, False)
        sharer.stop()
        insert(owner.uri, text="still here")
        owner.stop()
        assert not is_alive(owner.pid)

    def test_two_processes_that_start_together_end_up_with_one(
        self, data_dir: Path, application: subprocess.Popen[str]
    ) -> None:
        with start_embedded(data_dir) as ours:
            pid, owned, uri = announced(application)
            assert (pid, uri) == (ours.pid, ours.uri)
            assert owned is not ours.owned

    def test_a_stale_port_that_now_belongs_to_another_mongod_is_not_shared(self, data_dir: Path) -> None:
        with TemporaryDirectory(prefix="chairside-") as other, start_embedded(Path(other)) as stranger:
            instance = {"pid": 1, "port": int(stranger.uri.split(":")[2].split("/")[0])}
            (data_dir / "mongo").mkdir()
            (data_dir / "mongo" / "instance.json").write_text(json.dumps(instance))
            with start_embedded(data_dir) as mongo:
                assert mongo.owned
                assert mongo.uri != stranger.uri


class TestKilledApplication:
    def test_mongod_ends_cleanly_with_an_application_that_was_killed(
        self, data_dir: Path, application: subprocess.Popen[str]
    ) -> None:
        pid, _, uri = announced(application)
        insert(uri, text="acknowledged")
        application.kill()
        wait_until(lambda: not is_alive(pid))
        assert "Now exiting" in (data_dir / "mongo" / "mongod.log").read_text()

    def test_an_immediate_restart_waits_for_it_and_finds_the_data(
        self, data_dir: Path, application: subprocess.Popen[str]
    ) -> None:
        pid, _, uri = announced(application)
        insert(uri, text="acknowledged")
        application.kill()
        application.wait()
        with start_embedded(data_dir) as again:
            assert again.owned
            assert again.pid != pid
            assert count(again.uri) == 1

    def test_a_mongod_without_leash_or_owner_is_ended_and_replaced(self, data_dir: Path) -> None:
        start_embedded(data_dir).stop()
        binary, dbpath = find_mongod(), data_dir / "mongo" / "db"
        command = [str(binary.path), "--dbpath", str(dbpath), "--port", "0", "--bind_ip", "127.0.0.1", "--nounixsocket"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as orphan:
            wait_until(lambda: (dbpath / "mongod.lock").read_text().strip() == str(orphan.pid))
            with start_embedded(data_dir) as mongo:
                assert mongo.owned
                assert orphan.wait() == 0


class TestFindMongod:
    def test_the_one_on_path_comes_first(self, tmp_path: Path) -> None:
        mongod = tmp_path / "mongod"
        mongod.write_text("#!/bin/sh\n")
        mongod.chmod(0o755)
        assert find_mongod(search_path=str(tmp_path)) == MongodBinary(mongod, bundled=False)

    def test_a_missing_one_says_what_to_install_or_set(self, tmp_path: Path) -> None:
        with pytest.raises(EmbeddedMongoError, match=r"install MongoDB.*chairside\[embedded\].*MONGODB_URI"):
            find_mongod(search_path=str(tmp_path), distribution="no-such-distribution")

    def test_a_distribution_without_the_program_counts_as_missing(self, tmp_path: Path) -> None:
        with pytest.raises(EmbeddedMongoError):
            find_mongod(search_path=str(tmp_path), distribution="pytest")

    def test_the_bundled_one_announces_itself(self, data_dir: Path, caplog: pytest.LogCaptureFixture) -> None:
        mongod = MongodBinary(find_mongod().path, bundled=True)
        with start_embedded(data_dir, binary=mongod):
            pass
        assert "never for production" in caplog.text
