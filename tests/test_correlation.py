"""One id from the webhook to the message that answers it: in every line of the log, on every row (issue: follow it)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app.context import Context
from app.database.connection import Database
from app.jobs import inbox, mailbox
from app.jobs.registry import run_job
from app.models.campaigns import Campaign
from app.models.enums import Direction, MessageKind, OutboxState
from app.models.inbox import InboundEvent
from app.models.interactions import Interaction
from app.models.outbox import OutboundMessage
from app.settings import LogFormat, Settings
from tests.api import pushing
from tests.api.apps import RunningApp, serving
from tests.api.signing import signed
from tests.applications import application
from tests.conftest import Clock
from tests.factories import make_clinic
from tests.logs import Log, listening
from tests.mailboxes import connected, reply, written_by_mail
from tests.peers.gmail import ADDRESS, serve_gmail
from tests.peers.google_keys import serve_google_keys
from tests.services import stage

WEBHOOK = "/api/v1/webhooks/incoming-message"


@pytest.fixture
def log(capsys: pytest.CaptureFixture[str]) -> Iterator[Log]:
    with listening(capsys) as heard:
        yield heard


@pytest.fixture
def talkative(settings: Settings) -> Settings:
    return settings.model_copy(update={"log_level": "INFO", "log_format": LogFormat.JSON})


async def post(app: RunningApp, campaign: Campaign, words: str, request_id: str | None) -> Any:
    """A signed message of the campaign's patient, as another provider delivers it."""
    body = {"channel": "email", "thread_id": f"t-{words}", "message_content": words, "from": campaign.channel.address}
    message = signed(app.ctx, body)
    marks = {"X-Request-ID": request_id} if request_id else {}
    answer = await app.http.post(WEBHOOK, content=message.body, headers=message.headers | marks)
    assert answer.status_code == 200, answer.text
    return answer


async def work(ctx: Context) -> None:
    for job in ("inbox", "outbox"):
        await run_job(ctx, job)


async def rows_of(correlation_id: str) -> dict[str, int]:
    where = {"correlation_id": correlation_id}
    return {
        "events": await InboundEvent.find(where).count(),
        "incoming": await Interaction.find(where | {"direction": Direction.INCOMING}).count(),
        "outgoing": await Interaction.find(where | {"direction": Direction.OUTGOING}).count(),
        "messages": await OutboundMessage.find(where).count(),
    }


async def test_one_id_leads_from_the_webhook_to_the_sent_message(
    talkative: Settings, database: Database, clock: Clock, log: Log
) -> None:
    async with serving(talkative, database, now=clock) as app:
        campaign = await stage.written_to(app.ctx)
        log.lines()
        answer = await post(app, campaign, "Yes please, I would like to book a visit.", "hook-0123456789")
        await work(app.ctx)
    assert answer.headers["X-Request-ID"] == "hook-0123456789"
    mine = [line for line in log.lines() if line.get("correlation_id") == "hook-0123456789"]
    assert [line["event"] for line in mine] == [
        "inbox.event_stored",
        "request.answered",
        "outbox.message_frozen",
        "agent.traced",
        "inbox.event_worked",
        "outbox.message_sent",
        "outbox.message_worked",
    ]
    event, row = await InboundEvent.find_one(), await OutboundMessage.find_one({"kind": MessageKind.REPLY})
    assert event is not None
    assert row is not None
    facts = {line["event"]: line for line in mine}
    assert facts["inbox.event_stored"]["event_id"] == facts["inbox.event_worked"]["event_id"] == str(event.id)
    assert facts["outbox.message_frozen"]["outbox_id"] == facts["outbox.message_sent"]["outbox_id"] == str(row.id)
    assert facts["outbox.message_sent"]["external_id"] == row.external_id
    assert (facts["inbox.event_worked"]["result"], facts["outbox.message_worked"]["outcome"]) == ("done", "sent")
    assert facts["request.answered"]["route"] == WEBHOOK
    assert await rows_of("hook-0123456789") == {"events": 1, "incoming": 1, "outgoing": 1, "messages": 1}


async def test_two_that_come_at_once_stay_apart(
    talkative: Settings, database: Database, clock: Clock, log: Log
) -> None:
    async with serving(talkative, database, now=clock) as app:
        anna, bert = await stage.written_to(app.ctx), await stage.written_to(app.ctx)
        await post(app, anna, "Yes please, I would like to book a visit.", "of-anna-1")
        await post(app, bert, "No thank you, I am not interested.", "of-bert-1")
        await work(app.ctx)
    lines = log.lines()
    rows = {row.correlation_id: row for row in await OutboundMessage.find({"kind": MessageKind.REPLY}).to_list()}
    assert {each: row.campaign_id for each, row in rows.items()} == {"of-anna-1": anna.id, "of-bert-1": bert.id}
    told = {line["outbox_id"] for line in lines if line.get("correlation_id") == "of-anna-1" and "outbox_id" in line}
    assert told == {str(rows["of-anna-1"].id)}


