"""What one run of the agent carries from node to node; nothing of it is stored (architecture.md section 4)."""

from typing import Literal, TypedDict

from beanie import PydanticObjectId

from app.domain.outreach import Verdict
from app.llm.base import Analysis, Draft, KnowledgeAnswer
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.interactions import Interaction
from app.models.patients import Patient
from app.services.conversations import Step


class AgentState(TypedDict, total=False):
    """`path`, `campaign_id` (and `ignore_window`) start a run; the nodes add the rest."""

    path: Literal["proactive", "reactive"]
    campaign_id: PydanticObjectId
    ignore_window: bool

    campaign: Campaign
    patient: Patient
    clinic: Clinic

    verdict: Verdict
    draft: Draft

    incoming: list[Interaction]
    is_suppressed: bool
    answers_too_often: bool
    text: str
    analysis: Analysis
    answer: KnowledgeAnswer | None

    step: Step
    outcome: str
