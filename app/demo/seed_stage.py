"""What every story of the demo shares, and the small records that a campaign leaves: links, reasons, audit rows."""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

from app.context import Context
from app.demo.content.loader import Conversations
from app.demo.seed_calendar import Calendar
from app.demo.seed_clinic import Practice
from app.demo.seed_rows import Ledger
from app.models.appointments import Appointment
from app.models.base import derived_id
from app.models.campaigns import Campaign
from app.models.enums import DecisionOutcome, LinkPurpose
from app.models.links import PatientLink
from app.models.records import AuditEntry, Decision
from app.security import hash_link_token
from app.services.links import BOOKING_LINK_LIFE, MANAGE_LINK_OUTLIVES_VISIT

TOKEN_BYTES = 16


@dataclass(slots=True, kw_only=True)
class Stage:
    """The practice, its calendar, the dice, the content, and everything written so far."""

    ctx: Context
    practice: Practice
    calendar: Calendar
    rng: Random
    talk: Conversations
    ledger: Ledger = field(default_factory=Ledger)
    written_days: set[str] = field(default_factory=set)
    """The days on which an address or a patient was written to first: one proactive message each."""

    @property
    def now(self) -> datetime:
        return self.practice.now

    def summary_of(self, kind: str | None) -> str:
        """The engagement summary after a reply of this kind; None: after no reply."""
        return next(summary.text for summary in self.talk.engagement_summaries if summary.kind == kind)

    def new_link(self, campaign: Campaign, at: datetime) -> str:
        """A personal booking link: nobody guesses it without the server's secret, and every seed makes the same one."""
        cause = f"demo-link:{campaign.id}:{at.isoformat()}"
        token = self._token(cause)
        if at + BOOKING_LINK_LIFE > self.now:
            self.ledger.links.append(_stored_link(campaign, token, cause, at))
        campaign.booking_funnel.link_url = f"{self.ctx.settings.public_base_url}/book?t={token}"
        return campaign.booking_funnel.link_url

    def new_manage_link(self, visit: Appointment, at: datetime) -> str:
        """The link to one visit, made like the one to book."""
        cause = f"demo-manage-link:{visit.id}:{visit.ics_sequence}"
        token = self._token(cause)
        if visit.ends_at + MANAGE_LINK_OUTLIVES_VISIT > self.now:
            self.ledger.links.append(_stored_manage_link(visit, token, cause, at))
        return f"{self.ctx.settings.public_base_url}/manage/{token}"

    def _token(self, cause: str) -> str:
        secret = self.ctx.settings.jwt_secret.get_secret_value().encode()
        digest = hmac.digest(secret, cause.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest[:TOKEN_BYTES]).decode().rstrip("=")

    def decide(
        self, campaign: Campaign, outcome: DecisionOutcome, rule: str, inputs: dict[str, Any], *, at: datetime
    ) -> None:
        """Keep why a proactive message was or was not sent (domain.md section 5)."""
        decision = Decision(
            id=derived_id("demo", "decision", campaign.id, rule, at.isoformat()),
            patient_id=campaign.patient_id,
            campaign_id=campaign.id,
            outcome=outcome,
            rule=rule,
            inputs=inputs,
            at=at,
        )
        self.ledger.decisions.append(decision)

    def audit(self, campaign: Campaign, *, actor: str, action: str, details: dict[str, Any], at: datetime) -> None:
        """Keep what a person did to a campaign."""
        entry = AuditEntry(
            id=derived_id("demo", "audit", campaign.id, action, at.isoformat()),
            actor=actor,
            action=action,
            document_type="campaign",
            document_id=str(campaign.id),
            patient_ids=[campaign.patient_id],
            at=at,
            details=details,
        )
        self.ledger.audit.append(entry)

    def audit_visit(self, visit: Appointment, *, actor: str, what: str, at: datetime) -> None:
        """Keep what a person did to a visit."""
        entry = AuditEntry(
            id=derived_id("demo", "audit", visit.id, what, at.isoformat()),
            actor=actor,
            action=f"appointment.{what}",
            document_type="appointment",
            document_id=str(visit.id),
            patient_ids=[visit.patient_id],
            at=at,
        )
        self.ledger.audit.append(entry)


def _stored_link(campaign: Campaign, token: str, cause: str, at: datetime) -> PatientLink:
    return PatientLink(
        id=derived_id(cause),
        token_hash=hash_link_token(token),
        purpose=LinkPurpose.BOOK,
        patient_id=campaign.patient_id,
        campaign_id=campaign.id,
        created_at=at,
        expires_at=at + BOOKING_LINK_LIFE,
    )


def _stored_manage_link(visit: Appointment, token: str, cause: str, at: datetime) -> PatientLink:
    return PatientLink(
        id=derived_id(cause),
        token_hash=hash_link_token(token),
        purpose=LinkPurpose.MANAGE,
        patient_id=visit.patient_id,
        campaign_id=visit.campaign_id,
        appointment_id=visit.id,
        created_at=at,
        expires_at=visit.ends_at + MANAGE_LINK_OUTLIVES_VISIT,
    )
