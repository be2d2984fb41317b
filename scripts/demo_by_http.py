"""Demo clinics for pictures, on a port and a database of their own and at a fixed time: a small one that is set up
through HTTP alone, and the whole one of `serve --demo`.
"""

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2

from app.demo.content.loader import load_clinic, load_providers, load_services
from app.demo.seed import DEMO_EMAIL, DEMO_PASSWORD

MORNING = datetime(2026, 9, 8, 13, 5, tzinfo=UTC)
"""A Tuesday, five past nine at the demo clinic."""
READY_WITHIN_SECONDS = 180
LOGIN = {"email": "admin@example.com", "password": "an-admin-password"}
WHOLE_LOGIN = {"email": DEMO_EMAIL, "password": DEMO_PASSWORD}
ALWAYS = {"send_from": "00:00", "send_until": "24:00", "send_days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]}
FACTS = ("name", "time_zone", "phone", "address", "emergency_phone", "opening_hours", "booking")


@dataclass
class DemoClinic:
    """The running clinic, spoken to as its staff and as its patients."""

    base_url: str
    staff: httpx2.Client
    clock: Path
    """Holds the seconds that the clinic's clock is ahead of ours."""

    def forward(self, *, minutes: int) -> None:
        """Let time pass."""
        self.clock.write_text(str(float(self.clock.read_text()) + minutes * 60))

    def set_up(self) -> None:
        """The demo's facts, services and providers; messages may leave at any hour."""
        content = load_clinic()
        facts: dict[str, Any] = {name: content[name] for name in FACTS}  # type: ignore[literal-required]
        self.ask("PATCH", "/admin/clinic", facts | {"outreach": ALWAYS})
        for service in load_services():
            body = asdict(service) | {"price": float(service.price)}
            self.ask("PUT", f"/admin/services/{body.pop('id')}", body)
        for provider in load_providers().providers:
            login = {"email": provider.email, "password": LOGIN["password"]}
            user = self.ask("POST", "/admin/users", login | {"name": provider.name, "role": "provider"})
            hours = {"weekly": provider.weekly, "services": provider.services}
            self.ask("PUT", f"/admin/providers/{user['user_id']}/schedule", hours)

    def paint(self, accent: str) -> None:
        """Give the clinic a colour."""
        self.ask("PATCH", "/admin/clinic", {"branding": {"accent": accent}})

    def invite(self, name: str, email: str) -> str:
        """A patient whose check-up is due and whom the clinic wrote to: the token of the booking link."""
        due = {"patient_type": "EXISTING", "next_follow_up_date": "2026-09-01"}
        self.ask("POST", "/admin/patients", due | {"name": name, "email": email})
        self.ask("POST", "/admin/jobs/daily-outreach/run")
        return self.token_in_mail(email, r"book\?t=")

    def token_in_mail(self, email: str, before: str) -> str:
        """The token after these words in the newest message."""
        self.ask("POST", "/admin/jobs/drain", {"ignore_window": True})
        messages = self.ask("GET", f"/sandbox/messages?to={email}")["messages"]
        found = [match for message in messages for match in re.findall(before + r"([A-Za-z0-9_-]+)", message["body"])]
        return str(found[-1])

    def take(self, start: str, *, service: str) -> None:
        """Everybody who is free at that instant gets a visit, until nobody is."""
        wish = {"name": "Noah Brown", "email": "noah@example.com", "service_name": service, "appointment_date": start}
        for _ in load_providers().providers:
            token = self.invite("Noah Brown", f"noah-{time.monotonic_ns()}@example.com")
            if self.staff.post("/appointments/book", json=wish | {"token": token}).status_code == 409:
                return

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """The answer of the API. Raises RuntimeError for a refusal."""
        answer = self.staff.request(method, path, json=body)
        if not answer.is_success:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None


@contextmanager
def demo_clinic(**changes: str) -> Iterator[DemoClinic]:
    """A ready server with the embedded database; both are gone at the end."""
    admin = {"ADMIN_EMAIL": LOGIN["email"], "ADMIN_PASSWORD": LOGIN["password"]}
    with _running([], LOGIN, **(admin | changes)) as clinic:
        clinic.set_up()
        yield clinic


@contextmanager
def whole_demo_clinic() -> Iterator[DemoClinic]:
    """The clinic of `make run`: a year of patients, campaigns and conversations."""
    with _running(["--demo"], WHOLE_LOGIN) as clinic:
        yield clinic


@contextmanager
def _running(arguments: list[str], login: dict[str, str], **changes: str) -> Iterator[DemoClinic]:
    with tempfile.TemporaryDirectory() as directory:
        clock = Path(directory) / "clock"
        clock.write_text(str((MORNING - datetime.now(UTC)).total_seconds()))
        port = _free_port()
        environment = {
            "CHAIRSIDE_ENV": "test",
            "CHAIRSIDE_DATA_DIR": directory,
            "CHAIRSIDE_CLOCK_FILE": str(clock),
            "SCHEDULER": "off",
            "RATE_LIMITS": "off",
            "LOG_LEVEL": "WARNING",
        } | changes
        command = [sys.executable, "-m", "app.cli", "serve", "--port", str(port), *arguments]
        with subprocess.Popen(command, env=_clean() | environment) as server:
            try:
                yield _ready(f"http://127.0.0.1:{port}", server, clock, login)
            finally:
                server.terminate()


def _clean() -> dict[str, str]:
    """The machine's environment without the developer's own database and addresses."""
    own = ("CHAIRSIDE_", "MONGODB_", "PUBLIC_BASE_URL")
    return {name: value for name, value in os.environ.items() if not name.startswith(own)}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _ready(base_url: str, server: subprocess.Popen[bytes], clock: Path, login: dict[str, str]) -> DemoClinic:
    staff = httpx2.Client(base_url=f"{base_url}/api/v1", timeout=60)
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while not _answers(base_url):
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("the demo clinic did not start")
        time.sleep(0.1)
    token = staff.post("/auth/login", json=login).json()["access_token"]
    staff.headers["Authorization"] = f"Bearer {token}"
    return DemoClinic(base_url, staff, clock)


def _answers(base_url: str) -> bool:
    try:
        return httpx2.get(f"{base_url}/health/ready", timeout=5).status_code == 200
    except httpx2.TransportError:
        return False
