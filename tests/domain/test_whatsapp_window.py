"""WhatsApp takes free text for a day after the patient wrote (trust.md fault 27)."""

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.whatsapp_window import CLOSES_EARLY, WINDOW, is_open

WROTE = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
INSTANT = timedelta(milliseconds=1)


def test_it_never_opened_for_somebody_who_never_wrote() -> None:
    assert is_open(last_written_at=None, now=WROTE) is False


@pytest.mark.parametrize(
    ("later", "opened"),
    [
        (timedelta(), True),
        (timedelta(hours=23), True),
        (WINDOW - CLOSES_EARLY - INSTANT, True),
        (WINDOW - CLOSES_EARLY, False),
        (WINDOW, False),
        (timedelta(days=30), False),
        (-timedelta(minutes=1), True),  # two clocks that differ a little
    ],
)
def test_it_closes_a_little_before_a_day_is_over(later: timedelta, opened: bool) -> None:
    assert is_open(last_written_at=WROTE, now=WROTE + later) is opened
