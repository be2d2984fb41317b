"""The whole OpenAPI document, fuzzed: whatever is asked, the answer is one that the document promises.

Schemathesis makes requests that fit the document and requests that break it, for every operation, as the admin and as
nobody, and checks each answer: no 5xx, no undocumented status, header or content type, no body that breaks its schema,
nothing invalid taken, nothing valid refused, no door that is open without a token. The seed is fixed: CI never flakes.
"""

import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
import requests
from pymongo import MongoClient
from schemathesis import Case
from schemathesis.core.parameters import ParameterLocation
from schemathesis.python import asgi

from app.main import create_app
from tests.api.pushing import ACCOUNT, AUDIENCE, push_settings
from tests.api.signing import signature
from tests.conftest import make_settings
from tests.peers.google_keys import GoogleKeys, serve_google_keys
from tests.security.fuzzing import (
    AS_ADMIN,
    AS_NOBODY,
    AT_LEAST,
    EXCLUDED,
    OPERATIONS,
    AnyOperation,
    cases_of,
    checks_for,
    document,
    nothing_valid_is_refused,
    share_of,
)

ADMIN, PASSWORD = "admin@example.com", "correct horse battery staple"
SECRET = "a-secret-that-only-tests-know-32b"
KIND = re.compile(r"^- .*|^\s+Received.*|^\[\d+\].*", re.MULTILINE)
"""What tells one failure from another in a report."""


@dataclass(slots=True)
class Fuzzed:
    """The application under fire, with a fresh clinic in its database."""

    http: asgi.ASGIClient
    google: GoogleKeys
    admin: dict[str, str]
    ids: dict[str, str]


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


def bombard(fuzzed: Fuzzed, operation: AnyOperation, caller: str) -> Counter[int]:
    """Send the share of this caller and check every answer; how often each status came."""
    statuses, broken = Counter[int](), list[str]()
    operation.schema.app = operation.app = fuzzed.http.app
    for number, case in enumerate(cases_of(operation, share_of(operation, caller))):
        if number % 2 and not (case.meta and case.meta.is_negative_at(ParameterLocation.PATH)):
            known = {name: fuzzed.ids[name] for name in case.path_parameters if name in fuzzed.ids}
            case.path_parameters.update(known)
        headers = credentials(fuzzed, case) if caller == AS_ADMIN else {}
        response = case.call(session=fuzzed.http, headers=headers)
        statuses[response.status_code] += 1
        try:
            case.validate_response(
                response,
                headers=headers,
                checks=checks_for(operation.label),
                additional_checks=[nothing_valid_is_refused],
                transport_kwargs={"session": fuzzed.http},
            )
        except (AssertionError, BaseExceptionGroup) as failure:
            broken.append(f"{failure}\n{case!r}"[:3_000])
    kinds = {str(KIND.findall(failure)): failure for failure in reversed(broken)}
    told = "\n\n".join(list(kinds.values())[:5])
    assert not kinds, f"{caller}, {len(broken)} of {statuses.total()}:\n\n{told}"
    return statuses


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
@pytest.mark.parametrize("label", list(OPERATIONS[AS_ADMIN]))
def test_every_answer_is_one_that_the_document_promises(fuzzed: Fuzzed, label: str) -> None:
    """Nobody first: what the admin does may take away what there is to ask for."""
    heard = {caller: bombard(fuzzed, OPERATIONS[caller][label], caller) for caller in (AS_NOBODY, AS_ADMIN)}
    for caller, statuses in heard.items():
        assert statuses.total() >= share_of(OPERATIONS[caller][label], caller)
    assert set(heard[AS_ADMIN]) - {401}, "the admin was never let in: nothing behind the door was tested"


def test_it_is_enough() -> None:
    """Each share is what the test above has really sent at least."""
    shares = [share_of(each, caller) for caller, known in OPERATIONS.items() for each in known.values()]
    assert sum(shares) >= AT_LEAST


def test_every_exclusion_is_an_operation_of_the_document() -> None:
    known = {f"{method.upper()} {path}" for path, methods in document()["paths"].items() for method in methods}
    assert set(EXCLUDED) <= known
