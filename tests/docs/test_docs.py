"""The documentation says what the code says: an undocumented name, or a documented one that is gone, fails here.

style.md rule 17: an undocumented setting, route or command fails a test.
"""

import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import typer
from pydantic import SecretStr
from typer.core import TyperArgument, TyperGroup, TyperOption

from app.cli import app as chairside
from app.jobs.registry import JOBS
from app.main import create_app
from app.settings import Settings
from scripts.write_api_reference import fresh_page
from tests.conftest import make_settings

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *DOCS.rglob("*.md")])
DECISIONS = sorted((DOCS / "decisions").glob("*.md"))

TABLE_ROW = re.compile(r"^\| `([^`]+)` \| (.+?) \|", re.MULTILINE)
ENV_LINE = re.compile(r"^(# )?([A-Z][A-Z0-9_]*)=(.*)$", re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
FENCE = re.compile(r"```.*?```", re.DOTALL)


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def names_of(pages: list[Path]) -> list[str]:
    return [str(page.relative_to(ROOT)) for page in pages]


def as_written(value: object) -> str:
    """A default as it stands in `.env.example`: lists joined by commas, nothing for nothing."""
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, tuple):
        return ",".join(value)
    return str(value.value if isinstance(value, Enum) else value)


def defaults() -> dict[str, str]:
    """Every setting's environment name and its default."""
    return {name.upper(): as_written(field.default) for name, field in Settings.model_fields.items()}


class TestSettings:
    def test_the_page_lists_every_setting_with_its_default_and_no_other(self) -> None:
        rows = dict(TABLE_ROW.findall(read("docs/reference/settings.md")))
        shown = {name: "" if value == "empty" else value.strip("`") for name, value in rows.items()}
        assert shown == defaults()

    def test_the_example_file_holds_every_setting_and_no_other(self) -> None:
        names = [name for _, name, _ in ENV_LINE.findall(read(".env.example"))]
        assert sorted(names) == sorted(defaults())

    def test_the_example_file_shows_the_defaults(self) -> None:
        """A line in force is the default; a line that is commented out stands for an empty default."""
        for comment, name, value in ENV_LINE.findall(read(".env.example")):
            assert defaults()[name] == ("" if comment else value), name

    def test_the_example_file_can_be_read_as_it_is(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in defaults():
            monkeypatch.delenv(name, raising=False)
        assert Settings(_env_file=ROOT / ".env.example") == Settings(_env_file=None)


class TestCommands:
    @staticmethod
    def commands() -> dict[str, Any]:
        """Every command; one of a group under both its words."""
        group = typer.main.get_command(chairside)
        assert isinstance(group, TyperGroup)
        groups = {name: each for name, each in group.commands.items() if isinstance(each, TyperGroup)}
        inner = {f"{name} {each}": command for name, of in groups.items() for each, command in of.commands.items()}
        return {name: each for name, each in group.commands.items() if name not in groups} | inner

    @staticmethod
    def sections() -> dict[str, str]:
        """The text under each `## chairside NAME` heading."""
        parts = re.split(r"^## `chairside ([a-z-]+(?: [a-z-]+)?)", read("docs/reference/cli.md"), flags=re.MULTILINE)
        return dict(zip(parts[1::2], parts[2::2], strict=True))

    def test_every_command_has_a_section_and_every_section_a_command(self) -> None:
        assert set(self.sections()) == set(self.commands())

    def test_every_option_stands_in_its_section_and_no_other_one(self) -> None:
        for name, command in self.commands().items():
            offered = {flag for option in command.params if isinstance(option, TyperOption) for flag in option.opts}
            assert set(re.findall(r"--[a-z][a-z-]*", self.sections()[name])) == offered, name

    def test_every_argument_stands_in_its_heading(self) -> None:
        for name, command in self.commands().items():
            heading = self.sections()[name].split("`")[0]
            wanted = [str(part.name).upper() for part in command.params if isinstance(part, TyperArgument)]
            assert heading.split() == wanted, name

    @pytest.mark.parametrize("page", names_of(PAGES))
    def test_every_command_that_a_page_names_exists(self, page: str) -> None:
        code = "\n".join(CODE.findall(read(page)))
        known = {name.split()[0] for name in self.commands()}
        assert set(re.findall(r"(?:^|[\s`/])chairside ([a-z][a-z-]*)", code)) <= known

    @pytest.mark.parametrize("page", names_of(PAGES))
    def test_every_make_target_that_a_page_names_exists(self, page: str) -> None:
        targets = set(re.findall(r"^([a-z]+):", read("Makefile"), flags=re.MULTILINE))
        code = "\n".join(CODE.findall(read(page)))
        assert set(re.findall(r"(?:^|[\s`])make ([a-z]+)", code)) <= targets


class TestJobs:
    def test_the_page_lists_every_job_and_no_other(self) -> None:
        headings = HEADING.findall(read("docs/reference/jobs.md"))
        assert [text.strip("`") for text in headings if text.startswith("`")] == list(JOBS)


class TestRoutes:
    def test_every_route_says_what_it_does_and_for_whom(self) -> None:
        silent = [
            f"{method.upper()} {path}"
            for path, operations in create_app(make_settings()).openapi()["paths"].items()
            for method, operation in operations.items()
            if not (operation.get("summary") and operation.get("description"))
        ]
        assert silent == []


class TestApi:
    def test_the_page_is_what_the_routes_say_now(self) -> None:
        is_fresh = read("docs/reference/api.md") == fresh_page()
        assert is_fresh, "docs/reference/api.md is out of date: run `make docs`"


class TestLinks:
    @staticmethod
    def anchors(page: Path) -> set[str]:
        """The names that headings get on the web: lower case, spaces to hyphens, other signs gone."""
        text = FENCE.sub("", page.read_text(encoding="utf-8"))
        return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in HEADING.findall(text)}

    @staticmethod
    def links(page: Path) -> Iterator[tuple[str, str]]:
        """Path and anchor of every relative link."""
        for target in LINK.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
            if not re.match(r"[a-z]+:", target):
                path, _, anchor = unquote(target).partition("#")
                yield path, anchor

    @pytest.mark.parametrize("page", PAGES, ids=names_of(PAGES))
    def test_every_relative_link_leads_somewhere(self, page: Path) -> None:
        for path, anchor in self.links(page):
            target = (page.parent / path).resolve() if path else page
            assert target.is_relative_to(ROOT), f"{path} leaves the repository"
            assert target.exists(), f"{path} is not there"
            assert not anchor or anchor in self.anchors(target), f"{path}#{anchor} is not there"

    def test_every_page_can_be_reached_from_the_index(self) -> None:
        index = DOCS / "index.md"
        linked = {(DOCS / path).resolve() for path, _ in self.links(index) if path}
        assert set(DOCS.rglob("*.md")) - {index} <= linked


class TestDecisions:
    def test_they_are_numbered_without_a_gap(self) -> None:
        numbers = [int(page.name.split("-")[0]) for page in DECISIONS]
        assert numbers == list(range(1, len(DECISIONS) + 1))

    @pytest.mark.parametrize("page", DECISIONS, ids=names_of(DECISIONS))
    def test_each_has_context_decision_and_consequences(self, page: Path) -> None:
        assert HEADING.findall(page.read_text(encoding="utf-8"))[1:] == ["Context", "Decision", "Consequences"]
