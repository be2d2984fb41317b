"""The oldest versions that the product may run with, looked at when it starts (trust.md 4.6).

Production refuses what is older; anywhere else a warning says it. The embedded mongod is exempt: it listens on this
machine's loopback only, for development, and says so itself when it starts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from pymongo.asynchronous.database import AsyncDatabase

from app.models.base import Raw

Numbers = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Floor:
    """The oldest version that may run, and what an older one is open to."""

    oldest: str
    why: str


PACKAGES: dict[str, Floor] = {
    "starlette": Floor("1.3.1", "CVE-2026-48710 and CVE-2026-54283: a request may name another host, or hold no end"),
    "PyJWT": Floor("2.13.0", "CVE-2026-48523: a token may be taken that nobody signed"),
    "langgraph-checkpoint": Floor("4.0.0", "CVE-2025-64439, CVE-2026-27794 and CVE-2026-28277: stored text may run"),
}
MONGOD: dict[Numbers, Floor] = {
    (7, 0): Floor("7.0.32", "CVE-2025-14847: strangers may read its memory"),
    (8, 0): Floor("8.0.21", "CVE-2025-14847 and CVE-2026-6914: strangers may read its memory"),
    (8, 2): Floor("8.2.3", "CVE-2025-14847: strangers may read its memory"),
}
"""By series. A later series than these is newer than both; an earlier one gets no security updates."""
OLDEST_SERIES: Numbers = (7, 0)


def numbers_of(text: str) -> Numbers:
    """`8.0.21` of `8.0.21-rc1`; the parts behind the first one that is no number are left out."""
    found: list[int] = []
    for part in text.split("."):
        digits = part[: next((place for place, sign in enumerate(part) if not sign.isdigit()), len(part))]
        if not digits:
            break
        found.append(int(digits))
        if digits != part:
            break
    return tuple(found)


def package_problems(installed: Callable[[str], str] = version) -> list[str]:
    """A sentence for each installed package that is older than it may be; one that is not installed is no problem."""
    problems = []
    for name, floor in PACKAGES.items():
        try:
            found = installed(name)
        except PackageNotFoundError:
            continue
        if numbers_of(found) < numbers_of(floor.oldest):
            problems.append(f"{name} {found} is older than {floor.oldest} ({floor.why})")
    return problems


def mongod_problem(found: str) -> str | None:
    """What stands against this version of the database server."""
    series = numbers_of(found)[:2]
    floor = MONGOD.get(series)
    if floor and numbers_of(found) < numbers_of(floor.oldest):
        return f"MongoDB {found} is older than {floor.oldest} ({floor.why})"
    if series < OLDEST_SERIES:
        return f"MongoDB {found} gets no security updates: use {MONGOD[OLDEST_SERIES].oldest} or newer"
    return None


async def problems(database: AsyncDatabase[Raw], *, is_embedded: bool) -> list[str]:
    """Everything here that is older than it may be, one sentence each."""
    found = package_problems()
    if not is_embedded:
        server = mongod_problem(str((await database.command("buildInfo"))["version"]))
        found += [server] if server else []
    return found
