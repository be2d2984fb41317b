"""The Idempotency-Key header over HTTP: one act, equal answers, and nobody else's answers (trust.md 1, fault 18)."""

import asyncio
from typing import Any

import httpx2
import pytest

from app.models.appointments import Appointment
from app.models.campaigns import Campaign
from app.models.enums import Role
from app.models.idempotency import IdempotentRequest
from app.models.knowledge import KnowledgeArticle
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.models.users import User
from tests.api.conftest import TUESDAY_TEN, House
from tests.api.shapes import refused
from tests.factories import make_patient, make_recovery, make_user, token_for

PATIENT = {"name": "Maria Alvarez", "email": "maria@example.com", "patient_type": "EXISTING"}
USER = {"name": "Uma", "email": "uma@example.com", "password": "a long enough one", "role": "front_desk"}
ARTICLE = {"title": "Parking", "body": "There are six places behind the house."}
DESK = {
    "name": "Dora Desk",
    "email": "dora@example.com",
    "preferred_channel": "email",
    "service_name": "checkup",
    "appointment_date": TUESDAY_TEN,
    "duration_minutes": 30,
    "notes": "",
}
INQUIRY = {
    "patient_name": "Lena Lead",
    "patient_email": "lena@example.com",
    "initial_inquiry": "How much is whitening?",
    "estimated_value": 400,
}


async def send(house: House, path: str, body: Any, key: str = "key-1", **headers: str) -> httpx2.Response:
    marks = house.staff | {"Idempotency-Key": key} | headers
    return await house.http.post(f"/api/v1/{path}", json=body, headers=marks)


@pytest.mark.parametrize(
    ("path", "body", "document", "count"),
    [
        ("admin/patients", PATIENT, Patient, 1),
        ("admin/users", USER, User, 3),
        ("admin/knowledge", ARTICLE, KnowledgeArticle, 1),
        ("admin/appointments", DESK, Appointment, 1),
        ("admin/campaigns/recovery", INQUIRY, Campaign, 1),
    ],
)
async def test_fifty_identical_submits_create_one_thing(
    house: House, path: str, body: dict[str, Any], document: Any, count: int
) -> None:
    answers = await asyncio.gather(*(send(house, path, body) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sorted("Idempotent-Replayed" in answer.headers for answer in answers) == [False] + [True] * 49
    assert await document.find_all().count() == count


async def test_fifty_identical_public_bookings_are_one_visit(house: House) -> None:
    patient = await make_patient(house.ctx)
    body = {"name": "x", "email": patient.email, "service_name": "checkup", "appointment_date": TUESDAY_TEN}
    headers = {"Idempotency-Key": "from-the-form"}
    answers = await asyncio.gather(
        *(house.http.post("/api/v1/appointments/book", json=body, headers=headers) for _ in range(50))
    )
    assert {(answer.status_code, answer.content) for answer in answers} == {(200, answers[0].content)}
    assert await Appointment.find_all().count() == 1


async def test_a_reply_to_a_patient_is_sent_once(house: House) -> None:
    campaign = await make_recovery(house.ctx)
    before = await OutboundMessage.find_all().count()
    path = f"admin/campaigns/{campaign.id}/respond"
    answers = await asyncio.gather(*(send(house, path, {"message": "We look forward to it."}) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}, answers[0].text
    assert await OutboundMessage.find_all().count() == before + 1


async def test_without_the_header_each_submit_counts(house: House) -> None:
    for email in ("a@example.com", "b@example.com"):
        await house.post("patients", PATIENT | {"email": email})
    assert await Patient.find_all().count() == 2
    assert await IdempotentRequest.find_all().count() == 0


@pytest.mark.parametrize("change", [{"name": "Somebody Else"}, {"email": "else@example.com"}])
async def test_another_body_under_the_same_key_is_422(house: House, change: dict[str, str]) -> None:
    await send(house, "admin/patients", PATIENT)
    refused(await send(house, "admin/patients", PATIENT | change), 422, "IDEMPOTENCY_KEY_REUSED")
    assert await Patient.find_all().count() == 1


async def test_another_address_under_the_same_key_is_422(house: House) -> None:
    await send(house, "admin/patients", PATIENT)
    refused(await send(house, "admin/knowledge", PATIENT), 422, "IDEMPOTENCY_KEY_REUSED")


@pytest.mark.parametrize("key", ["", "two words", "x" * 256, "tab\there"])
async def test_a_key_that_is_none_is_422(house: House, key: str) -> None:
    refused(await send(house, "admin/patients", PATIENT, key), 422, "VALIDATION_ERROR")
    assert await Patient.find_all().count() == 0


async def test_a_refusal_may_be_corrected_under_the_same_key(house: House) -> None:
    refused(await send(house, "admin/patients", PATIENT | {"email": "no address"}), 422)
    assert (await send(house, "admin/patients", PATIENT)).status_code == 201


async def test_a_key_is_its_users_own(house: House) -> None:
    other = token_for(house.ctx, await make_user(house.ctx, Role.FRONT_DESK))
    await send(house, "admin/patients", PATIENT)
    refused(await send(house, "admin/patients", PATIENT, **other), 409)  # their own request: the address is taken


async def test_a_revoked_token_gets_no_stored_answer(house: House) -> None:
    headers = house.staff
    await send(house, "admin/patients", PATIENT)
    await house.admin.inc({"token_version": 1})
    refused(await send(house, "admin/patients", PATIENT, **headers), 401, "NOT_AUTHENTICATED")


async def test_nobody_gets_a_stored_answer_without_a_token(house: House) -> None:
    await send(house, "admin/patients", PATIENT)
    answer = await house.http.post("/api/v1/admin/patients", json=PATIENT, headers={"Idempotency-Key": "key-1"})
    refused(answer, 401, "NOT_AUTHENTICATED")


async def test_the_stored_fingerprint_does_not_give_a_password_away(house: House) -> None:
    await send(house, "admin/users", USER)
    [held] = await IdempotentRequest.find_all().to_list()
    assert USER["password"] not in held.model_dump_json()


async def test_signing_in_stores_no_token(house: House) -> None:
    await house.http.post(
        "/api/v1/auth/login",
        json={"email": "a@example.com", "password": "wrong"},
        headers={"Idempotency-Key": "key-1"},
    )
    assert await IdempotentRequest.find_all().count() == 0
