"""I1: nobody is in two booked visits at once, neither a provider (buffers included) nor a patient (trust.md 2.1)."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

from pymongo import ASCENDING

from app.context import Context
from app.models.appointments import CLINIC_CHAIR, Appointment
from app.models.base import LONG_AGO
from app.models.enums import AppointmentStatus

FIELDS = dict.fromkeys(("provider_id", "patient_id", "appointment_date", "ends_at", "busy_from", "busy_until"), 1)
LONGEST_VISIT = timedelta(days=2)
"""Whoever was held so long ago is free again; so only those of two days are kept in memory."""
PAGE = FORGETS_EVERY = 1_000
"""Documents in memory at once: the driver would fetch 16 MiB."""

Held = dict[str, datetime]


async def overlapping(_: Context) -> AsyncIterator[str]:
    """The ids of booked visits that begin before their provider, or their patient, is free."""
    rows = Appointment.collection().find({"status": AppointmentStatus.BOOKED}, FIELDS, allow_disk_use=True)
    held: Held = {}
    seen = 0
    async for row in rows.sort([("appointment_date", ASCENDING)]).batch_size(PAGE):
        if _is_taken(held, row):
            yield str(row["_id"])
        seen += 1
        if seen % FORGETS_EVERY == 0:
            held = _still_held(held, row["appointment_date"])


def _is_taken(held: Held, row: dict[str, Any]) -> bool:
    """Whether somebody of this visit was held as it begins; from now on both are held by it."""
    taken = False
    for holder, begins, ends in _spans(row):
        until = held.get(holder, LONG_AGO)
        taken = taken or begins < until
        held[holder] = max(ends, until)
    return taken


def _spans(row: dict[str, Any]) -> list[tuple[str, datetime, datetime]]:
    begins = row["appointment_date"]
    provider = f"P:{row.get('provider_id') or CLINIC_CHAIR}"
    patient = f"U:{row['patient_id']}"
    return [(provider, row.get("busy_from", begins), row["busy_until"]), (patient, begins, row["ends_at"])]


def _still_held(held: Held, now: datetime) -> Held:
    return {holder: until for holder, until in held.items() if until > now - LONGEST_VISIT}
