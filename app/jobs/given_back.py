"""Conversations that a person gave back with messages in them: the agent reads what nobody answered (D-18)."""

from app.agent.runner import run_reactive
from app.context import Context
from app.jobs.workers import given_back_when_cut_off, work_until_empty
from app.logging import get_logger
from app.models.campaigns import Campaign

log = get_logger(__name__)


async def read_on(ctx: Context) -> int:
    """Run the agent once for each; a run that died is taken up when its lease is over. How many there were."""

    async def work_one() -> bool:
        held = await Campaign.lease_wanted(now=ctx.now(), lease_until=ctx.lease_until)
        if held is None:
            return False
        try:
            async with given_back_when_cut_off(held.release):
                await ctx.pause("given_back.held")
                await run_reactive(ctx, held.id)
                await ctx.pause("given_back.read")
                await held.no_longer_wanted()
                await held.release()
        except Exception:  # the boundary of one conversation: it is taken up when its lease is over
            log.exception("inbox.reading_on_failed", campaign_id=str(held.id))
        return True

    return await work_until_empty(ctx, work_one, workers=1)
