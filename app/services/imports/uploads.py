"""A file arrives: stored as it streams by, its heading read, and refused at once when nobody could import it."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.context import Context
from app.domain.import_columns import NEEDED, ImportField, Layout, Problem, assign
from app.domain.plain_text import line_problem
from app.errors import ChairsideError, InvalidInputError
from app.models.base import LONG_AGO
from app.models.enums import DateFormat, ImportState, PatientType
from app.models.imports import ImportColumn, PatientImport
from app.services import audit
from app.services.imports import files
from app.services.imports.csv_text import Sniffer, heading
from app.services.imports.rows import TYPE_FIELDS

MOST_BYTES = 32 * 1024 * 1024
MOST_COLUMNS = 200
MOST_HEADING_CHARACTERS = 200
NOT_TEXT = "This is not a CSV file. Save it as CSV (UTF-8) and try again."
EMPTY = "The file is empty."
BAD_HEADING = (
    f"The first line must name the columns: at most {MOST_COLUMNS}, each of at most {MOST_HEADING_CHARACTERS} "
    "printable characters."
)
CANNOT_READ = "The file cannot be imported like this. See `errors`, `found` and `expected`."


class FileTooLargeError(ChairsideError):
    status = 413
    code = "BODY_TOO_LARGE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the person says about the file. `columns` maps a heading to a field, or to None: do not read it."""

    columns: Mapping[str, ImportField | None] = field(default_factory=dict)
    date_format: DateFormat = DateFormat.ISO
    patient_type: PatientType | None = None


async def upload(ctx: Context, chunks: AsyncIterator[bytes], choices: Choices, *, actor: str) -> PatientImport:
    """Store the file and put it before the workers, who check it. What is refused leaves nothing behind.

    Raises InvalidInputError (not text, no usable heading, a missing or doubtful column) and FileTooLargeError.
    """
    arriving = PatientImport(
        state=ImportState.UPLOADING, created_by=actor, created_at=ctx.now(), updated_at=ctx.now(), has_file=True
    )
    await arriving.insert()
    try:
        sniffer = Sniffer()
        await files.store(ctx, arriving.id, _watched(chunks, sniffer))
        await ctx.pause("import.file_stored")
        facts = _facts_of(sniffer, choices)
        await ctx.database.transaction(lambda: _put_before_workers(ctx, arriving, facts, actor=actor))
    except BaseException:
        await files.delete(ctx, arriving.id)
        await arriving.delete()
        raise
    return PatientImport.from_raw(arriving.model_dump() | facts | {"state": ImportState.UPLOADED})


async def _watched(chunks: AsyncIterator[bytes], sniffer: Sniffer) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        sniffer.look(chunk)
        if sniffer.size > MOST_BYTES:
            raise FileTooLargeError(f"The file is larger than {MOST_BYTES // 1024**2} MiB. Split it.")
        yield chunk


def _facts_of(sniffer: Sniffer, choices: Choices) -> dict[str, Any]:
    """How the file is to be read. Raises InvalidInputError."""
    if not sniffer.head.strip():
        raise InvalidInputError(EMPTY)
    if not sniffer.is_text:
        raise InvalidInputError(NOT_TEXT)
    headers, delimiter = heading(sniffer.head, encoding=sniffer.encoding)
    if not headers or len(headers) > MOST_COLUMNS or any(map(_is_unprintable, headers)):
        raise InvalidInputError(BAD_HEADING)
    layout = assign(headers, choices.columns)
    if problems := [*layout.problems, *_type_problem(layout, choices)]:
        raise _refusal(problems, layout)
    return {
        "columns": [ImportColumn(header=column.header, field=column.field).model_dump() for column in layout.columns],
        "delimiter": delimiter,
        "encoding": sniffer.encoding,
        "date_format": choices.date_format.value,
        "patient_type": choices.patient_type.value if choices.patient_type else None,
        "rows_total": sniffer.line_ends,
    }


def _is_unprintable(header: str) -> bool:
    return line_problem(header, most=MOST_HEADING_CHARACTERS) is not None


def _type_problem(layout: Layout, choices: Choices) -> Iterable[Problem]:
    """Who only asked once and who has been here is nothing to guess: the one would be written to tomorrow."""
    if choices.patient_type is None and not layout.has(*TYPE_FIELDS):
        yield Problem("patient_type", "no column tells EXISTING patients from COLD_LEADs: say what they all are")


def _refusal(problems: Sequence[Problem], layout: Layout) -> InvalidInputError:
    """What was recognised and what is expected. Other headings are not repeated: they may be a patient's line."""
    known = [{"column": at, "field": column.field} for at, column in enumerate(layout.columns, 1) if column.field]
    return InvalidInputError(
        CANNOT_READ,
        extra={
            "errors": [{"field": problem.field, "message": problem.message} for problem in problems],
            "found": {"columns": len(layout.columns), "recognised": known},
            "expected": {"needed": NEEDED, "fields": [name.value for name in ImportField]},
        },
    )


async def _put_before_workers(ctx: Context, arriving: PatientImport, facts: dict[str, Any], *, actor: str) -> None:
    changes = facts | {"state": ImportState.UPLOADED, "updated_at": ctx.now(), "lease_until": LONG_AGO}
    await PatientImport.collection().update_one({"_id": arriving.id}, {"$set": changes})
    await audit.record(
        ctx,
        actor=actor,
        action="patient_import.uploaded",
        document=("patient_import", arriving.id),
        details={"columns": sorted(column["field"] for column in facts["columns"] if column["field"])},
    )
