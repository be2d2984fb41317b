"""Changing a patient: only what is given, and all that hangs on it (api.md section 4, domain.md sections 2 and 5)."""

import asyncio
from typing import Any

import httpx2
import pytest

from app.jobs import outbox
from app.models.appointments import Appointment
from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, ChannelType, CloseReason, MessageKind, OutboxState, Role
from app.models.patients import Patient
from app.models.records import AuditEntry
from app.models.sandbox import SandboxMessage
from app.services import campaigns, patients
from tests.api.conftest import House
from tests.api.shapes import PATIENT, accepted, refused
from tests.factories import make_due_patient, make_patient, make_recovery, make_user, token_for
from tests.services import stage

S = CampaignStatus
UNKNOWN_ID = "0" * 24
PHONE = "+12025550171"
OLD, NEW = "old@example.com", "new@example.com"


async def patch(house: House, patient_id: Any, body: Any) -> httpx2.Response:
    url = f"/api/v1/admin/patients/{patient_id}"
    return await house.http.patch(url, json=body, headers=house.staff)


async def change(house: House, patient_id: Any, **fields: Any) -> dict[str, Any]:
    body: dict[str, Any] = accepted(await patch(house, patient_id, fields), 200, PATIENT)
    return body


async def updates() -> list[AuditEntry]:
    return await AuditEntry.find({"action": "patient.updated"}).sort("_id").to_list()


