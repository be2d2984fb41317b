"""Campaigns in the front desk's words: statuses with their colour, types, channels, actions."""

from app.domain.campaign_status import ACTIVE
from app.models.enums import CampaignStatus as S
from app.models.enums import CampaignType, ChannelType
from app.services.campaign_batches import PAUSE_DAYS, BatchAction

STATUSES: dict[S, tuple[str, str]] = {
    S.HANDOFF_REQUIRED: ("Needs a person", "is-bad"),
    S.RE_ENGAGED: ("In conversation", "is-warning"),
    S.ATTEMPTING_RECOVERY: ("Being written to", ""),
    S.BOOKING_INITIATED: ("Visit booked", "is-good"),
    S.RECOVERED: ("Came back", "is-good"),
    S.MANUAL_FOLLOWUP_COMPLETE: ("Followed up", "is-done"),
    S.BOOKING_COMPLETED: ("Booked elsewhere", "is-done"),
    S.RECOVERY_FAILED: ("No answer", "is-done"),
    S.RECOVERY_DECLINED: ("Declined", "is-done"),
}
"""What each status is called, and its class; in the order of urgency."""
TYPES: dict[str, str] = {CampaignType.RECALL: "Recall", CampaignType.RECOVERY: "Recovery"}
CHANNELS: dict[str, str] = {ChannelType.EMAIL: "E-mail", ChannelType.SMS: "SMS", ChannelType.WHATSAPP: "WhatsApp"}
OPEN, EVERY = "open", "all"
GROUPS: dict[str, tuple[str, frozenset[S]]] = {OPEN: ("Open", ACTIVE), EVERY: ("All", frozenset(S))}
SORTS = {
    "-last_updated": "Latest change",
    "last_updated": "Oldest change",
    "-created_at": "Newest",
    "created_at": "Oldest",
    "patient_name": "By name",
}
DUE = {"now": "Due now", "today": "Today", "week": "Within 7 days"}

ACTIONS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("Plan", tuple((f"{BatchAction.PAUSE}:{days}", f"Pause for {days} days") for days in PAUSE_DAYS)),
    (
        "Conversation",
        ((BatchAction.TAKE_OVER.value, "Take over myself"), (BatchAction.RELEASE.value, "Back to the assistant")),
    ),
    (
        "Close",
        (
            (BatchAction.FINISH.value, "Close: followed up"),
            (BatchAction.DECLINE.value, "Close: declined"),
            (BatchAction.BOOKED_ELSEWHERE.value, "Close: booked elsewhere"),
        ),
    ),
)
"""The actions for many campaigns, by group; who may be given a conversation joins them."""
LABELS = {value: label for _, actions in ACTIONS for value, label in actions}
"""What stands on the button of each action; `assign` names a person."""
DONE: dict[BatchAction, str] = {
    BatchAction.TAKE_OVER: "taken over by you",
    BatchAction.ASSIGN: "given to {holder}",
    BatchAction.RELEASE: "given back to the assistant",
    BatchAction.PAUSE: "paused",
    BatchAction.FINISH: "closed as followed up",
    BatchAction.DECLINE: "closed as declined",
    BatchAction.BOOKED_ELSEWHERE: "closed as booked elsewhere",
}
