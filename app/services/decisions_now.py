"""What would be decided about writing to a patient at this moment, by the same rules that decide it for real."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from app.context import Context
from app.domain import outreach
from app.domain.outreach import AFTER_VISIT, OutreachRules, PatientFacts, Verb, Verdict
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.enums import PROACTIVE_KINDS, CampaignStatus, FunnelStatus, MessageKind, PatientType
from app.models.outbox import WAITING_STATES, OutboundMessage
from app.models.patients import Patient
from app.services import contact, patients
from app.services.decision_rules import sentence_of
from app.services.decisions import plain
from app.services.policies import outreach_rules

NowOutcome = Literal["send", "wait", "refuse"]
OUTCOMES: dict[Verb, NowOutcome] = {
    Verb.SEND: "send",
    Verb.HOLD: "wait",
    Verb.POSTPONE: "wait",
    Verb.REFUSE: "refuse",
}
SILENT = {
    CampaignStatus.HANDOFF_REQUIRED: "handed_over",
    CampaignStatus.BOOKING_INITIATED: "visit_awaited",
}
"""Active states in which nobody writes first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """`until` is when the answer may change by itself, if that is known."""

    outcome: NowOutcome
    rule: str
    until: datetime | None
    inputs: dict[str, Any] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        return sentence_of(self.rule)


async def about(ctx: Context, patient: Patient) -> Now:
    """Decide as the jobs would, and write nothing."""
    clinic, campaign = await Clinic.load(), await Campaign.active_of(patient.id)
    if campaign:
        verdict, inputs = await _in_campaign(ctx, campaign, patient, clinic), _campaign_inputs(campaign)
    else:
        facts = await patients.due_facts(ctx, patient)
        verdict = await _without_campaign(ctx, patient, facts, outreach_rules(clinic))
        inputs = _due_inputs(facts, patient)
    return Now(outcome=OUTCOMES[verdict.verb], rule=verdict.rule, until=verdict.until, inputs=plain(inputs))


async def _in_campaign(ctx: Context, campaign: Campaign, patient: Patient, clinic: Clinic) -> Verdict:
    """The order of the proactive path: what is queued, what is planned, the rules, the attempts left."""
    if campaign.status in SILENT:
        return Verdict(Verb.REFUSE, SILENT[campaign.status])
    is_attempting = campaign.status is CampaignStatus.ATTEMPTING_RECOVERY
    kind = MessageKind.ATTEMPT if is_attempting else MessageKind.NUDGE
    verdict = await contact.judge(ctx, campaign, patient, clinic, kind=kind, ignore_window=False)
    if verdict.verb is Verb.REFUSE:
        return verdict
    if waiting := await _waiting(campaign):
        until = max(waiting.not_before, waiting.hold_until)
        is_free = verdict.verb is Verb.SEND and until > ctx.now()
        return Verdict(Verb.POSTPONE, "message_waiting", until) if is_free else verdict
    return _by_plan(campaign, ctx.now()) or verdict


def _by_plan(campaign: Campaign, now: datetime) -> Verdict | None:
    """What the campaign's own plan says before any rule is asked."""
    planned = campaign.follow_up_details.next_attempt_at
    if planned is None:
        return Verdict(Verb.POSTPONE, "patients_turn")
    if planned > now:
        return Verdict(Verb.POSTPONE, "next_attempt_planned", planned)
    return None if _attempts_left(campaign) else Verdict(Verb.REFUSE, "attempts_used_up")


async def _waiting(campaign: Campaign) -> OutboundMessage | None:
    query = {
        "campaign_id": campaign.id,
        "state": {"$in": list(WAITING_STATES)},
        "kind": {"$in": list(PROACTIVE_KINDS)},
    }
    return await OutboundMessage.find_one(query)


def _attempts_left(campaign: Campaign) -> bool:
    if campaign.status is CampaignStatus.ATTEMPTING_RECOVERY:
        return campaign.follow_up_details.attempts_made < campaign.follow_up_details.max_attempts
    return campaign.nudged_at is None and campaign.booking_funnel.status is FunnelStatus.FORM_SENT


