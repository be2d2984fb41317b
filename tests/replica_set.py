"""Three mongod processes on loopback as one replica set, to kill the primary of (trust.md 2.2)."""

import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from app.database.mongod_binary import find_mongod
from app.database.mongod_process import LOOPBACK, REPLICA_SET, MongodProcess, choose_port

ELECTION_TIMEOUT_MS = 2_000
"""Instead of 10 seconds: the outages stay as many and become shorter."""
PATIENCE_SECONDS = 60.0


@dataclass
class ReplicaSet:
    """Three members to kill, freeze and bring back, the primary alone or all at once."""

    folder: Path
    ports: list[int] = field(default_factory=list)
    members: dict[int, MongodProcess] = field(default_factory=dict)

    def __enter__(self) -> Self:
        for _ in range(3):
            port = choose_port(None)
            self.ports.append(port)
            self._start(port)
        self._configure()
        self.wait_for_primary()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.thaw()
        for member in self.members.values():
            member.stop()

    @property
    def uri(self) -> str:
        hosts = ",".join(f"{LOOPBACK}:{port}" for port in self.ports)
        return f"mongodb://{hosts}/?replicaSet={REPLICA_SET}"

    def kill_primary(self) -> int:
        """Kill -9 the primary, wait for another one, start the killed member again. Returns its port."""
        port = self.wait_for_primary()
        member = self.members[port]
        member.mongod.kill()
        member.mongod.wait()
        member.stop()
        while self.wait_for_primary() == port:
            time.sleep(0.05)
        self._start(port)
        return port

    def kill_all(self) -> None:
        """Kill -9 every member: connections to them break at once."""
        for member in self.members.values():
            member.mongod.kill()
        for member in self.members.values():
            member.mongod.wait()
            member.stop()

    def start_all(self) -> None:
        """Start the killed members again; a primary is elected a moment later."""
        for port in self.ports:
            self._start(port)

    def freeze(self) -> None:
        """SIGSTOP every member: connections to them stay open and answer nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let frozen members go on; the others do not notice."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        for member in self.members.values():
            if member.mongod.poll() is None:
                member.mongod.send_signal(number)

    def wait_for_primary(self) -> int:
        """The port of the member that takes writes now."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            for port in self.ports:
                if self._takes_writes(port):
                    return port
            time.sleep(0.05)
        raise TimeoutError("no primary was elected")

    def _takes_writes(self, port: int) -> bool:
        if self.members[port].mongod.poll() is not None:
            return False
        try:
            with self._client(port) as client:
                return bool(client.admin.command("hello")["isWritablePrimary"])
        except PyMongoError:
            return False

    def _start(self, port: int) -> None:
        dbpath = self.folder / str(port)
        dbpath.mkdir(parents=True, exist_ok=True)
        log = self.folder / f"{port}.log"
        self.members[port] = MongodProcess.start(find_mongod(), dbpath=dbpath, port=port, log_file=log)
        self.members[port].wait_until_listening(time.monotonic() + PATIENCE_SECONDS)

    def _configure(self) -> None:
        members = [{"_id": number, "host": f"{LOOPBACK}:{port}"} for number, port in enumerate(self.ports)]
        settings = {"electionTimeoutMillis": ELECTION_TIMEOUT_MS}
        config = {"_id": REPLICA_SET, "members": members, "settings": settings}
        with self._client(self.ports[0]) as client:
            client.admin.command("replSetInitiate", config)

    def _client(self, port: int) -> MongoClient[dict[str, Any]]:
        return MongoClient(LOOPBACK, port, directConnection=True, serverSelectionTimeoutMS=2_000)
