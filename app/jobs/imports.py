"""Works patient files, one at a time on each replica: the check after the upload, the import after its start."""

from collections import Counter
from functools import partial

from beanie import PydanticObjectId

from app.context import Context
from app.jobs.workers import given_back_when_cut_off, work_until_empty
from app.models.base import LONG_AGO
from app.models.imports import PatientImport
from app.services.imports import lifecycle, running

ONE_AFTER_THE_OTHER = 1
"""The batches of one file keep a replica busy."""


async def drain(ctx: Context, *, only: PydanticObjectId | None = None) -> dict[str, int]:
    """Take every import that waits (or this one only) through its next step; counts by what became of it."""
    outcomes: Counter[str] = Counter()
    await lifecycle.sweep(ctx)

    async def work_one() -> bool:
        claimed = await PatientImport.claim(now=ctx.now(), lease_until=ctx.lease_until, only=only)
        if claimed is None:
            return False
        async with given_back_when_cut_off(partial(claimed.write, {"lease_until": LONG_AGO})):
            await ctx.pause("import.claimed")
            outcomes[await running.work(ctx, claimed)] += 1
        return True

    await work_until_empty(ctx, work_one, workers=ONE_AFTER_THE_OTHER)
    return dict(outcomes)
