"""Canaries: what a patient or a staff member typed is in no log line and in no refusal (trust.md fault 32).

The log is the real one of `configure_logging`, at DEBUG, read from where it is written to.
"""

import logging
from collections.abc import Iterator, Sequence

import httpx2
import pytest

from app.database.connection import Database
from app.llm.base import PLAIN_VOICE, Analysis, KnowledgeAnswer, Passage, PatientText, Voice
from app.llm.offline.provider import OfflineLanguageModel
from app.models.appointments import Appointment
from app.settings import LogFormat, Settings
from tests.api.apps import RunningApp, serving
from tests.api.signing import signed
from tests.conftest import Clock
from tests.factories import (
    make_article,
    make_clinic,
    make_patient,
    make_provider,
    make_recovery,
    make_service,
    make_user,
    token_for,
)
from tests.security.every_operation import every_operation, variations

NAME, EMAIL, PHONE = "Quillon Marzipan", "quillon.marzipan@example.com", "+12025550177"
TEXT, PASSWORD, TOKEN = "my zebra-striped molar aches", "correct-horse-flamingo-staple", "flamingo-token-AAAAAAAA"
CANARIES = ("Quillon", "Marzipan", "quillon.marzipan", "2025550177", "555-0177", "zebra-striped", "flamingo")
SECRET = "a-secret-that-only-tests-know-32b"


class QuotingLanguageModel(OfflineLanguageModel):
    """A provider whose failures quote the patient, as a validation error or a parser's does."""

    async def analyse(self, message: PatientText) -> Analysis:
        raise ValueError(f"cannot parse {message.text!r}")

    async def answer(
        self, question: str, passages: Sequence[Passage], *, voice: Voice = PLAIN_VOICE
    ) -> KnowledgeAnswer | None:
        raise RuntimeError(f"no answer to {question!r}")


@pytest.fixture
def log(capsys: pytest.CaptureFixture[str]) -> Iterator[pytest.CaptureFixture[str]]:
    """What reaches standard error; the root logger is put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield capsys
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(params=list(LogFormat))
def talkative(request: pytest.FixtureRequest, settings: Settings) -> Settings:
    return settings.model_copy(update={"log_level": "DEBUG", "log_format": request.param})


async def furnish(app: RunningApp) -> dict[str, str]:
    """A clinic with one service, one provider and an article; the headers of its admin."""
    await make_clinic()
    await make_service()
    await make_provider(app.ctx, ["checkup"])
    await make_article(app.ctx, "Molars", "A molar that aches needs a visit soon.")
    return token_for(app.ctx, await make_user(app.ctx))


async def post(app: RunningApp, path: str, body: object, headers: dict[str, str] | None = None) -> httpx2.Response:
    return await app.http.post(f"/api/v1/{path}", json=body, headers=headers)


async def use_everything(app: RunningApp, staff: dict[str, str]) -> list[httpx2.Response]:
    """Every door that takes a patient's words or a secret, once with success."""
    campaign = await make_recovery(app.ctx, patient_name=NAME, patient_email="lead@example.com")
    patient = {"name": NAME, "email": EMAIL, "phone": PHONE, "patient_type": "EXISTING", "notes": TEXT}
    person = await post(app, "admin/patients", patient, staff)
    wish = {"name": NAME, "email": EMAIL, "phone": PHONE, "service_name": "checkup", "notes": TEXT}
    message = signed(app.ctx, {"channel": "sms", "thread_id": "t", "message_content": TEXT, "from": PHONE})
    account = {"name": NAME, "email": f"staff.{EMAIL}", "password": PASSWORD, "role": "provider"}
    return [
        person,
        await app.http.get(f"/api/v1/admin/patients/{person.json()['patient_id']}", headers=staff),
        await post(app, "appointments/book", wish | {"appointment_date": "2026-11-24T10:00"}),
        await post(app, f"admin/campaigns/{campaign.id}/respond", {"message": TEXT}, staff),
        await post(
            app,
            "admin/interactions",
            {"campaign_id": str(campaign.id), "direction": "incoming", "content": TEXT},
            staff,
        ),
        await app.http.post("/api/v1/webhooks/incoming-message", content=message.body, headers=message.headers),
        await post(app, "sandbox/messages", {"from": "lead@example.com", "body": TEXT}),
        await post(app, "admin/users", account, staff),
        await post(app, "auth/login", {"email": f"staff.{EMAIL}", "password": PASSWORD}),
        await post(app, "admin/jobs/drain", {"ignore_window": True}, staff),
        await app.http.get("/api/v1/admin/campaigns", params={"q": NAME}, headers=staff),
        await app.http.get("/api/v1/sandbox/messages", params={"to": EMAIL}),
    ]


