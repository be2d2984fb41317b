"""Visits that staff enter: outside hours if need be, never on top of another (domain.md section 7)."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from app.context import Context
from app.errors import ConflictError, InvalidInputError, SlotTakenError
from app.models.clinic import Clinic
from app.models.enums import AppointmentSource, AppointmentStatus, CampaignStatus, PatientType
from app.services import campaigns, patients
from app.services.desk_bookings import StaffBooking
from app.services.desk_bookings import book as book_by_staff
from tests.factories import make_clinic, make_patient, make_provider, make_recovery, make_service, wall

S = CampaignStatus
TUESDAY_TEN = "2026-11-24 10:00"


@pytest.fixture
async def clinic(ctx: Context) -> Clinic:
    """A clinic with one provider who does check-ups."""
    place = await make_clinic()
    await make_service()
    await make_provider(ctx, ["checkup"])
    return place


class TestByStaff:
    def wish(self, start: datetime, **fields: Any) -> StaffBooking:
        values = {
            "name": "New Person",
            "email": "new@example.com",
            "phone": None,
            "start": start,
            "duration_minutes": 45,
            "service_name": "checkup",
            "preferred_channel": ["email"],
        }
        return StaffBooking(**(values | fields))

    async def test_an_unknown_person_becomes_a_lead(self, ctx: Context, clinic: Clinic) -> None:
        visit = await book_by_staff(ctx, self.wish(wall(clinic, TUESDAY_TEN)), actor="user:x")
        patient = await patients.get(visit.patient_id)
        assert (patient.email, patient.patient_type) == ("new@example.com", PatientType.COLD_LEAD)
        assert (visit.duration_minutes, visit.created_from) == (45, AppointmentSource.MANUAL_ADMIN)

    async def test_it_may_lie_outside_hours_and_never_on_top_of_another(self, ctx: Context, clinic: Clinic) -> None:
        evening = wall(clinic, "2026-11-24 20:00")
        await book_by_staff(ctx, self.wish(evening), actor="user:x")
        with pytest.raises(SlotTakenError):
            await book_by_staff(
                ctx, self.wish(evening + timedelta(minutes=30), email="other@example.com"), actor="user:x"
            )

    async def test_it_moves_the_patients_campaign(self, ctx: Context, clinic: Clinic) -> None:
        campaign = await make_recovery(ctx, patient_email="new@example.com")
        visit = await book_by_staff(ctx, self.wish(wall(clinic, TUESDAY_TEN)), actor="user:x")
        assert visit.campaign_id == campaign.id
        assert visit.status is AppointmentStatus.BOOKED
        assert (await campaigns.get(campaign.id)).status is S.BOOKING_INITIATED

    async def test_the_past_and_two_people_are_refused(self, ctx: Context, clinic: Clinic) -> None:
        with pytest.raises(InvalidInputError, match="past"):
            await book_by_staff(ctx, self.wish(ctx.now()), actor="user:x")
        await make_patient(ctx, email="ann@example.com")
        bob = await make_patient(ctx, phone="+12025550171")
        wish = self.wish(wall(clinic, TUESDAY_TEN), email="ann@example.com", phone=bob.phone)
        with pytest.raises(ConflictError, match="different patients"):
            await book_by_staff(ctx, wish, actor="user:x")
