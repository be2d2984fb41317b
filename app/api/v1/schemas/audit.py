"""JSON of the audit log (trust.md fault 34)."""

from datetime import datetime
from typing import Any

from pydantic import ConfigDict, Field

from app.api.v1.schemas.pages import Pagination
from app.api.v1.schemas.types import Answer, IdText, Zulu
from app.models.records import AuditEntry

ENTRY: dict[str, Any] = {
    "entry_id": "6720c1f0a3b4c5d6e7f80920",
    "at": "2026-11-21T09:30:00.000Z",
    "actor": "user:6720c1f0a3b4c5d6e7f80910",
    "actor_name": "Sofia Stern",
    "action": "campaign.status_changed",
    "document_type": "campaign",
    "document_id": "6720c1f0a3b4c5d6e7f80901",
    "patient_ids": ["6720c1f0a3b4c5d6e7f80902"],
    "correlation_id": "9f2c4a7be1d03c58",
    "details": {"from": "RE_ENGAGED", "to": "HANDOFF_REQUIRED", "reason": "asked for the dentist"},
}


class AuditEntryAnswer(Answer):
    model_config = ConfigDict(json_schema_extra={"example": ENTRY})

    entry_id: IdText
    at: Zulu
    actor: str = Field(description="`user:<id>`, `patient:<id>`, `agent`, `system` or `stranger`")
    actor_name: str | None = Field(description="The staff member's name")
    action: str
    document_type: str
    document_id: str
    patient_ids: list[IdText]
    correlation_id: str
    details: dict[str, Any]

    @classmethod
    def of(cls, entry: AuditEntry, names: dict[str, str]) -> "AuditEntryAnswer":
        return cls(
            entry_id=str(entry.id),
            at=entry.at,
            actor=entry.actor,
            actor_name=names.get(entry.actor),
            action=entry.action,
            document_type=entry.document_type,
            document_id=entry.document_id,
            patient_ids=[str(patient) for patient in entry.patient_ids],
            correlation_id=entry.correlation_id,
            details=_plain(entry.details),
        )


def _plain(value: Any) -> Any:
    """What JSON knows: ids and instants as texts, at any depth."""
    if isinstance(value, dict):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value if value is None or isinstance(value, str | int | float) else str(value)


class AuditPagination(Pagination):
    total_is_exact: bool = Field(description="False: there are at least `total_items`")


class AuditList(Answer):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "pagination": {
                    "total_items": 1,
                    "total_pages": 1,
                    "current_page": 1,
                    "next_cursor": None,
                    "total_is_exact": True,
                },
                "entries": [ENTRY],
            }
        }
    )

    pagination: AuditPagination
    entries: list[AuditEntryAnswer]
