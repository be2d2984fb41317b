"""/unsubscribe: one click, no sign-in, for ever; opening it changes nothing (RFC 8058, trust.md 4.5)."""

from typing import Any

import httpx2
import pytest

from app.context import Context
from app.jobs import outbox
from app.models.enums import OutboxState
from app.models.outbox import OutboundMessage
from app.models.sandbox import SandboxMessage
from app.services import patients
from tests.conftest import Clock
from tests.services import stage
from tests.web.reading import get, post

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
PHONE = "+12025550171"


@pytest.fixture
async def mail(ctx: Context) -> SandboxMessage:
    """The first mail of a campaign, as the patient has it."""
    await stage.written_to(
        stage.speaking(ctx), email="maria@example.com", phone=PHONE, preferred_channel=["email", "sms"]
    )
    found = await SandboxMessage.find_one({"is_sent": True})
    assert found is not None
    return found


def path_of(mail: SandboxMessage) -> str:
    """The path of the mail's own link."""
    url = mail.headers["List-Unsubscribe"].strip("<>")
    return "/unsubscribe/" + url.rpartition("/")[2]


async def stops() -> list[str]:
    row = await OutboundMessage.find({}).first_or_none()
    assert row is not None
    return [str(stop.channel) for stop in (await patients.get(row.patient_id)).opt_outs]


class TestTheMail:
    async def test_it_carries_the_link_for_programs_and_for_people(self, mail: SandboxMessage) -> None:
        assert mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert path_of(mail) in mail.body

    async def test_two_mails_have_two_links_that_do_the_same(self, ctx: Context, mail: SandboxMessage) -> None:
        row = await stage.only_row()
        assert row.unsubscribe_url is not None
        assert path_of(mail) in row.unsubscribe_url


class TestOneClick:
    async def test_it_stops_the_channel_at_once(self, client: httpx2.AsyncClient, mail: SandboxMessage) -> None:
        answer = await client.post(path_of(mail), data=ONE_CLICK)
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
        assert await stops() == ["email"]

    @pytest.mark.parametrize("fields", [{}, {"action": "nonsense"}, {"List-Unsubscribe": "x" * 1_000}])
    async def test_whatever_the_body_says(
        self, client: httpx2.AsyncClient, mail: SandboxMessage, fields: dict[str, str]
    ) -> None:
        assert (await client.post(path_of(mail), data=fields)).status_code == 200
        assert await stops() == ["email"]

    async def test_a_second_click_changes_nothing(self, client: httpx2.AsyncClient, mail: SandboxMessage) -> None:
        for _ in range(2):
            assert (await client.post(path_of(mail), data=ONE_CLICK)).status_code == 200
        assert await stops() == ["email"]

    async def test_an_unknown_link_is_answered_alike(self, client: httpx2.AsyncClient, mail: SandboxMessage) -> None:
        assert (await client.post("/unsubscribe/nobody-has-this-one", data=ONE_CLICK)).status_code == 200
        assert await stops() == []

    async def test_it_works_years_later(self, client: httpx2.AsyncClient, mail: SandboxMessage, clock: Clock) -> None:
        clock.forward(days=4_000)
        await client.post(path_of(mail), data=ONE_CLICK)
        assert await stops() == ["email"]

    async def test_what_waits_is_withdrawn(
        self, ctx: Context, client: httpx2.AsyncClient, mail: SandboxMessage
    ) -> None:
        sent = await stage.only_row()
        campaign = await stage.campaign_of(sent.patient_id)
        from_staff = await stage.add_row(ctx, campaign, kind=sent.kind, attempt=2)
        await client.post(path_of(mail), data=ONE_CLICK)
        await outbox.drain(ctx)
        assert (await stage.only_row(key=from_staff.key)).state is OutboxState.CANCELLED


class TestThePage:
    async def test_opening_it_changes_nothing(self, client: httpx2.AsyncClient, mail: SandboxMessage) -> None:
        page = await get(client, path_of(mail))
        assert page.status == 200
        assert await stops() == []

    async def test_it_hints_at_the_address_and_names_nobody(
        self, client: httpx2.AsyncClient, mail: SandboxMessage
    ) -> None:
        page = await get(client, path_of(mail))
        assert "m…@example.com" in page.text
        assert "maria@" not in page.html

    async def test_everything_can_be_stopped_and_the_channel_taken_back(
        self, client: httpx2.AsyncClient, mail: SandboxMessage
    ) -> None:
        stopped = await post(client, path_of(mail), action="stop_all")
        assert "no messages of any kind" in stopped.text
        assert await stops() == ["all"]
        back = await post(client, path_of(mail), action="take_back")
        assert "You will hear from us again" in back.text
        assert sorted(await stops()) == ["sms", "whatsapp"]

    async def test_an_unknown_link_explains_itself(self, client: httpx2.AsyncClient, open_clinic: Any) -> None:
        page = await get(client, "/unsubscribe/<img src=x onerror=alert(1)>")
        assert page.status == 404
        unknown = await get(client, "/unsubscribe/nobody-has-this-one")
        assert (unknown.status, "Answer STOP" in unknown.text) == (404, True)


class TestByProgram:
    async def test_seeing_changes_nothing_and_posting_stops(
        self, client: httpx2.AsyncClient, mail: SandboxMessage
    ) -> None:
        path = f"/api/v1{path_of(mail)}"
        seen = (await client.get(path)).json()
        assert seen == {
            "channel": "email",
            "address_hint": "m…@example.com",
            "is_stopped": False,
            "everything_is_stopped": False,
        }
        assert (await client.post(path, data=ONE_CLICK)).status_code == 200
        assert await stops() == ["email"]

    async def test_an_unknown_link_is_404_to_see_and_200_to_stop(self, client: httpx2.AsyncClient) -> None:
        path = "/api/v1/unsubscribe/nobody-has-this-one"
        assert (await client.get(path)).status_code == 404
        assert (await client.post(path)).status_code == 200
