"""Insight: every figure with what it is made of, the same in the page and in its CSV."""

import csv
import io
from datetime import timedelta

import httpx2
import pytest

from app.context import Context
from app.jobs import outbox
from app.models.enums import Intent, Role, Sentiment
from app.models.interactions import AiAnalysis, Interaction
from app.services import conversations, insight
from app.web.staff.csv_text import as_csv
from tests.conftest import Clock
from tests.factories import make_recovery
from tests.services import stage
from tests.web.staff.conftest import Seat, Seated

pytestmark = pytest.mark.usefixtures("open_clinic")
NAMES = ("funnel", "months", "rates", "replies", "handoffs", "channels")


async def rows_of(somebody: Seat, name: str) -> list[list[str]]:
    answer = await somebody.get(f"/insight/{name}.csv")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="chairside-{name}.csv"'
    return list(csv.reader(io.StringIO(answer.text)))


@pytest.mark.parametrize("role", Role)
async def test_every_role_reads_it_also_when_there_is_nothing_yet(seat: Seated, role: Role) -> None:
    somebody = await seat(role)
    page = (await somebody.get("/insight")).text
    assert "0 of 0 that ended" in page
    for name in NAMES:
        assert f"/staff/insight/{name}.csv" in page
        assert len(await rows_of(somebody, name)) >= 1


async def test_a_table_that_does_not_exist(seat: Seated) -> None:
    assert (await (await seat()).get("/insight/patients.csv")).status_code == 404


async def test_nobody_unknown_downloads_a_table(stranger: httpx2.AsyncClient) -> None:
    answer = await stranger.get("/staff/insight/funnel.csv")
    assert answer.status_code == 303


async def test_replies_are_counted_by_intent_within_the_period(ctx: Context, seat: Seated, clock: Clock) -> None:
    campaign = await stage.answered_with(ctx, await make_recovery(ctx), "hello")
    [said] = await Interaction.find({"campaign_id": campaign.id, "direction": "incoming"}).to_list()
    await said.set({"ai_analysis": AiAnalysis(intent=Intent.QUESTION, sentiment=Sentiment.NEUTRAL).model_dump()})
    somebody = await seat()
    await insight.refresh(ctx)
    assert ["Asks a question", "1"] in await rows_of(somebody, "replies")
    clock.forward(days=91)
    await insight.refresh(ctx)
    assert await rows_of(await seat(), "replies") == [["Intent", "Messages"]]


async def test_how_long_handoffs_waited(ctx: Context, seat: Seated) -> None:
    for minutes in (10, 20, 90):
        campaign = await make_recovery(ctx)
        details = {
            "reason": "x",
            "priority": "normal",
            "created_at": ctx.now() - timedelta(minutes=minutes),
            "resolved_at": ctx.now(),
        }
        await campaign.set({"handoff_details": details})
    [_, row] = await rows_of(await seat(), "handoffs")
    assert row == ["Normal", "3", "20", "76"]


async def test_what_became_of_the_messages(ctx: Context, seat: Seated) -> None:
    campaign = await make_recovery(ctx)
    await conversations.respond(ctx, campaign.id, text="Hello.", new_status=None, actor="user:x", key="1")
    await outbox.drain(ctx)
    rows = await rows_of(await seat(), "channels")
    email = dict(zip(rows[0], rows[1], strict=True))
    assert (email["Channel"], email["Now"]) == ("E-mail", "Working")
    assert (email["Sent"], email["Failed"], email["Waiting"]) == ("1", "0", "0")


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_a_formula_is_disarmed(cell: str) -> None:
    assert bytes(as_csv("x", [(cell, -1)]).body).decode() == f'"\'{cell}","-1"\r\n'
