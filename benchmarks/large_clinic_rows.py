"""The years of a large clinic as stored documents: campaigns with all that was written, decided, noted and booked.

Deterministic: the same sizes and the same instant make the same documents, ids included.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from beanie import PydanticObjectId

from app.models.appointments import Appointment, CountedVisit, slot_keys
from app.models.campaigns import ACTIVE_STATUSES, Campaign, CampaignChannel, StatusChange
from app.models.enums import (
    AppointmentSource,
    AppointmentStatus,
    Author,
    CampaignStatus,
    CampaignType,
    ChannelType,
    DecisionOutcome,
    Delivery,
    Direction,
    HandoffPriority,
    Intent,
    MessageKind,
    OutboxState,
    Sentiment,
)
from app.models.interactions import Interaction
from app.models.outbox import OutboundMessage
from app.models.records import AuditEntry, Decision
from benchmarks.campaigns import facts_of
from benchmarks.clinic import Raw, stored

PATIENTS, CAMPAIGNS, INTERACTIONS, OUTBOX, DECISIONS, AUDIT, VISITS = range(1, 8)
"""The first byte of an id says what it is of."""
STATUSES = {
    CampaignStatus.ATTEMPTING_RECOVERY: 200,
    CampaignStatus.RE_ENGAGED: 20,
    CampaignStatus.HANDOFF_REQUIRED: 5,
    CampaignStatus.BOOKING_INITIATED: 30,
    CampaignStatus.RECOVERED: 3_900,
    CampaignStatus.RECOVERY_FAILED: 4_200,
    CampaignStatus.RECOVERY_DECLINED: 900,
    CampaignStatus.MANUAL_FOLLOWUP_COMPLETE: 400,
    CampaignStatus.BOOKING_COMPLETED: 345,
}
"""How many of 10,000 newest campaigns stand where; the older ones of the same patients are all closed."""
CLOSED = {status: share for status, share in STATUSES.items() if status not in ACTIVE_STATUSES}
EACH_WAITS = 0.03
"""Of the closed ones, this share waited for a person once."""
LENGTHS = (2, 4, 6, 7, 9, 12)
"""Messages of a conversation: 6.67 on average, as 2,000,000 of 300,000."""
YEARS = 4
CHANNELS = (ChannelType.EMAIL, ChannelType.EMAIL, ChannelType.SMS, ChannelType.WHATSAPP)
SAID = (
    "Thanks for the reminder! Do you have anything next Thursday, ideally in the morning before ten?",
    "How much would a cleaning cost without insurance, and do you offer a payment plan for two?",
    "Not right now, maybe after the summer. Please write to me again in September.",
)
WROTE = (
    "Hello, this is Willow Street Dental. Your last check-up was some time ago; you can pick a time that suits you "
    "with this link, or simply answer this message and we will help you find one."
)
VISITS_A_DAY = 16
VISIT = timedelta(minutes=30)


def identifier(kind: int, number: int) -> PydanticObjectId:
    """The id of the so-manieth document of a kind."""
    return PydanticObjectId(bytes((kind,)) + number.to_bytes(11, "big"))


@dataclass(slots=True)
class Rows:
    """What one campaign left behind, by collection."""

    campaigns: list[Raw] = field(default_factory=list)
    interactions: list[Raw] = field(default_factory=list)
    outbound_messages: list[Raw] = field(default_factory=list)
    decisions: list[Raw] = field(default_factory=list)
    audit_log: list[Raw] = field(default_factory=list)


class Years:
    """Campaign after campaign, with everything about it; `people` are the stored patients."""

    def __init__(self, people: list[Raw], readers: list[PydanticObjectId], *, now: datetime) -> None:
        self.people, self.readers, self.now = people, readers, now
        self.dice = Random(len(people))
        self._patterns = _patterns(now)
        self._numbers = dict.fromkeys((INTERACTIONS, OUTBOX, DECISIONS, AUDIT), 0)

    def _next_id(self, kind: int) -> PydanticObjectId:
        self._numbers[kind] += 1
        return identifier(kind, self._numbers[kind])

    def of(self, number: int, rows: Rows) -> None:
        """Add what the campaign of this number left; the first round of patients has the newest ones."""
        person, round_ = self.people[number % len(self.people)], number // len(self.people)
        campaign = self._campaign(number, person, round_)
        rows.campaigns.append(campaign)
        at = campaign["created_at"]
        self._talk(campaign, person, rows)
        self._note(rows, "campaign.created", campaign, at, actor="system")
        for _ in range(2):
            reader = f"user:{self.dice.choice(self.readers)}"
            self._note(rows, "patient.read", campaign, at + timedelta(hours=5), actor=reader)

    def _campaign(self, number: int, person: Raw, round_: int) -> Raw:
        dice, shares = self.dice, STATUSES if round_ == 0 else CLOSED
        status = dice.choices(list(shares), list(shares.values()))[0]
        is_active = status in ACTIVE_STATUSES
        age = dice.randint(60, 20_000 if is_active else 500_000) + round_ * 525_600
        opened = self.now - timedelta(minutes=age)
        changed = min(opened + timedelta(minutes=dice.randint(30, 20_000)), self.now)
        row = self._patterns[Campaign] | {
            "_id": identifier(CAMPAIGNS, number),
            "patient_id": person["_id"],
            "patient_name": person["name"],
            "campaign_type": (CampaignType.RECOVERY if number % 4 == 0 else CampaignType.RECALL).value,
            "status": status.value,
            "channel": _channel(dice.choice(CHANNELS), person, number),
            "created_at": opened,
            "updated_at": changed,
            "estimated_value": dice.choice((0.0, 90.0, 120.5, 3_200.0)),
            "closed_at": None if is_active else changed,
            "first_sent_at": opened,
            "first_reply_at": changed if status is not CampaignStatus.RECOVERY_FAILED else None,
        }
        row |= self._work_of(row, opened, changed, is_active=is_active)
        return row | {"uncounted": False, "counted_as": facts_of(row)}

    def _work_of(self, row: Raw, opened: datetime, changed: datetime, *, is_active: bool) -> Raw:
        if row["status"] == CampaignStatus.ATTEMPTING_RECOVERY:
            in_a_while = self.now + timedelta(minutes=self.dice.randint(-600, 20_000))
            return {"follow_up_details": {"attempts_made": 1, "max_attempts": 3, "next_attempt_at": in_a_while}}
        if row["status"] == CampaignStatus.HANDOFF_REQUIRED:
            return {"handoff_details": _handoff(changed, None)}
        if not is_active and self.dice.random() < EACH_WAITS:
            return {"handoff_details": _handoff(opened, changed)}
        return {}

    def _talk(self, campaign: Raw, person: Raw, rows: Rows) -> None:
        """The conversation, the messages of the outbox behind our half of it, and why each was written."""
        at, step = campaign["created_at"], (campaign["updated_at"] - campaign["created_at"]) / LENGTHS[-1]
        channel, address = campaign["channel"]["type"], campaign["channel"]["address"]
        for place in range(self.dice.choice(LENGTHS)):
            is_ours, moment = place % 2 == 0, at + place * step
            identity = self._next_id(INTERACTIONS)
            shared = {"_id": identity, "campaign_id": campaign["_id"], "patient_id": person["_id"], "timestamp": moment}
            shared |= {"channel": channel, "arrival": identity}
            rows.interactions.append(self._ours(shared) if is_ours else self._theirs(shared))
            if is_ours:
                rows.outbound_messages.append(self._sent(shared, address, moment, is_first=place == 0))
                rows.decisions.append(self._why(campaign, moment))

    def _ours(self, shared: Raw) -> Raw:
        outgoing = {"external_id": f"sent-{shared['_id']}", "delivery": Delivery.DELIVERED.value}
        return self._patterns[Interaction] | shared | outgoing

    def _theirs(self, shared: Raw) -> Raw:
        identity, dice = shared["_id"], self.dice
        intent = dice.choice((Intent.BOOKING_REQUEST, Intent.QUESTION, Intent.SERVICE_DENIAL)).value
        incoming = {
            "direction": Direction.INCOMING.value,
            "author": Author.PATIENT.value,
            "content": dice.choice(SAID),
            "external_id": f"webhook:{identity}",
            "ai_analysis": {"intent": intent, "sentiment": Sentiment.NEUTRAL.value, "intents": [intent]},
            "read_at": shared["timestamp"],
            "handled_at": shared["timestamp"],
        }
        unanswered = {"is_unanswered": True} if dice.random() < 0.0002 else {}
        return self._patterns[Interaction] | shared | incoming | unanswered

    def _sent(self, shared: Raw, address: str, moment: datetime, *, is_first: bool) -> Raw:
        identity = shared["_id"]
        kind = MessageKind.ATTEMPT if is_first else MessageKind.REPLY
        return self._patterns[OutboundMessage] | {
            "_id": identity,
            "key": f"{kind.value}:{identity}",
            "kind": kind.value,
            "campaign_id": shared["campaign_id"],
            "patient_id": shared["patient_id"],
            "channel": shared["channel"],
            "to": address,
            "external_id": f"sent-{identity}",
            "created_at": moment,
            "sending_since": moment,
            "sent_at": moment,
            "not_before": moment,
        }

    def _why(self, campaign: Raw, moment: datetime) -> Raw:
        whose = {"patient_id": campaign["patient_id"], "campaign_id": campaign["_id"]}
        return self._patterns[Decision] | whose | {"_id": self._next_id(DECISIONS), "at": moment}

    def _note(self, rows: Rows, action: str, campaign: Raw, at: datetime, *, actor: str) -> None:
        entry = {"_id": self._next_id(AUDIT), "actor": actor, "action": action, "document_id": str(campaign["_id"])}
        entry |= {"patient_ids": [campaign["patient_id"]], "at": at, "is_read": action.endswith(".read")}
        rows.audit_log.append(self._patterns[AuditEntry] | entry)


def _channel(channel: ChannelType, person: Raw, number: int) -> Raw:
    own = person["email"] if channel is ChannelType.EMAIL else person["phone"]
    return {"type": channel.value, "address": own or f"+1303{number:07d}", "thread_id": f"t{number}", "subject": None}


def _handoff(since: datetime, resolved: datetime | None) -> Raw:
    return {
        "reason": "question_without_an_article",
        "priority": HandoffPriority.NORMAL.value,
        "summary": "The patient asks what a cleaning costs without insurance.",
        "patient_question": SAID[1],
        "suggested_reply": None,
        "created_at": since,
        "assigned_to": None,
        "due_at": since + timedelta(hours=4),
        "escalated_at": None,
        "resolved_at": resolved,
        "resolved_by": None,
    }


def _patterns(now: datetime) -> dict[type, Raw]:
    """The documents of which every other is a variation, with everything that the product stores."""
    nobody, attempting = PydanticObjectId(), CampaignStatus.ATTEMPTING_RECOVERY
    moves = [StatusChange(event="attempt_sent", source=attempting, target=attempting, at=now, by="agent")] * 4
    campaign = Campaign(
        patient_id=nobody,
        patient_name="",
        campaign_type=CampaignType.RECALL,
        status=attempting,
        channel=CampaignChannel(type=ChannelType.EMAIL, address=""),
        created_at=now,
        updated_at=now,
        engagement_summary="Asked for a morning; was sent the link; has not chosen a time.",
        status_changes=moves,
    )
    interaction = Interaction(
        campaign_id=nobody,
        patient_id=nobody,
        direction=Direction.OUTGOING,
        content=WROTE,
        timestamp=now,
        channel=ChannelType.EMAIL,
        subject="Your check-up",
        author=Author.AI,
    )
    message = OutboundMessage(
        key="",
        kind=MessageKind.REPLY,
        patient_id=nobody,
        channel=ChannelType.EMAIL,
        to="",
        subject="Your check-up",
        body=WROTE,
        state=OutboxState.SENT,
        created_at=now,
    )
    decision = Decision(
        patient_id=nobody,
        outcome=DecisionOutcome.QUEUED,
        rule="may_write",
        inputs={"channel": "email", "attempts_made": 1, "sent_this_week": 0},
        at=now,
    )
    entry = AuditEntry(actor="", action="", document_type="campaign", document_id="", at=now)
    return {type(each): stored(each) for each in (campaign, interaction, message, decision, entry)}


def past_visits(people: list[Raw], providers: list[PydanticObjectId], count: int, *, before: datetime) -> Iterator[Raw]:
    """Visits of the years before this day, every provider's days full; one in twelve was cancelled or missed."""
    dice, pattern = Random(count), stored(_visit(before))
    for number in range(count):
        slot, provider = divmod(number, len(providers))
        days, place = divmod(slot, VISITS_A_DAY)
        start = before - timedelta(days=days + 1) + place * VISIT
        person = people[dice.randrange(len(people))]
        yield pattern | _past(number, person, providers[provider], start, dice)


