"""May we write to this person now? Pure rules; every answer names its rule (domain.md sections 4 and 5)."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from app.domain.schedules import WEEKDAYS
from app.models.enums import CampaignStatus, CampaignType, ChannelType, PatientType

WEEK = timedelta(days=7)
AFTER_VISIT = timedelta(days=1)
LONGEST_CLOSURE_DAYS = 366


class Verb(StrEnum):
    SEND = "send"
    HOLD = "hold"  # wait for the sending window
    POSTPONE = "postpone"  # wait for a later day's window
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class OutreachRules:
    """The clinic's outreach policy as plain values; wall times are of `zone`."""

    zone: ZoneInfo
    send_from: time
    send_until: time
    send_days: frozenset[str]
    holidays: frozenset[date]
    spacing_days: tuple[int, ...]
    max_attempts: int
    max_per_day: int
    max_per_week: int
    cool_down_days: int
    max_recovery_campaigns: int
    nudge_after_days: int


@dataclass(frozen=True, slots=True)
class Verdict:
    verb: Verb
    rule: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """What is known at the moment of sending one proactive message."""

    status: CampaignStatus
    expected_status: CampaignStatus
    has_address: bool
    is_suppressed: bool
    has_future_visit: bool
    has_unread_reply: bool
    sent_to_patient: tuple[datetime, ...]
    """When proactive messages went to this patient in the last 7 days, over all campaigns."""
    inbox_written_today: bool
    """True when another campaign wrote to the same address on this clinic-local day (a household)."""


def next_opening(rules: OutreachRules, now: datetime, *, not_today: bool = False) -> datetime | None:
    """The first instant from `now` on inside the sending window, in the zone of `now`; None when it never opens."""
    local = now.astimezone(rules.zone)
    for offset in range(1 if not_today else 0, LONGEST_CLOSURE_DAYS):
        day = local.date() + timedelta(days=offset)
        if WEEKDAYS[day.weekday()] not in rules.send_days or day in rules.holidays:
            continue
        opens = datetime.combine(day, rules.send_from, rules.zone).astimezone(now.tzinfo)
        closes = datetime.combine(day, rules.send_until, rules.zone).astimezone(now.tzinfo)
        if now < closes:
            return max(now, opens)
    return None


Rule = Callable[[ContactFacts, OutreachRules, datetime], Verdict | None]


def _status_changed(facts: ContactFacts, _: OutreachRules, __: datetime) -> Verdict | None:
    return Verdict(Verb.REFUSE, "status_changed") if facts.status is not facts.expected_status else None


def _opted_out(facts: ContactFacts, _: OutreachRules, __: datetime) -> Verdict | None:
    return Verdict(Verb.REFUSE, "opted_out") if facts.is_suppressed else None


def _no_address(facts: ContactFacts, _: OutreachRules, __: datetime) -> Verdict | None:
    return None if facts.has_address else Verdict(Verb.REFUSE, "no_usable_address")


def _visit_booked(facts: ContactFacts, _: OutreachRules, __: datetime) -> Verdict | None:
    return Verdict(Verb.REFUSE, "future_visit_booked") if facts.has_future_visit else None


def _reply_waiting(facts: ContactFacts, _: OutreachRules, __: datetime) -> Verdict | None:
    return Verdict(Verb.REFUSE, "reply_received") if facts.has_unread_reply else None


def _daily_limit(facts: ContactFacts, rules: OutreachRules, now: datetime) -> Verdict | None:
    today = now.astimezone(rules.zone).date()
    written = sum(sent.astimezone(rules.zone).date() == today for sent in facts.sent_to_patient)
    if written < rules.max_per_day:
        return None
    return Verdict(Verb.POSTPONE, "daily_limit", next_opening(rules, now, not_today=True))


def _weekly_limit(facts: ContactFacts, rules: OutreachRules, now: datetime) -> Verdict | None:
    recent = sorted(sent for sent in facts.sent_to_patient if sent > now - WEEK)
    if len(recent) < rules.max_per_week:
        return None
    return Verdict(Verb.POSTPONE, "weekly_limit", next_opening(rules, recent[-rules.max_per_week] + WEEK))


def _household_limit(facts: ContactFacts, rules: OutreachRules, now: datetime) -> Verdict | None:
    if not facts.inbox_written_today:
        return None
    return Verdict(Verb.POSTPONE, "household_written_today", next_opening(rules, now, not_today=True))


