"""The job `handoffs`: tells staff once more about whoever waits past the due time (domain.md section 6)."""

from app.context import Context
from app.logging import get_logger
from app.services import handoff_escalations
from app.services.campaigns import StaleCampaignError

log = get_logger(__name__)


async def escalate_late(ctx: Context) -> dict[str, int]:
    """Escalate each open handoff whose time is up, once; any number of runs at once tell each once."""
    counts = {"escalated": 0}
    for campaign_id in await handoff_escalations.late(ctx):
        await ctx.pause("handoffs.found")
        try:
            counts["escalated"] += await handoff_escalations.escalate(ctx, campaign_id)
            await ctx.pause("handoffs.escalated")
        except StaleCampaignError:
            continue  # somebody answers it at this moment; the next run looks again
        except Exception:  # the boundary of one handoff: the others go on
            log.exception("handoffs.escalation_failed", campaign_id=str(campaign_id))
    return counts
