"""The public booking form: the slot first, then the patient, then the visit (api.md section 2, domain.md section 7)."""

from typing import Any

import pytest

from app.models.appointments import Appointment
from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, FunnelStatus
from tests.api.conftest import TUESDAY_TEN, TUESDAY_TEN_UTC, House
from tests.api.shapes import ALTERNATIVE, APPOINTMENT, HEX_ID, accepted, differences, refused
from tests.factories import force_status, make_due_patient, make_patient, make_provider, make_recovery, make_service

BOOKED = {"message": "Appointment booked successfully.", "appointment_id": HEX_ID}
SUNDAY = "2026-11-29T10:00"

IMPOSSIBLE = {
    "past": {"at": "2026-11-20T10:00"},
    "too_soon": {"at": "2026-11-23T11:00"},
    "beyond_the_horizon": {"at": "2027-11-24T10:00"},
    "off_the_grid": {"at": "2026-11-24T10:05"},
    "with_seconds": {"at": "2026-11-24T10:00:30"},
    "on_a_closed_day": {"at": SUNDAY},
    "before_hours": {"at": "2026-11-24T08:45"},
    "over_the_lunch_break": {"at": "2026-11-24T11:45"},
    "over_the_end_of_the_day": {"at": "2026-11-24T16:45"},
    "in_the_hour_that_the_clocks_skip": {"at": "2027-03-14T02:30"},
    "unknown_service": {"service_name": "brain surgery"},
}


async def stored(answer_id: str) -> Appointment:
    visit = await Appointment.get(answer_id)
    assert visit is not None
    return visit


class TestBooked:
    async def test_a_known_patient_gets_the_visit(self, house: House) -> None:
        patient = await make_patient(house.ctx)
        body = accepted(await house.book(email=patient.email, notes="first visit"), 200, BOOKED)
        [row] = (await house.get("appointments")).json()["appointments"]
        assert differences(row, APPOINTMENT) == []
        assert row["appointment_id"] == body["appointment_id"]
        assert (row["patient_id"], row["patient_name"]) == (str(patient.id), patient.name)
        assert (row["appointment_date"], row["ends_at"]) == (TUESDAY_TEN_UTC, "2026-11-24T15:30:00.000Z")
        assert (row["status"], row["created_from"], row["notes"]) == ("booked", "AI_AGENT_FORM", "first visit")
        assert (row["campaign_id"], row["provider_id"]) == (None, str(house.provider.id))

    @pytest.mark.parametrize(
        "written", [TUESDAY_TEN, "2026-11-24T10:00:00", "2026-11-24T15:00:00Z", "2026-11-24T16:00:00+01:00"]
    )
    async def test_a_time_without_an_offset_is_clinic_local(self, house: House, written: str) -> None:
        patient = await make_patient(house.ctx)
        answer = await house.book(at=written, email=patient.email)
        visit = await stored(accepted(answer, 200, BOOKED)["appointment_id"])
        assert visit.appointment_date.isoformat() == "2026-11-24T15:00:00+00:00"

    @pytest.mark.parametrize("service", ["checkup", "Checkup", "CHECKUP"])
    async def test_a_service_goes_by_its_id_or_its_name(self, house: House, service: str) -> None:
        patient = await make_patient(house.ctx)
        answer = await house.book(service_name=service, email=patient.email)
        visit = await stored(accepted(answer, 200, BOOKED)["appointment_id"])
        assert (visit.service_id, visit.service_name) == ("checkup", "Checkup")

    @pytest.mark.parametrize("written", ["(202) 555-0177", "202.555.0177", "+1 202 555 0177", "+12025550177"])
    async def test_a_phone_number_is_enough_however_it_is_written(self, house: House, written: str) -> None:
        patient = await make_patient(house.ctx, phone="+12025550177")
        visit = await stored(accepted(await house.book(phone=written), 200, BOOKED)["appointment_id"])
        assert visit.patient_id == patient.id

    async def test_an_e_mail_is_read_in_any_case(self, house: House) -> None:
        patient = await make_patient(house.ctx, email="ann@example.com")
        visit = await stored(accepted(await house.book(email=" Ann@Example.COM "), 200, BOOKED)["appointment_id"])
        assert visit.patient_id == patient.id

    async def test_the_least_busy_provider_gets_it(self, house: House) -> None:
        idle = await make_provider(house.ctx, ["checkup"])
        await house.desk(at="2026-11-24T14:00", provider_id=str(house.provider.id))
        patient = await make_patient(house.ctx)
        visit = await stored((await house.book(email=patient.email)).json()["appointment_id"])
        assert visit.provider_id == idle.id

    async def test_a_provider_may_be_named(self, house: House) -> None:
        chosen = await make_provider(house.ctx, ["checkup"])
        patient = await make_patient(house.ctx)
        answer = await house.book(email=patient.email, provider_id=str(chosen.id))
        assert (await stored(answer.json()["appointment_id"])).provider_id == chosen.id

    async def test_a_second_visit_without_a_link_stands_and_is_shown_to_staff(self, house: House) -> None:
        patient = await make_patient(house.ctx)
        await house.book(email=patient.email)
        second = await house.book(at="2026-11-25T10:00", email=patient.email)
        visit = await stored(accepted(second, 200, BOOKED)["appointment_id"])
        assert visit.needs_review == "second_future_visit"