async def test_of_two_read_together_each_keeps_its_own_id(
    talkative: Settings, database: Database, clock: Clock, log: Log
) -> None:
    """The answer goes by the id of the message that was worked; the other's row still tells where it came from."""
    async with serving(talkative, database, now=clock) as app:
        campaign = await stage.written_to(app.ctx)
        await post(app, campaign, "Yes please, I would like to book a visit.", "the-first-1")
        clock.forward(seconds=1)
        await post(app, campaign, "In the morning if I may.", "the-second")
        await work(app.ctx)
    assert (await rows_of("the-first-1"))["incoming"] == 1
    assert (await rows_of("the-second"))["incoming"] == 1
    assert sum([(await rows_of(each))["messages"] for each in ("the-first-1", "the-second")]) == 1


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/metrics", 200),
        ("GET", "/health/live", 200),
        ("GET", "/static/nothing.js", 404),
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api/v1/webhooks/gmail", 405),
        ("GET", "/api/v1/admin/patients/65f0c0ffee65f0c0ffee65f0", 401),
        ("POST", WEBHOOK, 401),
        ("GET", "/api/v1/admin/patients/65f0c0ffee65f0c0ffee65f0/", 307),
    ],
)
async def test_every_answer_names_its_request(
    settings: Settings, database: Database, clock: Clock, method: str, path: str, status: int
) -> None:
    async with serving(settings, database, now=clock) as app:
        kept = await app.http.request(method, path, headers={"X-Request-ID": "a-good-name"}, json={})
        chosen = await app.http.request(method, path, json={})
    assert kept.status_code == chosen.status_code == status
    assert kept.headers["X-Request-ID"] == "a-good-name"
    assert len(chosen.headers["X-Request-ID"]) == 16


@pytest.mark.parametrize("given", ["short", "x" * 65, "with blanks in it", "line\tbreak", "<script>alert</script>"])
async def test_an_id_that_is_no_plain_word_is_replaced_and_answered(
    talkative: Settings, database: Database, clock: Clock, log: Log, given: str
) -> None:
    async with serving(talkative, database, now=clock) as app:
        campaign = await stage.written_to(app.ctx)
        answer = await post(app, campaign, "Yes please, book me.", given)
    chosen = answer.headers["X-Request-ID"]
    assert chosen != given
    assert (await rows_of(chosen))["events"] == 1


async def test_a_message_of_a_job_goes_by_the_jobs_run(
    talkative: Settings, database: Database, clock: Clock, log: Log
) -> None:
    async with serving(talkative, database, now=clock) as app:
        await stage.running_campaign(app.ctx)
        await run_job(app.ctx, "due-scan")
        await run_job(app.ctx, "outbox")
    row = await OutboundMessage.find_one()
    assert row is not None
    assert row.correlation_id.startswith("job-due-scan-")
    mine = [line["event"] for line in log.lines() if line.get("correlation_id") == row.correlation_id]
    assert mine == ["outbox.message_frozen", "agent.traced", "outbox.message_sent", "outbox.message_worked"]


async def test_a_row_that_is_older_than_ids_goes_by_the_outboxs_own_run(
    talkative: Settings, database: Database, clock: Clock, log: Log
) -> None:
    async with serving(talkative, database, now=clock) as app:
        await stage.running_campaign(app.ctx)
        await run_job(app.ctx, "due-scan")
        await OutboundMessage.collection().update_many({}, {"$unset": {"correlation_id": ""}})
        await run_job(app.ctx, "outbox")
    [line] = [line for line in log.lines() if line["event"] == "outbox.message_sent"]
    assert line["correlation_id"].startswith("job-outbox-")


async def test_mail_that_a_push_led_to_goes_by_the_pushs_id(
    settings: Settings, database: Database, clock: Clock, tmp_path: Path
) -> None:
    with serve_gmail() as gmail, serve_google_keys() as keys:
        ctx = connected(pushing.push_settings(settings, keys), database, clock, gmail, tmp_path)
        await make_clinic()
        await mailbox.poll(ctx)
        _, row = await written_by_mail(ctx)
        gmail.deliver(reply(row, "Yes please, I would like to book a visit."))
        marks = pushing.authorization(keys, ctx) | {"X-Request-ID": "of-the-push-1"}
        body = pushing.push(data=pushing.encoded({"emailAddress": ADDRESS, "historyId": 9999999999}))
        with application(ctx) as app:
            transport = httpx2.ASGITransport(app=app)
            async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as http:
                assert (await http.post(pushing.URL, headers=marks, json=body)).status_code == 200
        while any((await inbox.drain(ctx)).values()):
            pass
        await run_job(ctx, "outbox")
    sent = await OutboundMessage.find({"correlation_id": "of-the-push-1", "state": OutboxState.SENT}).to_list()
    assert len(sent) == 1
    assert await rows_of("of-the-push-1") == {"events": 2, "incoming": 1, "outgoing": 1, "messages": 1}
