"""The whole OpenAPI document, fuzzed: whatever is asked, the answer is one that the document promises.

Schemathesis makes requests that fit the document and requests that break it, for every operation, as the admin and as
nobody, and checks each answer: no 5xx, no undocumented status, header or content type, no body that breaks its schema,
nothing invalid taken, nothing valid refused, no door that is open without a token. The seed is fixed: CI never flakes.
"""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from pymongo import MongoClient
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.result import Ok
from schemathesis.core.transport import Response
from schemathesis.python import asgi
from schemathesis.schemas import APIOperation

from app.main import create_app
from tests.api.pushing import ACCOUNT, AUDIENCE, push_settings
from tests.api.signing import signature
from tests.conftest import make_settings
from tests.peers.google_keys import GoogleKeys, serve_google_keys

AnyOperation = APIOperation[Any, Any, Any, Any]

ADMIN, PASSWORD = "admin@example.com", "correct horse battery staple"
SECRET = "a-secret-that-only-tests-know-32b"

AS_ADMIN, AS_NOBODY = "as the admin", "as nobody"
SHARES = {"body": 340, "parameters": 170, "neither": 1}
"""Requests per operation and caller: many where there is much to vary, few where there is nothing."""
OWN_SHARES = {"login": 60, "drain": 12, "run": 24}
"""Fewer where one request is slow on purpose: hashing a password, working through every job."""
AS_NOBODY_SHARE = 0.25
"""A door that is closed refuses before it looks at the rest."""
AT_LEAST = 20_000

EXCLUDED = {"GET /api/v1/admin/events": "streams for ever; it has tests of its own"}

SHAPE_REFUSED = "Some fields are not valid. See `errors`."
RULES = (
    "should have at least",  # blanks around a text do not count
    "a period must end after it begins",
    "the periods of a day must follow one another and not overlap",
    "time off must end after it begins",
    "unknown day",
    "day value is outside expected range",  # 30 February on the wall clock
    "name either campaign_id or patient_id",
    "is overridden twice",
    "holds characters that cannot be read",
    "give an e-mail or a phone number",
    "is not an e-mail address",
    "is not an IANA time zone",
    "is out of range",
    "reschedule needs appointment_date, cancel takes none",
)
"""Shape refusals for what no JSON schema can say; any other one means that the document is too generous."""


def document() -> dict[str, Any]:
    return create_app(make_settings()).openapi()


def shadowed_paths() -> set[str]:
    """Operations whose fixed last word another path takes as a parameter: `/knowledge/try` beside `/knowledge/{id}`."""
    paths = document()["paths"]
    templates = {re.sub(r"/{\w+}$", "", path) for path in paths if path.endswith("}")}
    shadowed = [path for path in paths if not path.endswith("}") and path.rpartition("/")[0] in templates]
    return {f"{method.upper()} {path}" for path in shadowed for method in paths[path]}


KIND = re.compile(r"^- .*|^\s+Received.*|^\[\d+\].*", re.MULTILINE)
"""What tells one failure from another in a report."""

load_all_checks()
CHECK = {check.__name__: check for check in CHECKS.get_all()}
"""Every check that Schemathesis knows."""
REPLACED = {"positive_data_acceptance": "by `nothing_valid_is_refused`, which knows the clinic's own rules (422)"}
WEBHOOKS = ("POST /api/v1/webhooks/incoming-message", "POST /api/v1/webhooks/gmail")
BESIDE = "another method reaches `/{id}` beside it, where this word is no id (422)"
NOT_FOR = {
    "negative_data_rejection": dict.fromkeys(
        WEBHOOKS, "what is authentic and malformed is parked with a 200: a 4xx would be redelivered for ever (api.md 3)"
    ),
    "unsupported_method": dict.fromkeys(shadowed_paths(), BESIDE),
    "allow_header_conformance": dict.fromkeys(shadowed_paths(), BESIDE),
}
"""Which check is not for which operation, and why."""


def checks_for(label: str) -> list[Any]:
    return [check for name, check in CHECK.items() if name not in REPLACED and label not in NOT_FOR.get(name, {})]


