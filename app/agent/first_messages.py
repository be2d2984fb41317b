"""What the agent would write first in a campaign that nobody has opened yet (domain.md section 5).

The words are those of the template, so that a look costs nothing; a language provider may word them anew.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from app.agent import follow_ups
from app.agent.previews import NO_TOKEN
from app.agent.wording import follow_up_body
from app.context import Context
from app.domain.outreach import Verb
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.enums import ChannelType, MessageKind
from app.models.patients import Patient
from app.services import contact
from app.services.decision_rules import sentence_of
from app.services.decisions_now import OUTCOMES, NowOutcome
from app.services.message_previews import masked

OFFLINE = "offline"
"""The provider that says what the template says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstMessage:
    """`at` is when it leaves at the earliest; None when it does not. `is_final`: in these very words."""

    outcome: NowOutcome
    rule: str
    at: datetime | None
    channel: ChannelType
    to: str
    subject: str
    body: str
    is_final: bool

    @property
    def sentence(self) -> str:
        """The rule in words."""
        return sentence_of(self.rule)


async def of(ctx: Context, patient: Patient, campaign: Campaign) -> FirstMessage:
    """Look at it; both may be drafts that are stored nowhere, and nothing is written."""
    clinic = await Clinic.load()
    planned = campaign.follow_up_details.next_attempt_at or ctx.now()
    moment = max(planned, campaign.hold_until, ctx.now())
    then = replace(ctx, now=lambda: moment)
    verdict = await contact.judge(then, campaign, patient, clinic, kind=MessageKind.ATTEMPT, ignore_window=False)
    draft = ctx.write_template(await follow_ups.brief_of(ctx, campaign, patient, clinic))
    link = f"{ctx.settings.public_base_url}/book?t={NO_TOKEN}"
    return FirstMessage(
        outcome=OUTCOMES[verdict.verb],
        rule=verdict.rule,
        at=moment if verdict.verb is Verb.SEND else verdict.until,
        channel=campaign.channel.type,
        to=masked(campaign.channel.address),
        subject=draft.subject if campaign.channel.type is ChannelType.EMAIL else "",
        body=follow_up_body(draft.body, campaign=campaign, link=link, language=patient.language),
        is_final=ctx.llm.name == OFFLINE,
    )
