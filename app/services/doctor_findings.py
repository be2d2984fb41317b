"""What a look of `chairside doctor` found, and how looks are run: each with a limit of time, none with a secret."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote

import pymongo
from pydantic import SecretStr
from pymongo.errors import OperationFailure, PyMongoError

from app.context import Context
from app.settings import Settings

LOOK_SECONDS = 8.0
"""Longer than any healthy answer, shorter than an operator's patience; an election may make it a false alarm."""
SHORTEST_SECRET = 4
"""Characters; a shorter one would black out ordinary words."""
NOT_AUTHORISED = 13
"""MongoDB's error code: the user is known and may not do this."""


class Verdict(StrEnum):
    """A problem makes the exit code 1; a warning is to be read."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, what was seen, and the one command or setting that mends it (empty when all is well)."""

    check: str
    verdict: Verdict
    says: str
    mend: str = ""


def ok(check: str, says: str) -> Finding:
    """All is well."""
    return Finding(check, Verdict.OK, says)


def warning(check: str, says: str, mend: str) -> Finding:
    """It works, and may not for ever."""
    return Finding(check, Verdict.WARNING, says, mend)


def problem(check: str, says: str, mend: str) -> Finding:
    """It does not work, or patients' data is not safe."""
    return Finding(check, Verdict.PROBLEM, says, mend)


@dataclass(frozen=True, slots=True)
class Look:
    """One line of the table: what is looked at, how, and the most seconds that it may take."""

    name: str
    at: Callable[[Context], Awaitable[list[Finding]]]
    mend: str
    """What to do when the look itself fails or does not end."""
    seconds: float = LOOK_SECONDS


async def examine(ctx: Context, looks: Iterable[Look]) -> list[Finding]:
    """Every look at the same time, their findings in the table's order; nothing that goes wrong is let through."""
    found = await asyncio.gather(*(_one(ctx, look) for look in looks))
    return [without_secrets(finding, ctx.settings) for findings in found for finding in findings]


async def _one(ctx: Context, look: Look) -> list[Finding]:
    try:
        async with asyncio.timeout(look.seconds):
            with pymongo.timeout(look.seconds):
                return await look.at(ctx)
    except TimeoutError:
        return [problem(look.name, f"no answer within {look.seconds:g} s", look.mend)]
    except OperationFailure as error:
        if error.code == NOT_AUTHORISED:
            return [warning(look.name, "the database user may not ask", look.mend)]
        return [problem(look.name, f"the database refused: {in_short(error)}", look.mend)]
    except Exception as error:  # noqa: BLE001 - the boundary of one look: the others still count
        return [problem(look.name, in_short(error), look.mend)]


def in_short(error: BaseException) -> str:
    """The kind of an error and the beginning of its sentence; of the driver's, not the whole topology."""
    said = str(error).split(", full error")[0].split(", Timeout:")[0]
    kind = type(error).__name__
    return f"{kind}: {said[:200]}" if said and isinstance(error, PyMongoError) else kind


def without_secrets(finding: Finding, settings: Settings) -> Finding:
    """The finding with every secret of the settings blacked out, should a foreign error have quoted one."""
    says = finding.says
    for secret in _secrets(settings):
        says = says.replace(secret, "***")
    return Finding(finding.check, finding.verdict, says, finding.mend)


def _secrets(settings: Settings) -> list[str]:
    """Each secret, each part of one that is a list, and the password of the database; the longest first."""
    uri = settings.mongodb_uri.get_secret_value()
    values = [value.get_secret_value() for _, value in settings if isinstance(value, SecretStr)]
    parts = {part.strip() for value in values if value != uri for part in (value, *value.split(","))}
    password = uri.partition("://")[2].rpartition("@")[0].partition(":")[2]
    parts |= {uri, password, unquote(password)}
    return sorted((part for part in parts if len(part) >= SHORTEST_SECRET), key=len, reverse=True)
