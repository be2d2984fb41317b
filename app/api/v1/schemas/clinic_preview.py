"""JSON of what a change of the clinic would move (api.md section 4)."""

from pydantic import ConfigDict

from app.api.v1.schemas.providers import VisitOutsideHours
from app.api.v1.schemas.types import Answer, IdText, Zulu


class MovedCampaign(Answer):
    """A campaign that waits for its next step: a message, or to be closed as unresponsive.

    `next_attempt_at` is the plan; `earliest_step` is what the sending hours make of it, null when they never begin.
    """

    campaign_id: IdText
    patient_id: IdText
    patient_name: str
    next_step: str
    next_attempt_at_before: Zulu
    next_attempt_at_after: Zulu
    earliest_step_before: Zulu | None
    earliest_step_after: Zulu | None


class MovedCampaigns(Answer):
    count: int
    is_complete: bool
    examples: list[MovedCampaign]


class MovedPatients(Answer):
    count: int
    is_complete: bool


class VisitsOutsideHours(Answer):
    count: int
    is_complete: bool
    examples: list[VisitOutsideHours]


class PreviewAnswer(Answer):
    """What the change would move. `is_complete` false means "at least so many"."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "effective_at": "2026-12-01T05:00:00.000Z",
                "campaigns": {
                    "count": 1,
                    "is_complete": True,
                    "examples": [
                        {
                            "campaign_id": "66f0c0ffee0123456789abcd",
                            "patient_id": "66f0c0ffee0123456789ab55",
                            "patient_name": "Ann Ames",
                            "next_step": "message",
                            "next_attempt_at_before": "2026-12-01T15:00:00.000Z",
                            "next_attempt_at_after": "2026-12-02T15:00:00.000Z",
                            "earliest_step_before": "2026-12-01T15:00:00.000Z",
                            "earliest_step_after": "2026-12-02T15:00:00.000Z",
                        }
                    ],
                },
                "patients_due": {"count": 0, "is_complete": True},
                "appointments_outside_hours": {"count": 0, "is_complete": True, "examples": []},
                "warnings": ["Campaigns that run already keep the number of attempts with which they began."],
            }
        }
    )

    effective_at: Zulu
    campaigns: MovedCampaigns
    patients_due: MovedPatients
    appointments_outside_hours: VisitsOutsideHours
    warnings: list[str]
