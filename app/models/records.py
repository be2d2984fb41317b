"""What staff look things up in: the audit log, and every decision to write or not to write."""

from typing import Any, ClassVar

from beanie import PydanticObjectId
from pydantic import AwareDatetime, Field
from pymongo import ASCENDING, DESCENDING, IndexModel

from app.models.base import Record
from app.models.enums import DecisionOutcome


class AuditEntry(Record):
    """Append-only: who did what to which document, and when."""

    actor: str
    action: str
    document_type: str
    document_id: str
    at: AwareDatetime
    correlation_id: str = ""
    details: dict[str, Any] = Field(default_factory=dict)

    class Settings:
        name = "audit_log"
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel(
                [("document_type", ASCENDING), ("document_id", ASCENDING), ("at", DESCENDING)], name="by_document"
            ),
            IndexModel([("at", DESCENDING), ("_id", DESCENDING)], name="by_time"),
        ]


class Decision(Record):
    """One proactive message that was queued, postponed or refused: by which rule, on which facts."""

    patient_id: PydanticObjectId
    campaign_id: PydanticObjectId | None = None
    outcome: DecisionOutcome
    rule: str
    inputs: dict[str, Any] = Field(default_factory=dict)
    at: AwareDatetime

    class Settings:
        name = "decisions"
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel([("patient_id", ASCENDING), ("at", DESCENDING)], name="by_patient"),
        ]
