"""What the Twilio adapter needs to be told about a message, and to have remembered; bootstrap brings the answer."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.models.enums import MessageKind


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of one send: when Twilio was last asked, and the id that a status callback named since."""

    at: datetime
    external_id: str | None


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why a WhatsApp message goes out: its kind, when the patient last wrote, what a template may be filled with."""

    kind: MessageKind | None
    last_written_at: datetime | None
    values: tuple[str, ...]


class SendRecords(Protocol):
    """What must be known between a send and the answer to it."""

    async def asked(self, outbox_id: str, *, at: datetime) -> None:
        """Write down that Twilio is about to be asked."""

    async def known(self, outbox_id: str) -> Asked | None:
        """What is known of a send; None when Twilio was never asked."""

    async def taken(self, external_ids: Iterable[str]) -> set[str]:
        """Those of Twilio's ids that belong to another message already."""

    async def occasion(self, outbox_id: str, *, to: str) -> Occasion:
        """Why this message goes to this number."""
