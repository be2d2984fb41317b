"""Which reaction a reading leads to: pure, and the same for a patient's message and for `chairside evaluate`."""

from dataclasses import dataclass
from typing import Literal

from app.domain.risks import RISKS
from app.llm.base import Analysis
from app.models.enums import CampaignStatus, CloseReason, Intent

CONFIDENCE_FLOOR = 0.5
"""Below this the agent does not act on its reading: a person does (agent.md section 2)."""

Reaction = Literal[
    "answer_question",
    "send_booking_link",
    "send_manage_link",
    "accept_decline",
    "hand_off",
    "record_opt_out",
    "keep_for_staff",
]

REACTIONS: dict[Intent, Reaction] = {
    Intent.EMERGENCY: "hand_off",
    Intent.OPT_OUT: "record_opt_out",
    Intent.COMPLAINT: "hand_off",
    Intent.CANCEL: "send_manage_link",
    Intent.RESCHEDULE: "send_manage_link",
    Intent.SERVICE_DENIAL: "accept_decline",
    Intent.BOOKING_REQUEST: "send_booking_link",
    Intent.QUESTION: "answer_question",
    Intent.CONFUSED: "hand_off",
    Intent.IRRELEVANT: "hand_off",
    Intent.AUTO_REPLY: "keep_for_staff",
    Intent.BOUNCE: "keep_for_staff",
}
"""What each intent leads to (domain.md section 6); without a visit ahead, moving or cancelling goes to a person."""
MOVES = (Intent.CANCEL, Intent.RESCHEDULE)
ASKS_STAFF = frozenset({Intent.COMPLAINT, Intent.QUESTION, *MOVES})
"""What a person still has to do for somebody whose stop was heeded: a stop cancels no visit (agent.md section 1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Where the conversation stands; the defaults are a patient who has just answered and has no visit ahead."""

    status: CampaignStatus = CampaignStatus.RE_ENGAGED
    close_reason: CloseReason | None = None
    has_visit_ahead: bool = False
    """One that has not begun and is surely this patient's."""
    is_suppressed: bool = False
    answers_too_often: bool = False


JUST_ANSWERED = Situation()


def reaction_to(analysis: Analysis, situation: Situation = JUST_ANSWERED) -> Reaction:
    """The reaction to the main intent, where the conversation allows one at all.

    `answer_question` becomes `hand_off` when no article holds the answer.
    """
    if analysis.intent in RISKS:
        return REACTIONS[analysis.intent]
    if analysis.intent in MOVES and _may_send_manage_link(analysis, situation):
        return "send_manage_link"
    listens = situation.status is CampaignStatus.RE_ENGAGED or _takes_back(analysis, situation)
    if analysis.is_thanks or situation.is_suppressed or not listens:
        return "keep_for_staff"
    if analysis.handoff or analysis.confidence < CONFIDENCE_FLOOR or situation.answers_too_often:
        return "hand_off"
    if analysis.intent in MOVES:
        return "hand_off"
    asks_too = Intent.QUESTION in analysis.intents and analysis.intent is Intent.BOOKING_REQUEST
    return "answer_question" if asks_too else REACTIONS[analysis.intent]


def wants_person(analysis: Analysis, reaction: Reaction) -> bool:
    """True when a person must see the message although, or because, the agent reacted so."""
    if reaction == "record_opt_out":
        return analysis.handoff or bool(ASKS_STAFF & set(analysis.intents))
    return reaction == "hand_off"


def _may_send_manage_link(analysis: Analysis, situation: Situation) -> bool:
    """A visit ahead can be moved in every state of the campaign (D-17 keeps the status), but not for ever."""
    is_sure = analysis.confidence >= CONFIDENCE_FLOOR and not situation.answers_too_often
    return situation.has_visit_ahead and is_sure and not situation.is_suppressed


def _takes_back(analysis: Analysis, situation: Situation) -> bool:
    """A later yes reopens a decline, never an opt-out (domain.md section 6)."""
    declined = situation.status is CampaignStatus.RECOVERY_DECLINED
    by_choice = situation.close_reason is not CloseReason.OPTED_OUT
    return declined and by_choice and analysis.intents == (Intent.BOOKING_REQUEST,)
