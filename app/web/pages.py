"""The pages that people open: /, /sandbox, /book and /manage (operations.md). They talk to services as the API does."""

from fastapi import APIRouter, FastAPI, Request, Response

from app.models.clinic import Clinic
from app.web import booking_pages, manage_pages, sandbox_pages
from app.web.rendering import STATIC, VersionedFiles, render
from app.web.routing import PageRoute

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/")
async def landing(request: Request) -> Response:
    """What this installation is and where its doors are."""
    return render(request, "landing.html", clinic=await Clinic.load())


def install_pages(app: FastAPI) -> None:
    """Add the pages and their static files."""
    app.mount("/static", VersionedFiles(directory=STATIC), name="static")
    for pages in (router, booking_pages.router, manage_pages.router, sandbox_pages.router):
        app.include_router(pages)
