"""What a visitor sees when something stands in the way: a sentence, a way on, and never JSON or a traceback."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from app.database.connection import Database, connect
from app.models.registry import bind_documents
from tests.web.reading import Page
from tests.web.test_booking_pages import SCRIPT, TUESDAY_TEN

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


SENTENCES = {
    "en": ("We will be back in a moment", "We cannot look anything up just now."),
    "es": ("Volvemos en un momento", "En este momento no podemos consultar nada."),
    "fr": ("Nous revenons dans un instant", "Nous ne pouvons rien consulter pour l’instant."),
}


@pytest.fixture
async def offline(
    client: httpx2.AsyncClient, database: Database, open_clinic: None, mongodb_uri: str
) -> AsyncIterator[httpx2.AsyncClient]:
    """The application a moment after its database went away (a closed client reaches nothing); the clinic was seen."""
    assert (await client.get("/book")).status_code == 200
    gone = connect(mongodb_uri, "gone")
    await bind_documents(gone.handle, build_indexes=False)
    await gone.close()
    yield client
    await bind_documents(database.handle, build_indexes=False)


class TestAnAbsentDatabase:
    @pytest.mark.parametrize("language", list(SENTENCES))
    async def test_it_is_explained_with_the_number_to_call(self, offline: httpx2.AsyncClient, language: str) -> None:
        answer = await offline.get("/book?service=checkup", headers=BROWSER | {"Accept-Language": language})
        page = Page(answer)
        assert (page.status, answer.headers["Retry-After"]) == (503, "5")
        assert all(sentence in page.text for sentence in SENTENCES[language])
        assert {"tel:+12025550142", "/book?service=checkup"} <= set(page.hrefs())
        assert "Traceback" not in page.html
        assert "Mongo" not in page.html

    async def test_what_was_typed_can_be_sent_again(self, offline: httpx2.AsyncClient) -> None:
        typed = {"service": "checkup", "time": TUESDAY_TEN, "name": SCRIPT, "email": "pat@example.com"}
        page = Page(await offline.post("/book", data=typed))
        assert page.status == 503
        assert page.fields() == typed
        assert SCRIPT not in page.html
        assert [one["action"] for tag, one in page.tags if tag == "form"] == ["/book"]

    async def test_so_is_an_address_that_is_none(self, offline: httpx2.AsyncClient) -> None:
        page = Page(await offline.get("/nowhere", headers=BROWSER))
        assert (page.status, "This page is not here" in page.text) == (404, True)

    async def test_a_clinic_that_was_never_seen_is_called_by_our_own_name(self, offline: httpx2.AsyncClient) -> None:
        transport = offline._transport
        assert isinstance(transport, httpx2.ASGITransport)
        transport.app.state.clinic_last_seen = None  # type: ignore[attr-defined]  # an ASGI app is typed as a callable
        page = Page(await offline.get("/book"))
        assert (page.status, "Chairside" in page.text) == (503, True)


class TestUnknownAddresses:
    @pytest.mark.parametrize("address", ["/nowhere", "/manage", "/book/nowhere", "/manage/a/b", f"/{SCRIPT}"])
    async def test_a_browser_gets_a_page_with_a_way_on(
        self, client: httpx2.AsyncClient, open_clinic: None, address: str
    ) -> None:
        answer = await client.get(address, headers=BROWSER)
        page = Page(answer)
        assert (page.status, "This page is not here" in page.text) == (404, True)
        assert {"/", "/book", "tel:+12025550142"} <= set(page.hrefs())
        assert SCRIPT not in page.html
        assert "style-src 'self'" in answer.headers["Content-Security-Policy"]

    @pytest.mark.parametrize("address", ["/nowhere", "/api/v1/nowhere", "/static/nowhere.css", "/brand/x/y"])
    async def test_a_program_gets_json(self, client: httpx2.AsyncClient, open_clinic: None, address: str) -> None:
        accept = {} if address == "/nowhere" else BROWSER
        answer = await client.get(address, headers=accept)
        assert (answer.status_code, answer.json()["error_code"]) == (404, "NOT_FOUND")


class TestOurMistakes:
    async def test_a_broken_document_is_a_page_without_a_traceback(
        self, client: httpx2.AsyncClient, database: Database, open_clinic: None
    ) -> None:
        await database.handle["services"].update_one({"_id": "checkup"}, {"$set": {"duration_minutes": "soon"}})
        page = Page(await client.get("/book", headers=BROWSER))
        assert (page.status, "Something went wrong on our side" in page.text) == (500, True)
        assert "Traceback" not in page.html
        answer = await client.get("/book")
        assert (answer.status_code, answer.json()["error_code"]) == (500, "INTERNAL_ERROR")
