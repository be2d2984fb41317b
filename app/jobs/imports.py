"""Works patient files, one at a time on each replica: the check after the upload, the import after its start."""

from collections import Counter

from beanie import PydanticObjectId

from app.context import Context
from app.models.imports import PatientImport
from app.services.imports import lifecycle, running


async def drain(ctx: Context, *, only: PydanticObjectId | None = None) -> dict[str, int]:
    """Take every import that waits (or this one only) through its next step; counts by what became of it."""
    outcomes: Counter[str] = Counter()
    await lifecycle.sweep(ctx)
    while claimed := await PatientImport.claim(now=ctx.now(), lease_until=ctx.lease_until, only=only):
        await ctx.pause("import.claimed")
        outcomes[await running.work(ctx, claimed)] += 1
    return dict(outcomes)
