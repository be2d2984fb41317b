"""What is asked once more at the moment of sending, by the kind of the message (domain.md section 4, trust.md fault 5).

A stop is not asked for here: the transaction that hands the message out reads it (`delivery.begin`).
"""

from collections.abc import Awaitable, Callable

from app.domain.outreach import Verb, Verdict
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.enums import CampaignStatus, MessageKind
from app.models.outbox import OutboundMessage
from app.services import confirmations, contact, reminders, waitlist_checks
from app.services.sending import Sending

AT_ONCE = Verdict(Verb.SEND, "answers_go_at_once")


Check = Callable[[Sending], Awaitable[Verdict]]


async def ask(sending: Sending) -> Verdict:
    """May this message still go, as things stand now? A kind without a check of its own goes at once."""
    check = CHECKS.get(sending.row.kind)
    return await check(sending) if check else AT_ONCE


async def _outreach(sending: Sending) -> Verdict:
    ctx, row, campaign = sending.ctx, sending.row, await _campaign_of(sending.row)
    if campaign is None:
        return AT_ONCE
    if (row.channel, row.to) != (campaign.channel.type, campaign.channel.address):  # the conversation went on elsewhere
        return Verdict(Verb.REFUSE, "plan_was_moved")
    planned = campaign.follow_up_details.next_attempt_at
    if planned and planned > ctx.now():  # a person answered since, and the plan waits
        return Verdict(Verb.REFUSE, "plan_was_moved")
    clinic = await Clinic.load()
    return await contact.judge(
        ctx, campaign, sending.patient, clinic, kind=row.kind, ignore_window=sending.ignore_window
    )


async def _reply(sending: Sending) -> Verdict:
    """The agent is silent once a person has the conversation (D-18)."""
    campaign = await _campaign_of(sending.row)
    handed_over = campaign is not None and campaign.status is CampaignStatus.HANDOFF_REQUIRED
    return Verdict(Verb.REFUSE, "handed_over") if handed_over else AT_ONCE


async def _campaign_of(row: OutboundMessage) -> Campaign | None:
    return await Campaign.get(row.campaign_id) if row.campaign_id else None


CHECKS: dict[MessageKind, Check] = {
    MessageKind.ATTEMPT: _outreach,
    MessageKind.NUDGE: _outreach,
    MessageKind.REPLY: _reply,
    MessageKind.REMINDER: reminders.check,
    MessageKind.CONFIRMATION: confirmations.check,
    MessageKind.WAITLIST_OFFER: waitlist_checks.check_offer,
    MessageKind.WAITLIST_NOTICE: waitlist_checks.check_notice,
}