def nothing_valid_is_refused(_: Any, response: Response, case: Case[Any]) -> None:
    """A request that fits the document is refused only by a rule of the clinic, never for its shape."""
    if (
        case.meta is None
        or not case.meta.generation.mode.is_positive
        or response.status_code not in (400, 413, 415, 422)
    ):
        return
    assert response.status_code == 422, f"a valid request got {response.status_code}: {response.text}"
    refusal = response.json()
    if refusal["detail"] != SHAPE_REFUSED:
        return
    problems = [problem["message"] for problem in refusal["errors"]]
    unexpected = [message for message in problems if not any(rule in message for rule in RULES)]
    assert not unexpected, f"the document allows what is refused: {response.text}"


@dataclass(slots=True)
class Fuzzed:
    """The application under fire, with a fresh clinic in its database."""

    http: asgi.ASGIClient
    google: GoogleKeys
    admin: dict[str, str]
    ids: dict[str, str]
    sent: int = 0
    broken: list[str] = field(default_factory=list)


def operations(*, with_tokens: bool) -> dict[str, AnyOperation]:
    """`METHOD /path` to operation, without those excluded for a reason; access tokens are made up, too, or are not."""
    schema = schemathesis.openapi.from_dict(document())
    schema.config.generation.update(with_security_parameters=with_tokens)
    found = (each.ok() for each in schema.get_all_operations() if isinstance(each, Ok))
    return {operation.label: operation for operation in found if operation.label not in EXCLUDED}


OPERATIONS = {AS_ADMIN: operations(with_tokens=False), AS_NOBODY: operations(with_tokens=True)}


def share_of(operation: AnyOperation, caller: str) -> int:
    """How many requests this operation gets from this caller."""
    kind = "body" if operation.body else "parameters" if list(operation.iter_parameters()) else "neither"
    share = OWN_SHARES.get(str(operation.definition.raw["operationId"]), SHARES[kind])
    return share if caller == AS_ADMIN else round(share * AS_NOBODY_SHARE)


@pytest.fixture
def fuzzed(mongodb_uri: str, migrated: str, tmp_path: Path) -> Iterator[Fuzzed]:
    """The real application with its lifespan, in a loop of its own; every limit that is not under test is off."""
    with MongoClient[dict[str, Any]](mongodb_uri) as mongo:
        for name in mongo[migrated].list_collection_names():
            mongo[migrated][name].delete_many({})
    plain = make_settings(
        mongodb_uri=mongodb_uri,
        mongodb_database=migrated,
        chairside_data_dir=tmp_path,
        admin_email=ADMIN,
        admin_password=PASSWORD,
        incoming_message_secret=SECRET,
        access_token_minutes=24 * 60,
        log_level="ERROR",
    )
    with serve_google_keys() as google:
        with asgi.get_client(cast(Any, create_app(push_settings(plain, google)))) as http:
            admin = sign_in(http)
            yield Fuzzed(http, google, admin, furnish(http, admin))
        asgi.shutdown_lifespans()


def sign_in(http: asgi.ASGIClient) -> dict[str, str]:
    token = http.post("/api/v1/auth/login", json={"email": ADMIN, "password": PASSWORD}).json()["access_token"]
    return {"Authorization": f"Bearer {token}"}


def furnish(http: asgi.ASGIClient, admin: dict[str, str]) -> dict[str, str]:
    """One of each thing, made through the API itself; path parameter to id."""

    def made(method: str, path: str, body: dict[str, Any], name: str = "") -> str:
        answer = http.request(method, f"/api/v1/admin/{path}", json=body, headers=admin)
        assert answer.status_code in (200, 201), answer.text
        return str(answer.json()[name]) if name else ""

    made("PATCH", "clinic", {"name": "Willow Street Dental", "time_zone": "America/New_York"})
    made("PUT", "services/checkup", {"name": "Checkup", "duration_minutes": 30})
    account = {"name": "Dr. Lee", "email": "lee@example.com", "password": PASSWORD, "role": "provider"}
    patient = {"name": "Ann", "email": "ann@example.com", "phone": "+12025550177", "patient_type": "EXISTING"}
    inquiry = {"patient_name": "Ben", "patient_email": "ben@example.com", "estimated_value": 400}
    return {
        "service_id": "checkup",
        "name": "inbox",
        "user_id": made("POST", "users", account, "user_id"),
        "patient_id": made("POST", "patients", patient, "patient_id"),
        "campaign_id": made("POST", "campaigns/recovery", inquiry, "campaign_id"),
        "article_id": made("POST", "knowledge", {"title": "Whitening", "body": "It brightens."}, "article_id"),
    }


