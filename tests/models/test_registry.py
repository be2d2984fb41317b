"""The indexes that hold the rules exist, are missed when they are gone, and refuse what they must (trust.md 30)."""

from datetime import date, timedelta
from typing import Any

import pytest
from pymongo.errors import DuplicateKeyError

from app.context import Context
from app.models.appointments import Appointment, slot_keys
from app.models.base import LONG_AGO, derived_id, stored_date
from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, MessageKind, OutboxState
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.models.registry import DOCUMENTS, missing_indexes
from app.models.services import Service
from tests.conftest import MONDAY_MORNING
from tests.factories import force_status, make_patient, make_recovery, make_service
from tests.services import stage

S = CampaignStatus


class TestMissingIndexes:
    async def test_a_migrated_database_misses_none(self, ctx: Context) -> None:
        assert await missing_indexes(ctx.database.handle) == []

    async def test_a_dropped_one_is_named(self, ctx: Context) -> None:
        collection = Campaign.collection()
        await collection.drop_index("one_active_campaign_per_patient")
        try:
            assert await missing_indexes(ctx.database.handle) == ["campaigns.one_active_campaign_per_patient"]
        finally:
            await collection.create_indexes(Campaign.Settings.indexes)

    async def test_one_that_lost_its_uniqueness_is_named(self, ctx: Context) -> None:
        collection = OutboundMessage.collection()
        await collection.drop_index("one_row_per_message")
        await collection.create_index("key", name="one_row_per_message")
        try:
            assert await missing_indexes(ctx.database.handle) == ["outbound_messages.one_row_per_message"]
        finally:
            await collection.drop_index("one_row_per_message")
            await collection.create_indexes(OutboundMessage.Settings.indexes)

    def test_every_document_has_a_collection_of_its_own(self) -> None:
        names = [document.get_settings().name for document in DOCUMENTS]
        assert len(names) == len(set(names))


class TestUniqueIndexes:
    @pytest.mark.parametrize("status", list(CampaignStatus))
    async def test_one_active_campaign_per_patient(self, ctx: Context, status: CampaignStatus) -> None:
        first, second = await make_recovery(ctx), await make_recovery(ctx)
        await force_status(second, S.RECOVERED)
        await stage.set_raw(second, patient_id=first.patient_id)
        if status in (S.ATTEMPTING_RECOVERY, S.RE_ENGAGED, S.HANDOFF_REQUIRED, S.BOOKING_INITIATED):
            with pytest.raises(DuplicateKeyError):
                await force_status(second, status)
        else:
            await force_status(second, status)

    async def test_one_recall_per_due_date(self, ctx: Context) -> None:
        first, second = await make_recovery(ctx), await make_recovery(ctx)
        await force_status(first, S.RECOVERY_FAILED, due_date=stored_date(date(2026, 11, 20)))
        with pytest.raises(DuplicateKeyError):
            await stage.set_raw(second, patient_id=first.patient_id, due_date=stored_date(date(2026, 11, 20)))
        await stage.set_raw(second, patient_id=first.patient_id, due_date=stored_date(date(2026, 11, 21)))

    @pytest.mark.parametrize(
        ("state", "blocks"),
        [
            (OutboxState.PENDING, True),
            (OutboxState.SENDING, True),
            (OutboxState.SENT, True),
            (OutboxState.UNKNOWN, True),
            (OutboxState.CANCELLED, False),
            (OutboxState.FAILED, False),
        ],
    )
    async def test_one_live_message_per_attempt(self, ctx: Context, state: OutboxState, blocks: bool) -> None:
        campaign = await make_recovery(ctx)
        await stage.add_row(ctx, campaign, MessageKind.ATTEMPT, attempt=1, state=state)
        if not blocks:
            await stage.add_row(ctx, campaign, MessageKind.ATTEMPT, attempt=1)
            return
        with pytest.raises(DuplicateKeyError):
            await stage.add_row(ctx, campaign, MessageKind.ATTEMPT, attempt=1)
        await stage.add_row(ctx, campaign, MessageKind.ATTEMPT, attempt=2)

    async def test_rows_without_day_keys_do_not_collide(self, ctx: Context) -> None:
        campaign = await make_recovery(ctx)
        for _ in range(3):
            await stage.add_row(ctx, campaign, MessageKind.REPLY)
        raw = await OutboundMessage.collection().find_one({})
        assert raw is not None
        assert "day_keys" not in raw

    async def test_two_services_may_not_differ_by_case_alone(self, ctx: Context) -> None:
        await make_service("checkup", name="Check-up")
        with pytest.raises(DuplicateKeyError):
            await make_service("other", name="CHECK-UP")
        found = await Service.named("check-UP")
        assert found is not None
        assert found.id == "checkup"


class TestSlotKeys:
    def keys(self, minutes: int, length: int, buffer: int = 0, **people: Any) -> set[str]:
        start = MONDAY_MORNING + timedelta(minutes=minutes)
        until = start + timedelta(minutes=length)
        who = {"provider_id": "p", "patient_id": "u"} | people
        free_at = until + timedelta(minutes=buffer)
        return set(slot_keys(start=start, until=until, free_at=free_at, **who))

    def test_one_key_for_each_cell_of_provider_and_patient(self) -> None:
        assert len(self.keys(0, 30)) == 12

    def test_the_buffer_holds_the_provider_and_not_the_patient(self) -> None:
        keys = self.keys(0, 30, buffer=10)
        assert sum(key.startswith("P:p:") for key in keys) == 8
        assert sum(key.startswith("U:u:") for key in keys) == 6

    def test_neighbours_do_not_meet(self) -> None:
        assert not self.keys(0, 30) & self.keys(30, 30)

    @pytest.mark.parametrize(("minutes", "length"), [(29, 30), (-29, 30), (3, 1), (0, 30), (-10, 90)])
    def test_whatever_overlaps_shares_a_cell(self, minutes: int, length: int) -> None:
        assert self.keys(0, 30) & self.keys(minutes, length)

    def test_a_visit_off_the_cells_is_rounded_outwards(self) -> None:
        assert len(self.keys(1, 30)) == 2 * 7

    def test_the_clinic_stands_in_for_a_missing_provider(self) -> None:
        assert {key.split(":")[1] for key in self.keys(0, 5, provider_id=None) if key[0] == "P"} == {"clinic"}


class TestIdsAndDates:
    def test_the_same_parts_give_the_same_id_and_their_order_counts(self) -> None:
        assert derived_id("a", 1) == derived_id("a", 1)
        assert derived_id("a", "b") != derived_id("b", "a")
        assert derived_id("ab", "c") != derived_id("a", "bc")

    async def test_a_date_survives_the_database(self, ctx: Context) -> None:
        day = date(2026, 2, 28)
        patient = await make_patient(ctx, date_of_birth=day)
        stored = await Patient.get(patient.id)
        assert stored is not None
        assert stored.date_of_birth == day

    async def test_instants_come_back_aware_and_in_utc(self, ctx: Context) -> None:
        campaign = await make_recovery(ctx)
        stored = await Campaign.get(campaign.id)
        assert stored is not None
        assert (stored.created_at, stored.created_at.utcoffset()) == (MONDAY_MORNING, timedelta(0))
        assert stored.lease_until == LONG_AGO

    async def test_nothing_is_busy_on_an_empty_day(self, ctx: Context) -> None:
        assert await Appointment.busy_between(MONDAY_MORNING, MONDAY_MORNING + timedelta(days=1)) == {}
