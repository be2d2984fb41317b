"""What a person does with an import: look at it and its rows, start it, cancel it; and what time does with it."""

from datetime import timedelta
from typing import Any

from beanie import PydanticObjectId

from app.context import Context
from app.errors import ConflictError, NotFoundError
from app.models.base import LONG_AGO
from app.models.enums import ImportState, RowOutcome
from app.models.imports import OVER, WORKABLE, ImportRow, PatientImport
from app.services import audit
from app.services.imports.running import drop_file

WAITS = timedelta(days=7)
"""How long a checked file waits for its start: it is full of personal data."""
ARRIVES_WITHIN = timedelta(days=1)
SHOWN = {"state": {"$ne": ImportState.UPLOADING}}
NOT_YET = "The check is still running. Start the import when it is done."
OVER_ALREADY = "This import is over: {state}. Upload the file again."


async def get(import_id: PydanticObjectId) -> PatientImport:
    """Raises NotFoundError, also while the file is still arriving."""
    found = await PatientImport.find_one({"_id": import_id} | SHOWN)
    if found is None:
        raise NotFoundError("There is no import with this id.")
    return found


async def page(*, skip: int, limit: int) -> tuple[int, list[PatientImport]]:
    """How many there are, and one page of them, newest first."""
    total = await PatientImport.find(SHOWN).count()
    found = PatientImport.find(SHOWN, hint="by_creation").sort("-created_at", "-_id")
    return total, await found.skip(skip).limit(limit).to_list()


async def rows(
    patient_import: PatientImport, outcome: RowOutcome | None, *, skip: int, limit: int
) -> tuple[int, list[ImportRow]]:
    """How many rows are kept, and one page of them by line: of the import once it was started, else of the check."""
    found = ImportRow.find(ImportRow.of(patient_import, outcome))
    return await found.count(), await found.sort("line").skip(skip).limit(limit).to_list()


async def start(ctx: Context, import_id: PydanticObjectId, *, actor: str) -> PatientImport:
    """Bring in what the check has shown; a second start changes nothing. Raises NotFoundError, ConflictError."""

    async def write() -> None:
        changes = {
            "state": ImportState.IMPORTING,
            "started_by": actor,
            "started_at": ctx.now(),
            "updated_at": ctx.now(),
            "lease_until": LONG_AGO,
            "not_before": LONG_AGO,
            "attempts": 0,
        }
        if await _change(ctx, import_id, (ImportState.CHECKED,), changes, actor=actor, action="started"):
            return
        state = (await get(import_id)).state
        if state not in (ImportState.IMPORTING, ImportState.DONE):
            raise ConflictError(OVER_ALREADY.format(state=state) if state in OVER else NOT_YET, extra={"state": state})

    await ctx.database.transaction(write)
    return await get(import_id)


async def cancel(ctx: Context, import_id: PydanticObjectId, *, actor: str) -> PatientImport:
    """Stop before the next batch; what was imported stays. A second cancel changes nothing.

    Raises NotFoundError, and ConflictError for an import that is done or has failed.
    """

    async def write() -> bool:
        changes = {"state": ImportState.CANCELLED, "finished_at": ctx.now(), "updated_at": ctx.now()}
        open_states = (*WORKABLE, ImportState.CHECKED)
        if await _change(ctx, import_id, open_states, changes, actor=actor, action="cancelled"):
            return True
        state = (await get(import_id)).state
        if state is not ImportState.CANCELLED:
            raise ConflictError(OVER_ALREADY.format(state=state), extra={"state": state})
        return False

    if await ctx.database.transaction(write):
        await drop_file(ctx, import_id)
    return await get(import_id)


async def _change(
    ctx: Context,
    import_id: PydanticObjectId,
    allowed: tuple[ImportState, ...],
    changes: dict[str, Any],
    *,
    actor: str,
    action: str,
) -> bool:
    if not await PatientImport.change(import_id, allowed=allowed, changes=changes):
        return False
    await audit.record(ctx, actor=actor, action=f"patient_import.{action}", document=("patient_import", import_id))
    return True


async def sweep(ctx: Context) -> None:
    """Cancel what nobody started for a week, and delete every file that nobody needs any more."""
    forgotten = {"state": ImportState.CHECKED, "updated_at": {"$lt": ctx.now() - WAITS}}
    for old in await PatientImport.find(forgotten).to_list():
        await cancel(ctx, old.id, actor=audit.SYSTEM)
    for over in await PatientImport.find({"has_file": True, "state": {"$in": list(OVER)}}).to_list():
        await drop_file(ctx, over.id)
    cut_off = {"state": ImportState.UPLOADING, "created_at": {"$lt": ctx.now() - ARRIVES_WITHIN}}
    for lost in await PatientImport.find(cut_off).to_list():
        await drop_file(ctx, lost.id)
        await lost.delete()
