"""What staff look things up in: the audit log, and every decision to write or not to write."""

from typing import Any, ClassVar

from beanie import PydanticObjectId
from pydantic import AwareDatetime, Field
from pymongo import ASCENDING, DESCENDING, IndexModel

from app.models.base import Record
from app.models.enums import DecisionOutcome

READ_ACTIONS = (".read", ".listed", ".searched", ".exported", ".previewed")
"""How the name of an action ends that changed nothing."""


class AuditEntry(Record):
    """Append-only: who did what to which document, and when."""

    actor: str
    action: str
    document_type: str
    document_id: str
    patient_ids: list[PydanticObjectId] = Field(default_factory=list)
    """Whose record was read or changed: the access report of one patient (HIPAA 164.312(b))."""
    at: AwareDatetime
    correlation_id: str = ""
    details: dict[str, Any] = Field(default_factory=dict)
    is_read: bool = Field(default_factory=lambda entry: str(entry.get("action", "")).endswith(READ_ACTIONS))
    """True when somebody only looked; told by the action's last word."""

    class Settings:
        name = "audit_log"
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel(
                [("document_type", ASCENDING), ("document_id", ASCENDING), ("at", DESCENDING), ("_id", DESCENDING)],
                name="by_document",
            ),
            IndexModel([("at", DESCENDING), ("_id", DESCENDING)], name="by_time"),
            IndexModel([("patient_ids", ASCENDING), ("at", DESCENDING), ("_id", DESCENDING)], name="by_patient"),
            # Reads of a record outnumber its changes by far, and its timeline shows only these.
            IndexModel(
                [("patient_ids", ASCENDING), ("is_read", ASCENDING), ("at", DESCENDING), ("_id", DESCENDING)],
                name="changes_by_patient",
                partialFilterExpression={"is_read": False},
            ),
            IndexModel([("actor", ASCENDING), ("at", DESCENDING), ("_id", DESCENDING)], name="by_actor"),
            IndexModel([("action", ASCENDING), ("at", DESCENDING), ("_id", DESCENDING)], name="by_action"),
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
            IndexModel([("patient_id", ASCENDING), ("at", DESCENDING), ("_id", DESCENDING)], name="by_patient"),
        ]
