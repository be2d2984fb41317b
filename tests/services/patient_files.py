"""Patient files as tests write them, and the way through an import without HTTP."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import replace
from typing import Any

from app.context import Context
from app.jobs import imports
from app.models.enums import ImportState, PatientType, RowOutcome
from app.models.imports import ImportRow, PatientImport
from app.services.imports import lifecycle, uploads
from app.services.imports.uploads import Choices

STAFF = "user:0123456789abcdef01234567"
HEADING = "name,email,phone,last_visit_on"


async def in_chunks(content: bytes, size: int = 64 * 1024) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


def text_of(rows: Iterable[str], heading: str = HEADING) -> str:
    return "\n".join([heading, *rows]) + "\n"


def people(count: int, *, start: int = 0) -> list[str]:
    """Rows of so many different people, under `HEADING`."""
    return [
        f"Pat{number} Example,pat{number}@example.com,+1202{number:07d},2026-05-04"
        for number in range(start, start + count)
    ]


async def upload(ctx: Context, content: str | bytes, **choices: Any) -> PatientImport:
    raw = content.encode() if isinstance(content, str) else content
    return await uploads.upload(ctx, in_chunks(raw), Choices(**choices), actor=STAFF)


async def check(ctx: Context, content: str | bytes, **choices: Any) -> PatientImport:
    """Uploaded and looked at."""
    held = await upload(ctx, content, **choices)
    await imports.drain(ctx, only=held.id)
    return await lifecycle.get(held.id)


async def bring_in(ctx: Context, content: str | bytes, **choices: Any) -> PatientImport:
    """Uploaded, looked at, started and done."""
    held = await check(ctx, content, **choices)
    assert held.state is ImportState.CHECKED, held.failure
    await lifecycle.start(ctx, held.id, actor=STAFF)
    await imports.drain(ctx, only=held.id)
    return await lifecycle.get(held.id)


def counts(held: PatientImport) -> dict[str, int]:
    """Of the pass that ran last, without the zeros."""
    return {name: value for name, value in held.tally.model_dump().items() if value}


async def rows_of(held: PatientImport, outcome: RowOutcome | None = None) -> list[ImportRow]:
    _, rows = await lifecycle.rows(held, outcome, skip=0, limit=1_000)
    return rows


async def refusals(held: PatientImport) -> dict[int, list[tuple[str, str]]]:
    """Line to reasons."""
    rows = await rows_of(held, RowOutcome.REFUSED)
    return {row.line: [(reason.field, reason.message) for reason in row.reasons] for row in rows}


class ProcessDied(BaseException):
    """Stands for kill -9: nothing catches it."""


def dying_at(ctx: Context, point: str, *, turn: int = 1) -> Context:
    """A Context whose process dies when it passes this point for the `turn`-th time."""
    passed: list[str] = []

    async def pause(name: str) -> None:
        passed.append(name)
        if name == point and passed.count(point) == turn:
            raise ProcessDied

    return replace(ctx, pause=pause)


def leads(rows: Sequence[str]) -> dict[str, Any]:
    """Content and choices of a file that holds names and addresses only."""
    return {"content": text_of(rows, "name,email,phone"), "patient_type": PatientType.COLD_LEAD}