class TestFields:
    async def test_every_field_and_only_it(self, house: House) -> None:
        patient = await make_patient(house.ctx, notes="old")
        fields: dict[str, Any] = {
            "name": "Ann Boyd",
            "email": NEW,
            "phone": PHONE,
            "patient_type": "COLD_LEAD",
            "preferred_channel": ["sms", "email"],
            "next_follow_up_date": "2027-01-04",
            "date_of_birth": "1980-02-29",
            "language": "es",
            "notes": "new",
            "treatment_history": [
                {
                    "procedure_name": "Checkup",
                    "procedure_date": "2026-05-04",
                    "next_recommended_follow_up": None,
                    "next_follow_up_date": None,
                }
            ],
        }
        for name, value in fields.items():
            before = accepted(await house.get(f"patients/{patient.id}"), 200, PATIENT)
            body = await change(house, patient.id, **{name: value})
            assert body[name] == value
            same = before.keys() - {name, "updated_at", "timeline"}
            assert {key: body[key] for key in same} == {key: before[key] for key in same}
        assert [row.details["fields"] for row in await updates()] == [[name] for name in fields]
        assert {row.actor for row in await updates()} == {f"user:{house.admin.id}"}

    @pytest.mark.parametrize("name", ["email", "phone", "next_follow_up_date", "date_of_birth", "guardian_id"])
    async def test_null_empties_what_may_be_empty(self, house: House, name: str) -> None:
        parent = await make_patient(house.ctx)
        fields: dict[str, Any] = {"phone": PHONE, "next_follow_up_date": "2027-01-04", "date_of_birth": "1980-02-29"}
        made = await make_patient(house.ctx, guardian_id=parent.id, **fields)
        assert (await change(house, made.id, **{name: None}))[name] is None

    @pytest.mark.parametrize(
        "name", ["name", "patient_type", "preferred_channel", "language", "notes", "treatment_history", "add_opt_outs"]
    )
    async def test_null_is_refused_elsewhere(self, house: House, name: str) -> None:
        patient = await make_patient(house.ctx)
        refused(await patch(house, patient.id, {name: None}), 422, "VALIDATION_ERROR")

    @pytest.mark.parametrize(
        "fields",
        [
            {"name": "  "},
            {"email": "ann"},
            {"email": {"$ne": None}},
            {"phone": "12"},
            {"phone": "not a number"},
            {"patient_type": "VIP"},
            {"preferred_channel": []},
            {"date_of_birth": "2026-11-24"},
            {"language": ""},
            {"opt_outs": []},
            {"merged_into": UNKNOWN_ID},
            {"erased_at": None},
            {"outreach_due_at": "2026-11-23T15:00:00Z"},
            {"guardian_id": UNKNOWN_ID},
            {"add_opt_outs": ["fax"]},
            {"remove_opt_outs": {"channels": ["email"]}},
            {"remove_opt_outs": {"channels": [], "reason": "Asked for it"}},
            {"remove_opt_outs": {"channels": ["email"], "reason": "   "}},
            {"add_opt_outs": ["sms"], "remove_opt_outs": {"channels": ["sms"], "reason": "Asked for it"}},
        ],
    )
    async def test_what_is_not_valid_changes_nothing(self, house: House, fields: dict[str, Any]) -> None:
        patient = await make_patient(house.ctx)
        refused(await patch(house, patient.id, {"notes": "new"} | fields), 422, "VALIDATION_ERROR")
        assert await patients.get(patient.id) == patient

    async def test_the_same_again_writes_nothing(self, house: House) -> None:
        patient = await make_patient(house.ctx, phone=PHONE)
        fields = {"name": patient.name, "email": patient.email, "phone": "(202) 555-0171", "preferred_channel": "email"}
        await change(house, patient.id, **fields)
        await change(house, patient.id)
        assert await updates() == []
        assert await patients.get(patient.id) == patient

    async def test_two_at_once_both_survive(self, house: House) -> None:
        patient = await make_patient(house.ctx)
        fields: list[dict[str, Any]] = [
            {"notes": "seen"},
            {"language": "es"},
            {"next_follow_up_date": "2027-01-04"},
            {"phone": PHONE},
            {"name": "Ann Boyd"},
        ]
        answers = await asyncio.gather(*(patch(house, patient.id, each) for each in fields))
        assert [answer.status_code for answer in answers] == [200] * len(fields)
        body = accepted(await house.get(f"patients/{patient.id}"), 200, PATIENT)
        assert {name: body[name] for each in fields for name in each} == {
            k: v for each in fields for k, v in each.items()
        }

    async def test_unknown_merged_and_erased_records(self, house: House) -> None:
        refused(await patch(house, UNKNOWN_ID, {"notes": "x"}), 404, "NOT_FOUND")
        patient, other = await make_patient(house.ctx), await make_patient(house.ctx)
        await Patient.collection().update_one({"_id": patient.id}, {"$set": {"merged_into": other.id}})
        body = refused(await patch(house, patient.id, {"notes": "x"}), 409, "RECORD_MERGED")
        assert body["merged_into"] == str(other.id)
        await Patient.collection().update_one({"_id": other.id}, {"$set": {"erased_at": house.ctx.now()}})
        refused(await patch(house, other.id, {"notes": "x"}), 409, "CONFLICT")

    async def test_a_provider_may_not(self, house: House) -> None:
        patient = await make_patient(house.ctx)
        headers = token_for(house.ctx, await make_user(house.ctx, Role.PROVIDER))
        answer = await house.http.patch(f"/api/v1/admin/patients/{patient.id}", json={"notes": "x"}, headers=headers)
        refused(answer, 403, "PERMISSION_DENIED")


class TestDue:
    async def test_a_new_date_moves_the_outreach(self, house: House) -> None:
        patient = await make_due_patient(house.ctx)
        await change(house, patient.id, next_follow_up_date="2027-01-04")
        after = await patients.get(patient.id)
        assert after.outreach_due_at is not None
        assert after.outreach_due_at.isoformat() == "2027-01-04T05:00:00+00:00"
        await change(house, patient.id, next_follow_up_date=None)
        assert (await patients.get(patient.id)).outreach_due_at is None

    async def test_an_address_for_whoever_had_none_makes_them_due_again(self, house: House) -> None:
        parent = await make_patient(house.ctx, email=None)
        child = await make_due_patient(house.ctx, email=None, guardian_id=parent.id)
        await Patient.collection().update_one({"_id": child.id}, {"$set": {"outreach_due_at": None}})  # refused once
        await change(house, parent.id, email=NEW)
        assert (await patients.get(child.id)).outreach_due_at is not None


