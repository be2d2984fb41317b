"""What the conversation's template shows: one stream of messages, notes and turns of the campaign, told apart."""

import re
from dataclasses import dataclass, field
from datetime import datetime

from beanie import PydanticObjectId

from app.domain.campaign_status import CampaignEvent, staff_targets
from app.models.campaigns import Campaign, StatusChange
from app.models.desk import CampaignNote
from app.models.enums import Author, CampaignStatus, Delivery, HandoffPriority, Intent, Sentiment
from app.models.interactions import Interaction
from app.services.decision_rules import sentence_of
from app.services.threads import Fate
from app.services.timeline_words import EVENTS

WHO: dict[Author, tuple[str, str]] = {
    Author.PATIENT: ("Patient", "is-patient"),
    Author.AI: ("Assistant", "is-assistant"),
    Author.STAFF: ("Staff", "is-staff"),
    Author.SYSTEM: ("Automatic message", "is-system"),
}
"""Who wrote, and the class that shows it."""
DELIVERIES: dict[Delivery, tuple[str, str]] = {
    Delivery.QUEUED: ("Waiting to leave", "is-waiting"),
    Delivery.SENDING: ("Being sent", "is-waiting"),
    Delivery.SENT: ("Sent", "is-sent"),
    Delivery.DELIVERED: ("Delivered", "is-sent"),
    Delivery.FAILED: ("Not delivered", "is-lost"),
    Delivery.UNKNOWN: ("Unclear whether it left: ask the patient", "is-lost"),
}
INTENTS: dict[Intent, str] = {
    Intent.EMERGENCY: "Emergency",
    Intent.OPT_OUT: "Wants no messages",
    Intent.COMPLAINT: "Complaint",
    Intent.CANCEL: "Wants to cancel",
    Intent.RESCHEDULE: "Wants another time",
    Intent.SERVICE_DENIAL: "Does not want to come",
    Intent.BOOKING_REQUEST: "Wants to book",
    Intent.QUESTION: "Question",
    Intent.CONFUSED: "Hard to understand",
    Intent.IRRELEVANT: "About something else",
    Intent.AUTO_REPLY: "Automatic reply",
    Intent.BOUNCE: "Message came back",
}
SENTIMENTS: dict[Sentiment, str] = {
    Sentiment.POSITIVE: "Friendly",
    Sentiment.NEUTRAL: "Neutral",
    Sentiment.NEGATIVE: "Unhappy",
}
WITHDRAWN = ("Withdrawn, not sent", "is-plain")
"""What a person or an event held back on purpose; it is no failure."""
MOVES: dict[CampaignStatus, str] = {
    CampaignStatus.RE_ENGAGED: "Give to the assistant",
    CampaignStatus.HANDOFF_REQUIRED: "Take over myself",
    CampaignStatus.MANUAL_FOLLOWUP_COMPLETE: "Followed up",
    CampaignStatus.RECOVERY_DECLINED: "Does not want to come",
    CampaignStatus.BOOKING_COMPLETED: "Booked elsewhere",
}
"""What each move is called that a person may make; the table of transitions says which are possible."""
ANSWER_MARK = re.compile(r"^(?:\s*(?:re|fwd?|aw|wg|sv|tr)\s*:)+", re.IGNORECASE)
CLOSING = frozenset(
    {
        CampaignStatus.MANUAL_FOLLOWUP_COMPLETE,
        CampaignStatus.RECOVERY_DECLINED,
        CampaignStatus.BOOKING_COMPLETED,
    }
)
PRIORITIES = {HandoffPriority.URGENT: "Urgent", HandoffPriority.NORMAL: "Normal"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the conversation: `kind` is message, note or turn."""

    kind: str
    key: str
    at: datetime
    who: str
    mark: str
    text: str
    message: Interaction | None = None
    delivery: tuple[str, str] | None = None
    fate: str = ""
    """Why it waits, was withdrawn or did not arrive, as a sentence."""
    subject: str = ""
    """Of an e-mail, where it differs from the one before."""
    sources: list[tuple[str, str]] = field(default_factory=list)
    """(article id, title) of what an answer came from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What one part of a conversation is made of. `begins` and `ends` bound the notes and turns between messages."""

    messages: list[Interaction]
    notes: list[CampaignNote]
    titles: dict[str, str]
    names: dict[PydanticObjectId, str]
    """Of the staff who wrote."""
    fates: dict[PydanticObjectId, Fate]
    begins: datetime | None = None
    ends: datetime | None = None

    def holds(self, at: datetime) -> bool:
        return (self.begins is None or at >= self.begins) and (self.ends is None or at < self.ends)


@dataclass(frozen=True, slots=True)
class Move:
    """A status that a person may choose now."""

    target: CampaignStatus
    label: str
    closes: bool


def entries(page: Page, campaign: Campaign) -> list[Entry]:
    """Messages, notes and turns of the campaign, in the order in which they happened."""
    subjects = ["", *(bare_subject(each.subject) for each in page.messages)]
    said = [
        _message(each, page, is_new_subject=bool(now) and now != before)
        for each, before, now in zip(page.messages, subjects, subjects[1:], strict=False)
    ]
    beside = [*map(_note, page.notes), *(_turn(change) for change in campaign.status_changes if _is_turn(change))]
    return sorted([*said, *(each for each in beside if page.holds(each.at))], key=lambda each: each.at)


def bare_subject(subject: str) -> str:
    """Without the marks of an answer, so that a thread has one subject: `Re: Your visit` is `your visit`."""
    return ANSWER_MARK.sub("", subject).strip().casefold()


def _message(message: Interaction, page: Page, *, is_new_subject: bool) -> Entry:
    who, mark = WHO[message.author]
    fate = page.fates.get(message.id)
    return Entry(
        kind="message",
        key=str(message.id),
        at=message.timestamp,
        who=page.names.get(message.written_by, who) if message.written_by else who,
        mark=mark,
        text=message.content,
        message=message,
        delivery=_delivery(message.delivery, fate),
        fate=sentence_of(fate.rule) if fate and fate.rule else "",
        subject=message.subject if is_new_subject else "",
        sources=[(source, page.titles.get(source, "An article that was deleted")) for source in message.sources],
    )


def _delivery(delivery: Delivery | None, fate: Fate | None) -> tuple[str, str] | None:
    if fate and fate.is_withdrawn:
        return WITHDRAWN
    return DELIVERIES[delivery] if delivery else None


def _note(note: CampaignNote) -> Entry:
    return Entry(
        kind="note", key=str(note.id), at=note.created_at, who=note.author_name, mark="is-note", text=note.text
    )


def _is_turn(change: StatusChange) -> bool:
    """Something happened that no message shows: a sent attempt is the message itself."""
    return change.source is not None and change.event != CampaignEvent.ATTEMPT_SENT


def _turn(change: StatusChange) -> Entry:
    text = EVENTS.get(change.event, change.event.replace("_", " "))
    key = f"turn-{change.at.timestamp():.3f}-{change.event}"
    return Entry(kind="turn", key=key, at=change.at, who="", mark="", text=text[:1].upper() + text[1:])


def in_words(reason: str) -> str:
    """Why a conversation was handed over; the agent begins it with the name of an intent."""
    intent, colon, rest = reason.partition(": ")
    if colon and intent in Intent.__members__:
        return f"{INTENTS[Intent(intent)]}: {rest}"
    return reason[:1].upper() + reason[1:]


def moves(status: CampaignStatus) -> list[Move]:
    """What a person may do with a campaign in this status: only what the table of transitions allows."""
    return [
        Move(target, MOVES[target], target in CLOSING)
        for target in staff_targets(status)
        if target is not status and target in MOVES
    ]
