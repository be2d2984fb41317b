"""One campaign: opening it, reading it, answering the patient, setting its status (api.md section 4)."""

from typing import Any

import pytest

from app.domain.campaign_status import staff_targets
from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, ChannelType
from app.models.interactions import Interaction
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.services import patients
from tests.api.conftest import House
from tests.api.shapes import CAMPAIGN_DETAILS, HEX_ID, HISTORY_ROW, accepted, refused
from tests.factories import force_status, make_patient, make_recovery

UNKNOWN_ID = "0" * 24
OPENED = {"message": "Recovery campaign created successfully.", "campaign_id": HEX_ID}
SENT = {"message": "Response sent successfully.", "delivery": "queued"}
INQUIRY = {
    "patient_name": "Ann Ames",
    "patient_email": "ann@example.com",
    "initial_inquiry": "How much is whitening?",
    "estimated_value": 400.0,
}


async def status_of(campaign: Campaign | str) -> CampaignStatus:
    found = await Campaign.get(campaign if isinstance(campaign, str) else campaign.id)
    assert found is not None
    return found.status


class TestOpenRecovery:
    async def test_a_new_person_becomes_a_cold_lead_with_a_campaign(self, house: House) -> None:
        body = accepted(await house.post("campaigns/recovery", INQUIRY), 201, OPENED)
        [person] = await Patient.find_all().to_list()
        assert (person.name, person.email, person.patient_type) == ("Ann Ames", "ann@example.com", "COLD_LEAD")
        campaign = await Campaign.get(body["campaign_id"])
        assert campaign is not None
        assert (campaign.patient_id, campaign.status) == (person.id, CampaignStatus.ATTEMPTING_RECOVERY)
        assert (campaign.estimated_value, campaign.initial_inquiry) == (400.0, "How much is whitening?")

    async def test_a_known_person_is_reused(self, house: House) -> None:
        known = await make_patient(house.ctx, email="ann@example.com")
        body = accepted(await house.post("campaigns/recovery", INQUIRY), 201, OPENED)
        campaign = await Campaign.get(body["campaign_id"])
        assert campaign is not None
        assert campaign.patient_id == known.id
        assert await Patient.find_all().count() == 1

    async def test_a_phone_number_is_stored_in_e164(self, house: House) -> None:
        fields = {"patient_email": None, "patient_phone": "(202) 555-0177", "preferred_channel": "sms"}
        accepted(await house.post("campaigns/recovery", INQUIRY | fields), 201, OPENED)
        [person] = await Patient.find_all().to_list()
        assert (person.phone, person.preferred_channel) == ("+12025550177", [ChannelType.SMS])

    async def test_preferred_channel_may_be_a_list(self, house: House) -> None:
        fields = {"patient_phone": "+12025550177", "preferred_channel": ["whatsapp", "email"]}
        body = accepted(await house.post("campaigns/recovery", INQUIRY | fields), 201, OPENED)
        campaign = await Campaign.get(body["campaign_id"])
        assert campaign is not None
        assert campaign.channel.type is ChannelType.WHATSAPP

    async def test_an_active_campaign_is_in_the_way(self, house: House) -> None:
        first = accepted(await house.post("campaigns/recovery", INQUIRY), 201, OPENED)
        body = refused(await house.post("campaigns/recovery", INQUIRY), 409, "ACTIVE_CAMPAIGN_EXISTS")
        assert body["campaign_id"] == first["campaign_id"]
        assert await Campaign.find_all().count() == 1

    async def test_a_closed_campaign_is_not(self, house: House) -> None:
        closed = await make_recovery(house.ctx, patient_email="ann@example.com")
        await force_status(closed, CampaignStatus.RECOVERY_FAILED)
        accepted(await house.post("campaigns/recovery", INQUIRY), 201, OPENED)

    async def test_e_mail_and_phone_of_two_people(self, house: House) -> None:
        await make_patient(house.ctx, email="ann@example.com")
        await make_patient(house.ctx, phone="+12025550177")
        refused(await house.post("campaigns/recovery", INQUIRY | {"patient_phone": "+12025550177"}), 409, "CONFLICT")

    @pytest.mark.parametrize("fields", [{"patient_email": None}, {"preferred_channel": "sms"}])
    async def test_somebody_who_cannot_be_written_to_is_refused_and_not_stored(
        self, house: House, fields: dict[str, Any]
    ) -> None:
        answer = await house.post("campaigns/recovery", INQUIRY | fields)
        assert answer.status_code in (409, 422), answer.text
        assert await Patient.find_all().count() == 0

    @pytest.mark.parametrize(
        "fields",
        [
            {"patient_name": " "},
            {"patient_email": "ann@"},
            {"patient_phone": "call me"},
            {"estimated_value": -1},
            {"estimated_value": "a lot"},
            {"preferred_channel": "fax"},
            {"status": "RECOVERED"},
            {"initial_inquiry": "x" * 1_001},
        ],
    )
    async def test_fields_that_are_not_valid(self, house: House, fields: dict[str, Any]) -> None:
        refused(await house.post("campaigns/recovery", INQUIRY | fields), 422, "VALIDATION_ERROR")
        assert await Campaign.find_all().count() == 0


