"""/book keeps the time while the form is open: for this browser, whatever it reloads, and for no other (ADR 0013)."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import httpx2
import pytest

from app.context import Context
from app.models.appointments import Appointment
from app.models.slot_holds import SlotHold
from app.settings import Settings
from tests.applications import application
from tests.conftest import Clock, make_settings
from tests.factories import make_patient
from tests.web.reading import get, post

FORM = "/book?service=checkup&time=2026-11-24T15:00:00Z"
DAY = "/book?service=checkup&day=2026-11-24"
TEN = "/book?service=checkup&time=2026-11-24T15%3A00%3A00Z"

NewBrowser = Callable[[], httpx2.AsyncClient]


@pytest.fixture
async def browser(ctx: Context) -> AsyncIterator[NewBrowser]:
    """Opens browsers, each with cookies of its own, all behind one address."""
    async with AsyncExitStack() as stack:
        app = stack.enter_context(application(ctx))

        def open_one() -> httpx2.AsyncClient:
            transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
            opened = httpx2.AsyncClient(transport=transport, base_url="http://testserver")
            stack.push_async_callback(opened.aclose)
            return opened

        yield open_one


async def times(browser: httpx2.AsyncClient) -> list[str]:
    return (await get(browser, DAY)).hrefs("/book?service=checkup&time=")


class TestTheForm:
    async def test_keeps_its_time_from_other_browsers(self, browser: NewBrowser, open_clinic: None) -> None:
        mine, other = browser(), browser()
        form = await get(mine, FORM)
        assert (form.status, "10:05" in form.text) == (200, True)
        assert TEN in await times(mine)
        assert TEN not in await times(other)
        taken = await get(other, FORM)
        assert (taken.status, "has just been taken" in taken.text) == (409, True)
        assert len(taken.hrefs("/book?service=checkup&time=")) == 5
        assert "submission" not in taken.fields()

    async def test_is_harmless_to_open_again(self, browser: NewBrowser, open_clinic: None, clock: Clock) -> None:
        mine = browser()
        for _ in range(4):
            assert (await get(mine, FORM)).status == 200
            clock.forward(minutes=1)
        assert await SlotHold.count() == 1

    async def test_after_a_step_back_another_time_may_be_chosen(self, browser: NewBrowser, open_clinic: None) -> None:
        mine, other = browser(), browser()
        await get(mine, FORM)
        await times(mine)
        await get(mine, "/book?service=checkup&time=2026-11-24T16:00:00Z")
        assert TEN in await times(other)
        assert await SlotHold.count() == 1

    async def test_is_booked_without_any_cookie(self, ctx: Context, browser: NewBrowser, open_clinic: None) -> None:
        """A browser that keeps no cookies: the form itself says whose it is."""
        await make_patient(ctx, email="pat@example.com")
        form = (await get(browser(), FORM)).fields() | {"name": "Pat", "email": "pat@example.com"}
        done = await post(browser(), "/book", **form)
        assert (done.status, "Your visit is booked" in done.text) == (200, True)
        assert await SlotHold.count() == 0

    async def test_another_browser_cannot_book_it(self, ctx: Context, browser: NewBrowser, open_clinic: None) -> None:
        await make_patient(ctx, email="pat@example.com")
        await get(browser(), FORM)
        typed = {"service": "checkup", "time": "2026-11-24T15:00:00Z", "name": "Pat", "email": "pat@example.com"}
        taken = await post(browser(), "/book", **typed)
        assert (taken.status, "has just been taken" in taken.text) == (409, True)
        assert await Appointment.count() == 0

    async def test_when_time_has_run_out_it_may_still_be_sent(
        self, ctx: Context, browser: NewBrowser, open_clinic: None, clock: Clock
    ) -> None:
        await make_patient(ctx, email="pat@example.com")
        mine, other = browser(), browser()
        form = (await get(mine, FORM)).fields() | {"name": "Pat", "email": "pat@example.com"}
        clock.forward(minutes=5)
        assert TEN in await times(other)
        assert (await post(mine, "/book", **form)).status == 200

    async def test_and_loses_when_somebody_else_came_meanwhile(
        self, ctx: Context, browser: NewBrowser, open_clinic: None, clock: Clock
    ) -> None:
        await make_patient(ctx, email="pat@example.com")
        mine, other = browser(), browser()
        form = (await get(mine, FORM)).fields() | {"name": "Pat", "email": "pat@example.com"}
        clock.forward(minutes=5)
        await get(other, FORM)
        assert (await post(mine, "/book", **form)).status == 409

    async def test_a_corrected_form_says_how_long_it_is_still_kept(
        self, browser: NewBrowser, open_clinic: None, clock: Clock
    ) -> None:
        mine = browser()
        form = (await get(mine, FORM)).fields()
        clock.forward(minutes=2)
        wrong = await post(mine, "/book", **(form | {"name": "", "email": "pat@example.com"}))
        assert (wrong.status, "10:05" in wrong.text) == (422, True)
        nobody = await post(mine, "/book", **(form | {"name": "Pat", "email": "nobody@example.com"}))
        assert (nobody.status, "10:05" in nobody.text) == (404, True)
        clock.forward(minutes=3)
        late = await post(mine, "/book", **(form | {"name": "", "email": "pat@example.com"}))
        assert (late.status, "10:05" in late.text) == (422, False)

    async def test_two_visits_one_after_another_from_one_browser(
        self, ctx: Context, browser: NewBrowser, open_clinic: None
    ) -> None:
        """A parent books for two children: each form is another one."""
        mine = browser()
        for time, email in (("15", "ann@example.com"), ("16", "ben@example.com")):
            await make_patient(ctx, email=email)
            form = (await get(mine, f"/book?service=checkup&time=2026-11-24T{time}:00:00Z")).fields()
            assert (await post(mine, "/book", **(form | {"name": "x", "email": email}))).status == 200
        assert await Appointment.count() == 2


class TestWhoLooksAhead:
    @pytest.mark.parametrize(
        "header", [{"Sec-Purpose": "prefetch"}, {"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}]
    )
    async def test_keeps_nothing_and_sees_the_form(
        self, browser: NewBrowser, open_clinic: None, header: dict[str, str]
    ) -> None:
        answer = await browser().get(FORM, headers=header)
        assert answer.status_code == 200
        assert await SlotHold.count() == 0

    async def test_sees_a_time_that_another_keeps_as_taken(self, browser: NewBrowser, open_clinic: None) -> None:
        await get(browser(), FORM)
        answer = await browser().get(FORM, headers={"Sec-Purpose": "prefetch"})
        assert answer.status_code == 409

    async def test_no_other_page_keeps_anything(self, browser: NewBrowser, open_clinic: None) -> None:
        for path in ("/book", "/book?service=checkup", DAY, "/book?service=checkup&time=2026-11-24T23:00:00Z"):
            await browser().get(path)
        assert await SlotHold.count() == 0


class TestTheCookie:
    async def test_is_for_the_booking_pages_alone_and_no_script_reads_it(
        self, browser: NewBrowser, open_clinic: None
    ) -> None:
        answer = await browser().get(DAY)
        cookie = answer.headers["Set-Cookie"]
        assert {"Path=/book", "HttpOnly", "SameSite=lax", "Max-Age=3600"} <= set(cookie.split("; "))
        assert "Secure" not in cookie, "the tests' address is http"

    @pytest.mark.parametrize("value", ["x", "x" * 200, "../../etc", "%00", "a b"])
    async def test_with_nonsense_in_it_is_as_good_as_absent(
        self, browser: NewBrowser, open_clinic: None, value: str
    ) -> None:
        answer = await browser().get(FORM, headers={"Cookie": f"visitor={value}"})
        assert answer.status_code == 200
        assert f"visitor={value};" not in answer.headers["Set-Cookie"]


class TestTooMany:
    @pytest.fixture
    def settings(self) -> Settings:
        return make_settings(rate_limits="on")

    async def test_the_form_still_opens_and_only_keeps_nothing(self, browser: NewBrowser, open_clinic: None) -> None:
        """An office behind one address: nobody is turned away for what their colleagues do."""
        for hour in ("14", "15", "16", "18", "19"):
            assert (await get(browser(), f"/book?service=checkup&time=2026-11-24T{hour}:00:00Z")).status == 200
        sixth = await get(browser(), "/book?service=checkup&time=2026-11-24T20:00:00Z")
        assert (sixth.status, "We keep this time" in sixth.text) == (200, False)
        assert await SlotHold.count() == 5
        kept = await get(browser(), FORM)
        assert kept.status == 409
