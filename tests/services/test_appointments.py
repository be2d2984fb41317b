"""Booking: who it is for, who gets it, what it moves, and who loses the race (domain.md section 7)."""

import asyncio
from datetime import datetime
from typing import Any

import pytest
from beanie import PydanticObjectId

from app.context import Context
from app.errors import (
    AlreadyBookedError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    PatientNotMatchedError,
    SlotTakenError,
)
from app.models.appointments import Appointment
from app.models.clinic import Clinic
from app.models.enums import (
    AppointmentSource,
    CampaignStatus,
    FunnelStatus,
    InboxState,
    MessageKind,
)
from app.models.patients import Patient
from app.models.users import User
from app.services import campaigns, invariants, links, patients
from app.services.appointments import BookingRequest, book
from tests.conftest import Clock
from tests.factories import force_status, make_clinic, make_patient, make_provider, make_recovery, make_service, wall
from tests.services import stage

S = CampaignStatus
TUESDAY_TEN = "2026-11-24 10:00"


@pytest.fixture
async def clinic(ctx: Context) -> Clinic:
    """A clinic with one provider who does check-ups and cleanings."""
    place = await make_clinic()
    await make_service()
    await make_service("cleaning", duration_minutes=60, buffer_after_minutes=15)
    await make_provider(ctx, ["checkup", "cleaning"])
    return place


def asking(patient: Patient | None, start: datetime, **fields: Any) -> BookingRequest:
    values = {
        "name": "Somebody",
        "email": patient.email if patient else "stranger@example.com",
        "phone": None,
        "start": start,
        "service_name": "checkup",
    }
    return BookingRequest(**(values | fields))


async def token_of(ctx: Context, patient: Patient, campaign_id: Any = None) -> str:
    link, url = links.new_booking_link(ctx, patient_id=patient.id, campaign_id=campaign_id)
    await link.insert()
    return url.partition("?t=")[2]


class TestWhoItIsFor:
    async def test_the_link_decides_whatever_the_form_says(self, ctx: Context, clinic: Clinic) -> None:
        mine, other = await make_patient(ctx), await make_patient(ctx)
        request = asking(other, wall(clinic, TUESDAY_TEN), token=await token_of(ctx, mine))
        assert (await book(ctx, request)).patient_id == mine.id

    async def test_by_email_or_by_phone(self, ctx: Context, clinic: Clinic) -> None:
        patient = await make_patient(ctx, phone="+12025550171")
        by_email = await book(ctx, asking(patient, wall(clinic, TUESDAY_TEN)))
        by_phone = await book(
            ctx, asking(None, wall(clinic, "2026-11-25 10:00"), email="new@example.com", phone="+12025550171")
        )
        assert by_email.patient_id == by_phone.patient_id == patient.id

    async def test_nobody_and_two_people_get_the_same_answer(self, ctx: Context, clinic: Clinic) -> None:
        ann, bob = await make_patient(ctx), await make_patient(ctx, phone="+12025550171")
        start = wall(clinic, TUESDAY_TEN)
        answers = []
        for request in (asking(None, start), asking(ann, start, phone=bob.phone)):
            with pytest.raises(PatientNotMatchedError) as refused:
                await book(ctx, request)
            answers.append((refused.value.status, refused.value.code, refused.value.detail, refused.value.extra))
        assert answers[0] == answers[1]
        assert await Appointment.count() == 0

    async def test_two_people_leave_a_task_for_staff_and_nobody_leaves_none(self, ctx: Context, clinic: Clinic) -> None:
        ann, bob = await make_patient(ctx), await make_patient(ctx, phone="+12025550171")
        start = wall(clinic, TUESDAY_TEN)
        for request in (asking(None, start), asking(ann, start, phone=bob.phone)):
            with pytest.raises(PatientNotMatchedError):
                await book(ctx, request)
        event = await stage.only_event()
        assert (event.state, event.outcome) == (InboxState.PARKED, "booking_matches_two_patients")
        assert set(event.payload["patient_ids"]) == {ann.id, bob.id}

    async def test_an_unknown_token_is_nobody_even_with_a_known_email(self, ctx: Context, clinic: Clinic) -> None:
        patient = await make_patient(ctx)
        with pytest.raises(PatientNotMatchedError):
            await book(ctx, asking(patient, wall(clinic, TUESDAY_TEN), token="guessed"))

    async def test_a_token_lives_thirty_days(self, ctx: Context, clinic: Clinic, clock: Clock) -> None:
        patient = await make_patient(ctx)
        token = await token_of(ctx, patient)
        clock.forward(days=30)
        with pytest.raises(PatientNotMatchedError):
            await book(ctx, asking(patient, wall(clinic, "2027-01-12 10:00"), token=token))

    async def test_the_slot_is_judged_before_the_patient(self, ctx: Context, clinic: Clinic) -> None:
        with pytest.raises(InvalidInputError):
            await book(ctx, asking(None, wall(clinic, "2026-11-24 12:15")))