class TestRead:
    async def test_details_and_conversation(self, house: House) -> None:
        campaign = await make_recovery(house.ctx)
        await house.post(f"campaigns/{campaign.id}/respond", {"message": "Hello from the desk"})
        answer = await house.get(f"campaigns/{campaign.id}")
        body = accepted(answer, 200, {"campaign_details": CAMPAIGN_DETAILS, "conversation_history": [HISTORY_ROW]})
        assert body["campaign_details"]["campaign_id"] == str(campaign.id)
        [message] = body["conversation_history"]
        assert (message["direction"], message["content"], message["author"]) == (
            "outgoing",
            "Hello from the desk",
            "staff",
        )

    async def test_unknown(self, house: House) -> None:
        refused(await house.get(f"campaigns/{UNKNOWN_ID}"), 404, "NOT_FOUND")


class TestRespond:
    async def test_is_queued_and_reaches_the_patient(self, house: House) -> None:
        campaign = await force_status(await make_recovery(house.ctx), CampaignStatus.HANDOFF_REQUIRED)
        accepted(await house.post(f"campaigns/{campaign.id}/respond", {"message": "It is 400."}), 200, SENT)
        await house.post("jobs/outbox/run")
        query = {"to": campaign.channel.address}
        [message] = (await house.http.get("/api/v1/sandbox/messages", params=query)).json()["messages"]
        assert message["body"] == "It is 400."
        assert await status_of(campaign) is CampaignStatus.HANDOFF_REQUIRED

    @pytest.mark.parametrize("target", staff_targets(CampaignStatus.HANDOFF_REQUIRED))
    async def test_may_set_the_status(self, house: House, target: CampaignStatus) -> None:
        campaign = await force_status(await make_recovery(house.ctx), CampaignStatus.HANDOFF_REQUIRED)
        answer = await house.post(f"campaigns/{campaign.id}/respond", {"message": "Bye", "new_status": target.value})
        accepted(answer, 200, SENT)
        assert await status_of(campaign) is target

    async def test_an_impossible_status_sends_nothing(self, house: House) -> None:
        campaign = await force_status(await make_recovery(house.ctx), CampaignStatus.HANDOFF_REQUIRED)
        answer = await house.post(f"campaigns/{campaign.id}/respond", {"message": "Bye", "new_status": "RECOVERED"})
        body = refused(answer, 409, "ILLEGAL_TRANSITION")
        assert body["allowed"] == [status.value for status in staff_targets(CampaignStatus.HANDOFF_REQUIRED)]
        assert await Interaction.find_all().count() == 0
        assert await OutboundMessage.find_all().count() == 0

    async def test_a_patient_who_said_stop_is_not_written_to(self, house: House) -> None:
        campaign = await make_recovery(house.ctx)
        await patients.record_opt_out(
            house.ctx, patient_ids=[campaign.patient_id], channel=ChannelType.EMAIL, source="test"
        )
        answer = await house.post(f"campaigns/{campaign.id}/respond", {"message": "Hello?"})
        refused(answer, 409, "PATIENT_OPTED_OUT")
        assert await OutboundMessage.find_all().count() == 0

    async def test_the_same_key_again_sends_once_and_answers_the_same(self, house: House) -> None:
        campaign = await make_recovery(house.ctx)
        url, headers = f"/api/v1/admin/campaigns/{campaign.id}/respond", house.staff | {"Idempotency-Key": "click-1"}
        for _ in range(2):
            accepted(await house.http.post(url, json={"message": "Hello"}, headers=headers), 200, SENT)
        assert await OutboundMessage.find_all().count() == 1

    async def test_without_a_key_each_answer_is_its_own(self, house: House) -> None:
        campaign = await make_recovery(house.ctx)
        for _ in range(2):
            accepted(await house.post(f"campaigns/{campaign.id}/respond", {"message": "Hello"}), 200, SENT)
        assert await OutboundMessage.find_all().count() == 2

    async def test_an_unknown_campaign(self, house: House) -> None:
        refused(await house.post(f"campaigns/{UNKNOWN_ID}/respond", {"message": "Hello"}), 404, "NOT_FOUND")

    @pytest.mark.parametrize("body", [{}, {"message": ""}, {"message": "  "}, {"message": "x" * 4_001}, {"message": 1}])
    async def test_no_message_to_send(self, house: House, body: dict[str, Any]) -> None:
        campaign = await make_recovery(house.ctx)
        refused(await house.post(f"campaigns/{campaign.id}/respond", body), 422, "VALIDATION_ERROR")


