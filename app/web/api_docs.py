"""`/docs`: the OpenAPI document for people, from our own files under our own content policy (trust.md 4.2).

FastAPI's page would load its scripts from another host, which our policy forbids and a clinic's firewall may too.
"""

from fastapi import APIRouter, FastAPI, Request, Response

from app.web.rendering import render

PATH = "/docs"

router = APIRouter(include_in_schema=False)


@router.get(PATH)
async def api_docs(request: Request) -> Response:
    return render(request, "api_docs.html", document=request.app.openapi_url)


def install_api_docs(app: FastAPI) -> None:
    """Add the page where the document is published (API_DOCS), and tell the other pages where it is."""
    if app.openapi_url:
        app.docs_url = PATH
        app.include_router(router)
