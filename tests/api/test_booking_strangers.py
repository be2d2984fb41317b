"""Who cannot be matched, and what a patient's own link may do (trust.md 2.7, D-11, D-12)."""

from datetime import timedelta

import pytest

from app.models.appointments import Appointment
from app.models.enums import InboxState
from app.models.inbox import InboundEvent
from app.models.links import PatientLink
from app.services.links import BOOKING_LINK_LIFE
from tests.api.conftest import House
from tests.api.shapes import HEX_ID, accepted, refused, without_marks
from tests.conftest import Clock
from tests.factories import make_patient, make_service

BOOKED = {"message": "Appointment booked successfully.", "appointment_id": HEX_ID}


class TestOneAnswerForEveryReason:
    """Byte for byte the same body (apart from its time and its id), so that it tells nothing about who is a patient."""

    async def test_all_reasons_look_alike(self, house: House, clock: Clock) -> None:
        ann = await make_patient(house.ctx, phone="+12025550177")
        ben = await make_patient(house.ctx)
        expired = await house.link_token(ann)
        revoked = await house.link_token(ben)
        await PatientLink.find({"patient_id": ben.id}).update({"$set": {"revoked_at": clock()}})
        await PatientLink.find({"patient_id": ann.id}).update({"$set": {"expires_at": clock()}})
        erased = await make_patient(house.ctx)
        left_over = await house.link_token(erased)
        await erased.delete()
        bodies = {
            "nobody has this e-mail": await house.book(email="nobody@example.com"),
            "nobody has this phone": await house.book(phone="+12025550101"),
            "e-mail and phone of two people": await house.book(email=ben.email, phone=ann.phone),
            "unknown token": await house.book(token="A" * 22),
            "expired token": await house.book(token=expired),
            "token of a patient who was erased": await house.book(token=left_over),
            "revoked token": await house.book(token=revoked),
            "expired token of a patient who gives the e-mail as well": await house.book(token=expired, email=ann.email),
        }
        alike = [without_marks(refused(answer, 404, "PATIENT_NOT_MATCHED")) for answer in bodies.values()]
        assert alike == [alike[0]] * len(bodies)
        assert {tuple(sorted(answer.headers)) for answer in bodies.values()} == {
            tuple(sorted(next(iter(bodies.values())).headers))
        }
        assert await Appointment.find_all().count() == 0

    async def test_a_family_that_shares_an_inbox_is_not_guessed_apart(self, house: House) -> None:
        parent = await make_patient(house.ctx, email="family@example.com")
        await make_patient(house.ctx, email="family@example.com", guardian_id=parent.id)
        refused(await house.book(email="family@example.com"), 404, "PATIENT_NOT_MATCHED")

    async def test_two_people_become_a_task_for_staff(self, house: House) -> None:
        ann, ben = await make_patient(house.ctx, phone="+12025550177"), await make_patient(house.ctx)
        await house.book(email=ben.email, phone=ann.phone)
        [event] = await InboundEvent.find_all().to_list()
        assert (event.state, event.outcome) == (InboxState.PARKED, "booking_matches_two_patients")
        assert set(event.payload["patient_ids"]) == {ann.id, ben.id}

    async def test_nobody_leaves_no_trace(self, house: House) -> None:
        await house.book(email="nobody@example.com")
        assert await InboundEvent.find_all().count() == 0


class TestOwnLink:
    async def test_finds_the_patient_whatever_the_form_says(self, house: House) -> None:
        ann, ben = await make_patient(house.ctx), await make_patient(house.ctx)
        answer = await house.book(token=await house.link_token(ann), email=ben.email, name="Somebody Else")
        visit = await Appointment.get(accepted(answer, 200, BOOKED)["appointment_id"])
        assert visit is not None
        assert (visit.patient_id, visit.patient_name) == (ann.id, ann.name)

    async def test_twice_for_the_same_service_shows_the_visit_that_exists(self, house: House) -> None:
        token = await house.link_token(await make_patient(house.ctx))
        first = accepted(await house.book(token=token), 200, BOOKED)
        body = refused(await house.book(at="2026-11-25T10:00", token=token), 409, "ALREADY_BOOKED")
        assert body["appointment_id"] == first["appointment_id"]
        assert (body["date"], body["time"]) == ("2026-11-24", "10:00")
        assert await Appointment.find_all().count() == 1

    async def test_the_same_form_sent_again_finds_the_visit_of_the_first(self, house: House) -> None:
        """A browser that lost the first answer repeats it; "just taken" would send the patient away from their own."""
        token = await house.link_token(await make_patient(house.ctx))
        first = accepted(await house.book(token=token), 200, BOOKED)
        body = refused(await house.book(token=token), 409, "ALREADY_BOOKED")
        assert body["appointment_id"] == first["appointment_id"]

    async def test_twice_for_another_service_is_allowed(self, house: House) -> None:
        await make_service("whitening")
        await house.provider.set({"services": ["checkup", "whitening"]})
        token = await house.link_token(await make_patient(house.ctx))
        accepted(await house.book(token=token), 200, BOOKED)
        accepted(await house.book(at="2026-11-25T10:00", token=token, service_name="whitening"), 200, BOOKED)

    async def test_may_be_used_again_after_a_cancellation(self, house: House) -> None:
        token = await house.link_token(await make_patient(house.ctx))
        first = accepted(await house.book(token=token), 200, BOOKED)
        await house.post(f"appointments/{first['appointment_id']}/cancel")
        accepted(await house.book(token=token), 200, BOOKED)

    @pytest.mark.parametrize(("age", "status"), [(timedelta(days=29, hours=20), 200), (BOOKING_LINK_LIFE, 404)])
    async def test_lives_thirty_days(self, house: House, clock: Clock, age: timedelta, status: int) -> None:
        token = await house.link_token(await make_patient(house.ctx))
        clock.instant += age
        assert (await house.book(at="2027-01-12T10:00", token=token)).status_code == status

    async def test_is_kept_as_a_hash_only(self, house: House) -> None:
        token = await house.link_token(await make_patient(house.ctx))
        [link] = await house.ctx.database.handle["patient_links"].find({}).to_list()
        assert token not in str(link)
