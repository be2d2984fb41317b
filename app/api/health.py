"""Liveness and readiness (api.md section 5, trust.md faults 29 and 30)."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pymongo.errors import PyMongoError

from app.api.deps import ContextDep
from app.context import Context
from app.database.connection import MAJORITY, default_write_concern
from app.models.operations import JobLease
from app.models.registry import missing_indexes

router = APIRouter(prefix="/health", tags=["operations"])

PATIENCE_SECONDS = 5
LIVE = {"status": "live"}
READY: dict[str, Any] = {
    "status": "ready",
    "problems": [],
    "database": {"primary": True, "replica_members": 3, "write_concern": "majority"},
    "scheduler": {"enabled_here": True, "lease_until": "2026-11-21T09:32:00Z"},
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
async def ready(ctx: ContextDep) -> JSONResponse:
    """Anybody. 503, with what is missing, while the database has no primary or lacks a required index."""
    try:
        report = await _report(ctx)
    except PyMongoError as error:
        return JSONResponse({"status": "unavailable", "problems": [f"database: {type(error).__name__}"]}, 503)
    return JSONResponse(report, 200 if report["status"] == "ready" else 503)


async def _report(ctx: Context) -> dict[str, Any]:
    hello = await ctx.database.client.admin.command("hello", maxTimeMS=PATIENCE_SECONDS * 1000)
    missing = await missing_indexes(ctx.database.handle)
    problems = [f"missing index {name}: run `chairside migrate`" for name in missing]
    if not hello.get("isWritablePrimary"):
        problems.append("the database has no primary")
    concern = await default_write_concern(ctx.database)
    if concern not in (MAJORITY.document["w"], None):
        problems.append("writes are not acknowledged by a majority: set the cluster's default write concern")
    lease = await JobLease.get("scheduler")
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
            "lease_until": lease.until.isoformat().replace("+00:00", "Z") if lease else None,
        },
    }
