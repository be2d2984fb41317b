"""Appointments for staff: listing by clinic-local day, booking at the desk (api.md section 4)."""

from typing import Any

import pytest

from app.models.appointments import Appointment
from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, ChannelType
from app.models.patients import Patient
from tests.api.conftest import TUESDAY_TEN, TUESDAY_TEN_UTC, House
from tests.api.shapes import ALTERNATIVE, APPOINTMENT, accepted, differences, refused
from tests.conftest import Clock
from tests.factories import make_patient, make_provider, make_recovery, make_service

LIST = {"appointments": [APPOINTMENT]}
CHRISTMAS_EVE = "2026-12-24"


async def starts(house: House, **query: Any) -> list[str]:
    """When the listed visits begin, in the order of the answer."""
    body = accepted(await house.get("appointments", **query), 200, LIST)
    return [visit["appointment_date"] for visit in body["appointments"]]


class TestList:
    async def test_an_empty_book(self, house: House) -> None:
        assert accepted(await house.get("appointments"), 200, LIST) == {"appointments": []}

    async def test_days_are_clinic_local_and_both_inclusive(self, house: House) -> None:
        for at in ("2026-12-23T23:30", "2026-12-24T00:00", "2026-12-24T23:30", "2026-12-25T00:00"):
            assert (await house.desk(at=at, email=(await make_patient(house.ctx)).email)).status_code == 201
        assert await starts(house, start_date=CHRISTMAS_EVE, end_date=CHRISTMAS_EVE) == [
            "2026-12-24T05:00:00.000Z",
            "2026-12-25T04:30:00.000Z",
        ]
        assert len(await starts(house, start_date="2026-12-23", end_date="2026-12-25")) == 4

    async def test_by_default_from_today_on_for_thirty_days(self, house: House, clock: Clock) -> None:
        for at in ("2026-11-24T10:00", "2026-12-23T10:00", "2026-12-24T10:00"):
            await house.desk(at=at, email=(await make_patient(house.ctx)).email)
        assert len(await starts(house)) == 2
        clock.forward(days=2)
        assert [start[:10] for start in await starts(house)] == ["2026-12-23", "2026-12-24"]

    async def test_in_time_order_with_every_status(self, house: House) -> None:
        late = (await house.desk(at="2026-11-25T10:00")).json()
        await house.desk(at=TUESDAY_TEN, email=(await make_patient(house.ctx)).email)
        await house.post(f"appointments/{late['appointment_id']}/cancel")
        body = accepted(await house.get("appointments"), 200, LIST)
        assert [visit["status"] for visit in body["appointments"]] == ["booked", "cancelled"]

    async def test_of_one_provider(self, house: House) -> None:
        other = await make_provider(house.ctx, ["checkup"])
        await house.desk(provider_id=str(house.provider.id))
        await house.desk(at="2026-11-25T10:00", provider_id=str(other.id))
        assert await starts(house, provider_id=str(other.id)) == ["2026-11-25T15:00:00.000Z"]
        assert await starts(house, provider_id="0" * 24) == []

    @pytest.mark.parametrize(
        "query",
        [
            {"start_date": "24.12.2026"},
            {"start_date": "2026-13-01"},
            {"start_date": "2026-02-30"},
            {"start_date": ""},
            {"start_date": "1766534400"},
            {"start_date": "9999-12-31"},
            {"start_date": "0001-01-01"},
            {"start_date": "2026-12-25", "end_date": "2026-12-24"},
            {"provider_id": "me"},
        ],
    )
    async def test_a_query_that_is_not_valid(self, house: House, query: dict[str, str]) -> None:
        refused(await house.get("appointments", **query), 422, "VALIDATION_ERROR")


