"""The clinic document: changing it, and applying the change to everything that waits."""

from typing import Any

from app.context import Context
from app.models.clinic import Clinic
from app.models.enums import PatientType
from app.models.patients import Patient
from app.services import audit, patients


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
    if _decides_due_dates(stored) != _decides_due_dates(updated):
        await refresh_all_due(ctx)
    return updated


def _decides_due_dates(clinic: Clinic) -> tuple[object, ...]:
    """What of the policy moves the instant from which a patient may be written to."""
    return clinic.time_zone, clinic.outreach.cool_down_days, clinic.outreach.max_recovery_campaigns


async def refresh_all_due(ctx: Context) -> None:
    """Recompute when each patient who may ever be due is due; safe to stop and repeat."""
    may_be_due = {"$or": [{"patient_type": PatientType.COLD_LEAD}, {"next_follow_up_date": {"$type": "date"}}]}
    async for raw in Patient.collection().find(may_be_due, {"_id": 1}):
        await patients.refresh_due(ctx, raw["_id"])
