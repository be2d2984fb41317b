"""Outreach: open the day's campaigns, then work every campaign whose attempt is due (domain.md section 4)."""

from collections import Counter
from typing import Any

from app.agent.runner import run_proactive
from app.context import Context
from app.jobs.workers import work_until_empty
from app.models.campaigns import Campaign
from app.services.launching import launch_due


async def launch_daily(ctx: Context) -> dict[str, Any]:
    """The daily job: one campaign for each due patient, and their first messages into the outbox."""
    launched = (await launch_due(ctx)).as_result()
    return launched | {"attempts": await send_due_follow_ups(ctx)}


async def send_due_follow_ups(ctx: Context, *, ignore_window: bool = False) -> dict[str, int]:
    """The due scan: claim each due campaign and run the proactive path; counts by outcome."""
    outcomes: Counter[str] = Counter()

    async def work_one() -> bool:
        campaign = await Campaign.claim_due(now=ctx.now(), lease_until=ctx.lease_until, ignore_hold=ignore_window)
        if campaign is None:
            return False
        await ctx.pause("outreach.claimed")
        try:
            outcomes[await run_proactive(ctx, campaign, ignore_window=ignore_window)] += 1
            await ctx.pause("outreach.queued")
        finally:
            await campaign.release()
        return True

    await work_until_empty(ctx, work_one)
    return dict(outcomes)
