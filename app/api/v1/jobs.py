"""Jobs: when they ran, what they did, running one now, draining everything in tests (api.md section 4)."""

from typing import Annotated, Any

from fastapi import APIRouter, Path

from app.api.deps import ContextDep, Manager, Page, Reader, actor_of
from app.api.v1.schemas.errors import refusals
from app.api.v1.schemas.jobs import DRAINED, DRY_RUN, DrainBody, JobList, JobRow, PastRunRow, RunBody, RunList
from app.api.v1.schemas.pages import pagination
from app.errors import NotFoundError
from app.jobs import registry, scheduler
from app.services import job_runs

router = APIRouter(prefix="/admin/jobs", tags=["jobs"])

JobName = Annotated[str, Path(max_length=64, description="One of the names that GET /admin/jobs lists")]


@router.get("", summary="Last and next runs")
async def list_jobs(_: Reader, ctx: ContextDep) -> JobList:
    """Every role. `running_since` is set while a run that must be the only one is on."""
    return JobList(jobs=[JobRow.model_validate(job) for job in await scheduler.describe_jobs(ctx)])


@router.get("/{name}/runs", summary="What the runs of a job did", responses=refusals(404))
async def list_runs(name: JobName, _: Reader, page: Page) -> RunList:
    """Every role. Newest first, 90 days back: runs that did something or failed, the daily one, and those by hand."""
    if name not in registry.JOBS:
        raise NotFoundError("There is no such job.")
    runs, total = await job_runs.page(name, skip=page.skip, limit=page.limit)
    return RunList(pagination=pagination(page, total), runs=[PastRunRow.of(run) for run in runs])


@router.post(
    "/drain", summary="Work until nothing is due (not in production)", responses=refusals(404) | {200: DRAINED}
)
async def drain(user: Manager, ctx: ContextDep, body: DrainBody | None = None) -> dict[str, Any]:
    """Admin, manager. 404 in production. Inbox, due scan and outbox until nothing is due, with their counts."""
    if ctx.settings.is_production:
        raise NotFoundError("There is no drain in production.")
    ignore_window = body.ignore_window if body else False
    return await registry.drain_by_hand(ctx, ignore_window=ignore_window, by=actor_of(user))


@router.post("/{name}/run", summary="Run a job now", responses=refusals(404, 409) | {200: DRY_RUN})
async def run(name: JobName, user: Manager, ctx: ContextDep, body: RunBody | None = None) -> dict[str, Any]:
    """Admin, manager. Answers with the counts when it is done; 409 `JOB_RUNNING` while it runs, on any replica.

    `dry_run` (daily-outreach, due-scan and reminders) says who would be written to now, who would not, and why. It
    does nothing.
    """
    dry_run = body.dry_run if body else False
    return await registry.run_by_hand(ctx, name, dry_run=dry_run, by=actor_of(user))
