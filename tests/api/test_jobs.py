"""Jobs: when they ran, running one now, draining everything (api.md section 4)."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from app.database.connection import Database
from app.jobs import registry
from app.jobs.registry import DAILY, DUE_SCAN, INBOX, OUTBOX
from app.models.campaigns import Campaign
from app.models.enums import ChannelType
from app.models.outbox import OutboundMessage
from app.models.records import AuditEntry
from app.services import availability
from app.settings import ChannelChoice, Settings
from tests.api.apps import serving
from tests.api.conftest import House
from tests.api.shapes import DAY, HEX_ID, INSTANT, Maybe, accepted, refused
from tests.conftest import Clock
from tests.factories import make_due_patient, make_recovery

JOB = {
    "name": str,
    "last_run_at": Maybe(INSTANT),
    "last_result": Maybe(dict),
    "next_run_at": Maybe(INSTANT),
    "running_since": Maybe(INSTANT),
    "last_error": Maybe(str),
    "last_duration_ms": Maybe(int),
    "last_looked_at": Maybe(INSTANT),
}
LIST = {"jobs": [JOB]}
RUN = {
    "run_id": HEX_ID,
    "started_at": INSTANT,
    "finished_at": INSTANT,
    "by": str,
    "dry_run": bool,
    "counts": dict,
    "error": Maybe(str),
}
RUNS = {"pagination": {"total_items": int, "total_pages": int, "current_page": int}, "runs": [RUN]}
DRAINED = {INBOX: dict, DUE_SCAN: dict, OUTBOX: dict}


async def jobs(house: House) -> dict[str, dict[str, Any]]:
    body = accepted(await house.get("jobs"), 200, LIST)
    return {job["name"]: job for job in body["jobs"]}


async def run(house: House, name: str, body: Any = None) -> Any:
    return await house.post(f"jobs/{name}/run", body)


class TestList:
    async def test_the_jobs_of_the_contract_before_any_ran(self, house: House) -> None:
        listed = await jobs(house)
        assert {DAILY, DUE_SCAN, INBOX, OUTBOX} <= set(listed)
        assert all(job["last_run_at"] is None and job["last_result"] is None for job in listed.values())

    async def test_the_daily_job_runs_next_at_nine_on_the_clinics_clock(self, house: House) -> None:
        assert (await jobs(house))[DAILY]["next_run_at"] == "2026-11-24T14:00:00.000Z"

    async def test_what_the_last_run_did(self, house: House) -> None:
        await make_due_patient(house.ctx)
        counts = (await run(house, DAILY)).json()
        daily = (await jobs(house))[DAILY]
        assert daily["last_run_at"] == "2026-11-23T15:00:00.000Z"
        assert daily["last_result"] == counts


class TestRun:
    async def test_the_daily_job_answers_its_counts_when_it_is_done(self, house: House) -> None:
        patient = await make_due_patient(house.ctx)
        body = accepted(await run(house, DAILY), 200, {"due": 1, "created": 1, "repeated": 0, "refused": 0})
        assert body["attempts"] == {"attempt_queued": 1}
        assert await Campaign.active_of(patient.id) is not None

    async def test_a_second_run_opens_nothing(self, house: House) -> None:
        await make_due_patient(house.ctx)
        for created in (1, 0):
            accepted(await run(house, DAILY), 200, {"created": created})
        assert await Campaign.find_all().count() == 1

    async def test_a_dry_run_says_who_and_does_nothing(self, house: House) -> None:
        patient = await make_due_patient(house.ctx)
        preview = {
            "patient_id": HEX_ID,
            "patient_name": str,
            "campaign_type": "RECALL",
            "channel": "email",
            "due_date": DAY,
            "reason": "all_rules_passed",
            "sentence": str,
        }
        body = accepted(await run(house, DAILY, {"dry_run": True}), 200, {"due": 1, "would_contact": [preview]})
        assert [row["patient_id"] for row in body["would_contact"]] == [str(patient.id)]
        assert await Campaign.find_all().count() == 0
        assert (await jobs(house))[DAILY]["last_run_at"] is None

    async def test_a_dry_run_of_every_kind_changes_nothing_but_what_says_who_looked(self, house: House) -> None:
        await make_due_patient(house.ctx)
        await make_due_patient(house.ctx, email=None)
        await make_recovery(house.ctx)
        before = await everything(house)
        for name in (DAILY, DUE_SCAN):
            accepted(await run(house, name, {"dry_run": True}), 200, {"would_contact": list, "reasons": dict})
        after = await everything(house)
        looked = {"audit_log", "past_job_runs"}
        assert {name for name in after if after[name] != before.get(name, [])} == looked
        assert [entry["action"] for entry in after["audit_log"] if entry not in before["audit_log"]] == [
            "job.previewed"
        ] * 2

    async def test_a_second_click_while_it_runs(self, house: House) -> None:
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def stand(step: str) -> None:
            if step == "launch.page_read":
                begun.set()
                await go_on.wait()

        await make_due_patient(house.ctx)
        slow = replace(house.ctx, pause=stand)
        first = asyncio.create_task(registry.run_by_hand(slow, DAILY, dry_run=False, by=f"user:{house.admin.id}"))
        await asyncio.wait_for(begun.wait(), timeout=20)
        assert (await jobs(house))[DAILY]["running_since"] == "2026-11-23T15:00:00.000Z"
        refused(await run(house, DAILY), 409, "JOB_RUNNING")
        accepted(await run(house, DAILY, {"dry_run": True}), 200, {"would_contact": list})
        accepted(await run(house, DUE_SCAN), 200, {})
        go_on.set()
        assert (await first)["created"] == 1
        assert (await jobs(house))[DAILY]["running_since"] is None
        assert (await run(house, DAILY)).status_code == 200

    async def test_clicks_at_once_open_each_campaign_once(self, house: House) -> None:
        for _ in range(5):
            await make_due_patient(house.ctx)
        answers = await asyncio.gather(*(run(house, DAILY) for _ in range(6)))
        assert {answer.status_code for answer in answers} <= {200, 409}
        assert sum(answer.json().get("created", 0) for answer in answers) == 5

    async def test_who_ran_it_is_audited_with_the_counts(self, house: House) -> None:
        await run(house, OUTBOX)
        [entry] = await AuditEntry.find({"action": "job.run"}).to_list()
        assert (entry.actor, entry.document_id) == (f"user:{house.admin.id}", OUTBOX)
        assert entry.details["counts"] == {"sent": 0, "withheld": 0, "retried": 0, "failed": 0, "unknown": 0}

    async def test_a_run_that_fails_says_nothing_of_why_and_is_kept(self, house: House) -> None:
        async def fail(_: str) -> None:
            raise RuntimeError("Canary Bird")

        await make_due_patient(house.ctx)
        house.http._transport.app.state.context = replace(house.ctx, pause=fail)  # type: ignore[attr-defined]  # ours
        body = refused(await run(house, DAILY), 500, "INTERNAL_ERROR")
        assert "Canary" not in str(body)
        [row] = accepted(await house.get(f"jobs/{DAILY}/runs"), 200, RUNS)["runs"]
        assert row["error"] == "RuntimeError"
        daily = (await jobs(house))[DAILY]
        assert (daily["last_error"], daily["running_since"]) == ("RuntimeError", None)
        assert (await AuditEntry.find({"action": "job.run"}).to_list())[0].details["error"] == "RuntimeError"

    @pytest.mark.parametrize("name", [DUE_SCAN, INBOX, OUTBOX])
    async def test_every_other_job_with_nothing_to_do(self, house: House, name: str) -> None:
        answer = await run(house, name)
        assert answer.status_code == 200, answer.text
        assert not any(answer.json().values())

    @pytest.mark.parametrize("name", ["daily", "DAILY-OUTREACH", "..%2Fdrain", "$ne", "%00"])
    async def test_an_unknown_job(self, house: House, name: str) -> None:
        refused(await run(house, name), 404, "NOT_FOUND")

    @pytest.mark.parametrize("body", [{"dry_run": "perhaps"}, {"force": True}, []])
    async def test_fields_that_are_not_valid(self, house: House, body: Any) -> None:
        refused(await run(house, DAILY, body), 422, "VALIDATION_ERROR")


class TestRuns:
    async def test_no_run_yet(self, house: House) -> None:
        assert accepted(await house.get(f"jobs/{DAILY}/runs"), 200, RUNS)["runs"] == []

    async def test_the_newest_first_by_whom_and_what_came_of_it(self, house: House, clock: Clock) -> None:
        await make_due_patient(house.ctx)
        for body in ({"dry_run": True}, {}, {}):
            clock.forward(minutes=1)
            await run(house, DAILY, body)
        rows = accepted(await house.get(f"jobs/{DAILY}/runs"), 200, RUNS)["runs"]
        assert [(row["dry_run"], row["counts"]["due"]) for row in rows] == [(False, 0), (False, 1), (True, 1)]
        assert {row["by"] for row in rows} == {f"user:{house.admin.id}"}
        page = accepted(await house.get(f"jobs/{DAILY}/runs", limit=2, page=2), 200, RUNS)
        assert [row["run_id"] for row in page["runs"]] == [rows[2]["run_id"]]
        assert page["pagination"]["total_items"] == 3

    async def test_another_jobs_runs_are_not_in_it(self, house: House) -> None:
        await run(house, OUTBOX)
        assert (await house.get(f"jobs/{INBOX}/runs")).json()["runs"] == []

    @pytest.mark.parametrize("name", ["unknown", "$ne", "drain", "x" * 64])
    async def test_an_unknown_job(self, house: House, name: str) -> None:
        refused(await house.get(f"jobs/{name}/runs"), 404, "NOT_FOUND")

    @pytest.mark.parametrize("params", [{"page": 0}, {"limit": 101}, {"page": "x"}])
    async def test_pages_that_are_none(self, house: House, params: dict[str, Any]) -> None:
        refused(await house.get(f"jobs/{DAILY}/runs", **params), 422, "VALIDATION_ERROR")


class TestDrain:
    async def _sent_to(self, house: House, campaign: Campaign) -> int:
        query = {"to": campaign.channel.address}
        return len((await house.http.get("/api/v1/sandbox/messages", params=query)).json()["messages"])

    async def test_an_empty_clinic(self, house: House) -> None:
        body = accepted(await house.post("jobs/drain"), 200, DRAINED)
        assert body == {INBOX: {}, DUE_SCAN: {}, OUTBOX: {}}

    async def test_works_until_nothing_is_due(self, house: House) -> None:
        campaign = await make_recovery(house.ctx)
        body = accepted(await house.post("jobs/drain"), 200, DRAINED)
        assert (body[DUE_SCAN], body[OUTBOX]["sent"]) == ({"attempt_queued": 1}, 1)
        assert await self._sent_to(house, campaign) == 1
        again = accepted(await house.post("jobs/drain", {}), 200, DRAINED)
        assert again == {INBOX: {}, DUE_SCAN: {}, OUTBOX: {}}

    async def test_the_sending_window_holds_unless_it_is_ignored(self, house: House, clock: Clock) -> None:
        clock.instant = clock.instant.replace(hour=13, minute=30)  # 08:30 in New York
        campaign = await make_recovery(house.ctx)
        await house.post("jobs/drain", {"ignore_window": False})
        assert await self._sent_to(house, campaign) == 0
        await house.post("jobs/drain", {"ignore_window": True})
        assert await self._sent_to(house, campaign) == 1

    async def test_a_patients_message_is_read_and_answered(self, house: House) -> None:
        campaign = await make_recovery(house.ctx)
        await house.post("jobs/drain")
        message = {"from": campaign.channel.address, "body": "Yes, I would like to book an appointment please"}
        await house.http.post("/api/v1/sandbox/messages", json=message)
        body = accepted(await house.post("jobs/drain"), 200, DRAINED)
        assert (body[INBOX]["done"], body[OUTBOX]["sent"]) == (1, 1)
        details = (await house.get(f"campaigns/{campaign.id}")).json()["campaign_details"]
        assert (details["status"], details["booking_funnel"]["status"]) == ("RE_ENGAGED", "FORM_SENT")

    async def test_the_link_that_was_sent_books(self, house: House) -> None:
        campaign = await make_recovery(house.ctx)
        await house.post("jobs/drain")
        message = {"from": campaign.channel.address, "body": "Yes, I would like to book an appointment please"}
        await house.http.post("/api/v1/sandbox/messages", json=message)
        await house.post("jobs/drain")
        sent = await OutboundMessage.find({"kind": "reply"}).to_list()
        token = sent[0].body.split("/book?t=")[1].split()[0]
        month = await availability.month(
            house.ctx, year=2026, month_number=11, service_name="checkup", provider_id=None
        )
        day, times = next(iter(month.items()))
        assert (await house.book(at=f"{day}T{times[0]}", token=token)).status_code == 200

    async def test_a_message_for_a_channel_that_is_not_connected_fails(
        self, house: House, settings: Settings, database: Database, clock: Clock
    ) -> None:
        await make_recovery(house.ctx, patient_phone="+12025550177", preferred_channel=[ChannelType.WHATSAPP])
        without = settings.model_copy(update={"channel_whatsapp": ChannelChoice.NONE})
        async with serving(without, database, now=clock) as app:
            answer = await app.http.post("/api/v1/admin/jobs/drain", headers=house.staff)
        counts = accepted(answer, 200, DRAINED)[OUTBOX]
        assert (counts["sent"], counts["failed"]) == (0, 1)

    @pytest.mark.parametrize("body", [{"ignore_window": "sometimes"}, {"until": "done"}])
    async def test_fields_that_are_not_valid(self, house: House, body: Any) -> None:
        refused(await house.post("jobs/drain", body), 422, "VALIDATION_ERROR")


async def everything(house: House) -> dict[str, list[Any]]:
    """Every stored document of every collection."""
    handle = house.ctx.database.handle
    return {name: await handle[name].find({}).to_list() for name in sorted(await handle.list_collection_names())}
