"""Where a visitor goes from a month that has nothing free: the next day that has (domain.md section 7)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime

from app.context import Context
from app.domain.availability import BookingRules
from app.web.month_view import Month, month_to_show

FreeSlots = Callable[[list[date]], Awaitable[Mapping[date, Sequence[datetime]]]]
"""The free starts of some days, by day; days without one are absent."""


async def next_free_day(ctx: Context, month: Month, rules: BookingRules, free_slots: FreeSlots) -> date | None:
    """The first free day after the month, up to the horizon; None when there is none."""
    while month.following:
        month = month_to_show(month.following, None, rules, now=ctx.now())
        if free := await free_slots(month.days):
            return min(free)
    return None
