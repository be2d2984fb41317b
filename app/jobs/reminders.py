"""Reminders: one message for each visit whose moment has come (domain.md section 7). Writes; the outbox sends."""

from collections import Counter
from datetime import UTC

from app.context import Context
from app.jobs.preview_rows import Preview
from app.logging import get_logger
from app.models.base import Raw
from app.models.clinic import Clinic
from app.services import reminders
from app.services.reminders import DueReminder

log = get_logger(__name__)

REMINDED, UNREACHABLE = "reminder_due", "no_usable_channel"


async def queue_due(ctx: Context) -> dict[str, int]:
    """Freeze every reminder that is due; counts by what became of it. Any number of runs at once write each once."""
    clinic = await Clinic.load()
    outcomes: Counter[str] = Counter()
    async for reminder in reminders.find_due(ctx, clinic):
        await ctx.pause("reminders.found")
        outcomes[await _write(ctx, clinic, reminder)] += 1
    del outcomes[reminders.Outcome.REPEATED]
    return dict(outcomes)


async def _write(ctx: Context, clinic: Clinic, reminder: DueReminder) -> reminders.Outcome:
    try:
        return await reminders.write(ctx, clinic, reminder)
    except Exception:  # the boundary of one reminder: the others go on, and the next run tries it again
        log.exception("reminders.write_failed", appointment_id=str(reminder.visit.id))
        return reminders.Outcome.FAILED


async def preview(ctx: Context) -> Raw:
    """Who would be reminded now, and who cannot be reached. Nothing is written."""
    shown = Preview()
    async for reminder in reminders.find_due(ctx, await Clinic.load()):
        shown.due += 1
        shown.refused += reminder.route is None
        shown.add(_row(reminder), contacted=reminder.route is not None)
    return shown.as_result()


def _row(reminder: DueReminder) -> Raw:
    visit = reminder.visit
    return {
        "patient_id": str(visit.patient_id),
        "patient_name": visit.patient_name,
        "campaign_id": str(visit.campaign_id) if visit.campaign_id else None,
        "appointment_id": str(visit.id),
        "appointment_date": visit.appointment_date.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "reminder": reminder.planned.lead.name,
        "channel": reminder.route.channel.value if reminder.route else None,
        "reason": REMINDED if reminder.route else UNREACHABLE,
    }
