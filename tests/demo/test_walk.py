"""The demo walk: what it leaves in the database, what it says, and that it cannot hide a failure."""

import io
from collections import Counter
from datetime import datetime

import pytest
from rich.console import Console

from app.context import Context
from app.demo.walk import walk
from app.demo.walk_steps import COLD_LEADS, DUE_PATIENTS, WalkFailedError
from app.models.appointments import Appointment
from app.models.campaigns import Campaign
from app.models.enums import (
    AppointmentStatus,
    CampaignStatus,
    Delivery,
    Direction,
    InboxState,
    Intent,
    MessageKind,
    OutboxState,
    PatientType,
)
from app.models.inbox import InboundEvent
from app.models.interactions import Interaction
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.services import invariants, stats
from tests.conftest import Clock
from tests.factories import make_due_patient

EVERYBODY = DUE_PATIENTS + COLD_LEADS


def recording_console() -> Console:
    return Console(file=io.StringIO(), record=True, width=120)


async def test_the_loop_ends_as_it_should(ctx: Context) -> None:
    await walk(ctx, recording_console())

    campaigns = await Campaign.find_all().to_list()
    assert Counter(campaign.status for campaign in campaigns) == {
        CampaignStatus.RECOVERED: 2,
        CampaignStatus.MANUAL_FOLLOWUP_COMPLETE: 1,
        CampaignStatus.ATTEMPTING_RECOVERY: EVERYBODY - 3,
    }
    assert all(campaign.follow_up_details.attempts_made == 1 for campaign in campaigns)
    visits = await Appointment.find_all().to_list()
    assert [visit.status for visit in visits] == [AppointmentStatus.COMPLETED] * 2
    assert await Patient.find({"patient_type": PatientType.COLD_LEAD}).count() == COLD_LEADS - 1
    assert not any((await invariants.check(ctx)).values())


async def test_every_message_left_once_and_every_reply_has_an_outcome(ctx: Context) -> None:
    await walk(ctx, recording_console())

    rows = await OutboundMessage.find_all().to_list()
    assert {row.state for row in rows} == {OutboxState.SENT}
    assert Counter(row.kind for row in rows) == {
        MessageKind.ATTEMPT: EVERYBODY,
        MessageKind.REPLY: 2,
        MessageKind.HANDOFF: 1,
        MessageKind.STAFF: 1,
        MessageKind.CONFIRMATION: 2,
    }
    incoming = await Interaction.find({"direction": Direction.INCOMING}).to_list()
    assert Counter(item.ai_analysis.intent for item in incoming if item.ai_analysis) == {
        Intent.BOOKING_REQUEST: 1,
        Intent.QUESTION: 2,
    }
    outgoing = await Interaction.find({"direction": Direction.OUTGOING}).to_list()
    assert {item.delivery for item in outgoing} == {Delivery.SENT}
    assert [event.state for event in await InboundEvent.find_all().to_list()] == [InboxState.DONE] * 3


async def test_the_numbers_are_those_of_the_story(ctx: Context) -> None:
    console = recording_console()
    await walk(ctx, console)

    numbers = await stats.dashboard(ctx)
    assert numbers["funnel"] == {
        "eligible": EVERYBODY,
        "contacted": EVERYBODY,
        "replied": 3,
        "booked": 2,
        "completed": 2,
    }
    assert numbers["conversion_rates"]["recall_rate_percent"] == 50.0
    assert numbers["conversion_rates"]["recovery_rate_percent"] == 100.0
    assert numbers["kpis"]["handoffs_requiring_action"] == 0
    said = console.export_text()
    assert "Recall rate: 50.0 % (1 of 2 closed)" in said
    assert "Recovery rate: 100.0 % (1 of 1 closed)" in said
    assert "overlapping appointments: none" in said
    assert "Where to look next" in said


async def test_each_id_on_the_screen_can_be_looked_up(ctx: Context) -> None:
    console = recording_console()
    await walk(ctx, console)

    said = console.export_text()
    for visit in await Appointment.find_all().to_list():
        assert str(visit.id) in said
        assert str(visit.campaign_id) in said
    for patient in await Patient.find_all().to_list():
        assert str(patient.id) in said


@pytest.mark.parametrize(
    "now",
    [
        pytest.param("2026-11-29T05:30:00+00:00", id="in the night to a Sunday"),
        pytest.param("2026-12-25T16:00:00+00:00", id="on a holiday"),
        pytest.param("2027-01-01T03:00:00+00:00", id="on the year's last evening"),
        pytest.param("2027-03-14T07:30:00+00:00", id="when the clocks change"),
    ],
)
async def test_it_works_whenever_it_is_run(ctx: Context, clock: Clock, now: str) -> None:
    clock.instant = datetime.fromisoformat(now)
    await walk(ctx, recording_console())


async def test_a_wrong_outcome_is_said_and_raised(ctx: Context) -> None:
    await make_due_patient(ctx)
    console = recording_console()

    with pytest.raises(WalkFailedError, match="before the demo should be 0, and it is 1"):
        await walk(ctx, console)

    assert "The demo stops here" in console.export_text()