async def be_refused_everywhere(app: RunningApp, staff: dict[str, str]) -> list[httpx2.Response]:
    """The same words where they are refused: 400, 401, 404, 409, 422, 500."""
    for _ in range(2):
        await make_patient(app.ctx)
    wish = {"name": NAME, "email": EMAIL, "service_name": "checkup", "appointment_date": "2026-11-24T10:00"}
    broken = f'{{"email": "{EMAIL}", "password": "{PASSWORD}'.encode()
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    forged = {"X-Chairside-Signature": f"t=1,v1={TOKEN}"}
    return [
        await app.http.post("/api/v1/auth/login", content=broken, headers={"Content-Type": "application/json"}),
        await post(app, "auth/login", {"email": EMAIL, "password": PASSWORD}),
        await post(app, "auth/login", {"email": {"$ne": EMAIL}, "password": [PASSWORD]}),
        await app.http.get("/api/v1/users/me", headers=bearer),
        await app.http.get(f"/api/v1/{TOKEN}", params={"t": TOKEN, "name": NAME}),
        await post(app, "appointments/book", wish),
        await post(app, "appointments/book", wish | {"token": TOKEN}),
        await post(app, "appointments/book", wish | {"appointment_date": TEXT}),
        await post(app, "appointments/book", wish | {"service_name": TEXT}),
        await post(app, "appointments/book", wish | {"phone": f"{PHONE} {TEXT}"}),
        await post(app, "admin/patients", {"name": NAME, "email": EMAIL, "patient_type": TEXT}, staff),
        await post(app, "admin/campaigns/recovery", {"patient_name": NAME, "patient_email": f"{EMAIL} {TEXT}"}, staff),
        await app.http.get("/api/v1/admin/campaigns", params={"status": NAME, "cursor": TOKEN}, headers=staff),
        await post(app, "webhooks/incoming-message", {"message_content": TEXT}, forged),
        await post(app, "webhooks/gmail", {"message": {"data": TEXT}}, bearer),
        await post(app, f"admin/jobs/{TOKEN}/run", {}, staff),
    ]


def spoken(text: str) -> list[str]:
    """The canaries that sing in this text."""
    return [canary for canary in CANARIES if canary.lower() in text.lower()]


async def test_no_log_line_of_a_day_at_work(
    talkative: Settings, database: Database, clock: Clock, log: pytest.CaptureFixture[str]
) -> None:
    async with serving(talkative, database, now=clock) as app:
        answers = await use_everything(app, await furnish(app))
    assert [answer.status_code for answer in answers if answer.status_code >= 300] == []
    assert await Appointment.find_all().count() == 1
    captured = log.readouterr()
    assert spoken(captured.err + captured.out) == []


async def test_no_log_line_and_no_body_of_a_refusal(
    talkative: Settings, database: Database, clock: Clock, log: pytest.CaptureFixture[str]
) -> None:
    async with serving(talkative, database, now=clock) as app:
        answers = await be_refused_everywhere(app, await furnish(app))
    assert [answer.status_code for answer in answers if not 400 <= answer.status_code < 500] == []
    assert {answer.request.url.path: found for answer in answers if (found := spoken(answer.text))} == {}
    captured = log.readouterr()
    assert spoken(captured.err + captured.out) == []


async def test_no_log_line_and_no_refusal_of_any_operation(
    talkative: Settings, database: Database, clock: Clock, log: pytest.CaptureFixture[str]
) -> None:
    """Each canary in every field, every query parameter and every path of the whole OpenAPI document."""
    sung: dict[str, list[str]] = {}
    statuses: set[int] = set()
    async with serving(talkative, database, now=clock) as app:
        await furnish(app)
        for label, operation in every_operation().items():
            caller = token_for(app.ctx, await make_user(app.ctx)) if operation.asks_for_token else {}
            for canary in (NAME, EMAIL, PHONE, TEXT, PASSWORD, TOKEN):
                for request in (operation.request({}), *variations(operation.request({}), operation, canary)):
                    answer = await request.send(app.http, caller)
                    statuses.add(answer.status_code)
                    if answer.status_code >= 400 and (found := spoken(answer.text)):
                        sung[f"{label} {request.place}"] = found
    assert sung == {}
    assert {200, 201, 204, 401, 404, 422} <= statuses
    assert max(statuses) < 500
    captured = log.readouterr()
    assert spoken(captured.err + captured.out) == []


async def test_no_log_line_of_our_own_failures(
    talkative: Settings, database: Database, clock: Clock, log: pytest.CaptureFixture[str]
) -> None:
    """Failures are logged with the place and the kind, never with the message: it quotes what was read."""
    async with serving(talkative, database, now=clock, llm=QuotingLanguageModel()) as app:
        staff = await furnish(app)
        campaign = await make_recovery(app.ctx, patient_name=NAME)
        question = {"question": "Does a zebra-striped molar that aches need a visit?"}
        asked = await post(app, "admin/knowledge/try", question, staff)
        await post(app, "sandbox/messages", {"from": campaign.channel.address, "body": TEXT})
        await post(app, "admin/jobs/drain", {}, staff)
    assert asked.status_code == 500
    assert spoken(asked.text) == []
    captured = log.readouterr()
    assert spoken(captured.err + captured.out) == []
    assert "RuntimeError" in captured.err
    assert "test_canary.py" in captured.err


async def test_the_log_is_really_listened_to(
    talkative: Settings, database: Database, clock: Clock, log: pytest.CaptureFixture[str]
) -> None:
    """A canary that is written on purpose is heard: otherwise the silence above would prove nothing."""
    async with serving(talkative, database, now=clock):
        logging.getLogger("somebody.elses").debug("the flamingo sings")
    assert spoken(log.readouterr().err) == ["flamingo"]
