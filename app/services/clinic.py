"""The clinic document: changing it, and applying the change to everything that waits."""

from typing import Any

from app.context import Context
from app.models.clinic import Clinic
from app.models.patients import Patient
from app.services import audit, patients
from app.services.policies import outreach_rules


async def update(ctx: Context, *, actor: str, changes: dict[str, Any]) -> Clinic:
    """Write some of the clinic's facts; a new zone or policy is applied to every waiting due date."""
    stored = await Clinic.load()
    merged = stored.model_dump() | changes
    for policy in ("outreach", "booking"):
        merged[policy] = stored.model_dump()[policy] | changes.get(policy, {})
    updated: Clinic = Clinic.model_validate(merged)

    async def write() -> None:
        await updated.save()
        await audit.record(
            ctx,
            actor=actor,
            action="clinic.updated",
            document=("clinic", updated.id),
            details={"fields": sorted(changes)},
        )

    await ctx.database.transaction(write)
    if outreach_rules(stored) != outreach_rules(updated):
        await refresh_all_due(ctx)
    return updated


async def refresh_all_due(ctx: Context) -> int:
    """Recompute when each patient is due, after a change of policy; safe to stop and repeat."""
    count = 0
    async for raw in Patient.collection().find({}, {"_id": 1}):
        await patients.refresh_due(ctx, raw["_id"])
        count += 1
    return count
