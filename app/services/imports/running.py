"""The two ways through a file: the dry run, which only counts, and the import. Either can be killed and taken up."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import islice

from beanie import PydanticObjectId
from gridfs.errors import NoFile

from app.context import Context
from app.domain.import_columns import Column, ImportField, Layout
from app.logging import get_logger
from app.models.base import LONG_AGO
from app.models.clinic import Clinic
from app.models.enums import ImportState
from app.models.imports import PatientImport
from app.services.imports import files
from app.services.imports.batches import ROWS_IN_A_BATCH, LeaseLostError, Pass
from app.services.imports.cells import Reading
from app.services.imports.csv_text import CsvRecord, RecordReader
from app.services.imports.rows import Refused, Row, RowReader

log = get_logger(__name__)

MOST_ROWS = 200_000
TOO_MANY_ROWS = "The file has more than {:,} rows. Split it."
FILE_GONE = "The file is not there any more. Upload it again."
FAILED_TOO_OFTEN = "The import failed several times; what was imported so far stays. Ask whoever runs the server."
MOST_ATTEMPTS = 6
FIRST_RETRY = timedelta(seconds=5)


class FileFailedError(Exception):
    """The file as a whole cannot be gone on with; the sentence says why."""


async def work(ctx: Context, patient_import: PatientImport, *, most_rows: int = MOST_ROWS) -> str:
    """Take a claimed import through its next step; returns `checked`, `imported`, `failed`, `retried` or `left`."""
    try:
        rows = await _go_through(ctx, patient_import, most_rows)
        return await _finish(ctx, patient_import, rows)
    except LeaseLostError:
        return "left"
    except (FileFailedError, NoFile) as error:
        return await fail(ctx, patient_import, FILE_GONE if isinstance(error, NoFile) else str(error))
    except Exception:  # the boundary of one import: the others go on
        log.exception("import.failed", import_id=str(patient_import.id), attempts=patient_import.attempts + 1)
        return await _retry_or_fail(ctx, patient_import)


async def _go_through(ctx: Context, patient_import: PatientImport, most_rows: int) -> int:
    """Every batch of the file; returns how many rows it has. Raises FileFailedError, NoFile, LeaseLostError."""
    clinic = await Clinic.load()
    reader, step = _row_reader(ctx, patient_import, clinic), Pass.of(ctx, patient_import, clinic)
    async for rows in _read_ahead(reader, _batches(ctx, patient_import)):
        if step.rows_passed + len(rows) > most_rows:
            raise FileFailedError(TOO_MANY_ROWS.format(most_rows))
        await step.work(rows)
    return step.rows_passed


async def _read_ahead(reader: RowReader, batches: AsyncIterator[list[CsvRecord]]) -> AsyncIterator[list[Row | Refused]]:
    """Read the next batch in a thread while the database works on this one: never more than these two."""
    next_rows: asyncio.Future[list[Row | Refused]] | None = None
    async for records in batches:
        this, next_rows = next_rows, asyncio.ensure_future(asyncio.to_thread(reader.read_all, records))
        if this:
            yield await this
    if next_rows:
        yield await next_rows


def _row_reader(ctx: Context, patient_import: PatientImport, clinic: Clinic) -> RowReader:
    columns = (
        Column(column.header, ImportField(column.field) if column.field else None) for column in patient_import.columns
    )
    reading = Reading(
        clinic=clinic,
        date_format=patient_import.date_format,
        patient_type=patient_import.patient_type,
        today=ctx.now().astimezone(clinic.zone).date(),
    )
    return RowReader.of(Layout(tuple(columns)), reading)


async def _batches(ctx: Context, patient_import: PatientImport) -> AsyncIterator[list[CsvRecord]]:
    """The records behind the heading, so many at a time: the same batches on every way through the file."""
    reader = RecordReader(encoding=patient_import.encoding, delimiter=patient_import.delimiter)
    waiting: list[CsvRecord] = []
    is_heading_read = False
    async for chunk in _and_the_end(files.read(ctx, patient_import.id)):
        waiting += reader.feed(chunk, final=not chunk)
        if waiting and not is_heading_read:
            del waiting[0]
            is_heading_read = True
        full = len(waiting) if not chunk else len(waiting) - len(waiting) % ROWS_IN_A_BATCH
        ready = iter(waiting[:full])
        del waiting[:full]
        while batch := list(islice(ready, ROWS_IN_A_BATCH)):
            yield batch


async def _and_the_end(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        yield chunk
    yield b""


async def _finish(ctx: Context, patient_import: PatientImport, rows: int) -> str:
    now = ctx.now()
    if patient_import.is_started:
        return await _end(ctx, patient_import, ImportState.DONE, None, "imported")
    is_ours = await patient_import.write(
        {
            "state": ImportState.CHECKED,
            "rows_total": rows,
            "checked_at": now,
            "updated_at": now,
            "lease_until": LONG_AGO,
        }
    )
    return "checked" if is_ours else "left"


async def fail(ctx: Context, patient_import: PatientImport, reason: str) -> str:
    """Give an import up for good; what was imported so far stays."""
    return await _end(ctx, patient_import, ImportState.FAILED, reason, "failed")


async def _end(
    ctx: Context, patient_import: PatientImport, state: ImportState, failure: str | None, outcome: str
) -> str:
    now = ctx.now()
    changes = {"state": state, "failure": failure, "finished_at": now, "updated_at": now, "lease_until": LONG_AGO}
    if not await patient_import.write(changes):
        return "left"
    await ctx.pause("import.ended")
    await drop_file(ctx, patient_import.id)
    return outcome


async def drop_file(ctx: Context, import_id: PydanticObjectId) -> None:
    """Delete the file of an import that is over; a crash before this is made good by the next sweep."""
    await files.delete(ctx, import_id)
    await PatientImport.collection().update_one({"_id": import_id}, {"$set": {"has_file": False}})


async def _retry_or_fail(ctx: Context, patient_import: PatientImport) -> str:
    attempts = patient_import.attempts + 1
    if attempts >= MOST_ATTEMPTS:
        return await fail(ctx, patient_import, FAILED_TOO_OFTEN)
    later = ctx.now() + FIRST_RETRY * 2**patient_import.attempts
    changes = {"attempts": attempts, "not_before": later, "lease_until": later}
    return "retried" if await patient_import.write(changes) else "left"
