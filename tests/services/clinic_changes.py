"""What tests of a changing clinic ask: what waits until when, what a change would do, and the change itself."""

from datetime import datetime
from typing import Any

from app.context import Context
from app.domain.replanning import earliest_step
from app.models.clinic import Clinic
from app.models.patients import Patient
from app.services import clinic, clinic_preview, waiting_attempts
from app.services.clinic import Wish
from app.services.clinic_preview import Preview
from app.services.policies import outreach_rules

MANAGER = "system"
EVERYTHING: dict[str, Any] = {
    "time_zone": "Europe/Vienna",
    "outreach": {"spacing_days": [2, 2], "send_from": "08:00", "cool_down_days": 10},
    "holidays": [],
}

Steps = dict[Any, tuple[datetime, datetime | None]]


async def steps(ctx: Context) -> Steps:
    """Each waiting campaign's plan, and when its next step can happen, by the stored clinic."""
    rules = outreach_rules(await Clinic.load())
    found = [(raw["_id"], waiting_attempts.as_attempt(raw)) async for raw in waiting_attempts.read()]
    return {key: (attempt.planned_at, earliest_step(attempt, rules, ctx.now())) for key, attempt in found}


async def due() -> dict[Any, datetime | None]:
    return {patient.id: patient.outreach_due_at for patient in await Patient.find_all().to_list()}


async def previewed(ctx: Context, changes: dict[str, Any], **wish: Any) -> Preview:
    return await clinic_preview.preview(ctx, Wish(changes=changes, **wish), actor=MANAGER)


async def updated(ctx: Context, changes: dict[str, Any], **wish: Any) -> Clinic:
    return await clinic.update(ctx, Wish(changes=changes, **wish), actor=MANAGER)
