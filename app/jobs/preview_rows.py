"""The rows of a dry run: who would be written to, who would not, each with a reason in words a clinic uses."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

from app.models.base import Raw
from app.models.campaigns import Campaign

MOST_ROWS = 200
UNREACHABLE, OPENED_BEFORE, SAME_INBOX = "no_usable_channel", "opened_before", "household_written_today"
USED_UP, NOTHING_TO_SEND = "attempts_used_up", "nothing_to_send"

SENTENCES = {
    "all_rules_passed": "Every rule allows it now.",
    "outside_sending_window": "The message waits for the next opening of the sending hours.",
    UNREACHABLE: "No preferred channel has an address that works and was not stopped.",
    OPENED_BEFORE: "A campaign for this was opened before.",
    "opted_out": "The patient asked not to be written to.",
    "no_usable_address": "The address of the campaign bounced.",
    "future_visit_booked": "A visit is booked.",
    "reply_received": "The patient has written; the answer comes first.",
    "status_changed": "The campaign is not waiting for a message any more.",
    "daily_limit": "This patient was written to today.",
    "weekly_limit": "This patient was written to as often as a week allows.",
    SAME_INBOX: "One message a day goes to one address, and somebody else of this household gets it.",
    "reminder_due": "The visit is near: it is the moment for this reminder.",
    USED_UP: "Every attempt was made; the campaign ends unanswered.",
    NOTHING_TO_SEND: "A reminder is not needed any more.",
}


@dataclass(slots=True)
class Preview:
    """What a run would do: counts by reason, and the first rows of both lists."""

    due: int = 0
    repeated: int = 0
    refused: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    would_contact: list[Raw] = field(default_factory=list)
    would_not_contact: list[Raw] = field(default_factory=list)
    left_out: int = 0
    addresses: set[int] = field(default_factory=set)
    """Who is written to by this run, as hashes: the second one of a household waits."""

    def add(self, row: Raw, *, contacted: bool) -> None:
        self.reasons[row["reason"]] += 1
        rows = self.would_contact if contacted else self.would_not_contact
        if len(rows) < MOST_ROWS:
            rows.append(row | {"sentence": SENTENCES[row["reason"]]})
        else:
            self.left_out += 1

    def as_result(self) -> Raw:
        """The shape that `POST /admin/jobs/{name}/run` answers to a dry run."""
        return {
            "due": self.due,
            "created": 0,
            "repeated": self.repeated,
            "refused": self.refused,
            "reasons": dict(self.reasons),
            "would_contact": self.would_contact,
            "would_not_contact": self.would_not_contact,
            "rows_left_out": self.left_out,
        }


def row_of(campaign: Campaign, reason: str, *, is_stored: bool, until: datetime | None = None) -> Raw:
    """One row of either list. `not_before` is when the rule allows the message, None for at once or not at all."""
    return {
        "patient_id": str(campaign.patient_id),
        "patient_name": campaign.patient_name,
        "campaign_id": str(campaign.id) if is_stored else None,
        "campaign_type": campaign.campaign_type.value,
        "channel": campaign.channel.type.value,
        "attempt": campaign.follow_up_details.attempts_made + 1,
        "due_date": campaign.due_date.isoformat() if campaign.due_date else None,
        "not_before": until.astimezone(UTC).isoformat().replace("+00:00", "Z") if until else None,
        "reason": reason,
    }
