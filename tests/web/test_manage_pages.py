"""/manage: the visit by its link, in plain pages and forms (domain.md section 7)."""

import httpx2
import pytest

from app.context import Context
from app.models.appointments import Appointment
from app.models.clinic import Clinic
from app.models.enums import AppointmentStatus
from app.services import visits
from tests.conftest import Clock
from tests.factories import make_patient
from tests.services.visit_links import book_visit, manage_tokens
from tests.web.reading import get, post

WEDNESDAY_NINE = "2026-11-25T14:00:00Z"


@pytest.fixture
async def token(ctx: Context, open_clinic: None) -> str:
    """The manage link's token of a visit on Tuesday at ten."""
    visit = await book_visit(ctx, await Clinic.load(), await make_patient(ctx, name="Maria Alvarez"))
    return (await manage_tokens(visit))[0]


async def status_of(ctx: Context) -> tuple[AppointmentStatus, str]:

    [visit] = await Appointment.find_all().to_list()
    stored = await visits.get(visit.id)
    return stored.status, stored.appointment_date.isoformat()


class TestTheVisit:
    async def test_it_shows_when_and_where_and_what_can_be_done(self, client: httpx2.AsyncClient, token: str) -> None:
        page = await get(client, f"/manage/{token}")
        assert page.status == 200
        assert "Tuesday, November 24, 2026 at 10:00 AM" in page.text
        assert "1 Willow Street" in page.text
        assert page.hrefs("/manage/") == [f"/manage/{token}?change=time", f"/manage/{token}?change=cancel"]

    async def test_opening_every_link_changes_nothing(
        self, client: httpx2.AsyncClient, ctx: Context, token: str
    ) -> None:
        before = await status_of(ctx)
        seen: set[str] = set()
        waiting = [f"/manage/{token}"]
        while waiting and len(seen) < 40:
            address = waiting.pop()
            seen.add(address)
            waiting += [each for each in (await get(client, address)).hrefs("/manage/") if each not in seen]
        assert len(seen) > 5
        assert await status_of(ctx) == before

    @pytest.mark.parametrize("wrong", ["nobody-has-this-one", "<img src=x onerror=alert(1)>", "a" * 500])
    async def test_a_link_that_is_none_explains_itself_and_shows_a_way_on(
        self, client: httpx2.AsyncClient, open_clinic: None, wrong: str
    ) -> None:
        page = await get(client, f"/manage/{wrong}")
        assert (page.status, "no longer valid" in page.text) == (404, True)
        assert "/book" in page.hrefs()
        assert "<img" not in page.html

    async def test_an_expired_link_as_well(self, client: httpx2.AsyncClient, token: str, clock: Clock) -> None:
        clock.forward(days=3)
        assert (await get(client, f"/manage/{token}")).status == 404
        assert (await post(client, f"/manage/{token}", action="cancel")).status == 404


class TestCancelling:
    async def test_it_asks_first_and_then_does_it_once(
        self, client: httpx2.AsyncClient, ctx: Context, token: str
    ) -> None:
        question = await get(client, f"/manage/{token}?change=cancel")
        assert "Do you want to cancel this visit?" in question.text
        for _ in range(2):
            done = await post(client, f"/manage/{token}", **question.fields())
            assert (done.status, "Your visit is cancelled" in done.text) == (200, True)
        assert (await status_of(ctx))[0] is AppointmentStatus.CANCELLED
        assert (await get(client, f"/manage/{token}")).hrefs("/manage/") == []


class TestMoving:
    async def test_calendar_time_question_done(self, client: httpx2.AsyncClient, ctx: Context, token: str) -> None:
        month = await get(client, f"/manage/{token}?change=time")
        [day] = [href for href in month.hrefs() if "day=2026-11-25" in href]
        times = await get(client, day.removesuffix("#times"))
        [nine] = [href for href in times.hrefs() if "time=2026-11-25T14%3A00" in href]
        question = await get(client, nine)
        assert "Wednesday, November 25, 2026 at 9:00 AM" in question.text
        done = await post(client, f"/manage/{token}", **question.fields())
        assert (done.status, "Your visit was moved" in done.text) == (200, True)
        assert await status_of(ctx) == (AppointmentStatus.BOOKED, "2026-11-25T14:00:00+00:00")

    async def test_a_time_that_was_taken_meanwhile_shows_others(
        self, client: httpx2.AsyncClient, ctx: Context, token: str
    ) -> None:
        await book_visit(ctx, await Clinic.load(), await make_patient(ctx), "2026-11-25 09:00")
        page = await post(client, f"/manage/{token}", action="reschedule", time=WEDNESDAY_NINE)
        assert (page.status, "just been taken" in page.text) == (409, True)
        assert len(page.hrefs(f"/manage/{token}?change=time&time=")) == 5
        assert "Tuesday, November 24, 2026 at 10:00 AM" in page.text

    async def test_a_form_without_a_time_shows_the_visit(self, client: httpx2.AsyncClient, token: str) -> None:
        page = await post(client, f"/manage/{token}", action="reschedule")
        assert (page.status, "Your visit" in page.text) == (200, True)
