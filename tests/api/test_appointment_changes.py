"""What becomes of a visit: completed, cancelled, moved, missed, deleted (domain.md section 7, D-46)."""

from typing import Any

import httpx2
import pytest

from app.models.appointments import Appointment
from app.models.base import Raw
from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, PatientType
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from tests.api.conftest import TUESDAY_TEN, TUESDAY_TEN_UTC, House
from tests.api.shapes import ALTERNATIVE, APPOINTMENT, accepted, differences, refused
from tests.factories import make_patient, make_provider, make_recovery

UNKNOWN_ID = "0" * 24
VERBS = ("complete", "cancel", "no-show", "reschedule")
WEDNESDAY_TEN = "2026-11-25T10:00"


async def everything(house: House) -> dict[str, list[Raw]]:
    """Every document of every collection, to show that nothing changed."""
    database = house.ctx.database.handle
    names = sorted(await database.list_collection_names())
    return {name: await database[name].find({}).sort("_id").to_list() for name in names}


async def change(house: House, visit: dict[str, Any], verb: str, body: Any = None) -> httpx2.Response:
    return await house.post(f"appointments/{visit['appointment_id']}/{verb}", body)


@pytest.fixture
async def lead(house: House) -> Campaign:
    """The recovery campaign of the person whom `visit` is for."""
    return await make_recovery(house.ctx, patient_email="dora@example.com", patient_name="Dora Desk")


@pytest.fixture
async def visit(house: House, lead: Campaign) -> dict[str, Any]:
    """A visit of a cold lead, tomorrow at ten."""
    booked: dict[str, Any] = accepted(await house.desk(), 201, APPOINTMENT)
    return booked


async def status_of(campaign: Campaign) -> CampaignStatus:
    found = await Campaign.get(campaign.id)
    assert found is not None
    return found.status


class TestComplete:
    async def test_converts_the_campaign_and_the_patient(
        self, house: House, lead: Campaign, visit: dict[str, Any]
    ) -> None:
        body = accepted(await change(house, visit, "complete", {"next_follow_up_date": "2027-05-24"}), 200, APPOINTMENT)
        assert body["status"] == "completed"
        assert await status_of(lead) is CampaignStatus.RECOVERED
        patient = (await house.get(f"patients/{visit['patient_id']}")).json()
        assert (patient["patient_type"], patient["next_follow_up_date"]) == ("EXISTING", "2027-05-24")
        [treatment] = patient["treatment_history"]
        assert (treatment["procedure_name"], treatment["procedure_date"]) == ("Checkup", "2026-11-24")
        assert treatment["next_follow_up_date"] == "2027-05-24"

    @pytest.mark.parametrize("body", [None, {}, {"next_follow_up_date": None}])
    async def test_the_next_date_may_be_left_out(self, house: House, visit: dict[str, Any], body: Any) -> None:
        accepted(await change(house, visit, "complete", body), 200, APPOINTMENT)
        patient = await Patient.get(visit["patient_id"])
        assert patient is not None
        assert (patient.patient_type, patient.next_follow_up_date) == (PatientType.EXISTING, None)

    async def test_a_second_time_answers_the_same_and_changes_nothing(
        self, house: House, visit: dict[str, Any]
    ) -> None:
        first = accepted(await change(house, visit, "complete"), 200, APPOINTMENT)
        before = await everything(house)
        second = accepted(
            await change(house, visit, "complete", {"next_follow_up_date": "2030-01-01"}), 200, APPOINTMENT
        )
        assert second == first
        assert await everything(house) == before

    @pytest.mark.parametrize("date", ["soon", "2027-02-30", 1_799_971_200, "1799971200", "", "2027-05-24T10:00"])
    async def test_a_follow_up_date_that_is_no_date(self, house: House, visit: dict[str, Any], date: Any) -> None:
        refused(await change(house, visit, "complete", {"next_follow_up_date": date}), 422, "VALIDATION_ERROR")
        stored = await Appointment.get(visit["appointment_id"])
        assert stored is not None
        assert stored.status == "booked"


class TestCancel:
    async def test_frees_the_slot_for_somebody_else(self, house: House, visit: dict[str, Any]) -> None:
        refused(await house.desk(email="b@example.com"), 409, "SLOT_TAKEN")
        assert accepted(await change(house, visit, "cancel"), 200, APPOINTMENT)["status"] == "cancelled"
        patient = await make_patient(house.ctx)
        assert (await house.book(at=TUESDAY_TEN, email=patient.email)).status_code == 200

    async def test_several_cancelled_visits_do_not_collide(self, house: House) -> None:
        for _ in range(3):
            booked = accepted(await house.desk(), 201, APPOINTMENT)
            accepted(await change(house, booked, "cancel"), 200, APPOINTMENT)
        assert await Appointment.find_all().count() == 3

    async def test_reopens_the_campaign(self, house: House, lead: Campaign, visit: dict[str, Any]) -> None:
        await change(house, visit, "cancel")
        assert await status_of(lead) is CampaignStatus.RE_ENGAGED

    async def test_tells_the_patient_once(self, house: House, visit: dict[str, Any]) -> None:
        for _ in range(2):
            accepted(await change(house, visit, "cancel"), 200, APPOINTMENT)
        told = [row.body for row in await OutboundMessage.find_all().to_list() if "cancelled" in row.body]
        assert len(told) == 1

    async def test_a_second_time_answers_the_same_and_changes_nothing(
        self, house: House, visit: dict[str, Any]
    ) -> None:
        first = accepted(await change(house, visit, "cancel"), 200, APPOINTMENT)
        before = await everything(house)
        assert accepted(await change(house, visit, "cancel"), 200, APPOINTMENT) == first
        assert await everything(house) == before


