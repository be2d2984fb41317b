"""The waiting list by HTTP: the patient's own links, and the desk (domain.md section 7, trust.md 2.7)."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from app.models.appointments import provider_cells
from app.models.enums import LinkPurpose, OfferState, WishState
from app.models.links import PatientLink
from app.models.patients import Patient
from app.models.slot_holds import SlotHold
from app.models.waitlist import WaitlistOffer, WaitlistWish
from tests.api.conftest import House
from tests.api.shapes import HEX_ID, INSTANT, Maybe, accepted, refused
from tests.conftest import Clock
from tests.factories import make_patient, make_service
from tests.services import waiting
from tests.services.visit_links import book_visit, manage_tokens

WISH = {
    "wish_id": HEX_ID,
    "service_id": str,
    "service_name": str,
    "appointment_id": Maybe(HEX_ID),
    "weekdays": list,
    "day_part": str,
    "state": str,
    "created_at": INSTANT,
    "expires_at": INSTANT,
}
MINE = {
    "services": [{"service_id": str, "name": str}],
    "service_id": Maybe(str),
    "visit_at": Maybe(INSTANT),
    "can_ask": bool,
    "wish": Maybe(WISH),
    "free_now": list,
}
OFFER = {
    "state": str,
    "can_answer": bool,
    "appointment_date": INSTANT,
    "ends_at": INSTANT,
    "service_name": str,
    "provider_name": Maybe(str),
    "expires_at": INSTANT,
    "moves_visit_at": Maybe(INSTANT),
    "alternatives": list,
}
SPAN = {"earliest": "2026-11-24", "latest": "2026-12-04", "weekdays": ["tue", "thu"], "day_part": "morning"}
LATER = "2026-12-07 09:00"


async def visitor(house: House, at: str = LATER) -> tuple[Patient, str]:
    """Somebody with a visit in two weeks, and its manage link."""
    patient = await make_patient(house.ctx, name="Maria Alvarez")
    [token] = await manage_tokens(await book_visit(house.ctx, house.clinic, patient, at))
    return patient, token


async def ask(house: House, token: str, **body: Any) -> httpx2.Response:
    return await house.http.post(f"/api/v1/waitlist/{token}", json=body)


async def see(house: House, token: str, **params: Any) -> httpx2.Response:
    return await house.http.get(f"/api/v1/waitlist/{token}", params=params)


async def offered(house: House, token: str) -> httpx2.Response:
    return await house.http.get(f"/api/v1/offers/{token}")


async def say(house: House, token: str, answer: str, at: str | None = None) -> httpx2.Response:
    body = {"answer": answer} | ({"appointment_date": at} if at else {})
    return await house.http.post(f"/api/v1/offers/{token}", json=body)


async def one_offer(house: House) -> tuple[Patient, str]:
    """A patient with a later visit who is offered Tuesday at ten."""
    [patient] = await waiting.waiting_patients(house.ctx, house.clinic, 1)
    await waiting.freed_visit(house.ctx, house.clinic)
    await waiting.run(house.ctx)
    [offer] = await waiting.offers()
    return patient, await waiting.token_of(offer)


class TestAsking:
    async def test_with_the_link_of_a_visit(self, house: House) -> None:
        patient, token = await visitor(house)
        body = accepted(await see(house, token), 200, MINE)
        assert (body["wish"], body["can_ask"], body["visit_at"]) == (None, True, "2026-12-07T14:00:00.000Z")
        assert len(body["free_now"]) == 5
        body = accepted(await ask(house, token, **SPAN), 200, MINE)
        assert {name: body["wish"][name] for name in SPAN} == SPAN
        assert "Maria" not in str(body)
        wish = await WaitlistWish.find_one({"patient_id": patient.id})
        assert wish is not None
        assert wish.appointment_id is not None

    async def test_asking_again_changes_the_wish_and_keeps_the_place(self, house: House, clock: Clock) -> None:
        patient, token = await visitor(house)
        first = accepted(await ask(house, token), 200, MINE)["wish"]
        clock.forward(hours=3)
        second = accepted(await ask(house, token, **SPAN), 200, MINE)["wish"]
        assert (second["wish_id"], second["created_at"]) == (first["wish_id"], first["created_at"])
        assert second["weekdays"] == ["tue", "thu"]
        assert await waiting.list_token(patient)  # one message, not two

    async def test_ten_clicks_are_one_wish(self, house: House) -> None:
        patient, token = await visitor(house)
        answers = await asyncio.gather(*(ask(house, token) for _ in range(10)))
        assert {answer.status_code for answer in answers} == {200}
        assert await WaitlistWish.find({"patient_id": patient.id}).count() == 1

    async def test_with_a_booking_link_a_service_is_chosen(self, house: House) -> None:
        await make_service("whitening", name="Whitening")
        token = await house.link_token(await make_patient(house.ctx))
        body = accepted(await see(house, token), 200, MINE)
        assert (body["service_id"], len(body["services"]), body["can_ask"]) == (None, 2, False)
        refused(await ask(house, token), 422, "VALIDATION_ERROR")
        body = accepted(await ask(house, token, service_id="whitening"), 200, MINE)
        assert body["wish"]["service_name"] == "Whitening"
        assert body["wish"]["appointment_id"] is None

    async def test_a_service_that_only_staff_book_is_none(self, house: House) -> None:
        await make_service("hidden", is_public=False)
        await make_service("whitening")
        token = await house.link_token(await make_patient(house.ctx))
        refused(await ask(house, token, service_id="hidden"), 422, "VALIDATION_ERROR")

    async def test_the_message_has_a_link_that_sees_and_withdraws_it(self, house: House) -> None:
        patient, token = await visitor(house)
        await ask(house, token)
        own = await waiting.list_token(patient)
        assert accepted(await see(house, own), 200, MINE)["wish"]["state"] == "WAITING"
        for _ in range(2):
            assert (await house.http.delete(f"/api/v1/waitlist/{own}")).status_code == 204
        assert accepted(await see(house, own), 200, MINE)["wish"]["state"] == "WITHDRAWN"
        assert accepted(await ask(house, own), 200, MINE)["wish"]["state"] == "WAITING"

    async def test_it_is_for_the_list_alone(self, house: House) -> None:
        patient, token = await visitor(house)
        await ask(house, token)
        own = await waiting.list_token(patient)
        refused(await house.http.get(f"/api/v1/manage/{own}"), 404, "NOT_FOUND")
        refused(await house.book(token=own, at="2026-11-25T09:00"), 404, "PATIENT_NOT_MATCHED")
        refused(await offered(house, own), 404, "NOT_FOUND")

    async def test_a_visit_that_is_over_cannot_become_earlier(self, house: House) -> None:
        _, token = await visitor(house)
        await house.http.post(f"/api/v1/manage/{token}", json={"action": "cancel"})
        refused(await ask(house, token), 409, "CONFLICT")

    async def test_cancelling_the_visit_ends_its_wish(self, house: House) -> None:
        patient, token = await visitor(house)
        await ask(house, token)
        await house.http.post(f"/api/v1/manage/{token}", json={"action": "cancel"})
        [wish] = await WaitlistWish.find({"patient_id": patient.id}).to_list()
        assert (wish.state, wish.state_reason) == (WishState.EXPIRED, "visit_ended")

    @pytest.mark.parametrize(
        "body",
        [
            {"latest": "2026-11-22"},
            {"earliest": "2026-12-02", "latest": "2026-12-01"},
            {"weekdays": ["someday"]},
            {"day_part": "night"},
            {"provider_id": "0" * 24},
            {"patient_id": "0" * 24},
            {"service_id": {"$ne": None}},
        ],
    )
    async def test_what_makes_no_sense_is_422_and_leaves_nothing(self, house: House, body: dict[str, Any]) -> None:
        _, token = await visitor(house)
        refused(await ask(house, token, **body), 422, "VALIDATION_ERROR")
        assert await WaitlistWish.count() == 0

    async def test_links_that_are_none_are_all_the_same(self, house: House, clock: Clock) -> None:
        """Unknown, of another kind, revoked, expired: a stranger learns nothing."""
        patient, offer_token = await one_offer(house)
        _, revoked = await visitor(house, "2026-12-08 09:00")
        own = await waiting.list_token(patient)
        await PatientLink.collection().update_one(
            {"purpose": LinkPurpose.MANAGE, "appointment_id": {"$ne": None}}, {"$set": {"revoked_at": clock.instant}}
        )
        await PatientLink.collection().update_many({}, {"$set": {"revoked_at": clock.instant}})
        bodies = []
        for method, path in (
            ("GET", "waitlist/" + "A" * 22),
            ("GET", f"waitlist/{offer_token}"),
            ("GET", f"waitlist/{revoked}"),
            ("DELETE", f"waitlist/{own}"),
            ("GET", "offers/" + "A" * 22),
            ("GET", f"offers/{own}"),
            ("GET", f"offers/{offer_token}"),
        ):
            answer = await house.http.request(method, f"/api/v1/{path}")
            body = refused(answer, 404, "NOT_FOUND")
            bodies.append({name: body[name] for name in ("detail", "error_code", "retry_after")})
        assert all(body == bodies[0] for body in bodies)

    async def test_the_wish_ends_with_its_last_day_on_the_clinics_calendar(self, house: House, clock: Clock) -> None:
        patient, token = await visitor(house)
        await ask(house, token, latest="2026-11-24")
        await waiting.run(house.ctx)
        clock.instant = clock.instant.replace(day=25, hour=4, minute=59)
        assert "wishes_expired" not in await waiting.run(house.ctx)
        clock.forward(minutes=1)
        assert (await waiting.run(house.ctx))["wishes_expired"] == 1
        [wish] = await WaitlistWish.find({"patient_id": patient.id}).to_list()
        assert wish.state is WishState.EXPIRED


class TestAnswering:
    async def test_looking_answers_nothing(self, house: House) -> None:
        _, token = await one_offer(house)
        for _ in range(2):
            accepted(await offered(house, token), 200, OFFER)
        body = accepted(await offered(house, token), 200, OFFER)
        assert (body["can_answer"], body["moves_visit_at"]) == (True, "2026-12-07T14:00:00.000Z")
        assert await waiting.states() == {OfferState.OFFERED: 1}

    async def test_yes(self, house: House) -> None:
        _, token = await one_offer(house)
        for _ in range(2):
            body = accepted(await say(house, token, "accept"), 200, OFFER)
            assert (body["state"], body["can_answer"]) == ("ACCEPTED", False)
            assert body["appointment_id"]

    async def test_too_late_is_409_with_what_is_free_and_one_of_it_can_be_taken(self, house: House) -> None:
        patient, token = await one_offer(house)
        await book_visit(house.ctx, house.clinic, await make_patient(house.ctx))
        body = refused(await say(house, token, "accept"), 409, "OFFER_OVER")
        assert (body["state"], len(body["alternatives"])) == ("LOST", 5)
        shown = accepted(await offered(house, token), 200, OFFER)
        [first, *_] = shown["alternatives"]
        accepted(await say(house, token, "take", first["appointment_date"]), 200, OFFER)
        held = await house.get("appointments", start_date="2026-11-23")
        [visit] = [row for row in held.json()["appointments"] if row["patient_id"] == str(patient.id)]
        assert visit["appointment_date"] == first["appointment_date"]
        [wish] = await WaitlistWish.find({"patient_id": patient.id}).to_list()
        assert wish.state is WishState.WAITING

    async def test_another_time_cannot_be_taken_while_the_offer_stands_or_was_accepted(self, house: House) -> None:
        _, token = await one_offer(house)
        refused(await say(house, token, "take", "2026-11-25T09:00"), 409, "CONFLICT")
        await say(house, token, "accept")
        refused(await say(house, token, "take", "2026-11-25T09:00"), 409, "CONFLICT")

    async def test_no_and_off_the_list(self, house: House) -> None:
        patient, token = await one_offer(house)
        assert accepted(await say(house, token, "decline"), 200, OFFER)["state"] == "DECLINED"
        refused(await say(house, token, "accept"), 409, "OFFER_OVER")
        accepted(await say(house, token, "leave"), 200, OFFER)
        [wish] = await WaitlistWish.find({"patient_id": patient.id}).to_list()
        assert wish.state is WishState.WITHDRAWN

    @pytest.mark.parametrize("body", [{}, {"answer": "maybe"}, {"answer": "take"}, {"answer": "accept", "x": 1}])
    async def test_a_body_that_makes_no_sense_is_422(self, house: House, body: dict[str, Any]) -> None:
        _, token = await one_offer(house)
        refused(await house.http.post(f"/api/v1/offers/{token}", json=body), 422, "VALIDATION_ERROR")
        assert await waiting.states() == {OfferState.OFFERED: 1}

    async def test_a_form_that_a_visitor_has_open_is_waited_for_and_not_lost(self, house: House, clock: Clock) -> None:
        _, token = await one_offer(house)
        [offer] = await waiting.offers()
        await _hold(house, offer)
        refused(await say(house, token, "accept"), 409, "CONFLICT")
        assert accepted(await offered(house, token), 200, OFFER)["can_answer"] is True
        clock.forward(minutes=6)
        assert accepted(await say(house, token, "accept"), 200, OFFER)["state"] == "ACCEPTED"


async def _hold(house: House, offer: WaitlistOffer) -> None:
    """A visitor's form is open for the offered time."""
    await SlotHold(
        id="somebody",
        cells=provider_cells(offer.provider_id, offer.busy_from, offer.busy_until),
        provider_id=offer.provider_id,
        service_id=offer.service_id,
        start=offer.start,
        ends_at=offer.ends_at,
        busy_from=offer.busy_from,
        busy_until=offer.busy_until,
        held_at=house.ctx.now(),
        expires_at=house.ctx.now() + timedelta(minutes=5),
    ).insert()


