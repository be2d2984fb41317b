"""One past campaign, replayed event by event through the real transition table (domain.md section 3).

The keys, versions and histories come out as if the agent, the outbox and the staff had run at the time.
"""

from datetime import datetime, time, timedelta
from typing import Any

from app.agent import wording
from app.demo.seed_messages import FOLLOW_UPS, NUDGES
from app.demo.seed_people import Person
from app.demo.seed_rows import Said, day_keys, incoming_rows, outgoing_rows
from app.demo.seed_stage import Stage
from app.domain import outreach
from app.domain.campaign_status import CLOSED, CampaignEvent, Transition, staff_transition, transition
from app.models.base import derived_id
from app.models.campaigns import StatusChange
from app.models.enums import (
    Author,
    CampaignStatus,
    CampaignType,
    ChannelType,
    DecisionOutcome,
    FunnelStatus,
    MessageKind,
)
from app.services import audit, campaigns, conversations, patients
from app.services.outbox import NewMessage

COMPOSING = timedelta(seconds=35)
AWAKE_FROM, AWAKE_UNTIL = 7, 22


class Story:
    """A campaign and its cursor in time, `at`: every method tells what happened next."""

    def __init__(self, stage: Stage, person: Person, *, due_at: datetime, opened_at: datetime) -> None:
        """Open the campaign under the id that the daily job gives it. Raises ValueError for an unreachable patient."""
        route = patients.route_of(person.patient, person.guardian)
        if route is None:
            raise ValueError(f"{person.patient.name} cannot be written to")
        self.stage, self.person, self.at, self._heard = stage, person, opened_at, 0
        self.campaign = campaigns.new_campaign(
            stage.practice.clinic,
            person.patient,
            person.kind,
            route=route,
            now=opened_at,
            identifier=campaigns.daily_campaign_id(person.patient.id, person.kind, due_at),
            inquiry=person.patient.initial_inquiry,
            value=person.patient.estimated_value or 0.0,
        )
        self.campaign.engagement_summary = stage.summary_of(None)
        person.campaigns.append(self.campaign)
        stage.ledger.campaigns.append(self.campaign)

    @property
    def attempts_made(self) -> int:
        return self.campaign.follow_up_details.attempts_made

    @property
    def is_recovery(self) -> bool:
        return self.campaign.campaign_type is CampaignType.RECOVERY

    @property
    def is_by_email(self) -> bool:
        return self.campaign.channel.type is ChannelType.EMAIL

    def wait(self, low_hours: float, high_hours: float) -> None:
        """Let some hours pass, but never beyond now: a wait that does not fit any more is shortened."""
        later = self.at + timedelta(hours=self.stage.rng.uniform(low_hours, high_hours))
        awake = self._next_waking(later)
        if awake >= self.stage.now:
            awake = min(later, self.at + (self.stage.now - self.at) * self.stage.rng.uniform(0.2, 0.6))
        self.at = awake.replace(microsecond=0)

    def _next_waking(self, at: datetime) -> datetime:
        """Nobody writes in the middle of the night: then it is the next morning."""
        local = at.astimezone(self.stage.practice.clinic.zone)
        if AWAKE_FROM <= local.hour < AWAKE_UNTIL:
            return at
        day = local.date() + timedelta(days=1) if local.hour >= AWAKE_UNTIL else local.date()
        return self.stage.practice.wall(day, time(AWAKE_FROM)) + timedelta(minutes=self.stage.rng.randint(0, 150))

    def wait_for_staff(self) -> None:
        """Until somebody is at the front desk: people work when the clinic may write, too."""
        opening = outreach.next_opening(self.stage.practice.outreach, self.at)
        if opening and self.at < opening < self.stage.now:
            busy = timedelta(minutes=self.stage.rng.randint(5, 90))
            self.at = (opening + min(busy, (self.stage.now - opening) / 2)).replace(microsecond=0)

    def write_first(self, *, until: datetime, most: int = 3) -> None:
        """Send the attempts that fall due before an instant, at most so many in all."""
        while self.attempts_made < min(most, self.campaign.follow_up_details.max_attempts):
            at = self._next_sending()
            if at is None or at > until:
                return
            self._attempt(at)

    def _next_sending(self) -> datetime | None:
        """When the next proactive message may leave: inside the window, on a day nobody took (domain.md section 5)."""
        due, rules = self.campaign.follow_up_details.next_attempt_at, self.stage.practice.outreach
        opening = outreach.next_opening(rules, max(due, self.at)) if due else None
        while opening and self.stage.written_days.intersection(self._day_keys(opening)):
            opening = outreach.next_opening(rules, opening, not_today=True)
        return opening

    def _day_keys(self, at: datetime) -> list[str]:
        return day_keys(self.campaign, self.stage.practice.clinic, at)

    def _attempt(self, at: datetime) -> None:
        attempt, channel, details = self.attempts_made + 1, self.campaign.channel, self.campaign.follow_up_details
        subject, bodies = FOLLOW_UPS[self.person.patient.language, self.campaign.campaign_type]
        if self.is_by_email and not channel.subject:
            channel.subject = subject.format(clinic=self.stage.practice.clinic.name)
        self._writes_first(MessageKind.ATTEMPT, bodies[attempt - 1], attempt, at)
        details.attempts_made = attempt
        self.move(CampaignEvent.ATTEMPT_SENT)
        details.next_attempt_at = outreach.next_attempt_at(
            self.stage.practice.outreach, attempts_made=attempt, sent_at=self.at
        )

    def nudge(self) -> None:
        """Remind once of an unused link, if the reminder's time has come."""
        at = self._next_sending()
        if at is None or at > self.stage.now:
            return
        self._writes_first(MessageKind.NUDGE, NUDGES[self.person.patient.language], self.attempts_made + 1, at)
        self.campaign.nudged_at, self.campaign.follow_up_details.next_attempt_at = self.at, None
        self._touch()

    def _writes_first(self, kind: MessageKind, body: str, attempt: int, at: datetime) -> None:
        """A proactive message with its link, the day it takes, and the reason why it may go."""
        campaign, self.at = self.campaign, at
        key = f"{campaign.id}:{kind}:{attempt}:{campaign.version}"
        greeting, link = body.format(first_name=self.person.patient.first_name), self.stage.new_link(campaign, at)
        text = wording.follow_up_body(greeting, campaign=campaign, link=link)
        facts = {"kind": kind, "attempt": attempt}
        self.stage.decide(campaign, DecisionOutcome.QUEUED, "all_rules_passed", facts, at=at)
        self._touch()
        self.stage.written_days.update(self._day_keys(at))
        number = attempt if kind is MessageKind.ATTEMPT else None
        self._send(key, kind, text, attempt=number, subject=campaign.channel.subject or "")

    def hears(self, said: Said, *, outcome: str, is_handled: bool = True) -> None:
        """The patient wrote. `outcome` is what the inbox kept; unhandled means that staff should look."""
        subject = conversations.reply_subject(self.campaign)
        event, shown = incoming_rows(
            self.campaign, said, number=self._heard, subject=subject, at=self.at, is_handled=is_handled, outcome=outcome
        )
        self._heard += 1
        self.stage.ledger.inbound.append(event)
        self.stage.ledger.interactions.append(shown)

    def re_engage(self) -> None:
        """A person replied: RE_ENGAGED before the intent is known, where the table has that move."""
        if transition(self.campaign.status, CampaignEvent.PATIENT_REPLIED):
            self.campaign.first_reply_at = self.campaign.first_reply_at or self.at
            self.move(CampaignEvent.PATIENT_REPLIED)

    def answer(self, key: str, kind: MessageKind, body: str, *, author: Author = Author.AI, **fields: Any) -> None:
        """One answer, frozen with its cause and sent at once; `fields` join the message (subject, sources ...)."""
        self.at += COMPOSING
        self._send(key, kind, body, author=author, **({"subject": conversations.reply_subject(self.campaign)} | fields))
        self._touch()

    def _send(self, key: str, kind: MessageKind, body: str, **fields: Any) -> None:
        channel, heard = self.campaign.channel, self._last_heard
        fields = {"author": Author.AI, "in_reply_to": heard} | fields
        message = NewMessage(key=key, kind=kind, channel=channel.type, to=channel.address, body=body, **fields)
        row, shown = outgoing_rows(self.campaign, message, self.stage.practice.clinic, sent_at=self.at)
        channel.thread_id = row.thread_id
        self.campaign.first_sent_at = self.campaign.first_sent_at or self.at
        self.stage.ledger.outbound.append(row)
        self.stage.ledger.interactions.append(shown)

    @property
    def _last_heard(self) -> str | None:
        return str(derived_id("demo", "incoming", self.campaign.id, self._heard - 1)) if self._heard else None

    @property
    def reply_key(self) -> str:
        """The key of the agent's answer to the newest incoming message."""
        return f"reply:{conversations.incoming_id('sandbox', self._last_heard or '')}"

    def form_sent(self) -> str:
        """A new booking link goes with the next answer; an unused one is worth one reminder. Returns its address."""
        self.campaign.booking_funnel.status = FunnelStatus.FORM_SENT
        wait = timedelta(days=self.stage.practice.clinic.outreach.nudge_after_days)
        self.campaign.follow_up_details.next_attempt_at = None if self.campaign.nudged_at else self.at + wait
        return self.stage.new_link(self.campaign, self.at)

    def move(self, event: CampaignEvent, *, by: str = audit.AGENT) -> None:
        """Apply one event of the table. Raises ValueError when the table has no such move."""
        self._apply(transition(self.campaign.status, event), by=by)

    def move_by_staff(self, target: CampaignStatus, *, by: str, reason: str | None = None) -> None:
        """A person names the next status; the audit row is written with it."""
        details = {"from": self.campaign.status, "to": target, "reason": reason}
        self._apply(staff_transition(self.campaign.status, target), by=by)
        self.stage.audit(self.campaign, actor=by, action="campaign.status_changed", details=details, at=self.at)

    def _apply(self, row: Transition | None, *, by: str) -> None:
        campaign = self.campaign
        if row is None:
            raise ValueError(f"a campaign in {campaign.status} has no such move")
        campaign.status_changes.append(
            StatusChange(event=row.event.value, source=campaign.status, target=row.target, at=self.at, by=by)
        )
        campaign.status, campaign.close_reason = row.target, row.close_reason
        campaign.closed_at = self.at if row.target in CLOSED else None
        if row.target is not CampaignStatus.ATTEMPTING_RECOVERY:
            campaign.follow_up_details.next_attempt_at = None
        self._touch()

    def _touch(self) -> None:
        self.campaign.version, self.campaign.updated_at = self.campaign.version + 1, self.at