class TestBookAtTheDesk:
    async def test_answers_the_full_appointment(self, house: House) -> None:
        body = accepted(await house.desk(notes="asked for the window seat"), 201, APPOINTMENT)
        assert (body["patient_name"], body["service_name"]) == ("Dora Desk", "Checkup")
        assert (body["appointment_date"], body["duration_minutes"]) == (TUESDAY_TEN_UTC, 30)
        assert (body["status"], body["created_from"]) == ("booked", "MANUAL_ADMIN")
        assert body["notes"] == "asked for the window seat"

    async def test_an_unknown_person_becomes_a_patient(self, house: House) -> None:
        fields: dict[str, Any] = {"phone": "(202) 555-0177", "preferred_channel": ["sms", "email"]}
        body = accepted(await house.desk(**fields), 201, APPOINTMENT)
        [person] = await Patient.find_all().to_list()
        assert body["patient_id"] == str(person.id)
        assert (person.name, person.email, person.phone) == ("Dora Desk", "dora@example.com", "+12025550177")
        assert person.preferred_channel == [ChannelType.SMS, ChannelType.EMAIL]

    async def test_preferred_channel_may_be_a_word(self, house: House) -> None:
        await house.desk(phone="+12025550177", preferred_channel="sms")
        [person] = await Patient.find_all().to_list()
        assert person.preferred_channel == [ChannelType.SMS]

    async def test_a_known_person_is_reused(self, house: House) -> None:
        known = await make_patient(house.ctx, email="dora@example.com")
        body = accepted(await house.desk(), 201, APPOINTMENT)
        assert (body["patient_id"], body["patient_name"]) == (str(known.id), known.name)

    async def test_the_patients_campaign_is_taken_along(self, house: House) -> None:
        campaign = await make_recovery(house.ctx, patient_email="dora@example.com")
        body = accepted(await house.desk(), 201, APPOINTMENT)
        moved = await Campaign.get(campaign.id)
        assert moved is not None
        assert (body["campaign_id"], moved.status) == (str(campaign.id), CampaignStatus.BOOKING_INITIATED)

    @pytest.mark.parametrize("at", ["2026-11-24T07:00", "2026-11-24T12:15", "2026-11-28T10:00", "2026-11-24T10:07"])
    async def test_outside_working_hours_is_allowed(self, house: House, at: str) -> None:
        accepted(await house.desk(at=at), 201, APPOINTMENT)

    async def test_shorter_notice_than_the_public_gets_is_allowed(self, house: House) -> None:
        accepted(await house.desk(at="2026-11-23T10:15"), 201, APPOINTMENT)

    @pytest.mark.parametrize(("at", "minutes"), [(TUESDAY_TEN, 30), ("2026-11-24T10:29", 5), ("2026-11-24T08:00", 180)])
    async def test_never_on_top_of_another_visit(self, house: House, at: str, minutes: int) -> None:
        await house.desk()
        body = refused(await house.desk(at=at, duration_minutes=minutes, email="b@example.com"), 409, "SLOT_TAKEN")
        assert differences(body["alternatives"], [ALTERNATIVE]) == []
        assert await Appointment.find_all().count() == 1

    async def test_a_refused_booking_leaves_no_new_patient_behind(self, house: House) -> None:
        await house.desk()
        refused(await house.desk(email="stranger@example.com", name="Stranger"), 409, "SLOT_TAKEN")
        assert await Patient.find_one({"email": "stranger@example.com"}) is None

    async def test_a_second_provider_takes_it(self, house: House) -> None:
        other = await make_provider(house.ctx, ["checkup"])
        first = accepted(await house.desk(), 201, APPOINTMENT)
        second = accepted(await house.desk(email="b@example.com"), 201, APPOINTMENT)
        assert {first["provider_id"], second["provider_id"]} == {str(house.provider.id), str(other.id)}

    async def test_its_own_length_counts_not_the_services(self, house: House) -> None:
        body = accepted(await house.desk(duration_minutes=90), 201, APPOINTMENT)
        assert body["ends_at"] == "2026-11-24T16:30:00.000Z"
        refused(await house.desk(at="2026-11-24T11:15", email="b@example.com"), 409, "SLOT_TAKEN")

    async def test_e_mail_and_phone_of_two_people(self, house: House) -> None:
        await make_patient(house.ctx, email="dora@example.com")
        await make_patient(house.ctx, phone="+12025550177")
        refused(await house.desk(phone="+12025550177"), 409, "CONFLICT")

    async def test_a_service_that_nobody_performs_cannot_be_booked(self, house: House) -> None:
        await make_service("whitening")
        assert (await house.desk(service_name="whitening")).status_code in (409, 422)

    @pytest.mark.parametrize(
        "fields",
        [
            {"at": "2026-11-23T09:59"},
            {"at": "2026-11-24"},
            {"at": "tomorrow"},
            {"duration_minutes": 0},
            {"duration_minutes": 7},
            {"duration_minutes": 485},
            {"duration_minutes": "long"},
            {"email": None},
            {"preferred_channel": "fax"},
            {"preferred_channel": ["email", "fax"]},
            {"service_name": "brain surgery"},
            {"phone": "12"},
            {"created_from": "AI_AGENT_FORM"},
        ],
    )
    async def test_fields_that_are_not_valid(self, house: House, fields: dict[str, Any]) -> None:
        refused(await house.desk(**fields), 422, "VALIDATION_ERROR")
        assert await Patient.find_all().count() == 0

    async def test_an_unknown_provider(self, house: House) -> None:
        refused(await house.desk(provider_id="0" * 24), 404, "NOT_FOUND")
