"""Writes down which of a provider's times became free, inside the transaction that freed them (domain.md section 7).

The waiting list's job works the rows off; until then nothing is lost, whatever dies.
"""

from datetime import datetime, timedelta

from beanie import PydanticObjectId

from app.context import Context
from app.domain import waitlist
from app.domain.schedules import BookingRules, Interval, Schedule, working_intervals
from app.models.appointments import Appointment
from app.models.enums import AppointmentStatus, FreedBy, WishState
from app.models.waitlist import FreedSlot, WaitlistWish
from app.services import waitlist_endings

DAYS_OF_NEW_HOURS = 60
"""How far ahead added working hours are offered; later days are booked as usual."""

CAUSES = {
    AppointmentStatus.CANCELLED: FreedBy.CANCELLED,
    AppointmentStatus.NO_SHOW: FreedBy.NO_SHOW,
}
VISIT_ENDED = "visit_ended"
"""Why a wish ends whose visit will not take place."""


async def note_ended(ctx: Context, visit: Appointment, status: AppointmentStatus) -> None:
    """A booked visit was cancelled or missed: its time is free, and nobody waits for an earlier one any more."""
    await _close_wishes_for(ctx, visit)
    await _note(ctx, visit, CAUSES[status])


async def note_deleted(ctx: Context, visit: Appointment) -> None:
    """The same for one that was deleted while it was booked."""
    await _close_wishes_for(ctx, visit)
    await _note(ctx, visit, FreedBy.DELETED)


async def note_moved(ctx: Context, before: Appointment) -> None:
    """`before` is the visit as it was: the time that it left is free."""
    await _note(ctx, before, FreedBy.MOVED)


async def note_more_hours(
    ctx: Context, provider_id: PydanticObjectId | None, *, before: Schedule, after: Schedule, rules: BookingRules
) -> None:
    """Working time that a new schedule adds within the next weeks, one row for each stretch of it."""
    today = ctx.now().astimezone(rules.zone).date()
    for offset in range(DAYS_OF_NEW_HOURS):
        day = today + timedelta(days=offset)
        old, new = (working_intervals(schedule, rules, day) for schedule in (before, after))
        for stretch in waitlist.gained(old, new):
            await _insert(ctx, provider_id, stretch, FreedBy.MORE_HOURS, None)


async def _close_wishes_for(ctx: Context, visit: Appointment) -> None:
    ended = {"state": WishState.EXPIRED, "state_reason": VISIT_ENDED, "updated_at": ctx.now()}
    for wish in await WaitlistWish.find({"appointment_id": visit.id, "state": WishState.WAITING}).to_list():
        if await WaitlistWish.change(wish.id, ended):
            await waitlist_endings.close_of_wish(wish.id, reason=VISIT_ENDED, now=ctx.now())


async def _note(ctx: Context, visit: Appointment, cause: FreedBy) -> None:
    await _insert(ctx, visit.provider_id, Interval(visit.busy_from, visit.busy_until), cause, visit.id)


async def _insert(
    ctx: Context,
    provider_id: PydanticObjectId | None,
    time: Interval,
    cause: FreedBy,
    visit_id: PydanticObjectId | None,
) -> None:
    """What is past frees nothing."""
    now = ctx.now()
    if time.end <= now:
        return
    slot = FreedSlot(
        provider_id=provider_id,
        start=_later(time.start, now),
        end=time.end,
        cause=cause,
        visit_id=visit_id,
        freed_at=now,
        next_at=now,
    )
    await slot.insert()


def _later(one: datetime, other: datetime) -> datetime:
    return max(one, other)
