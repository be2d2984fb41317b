"""/waitlist and /offer as plain pages and forms: nothing is changed by looking, everything works without JavaScript."""

import httpx2
import pytest

from app.context import Context
from app.models.appointments import Appointment
from app.models.clinic import Clinic
from app.models.enums import DayPart, OfferState, WishState
from app.models.patients import Patient
from app.models.waitlist import WaitlistWish
from app.services import links
from tests.conftest import Clock
from tests.factories import make_patient
from tests.services import waiting
from tests.services.visit_links import book_visit, manage_tokens
from tests.web.reading import Page, get, post

LATER = "2026-12-07 09:00"


@pytest.fixture
async def patient(ctx: Context, open_clinic: None) -> Patient:
    return await make_patient(ctx, name="Maria Alvarez")


@pytest.fixture
async def manage_token(ctx: Context, patient: Patient) -> str:
    """The manage link of Maria's visit in two weeks."""
    return (await manage_tokens(await book_visit(ctx, await Clinic.load(), patient, LATER)))[0]


@pytest.fixture
async def offer_token(ctx: Context, patient: Patient, manage_token: str) -> str:
    """Maria wants to come earlier, and Tuesday at ten has become free."""
    visit = await Appointment.future_of(patient.id, ctx.now())
    assert visit is not None
    await waiting.wish_of(ctx, patient, appointment_id=visit.id)
    await waiting.freed_visit(ctx, await Clinic.load())
    await waiting.run(ctx)
    [offer] = await waiting.offers()
    return await waiting.token_of(offer)


async def wish_of(patient: Patient) -> WaitlistWish:
    [wish] = await WaitlistWish.find({"patient_id": patient.id}).to_list()
    return wish


def checked(page: Page) -> set[str]:
    inputs = [attributes for tag, attributes in page.tags if tag == "input" and "checked" in attributes]
    return {f"{one['name']}={one['value']}" for one in inputs}


class TestTheWish:
    async def test_the_visits_page_leads_there(
        self, client: httpx2.AsyncClient, patient: Patient, manage_token: str
    ) -> None:
        page = await get(client, f"/manage/{manage_token}")
        assert f"/waitlist/{manage_token}" in page.hrefs()

    async def test_it_is_stated_changed_and_left(
        self, client: httpx2.AsyncClient, patient: Patient, manage_token: str
    ) -> None:
        address = f"/waitlist/{manage_token}"
        form = await get(client, address)
        assert (form.status, "Would you like to come earlier?" in form.text) == (200, True)
        assert await WaitlistWish.count() == 0
        fields = {"service": "checkup", "part": "morning", "day-tue": "1", "latest": "2026-12-04", "earliest": ""}
        done = await post(client, address, **fields)
        assert (done.status, "We have written down what you wish" in done.text) == (200, True)
        wish = await wish_of(patient)
        assert (wish.weekdays, wish.day_part, wish.state) == (["tue"], DayPart.MORNING, WishState.WAITING)
        again = await get(client, address)
        assert "You are on our list" in again.text
        assert {"day-tue=1", "part=morning"} == checked(again)
        assert again.fields()["latest"] == "2026-12-04"
        left = await post(client, address, service="checkup", action="leave")
        assert "You are off the list" in left.text
        assert (await wish_of(patient)).state is WishState.WITHDRAWN

    async def test_free_times_that_need_no_waiting_lead_to_the_move(
        self, client: httpx2.AsyncClient, manage_token: str
    ) -> None:
        page = await get(client, f"/waitlist/{manage_token}")
        [first, *_] = page.hrefs(f"/manage/{manage_token}?change=time&time=")
        assert "Move your visit?" in (await get(client, first)).text

    async def test_ones_own_provider_may_be_asked_for(
        self, client: httpx2.AsyncClient, patient: Patient, manage_token: str
    ) -> None:
        page = await get(client, f"/waitlist/{manage_token}")
        provider = page.fields()["provider"]
        await post(client, f"/waitlist/{manage_token}", service="checkup", provider=provider)
        assert str((await wish_of(patient)).provider_id) == provider
        await post(client, f"/waitlist/{manage_token}", service="checkup", provider="0" * 24)
        assert (await wish_of(patient)).provider_id is None

    @pytest.mark.parametrize("wrong", [{"latest": "tomorrow"}, {"latest": "2020-01-01"}, {"earliest": "9999-12-31"}])
    async def test_a_day_that_cannot_be_is_said_and_what_was_chosen_stays(
        self, client: httpx2.AsyncClient, manage_token: str, wrong: dict[str, str]
    ) -> None:
        page = await post(client, f"/waitlist/{manage_token}", **{"service": "checkup", "day-mon": "1"} | wrong)
        assert page.status == 422
        assert any(tag == "div" and attributes.get("role") == "alert" for tag, attributes in page.tags)
        assert "day-mon=1" in checked(page)
        assert await WaitlistWish.count() == 0

    async def test_with_a_booking_link_a_service_is_chosen_first(
        self, client: httpx2.AsyncClient, ctx: Context, patient: Patient
    ) -> None:
        link, address = links.new_booking_link(ctx, patient_id=patient.id, campaign_id=None)
        await link.insert()
        token = address.split("?t=")[1]
        calendar = await get(client, f"/book?t={token}&service=checkup")
        assert f"/waitlist/{token}?service=checkup" in calendar.hrefs()
        choice = await get(client, f"/waitlist/{token}")
        assert choice.hrefs(f"/waitlist/{token}") == [
            f"/waitlist/{token}?service=checkup",
            f"/waitlist/{token}?service=whitening",
        ]
        form = await get(client, f"/waitlist/{token}?service=whitening")
        assert form.fields()["service"] == "whitening"
        await post(client, f"/waitlist/{token}", service="whitening", part="any")
        assert (await wish_of(patient)).service_id == "whitening"

    async def test_a_stranger_is_offered_no_list(self, client: httpx2.AsyncClient, open_clinic: None) -> None:
        page = await get(client, "/book?service=checkup")
        assert page.hrefs("/waitlist") == []

    @pytest.mark.parametrize("path", ["waitlist", "offer"])
    @pytest.mark.parametrize("wrong", ["nobody-has-this-one", "<img src=x onerror=alert(1)>", "a" * 500])
    async def test_a_link_that_is_none_explains_itself(
        self, client: httpx2.AsyncClient, open_clinic: None, path: str, wrong: str
    ) -> None:
        for page in (await get(client, f"/{path}/{wrong}"), await post(client, f"/{path}/{wrong}", answer="accept")):
            assert (page.status, "no longer valid" in page.text) == (404, True)
            assert "/book" in page.hrefs()
            assert "<img" not in page.html

    @pytest.mark.parametrize(("language", "words"), [("es", "lista"), ("fr", "liste")])
    async def test_it_speaks_the_visitors_language(
        self, client: httpx2.AsyncClient, manage_token: str, language: str, words: str
    ) -> None:
        page = await get(client, f"/waitlist/{manage_token}?lang={language}")
        assert words in page.text
        assert "Put me on the list" not in page.text


