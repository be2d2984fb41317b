"""No page of the dashboard is over 150 kB on its first load (300 with charts), and none asks anybody but us.

Measured in a real Chromium with nothing cached: what came over the wire, headers included (issue 7, item 11).
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.async_api import Page

from app.bootstrap import build_context
from app.database.connection import connect
from app.demo import seed
from app.demo.seed import DEMO_EMAIL, DEMO_PASSWORD
from app.models.registry import bind_documents
from app.web.staff.session import COOKIE, PATH
from tests.browser.conftest import OpenPage
from tests.browser.staff.conftest import session_of
from tests.conftest import make_settings
from tests.server import RunningServer, start_server
from tests.web.staff.every_page import FURTHER, Address, add_what_the_demo_lacks, addresses, landmarks

pytestmark = pytest.mark.browser

MOST_BYTES = 150_000
WITH_CHARTS = {"/staff/insight": 300_000}
DATABASE = "weight"
SETTLES_WITHIN_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Opened:
    """A clinic with the demo's data on a server of its own, and every address of its dashboard."""

    server: RunningServer
    every: list[Address]
    session: str

    def is_page(self, address: Address) -> bool:
        """True for a whole page; the others are parts that pages load."""
        with httpx2.Client(base_url=self.server.base_url, cookies={COOKIE: self.session}) as http:
            return http.get(address.url).text.lstrip().lower().startswith("<!doctype")


@dataclass
class Wire:
    """What a page got over the wire: bytes by address, while anything but its stream of events is on its way."""

    sizes: dict[str, int] = field(default_factory=dict)
    encodings: dict[str, str] = field(default_factory=dict)
    _urls: dict[str, str] = field(default_factory=dict)
    _quiet: asyncio.Event = field(default_factory=asyncio.Event)
    _open: set[str] = field(default_factory=set)

    async def listen(self, page: Page) -> None:
        """Follow this page from now on, with an empty cache."""
        browser = await page.context.new_cdp_session(page)
        browser.on("Network.requestWillBeSent", self._begins)
        browser.on("Network.responseReceived", self._answers)
        browser.on("Network.loadingFinished", self._ends)
        browser.on("Network.loadingFailed", self._ends)
        await browser.send("Network.enable")
        await browser.send("Network.setCacheDisabled", {"cacheDisabled": True})

    def _begins(self, event: dict[str, Any]) -> None:
        self._urls[event["requestId"]] = event["request"]["url"]
        if event.get("type") != "EventSource":
            self._open.add(event["requestId"])
            self._quiet.clear()

    def _answers(self, event: dict[str, Any]) -> None:
        headers = {name.lower(): value for name, value in event["response"]["headers"].items()}
        self.encodings[event["response"]["url"]] = headers.get("content-encoding", "")

    def _ends(self, event: dict[str, Any]) -> None:
        url = self._urls[event["requestId"]]
        self.sizes[url] = self.sizes.get(url, 0) + int(event.get("encodedDataLength", 0))
        self._open.discard(event["requestId"])
        if not self._open:
            self._quiet.set()

    async def settled(self) -> None:
        """Nothing is on its way any more."""
        async with asyncio.timeout(SETTLES_WITHIN_SECONDS):
            await self._quiet.wait()

    @property
    def total(self) -> int:
        return sum(self.sizes.values())


@pytest.fixture(scope="module")
async def clinic_with_data(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Opened]:
    database = connect(mongodb_uri, DATABASE)
    try:
        await bind_documents(database.handle, build_indexes=True)
        settings = make_settings(chairside_data_dir=tmp_path_factory.mktemp("weight"))
        ctx = build_context(settings, database, now=lambda: datetime.now(UTC))
        await seed.seed(ctx)
        await add_what_the_demo_lacks(ctx)
        every = list(addresses(await landmarks(ctx)))
        with start_server(mongodb_uri, Path(tmp_path_factory.mktemp("desk")), MONGODB_DATABASE=DATABASE) as server:
            yield Opened(server, every, session_of(server, DEMO_EMAIL, DEMO_PASSWORD))
    finally:
        await database.client.drop_database(DATABASE)
        await database.close()


def heaviest(wire: Wire) -> str:
    """The four heaviest answers of a page, for the message of a failure."""
    worst = sorted(wire.sizes.items(), key=lambda item: -item[1])[:4]
    return ", ".join(f"{url.partition('/staff')[2] or url} {size:,}" for url, size in worst)


async def load(clinic: Opened, open_page: OpenPage, url: str) -> Wire:
    """Open one page as somebody does who was never here, and wait for all that it loads by itself."""
    page, wire = await open_page(clinic.server.base_url), Wire()
    cookie = {"name": COOKIE, "value": clinic.session, "domain": "127.0.0.1", "path": PATH}
    await page.context.add_cookies([cookie])  # type: ignore[list-item]  # a TypedDict of Playwright's own
    await wire.listen(page)
    await page.goto(url, wait_until="load")
    await wire.settled()
    await page.context.close()
    return wire


def pages_of(clinic: Opened) -> Iterator[Address]:
    """Every whole page, with its filters."""
    for address in clinic.every:
        if address.is_shown and clinic.is_page(address) and (not address.query or address.route not in FURTHER):
            yield address


@pytest.mark.timeout(600)  # every page of the dashboard, each with a cold cache
async def test_no_page_is_heavy_and_none_asks_a_third_party(clinic_with_data: Opened, open_page: OpenPage) -> None:
    """`open_page` fails for a request to anybody else."""
    too_heavy, seen = list[str](), 0
    for address in pages_of(clinic_with_data):
        wire, most = await load(clinic_with_data, open_page, address.url), WITH_CHARTS.get(address.route, MOST_BYTES)
        seen += 1
        if wire.total > most:
            too_heavy.append(f"{address.name}: {wire.total:,} of {most:,} ({heaviest(wire)})")
        document = clinic_with_data.server.base_url + address.url
        assert wire.encodings[document] == "gzip", f"{address.name} is not compressed"
        assert wire.sizes[document] > 0
    assert too_heavy == [], "\n".join(too_heavy)
    assert seen > 25