class TestNoShow:
    async def test_keeps_the_visit_and_reopens_the_campaign(
        self, house: House, lead: Campaign, visit: dict[str, Any]
    ) -> None:
        for _ in range(2):
            assert accepted(await change(house, visit, "no-show"), 200, APPOINTMENT)["status"] == "no_show"
        assert await status_of(lead) is CampaignStatus.RE_ENGAGED


class TestEnded:
    """A visit that ended one way cannot end another way."""

    @pytest.mark.parametrize("first", ["complete", "cancel", "no-show"])
    async def test_every_other_verb_is_a_conflict(self, house: House, visit: dict[str, Any], first: str) -> None:
        accepted(await change(house, visit, first), 200, APPOINTMENT)
        before = await everything(house)
        for verb in VERBS:
            if verb != first:
                body = {"appointment_date": WEDNESDAY_TEN} if verb == "reschedule" else None
                refused(await change(house, visit, verb, body), 409, "CONFLICT")
        assert await everything(house) == before


class TestReschedule:
    async def test_moves_the_visit_and_frees_the_old_slot(self, house: House, visit: dict[str, Any]) -> None:
        body = accepted(await change(house, visit, "reschedule", {"appointment_date": WEDNESDAY_TEN}), 200, APPOINTMENT)
        assert (body["appointment_id"], body["status"]) == (visit["appointment_id"], "booked")
        assert (body["appointment_date"], body["ends_at"]) == ("2026-11-25T15:00:00.000Z", "2026-11-25T15:30:00.000Z")
        accepted(await house.desk(email="b@example.com"), 201, APPOINTMENT)

    async def test_may_overlap_its_own_old_slot(self, house: House, visit: dict[str, Any]) -> None:
        body = {"appointment_date": "2026-11-24T10:15"}
        accepted(await change(house, visit, "reschedule", body), 200, APPOINTMENT)

    async def test_refused_it_stays_where_it_was(self, house: House, visit: dict[str, Any]) -> None:
        await house.desk(at=WEDNESDAY_TEN, email="b@example.com")
        before = await everything(house)
        answer = await change(house, visit, "reschedule", {"appointment_date": WEDNESDAY_TEN})
        body = refused(answer, 409, "SLOT_TAKEN")
        assert differences(body["alternatives"], [ALTERNATIVE]) == []
        assert body["alternatives"]
        assert await everything(house) == before
        refused(await house.desk(email="c@example.com"), 409, "SLOT_TAKEN")

    async def test_to_another_provider(self, house: House, visit: dict[str, Any]) -> None:
        other = await make_provider(house.ctx, ["checkup"])
        body = {"appointment_date": TUESDAY_TEN, "provider_id": str(other.id)}
        moved = accepted(await change(house, visit, "reschedule", body), 200, APPOINTMENT)
        assert (moved["provider_id"], moved["appointment_date"]) == (str(other.id), TUESDAY_TEN_UTC)

    async def test_to_a_provider_who_does_not_exist(self, house: House, visit: dict[str, Any]) -> None:
        body = {"appointment_date": WEDNESDAY_TEN, "provider_id": UNKNOWN_ID}
        refused(await change(house, visit, "reschedule", body), 404, "NOT_FOUND")

    @pytest.mark.parametrize("at", ["2026-11-23T09:00", "2026-11-25", 1_800_000_000, None, "2027-03-14T02:30"])
    async def test_to_a_time_that_cannot_be(self, house: House, visit: dict[str, Any], at: Any) -> None:
        refused(await change(house, visit, "reschedule", {"appointment_date": at}), 422, "VALIDATION_ERROR")


class TestDelete:
    async def _delete(self, house: House, visit: dict[str, Any]) -> httpx2.Response:
        url = f"/api/v1/admin/appointments/{visit['appointment_id']}"
        return await house.http.delete(url, headers=house.staff)

    async def test_answers_an_empty_204_and_then_404(self, house: House, visit: dict[str, Any]) -> None:
        answer = await self._delete(house, visit)
        assert (answer.status_code, answer.content) == (204, b"")
        refused(await self._delete(house, visit), 404, "NOT_FOUND")
        assert (await house.get("appointments")).json() == {"appointments": []}

    async def test_frees_the_slot_and_reopens_the_campaign(
        self, house: House, lead: Campaign, visit: dict[str, Any]
    ) -> None:
        await self._delete(house, visit)
        assert await status_of(lead) is CampaignStatus.RE_ENGAGED
        accepted(await house.desk(email="b@example.com"), 201, APPOINTMENT)

    async def test_the_audit_log_keeps_a_copy(self, house: House, visit: dict[str, Any]) -> None:
        await self._delete(house, visit)
        row = await house.ctx.database.handle["audit_log"].find_one({"action": "appointment.deleted"})
        assert row is not None
        assert row["document_id"] == visit["appointment_id"]
        assert (str(row["details"]["patient_id"]), row["details"]["status"]) == (visit["patient_id"], "booked")

    async def test_a_completed_visit_leaves_the_campaign_recovered(
        self, house: House, lead: Campaign, visit: dict[str, Any]
    ) -> None:
        await change(house, visit, "complete")
        assert (await self._delete(house, visit)).status_code == 204
        assert await status_of(lead) is CampaignStatus.RECOVERED


class TestUnknown:
    async def test_every_verb_answers_404(self, house: House) -> None:
        for verb in VERBS:
            body = {"appointment_date": WEDNESDAY_TEN} if verb == "reschedule" else None
            refused(await house.post(f"appointments/{UNKNOWN_ID}/{verb}", body), 404, "NOT_FOUND")