class TestTheDesk:
    async def test_a_wish_by_phone_is_listed_and_taken_off(self, house: House) -> None:
        patient = await make_patient(house.ctx, name="Ann Ames")
        body = {"patient_id": str(patient.id), "service_id": "checkup", **SPAN}
        wish = accepted(await house.post("waitlist", body), 201, WISH)
        [row] = (await house.get("waitlist")).json()["wishes"]
        assert (row["patient_name"], row["is_reachable"], row["asked_by"]) == (
            "Ann Ames",
            True,
            f"user:{house.admin.id}",
        )
        assert (await house.get("waitlist", service_id="other")).json()["wishes"] == []
        path = f"/api/v1/admin/waitlist/{wish['wish_id']}"
        for _ in range(2):
            assert (await house.http.delete(path, headers=house.staff)).status_code == 204
        assert (await house.get("waitlist")).json()["wishes"] == []
        assert len((await house.get("waitlist", state="WITHDRAWN")).json()["wishes"]) == 1

    async def test_first_come_first(self, house: House, clock: Clock) -> None:
        people = []
        for _ in range(3):
            people.append(await make_patient(house.ctx))
            await waiting.wish_of(house.ctx, people[-1])
            clock.forward(minutes=1)
        rows = (await house.get("waitlist")).json()["wishes"]
        assert [row["patient_id"] for row in rows] == [str(person.id) for person in people]

    async def test_somebody_who_cannot_be_written_to_is_marked(self, house: House) -> None:
        patient = await make_patient(house.ctx)
        await waiting.wish_of(house.ctx, patient)
        await Patient.collection().update_one({"_id": patient.id}, {"$set": {"unusable_addresses": [patient.email]}})
        [row] = (await house.get("waitlist")).json()["wishes"]
        assert row["is_reachable"] is False

    @pytest.mark.parametrize(
        ("fields", "status"),
        [
            ({"patient_id": "0" * 24}, 404),
            ({"service_id": "nothing"}, 422),
            ({"appointment_id": "0" * 24}, 404),
            ({"provider_id": "0" * 24}, 422),
            ({"latest": "2020-01-01"}, 422),
        ],
    )
    async def test_what_cannot_be_is_refused(self, house: House, fields: dict[str, str], status: int) -> None:
        patient = await make_patient(house.ctx)
        body = {"patient_id": str(patient.id), "service_id": "checkup"} | fields
        refused(await house.post("waitlist", body), status)
        assert await WaitlistWish.count() == 0

    async def test_another_patients_visit_is_not_found(self, house: House) -> None:
        other, mine = await make_patient(house.ctx), await make_patient(house.ctx)
        visit = await book_visit(house.ctx, house.clinic, other)
        body = {"patient_id": str(mine.id), "service_id": "checkup", "appointment_id": str(visit.id)}
        refused(await house.post("waitlist", body), 404, "NOT_FOUND")

    async def test_offers_are_listed_newest_first(self, house: House) -> None:
        patient, token = await one_offer(house)
        [row] = (await house.get("waitlist/offers")).json()["offers"]
        assert (row["patient_id"], row["state"], row["batch"]) == (str(patient.id), "OFFERED", 1)
        await say(house, token, "decline")
        assert (await house.get("waitlist/offers", state="OFFERED")).json()["offers"] == []

    async def test_the_clinic_chooses_how_many_and_how_long(self, house: House) -> None:
        body = {"booking": {"waitlist_batch": 1, "waitlist_offer_minutes": 60}}
        answer = await house.http.patch("/api/v1/admin/clinic", json=body, headers=house.staff)
        assert answer.json()["booking"]["waitlist_batch"] == 1
        await waiting.waiting_patients(house.ctx, house.clinic, 2)
        await waiting.freed_visit(house.ctx, house.clinic)
        await waiting.run(house.ctx)
        [offer] = await waiting.offers()
        assert offer.expires_at - offer.created_at == timedelta(hours=1)
        for wrong in ({"waitlist_batch": 0}, {"waitlist_batch": 21}, {"waitlist_offer_minutes": 4}):
            refused(await house.http.patch("/api/v1/admin/clinic", json={"booking": wrong}, headers=house.staff), 422)

    async def test_more_hours_are_offered_too(self, house: House) -> None:
        patient = await make_patient(house.ctx)
        await waiting.wish_of(house.ctx, patient, weekdays=["sat"])
        week = {day: [["09:00", "12:00"], ["13:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
        body = {"weekly": week | {"sat": [["10:00", "12:00"]]}, "services": ["checkup"]}
        path = f"/api/v1/admin/providers/{house.provider.id}/schedule"
        answer = await house.http.put(path, json=body, headers=house.staff)
        assert answer.status_code == 200, answer.text
        counts = await waiting.run(house.ctx)
        assert counts["people_asked"] == 1
        [offer] = await waiting.offers()
        assert offer.start.isoformat() == "2026-11-28T15:00:00+00:00"