async def _without_campaign(ctx: Context, patient: Patient, facts: PatientFacts, rules: OutreachRules) -> Verdict:
    """Would the daily job open a campaign, and if not, why not?"""
    guardian = await patients.guardian_of(patient)
    for refusal in (_gone(patient), _unreachable(patient, guardian), _not_due(facts, rules)):
        if refusal:
            return refusal
    due_at = outreach.outreach_due_at(facts, rules)
    if due_at and due_at > ctx.now():
        return Verdict(Verb.POSTPONE, _why_later(facts, rules), due_at)
    if patient.outreach_due_at is None:
        return Verdict(Verb.REFUSE, "looked_at_before")
    return Verdict(Verb.SEND, "campaign_due")


def _gone(patient: Patient) -> Verdict | None:
    if patient.merged_into:
        return Verdict(Verb.REFUSE, "record_merged")
    return Verdict(Verb.REFUSE, "record_erased") if patient.erased_at else None


def _unreachable(patient: Patient, guardian: Patient | None) -> Verdict | None:
    """Nowhere to write to: because of stops alone, or because of the addresses."""
    if patients.route_of(patient, guardian):
        return None
    stops = patients.stops_of(*filter(None, (patient, guardian)))
    willing = outreach.choose_route(patient.preferred_channel, email="any", phone="any", unusable=(), stops=stops)
    return Verdict(Verb.REFUSE, "no_usable_channel" if willing else "opted_out_everywhere")


Reason = Callable[[PatientFacts, OutreachRules], bool]

NEVER_DUE: dict[PatientType, tuple[tuple[str, Reason], ...]] = {
    PatientType.EXISTING: (
        ("no_follow_up_date", lambda facts, _: facts.next_follow_up_on is None),
        ("follow_up_served", lambda facts, _: facts.next_follow_up_on in facts.served_due_dates),
    ),
    PatientType.COLD_LEAD: (
        (
            "declined_before",
            lambda facts, _: (
                bool(facts.recovery_closures) and facts.recovery_closures[-1][0] is CampaignStatus.RECOVERY_DECLINED
            ),
        ),
        (
            "recoveries_used_up",
            lambda facts, rules: len(facts.recovery_closures) >= rules.max_recovery_campaigns,
        ),
    ),
}
"""Why a patient has no due instant at all, in the order of `outreach.outreach_due_at`."""


def _not_due(facts: PatientFacts, rules: OutreachRules) -> Verdict | None:
    for rule, holds in NEVER_DUE[facts.patient_type]:
        if holds(facts, rules):
            return Verdict(Verb.REFUSE, rule)
    return None


def _why_later(facts: PatientFacts, rules: OutreachRules) -> str:
    """What puts the due instant into the future: a visit to come, the check-up's own date, or the cool-down."""
    if facts.next_visit_at and outreach.outreach_due_at(facts, rules) == facts.next_visit_at + AFTER_VISIT:
        return "future_visit_booked"
    return "follow_up_to_come" if facts.patient_type is PatientType.EXISTING else "cool_down"


def _campaign_inputs(campaign: Campaign) -> dict[str, Any]:
    details = campaign.follow_up_details
    return {
        "campaign_id": campaign.id,
        "status": campaign.status,
        "channel": campaign.channel.type,
        "attempts_made": details.attempts_made,
        "max_attempts": details.max_attempts,
        "next_attempt_at": details.next_attempt_at,
    }


def _due_inputs(facts: PatientFacts, patient: Patient) -> dict[str, Any]:
    return {
        "patient_type": facts.patient_type,
        "next_follow_up_date": str(facts.next_follow_up_on) if facts.next_follow_up_on else None,
        "next_visit_at": facts.next_visit_at,
        "recovery_campaigns": len(facts.recovery_closures),
        "opted_out_of": sorted(patients.stops_of(patient)),
        "preferred_channel": list(patient.preferred_channel),
    }
