"""/book: each step, each refusal, and that a form goes through the services' own rules."""

import asyncio
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from app.context import Context
from app.models.appointments import Appointment
from app.models.patients import Patient
from app.models.users import User
from app.services import links
from app.settings import Settings
from tests.conftest import Clock, make_settings
from tests.factories import make_patient
from tests.web.reading import Page, get, post

TUESDAY_TEN = "2026-11-24T15:00:00Z"
SCRIPT = "<script>alert(1)</script>"


async def link_of(ctx: Context, patient: Patient) -> str:
    """The token of a fresh booking link."""
    link, address = links.new_booking_link(ctx, patient_id=patient.id, campaign_id=None)
    await link.insert()
    return parse_qs(urlsplit(address).query)["t"][0]


class TestBookingSteps:
    async def test_it_offers_the_public_services(self, client: httpx2.AsyncClient, open_clinic: None) -> None:
        page = await get(client, "/book")
        assert page.hrefs("/book?") == ["/book?service=checkup", "/book?service=whitening"]

    async def test_a_free_day_shows_its_times(self, client: httpx2.AsyncClient, open_clinic: None) -> None:
        month = await get(client, "/book?service=checkup")
        assert "/book?service=checkup&day=2026-11-24#times" in month.hrefs()
        assert not month.hrefs("/book?service=checkup&day=2026-11-22")
        day = await get(client, "/book?service=checkup&day=2026-11-24")
        assert "Tuesday, November 24, 2026" in day.text
        assert f"/book?service=checkup&time={TUESDAY_TEN.replace(':', '%3A')}" in day.hrefs()

    async def test_a_month_without_a_free_time_leads_to_the_next(
        self, client: httpx2.AsyncClient, open_clinic: None, clock: Clock
    ) -> None:
        clock.instant = datetime(2026, 11, 30, 23, 0, tzinfo=UTC)
        page = await get(client, "/book?service=checkup")
        assert "There is no free time in November 2026" in page.text
        assert "The next free day is Tuesday, December 1, 2026" in page.text
        assert {"/book?service=checkup&month=2026-12", "/book?service=checkup&day=2026-12-01#times"} <= set(
            page.hrefs()
        )
        assert page.text.count("+1 202-555-0142") == 2  # where it is needed, and in the footer

    async def test_a_clinic_without_any_free_time_says_so(
        self, client: httpx2.AsyncClient, ctx: Context, open_clinic: None
    ) -> None:
        await User.collection().update_many({}, {"$set": {"schedule.weekly": {}}})
        page = await get(client, "/book?service=checkup")
        assert (page.status, "There is none in the months after it either." in page.text) == (200, True)
        assert "tel:+12025550142" in page.hrefs()

    @pytest.mark.parametrize(
        "query", ["service=nothing", "service=staff_only", "month=13&day=x&time=y", "t=%00", "t=" + "a" * 500]
    )
    async def test_what_cannot_be_read_is_as_good_as_absent(
        self, client: httpx2.AsyncClient, open_clinic: None, query: str
    ) -> None:
        page = await get(client, f"/book?{query}")
        assert (page.status, "What would you like to come for?" in page.text) == (200, True)

    @pytest.mark.parametrize("time", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00+14:00", "2027-03-14T02:30", "10"])
    async def test_a_time_that_cannot_be_leads_to_the_calendar(
        self, client: httpx2.AsyncClient, open_clinic: None, time: str
    ) -> None:
        page = await get(client, str(httpx2.URL("/book", params={"service": "checkup", "time": time})))
        assert (page.status, "November 2026" in page.text) == (200, True)

    async def test_a_time_outside_working_hours_shows_others(
        self, client: httpx2.AsyncClient, open_clinic: None
    ) -> None:
        page = await get(client, "/book?service=checkup&time=2026-11-24T23:00:00Z")
        assert page.status == 422
        assert len(page.hrefs("/book?service=checkup&time=")) == 5


class TestBookingWithALink:
    async def test_it_asks_nothing_that_is_known(
        self, client: httpx2.AsyncClient, ctx: Context, open_clinic: None
    ) -> None:
        patient = await make_patient(ctx, name="Maria Alvarez")
        token = await link_of(ctx, patient)
        page = await get(client, f"/book?t={token}&service=checkup&time={TUESDAY_TEN}")
        assert "Hello Maria" in page.text
        assert set(page.fields()) == {"service", "time", "t", "submission", "notes"}
        done = await post(client, "/book", **(page.fields() | {"notes": "I come by bus"}))
        assert (done.status, "Your visit is booked" in done.text) == (200, True)
        assert "Tuesday, November 24, 2026 at 10:00 AM" in done.text
        [visit] = await Appointment.find_all().to_list()
        assert (visit.patient_id, visit.notes, visit.service_id) == (patient.id, "I come by bus", "checkup")

    async def test_a_second_visit_for_the_same_service_shows_the_first(
        self, client: httpx2.AsyncClient, ctx: Context, open_clinic: None
    ) -> None:
        token = await link_of(ctx, await make_patient(ctx))
        await post(client, "/book", t=token, service="checkup", time=TUESDAY_TEN)
        page = await post(client, "/book", t=token, service="checkup", time="2026-11-25T15:00:00Z")
        assert (page.status, "You already have this visit booked" in page.text) == (409, True)
        assert "Tuesday, November 24, 2026 at 10:00 AM" in page.text

    async def test_an_expired_link_is_explained_and_left_behind(
        self, client: httpx2.AsyncClient, ctx: Context, open_clinic: None, clock: Clock
    ) -> None:
        token = await link_of(ctx, await make_patient(ctx))
        clock.forward(days=31)
        page = await get(client, f"/book?t={token}")
        assert "no longer valid" in page.text
        assert page.hrefs("/book?") == ["/book?service=checkup", "/book?service=whitening"]
        late = await post(client, "/book", t=token, service="checkup", time="2027-01-12T15:00:00Z")
        assert (late.status, "no longer valid" in late.text) == (422, True)
        assert {"name", "email", "phone"} <= set(late.fields())

    async def test_the_token_is_never_logged(
        self, client: httpx2.AsyncClient, ctx: Context, open_clinic: None, caplog: pytest.LogCaptureFixture
    ) -> None:
        token = await link_of(ctx, await make_patient(ctx))
        with caplog.at_level("DEBUG", logger="app"):
            await get(client, f"/book?t={token}&service=checkup")
            await post(client, "/book", t=token, service="checkup", time=TUESDAY_TEN)
        assert token not in caplog.text

    async def test_a_name_stays_text(self, client: httpx2.AsyncClient, ctx: Context, open_clinic: None) -> None:
        token = await link_of(ctx, await make_patient(ctx, name=f"{SCRIPT} Example"))
        page = await get(client, f"/book?t={token}")
        assert SCRIPT not in page.html
        assert SCRIPT in page.text


class TestTheSecondClick:
    async def test_the_same_form_sent_twice_books_once_and_shows_the_visit_twice(
        self, client: httpx2.AsyncClient, ctx: Context, open_clinic: None
    ) -> None:
        await make_patient(ctx, email="pat@example.com")
        form = (await get(client, f"/book?service=checkup&time={TUESDAY_TEN}")).fields()
        form |= {"name": "Pat", "email": "pat@example.com"}
        pages = await asyncio.gather(*(post(client, "/book", **form) for _ in range(5)))
        assert [(page.status, "Your visit is booked" in page.text) for page in pages] == [(200, True)] * 5
        assert await Appointment.find_all().count() == 1

    async def test_a_form_that_was_refused_may_be_corrected(
        self, client: httpx2.AsyncClient, ctx: Context, open_clinic: None
    ) -> None:
        await make_patient(ctx, email="pat@example.com")
        form = (await get(client, f"/book?service=checkup&time={TUESDAY_TEN}")).fields()
        wrong = await post(client, "/book", **(form | {"name": "Pat", "email": "nobody@example.com"}))
        assert wrong.status == 404
        right = await post(client, "/book", **(form | {"name": "Pat", "email": "pat@example.com"}))
        assert right.status == 200

    async def test_two_forms_are_two_visits(self, client: httpx2.AsyncClient, ctx: Context, open_clinic: None) -> None:
        tokens = {
            (await get(client, f"/book?service=checkup&time={TUESDAY_TEN}")).fields()["submission"] for _ in range(2)
        }
        assert len(tokens) == 2


class TestBookingWithoutALink:
    async def test_a_known_e_mail_is_booked(self, client: httpx2.AsyncClient, ctx: Context, open_clinic: None) -> None:
        patient = await make_patient(ctx, email="pat@example.com")
        page = await post(
            client, "/book", service="checkup", time=TUESDAY_TEN, name="Pat", email="Pat@Example.com", phone=""
        )
        assert (page.status, "Your visit is booked" in page.text) == (200, True)
        assert [visit.patient_id for visit in await Appointment.find_all().to_list()] == [patient.id]

    async def test_nobody_and_two_people_get_one_sentence(
        self, client: httpx2.AsyncClient, ctx: Context, open_clinic: None
    ) -> None:
        await make_patient(ctx, email="ada@example.com")
        await make_patient(ctx, email="ben@example.com", phone="+12025550188")
        seen = set()
        for email, phone in (("eve@example.com", "+12025550177"), ("ada@example.com", "+12025550188")):
            form = {"service": "checkup", "time": TUESDAY_TEN, "name": SCRIPT, "email": email, "phone": phone}
            form["submission"] = "the-same-form"
            page = await post(client, "/book", **form)
            assert (page.status, "could not match" in page.text) == (404, True)
            assert (page.fields()["email"], page.fields()["name"]) == (email, SCRIPT)
            assert SCRIPT not in page.html
            seen.add(page.html.replace(email, "").replace(phone, ""))
        assert len(seen) == 1

    @pytest.mark.parametrize(
        ("typed", "sentence"),
        [
            ({"name": " ", "email": "pat@example.com"}, "Write your name"),
            ({"name": "Pat"}, "one of them is enough"),
            ({"name": "Pat", "email": "pat"}, "not an e-mail address"),
            ({"name": "Pat", "phone": "12"}, "not a phone number"),
            ({"name": "Pat", "phone": "0" * 40}, "not a phone number"),
            ({"name": "Pat\nBcc: x", "email": "pat@example.com"}, "Write your name"),
            ({"name": "Pat", "email": "pat@example.com", "notes": "x" * 1001}, "under 1,000 characters"),
        ],
    )
    async def test_each_field_says_what_is_wrong(
        self, client: httpx2.AsyncClient, ctx: Context, open_clinic: None, typed: dict[str, str], sentence: str
    ) -> None:
        page = await post(client, "/book", service="checkup", time=TUESDAY_TEN, **typed)
        assert (page.status, sentence in page.text) == (422, True)
        assert await Appointment.count() == 0

    async def test_a_service_that_is_not_public_cannot_be_booked(
        self, client: httpx2.AsyncClient, ctx: Context, open_clinic: None
    ) -> None:
        await make_patient(ctx, email="pat@example.com")
        form = {"service": "staff_only", "time": TUESDAY_TEN, "name": "Pat", "email": "pat@example.com"}
        assert (await post(client, "/book", **form)).status == 422
        assert await Appointment.count() == 0

    async def test_a_taken_time_shows_others_as_links(
        self, client: httpx2.AsyncClient, ctx: Context, open_clinic: None
    ) -> None:
        first = await link_of(ctx, await make_patient(ctx))
        await post(client, "/book", t=first, service="checkup", time=TUESDAY_TEN)
        second = await link_of(ctx, await make_patient(ctx))
        page = await get(client, f"/book?t={second}&service=checkup&time={TUESDAY_TEN}")
        others = page.hrefs(f"/book?t={second}&service=checkup&time=")
        assert (page.status, len(others), "has just been taken" in page.text) == (409, 5, True)
        assert "Who is coming" not in page.text
        assert (await get(client, others[0])).status == 200

    async def test_a_time_taken_while_the_form_was_open_keeps_what_was_typed(
        self, client: httpx2.AsyncClient, ctx: Context, open_clinic: None
    ) -> None:
        await make_patient(ctx, email="pat@example.com")
        await post(client, "/book", t=await link_of(ctx, await make_patient(ctx)), service="checkup", time=TUESDAY_TEN)
        typed = {"name": "Pat", "email": "pat@example.com", "phone": "", "notes": f"By bus {SCRIPT}"}
        page = await post(client, "/book", service="checkup", time=TUESDAY_TEN, **typed)
        assert (page.status, "has just been taken" in page.text) == (409, True)
        assert SCRIPT not in page.html
        offered = [one["value"] for tag, one in page.tags if tag == "input" and one.get("type") == "radio"]
        assert len(offered) == 5
        kept = {name: value for name, value in page.fields().items() if name != "time"}
        assert {name: kept.get(name, "") for name in typed} == typed
        done = await post(client, "/book", **(kept | {"time": str(offered[0])}))
        assert (done.status, "Your visit is booked" in done.text) == (200, True)
        assert [visit.notes for visit in await Appointment.find({"notes": {"$ne": ""}}).to_list()] == [typed["notes"]]


class TestBookingTooOften:
    @pytest.fixture
    def settings(self) -> Settings:
        return make_settings(rate_limits="on")

    async def test_the_sixth_try_in_a_minute_waits(
        self, client: httpx2.AsyncClient, ctx: Context, open_clinic: None
    ) -> None:
        form = {"service": "checkup", "time": TUESDAY_TEN, "name": "Eve"}
        answers = [await client.post("/book", data=form | {"email": f"eve{n}@example.com"}) for n in range(6)]
        page = Page(answers[-1])
        assert [answer.status_code for answer in answers] == [404] * 5 + [429]
        assert "Too many tries" in page.text
        assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
        assert page.fields()["email"] == "eve5@example.com"
