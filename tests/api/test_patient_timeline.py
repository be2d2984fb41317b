"""The timeline: everything in one list, newest first, in pages of bounded work (api.md section 4)."""

from datetime import timedelta
from typing import Any

import pytest
from beanie.odm.utils.dump import get_dict
from bson import ObjectId

from app.models.base import Raw
from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, Role
from app.models.interactions import Interaction
from app.models.records import AuditEntry, Decision
from app.services import timelines
from tests.api.conftest import House
from tests.api.shapes import HEX_ID, INSTANT, Maybe, accepted, refused
from tests.conftest import Clock
from tests.factories import make_patient, make_recovery, make_user
from tests.services import stage

UNKNOWN_ID = "0" * 24
ROW = {"kind": str, "at": INSTANT, "id": HEX_ID, "summary": str, "by": Maybe(str)}
PAGE = {"patient_id": HEX_ID, "timeline": [ROW], "next_cursor": Maybe(str)}


async def page_of(house: House, patient_id: Any, **query: Any) -> dict[str, Any]:
    body: dict[str, Any] = accepted(await house.get(f"patients/{patient_id}/timeline", **query), 200, PAGE)
    return body


async def rows_of(house: House, patient_id: Any, *, limit: int = 100) -> list[dict[str, Any]]:
    """Every row, page by page."""
    rows, cursor = [], None
    while True:
        body = await page_of(house, patient_id, limit=limit, **({"cursor": cursor} if cursor else {}))
        rows += body["timeline"]
        cursor = body["next_cursor"]
        if cursor is None:
            return rows


async def lived(house: House, clock: Clock) -> Campaign:
    """A campaign that wrote, was answered, and led to a visit; the record was changed in between."""
    campaign = await stage.written_to(house.ctx, email="dora@example.com")
    clock.forward(hours=1)
    await stage.answered_with(house.ctx, campaign, "Yes please, I would like to come in.")
    clock.forward(hours=1)
    await house.http.patch(
        f"/api/v1/admin/patients/{campaign.patient_id}",
        json={"phone": "+12025550171", "notes": "x", "add_opt_outs": ["whatsapp"]},
        headers=house.staff,
    )
    clock.forward(hours=1)
    await house.desk(email="dora@example.com", phone=None)
    return campaign


class TestRows:
    async def test_everything_is_there_once_and_newest_first(self, house: House, clock: Clock) -> None:
        campaign = await lived(house, clock)
        rows = await rows_of(house, campaign.patient_id)
        assert {row["kind"] for row in rows} == {"campaign", "message", "appointment", "change", "decision"}
        moments = [row["at"] for row in rows]
        assert moments == sorted(moments, reverse=True)
        told = [(row["kind"], row["summary"], row["by"]) for row in rows]
        assert len(set(told)) == len(told)
        name = house.admin.name
        assert ("message", "From the patient by e-mail: Yes please, I would like to come in.", "the patient") in told
        assert ("change", "Record changed: notes, phone", name) in told
        assert ("change", "Messages stopped: whatsapp", name) in told
        assert (
            "change",
            "Recall campaign ATTEMPTING_RECOVERY -> RE_ENGAGED: the patient replied",
            "the assistant",
        ) in told
        assert ("change", "Recall campaign RE_ENGAGED -> BOOKING_INITIATED: the patient booked", name) in told
        assert ("campaign", "Recall campaign by e-mail, now BOOKING_INITIATED", None) in told
        assert ("decision", "Queued: No rule stands against writing now.", "the system") in told
        assert ("appointment", "Checkup, booked", None) in told
        written = await Interaction.find({"patient_id": campaign.patient_id}).count()
        assert sum(row["kind"] == "message" for row in rows) == written >= 2

    async def test_who_merely_looked_is_not_told(self, house: House) -> None:
        patient = await make_patient(house.ctx)
        for path in ("", "/timeline", "/why"):
            await house.get(f"patients/{patient.id}{path}")
        await house.get("patients")
        assert [row["summary"] for row in await rows_of(house, patient.id)] == ["Record created"]
        assert await AuditEntry.find({"patient_ids": patient.id}).count() >= 5

    async def test_nobody_elses_rows(self, house: House, clock: Clock) -> None:
        await lived(house, clock)
        other = await make_patient(house.ctx)
        assert [row["summary"] for row in await rows_of(house, other.id)] == ["Record created"]

    async def test_staff_who_left_and_staff_who_stay(self, house: House) -> None:
        patient = await make_patient(house.ctx)
        colleague = await make_user(house.ctx, Role.MANAGER, name="Mo Manager")
        for actor in (f"user:{colleague.id}", f"user:{UNKNOWN_ID}", "user:nonsense", "agent", "stranger"):
            await AuditEntry(
                actor=actor,
                action="patient.updated",
                document_type="patient",
                document_id=str(patient.id),
                patient_ids=[patient.id],
                at=house.ctx.now(),
                details={"fields": ["notes"]},
            ).insert()
        told = {row["by"] for row in await rows_of(house, patient.id)}
        assert told == {"Mo Manager", "a former member of staff", "the assistant", "a visitor", "the system"}

    async def test_a_long_hostile_message_is_shortened_and_stays_text(self, house: House) -> None:
        campaign = await stage.written_to(house.ctx)
        await stage.answered_with(house.ctx, campaign, "<script>alert(1)</script>\n\n" + "x" * 3_000)
        answer = await house.get(f"patients/{campaign.patient_id}/timeline")
        summaries = [row["summary"] for row in accepted(answer, 200, PAGE)["timeline"]]
        [said] = [summary for summary in summaries if summary.startswith("From the patient")]
        assert "<script>alert(1)</script> xxx" in said
        assert len(said) < 200
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


