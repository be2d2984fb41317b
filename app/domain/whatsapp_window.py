"""WhatsApp's customer service window: 24 hours after the patient wrote, free text may go (trust.md fault 27). Pure."""

from datetime import datetime, timedelta

WINDOW = timedelta(hours=24)
CLOSES_EARLY = timedelta(minutes=15)
"""A message needs time to leave, and one that only reconciliation found is dated up to ten minutes late."""


def is_open(*, last_written_at: datetime | None, now: datetime) -> bool:
    """True while free text may be sent to someone who last wrote then; None: never, so only a template may."""
    return last_written_at is not None and now < last_written_at + WINDOW - CLOSES_EARLY
