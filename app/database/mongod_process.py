"""One mongod child process on a leash: it ends cleanly when its owner ends, however the owner ends (operations.md)."""

import os
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from app.database.mongod_binary import EmbeddedMongoError, MongodBinary

LOOPBACK = "127.0.0.1"
REPLICA_SET = "chairside"
STOP_SECONDS = 15.0
POLL_SECONDS = 0.02

# A development database: loopback only, small, quiet, no server-side scripts, no unix socket.
MONGOD_OPTIONS = (
    *("--bind_ip", LOOPBACK, "--replSet", REPLICA_SET, "--nounixsocket", "--noscripting", "--quiet"),
    *("--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "64"),
    # Three journal files are allocated ahead: 48 MB of disk instead of the default's 300 MB.
    *("--wiredTigerEngineConfigString", "log=(file_max=16MB)"),
    *("--setParameter", "diagnosticDataCollectionEnabled=false"),
    # What a killed application was writing is let go after 15-23 s instead of 60-90: its slot is bookable again.
    *("--setParameter", "transactionLifetimeLimitSeconds=15"),
)

# Blocks on a pipe that only the owner holds. The kernel closes it when the owner ends, kill -9 included. Unlike Linux's
# parent-death signal, this does not fire when merely the thread that started mongod ends.
LEASH = 'read -r _; kill -TERM "$1"'


@dataclass(frozen=True, slots=True)
class MongodProcess:
    """A mongod of ours, listening on loopback or about to."""

    mongod: subprocess.Popen[bytes]
    leash: subprocess.Popen[bytes]
    port: int
    log_file: Path

    @classmethod
    def start(cls, binary: MongodBinary, *, dbpath: Path, port: int, log_file: Path) -> Self:
        """Start mongod on `dbpath`; what it prints goes to `log_file`, the run before is kept as `*.previous`."""
        if log_file.exists():
            log_file.replace(log_file.with_suffix(".previous"))
        command = [str(binary.path), "--dbpath", str(dbpath), "--port", str(port), *MONGOD_OPTIONS]
        # A session of their own: Ctrl-C in the terminal reaches the application only, which stops them when it is done.
        with log_file.open("wb") as log:
            mongod = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        return cls(mongod=mongod, leash=_leash(mongod.pid), port=port, log_file=log_file)

    def wait_until_listening(self, deadline: float) -> None:
        """Return when the port answers; `deadline` is a `time.monotonic()`. Raises EmbeddedMongoError."""
        while not is_listening(self.port):
            if (code := self.mongod.poll()) is not None:
                raise EmbeddedMongoError(
                    f"mongod ended with code {code}: {self.last_complaint()} (all of it: {self.log_file})"
                )
            if time.monotonic() > deadline:
                raise EmbeddedMongoError(f"mongod did not listen in time; see {self.log_file}")
            time.sleep(POLL_SECONDS)

    def last_complaint(self) -> str:
        """The last error in mongod's log, else its last line."""
        lines = self.log_file.read_text(encoding="utf-8", errors="replace").splitlines()
        errors = [line for line in lines if '"s":"F"' in line or '"s":"E"' in line]
        return (errors or lines or ["it printed nothing"])[-1][:600]

    def stop(self) -> None:
        """End mongod cleanly (about a second), by force after STOP_SECONDS: its journal keeps acknowledged writes."""
        # The leash goes first: it must never signal a process id that has been given to somebody else.
        self.leash.kill()
        self.leash.communicate()
        self.mongod.terminate()
        try:
            self.mongod.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.mongod.kill()
            self.mongod.wait()


def is_listening(port: int) -> bool:
    """True when something accepts connections on this loopback port."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=1.0).close()
    except OSError:
        return False
    return True


def choose_port(preferred: int | None) -> int:
    """The preferred loopback port when it is free, else any free one."""
    for port in (preferred, 0):
        if port is not None and (free := _bindable(port)):
            return free
    raise EmbeddedMongoError("no free port on 127.0.0.1 for the embedded database")


def _bindable(port: int) -> int | None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return None
        return int(probe.getsockname()[1])


def _leash(pid: int) -> subprocess.Popen[bytes]:
    command = ["/bin/sh", "-c", LEASH, "chairside-leash", str(pid)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, cwd=os.sep, start_new_session=True)
