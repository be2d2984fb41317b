"""The loop in one process, under a virtual clock: due, written to, answered, booked, completed, counted."""

import httpx2

from app.context import Context
from app.jobs import registry
from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, Intent
from app.models.interactions import Interaction
from app.services import availability, invariants, sandbox, stats
from tests.conftest import Clock
from tests.factories import make_clinic, make_due_patient, make_provider, make_service, make_user, token_for


async def test_recall_from_due_to_recovered(ctx: Context, clock: Clock, client: httpx2.AsyncClient) -> None:
    await make_clinic()
    await make_service()
    await make_provider(ctx, ["checkup"])
    patient = await make_due_patient(ctx)

    launched = await registry.run_job(ctx, registry.DAILY)
    assert launched["created"] == 1
    assert launched["attempts"] == {"attempt_queued": 1}
    assert (await registry.run_job(ctx, registry.OUTBOX))["sent"] == 1
    campaign = await Campaign.find_one({"patient_id": patient.id})
    assert campaign is not None
    assert campaign.follow_up_details.attempts_made == 1

    [first] = await sandbox.sent_to(str(patient.email))
    clock.forward(hours=1)
    await sandbox.write_as_patient(
        ctx,
        sender=str(patient.email),
        text="Yes please, I would like to book",
        channel=None,
        in_reply_to=first["id"],
        headers={},
    )
    await registry.drain(ctx, ignore_window=False)
    campaign = await Campaign.get(campaign.id)
    assert campaign is not None
    assert campaign.status is CampaignStatus.RE_ENGAGED
    messages = await sandbox.sent_to(str(patient.email))
    assert len(messages) == 2
    token = messages[-1]["body"].split("/book?t=")[1].split()[0]

    month = await availability.month(ctx, year=2026, month_number=11, service_name="checkup", provider_id=None)
    day, times = next(iter(month.items()))
    answer = await client.post(
        "/api/v1/appointments/book",
        json={
            "name": "x",
            "email": "y@example.com",
            "token": token,
            "service_name": "checkup",
            "appointment_date": f"{day}T{times[0]}",
        },
    )
    assert answer.status_code == 200, answer.text
    campaign = await Campaign.get(campaign.id)
    assert campaign is not None
    assert campaign.status is CampaignStatus.BOOKING_INITIATED
    staff = token_for(ctx, await make_user(ctx))
    done = await client.post(f"/api/v1/admin/appointments/{answer.json()['appointment_id']}/complete", headers=staff)
    assert done.status_code == 200, done.text
    campaign = await Campaign.get(campaign.id)
    assert campaign is not None
    assert campaign.status is CampaignStatus.RECOVERED
    numbers = await stats.dashboard(ctx)
    assert numbers["conversion_rates"]["recall_rate_percent"] == 100.0
    assert not any((await invariants.check(ctx)).values())
    incoming = [m for m in await Interaction.of_campaign(campaign.id) if m.direction == "incoming"]
    assert [m.ai_analysis.intent for m in incoming if m.ai_analysis] == [Intent.BOOKING_REQUEST]
