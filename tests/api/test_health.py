"""Liveness, readiness, metrics, documentation (api.md section 5, trust.md faults 29 and 30)."""

import httpx2
import pytest

from app.context import Context
from app.models.registry import bind_documents
from tests.api.shapes import Maybe, accepted
from tests.server import RunningServer

READY = {
    "status": "ready",
    "problems": [str],
    "database": {"primary": True, "replica_members": int, "write_concern": "majority"},
    "scheduler": {"enabled_here": bool, "lease_until": Maybe(str)},
    "mailbox": Maybe({"alarms": [str], "advice": [str]}),
}


async def test_live_says_that_the_process_runs(client: httpx2.AsyncClient) -> None:
    assert accepted(await client.get("/health/live"), 200, {"status": "live"}) == {"status": "live"}


async def test_ready_when_everything_is_there(client: httpx2.AsyncClient) -> None:
    body = accepted(await client.get("/health/ready"), 200, READY)
    assert body["problems"] == []
    assert body["database"]["replica_members"] == 1


@pytest.mark.parametrize(
    ("collection", "index"),
    [
        ("appointments", "no_double_booking"),
        ("campaigns", "one_active_campaign_per_patient"),
        ("campaigns", "one_recall_per_due_date"),
        ("inbound_events", "one_row_per_event"),
        ("outbound_messages", "one_row_per_message"),
        ("patients", "one_patient_per_email"),
        ("patients", "one_patient_per_phone"),
        ("users", "one_user_per_email"),
    ],
)
async def test_not_ready_without_an_index_that_a_promise_stands_on(
    client: httpx2.AsyncClient, ctx: Context, collection: str, index: str
) -> None:
    await ctx.database.handle[collection].drop_index(index)
    try:
        body = accepted(await client.get("/health/ready"), 503, {"status": "unavailable", "problems": [str]})
    finally:
        await bind_documents(ctx.database.handle, build_indexes=True)
    assert any(f"{collection}.{index}" in problem for problem in body["problems"])
    assert (await client.get("/health/ready")).status_code == 200


def test_metrics_are_prometheus_text_and_name_routes_never_the_ids_in_them(server: RunningServer) -> None:
    """In a process of its own: the counters belong to a process, not to an application."""
    with httpx2.Client(base_url=server.base_url, timeout=30) as http:
        http.get("/api/v1/admin/patients/65f0c0ffee65f0c0ffee65f0")
        http.get("/nothing/65f0c0ffee65f0c0ffee65f0")
        answer = http.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert (
        'http_requests_total{handler="/api/v1/admin/patients/{patient_id}",method="GET",status="4xx"} 1.0'
        in answer.text
    )
    assert "c0ffee" not in answer.text


async def test_the_documentation_describes_every_route(client: httpx2.AsyncClient) -> None:
    page = await client.get("/docs")
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    document = (await client.get("/openapi.json")).json()
    operations = {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if path.startswith("/api/v1")
    }
    assert operations
    silent = [name for name, each in operations.items() if not each.get("summary") or not each.get("description")]
    assert silent == []
