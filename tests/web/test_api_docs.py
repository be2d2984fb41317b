"""`/docs` shows the OpenAPI document with our own files under our own content policy, and tells nobody who reads it."""

import hashlib
import re

import httpx2

from app.main import create_app
from app.web.static_files import STATIC
from tests.conftest import make_settings

VENDOR = STATIC / "vendor" / "swagger-ui"


async def test_the_page_loads_nothing_from_elsewhere(client: httpx2.AsyncClient) -> None:
    page = await client.get("/docs")
    assert page.status_code == 200
    assert "'unsafe-inline'" not in page.headers["Content-Security-Policy"]
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert loaded
    assert [address for address in loaded if not re.match(r"/(?!/)", address)] == []
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|<style|style=", page.text)


async def test_each_file_of_the_page_is_served(client: httpx2.AsyncClient) -> None:
    page = await client.get("/docs")
    for address in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        answer = await client.get(address)
        assert answer.status_code == 200, address
        assert answer.headers["X-Content-Type-Options"] == "nosniff", address


async def test_the_document_is_what_the_application_makes(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/openapi.json")).json() == create_app(make_settings()).openapi()


async def test_there_is_no_page_without_a_document() -> None:
    app = create_app(make_settings(api_docs="off"))
    assert (app.docs_url, app.openapi_url) == (None, None)


def test_the_vendored_files_are_those_that_were_written_down() -> None:
    sums = dict(re.findall(r"^ +([0-9a-f]{64})  (\S+)$", (VENDOR / "README.md").read_text(), re.MULTILINE))
    assert {name: hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() for name in sums.values()} == {
        name: digest for digest, name in sums.items()
    }
    assert set(sums.values()) == {"swagger-ui-bundle.js", "swagger-ui.css"}
    assert "Apache License" in (VENDOR / "LICENSE").read_text()
