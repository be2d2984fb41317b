"""No page of the dashboard reads a whole collection, and none sorts one in memory: MongoDB's profiler is the witness.

Every page is opened with its filters; a page, a filter or a path parameter that is added must be opened here as well.
"""

import re
from collections.abc import Iterator
from html import unescape

import pytest
from fastapi.routing import APIRoute
from starlette.routing import compile_path

from app.context import Context
from app.demo import seed
from app.web.staff.campaigns_filter import ListWish
from app.web.staff.pages import ROOMS
from app.web.staff.patients_filter import PatientWish
from tests.web.staff.conftest import Seat, Seated
from tests.web.staff.every_page import (
    FURTHER,
    NAMES,
    STREAMS,
    Address,
    add_what_the_demo_lacks,
    addresses,
    landmarks,
    routes,
)
from tests.web.staff.profiler import offences, witnessed

READ_FROM_THE_ADDRESS: dict[str, tuple[str, ...]] = {
    "/staff/campaigns": ListWish.__slots__,
    "/staff/patients": PatientWish.__slots__,
}
"""Filters that a page reads by itself, where the route's signature does not name them."""
NO_ADDRESS = {
    "cursor": "followed from the page itself",
    "older": "followed from the page itself",
    "page": "followed from the page itself",
    "then": "where a sign-in leads to",
    "saved": "a word for the reader",
}
"""Parameters that need no address of their own."""
FURTHER_PAGE = re.compile(r'(?:href|hx-get)="(/staff[^"]*[?;&](?:cursor|older|page)=[^"]*)"')


def pages() -> Iterator[APIRoute]:
    """The GET routes of all rooms."""
    for room in ROOMS:
        yield from (each for each in room.router.routes if isinstance(each, APIRoute) and "GET" in (each.methods or ()))


def route_of(url: str) -> str:
    """The template of an address."""
    path = url.partition("?")[0]
    return next(template for template in routes() if compile_path(template)[0].match(path))


async def opened(ctx: Context, somebody: Seat, address: Address) -> tuple[list[str], str]:
    """What is wrong with the operations behind an address, and the page."""
    await ctx.database.handle.command("profile", 2)
    answer = await somebody.http.get(address.url)
    seen = await witnessed(ctx)
    assert answer.status_code in (200, 204, 303), f"{address.url}: {answer.status_code}"
    found = {f"{address.name}: {offence}" for operation in seen for offence in offences(operation)}
    return sorted(found), answer.text if address.is_shown else ""


async def opened_with_further(ctx: Context, somebody: Seat, address: Address) -> tuple[list[str], int]:
    """The same of a page and of the one behind it, where its list goes on; and how many were opened."""
    found, text = await opened(ctx, somebody, address)
    further = FURTHER_PAGE.search(text)
    if further is None:
        return found, 1
    url = unescape(further[1])
    behind, _ = await opened(ctx, somebody, Address(route_of(url), "?(the page behind it)", url))
    return found + behind, 2


async def test_no_page_scans_or_sorts_a_collection_that_grows(ctx: Context, seat: Seated) -> None:
    await seed.seed(ctx)
    await add_what_the_demo_lacks(ctx)
    somebody, every = await seat(), list(addresses(await landmarks(ctx)))
    found, count = list[str](), 0
    for address in every:
        wrong, pages_opened = await opened_with_further(ctx, somebody, address)
        found, count = found + wrong, count + pages_opened
    assert found == [], "\n".join(found)
    assert count >= len(every) + FEWEST_FURTHER, "the lists of this scene do not go on behind their first page"


FEWEST_FURTHER = 8
"""Lists with a second page: campaigns, patients, rows of an import, the audit log, a timeline; some filtered."""


def test_every_filter_of_every_page_has_an_address() -> None:
    missing = [
        f"{route.path}?{name}"
        for route in pages()
        for name in (
            *(field.alias for field in route.dependant.query_params),
            *READ_FROM_THE_ADDRESS.get(route.path, ()),
        )
        if name not in NO_ADDRESS and not any(f"{name}=" in query for query in FURTHER.get(route.path, ()))
    ]
    assert missing == []


def test_a_path_parameter_without_a_landmark_is_an_error() -> None:
    everything = {name for route in pages() for name in compile_path(route.path)[2]} | {
        "other_id",
        "question_id",
        "message_id",
    }
    marks = dict.fromkeys(everything - {"name"}, "5f5e1f5e1f5e1f5e1f5e1f5e")
    assert len(list(addresses(marks))) >= len(routes())
    for name in marks:
        with pytest.raises(KeyError, match=name):
            list(addresses({other: mark for other, mark in marks.items() if other != name}))


def test_the_tables_name_only_what_there_is() -> None:
    assert {*FURTHER, *NAMES, *STREAMS, *READ_FROM_THE_ADDRESS} <= {route.path for route in pages()}