class TestWhichCampaign:
    @pytest.mark.parametrize("status", [S.ATTEMPTING_RECOVERY, S.RE_ENGAGED, S.HANDOFF_REQUIRED])
    async def test_the_active_one_follows_the_booking(
        self, ctx: Context, clinic: Clinic, clock: Clock, status: CampaignStatus
    ) -> None:
        campaign = await force_status(await make_recovery(ctx), status)
        patient = await patients.get(campaign.patient_id)
        visit = await book(ctx, asking(patient, wall(clinic, TUESDAY_TEN)))
        after = await campaigns.get(campaign.id)
        assert (visit.campaign_id, after.status) == (campaign.id, S.BOOKING_INITIATED)
        assert after.booking_funnel.status is FunnelStatus.FORM_SUBMITTED
        assert (after.booking_funnel.submitted_at, after.booked_at) == (clock.instant, clock.instant)
        assert after.follow_up_details.next_attempt_at is None

    async def test_none_means_the_booking_stands_alone(self, ctx: Context, clinic: Clinic) -> None:
        visit = await book(ctx, asking(await make_patient(ctx), wall(clinic, TUESDAY_TEN)))
        assert visit.campaign_id is None
        assert visit.created_from is AppointmentSource.AI_AGENT_FORM

    async def test_a_failed_one_is_reopened_by_its_own_link(self, ctx: Context, clinic: Clinic) -> None:
        campaign = await force_status(await make_recovery(ctx), S.RECOVERY_FAILED)
        patient = await patients.get(campaign.patient_id)
        token = await token_of(ctx, patient, campaign.id)
        visit = await book(ctx, asking(patient, wall(clinic, TUESDAY_TEN), token=token))
        after = await campaigns.get(campaign.id)
        assert (visit.campaign_id, after.status) == (campaign.id, S.BOOKING_INITIATED)
        assert [change.event for change in after.status_changes][-2:] == ["patient_replied", "patient_booked"]

    async def test_a_declined_one_stays_closed(self, ctx: Context, clinic: Clinic) -> None:
        campaign = await force_status(await make_recovery(ctx), S.RECOVERY_DECLINED)
        patient = await patients.get(campaign.patient_id)
        token = await token_of(ctx, patient, campaign.id)
        visit = await book(ctx, asking(patient, wall(clinic, TUESDAY_TEN), token=token))
        assert visit.campaign_id is None
        assert (await campaigns.get(campaign.id)).status is S.RECOVERY_DECLINED

    async def test_what_waits_of_the_attempts_is_withdrawn(self, ctx: Context, clinic: Clinic) -> None:
        campaign = await make_recovery(ctx)
        await stage.add_row(ctx, campaign, MessageKind.ATTEMPT, attempt=1)
        await book(ctx, asking(await patients.get(campaign.patient_id), wall(clinic, TUESDAY_TEN)))
        assert await stage.waiting(MessageKind.ATTEMPT) == 0
        assert await stage.waiting(MessageKind.CONFIRMATION) == 1


class TestSecondVisit:
    async def test_through_a_link_the_same_service_is_shown_not_doubled(self, ctx: Context, clinic: Clinic) -> None:
        patient = await make_patient(ctx)
        held = await book(ctx, asking(patient, wall(clinic, TUESDAY_TEN)))
        again = asking(patient, wall(clinic, "2026-11-25 10:00"), token=await token_of(ctx, patient))
        with pytest.raises(AlreadyBookedError) as refused:
            await book(ctx, again)
        assert refused.value.extra["appointment_id"] == str(held.id)
        assert (refused.value.extra["date"], refused.value.extra["time"]) == ("2026-11-24", "10:00")

    async def test_through_a_link_another_service_before_it_hides_nothing(self, ctx: Context, clinic: Clinic) -> None:
        patient = await make_patient(ctx)
        await book(ctx, asking(patient, wall(clinic, TUESDAY_TEN), service_name="cleaning"))
        held = await book(ctx, asking(patient, wall(clinic, "2026-11-25 10:00")))
        again = asking(patient, wall(clinic, "2026-11-27 10:00"), token=await token_of(ctx, patient))
        with pytest.raises(AlreadyBookedError) as refused:
            await book(ctx, again)
        assert refused.value.extra["appointment_id"] == str(held.id)

    async def test_without_a_link_it_stands_and_is_flagged(self, ctx: Context, clinic: Clinic) -> None:
        patient = await make_patient(ctx)
        first = await book(ctx, asking(patient, wall(clinic, TUESDAY_TEN)))
        second = await book(ctx, asking(patient, wall(clinic, "2026-11-25 10:00")))
        assert (first.needs_review, second.needs_review) == (None, "second_future_visit")

    async def test_one_patient_cannot_be_in_two_chairs_at_once(self, ctx: Context, clinic: Clinic) -> None:
        await make_provider(ctx, ["checkup"])
        patient, start = await make_patient(ctx), wall(clinic, TUESDAY_TEN)
        await book(ctx, asking(patient, start, service_name="cleaning"))
        with pytest.raises(ConflictError, match="already has a visit"):
            await book(ctx, asking(patient, start, token=await token_of(ctx, patient)))
        with pytest.raises(SlotTakenError):  # without the link nothing is told of the patient
            await book(ctx, asking(patient, start))


