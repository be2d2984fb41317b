"""Several real app processes over one database, behind the round-robin that `make replicas` starts (trust.md 5)."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from tests.server import ADMIN_EMAIL, ADMIN_PASSWORD, RunningServer, free_port, start_replicas

REPLICAS = 3
NOTICED_WITHIN_SECONDS, TAKES_CONNECTIONS_WITHIN_SECONDS = 0.6, 30
"""The round-robin asks every replica twice a second."""
ENDS_WITHIN_SECONDS = 40
"""Longer than the product promises: a test that measures the promise must be able to see it broken."""


@dataclass(frozen=True, slots=True)
class Stop:
    """How one replica ended after the signal."""

    code: int
    seconds: float


@dataclass
class Cluster:
    """The replicas, and the address that whoever knows nothing of replicas uses."""

    base_url: str
    port: int
    servers: list[RunningServer]

    @property
    def environment(self) -> dict[str, str]:
        """What every replica was started with."""
        return self.servers[0].environment

    def sign_in(self, base_url: str | None = None) -> httpx2.Client:
        """A client with the admin's token, at the round-robin or at one replica; whoever asks closes it."""
        http = httpx2.Client(base_url=f"{base_url or self.base_url}/api/v1", timeout=60)
        answer = http.post("/auth/login", json={"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD})
        answer.raise_for_status()
        http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return http

    def start_again(self, server: RunningServer) -> float:
        """Start a stopped replica; returns how many seconds passed until the round-robin had taken it in."""
        began = time.monotonic()
        server.restart()
        time.sleep(NOTICED_WITHIN_SECONDS)
        return time.monotonic() - began


def stop(server: RunningServer, *, told_by: signal.Signals = signal.SIGTERM) -> Stop:
    """End it as a supervisor would, with whatever is open left open."""
    began = time.monotonic()
    server.process.send_signal(told_by)
    return Stop(server.process.wait(ENDS_WITHIN_SECONDS), time.monotonic() - began)


@contextmanager
def start_cluster(mongodb_uri: str, data_dir: Path, *, replicas: int = REPLICAS, **changes: str) -> Iterator[Cluster]:
    """So many ready replicas behind a round-robin, with one clock file and one pause file for all of them.

    Each works the jobs, unless `changes` say otherwise.
    """
    port = free_port()
    base_url = f"http://127.0.0.1:{port}"
    shared = {"PUBLIC_BASE_URL": base_url, "SCHEDULER": "on"} | changes
    with start_replicas(mongodb_uri, [data_dir] * replicas, **shared) as servers:
        balancer = _balance(port, [server.port for server in servers])
        try:
            cluster = Cluster(base_url, port, servers)
            _wait_until_balanced(cluster)
            yield cluster
        finally:
            balancer.terminate()
            balancer.wait(ENDS_WITHIN_SECONDS)


def _balance(port: int, replicas: list[int]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "scripts.round_robin", str(port), *map(str, replicas)]
    return subprocess.Popen(command)


def _wait_until_balanced(cluster: Cluster) -> None:
    deadline = time.monotonic() + TAKES_CONNECTIONS_WITHIN_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx2.get(f"{cluster.base_url}/health/live", timeout=5).status_code == 200:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.1)
    raise TimeoutError("the round-robin takes no connections")
