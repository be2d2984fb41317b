"""Each invariant bites: the data is broken behind the product's back and the check names the document (trust.md 5)."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from app.context import Context
from app.models.appointments import Appointment
from app.models.base import Record
from app.models.campaigns import Campaign
from app.models.enums import AppointmentSource, AppointmentStatus, InboxState, MessageKind, OutboxState
from app.models.inbox import InboundEvent
from app.models.outbox import OutboundMessage
from app.services import appointments, invariants
from tests.factories import make_patient, make_provider, make_recovery, make_service
from tests.services import stage

NAMES = {
    "overlapping_appointments",
    "several_active_campaigns",
    "several_sends_of_one_attempt",
    "attempts_not_equal_to_sends",
    "inbound_without_outcome",
    "illegal_status_changes",
    "numbers",
}


@pytest.fixture
def ctx(ctx: Context) -> Context:
    return stage.speaking(ctx)


@pytest.fixture
async def without_guards(ctx: Context) -> AsyncIterator[None]:
    """The unique indexes that make two of the violations impossible are away for this test."""
    guarded = {Campaign: "one_active_campaign_per_patient", OutboundMessage: "one_live_message_per_attempt"}
    for document, index in guarded.items():
        await document.collection().drop_index(index)
    yield
    for document in guarded:
        await document.collection().delete_many({})
        await document.collection().create_indexes(document.Settings.indexes)


async def broken(ctx: Context) -> dict[str, list[str]]:
    """Only the invariants that do not hold."""
    return {name: found for name, found in (await invariants.check(ctx)).items() if found}


async def set_raw(record: Record, changes: dict[str, Any]) -> None:
    await type(record).collection().update_one({"_id": record.id}, {"$set": changes})


async def make_visit(ctx: Context, **fields: Any) -> Appointment:
    patient = await make_patient(ctx)
    template = appointments.new_appointment(
        ctx,
        patient=patient,
        campaign=None,
        start=ctx.now() + timedelta(days=1),
        minutes=30,
        source=AppointmentSource.MANUAL_ADMIN,
    )
    visit: Appointment = template.model_copy(update=fields)
    await visit.insert()
    return visit


class TestCheck:
    async def test_every_invariant_is_reported_and_holds_over_the_whole_loop(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx)
        await stage.answered_with(ctx, campaign, "yes please")
        await make_service()
        await make_provider(ctx, ["checkup"])
        await stage.booked_beside(ctx, campaign, follows=True)
        report = await invariants.check(ctx)
        assert set(report) == NAMES
        assert not any(report.values())


class TestOverlappingAppointments:
    async def test_two_booked_visits_of_one_provider(self, ctx: Context) -> None:
        provider = await make_provider(ctx, ["checkup"])
        await make_visit(ctx, provider_id=provider.id)
        later = ctx.now() + timedelta(days=1, minutes=29)
        second = await make_visit(ctx, provider_id=provider.id, appointment_date=later)
        assert await broken(ctx) == {"overlapping_appointments": [str(second.id)]}

    async def test_a_buffer_is_part_of_the_visit(self, ctx: Context) -> None:
        first = await make_visit(ctx)
        await set_raw(first, {"busy_until": first.ends_at + timedelta(minutes=15)})
        second = await make_visit(ctx, appointment_date=first.ends_at)
        assert await broken(ctx) == {"overlapping_appointments": [str(second.id)]}

    async def test_a_long_visit_over_two_short_ones_names_both(self, ctx: Context) -> None:
        first = await make_visit(ctx)
        await set_raw(first, {"busy_until": first.ends_at + timedelta(hours=3)})
        others = [await make_visit(ctx, appointment_date=first.ends_at + timedelta(hours=hour)) for hour in (0, 1)]
        assert await broken(ctx) == {"overlapping_appointments": [str(other.id) for other in others]}

    @pytest.mark.parametrize("status", [AppointmentStatus.CANCELLED, AppointmentStatus.NO_SHOW])
    async def test_a_withdrawn_visit_is_in_nobodys_way(self, ctx: Context, status: AppointmentStatus) -> None:
        await make_visit(ctx)
        await make_visit(ctx, status=status)
        assert await broken(ctx) == {}

    async def test_another_providers_visit_neither(self, ctx: Context) -> None:
        await make_visit(ctx)
        await make_visit(ctx, provider_id=(await make_provider(ctx, ["checkup"])).id)
        assert await broken(ctx) == {}


@pytest.mark.usefixtures("without_guards")
class TestUniqueness:
    async def test_two_active_campaigns_of_one_patient(self, ctx: Context) -> None:
        first, second = await make_recovery(ctx), await make_recovery(ctx)
        await set_raw(second, {"patient_id": first.patient_id})
        found = await broken(ctx)
        assert set(found) == {"several_active_campaigns"}
        assert str(first.patient_id) in found["several_active_campaigns"][0]

    async def test_two_sends_of_one_attempt(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx)
        await stage.add_row(ctx, campaign, MessageKind.ATTEMPT, attempt=1, state=OutboxState.UNKNOWN)
        found = await broken(ctx)
        assert set(found) == {"several_sends_of_one_attempt", "attempts_not_equal_to_sends"}
        assert str(campaign.id) in found["several_sends_of_one_attempt"][0]


class TestAttempts:
    @pytest.mark.parametrize("counted", [0, 2])
    async def test_a_campaign_that_miscounted(self, ctx: Context, counted: int) -> None:
        campaign = await stage.written_to(ctx)
        await set_raw(campaign, {"follow_up_details.attempts_made": counted})
        assert await broken(ctx) == {"attempts_not_equal_to_sends": [str(campaign.id)]}

    async def test_a_campaign_that_counted_what_was_never_sent(self, ctx: Context) -> None:
        campaign = await make_recovery(ctx)
        await set_raw(campaign, {"follow_up_details.attempts_made": 1})
        assert await broken(ctx) == {"attempts_not_equal_to_sends": [str(campaign.id)]}


class TestInbound:
    @pytest.mark.parametrize("state", [InboxState.DONE, InboxState.PARKED, InboxState.UNMATCHED])
    async def test_a_finished_event_without_an_outcome(self, ctx: Context, state: InboxState) -> None:
        await stage.answered_with(ctx, await stage.written_to(ctx), "yes please")
        event = await stage.only_event()
        await set_raw(event, {"state": state, "outcome": None})
        assert await broken(ctx) == {"inbound_without_outcome": [str(event.id)]}

    async def test_what_still_waits_is_work(self, ctx: Context) -> None:
        await stage.incoming(ctx, await stage.written_to(ctx), "yes please")
        assert await InboundEvent.find({"state": InboxState.RECEIVED}).count() == 1
        assert await broken(ctx) == {}


class TestStatusChanges:
    @pytest.mark.parametrize(
        "change",
        [
            {"status": "RECOVERED"},
            {"status_changes": []},
            {"status_changes.0.target": "RE_ENGAGED"},
            {"status_changes.1.event": "visit_completed"},
            {"status_changes.1.source": "BOOKING_INITIATED"},
        ],
        ids=["status without a move", "no history", "broken chain", "impossible move", "other source"],
    )
    async def test_a_history_that_the_table_does_not_hold(self, ctx: Context, change: dict[str, Any]) -> None:
        campaign = await stage.written_to(ctx)
        await set_raw(campaign, change)
        assert await broken(ctx) == {"illegal_status_changes": [str(campaign.id)]}

    async def test_an_event_that_nobody_knows(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx)
        await set_raw(campaign, {"status_changes.1.event": "teleported"})
        assert await broken(ctx) == {"illegal_status_changes": [str(campaign.id)]}