class TestTakenAddresses:
    @pytest.mark.parametrize("taken", [{"email": NEW}, {"phone": "(202) 555-0171"}])
    async def test_of_another_patient(self, house: House, taken: dict[str, str]) -> None:
        other = await make_patient(house.ctx, email=NEW, phone=PHONE)
        patient = await make_patient(house.ctx)
        body = refused(await patch(house, patient.id, {"notes": "x"} | taken), 409, "CONFLICT")
        assert (body["field"], body["patient_id"]) == (next(iter(taken)), str(other.id))
        assert await patients.get(patient.id) == patient

    async def test_of_two_at_once_one_has_it(self, house: House) -> None:
        people = [await make_patient(house.ctx) for _ in range(4)]
        answers = await asyncio.gather(*(patch(house, person.id, {"email": NEW}) for person in people))
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
        assert await Patient.find({"email": NEW}).count() == 1

    async def test_a_family_shares_and_who_leaves_it_does_not(self, house: House) -> None:
        parent = await make_patient(house.ctx, email=NEW)
        child = await make_patient(house.ctx, email=None, guardian_id=parent.id)
        assert (await change(house, child.id, email=NEW))["email"] == NEW
        refused(await patch(house, child.id, {"guardian_id": None}), 409, "CONFLICT")
        assert (await change(house, child.id, guardian_id=None, email=None))["guardian_id"] is None

    async def test_guardians_who_cannot_be(self, house: House) -> None:
        parent = await make_patient(house.ctx)
        child = await make_patient(house.ctx, email=None, guardian_id=parent.id)
        other = await make_patient(house.ctx)
        refused(await patch(house, other.id, {"guardian_id": str(other.id)}), 422, "VALIDATION_ERROR")
        refused(await patch(house, other.id, {"guardian_id": str(child.id)}), 422, "VALIDATION_ERROR")
        refused(await patch(house, parent.id, {"guardian_id": str(other.id)}), 409, "CONFLICT")


class TestName:
    async def test_the_running_campaign_and_visits_to_come_follow(self, house: House) -> None:
        campaign = await make_recovery(house.ctx, patient_name="Dora Desk", patient_email="dora@example.com")
        visit = (await house.desk()).json()
        past = await Appointment.get(visit["appointment_id"])
        assert past is not None
        closed = await make_recovery(house.ctx)
        await stage.set_raw(closed, patient_id=campaign.patient_id, status="RECOVERED", patient_name="Dora Desk")
        over = past.model_copy(update={"id": closed.id, "slot_keys": None, "ics_uid": "x"})
        over.appointment_date = house.ctx.now().replace(year=2020)
        await over.insert()
        await change(house, campaign.patient_id, name="Dora Door")
        assert (await campaigns.get(campaign.id)).patient_name == "Dora Door"
        assert (await campaigns.get(closed.id)).patient_name == "Dora Desk"
        shown = {str(row.id): row.patient_name async for row in Appointment.find_all()}
        assert shown == {visit["appointment_id"]: "Dora Door", str(over.id): "Dora Desk"}


