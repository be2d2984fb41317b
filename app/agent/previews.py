"""What the agent would write next in a campaign, when, and why or why not; nothing is stored but the audit row.

No link of it works: its token is a word. A message that waits already is shown as it is frozen.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime

from beanie import PydanticObjectId

from app.agent import follow_ups
from app.agent.follow_ups import TEMPLATE, Composed, kind_of
from app.agent.proactive import attempts_left
from app.agent.wording import follow_up_body
from app.context import Context
from app.domain.outreach import Verb, Verdict
from app.llm.base import LanguageModelError
from app.llm.spending import charged_to
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.enums import PROACTIVE_KINDS, ChannelType, MessageKind
from app.models.outbox import WAITING_STATES, OutboundMessage
from app.models.patients import Patient
from app.services import audit, campaigns, contact, patients
from app.services.decision_rules import sentence_of
from app.services.decisions_now import OUTCOMES, SILENT, NowOutcome
from app.services.message_previews import masked

NO_TOKEN = "preview"  # noqa: S105 - that is the point: no token
OVER = Verdict(Verb.REFUSE, "campaign_over")
_LINK_TOKEN = re.compile(r"(/book\?t=|/manage/|/unsubscribe/)[\w-]{8,}")


@dataclass(frozen=True, slots=True)
class Wording:
    """The words as they would leave. `is_final`: these very ones; else a provider words them anew at the time."""

    subject: str
    body: str
    written_by: str
    refused_by: str | None
    is_final: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NextMessage:
    """`at` is the earliest moment at which it leaves, as things stand; None where nothing leaves by itself."""

    outcome: NowOutcome
    rule: str
    at: datetime | None
    kind: MessageKind | None
    attempt: int | None
    channel: ChannelType
    to: str
    wording: Wording | None

    @property
    def sentence(self) -> str:
        return sentence_of(self.rule)


@dataclass(frozen=True, slots=True)
class _Plan:
    outcome: NowOutcome
    rule: str
    at: datetime | None = None
    has_message: bool = False


async def next_message(ctx: Context, campaign_id: PydanticObjectId, *, actor: str) -> NextMessage:
    """Look at it; the look is audited. Raises NotFoundError."""
    campaign = await campaigns.get(campaign_id)
    patient, clinic = await patients.get(campaign.patient_id), await Clinic.load()
    waiting = await _waiting(campaign)
    judged = _plan_of_waiting(ctx, waiting, campaign, patient, clinic) if waiting else None
    plan = await (judged or _plan(ctx, campaign, patient, clinic))
    wording = _frozen(waiting) if waiting else await _compose(ctx, campaign, patient, clinic, plan)
    kind = waiting.kind if waiting else kind_of(campaign)
    await audit.record(
        ctx,
        actor=actor,
        action="campaign.next_message_previewed",
        document=("campaign", campaign.id),
        patients=[patient.id],
    )
    return NextMessage(
        outcome=plan.outcome,
        rule=plan.rule,
        at=plan.at,
        kind=kind if wording else None,
        attempt=_attempt(campaign) if wording and kind is MessageKind.ATTEMPT else None,
        channel=campaign.channel.type,
        to=masked(campaign.channel.address),
        wording=wording,
    )


def _attempt(campaign: Campaign) -> int:
    return campaign.follow_up_details.attempts_made + 1


async def _waiting(campaign: Campaign) -> OutboundMessage | None:
    query = {
        "campaign_id": campaign.id,
        "state": {"$in": list(WAITING_STATES)},
        "kind": {"$in": list(PROACTIVE_KINDS)},
    }
    return await OutboundMessage.find_one(query)


async def _plan_of_waiting(
    ctx: Context, row: OutboundMessage, campaign: Campaign, patient: Patient, clinic: Clinic
) -> _Plan:
    """It is asked once more when it is handed out."""
    moment = max(row.not_before, row.hold_until, ctx.now())
    then = replace(ctx, now=lambda: moment)
    verdict = await contact.judge(then, campaign, patient, clinic, kind=row.kind, ignore_window=False)
    if verdict.verb is Verb.SEND:
        return _Plan("wait", "message_waiting", moment, has_message=True)
    return _Plan(OUTCOMES[verdict.verb], verdict.rule, verdict.until, has_message=True)


async def _plan(ctx: Context, campaign: Campaign, patient: Patient, clinic: Clinic) -> _Plan:
    """The campaign's own plan first, then the rules as they will be asked at that moment."""
    planned, now = campaign.follow_up_details.next_attempt_at, ctx.now()
    if not campaign.is_active:
        return _Plan(OUTCOMES[OVER.verb], OVER.rule)
    if campaign.status in SILENT:
        return _Plan("refuse", SILENT[campaign.status])
    if planned is None:
        return _Plan("wait", "patients_turn")
    moment = max(planned, campaign.hold_until, now)
    if not attempts_left(campaign):
        return _Plan("refuse", "attempts_used_up", moment)
    then = replace(ctx, now=lambda: moment)
    verdict = await contact.judge(then, campaign, patient, clinic, kind=kind_of(campaign), ignore_window=False)
    if verdict.verb is Verb.SEND and moment > now:
        return _Plan("wait", "next_attempt_planned", moment, has_message=True)
    leaves = moment if verdict.verb is Verb.SEND else verdict.until
    return _Plan(OUTCOMES[verdict.verb], verdict.rule, leaves, has_message=verdict.verb is not Verb.REFUSE)


async def _compose(ctx: Context, campaign: Campaign, patient: Patient, clinic: Clinic, plan: _Plan) -> Wording | None:
    if not plan.has_message:
        return None
    template = ctx.write_template(await follow_ups.brief_of(ctx, campaign, patient, clinic))
    try:
        with charged_to(campaign.id):
            composed = await follow_ups.compose(ctx, campaign, patient, clinic)
    except LanguageModelError:
        composed = Composed(template, TEMPLATE)  # it is tried again when the time has come
    url = f"{ctx.settings.public_base_url}/book?t={NO_TOKEN}"
    is_mail = campaign.channel.type is ChannelType.EMAIL
    return Wording(
        subject=(campaign.channel.subject or composed.draft.subject) if is_mail else "",
        body=follow_up_body(composed.draft.body, campaign=campaign, link=url, language=patient.language),
        written_by=composed.written_by,
        refused_by=composed.refused_by,
        is_final=composed.draft == template,
    )


def _frozen(row: OutboundMessage) -> Wording:
    body = _LINK_TOKEN.sub(rf"\g<1>{NO_TOKEN}", row.body)
    return Wording(subject=row.subject, body=body, written_by="agent", refused_by=None, is_final=True)
