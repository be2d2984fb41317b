"""Every field of every endpoint with every hostile value: whatever happens, it is no 5xx (trust.md faults 17 and 32).

`VALID` holds one good request per endpoint. Each of its fields, one at a time, becomes each of `HOSTILE`.
"""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.api.conftest import TUESDAY_TEN, House
from tests.factories import make_patient, make_recovery

HOSTILE = (
    "null",
    "true",
    "[]",
    "{}",
    "-1",
    "1e400",
    "NaN",
    "1" + "0" * 30,
    '""',
    '" "',
    '"\\u0000"',
    '"\\ud800"',
    '"x\\r\\ny: z"',
    '"\\u202e\\u200b"',
    '"{{7*7}}${7*7}%s%n{0.__class__}"',
    '"<script>alert(1)</script>"',
    '"\'; DROP TABLE patients;--"',
    '"../../../../etc/passwd"',
    '"=cmd|calc"',
    '{"$ne": null}',
    '{"$where": "sleep(1000)"}',
    '["$ne", {"$gt": ""}]',
    '{"\\u0000": "x"}',
    '{"$x.y": "x", "": "y"}',
    '{"$set": {"a.b": "\\ud800"}}',
    '"' + "x" * 100_000 + '"',
    '"' + "\u00e9\u0301\U0001f9b7" * 50 + '"',
    '"9999-12-31T23:59:59-12:00"',
    '"0001-01-01T00:00:00+14:00"',
    '"0001-01-01"',
    '"9999-12-31"',
    '"000000000000000000000000"',
    "[" * 200 + "]" * 200,
)

PERIODS = [["09:00", "12:00"]]
VALID: dict[str, dict[str, Any]] = {
    "POST /auth/login": {"email": "a@example.com", "password": "x"},
    "POST /appointments/book": {
        "name": "Ann",
        "email": "ann@example.com",
        "phone": "+12025550177",
        "appointment_date": TUESDAY_TEN,
        "service_name": "checkup",
        "token": "A" * 22,
        "provider_id": "{provider}",
        "notes": "",
    },
    "POST /sandbox/messages": {
        "from": "ann@example.com",
        "body": "x",
        "channel": "email",
        "in_reply_to": "x",
        "headers": {"X": "1"},
    },
    "POST /admin/campaigns/recovery": {
        "patient_name": "Ann",
        "patient_email": "ann@example.com",
        "patient_phone": "+12025550177",
        "initial_inquiry": "x",
        "estimated_value": 1,
        "preferred_channel": "email",
    },
    "POST /admin/campaigns/{campaign}/respond": {"message": "x", "new_status": "HANDOFF_REQUIRED"},
    "PATCH /admin/campaigns/{campaign}/status": {"status": "HANDOFF_REQUIRED", "reason": "x"},
    "POST /admin/appointments": {
        "name": "Ann",
        "email": "ann@example.com",
        "phone": "+12025550177",
        "appointment_date": TUESDAY_TEN,
        "duration_minutes": 30,
        "preferred_channel": "email",
        "service_name": "checkup",
        "notes": "",
        "provider_id": "{provider}",
    },
    "POST /admin/appointments/{unknown}/reschedule": {"appointment_date": TUESDAY_TEN, "provider_id": "{provider}"},
    "POST /admin/appointments/{unknown}/complete": {"next_follow_up_date": "2027-05-24"},
    "POST /admin/interactions": {
        "campaign_id": "{campaign}",
        "direction": "incoming",
        "content": "x",
        "ai_analysis": {"intent": "QUESTION"},
        "channel": "sms",
    },
    "POST /admin/patients": {
        "name": "Ben",
        "email": "ben@example.com",
        "phone": "+12025550188",
        "patient_type": "EXISTING",
        "preferred_channel": "email",
        "next_follow_up_date": "2027-05-24",
        "treatment_history": [{"procedure_name": "x", "procedure_date": "2026-05-24"}],
        "date_of_birth": "1980-01-01",
        "language": "en",
        "guardian_id": "{unknown}",
        "notes": "",
    },
    "PATCH /admin/clinic": {
        "name": "Elm Dental",
        "time_zone": "America/New_York",
        "region": "US",
        "phone": "+12025550142",
        "address": "1 Willow Street",
        "emergency_phone": "+12025550199",
        "holidays": ["2026-12-25"],
        "opening_hours": {"mon": PERIODS},
        "outreach": {"max_attempts": 3},
        "booking": {"grid_minutes": 15},
    },
    "PUT /admin/services/whitening": {
        "name": "Whitening",
        "duration_minutes": 30,
        "price": 1,
        "buffer_after_minutes": 0,
        "is_public": True,
    },
    "PUT /admin/providers/{provider}/schedule": {
        "weekly": {"mon": PERIODS},
        "overrides": [{"date": "2026-12-24", "periods": PERIODS}],
        "time_off": [{"from": "2026-12-01T09:00:00Z", "to": "2026-12-02T09:00:00Z"}],
        "services": ["checkup"],
    },
    "POST /admin/users": {
        "name": "A",
        "email": "s@example.com",
        "password": "x" * 12,
        "role": "provider",
        "title": "x",
    },
    "POST /admin/knowledge": {"title": "x", "body": "x", "tags": ["x"], "is_published": True},
    "POST /admin/knowledge/try": {"question": "x"},
    "POST /admin/jobs/drain": {"ignore_window": False},
    "POST /admin/jobs/inbox/run": {"dry_run": False},
}
QUERIES: dict[str, dict[str, Any]] = {
    "/availability": {"month": 11, "year": 2026, "service_id": "checkup", "provider_id": "{provider}"},
    "/admin/appointments": {"start_date": "2026-11-24", "end_date": "2026-11-25", "provider_id": "{provider}"},
    "/admin/campaigns": {
        "status": "RE_ENGAGED",
        "campaign_type": "RECALL",
        "channel": "email",
        "patient": "Ann",
        "q": "Ann",
        "sort": "patient_name",
        "cursor": "AAAA",
        "page": 1,
        "limit": 25,
    },
    "/sandbox/messages": {"to": "ann@example.com"},
}
HOSTILE_QUERIES = (
    "",
    " ",
    "\x00",
    "a\x00b",
    "%",
    "\\",
    "(a+)+$",
    "[",
    "*",
    "$ne",
    "-1",
    "1e400",
    "NaN",
    "9" * 40,
    "\U0001f9b7",
)