class TestWhoTakesIt:
    async def test_the_least_busy_provider_of_the_day(self, ctx: Context, clinic: Clinic) -> None:
        second = await make_provider(ctx, ["checkup"])
        [first] = [p for p in await User.providers_of() if p.id != second.id]
        for hour, provider in (("09:00", second.id), ("11:00", second.id), ("09:00", first.id)):
            start = wall(clinic, f"2026-11-24 {hour}")
            await book(ctx, asking(await make_patient(ctx), start, provider_id=provider))
        visit = await book(ctx, asking(await make_patient(ctx), wall(clinic, TUESDAY_TEN)))
        assert visit.provider_id == first.id

    async def test_a_wished_provider_and_nobody_else(self, ctx: Context, clinic: Clinic) -> None:
        second = await make_provider(ctx, ["checkup"])
        start = wall(clinic, TUESDAY_TEN)
        visit = await book(ctx, asking(await make_patient(ctx), start, provider_id=second.id))
        assert visit.provider_id == second.id
        with pytest.raises(SlotTakenError):
            await book(ctx, asking(await make_patient(ctx), start, provider_id=second.id))

    async def test_an_unknown_provider_is_not_found(self, ctx: Context, clinic: Clinic) -> None:
        with pytest.raises(NotFoundError):
            await book(ctx, asking(None, wall(clinic, TUESDAY_TEN), provider_id=PydanticObjectId()))

    async def test_without_any_provider_the_opening_hours_serve(self, ctx: Context) -> None:
        place = await make_clinic()
        await make_service()
        visit = await book(ctx, asking(await make_patient(ctx), wall(place, "2026-11-24 12:30")))
        assert visit.provider_id is None
        with pytest.raises(SlotTakenError):
            await book(ctx, asking(await make_patient(ctx), wall(place, "2026-11-24 12:30")))
        with pytest.raises(InvalidInputError):
            await book(ctx, asking(await make_patient(ctx), wall(place, "2026-11-24 17:00")))


class TestTheSlot:
    @pytest.mark.parametrize(
        ("wish", "service", "error"),
        [
            ("2026-11-23 09:00", "checkup", "past"),
            ("2026-11-23 11:00", "checkup", "too soon"),
            ("2027-06-01 10:00", "checkup", "too far"),
            ("2026-11-24 10:07", "checkup", "this minute"),
            ("2026-11-24 12:00", "checkup", "does not work"),
            ("2026-11-24 11:45", "checkup", "does not work"),
            ("2026-11-28 10:00", "checkup", "does not work"),
            (TUESDAY_TEN, "massage", "not offered"),
        ],
    )
    async def test_what_cannot_be_says_why(
        self, ctx: Context, clinic: Clinic, wish: str, service: str, error: str
    ) -> None:
        with pytest.raises(InvalidInputError, match=error):
            await book(ctx, asking(None, wall(clinic, wish), service_name=service))

    async def test_a_taken_one_names_the_nearest_free_ones(self, ctx: Context, clinic: Clinic) -> None:
        await book(ctx, asking(await make_patient(ctx), wall(clinic, TUESDAY_TEN)))
        with pytest.raises(SlotTakenError) as refused:
            await book(ctx, asking(await make_patient(ctx), wall(clinic, TUESDAY_TEN)))
        times = {(row["date"], row["time"]) for row in refused.value.extra["alternatives"]}
        assert {("2026-11-24", "09:30"), ("2026-11-24", "10:30")} <= times

    async def test_the_buffer_after_a_visit_is_respected(self, ctx: Context, clinic: Clinic) -> None:
        visit = await book(ctx, asking(await make_patient(ctx), wall(clinic, TUESDAY_TEN), service_name="cleaning"))
        assert (visit.ends_at, visit.busy_until) == (
            wall(clinic, "2026-11-24 11:00"),
            wall(clinic, "2026-11-24 11:15"),
        )
        with pytest.raises(SlotTakenError):
            await book(ctx, asking(await make_patient(ctx), wall(clinic, "2026-11-24 11:00")))
        await book(ctx, asking(await make_patient(ctx), wall(clinic, "2026-11-24 11:15")))

    async def test_of_many_at_once_exactly_one_wins(self, ctx: Context, clinic: Clinic) -> None:
        people = [await make_patient(ctx) for _ in range(8)]
        wishes = (book(ctx, asking(patient, wall(clinic, TUESDAY_TEN))) for patient in people)
        results = await asyncio.gather(*wishes, return_exceptions=True)
        assert sum(isinstance(result, Appointment) for result in results) == 1
        assert sum(isinstance(result, SlotTakenError) for result in results) == 7
        assert not any((await invariants.check(ctx)).values())