class TestCampaign:
    async def test_the_active_campaign_is_taken_along(self, house: House) -> None:
        campaign = await force_status(await make_recovery(house.ctx), CampaignStatus.RE_ENGAGED)
        answer = await house.book(email=campaign.channel.address)
        visit = await stored(accepted(answer, 200, BOOKED)["appointment_id"])
        moved = await Campaign.get(campaign.id)
        assert moved is not None
        assert visit.campaign_id == campaign.id
        assert moved.status is CampaignStatus.BOOKING_INITIATED
        assert moved.booking_funnel.status is FunnelStatus.FORM_SUBMITTED
        assert moved.booking_funnel.submitted_at == house.ctx.now()

    async def test_the_links_own_campaign_is_reopened_when_it_ended_unanswered(self, house: House) -> None:
        campaign = await force_status(await make_recovery(house.ctx), CampaignStatus.RECOVERY_FAILED)
        patient = await make_patient(house.ctx)
        await Campaign.collection().update_one({"_id": campaign.id}, {"$set": {"patient_id": patient.id}})
        token = await house.link_token(patient, campaign)
        accepted(await house.book(token=token), 200, BOOKED)
        moved = await Campaign.get(campaign.id)
        assert moved is not None
        assert moved.status is CampaignStatus.BOOKING_INITIATED

    async def test_a_booking_takes_the_patient_off_the_daily_list(self, house: House) -> None:
        patient = await make_due_patient(house.ctx)
        await house.book(email=patient.email)
        preview = await house.post("jobs/daily-outreach/run", {"dry_run": True})
        assert preview.json()["would_contact"] == []


class TestConfirmation:
    async def test_goes_to_the_address_on_record_and_names_no_procedure(self, house: House) -> None:
        await make_service("root_canal", name="Root canal")
        await house.provider.set({"services": ["checkup", "root_canal"]})
        patient = await make_patient(house.ctx, email="ann@example.com", phone="+12025550177")
        await house.book(phone="+12025550177", email=None, service_name="root_canal")
        await house.post("jobs/drain")
        [message] = (await house.http.get("/api/v1/sandbox/messages", params={"to": patient.email})).json()["messages"]
        assert "Tuesday 24 November at 10:00" in message["body"]
        assert "root canal" not in (message["subject"] + message["body"]).lower()


class TestImpossible:
    @pytest.mark.parametrize("wish", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
    async def test_is_invalid_for_a_patient(self, house: House, wish: dict[str, Any]) -> None:
        patient = await make_patient(house.ctx)
        refused(await house.book(email=patient.email, **wish), 422, "VALIDATION_ERROR")
        assert await Appointment.find_all().count() == 0

    @pytest.mark.parametrize("wish", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
    async def test_is_invalid_for_a_stranger_too_so_that_nobody_learns_who_is_a_patient(
        self, house: House, wish: dict[str, Any]
    ) -> None:
        refused(await house.book(**wish), 422, "VALIDATION_ERROR")

    @pytest.mark.parametrize(
        "fields",
        [
            {"email": None, "phone": None},
            {"email": "", "phone": None},
            {"phone": "call me"},
            {"phone": "123"},
            {"name": ""},
            {"name": None},
            {"appointment_date": None},
            {"service_name": ""},
            {"provider_id": "anyone"},
            {"token": "not a token"},
            {"status": "completed"},
            {"patient_id": "0" * 24},
        ],
    )
    async def test_fields_that_are_not_valid(self, house: House, fields: dict[str, Any]) -> None:
        refused(await house.book(**fields), 422, "VALIDATION_ERROR")

    async def test_an_unknown_provider(self, house: House) -> None:
        refused(await house.book(provider_id="0" * 24), 404, "NOT_FOUND")


class TestTaken:
    async def test_answers_the_nearest_free_alternatives(self, house: House) -> None:
        await house.desk()
        body = refused(await house.book(email=(await make_patient(house.ctx)).email), 409, "SLOT_TAKEN")
        assert differences(body["alternatives"], [ALTERNATIVE]) == []
        assert {"date": "2026-11-24", "time": "10:30", "appointment_date": "2026-11-24T15:30:00Z"} in body[
            "alternatives"
        ]

    async def test_every_alternative_can_be_booked(self, house: House) -> None:
        await house.desk()
        alternatives = refused(await house.book(), 409)["alternatives"]
        assert len({each["appointment_date"] for each in alternatives}) == 5
        patient = await make_patient(house.ctx)
        for each in alternatives:
            visit = accepted(await house.book(at=each["appointment_date"], email=patient.email), 200, BOOKED)
            await house.post(f"appointments/{visit['appointment_id']}/cancel")

    async def test_is_said_before_the_patient_is_looked_for(self, house: House) -> None:
        await house.desk()
        refused(await house.book(email="nobody@example.com"), 409, "SLOT_TAKEN")

    async def test_a_visit_that_would_run_into_another_one_is_taken_too(self, house: House) -> None:
        await house.desk(at="2026-11-24T10:15")
        refused(await house.book(at=TUESDAY_TEN), 409, "SLOT_TAKEN")

    async def test_the_same_patient_is_never_in_two_chairs_at_once(self, house: House) -> None:
        await make_provider(house.ctx, ["checkup"])
        patient = await make_patient(house.ctx)
        accepted(await house.book(email=patient.email), 200, BOOKED)
        refused(await house.book(email=patient.email), 409)
        assert await Appointment.find_all().count() == 1
