"""From an empty month to the next day that has something."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.context import Context
from app.domain.availability import BookingRules
from app.web.free_months import next_free_day
from app.web.month_view import month_to_show

RULES = BookingRules(zone=ZoneInfo("America/New_York"), max_horizon=timedelta(days=100))
"""From 23 November, the clock of the tests, to the third of March."""


@pytest.mark.parametrize(
    ("free", "found"),
    [
        ([date(2026, 12, 9), date(2026, 12, 4)], date(2026, 12, 4)),
        ([date(2027, 2, 1)], date(2027, 2, 1)),
        ([date(2026, 11, 25)], None),
        ([date(2027, 4, 1)], None),
        ([], None),
    ],
)
async def test_it_looks_ahead_up_to_the_horizon(ctx: Context, free: list[date], found: date | None) -> None:
    async def free_slots(days: list[date]) -> Mapping[date, Sequence[datetime]]:
        return {day: [datetime(2027, 1, 1, tzinfo=UTC)] for day in days if day in free}

    november = month_to_show(None, None, RULES, now=ctx.now())
    assert november.first == date(2026, 11, 1)
    assert await next_free_day(ctx, november, RULES, free_slots) == found
