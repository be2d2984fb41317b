"""Runs a Dockerfile's own lines without an engine: each stage in a folder of its own, on this machine's Python.

Only what our Dockerfile uses is known; any other instruction is an error. What an engine alone can do (the base image,
accounts, layers) is left out and listed in `not_run`.
"""

import fnmatch
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

VARIABLE = re.compile(r"\$\{(\w+)\}")
STEP_SECONDS = 900
ACCOUNTS = ("groupadd", "useradd")


@dataclass
class Image:
    """What the last stage says of the container: how it starts, as whom, and how it is asked for its health."""

    environment: dict[str, str] = field(default_factory=dict)
    work_dir: str = "/"
    user: str = ""
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)
    not_run: list[str] = field(default_factory=list)


@dataclass
class Steps:
    """Runs them. `arguments` stand for `--build-arg`: they lead every path into a folder of ours."""

    context: Path
    arguments: dict[str, str]
    python: Path
    image: Image = field(default_factory=Image)
    known: dict[str, str] = field(default_factory=dict)

    def run(self, dockerfile: Path) -> Image:
        """Every instruction in its order. Raises CalledProcessError for a RUN that fails, ValueError for a stranger."""
        for instruction, text in instructions(dockerfile.read_text(encoding="utf-8")):
            step = getattr(self, f"_{instruction.lower()}", None)
            if step is None:
                raise ValueError(f"this check does not know the instruction {instruction}")
            step(text)
        return self.image

    def _expanded(self, text: str) -> str:
        return VARIABLE.sub(lambda match: self.known.get(match[1], os.environ.get(match[1], "")), text)

    def _from(self, text: str) -> None:
        """A fresh stage; of the one before only what COPY --from takes may stay."""
        self.image.not_run.append(f"FROM {text}: {self.python} instead")
        self.image = Image(not_run=self.image.not_run)

    def _arg(self, text: str) -> None:
        name, _, default = text.partition("=")
        self.known[name] = self.arguments.get(name, default)

    def _env(self, text: str) -> None:
        for name, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|(\S+))', text):
            value = self._expanded(quoted or plain)
            self.known[name] = self.image.environment[name] = value

    def _workdir(self, text: str) -> None:
        self.image.work_dir = self._expanded(text)
        Path(self.image.work_dir).mkdir(parents=True, exist_ok=True)

    def _copy(self, text: str) -> None:
        words = self._expanded(text).split()
        if words[0].startswith("--from="):
            if words[1] != words[2]:
                raise ValueError("a stage's folder can only stay where it was made: it knows its own path")
            shutil.rmtree(self.arguments["WORK"])  # what is not copied does not reach the last stage
            return
        *sources, target = words
        for source in sources:
            self._copy_one(source, Path(self.image.work_dir) / target, into=target.endswith("/"))

    def _copy_one(self, source: str, target: Path, *, into: bool) -> None:
        origin = self.context / source
        if origin.is_dir():
            shutil.copytree(origin, target, dirs_exist_ok=True)
            return
        place = target / origin.name if into else target
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(origin, place)

    def _run(self, text: str) -> None:
        if text.startswith(ACCOUNTS):
            self.image.not_run.append(f"RUN {text[:40]}...: it would make an account on this machine")
            return
        environment = os.environ | self.known | {"PATH": f"{self.python.parent}{os.pathsep}{os.environ['PATH']}"}
        subprocess.run(
            ["/bin/sh", "-c", text], cwd=self.image.work_dir, env=environment, check=True, timeout=STEP_SECONDS
        )

    def _user(self, text: str) -> None:
        self.image.user = text

    def _cmd(self, text: str) -> None:
        self.image.command = json.loads(text)

    def _healthcheck(self, text: str) -> None:
        self.image.health = json.loads(text.partition("CMD ")[2])

    def _expose(self, text: str) -> None:
        """Documentation."""

    def _stopsignal(self, text: str) -> None:
        if text != "SIGTERM":
            raise ValueError("the server stops on SIGTERM")


def instructions(dockerfile: str) -> Iterator[tuple[str, str]]:
    """`(RUN, text)` and so on: comments gone, lines that continue joined."""
    lines = [line for line in dockerfile.splitlines() if not line.lstrip().startswith("#")]
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        if line.strip():
            instruction, _, text = line.strip().partition(" ")
            yield instruction, text.strip()


def copy_context(repository: Path, target: Path) -> None:
    """What `.dockerignore` lets through: everything is shut out, then some paths are let in, then caches out again."""
    rules = [line for line in (repository / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    if rules[0] != "*":
        raise ValueError("the first rule of .dockerignore must shut everything out")
    out = [rule.removeprefix("**/") for rule in rules[1:] if not rule.startswith("!")]
    for allowed in (repository / rule[1:] for rule in rules if rule.startswith("!")):
        place = target / allowed.relative_to(repository)
        place.parent.mkdir(parents=True, exist_ok=True)
        if allowed.is_dir():
            shutil.copytree(
                allowed, place, ignore=lambda _, names: [n for n in names for r in out if fnmatch.fnmatch(n, r)]
            )
        else:
            shutil.copy2(allowed, place)