def _past(number: int, person: Raw, provider: PydanticObjectId, start: datetime, dice: Random) -> Raw:
    end, made = start + VISIT, start - timedelta(days=20)
    status = dice.choices(
        (AppointmentStatus.COMPLETED, AppointmentStatus.CANCELLED, AppointmentStatus.NO_SHOW), (22, 1, 1)
    )[0]
    is_off = status is AppointmentStatus.CANCELLED
    row = {
        "_id": identifier(VISITS, number),
        "patient_id": person["_id"],
        "patient_name": person["name"],
        "appointment_date": start,
        "ends_at": end,
        "busy_from": start,
        "busy_until": end,
        "status": status.value,
        "provider_id": provider,
        "created_at": made,
        "updated_at": end,
        "ics_uid": f"{number}@large.example",
        "uncounted": False,
        "counted_as": {"made_at": None if is_off else made},
    }
    if not is_off:
        whose = slot_keys(provider_id=provider, patient_id=person["_id"], start=start, until=end, free_at=end)
        row["slot_keys"] = [key for key in whose if key.startswith("P:")]
    return row


def _visit(now: datetime) -> Appointment:
    return Appointment(
        patient_id=PydanticObjectId(),
        patient_name="",
        appointment_date=now,
        duration_minutes=30,
        ends_at=now + VISIT,
        busy_until=now + VISIT,
        status=AppointmentStatus.COMPLETED,
        service_name="Check-up",
        service_id="checkup",
        created_from=AppointmentSource.AI_AGENT_FORM,
        created_at=now,
        updated_at=now,
        ics_uid="",
        uncounted=False,
        counted_as=CountedVisit(made_at=now.astimezone(UTC)),
    )