def _outside_window(_: ContactFacts, rules: OutreachRules, now: datetime) -> Verdict | None:
    opening = next_opening(rules, now)
    return None if opening == now else Verdict(Verb.HOLD, "outside_sending_window", opening)


REFUSALS: tuple[Rule, ...] = (_status_changed, _opted_out, _no_address, _visit_booked, _reply_waiting)
DELAYS: tuple[Rule, ...] = (_daily_limit, _weekly_limit, _household_limit)


def may_contact(facts: ContactFacts, rules: OutreachRules, now: datetime, *, ignore_window: bool = False) -> Verdict:
    """Decide on one proactive message, first rule that speaks wins: refusals, then limits, then the window."""
    window = () if ignore_window else (_outside_window,)
    for rule in (*REFUSALS, *DELAYS, *window):
        verdict: Verdict | None = rule(facts, rules, now)
        if verdict is not None:
            return verdict
    return Verdict(Verb.SEND, "all_rules_passed")


@dataclass(frozen=True, slots=True)
class PatientFacts:
    """What decides whether a patient is due for a campaign, and when."""

    patient_type: PatientType
    next_follow_up_on: date | None
    created_at: datetime
    has_active_campaign: bool
    next_visit_at: datetime | None
    served_due_dates: Collection[date]
    recovery_closures: tuple[tuple[CampaignStatus, datetime], ...]
    """How and when this patient's earlier recovery campaigns ended, oldest first."""


def outreach_due_at(facts: PatientFacts, rules: OutreachRules) -> datetime | None:
    """The instant from which the daily job may open a campaign, or None while this patient is not eligible."""
    """Whether anybody can be reached is asked on the day itself, so that the reason for silence is kept."""
    if facts.has_active_campaign:
        return None
    is_existing = facts.patient_type is PatientType.EXISTING
    due_at = _recall_due_at(facts, rules) if is_existing else _recovery_due_at(facts, rules)
    if due_at and facts.next_visit_at:
        # Looked at again when the visit should be over: a completed one moves the date, a missed one does not.
        return max(due_at, facts.next_visit_at + AFTER_VISIT)
    return due_at


def _recall_due_at(facts: PatientFacts, rules: OutreachRules) -> datetime | None:
    due = facts.next_follow_up_on
    if due is None or due in facts.served_due_dates:
        return None
    return datetime.combine(due, time(), rules.zone)


def _recovery_due_at(facts: PatientFacts, rules: OutreachRules) -> datetime | None:
    """D-13: at most so many in a life, never within the cool-down, never again after a refusal."""
    if not facts.recovery_closures:
        return facts.created_at
    status, closed_at = facts.recovery_closures[-1]
    if status is CampaignStatus.RECOVERY_DECLINED or len(facts.recovery_closures) >= rules.max_recovery_campaigns:
        return None
    return closed_at + timedelta(days=rules.cool_down_days)


def campaign_type_for(patient_type: PatientType) -> CampaignType:
    return CampaignType.RECALL if patient_type is PatientType.EXISTING else CampaignType.RECOVERY


def mark_of_unusable(channel: ChannelType, address: str) -> str:
    """How an address that failed for good is remembered: a number without WhatsApp may still take an SMS."""
    return f"{channel}:{address}" if channel is ChannelType.WHATSAPP else address


def is_usable(channel: ChannelType, address: str, unusable: Collection[str]) -> bool:
    """True when nothing failed for good at this address on this channel."""
    return address not in unusable and mark_of_unusable(channel, address) not in unusable


def choose_route(
    preferred: Iterable[str], *, email: str | None, phone: str | None, unusable: Collection[str], stops: Collection[str]
) -> tuple[ChannelType, str] | None:
    """The first preferred channel with a usable address that was not stopped, and that address (section 5)."""
    if "all" in stops:
        return None
    for channel in preferred:
        address = email if channel == ChannelType.EMAIL else phone
        if address and channel not in stops and is_usable(ChannelType(channel), address, unusable):
            return ChannelType(channel), address
    return None


def next_attempt_at(rules: OutreachRules, *, attempts_made: int, sent_at: datetime) -> datetime:
    """When to look at the campaign again: the spacing that follows this attempt (D-16; the last one repeats)."""
    spacing = rules.spacing_days[min(attempts_made, len(rules.spacing_days)) - 1]
    return sent_at + timedelta(days=spacing)
