"""The append-only record of who did what (trust.md fault 34); call it inside the transaction of the change."""

from collections.abc import Iterable
from typing import Any

import structlog
from beanie import PydanticObjectId

from app.context import Context
from app.models.enums import DecisionOutcome
from app.models.records import AuditEntry, Decision

AGENT = "agent"
SYSTEM = "system"
STRANGER = "stranger"
"""Somebody who is not signed in."""


def correlation_id() -> str:
    """The id of the request or job that this work belongs to, or an empty string."""
    return str(structlog.contextvars.get_contextvars().get("correlation_id", ""))


async def record(
    ctx: Context,
    *,
    actor: str,
    action: str,
    document: tuple[str, object],
    patients: Iterable[PydanticObjectId] = (),
    details: dict[str, Any] | None = None,
) -> None:
    """Add one row: `actor` (`user:<id>`, `patient:<id>`, `agent`, `system`, `stranger`) did `action` to `document`.

    The document is (type, id). `patients` names everybody whose record was read or changed, each once; a document that
    is a patient names itself.
    """
    kind, identifier = document
    named = list(dict.fromkeys(patients))
    if kind == "patient" and not named:
        named = [PydanticObjectId(str(identifier))]
    await AuditEntry(
        actor=actor,
        action=action,
        document_type=kind,
        document_id=str(identifier),
        patient_ids=named,
        at=ctx.now(),
        correlation_id=correlation_id(),
        details=details or {},
    ).insert()


async def decide(
    ctx: Context,
    *,
    patient_id: PydanticObjectId,
    campaign_id: PydanticObjectId | None,
    outcome: DecisionOutcome,
    rule: str,
    inputs: dict[str, Any] | None = None,
) -> None:
    """Keep why a proactive message was or was not sent (domain.md section 5)."""
    await Decision(
        patient_id=patient_id, campaign_id=campaign_id, outcome=outcome, rule=rule, inputs=inputs or {}, at=ctx.now()
    ).insert()
