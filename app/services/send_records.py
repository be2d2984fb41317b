"""What the Twilio adapter must remember of its sends, kept in the database (trust.md 2.4)."""

import re
from collections.abc import Iterable
from datetime import datetime

from beanie import PydanticObjectId

from app.channels.twilio_records import Asked, Occasion
from app.models.appointments import Appointment
from app.models.clinic import Clinic
from app.models.delivery_reports import DeliveryReport
from app.models.enums import ChannelType, InboundSource, MessageKind
from app.models.inbox import InboundEvent
from app.models.outbox import OutboundMessage
from app.models.patients import Patient

LINK = re.compile(r"https?://\S+")


class StoredSendRecords:
    """The SendRecords of app/channels/twilio_records.py over our own documents."""

    async def asked(self, outbox_id: str, *, at: datetime) -> None:
        await DeliveryReport.mark_asked(PydanticObjectId(outbox_id), at=at)

    async def known(self, outbox_id: str) -> Asked | None:
        report = await DeliveryReport.get(PydanticObjectId(outbox_id))
        return Asked(report.asked_at, report.external_id) if report and report.asked_at else None

    async def taken(self, external_ids: Iterable[str]) -> set[str]:
        query = {"external_id": {"$in": list(external_ids)}}
        rows = OutboundMessage.collection().find(query, {"external_id": 1})
        return {row["external_id"] async for row in rows}

    async def occasion(self, outbox_id: str, *, to: str) -> Occasion:
        row = await OutboundMessage.get(PydanticObjectId(outbox_id))
        return Occasion(
            kind=row.kind if row else None,
            last_written_at=await last_written_at(to),
            values=await _values(row) if row else (),
        )


async def last_written_at(number: str) -> datetime | None:
    """When this number last wrote to us on WhatsApp: what opens the 24-hour window."""
    query = {"conversation_key": f"{ChannelType.WHATSAPP}:{number}", "source": InboundSource.TWILIO}
    newest = await InboundEvent.find(query).sort("-received_at").first_or_none()
    return newest.received_at if newest else None


async def _values(row: OutboundMessage) -> tuple[str, ...]:
    """What {{1}}, {{2}} ... of an approved template are filled with (docs/how-to/connect-twilio.md)."""
    patient, clinic = await Patient.get(row.patient_id), await Clinic.load()
    link = LINK.search(row.body)
    common = (patient.first_name if patient else "", clinic.name, link[0] if link else clinic.phone or "")
    return common + ((await _visit_time(row, clinic),) if row.kind is MessageKind.REMINDER else ())


async def _visit_time(row: OutboundMessage, clinic: Clinic) -> str:
    visit = await Appointment.get(row.appointment_id) if row.appointment_id else None
    return f"{visit.appointment_date.astimezone(clinic.zone):%a %d %b %Y, %H:%M}" if visit else ""