class TestPages:
    @pytest.mark.parametrize("limit", [1, 2, 3, 7])
    async def test_pages_of_any_length_tell_the_same(self, house: House, clock: Clock, limit: int) -> None:
        campaign = await lived(house, clock)
        whole = await rows_of(house, campaign.patient_id)
        assert await rows_of(house, campaign.patient_id, limit=limit) == whole

    async def test_many_rows_of_one_instant(self, house: House) -> None:
        """Ties of every kind, over page edges: nothing twice, nothing lost."""
        campaign = await stage.running_campaign(house.ctx)
        now, patient_id = house.ctx.now(), campaign.patient_id
        moves = [
            {"event": "human_needed", "source": "RE_ENGAGED", "target": "HANDOFF_REQUIRED", "at": now, "by": "agent"}
        ]
        await stage.set_raw(campaign, status_changes=moves * 7)
        for number in range(7):
            shown = {"direction": "incoming", "author": "patient", "content": f"m{number}", "timestamp": now}
            about = {"campaign_id": campaign.id, "patient_id": patient_id, "channel": "email"}
            await Interaction(**shown, **about).insert()
            await Decision(patient_id=patient_id, outcome="refused", rule="opted_out", at=now).insert()
        rows = await rows_of(house, patient_id, limit=3)
        kinds = [row["kind"] for row in rows]
        assert {kind: kinds.count(kind) for kind in kinds} == {"decision": 7, "change": 8, "message": 7, "campaign": 1}
        assert len({row["summary"] for row in rows if row["kind"] == "message"}) == 7

    async def test_what_arrives_meanwhile_moves_no_page(self, house: House, clock: Clock) -> None:
        campaign = await lived(house, clock)
        whole = await rows_of(house, campaign.patient_id)
        first = await page_of(house, campaign.patient_id, limit=4)
        clock.forward(days=3)
        await Decision(patient_id=campaign.patient_id, outcome="refused", rule="opted_out", at=clock()).insert()
        second = await page_of(house, campaign.patient_id, limit=4, cursor=first["next_cursor"])
        assert first["timeline"] + second["timeline"] == whole[:8]

    @pytest.mark.parametrize("cursor", ["x", "MS4x", "MS45OS42NTY1ZjFhMmIzYzRkNWU2ZjdhOGI5YzAuMA", "é", "===="])
    async def test_a_cursor_we_did_not_make(self, house: House, cursor: str) -> None:
        patient = await make_patient(house.ctx)
        refused(await house.get(f"patients/{patient.id}/timeline", cursor=cursor), 422, "VALIDATION_ERROR")

    @pytest.mark.parametrize("limit", [0, 101, 10**18, "all"])
    async def test_limits(self, house: House, limit: Any) -> None:
        patient = await make_patient(house.ctx)
        refused(await house.get(f"patients/{patient.id}/timeline", limit=limit), 422, "VALIDATION_ERROR")

    async def test_an_unknown_patient(self, house: House) -> None:
        refused(await house.get(f"patients/{UNKNOWN_ID}/timeline"), 404, "NOT_FOUND")

    async def test_the_patient_itself_brings_the_newest_fifty(self, house: House) -> None:
        patient = await make_patient(house.ctx)
        rows = [
            Decision(patient_id=patient.id, outcome="refused", rule="opted_out", at=house.ctx.now()) for _ in range(60)
        ]
        await Decision.insert_many(rows)
        body = (await house.get(f"patients/{patient.id}")).json()
        assert len(body["timeline"]) == 50
        assert body["timeline"] == (await page_of(house, patient.id))["timeline"]


class TestWork:
    async def test_a_page_of_a_long_life_reads_a_pageful(self, house: House, clock: Clock) -> None:
        """Thousands of messages, decisions and reads of the record; each source examines little more than it gives."""
        campaign = await make_recovery(house.ctx)
        await stage.set_raw(campaign, status=CampaignStatus.RE_ENGAGED)
        patient_id, start = campaign.patient_id, clock()
        messages: list[Raw] = []
        reads: list[Raw] = []
        decisions: list[Raw] = []
        for number in range(3_000):
            at = start + timedelta(minutes=number)
            about = {"campaign_id": campaign.id, "patient_id": patient_id, "channel": "email", "author": "patient"}
            what = {"direction": "incoming", "content": "hello", "timestamp": at, "arrival": ObjectId()}
            messages.append(about | what)
            looked = {"actor": "system", "action": "patient.read", "document_type": "patient", "document_id": ""}
            reads.append(get_dict(AuditEntry(**looked, patient_ids=[patient_id], at=at), to_db=True))
            decisions.append(
                {"patient_id": patient_id, "outcome": "refused", "rule": "opted_out", "inputs": {}, "at": at}
            )
        await Interaction.collection().insert_many(messages)
        await AuditEntry.collection().insert_many(reads)
        await Decision.collection().insert_many(decisions)
        place = await timelines.of_patient(patient_id, limit=50)
        for cursor in (None, place.next_cursor):
            for name in ("interactions", "audit_log", "decisions"):
                [plan] = await stage.profiled(
                    house.ctx,
                    lambda at=cursor: timelines.of_patient(patient_id, limit=50, cursor=at),  # type: ignore[misc]
                    op="query",
                    ns=name,
                )
                assert plan["docsExamined"] <= 60, (name, plan["planSummary"])
                assert not plan.get("hasSortStage"), (name, plan["planSummary"])
