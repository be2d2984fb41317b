"""What `chairside doctor` looks at on this machine, before any database: folders, files, the port, the settings."""

import asyncio
import errno
import http.client
import json
import os
import socket
import stat
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from app.services import version_floors
from app.services.doctor_findings import Finding, ok, problem, warning, without_secrets
from app.settings import LOOPBACK, ChannelChoice, Settings, Switch

PORT_SECONDS = 2.0
UPDATE_PACKAGES = "run `python -m pip install --require-hashes --requirement requirements/runtime.lock`"
OPEN_TO_OTHERS = stat.S_IRWXG | stat.S_IRWXO
LANGSMITH = ("LANGSMITH_TRACING", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING", "LANGCHAIN_TRACING_V2")

MENDS: Mapping[str, str] = {
    "JWT_SECRET": "set JWT_SECRET to what `openssl rand -base64 48` prints",
    "MONGODB_URI": "set MONGODB_URI to a replica set",
    "CHANNEL_EMAIL": "set CHANNEL_EMAIL, CHANNEL_SMS and CHANNEL_WHATSAPP to gmail, twilio or none",
    "PUBLIC_BASE_URL": "set PUBLIC_BASE_URL to the https address of your proxy",
    "RATE_LIMITS": "set RATE_LIMITS=on",
    "GMAIL_API_URL": "remove GMAIL_API_URL",
    "TWILIO_API_URL": "remove TWILIO_API_URL",
}
"""What mends each sentence of `Settings.production_problems`, by the setting that it begins with."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the server is to run: its settings, its address, and the environment it is started with."""

    settings: Settings
    host: str
    port: int
    environment: Mapping[str, str]


async def look_around(place: Place) -> list[Finding]:
    """Every look at this machine, in the table's order; none needs a database, none raises."""
    found = await asyncio.gather(*(asyncio.to_thread(look, place) for look in LOOKS))
    return [without_secrets(finding, place.settings) for findings in found for finding in findings]


def for_production(problems: list[str], *, in_force: bool) -> list[Finding]:
    """One finding for each sentence of `Settings.production_problems`; outside production they are warnings."""
    tell = problem if in_force else warning
    when = "" if in_force else " before CHAIRSIDE_ENV=production"
    return [tell("settings", sentence, f"{_mend(sentence)}{when}") for sentence in problems]


def _mend(sentence: str) -> str:
    name = sentence.split(" ", maxsplit=1)[0].rstrip(",")
    return MENDS.get(name, f"change {name}")


def _unsafe_settings(place: Place) -> list[Finding]:
    settings = place.settings
    found = for_production(settings.production_problems(), in_force=settings.is_production)
    return found or [ok("settings", "fit for production")]


def _versions(place: Place) -> list[Finding]:
    """Packages with known holes: production does not start with them (trust.md 4.6)."""
    tell = problem if place.settings.is_production else warning
    return [tell("versions", sentence, UPDATE_PACKAGES) for sentence in version_floors.package_problems()]


def _langsmith(place: Place) -> list[Finding]:
    """LangGraph would send every run there, patients' words included (stack.md 5)."""
    on = [name for name in LANGSMITH if place.environment.get(name, "").strip().lower() not in ("", "0", "false")]
    if not on:
        return []
    says = f"{on[0]} sends patients' messages to LangSmith"
    if place.settings.chairside_allow_langsmith is Switch.ON:
        return [warning("LangSmith", says, f"unset {on[0]} unless a contract covers it")]
    return [problem("LangSmith", says, f"unset {on[0]}")]


def _connection_is_private(place: Place) -> list[Finding]:
    """Patients' records travel between this machine and the database."""
    uri = place.settings.mongodb_uri.get_secret_value()
    hosts = [
        name.rpartition(":")[0] or name for name in uri.partition("://")[2].split("/")[0].split("@")[-1].split(",")
    ]
    if not uri or all(host in LOOPBACK for host in hosts):
        return []
    found = []
    if "@" not in uri and "authmechanism" not in uri.lower():
        found.append(
            warning("connection", "MONGODB_URI names no user", "set MONGODB_URI with the user of go-to-production.md")
        )
    if not uri.startswith("mongodb+srv://") and "tls=true" not in uri.lower() and "ssl=true" not in uri.lower():
        found.append(warning("connection", "records travel to the database in clear", "add tls=true to MONGODB_URI"))
    return found


def _private_files(place: Place) -> list[Finding]:
    """Secrets in files that other users of this machine may read."""
    files = {".env": Path(".env"), "GOOGLE_CREDENTIALS_FILE": place.settings.google_credentials_file}
    found = []
    for name, file in files.items():
        if file is not None and file.is_file() and file.stat().st_mode & OPEN_TO_OTHERS:
            found.append(warning("files", f"{name} can be read by others", f"run `chmod 600 {file}`"))
    return found


def _data_folder(place: Place) -> list[Finding]:
    """The embedded database lives there; with MONGODB_URI nothing is written, so a read-only disk will do."""
    folder = place.settings.chairside_data_dir
    if place.settings.mongodb_uri.get_secret_value():
        return []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        says = f"nothing can be written to {folder.resolve()}: {error.strerror}"
        return [problem("data folder", says, "set CHAIRSIDE_DATA_DIR to a folder of this user's own")]
    return [ok("data folder", f"{folder.resolve()} takes files")]


def _port(place: Place) -> list[Finding]:
    """Free, or Chairside itself is there already; anything else keeps `chairside serve` from starting."""
    at = f"{place.host}:{place.port}"
    refusal = _binding_refused(place.host, place.port)
    if refusal is None:
        return [ok("port", f"{at} is free")]
    if refusal.errno == errno.EADDRINUSE and _is_chairside(place):
        return [ok("port", f"Chairside answers at {at}")]
    if refusal.errno == errno.EADDRINUSE:
        mend = "stop that program, or start on another one: `chairside serve --port PORT`"
        return [problem("port", f"another program holds {at}", mend)]
    mend = "name an address of this machine and a port above 1023: `chairside serve --host HOST --port PORT`"
    return [problem("port", f"{at} cannot be listened on: {refusal.strerror}", mend)]


def _binding_refused(host: str, port: int) -> OSError | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            return error
    return None


def _is_chairside(place: Place) -> bool:
    """True when the liveness route answers; asked under our own name, because production knows no other."""
    name = (place.settings.allowed_hosts or (urlsplit(place.settings.public_base_url).hostname or place.host,))[0]
    answering = "127.0.0.1" if place.host in ("", "0.0.0.0") else place.host  # noqa: S104 - compared, not listened on
    connection = http.client.HTTPConnection(answering, place.port, timeout=PORT_SECONDS)
    try:
        connection.request("GET", "/health/live", headers={"Host": name.removeprefix("*.")})
        return bool(json.loads(connection.getresponse().read(1_000)) == {"status": "live"})
    except (OSError, ValueError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _first_admin(place: Place) -> list[Finding]:
    if not (place.settings.is_production and place.settings.admin_password.get_secret_value()):
        return []
    return [warning("settings", "ADMIN_PASSWORD still stands there", "remove ADMIN_PASSWORD once you have signed in")]


def _channels(place: Place) -> list[Finding]:
    chosen = {
        "CHANNEL_EMAIL": place.settings.channel_email,
        "CHANNEL_SMS": place.settings.channel_sms,
        "CHANNEL_WHATSAPP": place.settings.channel_whatsapp,
    }
    said = ", ".join(f"{name.removeprefix('CHANNEL_').lower()} by {choice.value}" for name, choice in chosen.items())
    if all(choice is ChannelChoice.NONE for choice in chosen.values()):
        return [warning("channels", "none: no message reaches a patient", "set CHANNEL_EMAIL=gmail")]
    return [ok("channels", said)]


def _root(_: Place) -> list[Finding]:
    if os.geteuid() != 0:
        return []
    return [warning("user", "runs as root", "start it as a user of its own: `User=chairside` in its systemd unit")]


LOOKS: tuple[Callable[[Place], list[Finding]], ...] = (
    _unsafe_settings,
    _first_admin,
    _versions,
    _langsmith,
    _connection_is_private,
    _private_files,
    _root,
    _data_folder,
    _port,
    _channels,
)