def cases_of(operation: AnyOperation, many: int) -> list[Case[Any]]:
    """Boundary cases first, then as many random ones, half fitting the document and half breaking it."""
    config = operation.schema.config.generation
    cases = list(
        operation.schema.iter_coverage_cases(operation, generation_modes=list(GenerationMode), generation_config=config)
    )[: many // 2]
    cases += drawn(operation, GenerationMode.POSITIVE, (many - len(cases)) // 2)
    return cases + drawn(operation, GenerationMode.NEGATIVE, many - len(cases))


def drawn(operation: AnyOperation, mode: GenerationMode, many: int) -> list[Case[Any]]:
    cases: list[Case[Any]] = []

    @settings(
        max_examples=max(many, 1),
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def collect(case: Case[Any]) -> None:
        cases.append(case)

    try:
        collect()
    except Unsatisfiable:
        return []  # an operation without any input has nothing that could be broken
    return cases


def bombard(fuzzed: Fuzzed, operation: AnyOperation, caller: str) -> None:
    """Send the share of this caller, check every answer, and keep what was broken."""
    operation.schema.app = operation.app = fuzzed.http.app
    for number, case in enumerate(cases_of(operation, share_of(operation, caller))):
        if number % 2 and not (case.meta and case.meta.is_negative_at(ParameterLocation.PATH)):
            known = {name: fuzzed.ids[name] for name in case.path_parameters if name in fuzzed.ids}
            case.path_parameters.update(known)
        headers = credentials(fuzzed, case) if caller == AS_ADMIN else {}
        response = case.call(session=fuzzed.http, headers=headers)
        fuzzed.sent += 1
        try:
            case.validate_response(
                response,
                headers=headers,
                checks=checks_for(operation.label),
                additional_checks=[nothing_valid_is_refused],
                transport_kwargs={"session": fuzzed.http},
            )
        except (AssertionError, BaseExceptionGroup) as failure:
            fuzzed.broken.append(f"{failure}\n{case!r}"[:3_000])


def credentials(fuzzed: Fuzzed, case: Case[Any]) -> dict[str, str]:
    """The admin's token, or what proves the sender of a webhook."""
    match case.operation.label.rpartition("/")[2]:
        case "incoming-message":
            sent: Any = requests.Request(**case.as_transport_kwargs(base_url="http://testserver")).prepare().body or b""
            return signature(sent.encode() if isinstance(sent, str) else sent, at=datetime.now(UTC), secret=SECRET)
        case "gmail":
            now = int(time.time())
            claims = {"iss": "https://accounts.google.com", "aud": AUDIENCE, "email": ACCOUNT, "email_verified": True}
            return {"Authorization": f"Bearer {fuzzed.google.key.sign(claims | {'iat': now - 60, 'exp': now + 3_540})}"}
        case _:
            return dict(fuzzed.admin)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("caller", [AS_ADMIN, AS_NOBODY])
@pytest.mark.parametrize("label", list(OPERATIONS[AS_ADMIN]))
def test_every_answer_is_one_that_the_document_promises(fuzzed: Fuzzed, label: str, caller: str) -> None:
    operation = OPERATIONS[caller][label]
    bombard(fuzzed, operation, caller)
    kinds = {str(KIND.findall(failure)): failure for failure in reversed(fuzzed.broken)}
    assert not kinds, f"{len(fuzzed.broken)} of {fuzzed.sent}:\n\n" + "\n\n".join(list(kinds.values())[:5])
    assert fuzzed.sent >= share_of(operation, caller)


def test_it_is_enough() -> None:
    """Each share is what the test above has really sent at least."""
    shares = [share_of(each, caller) for caller, known in OPERATIONS.items() for each in known.values()]
    assert sum(shares) >= AT_LEAST


def test_every_exclusion_is_an_operation_of_the_document() -> None:
    known = {f"{method.upper()} {path}" for path, methods in document()["paths"].items() for method in methods}
    assert set(EXCLUDED) <= known
