"""What happened to one patient: campaigns, messages and visits in one list, newest first."""

from typing import Any

from beanie import PydanticObjectId

from app.models.appointments import Appointment
from app.models.campaigns import Campaign
from app.models.interactions import Interaction


async def of_patient(patient_id: PydanticObjectId) -> list[dict[str, Any]]:
    """Rows of `{kind, at, id, summary}`."""
    rows = [
        _row("campaign", c.created_at, c.id, f"{c.campaign_type} {c.status}")
        for c in await Campaign.find({"patient_id": patient_id}).to_list()
    ]
    campaigns = [row["id"] for row in rows]
    for campaign in campaigns:
        messages = await Interaction.of_campaign(PydanticObjectId(campaign))
        rows += [_row("message", m.timestamp, m.id, f"{m.direction} by {m.author}") for m in messages]
    visits = await Appointment.find({"patient_id": patient_id}).to_list()
    rows += [_row("appointment", v.appointment_date, v.id, f"{v.service_name} {v.status}") for v in visits]
    return sorted(rows, key=lambda row: str(row["at"]), reverse=True)


def _row(kind: str, at: Any, identifier: object, summary: str) -> dict[str, Any]:
    return {"kind": kind, "at": at.isoformat().replace("+00:00", "Z"), "id": str(identifier), "summary": summary}