class TestSetStatus:
    async def _patch(self, house: House, campaign: Campaign, **body: Any) -> Any:
        url = f"/api/v1/admin/campaigns/{campaign.id}/status"
        return await house.http.patch(url, json=body, headers=house.staff)

    async def test_answers_the_campaign(self, house: House) -> None:
        campaign = await force_status(await make_recovery(house.ctx), CampaignStatus.HANDOFF_REQUIRED)
        answer = await self._patch(house, campaign, status="MANUAL_FOLLOWUP_COMPLETE", reason="called back")
        body = accepted(answer, 200, CAMPAIGN_DETAILS)
        assert (body["status"], body["close_reason"]) == ("MANUAL_FOLLOWUP_COMPLETE", "followed_up")
        assert body["closed_at"] == "2026-11-23T15:00:00.000Z"

    async def test_the_audit_log_keeps_who_and_why(self, house: House) -> None:
        campaign = await make_recovery(house.ctx)
        await self._patch(house, campaign, status="BOOKING_COMPLETED", reason="booked elsewhere")
        row = await house.ctx.database.handle["audit_log"].find_one({"action": "campaign.status_changed"})
        assert row is not None
        assert row["actor"].startswith("user:")
        assert row["details"] == {
            "from": "ATTEMPTING_RECOVERY",
            "to": "BOOKING_COMPLETED",
            "reason": "booked elsewhere",
        }

    @pytest.mark.parametrize("source", list(CampaignStatus))
    async def test_every_move_that_the_table_does_not_hold_is_a_conflict(
        self, house: House, source: CampaignStatus
    ) -> None:
        allowed = staff_targets(source)
        for target in CampaignStatus:
            await Campaign.find_all().delete()
            campaign = await force_status(await make_recovery(house.ctx), source)
            answer = await self._patch(house, campaign, status=target.value)
            if target in allowed:
                assert accepted(answer, 200, CAMPAIGN_DETAILS)["status"] == target
                continue
            body = refused(answer, 409, "ILLEGAL_TRANSITION")
            assert body["allowed"] == [status.value for status in allowed]
            assert await status_of(campaign) is source

    @pytest.mark.parametrize(
        "body", [{}, {"status": "RECOVERY_UNRESPONSIVE"}, {"status": "DONE"}, {"status": ["RECOVERED"]}]
    )
    async def test_a_word_that_is_no_status(self, house: House, body: dict[str, Any]) -> None:
        refused(await self._patch(house, await make_recovery(house.ctx), **body), 422, "VALIDATION_ERROR")
