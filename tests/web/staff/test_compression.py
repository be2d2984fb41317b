"""What the dashboard answers travels compressed, says so, and never lets an equal page have an equal length."""

import gzip
from collections.abc import AsyncIterator

from fastapi import Request
from starlette.responses import StreamingResponse

from app.web.staff.compression import SMALLEST, compress
from tests.factories import make_clinic
from tests.web.staff.conftest import Seated

PLAIN = {"Accept-Encoding": "identity"}
PACKED = {"Accept-Encoding": "gzip, deflate, br"}


async def test_a_page_is_packed_for_a_browser_that_reads_it(seat: Seated) -> None:
    await make_clinic()
    somebody = await seat()
    async with somebody.http.stream("GET", "/staff/settings/outreach", headers=PACKED) as answer:
        sent = b"".join([chunk async for chunk in answer.aiter_raw()])
    plain = await somebody.http.get("/staff/settings/outreach", headers=PLAIN)

    assert answer.headers["Content-Encoding"] == "gzip"
    assert int(answer.headers["Content-Length"]) == len(sent) < len(plain.content) / 2
    assert gzip.decompress(sent) == plain.content
    assert "Content-Encoding" not in plain.headers
    assert {"Accept-Encoding"} <= {name.strip() for name in plain.headers["Vary"].split(",")}
    assert answer.headers["Vary"] == plain.headers["Vary"]
    assert answer.headers["Set-Cookie"].startswith("chairside_staff=")


async def test_a_small_part_is_sent_as_it_is(seat: Seated) -> None:
    await make_clinic()
    answer = await (await seat()).http.get("/staff/badges/handoffs", headers=PACKED)
    assert len(answer.content) < SMALLEST
    assert "Content-Encoding" not in answer.headers


async def test_a_refusal_is_packed_too_and_still_readable(seat: Seated) -> None:
    await make_clinic()
    answer = await (await seat()).http.get("/staff/campaigns?sort=nothing", headers=PACKED)
    assert answer.status_code == 422
    assert "Clear the filters" in answer.text


async def test_the_length_of_the_same_page_tells_nothing(seat: Seated) -> None:
    await make_clinic()
    somebody = await seat()
    lengths = set[str]()
    for _ in range(12):
        async with somebody.http.stream("GET", "/staff/settings/outreach", headers=PACKED) as answer:
            lengths.add(answer.headers["Content-Length"])
    assert len(lengths) > 3


async def test_a_stream_of_events_is_left_alone() -> None:
    """An event that waits in a compressor for more is not live."""

    async def events() -> AsyncIterator[str]:
        yield "data: {}\n\n" * SMALLEST

    asked = Request({"type": "http", "headers": [(b"accept-encoding", b"gzip")]})
    answer = StreamingResponse(events(), media_type="text/event-stream")
    compress(asked, answer)
    assert "Content-Encoding" not in answer.headers
    assert "".join([str(part) async for part in answer.body_iterator]) == "data: {}\n\n" * SMALLEST
