"""Why a patient was, or was not, written to: kept decisions and what would be decided now (domain.md section 5)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.jobs import outbox, outreach
from app.models.base import stored_date
from app.models.enums import CampaignStatus, ChannelType, PatientType
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.models.records import AuditEntry, Decision
from app.services import inbound, launching, patients
from tests.api.conftest import House
from tests.api.shapes import HEX_ID, INSTANT, Maybe, accepted, refused
from tests.conftest import Clock
from tests.factories import force_status, make_due_patient, make_patient, make_recovery
from tests.services import stage

S = CampaignStatus
UNKNOWN_ID = "0" * 24
WHY = {
    "patient_id": HEX_ID,
    "now": {"outcome": str, "rule": str, "sentence": str, "until": Maybe(INSTANT), "inputs": dict},
    "decisions": [
        {
            "decision_id": HEX_ID,
            "at": INSTANT,
            "outcome": str,
            "rule": str,
            "sentence": str,
            "inputs": dict,
            "campaign_id": Maybe(HEX_ID),
        }
    ],
    "next_cursor": Maybe(str),
    "message": Maybe(str),
}
SATURDAY_NIGHT = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


async def why(house: House, patient_id: Any, **query: Any) -> dict[str, Any]:
    body: dict[str, Any] = accepted(await house.get(f"patients/{patient_id}/why", **query), 200, WHY)
    return body


async def now(house: House, patient_id: Any) -> tuple[str, str]:
    said = (await why(house, patient_id))["now"]
    return said["outcome"], said["rule"]


async def stop(house: House, patient: Patient, channel: str) -> None:
    row = {"channel": channel, "at": house.ctx.now(), "source": "test"}
    await Patient.collection().update_one({"_id": patient.id}, {"$push": {"opt_outs": row}})


class TestKept:
    async def test_nothing_was_decided_yet(self, house: House) -> None:
        patient = await make_patient(house.ctx)
        body = await why(house, patient.id)
        assert (body["decisions"], body["next_cursor"]) == ([], None)
        assert body["message"] == "Nothing was decided yet: nobody has tried to write to this patient first."

    async def test_newest_first_with_rule_inputs_and_time(self, house: House, clock: Clock) -> None:
        clock.instant = SATURDAY_NIGHT
        campaign = await stage.running_campaign(house.ctx)
        await stage.queue_due(house.ctx)
        clock.forward(days=2)
        clock.instant = clock.instant.replace(hour=15)
        await stage.scan(house.ctx)
        body = await why(house, campaign.patient_id)
        assert [(row["outcome"], row["rule"]) for row in body["decisions"]] == [
            ("queued", "all_rules_passed"),
            ("postponed", "outside_sending_window"),
        ]
        assert body["decisions"][0]["inputs"] == {"kind": "attempt", "attempt": 1, "written_by": "offline"}
        held = body["decisions"][1]
        assert held["inputs"] == {"until": "2026-11-23T14:00:00.000Z"}
        assert held["sentence"] == "It is outside the clinic's sending hours: the message waits until they begin."
        assert (held["at"], held["campaign_id"]) == ("2026-11-22T03:00:00.000Z", str(campaign.id))
        assert body["message"] is None

    async def test_the_daily_job_that_could_not_write(self, house: House) -> None:
        patient = await make_due_patient(house.ctx, preferred_channel=[ChannelType.SMS])
        await launching.launch_due(house.ctx)
        body = await why(house, patient.id)
        [row] = body["decisions"]
        assert (row["outcome"], row["rule"], row["campaign_id"]) == ("refused", "no_usable_channel", None)
        assert row["inputs"] == {"preferred_channel": ["sms"]}

    async def test_pages_hold_every_decision_once(self, house: House, clock: Clock) -> None:
        patient = await make_patient(house.ctx)
        for number in range(11):
            at = clock() + timedelta(minutes=number // 4)
            await Decision(patient_id=patient.id, outcome="refused", rule=f"rule_{number}", at=at).insert()
        await Decision(
            patient_id=(await make_patient(house.ctx)).id, outcome="refused", rule="theirs", at=clock()
        ).insert()
        rules, cursor = [], None
        while True:
            body = await why(house, patient.id, limit=3, **({"cursor": cursor} if cursor else {}))
            rules += [row["rule"] for row in body["decisions"]]
            cursor = body["next_cursor"]
            if cursor is None:
                break
        assert rules == [f"rule_{number}" for number in reversed(range(11))]
        assert body["message"] is None

    async def test_an_old_rule_and_odd_inputs_break_nothing(self, house: House) -> None:
        patient = await make_patient(house.ctx)
        inputs = {"ids": [patient.id], "at": house.ctx.now(), "nested": {"a": None, "b": 1.5}, "raw": b"x"}
        await Decision(
            patient_id=patient.id, outcome="refused", rule="gone", inputs=inputs, at=house.ctx.now()
        ).insert()
        [row] = (await why(house, patient.id))["decisions"]
        assert row["sentence"] == "Rule gone."
        assert row["inputs"]["ids"] == [str(patient.id)]
        assert row["inputs"]["at"] == "2026-11-23T15:00:00.000Z"

    @pytest.mark.parametrize("query", [{"cursor": "x"}, {"cursor": "MS4x"}, {"limit": 0}, {"limit": 101}])
    async def test_pages_that_do_not_exist(self, house: House, query: dict[str, Any]) -> None:
        patient = await make_patient(house.ctx)
        refused(await house.get(f"patients/{patient.id}/why", **query), 422, "VALIDATION_ERROR")

    async def test_an_unknown_patient(self, house: House) -> None:
        refused(await house.get(f"patients/{UNKNOWN_ID}/why"), 404, "NOT_FOUND")

    async def test_it_is_a_read_of_the_record(self, house: House) -> None:
        patient = await make_patient(house.ctx)
        await why(house, patient.id)
        row = await AuditEntry.find_one({"action": "patient.read"})
        assert row is not None
        assert (row.patient_ids, row.details) == ([patient.id], {"part": "why"})


class TestNowWithoutCampaign:
    """Every reason why the daily job opens none, and the one for which it does (domain.md section 4)."""

    async def test_it_is_due(self, house: House) -> None:
        patient = await make_due_patient(house.ctx)
        assert await now(house, patient.id) == ("send", "campaign_due")
        counts = await launching.launch_due(house.ctx)
        assert counts.created == 1

    async def test_the_check_up_is_not_due_yet(self, house: House) -> None:
        day = (house.ctx.now() + timedelta(days=30)).date()
        patient = await make_due_patient(house.ctx, due_on=day)
        said = (await why(house, patient.id))["now"]
        assert (said["outcome"], said["rule"]) == ("wait", "follow_up_to_come")
        assert said["until"] == f"{day.isoformat()}T05:00:00.000Z"
        assert said["inputs"]["next_follow_up_date"] == day.isoformat()

    async def test_there_is_no_date(self, house: House) -> None:
        assert await now(house, (await make_patient(house.ctx)).id) == ("refuse", "no_follow_up_date")

    async def test_the_date_was_served(self, house: House) -> None:
        campaign = await stage.running_campaign(house.ctx)
        await force_status(campaign, S.RECOVERY_FAILED)
        assert await now(house, campaign.patient_id) == ("refuse", "follow_up_served")

    async def test_a_visit_is_booked(self, house: House) -> None:
        visit = (await house.desk()).json()
        patient_id = visit["patient_id"]
        yesterday = stored_date((house.ctx.now() - timedelta(days=1)).date())
        facts = {"patient_type": PatientType.EXISTING, "next_follow_up_date": yesterday}
        found = await Patient.find_one({"email": "dora@example.com"})
        assert found is not None
        await Patient.collection().update_one({"_id": found.id}, {"$set": facts})
        await patients.refresh_due(house.ctx, found.id)
        said = (await why(house, patient_id))["now"]
        assert (said["outcome"], said["rule"]) == ("wait", "future_visit_booked")
        assert said["until"] == "2026-11-25T15:00:00.000Z"

    async def test_the_lead_rests(self, house: House, clock: Clock) -> None:
        campaign = await make_recovery(house.ctx)
        await force_status(campaign, S.RECOVERY_FAILED, closed_at=clock())
        await patients.refresh_due(house.ctx, campaign.patient_id)
        said = (await why(house, campaign.patient_id))["now"]
        assert (said["outcome"], said["rule"]) == ("wait", "cool_down")
        assert said["until"] == "2027-05-22T15:00:00.000Z"

    async def test_the_lead_declined(self, house: House) -> None:
        campaign = await make_recovery(house.ctx)
        await force_status(campaign, S.RECOVERY_DECLINED, closed_at=house.ctx.now())
        assert await now(house, campaign.patient_id) == ("refuse", "declined_before")

    async def test_the_lead_was_tried_often_enough(self, house: House) -> None:
        campaign = await make_recovery(house.ctx)
        for _ in range(2):
            other = await make_recovery(house.ctx)
            await force_status(other, S.RECOVERY_FAILED, patient_id=campaign.patient_id)
        await force_status(campaign, S.RECOVERY_FAILED)
        assert await now(house, campaign.patient_id) == ("refuse", "recoveries_used_up")

    @pytest.mark.parametrize("channel", ["all", "email"])
    async def test_the_patient_opted_out_everywhere(self, house: House, channel: str) -> None:
        patient = await make_due_patient(house.ctx)
        await stop(house, patient, channel)
        assert await now(house, patient.id) == ("refuse", "opted_out_everywhere")

    async def test_the_guardian_opted_out(self, house: House) -> None:
        parent = await make_patient(house.ctx)
        child = await make_due_patient(house.ctx, email=None, guardian_id=parent.id)
        await stop(house, parent, "all")
        assert await now(house, child.id) == ("refuse", "opted_out_everywhere")

    @pytest.mark.parametrize("fields", [{"email": None}, {"unusable_addresses": ["bounced@example.com"]}])
    async def test_no_address_works(self, house: House, fields: dict[str, Any]) -> None:
        patient = await make_due_patient(house.ctx, **({"email": "bounced@example.com"} | fields))
        assert await now(house, patient.id) == ("refuse", "no_usable_channel")

    async def test_the_daily_job_looked_before(self, house: House) -> None:
        patient = await make_due_patient(house.ctx)
        await Patient.collection().update_one({"_id": patient.id}, {"$set": {"outreach_due_at": None}})
        assert await now(house, patient.id) == ("refuse", "looked_at_before")

    @pytest.mark.parametrize(("mark", "rule"), [("merged_into", "record_merged"), ("erased_at", "record_erased")])
    async def test_the_record_is_gone(self, house: House, mark: str, rule: str) -> None:
        patient, other = await make_due_patient(house.ctx), await make_patient(house.ctx)
        value = other.id if mark == "merged_into" else house.ctx.now()
        await Patient.collection().update_one({"_id": patient.id}, {"$set": {mark: value}})
        assert await now(house, patient.id) == ("refuse", rule)


class TestNowInACampaign:
    """What is said is what the due scan and the outbox then do."""

    async def test_it_would_be_sent(self, house: House) -> None:
        campaign = await stage.running_campaign(house.ctx)
        assert await now(house, campaign.patient_id) == ("send", "all_rules_passed")
        assert await outreach.send_due_follow_ups(house.ctx) == {"attempt_queued": 1}
        assert await now(house, campaign.patient_id) == ("send", "all_rules_passed")
        assert (await outbox.drain(house.ctx))["sent"] == 1

    async def test_asking_decides_nothing(self, house: House) -> None:
        campaign = await stage.running_campaign(house.ctx)
        await why(house, campaign.patient_id)
        assert await Decision.find_all().count() == 0
        assert await stage.rows() == []

    async def test_the_window_is_closed(self, house: House, clock: Clock) -> None:
        clock.instant = SATURDAY_NIGHT
        campaign = await stage.running_campaign(house.ctx)
        said = (await why(house, campaign.patient_id))["now"]
        assert (said["outcome"], said["rule"]) == ("wait", "outside_sending_window")
        assert said["until"] == "2026-11-23T14:00:00.000Z"
        assert said["inputs"]["status"] == "ATTEMPTING_RECOVERY"

    async def test_the_next_attempt_is_planned(self, house: House, clock: Clock) -> None:
        campaign = await stage.written_to(house.ctx)
        said = (await why(house, campaign.patient_id))["now"]
        assert (said["outcome"], said["rule"]) == ("wait", "next_attempt_planned")
        assert said["until"] == "2026-11-26T15:00:00.000Z"
        clock.forward(days=3)
        assert await now(house, campaign.patient_id) == ("send", "all_rules_passed")

    async def test_a_household_got_its_message_today(self, house: House) -> None:
        parent = await make_patient(house.ctx)
        campaigns = []
        for _ in range(2):
            child = await make_due_patient(house.ctx, email=None, guardian_id=parent.id)
            await launching.launch_due(house.ctx)
            campaigns.append(await stage.campaign_of(child.id))
        await stage.queue_due(house.ctx)
        await outbox.drain(house.ctx)
        said = {await now(house, campaign.patient_id) for campaign in campaigns}
        assert said == {("wait", "next_attempt_planned"), ("wait", "household_written_today")}

    async def test_a_written_message_waits_for_its_next_try(self, house: House) -> None:
        campaign = await stage.running_campaign(house.ctx)
        await stage.queue_due(house.ctx)
        later = house.ctx.now() + timedelta(minutes=10)
        await OutboundMessage.collection().update_one({"campaign_id": campaign.id}, {"$set": {"not_before": later}})
        said = (await why(house, campaign.patient_id))["now"]
        assert (said["rule"], said["until"]) == ("message_waiting", "2026-11-23T15:10:00.000Z")

    async def test_the_attempts_are_used_up(self, house: House) -> None:
        campaign = await stage.running_campaign(house.ctx)
        await stage.set_raw(campaign, **{"follow_up_details.attempts_made": 3})
        assert await now(house, campaign.patient_id) == ("refuse", "attempts_used_up")

    @pytest.mark.parametrize(
        ("status", "expected"),
        [
            (S.HANDOFF_REQUIRED, ("refuse", "handed_over")),
            (S.BOOKING_INITIATED, ("refuse", "visit_awaited")),
            (S.RE_ENGAGED, ("wait", "patients_turn")),
        ],
    )
    async def test_the_states_in_which_nobody_writes_first(
        self, house: House, status: S, expected: tuple[str, str]
    ) -> None:
        campaign = await stage.set_raw(
            await stage.running_campaign(house.ctx), status=status, **{"follow_up_details.next_attempt_at": None}
        )
        assert await now(house, campaign.patient_id) == expected

    async def test_a_reply_is_read_first(self, house: House) -> None:
        campaign = await stage.running_campaign(house.ctx)
        await stage.incoming(house.ctx, campaign, "Hello?")
        event = await stage.only_event()
        await inbound.take_in(house.ctx, inbound.message_of(event), campaign)
        assert await now(house, campaign.patient_id) == ("refuse", "reply_received")

    async def test_a_stop_wins_over_every_plan(self, house: House) -> None:
        campaign = await stage.written_to(house.ctx)
        await stop(house, await patients.get(campaign.patient_id), "email")
        assert await now(house, campaign.patient_id) == ("refuse", "opted_out")
