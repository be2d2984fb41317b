"""The dry runs say what the real runs then do, rule by rule, and change nothing (domain.md sections 4 and 5)."""

from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest

from app.context import Context
from app.jobs import outbox, outreach, registry
from app.jobs.outreach_preview import preview_daily, preview_due_scan
from app.jobs.preview_rows import MOST_ROWS, SENTENCES
from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.services import launching, patients
from tests.conftest import Clock
from tests.factories import force_status, make_clinic, make_due_patient, make_patient, make_recovery, make_service, wall
from tests.services import stage


@pytest.fixture
def ctx(ctx: Context) -> Context:
    return stage.speaking(ctx)


async def everything(ctx: Context) -> dict[str, list[Any]]:
    """Every stored document of every collection."""
    handle = ctx.database.handle
    return {name: await handle[name].find({}).to_list() for name in sorted(await handle.list_collection_names())}


def names(rows: list[dict[str, Any]]) -> dict[str, str]:
    return {row["patient_name"]: row["reason"] for row in rows}


class TestDaily:
    async def test_who_and_why_and_who_not_and_why_not(self, ctx: Context) -> None:
        await make_clinic()
        await make_due_patient(ctx, name="Due", due_on=date(2026, 11, 20))
        await make_due_patient(ctx, name="No address", email=None)
        gone = await make_due_patient(ctx, name="Bounced")
        await patients.mark_unusable(ctx, patient_id=gone.id, address=str(gone.email))
        parent = await make_due_patient(ctx, name="A parent", email="family@example.com")
        await make_due_patient(ctx, name="Their child", email="family@example.com", guardian_id=parent.id)
        found = await preview_daily(ctx)
        assert (found["due"], found["created"], found["refused"]) == (5, 0, 2)
        assert names(found["would_contact"])["Due"] == "all_rules_passed"
        assert names(found["would_not_contact"]).items() >= {
            ("No address", "no_usable_channel"),
            ("Bounced", "no_usable_channel"),
        }
        family = names(found["would_contact"]) | names(found["would_not_contact"])
        assert {family["A parent"], family["Their child"]} == {"all_rules_passed", "household_written_today"}
        assert found["reasons"] == {"no_usable_channel": 2, "all_rules_passed": 2, "household_written_today": 1}

    async def test_a_row_has_what_staff_ask_for(self, ctx: Context) -> None:
        await make_clinic()
        patient = await make_due_patient(ctx, due_on=date(2026, 11, 20))
        [row] = (await preview_daily(ctx))["would_contact"]
        assert row == {
            "patient_id": str(patient.id),
            "patient_name": patient.name,
            "campaign_id": None,
            "campaign_type": "RECALL",
            "channel": "email",
            "attempt": 1,
            "due_date": "2026-11-20",
            "not_before": None,
            "reason": "all_rules_passed",
            "sentence": "Every rule allows it now.",
        }

    async def test_nothing_at_all_is_written(self, ctx: Context) -> None:
        await make_clinic()
        await make_due_patient(ctx)
        await make_due_patient(ctx, email=None)
        await make_recovery(ctx)
        before = await everything(ctx)
        for job in (registry.DAILY, registry.DUE_SCAN):
            await registry.run_job(ctx, job, dry_run=True)
        assert await everything(ctx) == before

    async def test_outside_the_window_it_says_when(self, ctx: Context, clock: Clock) -> None:
        place = await make_clinic()
        clock.instant = wall(place, "2026-11-24 07:00")
        await make_due_patient(ctx)
        [row] = (await preview_daily(ctx))["would_contact"]
        assert (row["reason"], row["not_before"]) == ("outside_sending_window", "2026-11-24T14:00:00Z")

    async def test_a_campaign_that_was_opened_before_is_not_opened_again(self, ctx: Context) -> None:
        """The daily job died between the two writes: the campaign is there, and the patient still counts as due."""
        await make_clinic()
        await make_due_patient(ctx)
        with pytest.raises(stage.Crash):
            await launching.launch_due(stage.crashing_at(ctx, "launch.campaigns_inserted"))
        found = await preview_daily(ctx)
        assert (found["repeated"], found["reasons"]) == (1, {"opened_before": 1, "all_rules_passed": 1})
        assert (await launching.launch_due(ctx)).repeated == 1

    async def test_rows_are_bounded_and_the_rest_is_counted(self, ctx: Context) -> None:
        await make_clinic()
        template = (await make_due_patient(ctx)).model_dump(exclude={"id", "email"})
        people = [Patient(**template, email=f"many{number}@example.com") for number in range(MOST_ROWS + 4)]
        await Patient.insert_many(people)
        due_at = ctx.now() - timedelta(days=1)
        await Patient.collection().update_many({}, {"$set": {"outreach_due_at": due_at}})
        found = await preview_daily(ctx)
        assert len(found["would_contact"]) == MOST_ROWS
        assert (found["due"], found["rows_left_out"]) == (MOST_ROWS + 5, 5)
        assert found["reasons"] == {"all_rules_passed": MOST_ROWS + 5}

    async def test_it_says_what_the_job_then_does(self, ctx: Context, clock: Clock) -> None:
        """The counts of a mixed clinic, told first and done afterwards."""
        await make_clinic()
        await make_service()
        for _ in range(3):
            await make_due_patient(ctx)
        await make_due_patient(ctx, email=None)
        booked = await make_recovery(ctx)
        await stage.booked_beside(ctx, booked)
        stopped = await make_recovery(ctx)
        await patients.record_opt_out(ctx, patient_ids=[stopped.patient_id], channel="all", source="test")
        await stage.set_raw(await make_recovery(ctx), **{"follow_up_details.attempts_made": 3})
        await make_recovery(ctx)
        told = await registry.run_job(ctx, registry.DAILY, dry_run=True)
        done = await registry.run_job(ctx, registry.DAILY)
        assert (told["due"], told["refused"]) == (done["due"], done["refused"])
        said = Counter(told["reasons"])
        assert said.pop("all_rules_passed") == done["attempts"].pop("attempt_queued") == 4
        assert said.pop("attempts_used_up") == done["attempts"].pop("closed_unresponsive") == 1
        assert said.pop("no_usable_channel") == done["refused"] == 1
        assert dict(said) == done["attempts"] == {"future_visit_booked": 1, "opted_out": 1}
        contacted = {row["patient_id"] for row in told["would_contact"]}
        await outbox.drain(ctx)
        sent = await OutboundMessage.find({"kind": "attempt", "state": "SENT"}).to_list()
        assert {str(row.patient_id) for row in sent} == contacted