class TestTheOffer:
    async def test_looking_answers_nothing(self, client: httpx2.AsyncClient, offer_token: str) -> None:
        await get(client, f"/offer/{offer_token}")
        page = await get(client, f"/offer/{offer_token}")
        assert "An earlier time is free" in page.text
        assert "Tuesday, November 24, 2026" in page.text
        assert await waiting.states() == {OfferState.OFFERED: 1}

    async def test_yes_moves_the_visit_and_a_second_yes_says_the_same(
        self, client: httpx2.AsyncClient, ctx: Context, patient: Patient, offer_token: str
    ) -> None:
        for _ in range(2):
            page = await post(client, f"/offer/{offer_token}", answer="accept")
            assert (page.status, "This time is yours" in page.text) == (200, True)
        assert "This time is yours" in (await get(client, f"/offer/{offer_token}")).text
        visit = await Appointment.future_of(patient.id, ctx.now())
        assert visit is not None
        assert (visit.appointment_date.isoformat(), visit.ics_sequence) == ("2026-11-24T15:00:00+00:00", 1)

    async def test_a_loser_is_told_and_takes_what_is_free(
        self, client: httpx2.AsyncClient, ctx: Context, patient: Patient, offer_token: str
    ) -> None:
        await book_visit(ctx, await Clinic.load(), await make_patient(ctx))
        page = await post(client, f"/offer/{offer_token}", answer="accept")
        assert (page.status, "This time has been taken" in page.text) == (409, True)
        assert "stays as it is" in page.text
        times = [attributes["value"] for tag, attributes in page.tags if attributes.get("name") == "time"]
        assert len(times) == 5
        assert times[0] is not None
        taken = await post(client, f"/offer/{offer_token}", answer="take", time=times[0])
        assert (taken.status, "This time is yours" in taken.text) == (200, True)
        visit = await Appointment.future_of(patient.id, ctx.now())
        assert visit is not None
        assert visit.appointment_date.isoformat() == times[0].replace("Z", "+00:00")
        assert (await wish_of(patient)).state is WishState.WAITING

    async def test_a_late_one_reads_why(self, client: httpx2.AsyncClient, clock: Clock, offer_token: str) -> None:
        clock.forward(minutes=30)
        page = await get(client, f"/offer/{offer_token}")
        assert (page.status, "The time to answer has passed" in page.text) == (200, True)
        late = await post(client, f"/offer/{offer_token}", answer="accept")
        assert (late.status, "others were asked" in late.text) == (409, True)

    async def test_no_and_off_the_list(self, client: httpx2.AsyncClient, patient: Patient, offer_token: str) -> None:
        page = await post(client, f"/offer/{offer_token}", answer="leave")
        assert (page.status, "You have let this time go" in page.text) == (200, True)
        assert (await wish_of(patient)).state is WishState.WITHDRAWN

    async def test_an_answer_that_is_none_changes_nothing(self, client: httpx2.AsyncClient, offer_token: str) -> None:
        for fields in ({}, {"answer": "perhaps"}, {"answer": "take"}):
            page = await post(client, f"/offer/{offer_token}", **fields)
            assert (page.status, "An earlier time is free" in page.text) == (200, True)
        assert await waiting.states() == {OfferState.OFFERED: 1}
