"""The daily job opens each due campaign once, whatever repeats, races or crashes (domain.md section 4)."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest

from app.context import Context
from app.models.base import stored_date
from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, CampaignType, ChannelType, DecisionOutcome, PatientType
from app.models.patients import Patient
from app.models.records import Decision
from app.services import audit, launching, patients
from app.services.launching import launch_due
from tests.conftest import MONDAY_MORNING, Clock
from tests.factories import make_clinic, make_due_patient, make_patient, make_recovery
from tests.services import stage

ALL_STOPPED = {"channel": "all", "source": "phone", "at": MONDAY_MORNING}
DUE_INDEX_KEY = "IXSCAN { outreach_due_at: 1, _id: 1 }"


async def make_lead(ctx: Context, **fields: Any) -> Patient:
    return await make_patient(ctx, patient_type=PatientType.COLD_LEAD, **fields)


class TestLaunchDue:
    async def test_a_due_patient_gets_one_recall_that_is_due_now(self, ctx: Context) -> None:
        await make_clinic()
        patient = await make_due_patient(ctx, due_on=date(2026, 11, 20))
        counts = await launch_due(ctx)
        assert (counts.due, counts.created, counts.repeated, counts.refused) == (1, 1, 0, 0)
        campaign = await stage.campaign_of(patient.id)
        assert (campaign.campaign_type, campaign.status) == (CampaignType.RECALL, CampaignStatus.ATTEMPTING_RECOVERY)
        assert campaign.due_date == date(2026, 11, 20)
        assert campaign.follow_up_details.next_attempt_at == ctx.now()
        assert (campaign.channel.type, campaign.channel.address) == (ChannelType.EMAIL, patient.email)

    async def test_a_lead_gets_a_recovery_with_what_they_asked_and_its_value(self, ctx: Context) -> None:
        lead = await make_lead(ctx, initial_inquiry="How much is whitening?", estimated_value=400.0)
        await launch_due(ctx)
        campaign = await stage.campaign_of(lead.id)
        assert (campaign.campaign_type, campaign.due_date) == (CampaignType.RECOVERY, None)
        assert (campaign.initial_inquiry, campaign.estimated_value) == ("How much is whitening?", 400.0)

    async def test_a_launched_campaign_is_the_same_document_as_one_made_by_hand(self, ctx: Context) -> None:
        await make_clinic()
        await make_due_patient(ctx)
        await launch_due(ctx)
        [launched] = await Campaign.collection().find({}).to_list()
        by_hand = await make_recovery(ctx)
        stored = await Campaign.collection().find_one({"_id": by_hand.id})
        assert stored is not None
        assert set(launched) == set(stored)
        assert launched["status_changes"][0] == stored["status_changes"][0]

    async def test_the_day_begins_at_the_clinics_midnight(self, ctx: Context, clock: Clock) -> None:
        await make_clinic()
        await make_due_patient(ctx, due_on=date(2026, 11, 24))
        clock.forward(hours=13, minutes=59)  # 23:59 in New York, the 24th in UTC
        assert (await launch_due(ctx)).created == 0
        clock.forward(minutes=1)
        assert (await launch_due(ctx)).created == 1

    async def test_three_missed_days_are_caught_up(self, ctx: Context, clock: Clock) -> None:
        await make_clinic()
        for days in range(4):
            await make_due_patient(ctx, due_on=date(2026, 11, 23) + timedelta(days=days))
        clock.forward(days=3)
        assert (await launch_due(ctx)).created == 4

    async def test_a_second_run_adds_nothing(self, ctx: Context) -> None:
        for _ in range(3):
            await make_due_patient(ctx)
        assert (await launch_due(ctx)).created == 3
        again = await launch_due(ctx)
        assert (again.due, again.created) == (0, 0)
        assert await Campaign.count() == 3

    async def test_runs_at_once_create_each_campaign_once(self, ctx: Context) -> None:
        for _ in range(30):
            await make_due_patient(ctx)
        runs = await asyncio.gather(*(launch_due(ctx) for _ in range(4)))
        assert sum(run.created for run in runs) == 30
        assert await Campaign.count() == 30
        assert await Patient.find({"outreach_due_at": {"$ne": None}}).count() == 0

    @pytest.mark.parametrize("step", ["launch.page_read", "launch.campaigns_inserted", "launch.patients_marked"])
    async def test_a_crash_at_any_step_is_taken_up_by_the_next_run(self, ctx: Context, clock: Clock, step: str) -> None:
        for _ in range(3):
            await make_due_patient(ctx)
        with pytest.raises(stage.Crash):
            await launch_due(stage.crashing_at(ctx, step))
        clock.forward(hours=1)
        counts = await launch_due(ctx)
        assert counts.created + counts.repeated == counts.due
        assert await Campaign.count() == 3
        assert (await launch_due(ctx)).due == 0

    async def test_a_crash_the_day_before_does_not_open_a_second_campaign(self, ctx: Context, clock: Clock) -> None:
        patient = await make_due_patient(ctx)
        with pytest.raises(stage.Crash):
            await launch_due(stage.crashing_at(ctx, "launch.campaigns_inserted"))
        campaign = await stage.campaign_of(patient.id)
        await stage.set_raw(campaign, status="RECOVERY_FAILED")  # ended before anybody looked again
        clock.forward(days=1)
        assert (await launch_due(ctx)).created == 0
        assert await Campaign.count() == 1

    async def test_many_pages_are_all_read(self, ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(launching, "PAGE", 2)
        for number in range(7):
            await make_due_patient(ctx, due_on=date(2026, 11, 20 - number // 3))
        pages: list[int] = []
        assert (await launch_due(ctx, on_page=pages.append)).created == 7
        assert pages == [2, 2, 2, 1]


class TestWhoIsPassedOver:
    async def test_a_recall_that_already_served_the_date(self, ctx: Context) -> None:
        patient = await make_due_patient(ctx)
        await launch_due(ctx)
        await stage.set_raw(await stage.campaign_of(patient.id), status="RECOVERY_FAILED")
        await patients.refresh_due(ctx, patient.id)
        assert (await launch_due(ctx)).due == 0

    async def test_a_patient_with_an_active_campaign(self, ctx: Context) -> None:
        await make_recovery(ctx)
        assert (await launch_due(ctx)).due == 0

    async def test_a_stopped_channel_gives_way_to_the_next_preferred_one(self, ctx: Context) -> None:
        stop = {"channel": "email", "source": "reply", "at": ctx.now()}
        patient = await make_due_patient(ctx, phone="+12025550171", preferred_channel=["email", "sms"], opt_outs=[stop])
        await launch_due(ctx)
        campaign = await stage.campaign_of(patient.id)
        assert (campaign.channel.type, campaign.channel.address) == (ChannelType.SMS, "+12025550171")

    @pytest.mark.parametrize(
        "unreachable",
        [
            {"email": None},
            {"email": "gone@example.com", "unusable_addresses": ["gone@example.com"]},
            {"preferred_channel": ["sms"]},
            {"opt_outs": [ALL_STOPPED]},
        ],
    )
    async def test_nobody_reachable_means_no_campaign_and_a_reason_that_staff_can_read(
        self, ctx: Context, unreachable: dict[str, Any]
    ) -> None:
        patient = await make_due_patient(ctx, **unreachable)
        assert (await launch_due(ctx)).created == 0
        assert await Campaign.count() == 0
        [decision] = await Decision.find({"patient_id": patient.id}).to_list()
        assert (decision.outcome, decision.rule) == (DecisionOutcome.REFUSED, "no_usable_channel")
        await launch_due(ctx)
        assert await Decision.count() == 1

    async def test_an_address_that_died_since_leaves_the_reason_too(self, ctx: Context) -> None:
        patient = await make_due_patient(ctx)
        await patients.mark_unusable(ctx, patient_id=patient.id, address=str(patient.email))
        counts = await launch_due(ctx)
        assert (counts.created, counts.refused) == (0, 1)
        assert await stage.reasons(patient_id=patient.id) == ["no_usable_channel"]


class TestGuardians:
    async def test_a_childs_message_goes_to_the_guardian(self, ctx: Context) -> None:
        parent = await make_patient(ctx)
        child = await make_due_patient(ctx, email=None, guardian_id=parent.id)
        await launch_due(ctx)
        assert (await stage.campaign_of(child.id)).channel.address == parent.email

    async def test_a_guardians_stop_speaks_for_the_child(self, ctx: Context) -> None:
        parent = await make_patient(ctx, opt_outs=[ALL_STOPPED])
        await make_due_patient(ctx, email=None, guardian_id=parent.id)
        assert (await launch_due(ctx)).created == 0

    async def test_a_family_may_share_one_address_and_each_has_a_campaign(self, ctx: Context) -> None:
        parent = await make_due_patient(ctx, email="family@example.com")
        await make_due_patient(ctx, email="family@example.com", guardian_id=parent.id)
        await launch_due(ctx)
        addresses = [campaign.channel.address for campaign in await Campaign.find_all().to_list()]
        assert addresses == ["family@example.com"] * 2


class TestDueQuery:
    async def test_only_due_patients_are_read(self, ctx: Context) -> None:
        for _ in range(5):
            await make_due_patient(ctx)
        for _ in range(20):
            await make_due_patient(ctx, due_on=date(2027, 5, 1))
            await patients.create(ctx, actor=audit.SYSTEM, fields={"name": "No one", "patient_type": "EXISTING"})
        [plan, *_] = await stage.profiled(ctx, lambda: launch_due(ctx), op="query", ns="patients")
        assert DUE_INDEX_KEY in plan["planSummary"]
        assert (plan["nreturned"], plan["keysExamined"], plan["docsExamined"]) == (5, 5, 5)

    async def test_the_follow_up_date_is_stored_as_midnight_utc(self, ctx: Context) -> None:
        patient = await make_due_patient(ctx, due_on=date(2026, 11, 20))
        raw = await Patient.collection().find_one({"_id": patient.id})
        assert raw is not None
        assert raw["next_follow_up_date"] == stored_date(date(2026, 11, 20))