class TestDueScan:
    async def test_a_campaign_whose_next_attempt_is_due(self, ctx: Context, clock: Clock) -> None:
        campaign = await stage.written_to(ctx)
        assert (await preview_due_scan(ctx))["due"] == 0
        clock.forward(days=3)
        found = await preview_due_scan(ctx)
        [row] = found["would_contact"]
        assert (row["campaign_id"], row["attempt"], found["due"]) == (str(campaign.id), 2, 1)

    async def test_a_limit_says_until_when(self, ctx: Context, clock: Clock) -> None:
        campaign = await stage.written_to(ctx)
        await stage.set_raw(campaign, **{"follow_up_details.next_attempt_at": clock.instant})
        [row] = (await preview_due_scan(ctx))["would_not_contact"]
        assert (row["reason"], row["not_before"]) == ("daily_limit", "2026-11-24T14:00:00Z")

    async def test_a_reminder_that_is_not_needed(self, ctx: Context, clock: Clock) -> None:
        campaign = await stage.running_campaign(ctx)
        await force_status(campaign, CampaignStatus.RE_ENGAGED)
        [row] = (await preview_due_scan(ctx))["would_not_contact"]
        assert row["reason"] == "nothing_to_send"
        assert await outreach.send_due_follow_ups(ctx) == {"nothing_to_send": 1}

    async def test_one_that_a_worker_holds_or_that_waits_is_left_to_it(self, ctx: Context, clock: Clock) -> None:
        for _ in range(2):
            await stage.running_campaign(ctx)
        held, waits = await Campaign.find_all().to_list()
        later = clock.instant + timedelta(minutes=1)
        await stage.set_raw(held, lease_until=later)
        await stage.set_raw(waits, hold_until=later)
        assert (await preview_due_scan(ctx))["due"] == 0

    async def test_a_campaign_whose_patient_is_gone_ends_nothing(self, ctx: Context) -> None:
        campaign = await stage.running_campaign(ctx)
        await Patient.collection().delete_one({"_id": campaign.patient_id})
        assert (await preview_due_scan(ctx))["reasons"] == {"status_changed": 1}


def test_every_reason_has_a_sentence_that_names_no_code() -> None:
    assert all(sentence.endswith(".") and "_" not in sentence for sentence in SENTENCES.values())


async def test_the_guardian_is_asked_for_a_child(ctx: Context) -> None:
    await make_clinic()
    parent = await make_patient(ctx)
    await make_due_patient(ctx, name="A child", email=None, guardian_id=parent.id)
    assert names((await preview_daily(ctx))["would_contact"]) == {"A child": "all_rules_passed"}
