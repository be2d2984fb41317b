"""Patients: unique addresses, families, routes, and the instant from which outreach may begin (domain.md 2 and 4)."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from app.context import Context
from app.errors import ConflictError, InvalidInputError
from app.models.campaigns import Campaign
from app.models.enums import ChannelType, PatientType
from app.models.patients import OptOut, Patient
from app.models.records import AuditEntry
from app.services import clinic, patient_changes, patients
from app.services.clinic import Wish
from app.services.patient_changes import PatientChanges
from app.services.patients import Route, route_of
from tests.conftest import Clock
from tests.factories import force_status, make_clinic, make_due_patient, make_patient, make_recovery
from tests.services import stage

PHONE = "+12025550171"
DUE_AT = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
"""Midnight in New York."""


async def due_at(patient_id: Any) -> datetime | None:
    return (await patients.get(patient_id)).outreach_due_at


class TestCreate:
    async def test_it_is_stored_with_its_due_instant_and_an_audit_row(self, ctx: Context) -> None:
        await make_clinic()
        patient = await make_due_patient(ctx, due_on=date(2026, 11, 20))
        assert patient.outreach_due_at == DUE_AT
        assert await AuditEntry.find({"action": "patient.created", "document_id": str(patient.id)}).count() == 1

    @pytest.mark.parametrize("taken", [{"email": "lee@example.com"}, {"phone": PHONE}])
    async def test_an_address_belongs_to_one_person(self, ctx: Context, taken: dict[str, str]) -> None:
        await make_patient(ctx, **taken)
        with pytest.raises(ConflictError):
            await make_patient(ctx, **taken)
        assert await Patient.count() == 1

    async def test_of_two_at_once_one_is_stored(self, ctx: Context) -> None:
        makers = (make_patient(ctx, email="lee@example.com") for _ in range(3))
        results = await asyncio.gather(*makers, return_exceptions=True)
        assert sum(isinstance(result, Patient) for result in results) == 1
        assert sum(isinstance(result, ConflictError) for result in results) == 2

    async def test_a_family_may_share_one(self, ctx: Context) -> None:
        parent = await make_patient(ctx, email="family@example.com")
        for _ in range(2):
            await make_patient(ctx, email="family@example.com", guardian_id=parent.id)
        assert await Patient.find({"email": "family@example.com"}).count() == 3

    async def test_many_may_have_none(self, ctx: Context) -> None:
        for _ in range(2):
            await make_patient(ctx, email=None)
        assert await Patient.count() == 2


class TestRouteOf:
    async def test_the_guardians_address_in_the_patients_order(self, ctx: Context) -> None:
        parent = await make_patient(ctx, phone=PHONE)
        child = await make_patient(ctx, email=None, guardian_id=parent.id, preferred_channel=["sms", "email"])
        assert route_of(child, parent) == Route(ChannelType.SMS, PHONE)

    @pytest.mark.parametrize("whose", ["child", "parent"])
    async def test_a_stop_of_either_holds(self, ctx: Context, whose: str) -> None:
        parent = await make_patient(ctx)
        child = await make_patient(ctx, email=None, guardian_id=parent.id)
        stop = OptOut(channel="all", at=ctx.now(), source="phone")
        (child if whose == "child" else parent).opt_outs.append(stop)
        assert route_of(child, parent) is None


class TestRefreshDue:
    async def test_an_active_campaign_takes_it_away_and_a_served_date_keeps_it_away(self, ctx: Context) -> None:
        await make_clinic()
        campaign = await stage.running_campaign(ctx)
        await patients.refresh_due(ctx, campaign.patient_id)
        assert await due_at(campaign.patient_id) is None
        await force_status(campaign, campaign.status.RECOVERY_FAILED)
        await patients.refresh_due(ctx, campaign.patient_id)
        assert await due_at(campaign.patient_id) is None

    async def test_cool_down_counts_from_the_last_close(self, ctx: Context, clock: Clock) -> None:
        campaign = await make_recovery(ctx)
        closed = clock.forward(days=5)
        await force_status(campaign, campaign.status.MANUAL_FOLLOWUP_COMPLETE, closed_at=closed)
        await patients.refresh_due(ctx, campaign.patient_id)
        assert await due_at(campaign.patient_id) == closed + timedelta(days=180)

    async def test_three_recoveries_are_the_last(self, ctx: Context, clock: Clock) -> None:
        patient_id = None
        for _ in range(3):
            campaign = await make_recovery(ctx, patient_email="lee@example.com")
            patient_id = campaign.patient_id
            await force_status(campaign, campaign.status.RECOVERY_FAILED, closed_at=clock.forward(days=200))
        await patients.refresh_due(ctx, patient_id)  # type: ignore[arg-type]
        assert await Campaign.find({"patient_id": patient_id}).count() == 3
        assert await due_at(patient_id) is None

    async def test_a_new_zone_moves_every_waiting_date(self, ctx: Context) -> None:
        await make_clinic()
        patient = await make_due_patient(ctx, due_on=date(2026, 11, 20))
        await clinic.update(ctx, Wish(changes={"time_zone": "Europe/Berlin"}), actor="system")
        assert await due_at(patient.id) == datetime(2026, 11, 19, 23, 0, tzinfo=UTC)

    async def test_a_longer_cool_down_moves_the_waiting_leads(self, ctx: Context, clock: Clock) -> None:
        campaign = await make_recovery(ctx)
        await force_status(campaign, campaign.status.RECOVERY_FAILED, closed_at=clock.instant)
        await clinic.update(ctx, Wish(changes={"outreach": {"cool_down_days": 365}}), actor="system")
        assert await due_at(campaign.patient_id) == clock.instant + timedelta(days=365)


class TestRecordVisit:
    async def test_the_first_visit_makes_a_lead_a_patient(self, ctx: Context) -> None:
        lead = await make_patient(ctx, patient_type=PatientType.COLD_LEAD)
        await patients.record_visit(
            ctx, patient_id=lead.id, procedure="Checkup", on=date(2026, 11, 24), next_follow_up_on=None
        )
        after = await patients.get(lead.id)
        assert (after.patient_type, after.outreach_due_at) == (PatientType.EXISTING, None)


class TestRead:
    async def test_reading_a_patient_is_audited(self, ctx: Context) -> None:
        patient = await make_patient(ctx)
        await patients.read(ctx, patient.id, actor="user:x")
        entry = await AuditEntry.find_one({"action": "patient.read"})
        assert entry is not None
        assert (entry.actor, entry.document_id) == ("user:x", str(patient.id))


class TestLiving:
    """A record that went into another one, or was erased, is found by nobody (domain.md section 2)."""

    @pytest.mark.parametrize("gone", ["merged_into", "erased_at"])
    async def test_it_matches_no_address_and_is_never_due(self, ctx: Context, gone: str) -> None:
        await make_clinic()
        patient = await make_due_patient(ctx, phone=PHONE)
        mark = patient.id if gone == "merged_into" else ctx.now()
        await Patient.collection().update_one({"_id": patient.id}, {"$set": {gone: mark}})
        assert await Patient.matching(email=patient.email, phone=PHONE) == []
        assert await Patient.holding_address(ChannelType.SMS, PHONE) == []
        assert await Patient.due_page(ctx.now(), after=None, limit=10) == []
        await patients.refresh_due(ctx, patient.id)
        assert await due_at(patient.id) is None


class TestFamilies:
    async def test_a_dependant_holds_no_strangers_address(self, ctx: Context) -> None:
        parent, stranger = await make_patient(ctx), await make_patient(ctx, email="stranger@example.com")
        with pytest.raises(ConflictError) as refusal:
            await make_patient(ctx, email="stranger@example.com", guardian_id=parent.id)
        assert refusal.value.extra == {"field": "email", "patient_id": str(stranger.id)}

    async def test_nobody_takes_a_dependants_address(self, ctx: Context) -> None:
        parent = await make_patient(ctx)
        child = await make_patient(ctx, email=None, phone=PHONE, guardian_id=parent.id)
        with pytest.raises(ConflictError) as refusal:
            await make_patient(ctx, phone=PHONE)
        assert refusal.value.extra["patient_id"] == str(child.id)

    async def test_a_dependant_is_nobodys_guardian(self, ctx: Context) -> None:
        parent = await make_patient(ctx)
        child = await make_patient(ctx, email=None, guardian_id=parent.id)
        with pytest.raises(InvalidInputError):
            await make_patient(ctx, email=None, guardian_id=child.id)
        assert await Patient.count() == 2

    async def test_an_erased_or_merged_guardian_is_none(self, ctx: Context) -> None:
        parent = await make_patient(ctx)
        await Patient.collection().update_one({"_id": parent.id}, {"$set": {"erased_at": ctx.now()}})
        with pytest.raises(InvalidInputError):
            await make_patient(ctx, email=None, guardian_id=parent.id)

    async def test_two_cannot_become_each_others_guardians_at_once(self, ctx: Context) -> None:
        for _ in range(5):
            one, other = await make_patient(ctx), await make_patient(ctx)
            moves = (
                patient_changes.update(ctx, a.id, PatientChanges(fields={"guardian_id": b.id}), actor="system")
                for a, b in ((one, other), (other, one))
            )
            results = await asyncio.gather(*moves, return_exceptions=True)
            assert sum(isinstance(result, Patient) for result in results) == 1, results
            assert sum(isinstance(result, ConflictError | InvalidInputError) for result in results) == 1, results
