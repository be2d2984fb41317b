"""Messages that come close together are read together and answered once (domain.md section 6, REPLY_AFTER_SECONDS).

The oldest unanswered message of a conversation rests until the newest is old enough; the others wait behind it. The
rest stands in the inbox, so it survives a crash, and any replica ends it. What cannot wait wakes the conversation.
"""

from datetime import timedelta

from beanie import PydanticObjectId

from app.context import Context
from app.domain import offer_words
from app.domain.campaign_status import CampaignEvent, transition
from app.domain.risks import RISKS
from app.models.base import LONG_AGO
from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus
from app.models.inbox import InboundEvent
from app.models.interactions import Interaction
from app.services import conversations, inbound
from app.services.campaigns import StaleCampaignError

LONGEST_RESTS = 4
"""So many waits in all, for somebody who writes on and on."""


async def join(ctx: Context, event: InboundEvent) -> bool:
    """True when an older message of the conversation rests and this one joins it, or ends its rest."""
    elder = await event.resting_elder(ctx.now())
    if elder is None:
        return False
    if await _is_pressing(ctx, event):
        await elder.wake(behind=event)
        return True
    until = min(event.received_at + ctx.settings.reply_after, elder.received_at + _longest(ctx))
    await elder.rest_longer(until)
    until = max(until, elder.rests_until)  # never earlier than what it waits for, or it would be claimed in a circle
    await event.write({"rests_until": until, "lease_until": LONG_AGO})
    return True


async def rest(ctx: Context, event: InboundEvent, stored: Interaction, campaign: Campaign) -> bool:
    """True when the message, which is stored already, rests before it is answered; the patient counts as back."""
    if not ctx.settings.reply_after or _needs_no_rest(stored, campaign):
        return False
    younger = await event.younger_siblings()
    if any([await _is_pressing(ctx, each) for each in younger]):
        return False
    newest = max(each.received_at for each in (event, *younger))
    until = min(newest + ctx.settings.reply_after, event.received_at + _longest(ctx))
    if until <= ctx.now():
        return False
    await _acknowledge(ctx, campaign.id)
    await event.write({"rests_until": until, "lease_until": LONG_AGO})
    await ctx.pause("inbox.resting")
    return True


def _longest(ctx: Context) -> timedelta:
    return ctx.settings.reply_after * LONGEST_RESTS


def _needs_no_rest(stored: Interaction, campaign: Campaign) -> bool:
    """Risks and machines are dealt with at once, an offered time goes to whoever is first, a person is not hurried."""
    is_held = campaign.status is CampaignStatus.HANDOFF_REQUIRED
    return stored.screened_as is not None or stored.answers_offer is not None or is_held


async def _is_pressing(ctx: Context, event: InboundEvent) -> bool:
    try:
        message = inbound.message_of(event)
    except (KeyError, TypeError, ValueError):  # parked in its own turn
        return True
    if inbound.screening_of(message).kind in RISKS:
        return True
    is_plain = offer_words.read(message.newest_text) is not None
    return is_plain and await inbound.offer_answered(ctx, message) is not None


async def _acknowledge(ctx: Context, campaign_id: PydanticObjectId) -> None:
    """RE_ENGAGED at once, although the answer rests (domain.md section 3)."""
    campaign = await Campaign.get(campaign_id)
    if campaign is None or transition(campaign.status, CampaignEvent.PATIENT_REPLIED) is None:
        return
    try:
        await conversations.acknowledge(ctx, campaign)
    except StaleCampaignError:
        return  # the run itself acknowledges what is true then
