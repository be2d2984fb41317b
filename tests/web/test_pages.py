"""The start page and the sandbox: what they show, what they refuse, and that nothing typed becomes markup."""

from datetime import datetime, timedelta

import httpx2
import pytest

from app.context import Context
from app.database.connection import Database
from app.models.enums import ChannelType
from app.models.inbox import InboundEvent
from app.models.outbox import Attachment
from app.models.sandbox import SandboxMessage
from app.services.sandbox import CLINIC
from tests.api.apps import serving
from tests.conftest import Clock, make_settings
from tests.web.reading import Page, get, post

TUESDAY_TEN = "2026-11-24T15:00:00Z"
SCRIPT = "<script>alert(1)</script>"


async def arrive(*, to: str, body: str, sender: str = "clinic@example.com", at: datetime, subject: str = "") -> str:
    """A message that the sandbox holds as sent; returns its id."""
    patient = sender if to == CLINIC else to
    channel = ChannelType.EMAIL if "@" in patient else ChannelType.SMS
    message = SandboxMessage(
        sender=sender, to=to, channel=channel, subject=subject, body=body, thread_id="t", is_sent=True,
        created_at=at, sent_at=at,
    )  # fmt: skip
    await message.insert()
    return str(message.id)


class TestEveryPage:
    ADDRESSES = (
        "/",
        "/sandbox",
        "/sandbox?address=pat@example.com",
        "/sandbox?address=" + "x" * 300,
        "/book",
        "/book?t=wrong",
        "/book?service=checkup&day=2026-11-24",
        f"/book?service=checkup&time={TUESDAY_TEN}",
    )

    @pytest.mark.parametrize("address", ADDRESSES)
    async def test_it_keeps_the_strict_policy(
        self, client: httpx2.AsyncClient, open_clinic: None, address: str
    ) -> None:
        answer = await client.get(address)
        page = Page(answer)
        assert "script-src 'self'; style-src 'self'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"
        assert '<html lang="en">' in page.html
        assert not [tag for tag, attributes in page.tags if tag == "style" or "style" in attributes]
        assert not [tag for tag, attributes in page.tags if any(name.startswith("on") for name in attributes)]
        assert all(attributes.get("src") for tag, attributes in page.tags if tag == "script")
        loaded = [attributes.get("src") or attributes.get("href") or "" for tag, attributes in page.tags]
        assert not [address for address in loaded if "//" in address]
        assert [tag for tag, _ in page.tags].count("main") == [tag for tag, _ in page.tags].count("h1") == 1

    async def test_every_field_has_a_label(self, client: httpx2.AsyncClient, open_clinic: None) -> None:
        for address in ("/sandbox?address=pat@example.com", f"/book?service=checkup&time={TUESDAY_TEN}"):
            page = await get(client, address)
            shown = [one for tag, one in page.tags if tag in ("input", "textarea") and one.get("type") != "hidden"]
            labelled = {one.get("for") for tag, one in page.tags if tag == "label"}
            assert {one["id"] for one in shown} <= labelled

    async def test_its_files_may_be_kept_for_ever(self, client: httpx2.AsyncClient, ctx: Context) -> None:
        page = await get(client, "/sandbox")
        files = [str(one.get("href") or one.get("src")) for tag, one in page.tags if tag in ("link", "script")]
        assert len(files) == 5
        for file in files:
            answer = await client.get(file)
            assert (answer.status_code, answer.headers["X-Content-Type-Options"]) == (200, "nosniff")
            assert "immutable" in answer.headers["Cache-Control"]

    async def test_it_is_not_in_the_api_schema(self, client: httpx2.AsyncClient, ctx: Context) -> None:
        paths = (await client.get("/openapi.json")).json()["paths"]
        assert not {"/", "/book", "/sandbox", "/sandbox/updates"} & set(paths)


class TestLanding:
    async def test_it_names_the_clinic_and_the_doors(self, client: httpx2.AsyncClient, open_clinic: None) -> None:
        page = await get(client, "/")
        assert "Willow Street Dental" in page.text
        assert {"/book", "/sandbox", "/docs", "/health/ready", "tel:+12025550142"} <= set(page.hrefs())

    async def test_without_a_sandbox_there_is_no_door_to_it(self, database: Database, clock: Clock) -> None:
        settings = make_settings(channel_email="none", channel_sms="none", channel_whatsapp="none")
        async with serving(settings, database, now=clock) as running:
            http = running.http
            assert "/sandbox" not in (await get(http, "/")).hrefs()
            for answer in (await http.get("/sandbox"), await http.get("/sandbox/updates"), await http.post("/sandbox")):
                page = Page(answer)
                assert (page.status, "no sandbox here" in page.text) == (404, True)


