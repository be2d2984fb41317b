"""Handoffs over HTTP: who waits, who takes it, who is told that a colleague has it, what a second click does."""

import asyncio
from datetime import datetime
from typing import Any

import pytest

from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, Role
from app.models.records import AuditEntry
from app.models.users import User
from tests.api.conftest import House
from tests.api.shapes import HEX_ID, INSTANT, Maybe, accepted, refused
from tests.factories import force_status, make_patient, make_recovery, make_user, token_for
from tests.services import stage

S = CampaignStatus
UNKNOWN_ID = "0" * 24
ROW = {
    "campaign_id": HEX_ID,
    "patient_id": HEX_ID,
    "patient_name": str,
    "campaign_type": "RECOVERY",
    "channel": "email",
    "status": "HANDOFF_REQUIRED",
    "priority": "normal",
    "reason": str,
    "summary": str,
    "patient_question": str,
    "suggested_reply": Maybe(str),
    "suggested_source_id": Maybe(HEX_ID),
    "suggested_source_title": Maybe(str),
    "created_at": INSTANT,
    "due_at": Maybe(INSTANT),
    "is_late": bool,
    "escalated_at": Maybe(INSTANT),
    "assigned_to": Maybe(HEX_ID),
    "assigned_name": Maybe(str),
}


@pytest.fixture
async def waiting(house: House) -> Campaign:
    """A lead whose question goes to a person."""
    patient = await make_patient(house.ctx, name="Ana Ames", email="ana@example.com")
    lead = await force_status(await make_recovery(house.ctx, patient_email=patient.email), S.RE_ENGAGED)
    return await stage.answered_with(stage.speaking(house.ctx), lead, "what?")


@pytest.fixture
async def colleague(house: House) -> User:
    return await make_user(house.ctx, Role.FRONT_DESK, name="Otto Other")


async def act(house: House, user: User, method: str, path: str, body: Any = None) -> Any:
    headers = token_for(house.ctx, user)
    return await house.http.request(method, f"/api/v1/admin/{path}", json=body, headers=headers)


async def audited(action: str) -> list[AuditEntry]:
    return await AuditEntry.find({"action": action}).to_list()


class TestList:
    async def test_who_waits_with_what_a_person_needs(self, house: House, waiting: Campaign) -> None:
        body = accepted(await house.get("handoffs"), 200, {"handoffs": [ROW]})
        [row] = body["handoffs"]
        assert (row["patient_question"], row["is_late"], row["assigned_to"]) == ("what?", False, None)
        [entry] = await audited("handoff.listed")
        assert entry.patient_ids == [waiting.patient_id]

    async def test_nobody_waits(self, house: House) -> None:
        assert accepted(await house.get("handoffs"), 200, {})["handoffs"] == []


class TestClaim:
    async def test_the_second_is_told_who_has_it(self, house: House, waiting: Campaign, colleague: User) -> None:
        accepted(await act(house, colleague, "POST", f"campaigns/{waiting.id}/claim"), 200, {"version": int})
        body = refused(await house.post(f"campaigns/{waiting.id}/claim"), 409, "HANDOFF_TAKEN")
        assert body["detail"] == "Otto Other has taken this conversation."
        assert (body["assigned_to"], body["assigned_name"]) == (str(colleague.id), "Otto Other")

    async def test_of_many_at_once_exactly_one_has_it(self, house: House, waiting: Campaign) -> None:
        users = [await make_user(house.ctx, Role.FRONT_DESK, name=f"Desk {place}") for place in range(5)]
        path = f"campaigns/{waiting.id}/claim"
        answers = await asyncio.gather(*(act(house, user, "POST", path) for user in users))
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
        [row] = accepted(await house.get("handoffs"), 200, {"handoffs": [ROW]})["handoffs"]
        for answer in answers:
            if answer.status_code == 409:
                assert answer.json()["assigned_to"] == row["assigned_to"]
        assert len(await audited("handoff.claimed")) == 1

    async def test_a_second_click_is_harmless(self, house: House, waiting: Campaign) -> None:
        first, second = [await house.post(f"campaigns/{waiting.id}/claim") for _ in range(2)]
        assert first.json() == second.json()
        assert len(await audited("handoff.claimed")) == 1

    async def test_leaving_it_twice_is_harmless_and_the_next_may_take_it(
        self, house: House, waiting: Campaign, colleague: User
    ) -> None:
        path = f"campaigns/{waiting.id}/claim"
        await house.post(path)
        for _ in range(2):
            assert (await act(house, colleague, "DELETE", path)).status_code == 200
        assert len(await audited("handoff.left")) == 1
        accepted(await act(house, colleague, "POST", path), 200, {"version": int})

    @pytest.mark.parametrize("status", [S.ATTEMPTING_RECOVERY, S.BOOKING_INITIATED, S.RECOVERY_DECLINED])
    async def test_where_nobody_waits_there_is_nothing_to_take(
        self, house: House, waiting: Campaign, status: CampaignStatus
    ) -> None:
        await force_status(waiting, status)
        body = refused(await house.post(f"campaigns/{waiting.id}/claim"), 409, "HANDOFF_SETTLED")
        assert body["status"] == status.value

    @pytest.mark.parametrize("verb", ["claim", "release", "close"])
    async def test_an_unknown_one(self, house: House, verb: str) -> None:
        refused(await house.post(f"campaigns/{UNKNOWN_ID}/{verb}", {} if verb == "close" else None), 404, "NOT_FOUND")

    async def test_who_may_not_work_with_patients(self, house: House, waiting: Campaign) -> None:
        user = await make_user(house.ctx, Role.PROVIDER)
        for method, verb in (("POST", "claim"), ("DELETE", "claim"), ("POST", "release"), ("POST", "close")):
            body: dict[str, str] | None = {} if verb == "close" else None
            refused(await act(house, user, method, f"campaigns/{waiting.id}/{verb}", body), 403)
        assert await audited("handoff.claimed") == []


