"""Liveness and readiness (api.md section 5, trust.md faults 29 and 30)."""

import time
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse
from pymongo.errors import PyMongoError
from starlette.datastructures import State

from app.api.deps import ContextDep
from app.context import Context
from app.database.connection import MAJORITY, default_write_concern
from app.database.migrations import running as migrations
from app.database.patience import within
from app.models.operations import LEADER, JobLease
from app.models.registry import missing_indexes
from app.services import mailbox_health, model_health

router = APIRouter(prefix="/health", tags=["operations"])

PRIMARY_SECONDS = 3.0
"""A load balancer asks every few seconds: that there is no primary is said soon. The rest may take a busy moment."""
SOUND_FOR_SECONDS = 30.0
"""So long the schema is taken for sound once nothing was missing: one question for each collection, at every probe of
every balancer, would keep a busy machine from its work. What is missing is looked at again each time."""
LIVE = {"status": "live"}
READY: dict[str, Any] = {
    "status": "ready",
    "problems": [],
    "database": {"primary": True, "replica_members": 3, "write_concern": "majority"},
    "scheduler": {"enabled_here": True, "lease_until": "2026-11-21T09:32:00Z"},
    "mailbox": {
        "last_synced_at": "2026-11-21T09:30:00Z",
        "last_push_at": "2026-11-21T09:29:12Z",
        "watch_expires_at": "2026-11-28T03:00:00Z",
        "alarms": [],
        "advice": [],
    },
    "language_model": [
        {"provider": "openai", "state": "closed", "failures_in_a_row": 0, "retry_at": None},
        {"provider": "offline", "state": "closed", "failures_in_a_row": 0, "retry_at": None},
    ],
}
AWAY = {"status": "unavailable", "problems": ["the database has no primary"]}


def _shown(example: dict[str, Any], **more: Any) -> dict[str, Any]:
    """How the published contract shows an answer of this room."""
    return {"content": {"application/json": {"schema": {"type": "object"}, "example": example}}, **more}


@router.get("/live", summary="The process answers", responses={200: _shown(LIVE)})
async def live() -> dict[str, str]:
    """Anybody. 200 while the process runs, whatever the database does."""
    return LIVE


@router.get(
    "/ready",
    summary="The product can serve",
    responses={200: _shown(READY), 503: _shown(AWAY, description="Something is missing; `problems` says what.")},
)
async def ready(request: Request, ctx: ContextDep) -> JSONResponse:
    """Anybody. 503, with what is missing: no primary of the database (after three seconds; ten while one is just lost),
    or a required index or migration.

    `mailbox` tells how the connected mailbox fares, null without one; its alarms do not make the product unready.
    `language_model` tells the same of each provider here: `open` rests until `retry_at`, and the next one answers.
    """
    try:
        report = await _report(ctx, request.app.state)
    except PyMongoError as error:
        return JSONResponse({"status": "unavailable", "problems": [f"database: {type(error).__name__}"]}, 503)
    return JSONResponse(report, 200 if report["status"] == "ready" else 503)


async def _report(ctx: Context, state: State) -> dict[str, Any]:
    with within(PRIMARY_SECONDS):
        hello = await ctx.database.client.admin.command("hello")
    problems = await _schema_problems(ctx, state)
    if not hello.get("isWritablePrimary"):
        problems.append("the database has no primary")
    concern = await default_write_concern(ctx.database)
    if concern not in (MAJORITY.document["w"], None):
        problems.append("writes are not acknowledged by a majority: set the cluster's default write concern")
    lease = await JobLease.get(LEADER)
    return {
        "status": "unavailable" if problems else "ready",
        "problems": problems,
        "database": {
            "primary": bool(hello.get("isWritablePrimary")),
            "replica_members": len(hello.get("hosts", [])),
            "write_concern": concern,
        },
        "scheduler": {
            "enabled_here": ctx.settings.scheduler == "on",
            "lease_until": _zulu(lease.until) if lease else None,
        },
        "mailbox": jsonable_encoder(await mailbox_health.report(ctx), custom_encoder={datetime: _zulu}),
        "language_model": jsonable_encoder(model_health.report(ctx), custom_encoder={datetime: _zulu}),
    }


async def _schema_problems(ctx: Context, state: State) -> list[str]:
    """A sentence for each required index and migration that is missing."""
    if time.monotonic() < getattr(state, "schema_is_sound_until", 0.0):
        return []
    missing = await missing_indexes(ctx.database.handle)
    problems = [f"missing index {name}: run `chairside migrate`" for name in missing]
    problems += await migrations.problems(ctx.database.handle)
    state.schema_is_sound_until = 0.0 if problems else time.monotonic() + SOUND_FOR_SECONDS
    return problems


def _zulu(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")