def variations(valid: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """`(what was changed, the body as JSON text)` for every field and every hostile value."""
    for name in valid:
        for hostile in HOSTILE:
            yield f"{name}={hostile[:40]}", json.dumps(valid | {name: "@@"}).replace('"@@"', hostile)


@pytest.fixture
async def names(house: House) -> dict[str, str]:
    """What the placeholders of the tables stand for."""
    await make_patient(house.ctx, email="ann@example.com", phone="+12025550177")
    campaign = await make_recovery(house.ctx)
    return {"{provider}": str(house.provider.id), "{campaign}": str(campaign.id), "{unknown}": "0" * 24}


def filled(text: str, names: dict[str, str]) -> str:
    for placeholder, value in names.items():
        text = text.replace(placeholder, value)
    return text


@pytest.mark.parametrize("route", VALID)
async def test_a_body(house: House, names: dict[str, str], route: str) -> None:
    method, path = filled(route, names).split(" ")
    headers = house.staff | {"Content-Type": "application/json"}
    broken = {}
    for change, body in variations(VALID[route]):
        content = filled(body, names).encode()
        answer = await house.http.request(method, f"/api/v1{path}", content=content, headers=headers)
        if answer.status_code >= 500:
            broken[change] = answer.status_code
    assert broken == {}
    await every_list_still_answers(house)


@pytest.mark.parametrize("path", QUERIES)
async def test_a_query(house: House, names: dict[str, str], path: str) -> None:
    broken = {}
    for name, good in QUERIES[path].items():
        for hostile in HOSTILE_QUERIES:
            values = {key: filled(str(value), names) for key, value in (QUERIES[path] | {name: good}).items()}
            answer = await house.http.get(f"/api/v1{path}", params=values | {name: hostile}, headers=house.staff)
            if answer.status_code >= 500:
                broken[f"{name}={hostile!r}"] = answer.status_code
    assert broken == {}


async def every_list_still_answers(house: House) -> None:
    """Nothing that was stored makes a list unreadable (NaN once did: trust.md 4.2)."""
    answers: list[httpx2.Response] = [
        await house.get(path) for path in ("campaigns", "appointments", "dashboard-stats", "clinic", "jobs")
    ]
    assert [answer.status_code for answer in answers] == [200] * len(answers)
