"""A person's answer from the dashboard: checked for its channel, sent once, and what becomes of the handoff then."""

from enum import StrEnum

from beanie import PydanticObjectId

from app.context import Context
from app.domain.plain_text import text_problem
from app.errors import InvalidInputError
from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, ChannelType, Delivery
from app.models.users import User
from app.services import campaigns, conversations, handoffs
from app.services.handoffs import HandoffSettledError
from app.services.message_previews import LONGEST

LONGEST_ANYWHERE = 4_000
"""Characters of an answer on any channel; the API takes as many."""
ABSURD = 100_000
"""Beyond this nobody wrote it by hand, and its length is not told."""


class Afterwards(StrEnum):
    """What the sender wants of the conversation once the answer is on its way."""

    KEEP = "keep"
    RELEASE = "release"
    CLOSE = "close"


TARGETS = {
    Afterwards.RELEASE: CampaignStatus.RE_ENGAGED,
    Afterwards.CLOSE: CampaignStatus.MANUAL_FOLLOWUP_COMPLETE,
}


def longest_on(channel: ChannelType) -> int:
    """How many characters an answer may have on this channel."""
    return min(LONGEST.get(channel, LONGEST_ANYWHERE), LONGEST_ANYWHERE)


async def send(
    ctx: Context,
    campaign_id: PydanticObjectId,
    *,
    text: str,
    key: str,
    afterwards: Afterwards,
    by: User,
    seen: int | None = None,
) -> Delivery:
    """Send `text` once for each `key`, however often it is asked for; `seen` counts the messages its author saw.

    Raises UnseenMessagesError (the patient or a colleague wrote meanwhile), InvalidInputError (empty, or too long for
    the channel), SuppressedError, IllegalTransitionError, StaleCampaignError, NotFoundError.
    """
    campaign = await campaigns.get(campaign_id)
    text = _fit(text, campaign.channel.type)
    actor = f"user:{by.id}"
    target = TARGETS.get(afterwards) if campaign.status is CampaignStatus.HANDOFF_REQUIRED else None
    delivery = await conversations.respond(
        ctx, campaign_id, text=text, new_status=target, actor=actor, key=f"{by.id}:{key}", seen=seen
    )
    if afterwards is Afterwards.CLOSE and target is None:
        await _settle(ctx, campaign, by)
    return delivery


async def _settle(ctx: Context, campaign: Campaign, by: User) -> None:
    """An emergency in another state has no status to move; settled twice is settled."""
    try:
        await handoffs.close(ctx, campaign.id, by=by.id, reason="answered")
    except HandoffSettledError:
        return


def _fit(text: str, channel: ChannelType) -> str:
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise InvalidInputError("Write an answer first.")
    if problem := text_problem(text, most=ABSURD):
        raise InvalidInputError(f"The message {problem}.")
    if len(text) > longest_on(channel):
        raise InvalidInputError(
            f"The message has {len(text):,} characters; this channel takes {longest_on(channel):,}. Shorten it, "
            "or call the patient."
        )
    return text
