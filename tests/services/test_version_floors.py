"""The oldest versions that may run: refused in production, said elsewhere (trust.md 4.6)."""

import tomllib
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version
from structlog.testing import capture_logs

from app.bootstrap import ConfigurationError, open_context
from app.context import Context
from app.services import version_floors
from app.services.version_floors import MONGOD, PACKAGES, mongod_problem, numbers_of, package_problems
from tests.conftest import make_settings

ROOT = Path(__file__).parents[2]


class TestNumbers:
    @pytest.mark.parametrize(
        ("text", "numbers"),
        [
            ("8.0.21", (8, 0, 21)),
            ("8.0.21-rc1", (8, 0, 21)),
            ("1.3.1.post2", (1, 3, 1)),
            ("2.13.0rc1", (2, 13, 0)),
            ("", ()),
            ("x.1", ()),
        ],
    )
    def test_of(self, text: str, numbers: tuple[int, ...]) -> None:
        assert numbers_of(text) == numbers


class TestPackages:
    def test_what_is_installed_here_is_new_enough(self) -> None:
        assert package_problems() == []

    @pytest.mark.parametrize(
        ("name", "version"),
        [("starlette", "1.3.0"), ("starlette", "0.99.9"), ("PyJWT", "2.12.9"), ("langgraph-checkpoint", "3.9.9")],
    )
    def test_an_older_one_is_named_with_its_floor(self, name: str, version: str) -> None:
        [problem] = package_problems(lambda asked: version if asked == name else "99.0")
        assert problem.startswith(f"{name} {version} is older than {PACKAGES[name].oldest}")
        assert "CVE-" in problem

    @pytest.mark.parametrize("name", PACKAGES)
    def test_the_floor_itself_will_do(self, name: str) -> None:
        assert package_problems(lambda asked: PACKAGES[asked].oldest) == []

    def test_one_that_is_not_installed_is_no_problem(self) -> None:
        def nothing(name: str) -> str:
            raise PackageNotFoundError(name)

        assert package_problems(nothing) == []

    def test_what_the_project_asks_for_is_not_below_its_floor(self) -> None:
        """The locks could otherwise bring what the start refuses."""
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        floors = {name.lower(): Version(floor.oldest) for name, floor in PACKAGES.items()}
        for line in project["dependencies"]:
            wanted = Requirement(line)
            if wanted.name.lower() in floors:
                oldest = [Version(each.version) for each in wanted.specifier if each.operator in (">=", "==", "~=")]
                assert oldest, line
                assert oldest[0] >= floors[wanted.name.lower()], line


class TestMongod:
    @pytest.mark.parametrize(
        ("found", "is_fit"),
        [
            ("6.0.5", False),
            ("6.0.27", False),
            ("4.4.29", False),
            ("7.0.31", False),
            ("7.0.32", True),
            ("8.0.20", False),
            ("8.0.21", True),
            ("8.0.21-rc0", True),
            ("8.2.2", False),
            ("8.2.3", True),
            ("9.0.0", True),
        ],
    )
    def test_by_series(self, found: str, *, is_fit: bool) -> None:
        assert (mongod_problem(found) is None) is is_fit

    def test_every_series_has_the_floor_of_the_table(self) -> None:
        assert {floor.oldest for floor in MONGOD.values()} == {"7.0.32", "8.0.21", "8.2.3"}

    async def test_the_embedded_one_is_exempt(self, ctx: Context) -> None:
        """The tests' own server is the embedded one, 6.0.5."""
        assert await version_floors.problems(ctx.database.handle, is_embedded=True) == []
        [problem] = await version_floors.problems(ctx.database.handle, is_embedded=False)
        assert "gets no security updates" in problem


class TestStart:
    async def test_production_refuses(self, mongodb_uri: str) -> None:
        settings = make_settings(
            chairside_env="production",
            mongodb_uri=mongodb_uri,
            public_base_url="https://crm.example.com",
            jwt_secret="b7Vd0o3nqvYc2uT1cJwq5rZxkF8sLhGm",
            channel_email="none",
            channel_sms="none",
            channel_whatsapp="none",
            rate_limits="on",
        )
        with pytest.raises(ConfigurationError, match=r"Not fit for production: MongoDB 6\.0"):
            async with open_context(settings):
                pass

    async def test_elsewhere_it_is_said(self, mongodb_uri: str, migrated: str) -> None:
        settings = make_settings(mongodb_uri=mongodb_uri, mongodb_database=migrated)
        with capture_logs() as logs:
            async with open_context(settings) as ctx:
                assert await ctx.database.handle.command("ping")
        [said] = [row for row in logs if row["event"] == "version.outdated"]
        assert "MongoDB 6.0" in said["problem"]
