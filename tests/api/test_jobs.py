"""Jobs: when they ran, running one now, draining everything (api.md section 4)."""

from typing import Any

import pytest

from app.database.connection import Database
from app.jobs.registry import DAILY, DUE_SCAN, INBOX, OUTBOX
from app.models.campaigns import Campaign
from app.models.enums import ChannelType
from app.models.outbox import OutboundMessage
from app.services import availability
from app.settings import ChannelChoice, Settings
from tests.api.apps import serving
from tests.api.conftest import House
from tests.api.shapes import DAY, HEX_ID, INSTANT, Maybe, accepted, refused
from tests.conftest import Clock
from tests.factories import make_due_patient, make_recovery

LIST = {
    "jobs": [{"name": str, "last_run_at": Maybe(INSTANT), "last_result": Maybe(dict), "next_run_at": Maybe(INSTANT)}]
}
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
        }
        body = accepted(await run(house, DAILY, {"dry_run": True}), 200, {"due": 1, "would_contact": [preview]})
        assert [row["patient_id"] for row in body["would_contact"]] == [str(patient.id)]
        assert await Campaign.find_all().count() == 0
        assert (await jobs(house))[DAILY]["last_run_at"] is None

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
