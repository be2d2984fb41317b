"""What one run of the agent carries from node to node; nothing of it is stored (architecture.md section 4)."""

from typing import Literal, TypedDict

from beanie import PydanticObjectId

from app.agent.follow_ups import Composed
from app.agent.offer_replies import OfferReply
from app.agent.visit_reading import VisitReply
from app.domain.outreach import Verdict
from app.llm.base import Analysis, KnowledgeAnswer
from app.models.appointments import Appointment
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.interactions import Interaction
from app.models.patients import Patient
from app.services.conversations import Step
from app.services.knowledge import Trial
from app.services.visit_messages import About


class AgentState(TypedDict, total=False):
    """`path`, `campaign_id` (and `ignore_window`) start a run; the nodes add the rest."""

    path: Literal["proactive", "reactive"]
    campaign_id: PydanticObjectId
    ignore_window: bool

    campaign: Campaign
    patient: Patient
    clinic: Clinic

    verdict: Verdict
    composed: Composed

    incoming: list[Interaction]
    may_concern_another: bool
    """A family shares the address: what is said of a visit may be meant for somebody else's."""
    is_suppressed: bool
    answers_too_often: bool
    about: About | None
    """Our last message to the patient, when it speaks of a visit to come."""
    visits: list[Appointment]
    """Booked and not over, the next one first; `movable` are those that have not begun."""
    movable: list[Appointment]
    visit_reply: VisitReply | None
    is_visit_unclear: bool
    """A plain word about a visit, and it may be somebody else's."""
    offer_reply: OfferReply | None
    """A plain yes or no to an offer of the waiting list; it outranks `visit_reply`."""
    text: str
    analysis: Analysis
    is_by_rule: bool
    """The rules alone found a stop or an emergency."""
    answer: KnowledgeAnswer | None
    trial: Trial
    """What the articles said to a question, enough for an answer or not."""

    step: Step
    outcome: str
