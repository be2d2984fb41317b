"""Proves the image's steps without an engine: the Dockerfile's own lines in a clean folder, then the image's command.

The server that they made runs with production settings against a replica set that asks for a password, prepared by the
very steps of compose.yaml; the image's own HEALTHCHECK must pass, and SIGTERM must end it. What is left out is printed.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from app.database.mongod_binary import find_mongod
from scripts.dockerfile_steps import Image, Steps, copy_context
from scripts.secured_mongods import secured_mongods
from tests.server import free_port

REPOSITORY = Path(__file__).parents[1]
SETTINGS = REPOSITORY / "deploy" / "chairside.env.example"
READY_WITHIN_SECONDS, STOPS_WITHIN_SECONDS, STEP_SECONDS = 120, 25, 120
IMAGE_USER = 10001
LEFT_OUT = (
    "no Docker engine: no layer was built, no image was pulled, compose.yaml was not started",
    "the disk was not read-only: that nothing was written to the image's folders was compared instead",
)


class ImageCheckError(Exception):
    """A step did not do what the image needs; the sentence says which."""


@dataclass(frozen=True, slots=True)
class Container:
    """How the image's commands are run here: its environment, its folder, and its user where we may choose one."""

    image: Image
    prefix: Path
    secrets: Path
    user: int | None
    """The user id of the image's user; None where only our own may be taken."""
    is_fit: bool
    """False where the database server is too old for production, which then only proves that it refuses."""

    def start(
        self, command: list[str], *, uri_from: str = "mongodb_uri", pipes: bool = False, **changes: str
    ) -> subprocess.Popen[bytes]:
        """Begin a command of the image as the image's user."""
        age = {} if self.is_fit else {"CHAIRSIDE_ENV": "development"}
        own = {"PATH": os.environ["PATH"], "CHAIRSIDE_SECRETS_DIR": str(self.secrets / "app")} | _settings()
        uri = {} if uri_from == "mongodb_uri" else {"MONGODB_URI": (self.secrets / uri_from).read_text()}
        return subprocess.Popen(
            command,
            cwd=self.image.work_dir,
            env=own | self.image.environment | age | uri | changes,
            user=self.user,
            group=self.user,
            extra_groups=[] if self.user else None,
            stdout=subprocess.PIPE if pipes else None,
        )

    def run(self, command: list[str], *, uri_from: str = "mongodb_uri") -> None:
        """A command that ends. Raises ImageCheckError when it does not, or not well."""
        with self.start(command, uri_from=uri_from) as process:
            try:
                code = process.wait(STEP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise ImageCheckError(f"{' '.join(command[:2])} did not end") from None
        if code:
            raise ImageCheckError(f"{' '.join(command[:3])} ended with {code}")


def build(root: Path, python: Path) -> tuple[Image, Path]:
    """The Dockerfile's steps in this folder; returns what the image says and where its files are."""
    context, prefix = root / "context", root / "opt" / "chairside"
    copy_context(REPOSITORY, context)
    arguments = {"PREFIX": str(prefix), "WORK": str(root / "build")}
    image = Steps(context, arguments, python).run(REPOSITORY / "Dockerfile")
    _look_at_files(prefix)
    return image, prefix


def _look_at_files(prefix: Path) -> None:
    described = [file.name for file in prefix.rglob("discovery_cache/documents/*.json")]
    if described != ["gmail.v1.json"]:
        raise ImageCheckError(f"{len(described)} descriptions of Google's services are left, not Gmail's alone")
    unwanted = [
        name for name in ("pip", "fiftyone", "pytest", "hatchling") if list(prefix.rglob(f"site-packages/{name}"))
    ]
    if unwanted:
        raise ImageCheckError(f"the image holds {', '.join(unwanted)}")


def choose_python() -> tuple[Path, int | None]:
    """A Python that the image's user may start, and that user's id; else our own Python, for ourselves."""
    for folder in os.environ["PATH"].split(os.pathsep):
        candidate = Path(folder) / "python3"
        if os.geteuid() == 0 and candidate.is_file() and _fits(candidate):
            return candidate, IMAGE_USER
    return Path(sys.executable), None


def _fits(python: Path) -> bool:
    trial = [
        str(python),
        "-c",
        "import ensurepip, pip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))",
    ]
    try:
        tried = subprocess.run(trial, cwd="/", user=IMAGE_USER, check=False, capture_output=True, env={"PATH": "/"})
    except OSError:
        return False
    return tried.returncode == 0


def make_secrets(root: Path, members: list[str] | None = None) -> Path:
    """The secrets of deploy/make-secrets.sh, once; with `members`, also as each container gets them."""
    secrets = root / "secrets"
    if members is None:
        (root / "deploy").mkdir()
        script = (REPOSITORY / "deploy" / "make-secrets.sh").read_text()
        (root / "deploy" / "make-secrets.sh").write_text(script)
        subprocess.run(["/bin/sh", "deploy/make-secrets.sh"], cwd=root, check=True, stdout=subprocess.DEVNULL)
        secrets.chmod(0o755)  # no bind mount here: the image's user comes in by the folder itself
        return secrets
    for name in ("mongodb_uri", "mongodb_owner_uri"):
        uri = (secrets / name).read_text().replace("mongo1:27017,mongo2:27017,mongo3:27017", ",".join(members))
        (secrets / name).write_text(uri)
    (secrets / "app").mkdir()
    for name in ("mongodb_uri", "jwt_secret", "incoming_message_secret"):
        (secrets / "app" / name).write_text((secrets / name).read_text())
    return secrets


def prepare_database(container: Container, members: list[str]) -> None:
    """The three steps of compose.yaml that come before a server: the set, the indexes, the application's user."""
    options = [f"--members={','.join(members)}", f"--secrets={container.secrets}"]
    container.run(["python", "deploy/mongo_setup.py", "initiate", *options])
    container.run(["chairside", "migrate"], uri_from="mongodb_owner_uri")
    container.run(["python", "deploy/mongo_setup.py", "grant", *options])


def _try_production(container: Container) -> None:
    """With the bundled server, which has known holes, production must refuse, and the rest runs as development."""
    if container.is_fit:
        return
    doctor = ["chairside", "doctor", "--json"]
    with container.start(doctor, CHAIRSIDE_ENV="production", uri_from="mongodb_owner_uri", pipes=True) as process:
        said = process.communicate(timeout=STEP_SECONDS)[0].decode()
    if process.returncode != 1 or "gets no security updates" not in said:
        raise ImageCheckError(f"production did not refuse an old MongoDB: {said[-500:]}")
    container.image.not_run.append(
        "CHAIRSIDE_ENV=production beyond its refusal of MongoDB 6.0.5, the only one here: production's settings, "
        "under the name of development"
    )


def serve(container: Container) -> dict[str, float]:
    """Start the image's command, wait for its HEALTHCHECK, stop it by SIGTERM. Returns the seconds of both."""
    port = str(free_port())
    moved = [port if word == "8000" else "127.0.0.1" if word == "0.0.0.0" else word for word in container.image.command]  # noqa: S104 - compared, not listened on
    health = [port if word == "8000" else word for word in container.image.health]
    before = _files(container.prefix)
    began = time.monotonic()
    with container.start(moved) as server:
        try:
            _wait_until_healthy(container, server, health)
            healthy = time.monotonic()
            container.run(["chairside", "doctor", "--port", port])
            server.send_signal(signal.SIGTERM)
            stopping = time.monotonic()
            code = server.wait(STOPS_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            raise ImageCheckError(f"SIGTERM did not end the server within {STOPS_WITHIN_SECONDS} s") from None
        finally:
            server.kill()
    if code not in (0, -signal.SIGTERM):
        raise ImageCheckError(f"the server ended with {code}")
    if _files(container.prefix) != before:
        raise ImageCheckError("the server wrote into the image's folders")
    return {"healthy after": healthy - began, "stopped after": time.monotonic() - stopping}


def _wait_until_healthy(container: Container, server: subprocess.Popen[bytes], health: list[str]) -> None:
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise ImageCheckError(f"the server ended with {server.returncode}")
        with container.start(health) as check:
            if check.wait(30) == 0:
                return
        time.sleep(0.5)
    raise ImageCheckError("the HEALTHCHECK did not pass in time")


def _settings() -> dict[str, str]:
    """The settings of deploy/chairside.env.example."""
    lines = [line for line in SETTINGS.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def _files(folder: Path) -> dict[str, int]:
    return {str(file): file.stat().st_mtime_ns for file in folder.rglob("*") if file.is_file()}


def check(root: Path) -> dict[str, float]:
    """Everything, in this folder. Returns seconds and megabytes by name; raises ImageCheckError."""
    root.chmod(0o755)
    began = time.monotonic()
    python, user = choose_python()
    image, prefix = build(root, python)
    if user is None:
        image.not_run.append(f"USER {image.user}: no Python here that another user may start")
    measured = {"built after": time.monotonic() - began}
    measured["megabytes"] = sum(file.stat().st_size for file in prefix.rglob("*") if file.is_file()) / 1e6
    secrets = make_secrets(root)
    (root / "db").mkdir()
    with secured_mongods(root / "db", secrets) as members:
        container = Container(image, prefix, make_secrets(root, members), user, is_fit=not find_mongod().bundled)
        prepare_database(container, members)
        _try_production(container)
        prepare_database(container, members)  # a second start changes nothing
        measured |= serve(container)
    for line in (*image.not_run, *LEFT_OUT):
        print(f"not run: {line}")
    return measured


def main() -> int:
    """Print what was measured and what was left out; exit code 1 names the step that failed."""
    with tempfile.TemporaryDirectory(prefix="chairside-image-") as folder:
        try:
            measured = check(Path(folder))
        except (ImageCheckError, subprocess.CalledProcessError) as error:
            print(f"The image's steps do not work: {error}")
            return 1
    for name, value in measured.items():
        print(f"{name}: {value:.1f}{'' if name == 'megabytes' else ' s'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
