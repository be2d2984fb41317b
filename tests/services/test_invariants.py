"""Each invariant bites: the data is broken behind the product's back and the check names the document (trust.md 5)."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from beanie import PydanticObjectId

from app.context import Context
from app.database.connection import Database
from app.models.appointments import Appointment
from app.models.base import Record
from app.models.campaigns import Campaign
from app.models.enums import (
    AppointmentSource,
    AppointmentStatus,
    CampaignStatus,
    ChannelType,
    InboundSource,
    InboxState,
    MessageKind,
    OutboxState,
)
from app.models.inbox import InboundEvent
from app.models.interactions import Interaction
from app.models.listing_cursors import ListingCursor
from app.models.mailboxes import MailboxState
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.models.records import AuditEntry
from app.services import (
    campaigns,
    invariants,
    invariants_visits,
    mailbox_sync,
    merges,
    patients,
    reservations,
)
from app.settings import Settings
from tests.conftest import Clock
from tests.factories import make_patient, make_provider, make_recovery, make_service
from tests.mailboxes import connected, mail
from tests.peers.gmail import ADDRESS, serve_gmail
from tests.services import stage

NAMES = {
    "I1": "overlapping_appointments",
    "I2": "several_active_campaigns",
    "I3": "several_sends_of_one_attempt",
    "I4": "attempts_not_equal_to_sends",
    "I5": "inbound_without_outcome",
    "I6": "sends_after_a_stop",
    "I7": "illegal_status_changes",
    "I8": "cursor_ahead_of_messages",
    "C": "numbers",
}


@pytest.fixture
def ctx(ctx: Context) -> Context:
    return stage.speaking(ctx)


@pytest.fixture
async def without_guards(ctx: Context) -> AsyncIterator[None]:
    """The unique indexes that make two of the violations impossible are away for this test."""
    guarded = {
        Campaign: "one_active_campaign_per_patient",
        OutboundMessage: "one_live_message_per_attempt",
        InboundEvent: "one_row_per_event",
        Interaction: "one_interaction_per_external_id",
    }
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
    template = reservations.new_appointment(
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


async def make_finished_event(ctx: Context, event_id: str, *, outcome: str | None = "answered") -> InboundEvent:
    event = InboundEvent(
        source=InboundSource.GENERIC,
        event_id=event_id,
        payload={},
        conversation_key=event_id,
        state=InboxState.DONE,
        outcome=outcome,
        received_at=ctx.now(),
    )
    await event.insert()
    return event


class TestCheck:
    async def test_every_invariant_is_reported_and_holds_over_the_whole_loop(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx)
        await stage.answered_with(ctx, campaign, "yes please")
        await make_service()
        await make_provider(ctx, ["checkup"])
        await stage.booked_beside(ctx, campaign, follows=True)
        report = await invariants.check(ctx)
        assert {each.number: each.name for each in invariants.INVARIANTS} == NAMES
        assert list(report) == list(NAMES.values())
        assert not any(report.values())

    async def test_no_more_are_named_than_a_person_can_use(self, ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(invariants, "MOST_NAMED", 3)
        for number in range(5):
            await make_finished_event(ctx, f"m{number}", outcome=None)
        assert len((await invariants.check(ctx))["inbound_without_outcome"]) == 3


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

    async def test_one_patient_with_two_providers_at_once(self, ctx: Context) -> None:
        first = await make_visit(ctx)
        second = await make_visit(ctx, provider_id=(await make_provider(ctx, ["checkup"])).id)
        assert await broken(ctx) == {}
        await set_raw(second, {"patient_id": first.patient_id})
        assert await broken(ctx) == {"overlapping_appointments": [str(max(first.id, second.id))]}

    async def test_a_patient_may_leave_while_the_chair_is_cleaned(self, ctx: Context) -> None:
        first = await make_visit(ctx)
        await set_raw(first, {"busy_until": first.ends_at + timedelta(minutes=15)})
        provider = await make_provider(ctx, ["checkup"])
        second = await make_visit(ctx, provider_id=provider.id, appointment_date=first.ends_at)
        await set_raw(second, {"patient_id": first.patient_id})
        assert await broken(ctx) == {}

    async def test_long_ago_is_forgotten_and_today_is_not(self, ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(invariants_visits, "FORGETS_EVERY", 1)
        first = await make_visit(ctx)
        past = ctx.now() - timedelta(days=9)
        await make_visit(ctx, appointment_date=past, ends_at=past, busy_until=past)
        second = await make_visit(ctx, appointment_date=first.appointment_date + timedelta(minutes=10))
        assert await broken(ctx) == {"overlapping_appointments": [str(second.id)]}

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

    async def test_two_rows_of_one_event(self, ctx: Context) -> None:
        for _ in range(2):
            await make_finished_event(ctx, "the-same")
        found = await broken(ctx)
        assert set(found) == {"inbound_without_outcome"}
        assert "the-same" in found["inbound_without_outcome"][0]

    async def test_two_interactions_of_one_message(self, ctx: Context) -> None:
        campaign = await stage.answered_with(ctx, await stage.written_to(ctx), "yes please")
        [said] = await Interaction.find({"campaign_id": campaign.id, "direction": "incoming"}).to_list()
        await said.model_copy(update={"id": PydanticObjectId()}).insert()
        found = await broken(ctx)
        assert set(found) == {"inbound_without_outcome"}
        assert str(said.external_id) in found["inbound_without_outcome"][0]


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


class TestStops:
    @pytest.mark.parametrize(
        ("channel", "minutes", "is_found"),
        [("all", 1, True), ("email", 1, True), ("sms", 1, False), ("all", -1, False)],
        ids=["everything, before", "this channel, before", "another channel", "after the message"],
    )
    async def test_a_message_that_was_handed_out_after_a_stop(
        self, ctx: Context, channel: str, minutes: int, *, is_found: bool
    ) -> None:
        campaign = await stage.written_to(ctx)
        row = await stage.only_row(campaign_id=campaign.id)
        assert row.channel == "email"
        assert row.sending_since is not None
        stop = {"channel": channel, "at": row.sending_since - timedelta(minutes=minutes), "source": "behind our back"}
        await Patient.collection().update_one({"_id": campaign.patient_id}, {"$set": {"opt_outs": [stop]}})
        assert await broken(ctx) == ({"sends_after_a_stop": [str(row.id)]} if is_found else {})

    async def test_a_stop_that_came_with_a_merge_holds_from_then_on(self, ctx: Context, clock: Clock) -> None:
        other = await make_patient(ctx)
        await patients.record_opt_out(ctx, patient_ids=[other.id], channel=ChannelType.EMAIL, source="test")
        clock.forward(minutes=1)
        campaign = await stage.written_to(ctx)
        row = await stage.only_row(campaign_id=campaign.id)
        clock.forward(minutes=1)
        actor = "user:0123456789abcdef01234567"
        await merges.merge(ctx, patient_id=campaign.patient_id, merge_patient_id=other.id, reason="", actor=actor)
        assert await broken(ctx) == {}
        await set_raw(row, {"sending_since": ctx.now() + timedelta(minutes=1)})
        assert await broken(ctx) == {"sends_after_a_stop": [str(row.id)]}

    async def test_what_a_stop_does_not_concern(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx)
        row = await stage.only_row(campaign_id=campaign.id)
        stop = {"channel": "all", "at": ctx.now() - timedelta(days=1), "source": "x"}
        await Patient.collection().update_one({"_id": campaign.patient_id}, {"$set": {"opt_outs": [stop]}})
        await set_raw(row, {"kind": MessageKind.OPT_OUT_CONFIRMATION, "attempt": None})
        assert "sends_after_a_stop" not in await broken(ctx)


class TestCursors:
    async def test_a_listing_that_was_read_in_the_future(self, ctx: Context) -> None:
        await ListingCursor.advance("twilio:sms", to=ctx.now())
        assert await broken(ctx) == {}
        await ListingCursor.advance("twilio:sms", to=ctx.now() + timedelta(hours=1))
        assert await broken(ctx) == {"cursor_ahead_of_messages": ["twilio:sms"]}

    async def test_a_mailbox_that_was_read_beyond_its_end(
        self, settings: Settings, database: Database, clock: Clock, tmp_path: Path
    ) -> None:
        with serve_gmail() as peer:
            ctx = connected(settings, database, clock, peer, tmp_path)
            await mailbox_sync.sync(ctx)
            peer.deliver(mail())
            await mailbox_sync.sync(ctx)
            assert await broken(ctx) == {}
            state = await MailboxState.now_of(ADDRESS)
            assert state.cursor is not None
            await MailboxState.advance(ADDRESS, state.cursor + 1)
            assert await broken(ctx) == {"cursor_ahead_of_messages": [ADDRESS]}

    async def test_a_mailbox_that_is_away_is_no_violation(
        self, settings: Settings, database: Database, clock: Clock, tmp_path: Path
    ) -> None:
        with serve_gmail() as peer:
            ctx = connected(settings, database, clock, peer, tmp_path)
            await mailbox_sync.sync(ctx)
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

    async def test_what_a_person_changed_is_in_the_audit_log(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx)
        person = f"user:{PydanticObjectId()}"
        await campaigns.change_status(ctx, campaign.id, CampaignStatus.BOOKING_COMPLETED, actor=person, reason=None)
        assert await broken(ctx) == {}
        await AuditEntry.collection().delete_many({"actor": person})
        assert await broken(ctx) == {"illegal_status_changes": [str(campaign.id)]}

    async def test_another_persons_row_does_not_stand_for_it(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx)
        person = f"user:{PydanticObjectId()}"
        await campaigns.change_status(ctx, campaign.id, CampaignStatus.BOOKING_COMPLETED, actor=person, reason=None)
        await AuditEntry.collection().update_many({"actor": person}, {"$set": {"document_id": "x", "patient_ids": []}})
        assert await broken(ctx) == {"illegal_status_changes": [str(campaign.id)]}
