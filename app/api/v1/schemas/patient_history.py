"""JSON of what happened to a patient, and of why they were or were not written to (api.md section 4)."""

from typing import Any, Literal

from pydantic import ConfigDict
from pydantic.config import JsonDict

from app.api.v1.schemas.types import Answer, IdText, Zulu
from app.models.enums import DecisionOutcome


class TimelineRow(Answer):
    kind: Literal["campaign", "message", "appointment", "change", "decision"]
    at: Zulu
    id: IdText
    summary: str
    by: str | None


TIMELINE_ROW: JsonDict = {
    "kind": "message",
    "at": "2026-11-23T15:04:05.000Z",
    "id": "6565f1a2b3c4d5e6f7a8b9c0",
    "summary": "From the patient by e-mail: Yes please, Tuesday would be good.",
    "by": "the patient",
}


class TimelineAnswer(Answer):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "patient_id": "6565f1a2b3c4d5e6f7a8b9c1",
                "timeline": [TIMELINE_ROW],
                "next_cursor": "MTc2NDAwMDAwMDAwMC4xLjY1NjUuMA",
            }
        }
    )

    patient_id: IdText
    timeline: list[TimelineRow]
    next_cursor: str | None


class DecisionRow(Answer):
    decision_id: IdText
    at: Zulu
    outcome: DecisionOutcome
    rule: str
    sentence: str
    inputs: dict[str, Any]
    campaign_id: IdText | None


class NowAnswer(Answer):
    """What would be decided at this moment; `until` is when that may change by itself."""

    outcome: Literal["send", "wait", "refuse"]
    rule: str
    sentence: str
    until: Zulu | None
    inputs: dict[str, Any]


class WhyAnswer(Answer):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "patient_id": "6565f1a2b3c4d5e6f7a8b9c1",
                "now": {
                    "outcome": "wait",
                    "rule": "outside_sending_window",
                    "sentence": "It is outside the clinic's sending hours: the message waits until they begin.",
                    "until": "2026-11-23T14:00:00.000Z",
                    "inputs": {"status": "ATTEMPTING_RECOVERY", "attempts_made": 0, "max_attempts": 3},
                },
                "decisions": [
                    {
                        "decision_id": "6565f1a2b3c4d5e6f7a8b9c2",
                        "at": "2026-11-20T22:40:00.000Z",
                        "outcome": "postponed",
                        "rule": "outside_sending_window",
                        "sentence": "It is outside the clinic's sending hours: the message waits until they begin.",
                        "inputs": {"until": "2026-11-23T14:00:00.000Z"},
                        "campaign_id": "6565f1a2b3c4d5e6f7a8b9c3",
                    }
                ],
                "next_cursor": None,
                "message": None,
            }
        }
    )

    patient_id: IdText
    now: NowAnswer
    decisions: list[DecisionRow]
    next_cursor: str | None
    message: str | None
    """Says plainly that nothing was decided yet."""
