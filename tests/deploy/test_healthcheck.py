"""The image's HEALTHCHECK, as the process that it is, against servers that are well, ill, silent and away."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.server import free_port

SCRIPT = Path(__file__).parents[2] / "deploy" / "healthcheck.py"
OWN = {"PUBLIC_BASE_URL": "https://crm.example.com"}


def ask(port: int, **environment: str) -> int:
    own = {name: value for name, value in os.environ.items() if name != "ALLOWED_HOSTS"} | OWN | environment
    return subprocess.run([sys.executable, str(SCRIPT), str(port)], env=own, check=False, timeout=60).returncode


@contextmanager
def server(status: int) -> Iterator[tuple[int, list[tuple[str, str]]]]:
    """Answers with this status, and what it was asked for under which name."""
    asked: list[tuple[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers["Host"]))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield running.server_port, asked
        finally:
            running.shutdown()
            thread.join()


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1), (400, 1)])
def test_only_200_is_healthy(status: int, code: int) -> None:
    with server(status) as (port, _):
        assert ask(port) == code


def test_it_asks_under_the_servers_own_name() -> None:
    with server(200) as (port, asked):
        ask(port)
        ask(port, ALLOWED_HOSTS="desk.example.com,crm.example.com")
    assert asked == [("/health/ready", "crm.example.com"), ("/health/ready", "desk.example.com")]


def test_nobody_there() -> None:
    assert ask(free_port()) == 1


def test_a_server_that_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert ask(silent.getsockname()[1]) == 1
