"""The embedded database: a mongod that development, the demo and the tests start for themselves (operations.md).

One process owns it by a file lock that the kernel frees however the owner ends. Others that start on the same data
directory share it, for as long as the owner lives. Data that was acknowledged survives kill -9 of either side.
"""

import fcntl
import json
import logging
import os
import signal
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from app.database.mongod_binary import EmbeddedMongoError, MongodBinary, find_mongod
from app.database.mongod_process import LOOPBACK, POLL_SECONDS, REPLICA_SET, MongodProcess, choose_port
from app.database.replica_set import ensure_primary, primary_pid

log = logging.getLogger(__name__)

START_SECONDS = 30.0
BUNDLED_WARNING = (
    "starting the bundled MongoDB 6.0.5: a development aid without password or security updates, "
    "never for production (set MONGODB_URI there)"
)


@dataclass(frozen=True)
class EmbeddedMongo:
    """A running embedded database. `owned`: this call started it, so its `stop` ends it; a sharer's `stop` does not."""

    uri: str
    pid: int
    owned: bool
    _resources: ExitStack = field(repr=False, compare=False)

    def stop(self) -> None:
        """End the mongod when this is its owner. Safe to call twice."""
        self._resources.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start_embedded(data_dir: Path, *, binary: MongodBinary | None = None) -> EmbeddedMongo:
    """Start a one-node replica set on `<data_dir>/mongo`, or share the one that runs there. Blocks, about a second.

    Raises EmbeddedMongoError, whose sentence says what to install, set or stop.
    """
    directory = data_dir.resolve() / "mongo"
    directory.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if (ownership := _take_ownership(directory)) is not None:
            return _start_owned(directory, ownership, binary, deadline)
        if (shared := _share(directory)) is not None:
            return shared
        time.sleep(POLL_SECONDS)
    raise EmbeddedMongoError(f"another process holds {directory} but its database does not answer: stop that process")


def _take_ownership(directory: Path) -> IO[str] | None:
    """Lock the directory for as long as this process lives; None when another one has it."""
    lock = (directory / "owner.lock").open("a")
    if _lock(lock):
        return lock
    lock.close()
    return None


def _lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _start_owned(directory: Path, ownership: IO[str], binary: MongodBinary | None, deadline: float) -> EmbeddedMongo:
    with ExitStack() as resources:
        resources.enter_context(ownership)
        mongod = _start_mongod(directory, binary or find_mongod(), deadline)
        resources.callback(mongod.stop)
        mongod.wait_until_listening(deadline)
        ensure_primary(mongod.port, deadline)
        _write_instance(directory, pid=mongod.mongod.pid, port=mongod.port)
        return EmbeddedMongo(_uri(mongod.port), mongod.mongod.pid, owned=True, _resources=resources.pop_all())


def _start_mongod(directory: Path, binary: MongodBinary, deadline: float) -> MongodProcess:
    dbpath = directory / "db"
    dbpath.mkdir(exist_ok=True)
    _end_leftover(dbpath, deadline)
    if binary.bundled:
        log.warning(BUNDLED_WARNING)
    # The port of the run before, if free: bookmarks keep working and the replica set need not be moved.
    port = choose_port(_read_instance(directory).get("port"))
    return MongodProcess.start(binary, dbpath=dbpath, port=port, log_file=directory / "mongod.log")


def _end_leftover(dbpath: Path, deadline: float) -> None:
    """Wait for a mongod whose owner was killed; it is on its way out, or is told to go if its leash was killed too."""
    mongod_lock = dbpath / "mongod.lock"
    if not mongod_lock.exists():
        return
    with mongod_lock.open("r+") as lock:
        pid = lock.read().strip()
        while not _lock(lock):  # mongod holds this lock for life, so the process id in it is the holder's
            if time.monotonic() > deadline:
                raise EmbeddedMongoError(f"mongod {pid} still holds {dbpath}: stop it")
            if pid:
                with suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGTERM)
                pid = ""
            time.sleep(POLL_SECONDS)


def _share(directory: Path) -> EmbeddedMongo | None:
    """The owner's database once it takes writes; the process id proves that the port is still its own."""
    instance = _read_instance(directory)
    if not instance or primary_pid(instance["port"]) != instance["pid"]:
        return None
    return EmbeddedMongo(_uri(instance["port"]), instance["pid"], owned=False, _resources=ExitStack())


def _uri(port: int) -> str:
    return f"mongodb://{LOOPBACK}:{port}/?replicaSet={REPLICA_SET}"


def _read_instance(directory: Path) -> dict[str, int]:
    try:
        instance: dict[str, int] = json.loads((directory / "instance.json").read_text())
    except FileNotFoundError:
        return {}
    return instance


def _write_instance(directory: Path, *, pid: int, port: int) -> None:
    """Replace the file in one step: a sharer reads the old or the new, never half."""
    fresh = directory / "instance.json.new"
    fresh.write_text(json.dumps({"pid": pid, "port": port}))
    fresh.replace(directory / "instance.json")
