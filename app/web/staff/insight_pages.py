"""/staff/insight: the funnel, the rates with what they are made of, replies, handoffs and channels; each as CSV too."""

from fastapi import Request, Response

from app.context import Context
from app.errors import NotFoundError
from app.models.insight import InsightReport
from app.services import channel_states, insight, stats
from app.web.staff.csv_text import as_csv
from app.web.staff.frame import show
from app.web.staff.insight_view import Numbers, Table, tables
from app.web.staff.routing import ContextDep, SignedIn, staff_router

router = staff_router("/insight")


@router.get("")
async def insight_page(request: Request, user: SignedIn, ctx: ContextDep) -> Response:
    """Every role. The numbers of domain.md section 9 as they are now, and the report of the last 90 days."""
    numbers, report, shown = await _read(ctx)
    name = "staff/insight/page.html"
    return await show(request, ctx, name, numbers=numbers, made_at=report.made_at, tables=shown)


@router.get("/{name}.csv")
async def download(name: str, user: SignedIn, ctx: ContextDep) -> Response:
    """Every role. One table as a file for a spreadsheet."""
    _, _, shown = await _read(ctx)
    table = next((table for table in shown if table.name == name), None)
    if table is None:
        raise NotFoundError("There is no such table.")
    return as_csv(f"chairside-{name}", [table.heading, *table.rows])


async def _read(ctx: Context) -> tuple[Numbers, InsightReport, list[Table]]:
    numbers, report = await stats.dashboard(ctx), await insight.latest(ctx)
    return numbers, report, tables(numbers, report, await channel_states.health(ctx))