class TestAddress:
    """What was about to leave for the old address goes to the new one, or nowhere (trust.md 2.4)."""

    async def test_the_campaign_and_its_waiting_message_follow(self, house: House) -> None:
        campaign = await stage.running_campaign(house.ctx, email=OLD)
        await stage.queue_due(house.ctx)
        await change(house, campaign.patient_id, email=NEW)
        after = await campaigns.get(campaign.id)
        assert (after.channel.address, after.channel.type, after.status) == (NEW, "email", S.ATTEMPTING_RECOVERY)
        await outbox.drain(house.ctx)
        assert [message.to for message in await SandboxMessage.find({"is_sent": True}).to_list()] == [NEW]
        assert (await campaigns.get(campaign.id)).follow_up_details.attempts_made == 1

    @pytest.mark.parametrize("step", ["outbox.claimed", "outbox.drafted", "outbox.draft_stored"])
    async def test_a_worker_that_holds_the_message_loses_it(self, house: House, step: str) -> None:
        ctx = house.ctx
        campaign = await stage.running_campaign(ctx, email=OLD)
        await stage.queue_due(ctx)
        await outbox.drain(stage.at_step(ctx, step, lambda: change(house, campaign.patient_id, email=NEW)))
        await outbox.drain(ctx)
        assert [message.to for message in await SandboxMessage.find({"is_sent": True}).to_list()] == [NEW]

    async def test_the_next_attempt_begins_a_thread_of_its_own(self, house: House) -> None:
        campaign = await stage.written_to(house.ctx, email=OLD)
        assert campaign.channel.thread_id
        await change(house, campaign.patient_id, email=NEW)
        after = await campaigns.get(campaign.id)
        assert (after.channel.thread_id, after.follow_up_details) == (None, campaign.follow_up_details)

    async def test_a_dependants_campaign_follows_the_guardians_address(self, house: House) -> None:
        parent = await make_patient(house.ctx, email=OLD)
        campaign = await stage.running_campaign(house.ctx, email=None, guardian_id=parent.id)
        assert campaign.channel.address == OLD
        await change(house, parent.id, email=NEW)
        assert (await campaigns.get(campaign.id)).channel.address == NEW

    async def test_a_dependants_own_address_moves_nothing(self, house: House) -> None:
        parent = await make_patient(house.ctx, email=OLD)
        campaign = await stage.running_campaign(house.ctx, email=None, guardian_id=parent.id)
        await change(house, campaign.patient_id, email=NEW)
        assert (await campaigns.get(campaign.id)).channel.address == OLD

    async def test_a_new_guardian_reads_from_now_on(self, house: House) -> None:
        campaign = await stage.running_campaign(house.ctx, email=OLD)
        await stage.queue_due(house.ctx)
        parent = await make_patient(house.ctx, email=NEW)
        await change(house, campaign.patient_id, guardian_id=str(parent.id))
        await outbox.drain(house.ctx)
        assert [message.to for message in await SandboxMessage.find({"is_sent": True}).to_list()] == [NEW]

    async def test_another_channel_takes_over_from_a_removed_address(self, house: House) -> None:
        campaign = await stage.running_campaign(
            house.ctx, email=OLD, phone=PHONE, preferred_channel=[ChannelType.EMAIL, ChannelType.SMS]
        )
        await stage.queue_due(house.ctx)
        await change(house, campaign.patient_id, email=None)
        await stage.scan(house.ctx)
        [sent] = await SandboxMessage.find({"is_sent": True}).to_list()
        assert (sent.channel, sent.to) == ("sms", PHONE)

    async def test_with_no_address_left_the_attempts_end_and_the_reason_is_kept(self, house: House) -> None:
        campaign = await stage.running_campaign(house.ctx, email=OLD)
        await stage.queue_due(house.ctx)
        await change(house, campaign.patient_id, email=None)
        assert (await campaigns.get(campaign.id)).status is S.RECOVERY_FAILED
        assert (await stage.reasons(campaign_id=campaign.id))[-1] == "no_usable_address"
        await stage.scan(house.ctx)
        assert await stage.sent_bodies() == []

    @pytest.mark.parametrize("status", [S.RE_ENGAGED, S.HANDOFF_REQUIRED])
    async def test_a_conversation_keeps_its_address(self, house: House, status: S) -> None:
        campaign = await stage.set_raw(await stage.written_to(house.ctx, email=OLD), status=status)
        body = refused(await patch(house, campaign.patient_id, {"email": None}), 409, "CONFLICT")
        assert body["campaign_id"] == str(campaign.id)
        assert (await patients.get(campaign.patient_id)).email == OLD

    async def test_a_visit_that_waits_is_not_confirmed_to_a_removed_address(self, house: House) -> None:
        campaign = await stage.set_raw(await stage.written_to(house.ctx, email=OLD), status=S.BOOKING_INITIATED)
        await stage.add_row(house.ctx, campaign, MessageKind.CONFIRMATION)
        await change(house, campaign.patient_id, email=None)
        assert OLD in (await patients.get(campaign.patient_id)).unusable_addresses
        assert (await stage.only_row(kind="confirmation")).state is OutboxState.CANCELLED

    async def test_an_address_entered_anew_is_tried_again(self, house: House) -> None:
        patient = await make_patient(house.ctx, unusable_addresses=[NEW, PHONE])
        await change(house, patient.id, email=NEW)
        assert (await patients.get(patient.id)).unusable_addresses == [PHONE]

    async def test_one_message_at_most_leaves_while_the_address_changes(self, house: House) -> None:
        for number in range(4):
            campaign = await stage.running_campaign(house.ctx, email=f"old{number}@example.com")
            await stage.queue_due(house.ctx)
            await asyncio.gather(
                outbox.drain(house.ctx), patch(house, campaign.patient_id, {"email": f"new{number}@example.com"})
            )
            await outbox.drain(house.ctx)
            assert await SandboxMessage.find({"is_sent": True}).count() == number + 1


