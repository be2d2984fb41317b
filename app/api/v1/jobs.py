"""Jobs: when they ran, running one now, draining everything in tests (api.md section 4)."""

from typing import Any

from fastapi import APIRouter

from app.api.deps import ContextDep, Manager, Reader
from app.api.v1.schemas.jobs import DrainBody, JobList, JobRow, RunBody
from app.errors import NotFoundError
from app.jobs import registry, scheduler

router = APIRouter(prefix="/admin/jobs", tags=["jobs"])


@router.get("", summary="Last and next runs")
async def list_jobs(_: Reader, ctx: ContextDep) -> JobList:
    """Every role."""
    return JobList(jobs=[JobRow.model_validate(job) for job in await scheduler.describe_jobs(ctx)])


@router.post("/drain", summary="Work until nothing is due (not in production)")
async def drain(_: Manager, ctx: ContextDep, body: DrainBody | None = None) -> dict[str, Any]:
    """Admin, manager. 404 in production. Inbox, due scan and outbox until nothing is due, with their counts."""
    if ctx.settings.is_production:
        raise NotFoundError("There is no drain in production.")
    return await registry.drain(ctx, ignore_window=body.ignore_window if body else False)


@router.post("/{name}/run", summary="Run a job now")
async def run(name: str, _: Manager, ctx: ContextDep, body: RunBody | None = None) -> dict[str, Any]:
    """Admin, manager. Answers with the counts when it is done; `dry_run` says what would be done and does nothing."""
    return await registry.run_job(ctx, name, dry_run=body.dry_run if body else False)
