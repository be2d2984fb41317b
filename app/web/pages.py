"""The pages that people open: /, /sandbox, /book and /manage (operations.md). They talk to services as the API does."""

from fastapi import APIRouter, FastAPI, Request, Response
from starlette.middleware.gzip import GZipMiddleware

from app.models.clinic import Clinic
from app.web import (
    booking_pages,
    brand,
    manage_pages,
    offer_pages,
    sandbox_pages,
    unsubscribe_pages,
    waitlist_pages,
)
from app.web.catalogues import translations
from app.web.error_pages import show_pages_to_people
from app.web.languages import LANGUAGES
from app.web.rendering import render
from app.web.routing import PageRoute
from app.web.staff.pages import ROOMS as STAFF_ROOMS
from app.web.static_files import STATIC, VersionedFiles

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/")
async def landing(request: Request) -> Response:
    """What this installation is and where its doors are."""
    return render(request, "landing.html", clinic=await Clinic.load())


def install_pages(app: FastAPI) -> None:
    """Add the pages and their static files."""
    for language in LANGUAGES:
        translations(language)  # read now: a catalogue that cannot be read stops the start, not a visitor
    app.mount("/static", GZipMiddleware(VersionedFiles(directory=STATIC), minimum_size=1_000), name="static")
    rooms = (
        brand,
        booking_pages,
        manage_pages,
        waitlist_pages,
        offer_pages,
        sandbox_pages,
        unsubscribe_pages,
        *STAFF_ROOMS,
    )
    for each in (router, *(room.router for room in rooms)):
        app.include_router(each)
    show_pages_to_people(app)