class TestLeaving:
    async def test_given_back_it_is_the_agents(self, house: House, waiting: Campaign) -> None:
        body = accepted(await house.post(f"campaigns/{waiting.id}/release"), 200, {"status": "RE_ENGAGED"})
        assert body["handoff_details"]["resolved_by"] == str(house.admin.id)
        again = refused(await house.post(f"campaigns/{waiting.id}/release"), 409, "ILLEGAL_TRANSITION")
        assert "HANDOFF_REQUIRED" in again["allowed"]
        assert len(await audited("handoff.released")) == 1

    async def test_closed_it_is_over(self, house: House, waiting: Campaign) -> None:
        path, body = f"campaigns/{waiting.id}/close", {"reason": "Called her."}
        closed = {"status": "MANUAL_FOLLOWUP_COMPLETE"}
        accepted(await house.post(path, body), 200, closed)
        refused(await house.post(path, body), 409, "HANDOFF_SETTLED")
        [entry] = await audited("handoff.closed")
        assert (entry.details, entry.patient_ids) == ({"reason": "Called her."}, [waiting.patient_id])

    async def test_one_closes_while_the_other_gives_it_back(
        self, house: House, waiting: Campaign, colleague: User
    ) -> None:
        answers = await asyncio.gather(
            house.post(f"campaigns/{waiting.id}/close", {}),
            act(house, colleague, "POST", f"campaigns/{waiting.id}/release"),
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]

    @pytest.mark.parametrize("body", [{"reason": "x" * 5_000}, {"reason": "a\x00b"}, {"why": "x"}, {"reason": 7}])
    async def test_a_reason_that_is_none(self, house: House, waiting: Campaign, body: dict[str, Any]) -> None:
        refused(await house.post(f"campaigns/{waiting.id}/close", body), 422)
        found = await Campaign.get(waiting.id)
        assert found is not None
        assert found.status is S.HANDOFF_REQUIRED


class TestEscalated:
    async def test_the_flag_is_on_the_row_and_on_the_campaign(self, house: House, waiting: Campaign) -> None:
        moment = "2026-11-23T20:00:00.000Z"
        await stage.set_raw(waiting, **{"handoff_details.escalated_at": datetime.fromisoformat(moment)})
        [row] = accepted(await house.get("handoffs"), 200, {"handoffs": [ROW]})["handoffs"]
        shown = (await house.get(f"campaigns/{waiting.id}")).json()["campaign_details"]["handoff_details"]
        assert (row["escalated_at"], shown["escalated_at"]) == (moment, moment)

    async def test_an_answer_settles_what_is_due(self, house: House, waiting: Campaign) -> None:
        await house.post(f"campaigns/{waiting.id}/respond", {"message": "Here I am."})
        [row] = accepted(await house.get("handoffs"), 200, {"handoffs": [ROW]})["handoffs"]
        assert (row["due_at"], row["is_late"], row["assigned_to"]) == (None, False, str(house.admin.id))
