"""The job `waitlist`: looks at every freed time that is due, and at the wishes that are over (domain.md section 7)."""

from functools import partial

from app.context import Context
from app.jobs.workers import given_back_when_cut_off, work_until_empty
from app.models.base import LONG_AGO
from app.models.waitlist import FreedSlot
from app.services import waitlist_batches, waitlist_wishes

ONE_AFTER_THE_OTHER = 1
"""The soonest time is offered first: whoever gets it is not asked about the next one."""


async def offer_freed_slots(ctx: Context) -> dict[str, int]:
    """One look at everything that is due; counts of what the looks came to, and how many people were asked."""
    counts: dict[str, int] = {"people_asked": 0, "wishes_expired": await waitlist_wishes.expire_old(ctx)}

    async def work_one() -> bool:
        slot = await FreedSlot.claim(now=ctx.now(), lease_until=ctx.lease_until)
        if slot is None:
            return False
        async with given_back_when_cut_off(partial(slot.write, {"lease_until": LONG_AGO})):
            await ctx.pause("waitlist.claimed")
            outcome, asked = await waitlist_batches.look_at(ctx, slot)
        if outcome != waitlist_batches.WAITING:  # nothing happened: no line in the history for each minute
            counts[outcome] = counts.get(outcome, 0) + 1
        counts["people_asked"] += asked
        return True

    await work_until_empty(ctx, work_one, workers=ONE_AFTER_THE_OTHER)
    return counts
