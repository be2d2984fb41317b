"""A message about to leave: what every check at the moment of sending is asked about (domain.md section 4)."""

from dataclasses import dataclass

from app.context import Context
from app.models.outbox import OutboundMessage
from app.models.patients import Patient


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """The frozen row and who it is for. `ignore_window` is a person's wish not to wait for the morning."""

    ctx: Context
    row: OutboundMessage
    patient: Patient
    ignore_window: bool