class TestSandbox:
    async def test_it_explains_how_to_get_messages(self, client: httpx2.AsyncClient, open_clinic: None) -> None:
        page = await get(client, "/sandbox")
        assert "no message leaves this machine" in page.text
        assert "daily-outreach" in page.text

    async def test_a_conversation_holds_both_sides(self, client: httpx2.AsyncClient, ctx: Context) -> None:
        await arrive(to="pat@example.com", body="Hello Pat", subject="Your visit", at=ctx.now())
        await arrive(to=CLINIC, sender="pat@example.com", body="Hello clinic", at=ctx.now() + timedelta(minutes=1))
        page = await get(client, "/sandbox?address=Pat@Example.com")
        assert page.text.index("Hello Pat") < page.text.index("Hello clinic")
        assert "/sandbox?address=pat%40example.com" in page.hrefs()
        assert "Your visit" in page.text

    async def test_only_our_own_links_are_links_and_markup_stays_text(
        self, client: httpx2.AsyncClient, ctx: Context
    ) -> None:
        ours = f"{ctx.settings.public_base_url}/book?t=abc"
        await arrive(to="pat@example.com", body=f"{ours} http://evil.example/ {SCRIPT}", subject=SCRIPT, at=ctx.now())
        page = await get(client, "/sandbox?address=pat@example.com")
        assert page.hrefs("http") == [ours]
        assert SCRIPT not in page.html
        assert page.html.count("&lt;script&gt;") == 2

    async def test_an_answer_enters_by_the_inbox_and_comes_back_here(
        self, client: httpx2.AsyncClient, ctx: Context
    ) -> None:
        await arrive(to="+12025550188", body="First", at=ctx.now() - timedelta(days=1))
        newest = await arrive(to="+12025550188", body="Second", at=ctx.now())
        answer = await client.post("/sandbox", data={"address": "(202) 555-0188", "text": "Yes please"})
        assert (answer.status_code, answer.headers["Location"]) == (303, "/sandbox?address=%2B12025550188")
        [event] = await InboundEvent.find_all().to_list()
        assert event.payload["in_reply_to"] == newest
        assert (event.payload["text"], event.payload["channel"]) == ("Yes please", ChannelType.SMS)

    @pytest.mark.parametrize(
        "address",
        ["", "nobody", "//evil.example", "https://evil.example", "a@b.example\r\nX: y", "a@b.example,c@d.example"],
    )
    async def test_it_writes_from_one_real_address_only(
        self, client: httpx2.AsyncClient, ctx: Context, address: str
    ) -> None:
        page = await post(client, "/sandbox", address=address, text="Hello")
        assert (page.status, "one e-mail address or one phone number" in page.text) == (422, True)
        assert await InboundEvent.count() == 0

    @pytest.mark.parametrize("text", [" ", "x" * 4001, "bell\x07"])
    async def test_it_keeps_what_was_typed_when_a_message_cannot_be_sent(
        self, client: httpx2.AsyncClient, ctx: Context, text: str
    ) -> None:
        page = await post(client, "/sandbox", address="pat@example.com", text=text)
        assert (page.status, text.strip() in page.html) == (422, True)
        assert "Write a message" in page.text

    async def test_the_updates_are_the_lists_alone(self, client: httpx2.AsyncClient, ctx: Context) -> None:
        await arrive(to="pat@example.com", body="Hello Pat", at=ctx.now())
        page = await get(client, "/sandbox/updates?address=pat@example.com")
        assert "Hello Pat" in page.text
        assert not [tag for tag, _ in page.tags if tag in ("html", "form", "script")]

    async def test_a_calendar_file_is_a_download_and_never_a_page(
        self, client: httpx2.AsyncClient, ctx: Context, open_clinic: None
    ) -> None:
        file = Attachment(filename="visit.ics", content_type="text/calendar; method=REQUEST", content="BEGIN:VCALENDAR")
        message = SandboxMessage(
            sender="clinic@example.com",
            to="pat@example.com",
            channel=ChannelType.EMAIL,
            body="Your visit is booked.",
            attachments=[file],
            thread_id="t",
            is_sent=True,
            created_at=ctx.now(),
            sent_at=ctx.now(),
        )
        await message.insert()
        page = await get(client, "/sandbox?address=pat@example.com")
        [address] = page.hrefs("/sandbox/messages/")
        answer = await client.get(address)
        assert answer.text == "BEGIN:VCALENDAR"
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["Content-Type"].startswith("text/calendar")
        assert (await client.get(f"/sandbox/messages/{message.id}/other.ics")).status_code == 404
