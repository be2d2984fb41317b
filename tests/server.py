"""A real uvicorn process of the product, which a test may kill and start again over the same database."""

import os
import signal
import socket
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pymongo
from pymongo.database import Database

from tests.warm import Command

ADMIN_EMAIL, ADMIN_PASSWORD = "admin@example.com", "an-admin-password"
READY_WITHIN_SECONDS = 180
CLOCK_FILE, PAUSE_FILE = "clock", "pause"
INCOMING_SECRET = "a-secret-that-only-tests-know-32b"


@dataclass
class RunningServer:
    """The process and how to reach it. `environment` is what it was started with."""

    base_url: str
    port: int
    environment: dict[str, str]
    data_dir: Path
    process: Command = field(repr=False)
    clients: list[httpx2.Client] = field(default_factory=list, repr=False)

    def sign_in(self) -> httpx2.Client:
        """A client with the admin's token and a generous timeout."""
        http = httpx2.Client(base_url=f"{self.base_url}/api/v1", timeout=60)
        self.clients.append(http)
        answer = http.post("/auth/login", json={"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD})
        answer.raise_for_status()
        http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return http

    def forward(self, **span: float) -> None:
        """Move the server's clock, from the next request on."""
        clock = self.data_dir / CLOCK_FILE
        moved = float(clock.read_text() or 0) if clock.exists() else 0.0
        clock.write_text(str(moved + timedelta(**span).total_seconds()))

    @contextmanager
    def database(self) -> Iterator[Database[dict[str, Any]]]:
        """The server's database, to look at what HTTP does not show."""
        client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(self.environment["MONGODB_URI"])
        with client:
            yield client[self.environment["MONGODB_DATABASE"]]

    def kill(self) -> None:
        """kill -9: no goodbye, no clean-up."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=10)

    def stop(self) -> None:
        """SIGTERM, as a supervisor would; the clients of this life of the server are closed with it."""
        while self.clients:
            self.clients.pop().close()
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=30)

    def restart(self, **changes: str) -> None:
        """Start again over the same database and port, with some settings changed (an empty value removes one)."""
        self.stop()
        environment = {name: value for name, value in (self.environment | changes).items() if value}
        self.process = _spawn(self.port, environment)
        wait_until_ready(self)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def start_server(mongodb_uri: str, data_dir: Path, **changes: str) -> Iterator[RunningServer]:
    """A ready server with an admin, sandbox channels and no rate limits; stopped at the end."""
    with start_replicas(mongodb_uri, [data_dir], **changes) as (server,):
        yield server


@contextmanager
def start_replicas(mongodb_uri: str, data_dirs: Sequence[Path], **changes: str) -> Iterator[list[RunningServer]]:
    """One such server for each folder over the same database; links name the address of the first."""
    ports = [free_port() for _ in data_dirs]
    shared = _environment(mongodb_uri, f"http://127.0.0.1:{ports[0]}")
    servers: list[RunningServer] = []
    try:
        for port, data_dir in zip(ports, data_dirs, strict=True):
            environment = shared | _files(data_dir) | changes
            if not servers:
                _migrate(environment)
            process = _spawn(port, environment)
            servers.append(RunningServer(f"http://127.0.0.1:{port}", port, environment, data_dir, process))
        for server in servers:
            wait_until_ready(server)
        yield servers
    finally:
        for server in servers:
            server.stop()


def _environment(mongodb_uri: str, public_base_url: str) -> dict[str, str]:
    return {
        "CHAIRSIDE_ENV": "test",
        "MONGODB_URI": mongodb_uri,
        "MONGODB_DATABASE": f"server_{uuid.uuid4().hex[:12]}",
        "PUBLIC_BASE_URL": public_base_url,
        "ADMIN_EMAIL": ADMIN_EMAIL,
        "ADMIN_PASSWORD": ADMIN_PASSWORD,
        "INCOMING_MESSAGE_SECRET": INCOMING_SECRET,
        "RATE_LIMITS": "off",
        "SCHEDULER": "off",
        "LOG_LEVEL": "WARNING",
        "REPLY_AFTER_SECONDS": "0",
    }


def _files(data_dir: Path) -> dict[str, str]:
    return {
        "CHAIRSIDE_DATA_DIR": str(data_dir),
        "CHAIRSIDE_CLOCK_FILE": str(data_dir / CLOCK_FILE),
        "CHAIRSIDE_PAUSE_FILE": str(data_dir / PAUSE_FILE),
    }


def _spawn(port: int, environment: dict[str, str]) -> Command:
    return Command("serve", "--port", str(port), environment=_clean(environment))


def _migrate(environment: dict[str, str]) -> None:
    code = Command("migrate", environment=_clean(environment)).wait()
    assert code == 0, f"`chairside migrate` ended with {code}"


def _clean(environment: dict[str, str]) -> dict[str, str]:
    """The machine's environment without the developer's own settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CHAIRSIDE_")}
    return kept | environment


def wait_until_ready(server: RunningServer) -> None:
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            raise RuntimeError(f"the server ended with {server.process.returncode}")
        try:
            if httpx2.get(f"{server.base_url}/health/ready", timeout=5).status_code == 200:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.05)
    raise TimeoutError("the server did not become ready")