class TestOptOuts:
    async def test_staff_record_a_stop_and_what_runs_ends(self, house: House) -> None:
        campaign = await stage.running_campaign(house.ctx)
        await stage.queue_due(house.ctx)
        body = await change(house, campaign.patient_id, add_opt_outs=["email"])
        assert [(row["channel"], row["source"]) for row in body["opt_outs"]] == [("email", "staff")]
        after = await campaigns.get(campaign.id)
        assert (after.status, after.close_reason) == (S.RECOVERY_DECLINED, CloseReason.OPTED_OUT)
        await outbox.drain(house.ctx)
        assert await stage.sent_bodies() == []
        assert (await stage.reasons())[-1] == "opted_out"

    async def test_a_stop_of_another_channel_ends_nothing(self, house: House) -> None:
        campaign = await stage.running_campaign(house.ctx)
        await change(house, campaign.patient_id, add_opt_outs=["sms"])
        assert (await campaigns.get(campaign.id)).status is S.ATTEMPTING_RECOVERY

    async def test_a_guardians_stop_ends_the_childs_campaign(self, house: House) -> None:
        parent = await make_patient(house.ctx)
        campaign = await stage.running_campaign(house.ctx, email=None, guardian_id=parent.id)
        await change(house, parent.id, add_opt_outs=["all"])
        assert (await campaigns.get(campaign.id)).close_reason is CloseReason.OPTED_OUT

    async def test_the_second_click_adds_nothing(self, house: House) -> None:
        patient = await make_patient(house.ctx)
        first = await change(house, patient.id, add_opt_outs=["email", "email"])
        body = await change(house, patient.id, add_opt_outs=["email"])
        assert body == first
        assert len(body["opt_outs"]) == 1
        assert await AuditEntry.find({"action": "patient.opted_out"}).count() == 1

    async def test_one_is_lifted_with_a_reason_that_is_kept(self, house: House) -> None:
        patient = await make_due_patient(house.ctx)
        await change(house, patient.id, add_opt_outs=["email", "sms"])
        lifted = {"channels": ["email"], "reason": "Asked for e-mails again at the desk."}
        body = await change(house, patient.id, remove_opt_outs=lifted)
        assert [row["channel"] for row in body["opt_outs"]] == ["sms"]
        [row] = await AuditEntry.find({"action": "patient.opt_out_removed"}).to_list()
        assert row.details == {"channels": ["email"], "reason": lifted["reason"]}
        assert (row.actor, row.patient_ids) == (f"user:{house.admin.id}", [patient.id])
        assert (await patients.get(patient.id)).outreach_due_at is not None
        assert body == await change(house, patient.id, remove_opt_outs=lifted)  # the second click

    async def test_one_channel_of_everything_cannot_be_lifted(self, house: House) -> None:
        patient = await make_patient(house.ctx)
        await change(house, patient.id, add_opt_outs=["all"])
        lifted = {"channels": ["email"], "reason": "Asked for it"}
        refused(await patch(house, patient.id, {"remove_opt_outs": lifted}), 409, "CONFLICT")
        assert len((await patients.get(patient.id)).opt_outs) == 1

    async def test_a_stop_and_a_reply_at_once_leave_no_open_campaign_unwritten(self, house: House) -> None:
        campaign = await stage.written_to(house.ctx)
        await asyncio.gather(
            patch(house, campaign.patient_id, {"add_opt_outs": ["all"]}),
            stage.answered_with(house.ctx, campaign, "Thanks, I will think about it."),
        )
        assert await Campaign.active_of(campaign.patient_id) is None
