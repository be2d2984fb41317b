"""The sandbox's script endpoints (api.md section 4, operations.md)."""

from typing import Any

import pytest

from app.models.enums import InboxState
from app.models.inbox import InboundEvent
from app.models.interactions import Interaction
from app.models.sandbox import SandboxMessage
from tests.api.conftest import House
from tests.api.shapes import HEX_ID, INSTANT, accepted, refused
from tests.conftest import Clock
from tests.factories import make_recovery

URL = "/api/v1/sandbox/messages"
MESSAGE = {
    "id": HEX_ID,
    "from": str,
    "to": str,
    "channel": "email",
    "subject": str,
    "body": str,
    "thread_id": str,
    "sent_at": INSTANT,
    "attachments": [dict],
}


async def inbox(house: House, address: str) -> list[dict[str, Any]]:
    body = accepted(await house.http.get(URL, params={"to": address}), 200, {"messages": [MESSAGE]})
    messages: list[dict[str, Any]] = body["messages"]
    return messages


async def write(house: House, **fields: Any) -> str:
    body = {"from": "lead@example.com", "body": "Hello"} | fields
    identifier: str = accepted(await house.http.post(URL, json=body), 202, {"id": HEX_ID})["id"]
    return identifier


class TestRead:
    async def test_an_address_that_got_nothing(self, house: House) -> None:
        assert await inbox(house, "nobody@example.com") == []

    async def test_oldest_first(self, house: House, clock: Clock) -> None:
        campaign = await make_recovery(house.ctx)
        for text in ("first", "second"):
            await house.post(f"campaigns/{campaign.id}/respond", {"message": text})
            await house.post("jobs/outbox/run")
            clock.forward(minutes=1)
        messages = await inbox(house, campaign.channel.address)
        assert [message["body"] for message in messages] == ["first", "second"]
        assert messages[0]["sent_at"] == "2026-11-23T15:00:00.000Z"

    async def test_an_e_mail_in_any_case(self, house: House) -> None:
        campaign = await make_recovery(house.ctx)
        await house.post(f"campaigns/{campaign.id}/respond", {"message": "Hello"})
        await house.post("jobs/outbox/run")
        assert len(await inbox(house, f" {campaign.channel.address.upper()} ")) == 1

    async def test_what_is_only_drafted_is_not_shown(self, house: House) -> None:
        campaign = await make_recovery(house.ctx)
        await house.post(f"campaigns/{campaign.id}/respond", {"message": "Hello"})
        assert await inbox(house, campaign.channel.address) == []

    @pytest.mark.parametrize("query", [{}, {"to": ""}, {"to": "x" * 255 + "@example.com"}])
    async def test_no_address(self, house: House, query: dict[str, str]) -> None:
        refused(await house.http.get(URL, params=query), 422, "VALIDATION_ERROR")


class TestWrite:
    async def test_enters_by_the_same_inbox_as_a_real_message(self, house: House) -> None:
        identifier = await write(house)
        [event] = await InboundEvent.find_all().to_list()
        assert (event.event_id, event.source, event.state) == (identifier, "sandbox", InboxState.RECEIVED)
        assert (event.payload["sender"], event.payload["text"]) == ("lead@example.com", "Hello")

    async def test_answers_in_the_thread_it_replies_to(self, house: House) -> None:
        campaign = await make_recovery(house.ctx)
        await house.post("jobs/drain")
        [first] = await inbox(house, campaign.channel.address)
        await write(house, **{"from": campaign.channel.address, "in_reply_to": first["id"], "body": "Thanks a lot!"})
        [event] = await InboundEvent.find_all().to_list()
        assert event.payload["thread_id"] == first["thread_id"]
        await house.post("jobs/inbox/run")
        stored = [item for item in await Interaction.of_campaign(campaign.id) if item.direction == "incoming"]
        assert [item.content for item in stored] == ["Thanks a lot!"]

    async def test_headers_are_kept_for_the_screening(self, house: House) -> None:
        await write(house, headers={"Auto-Submitted": "auto-replied"})
        [event] = await InboundEvent.find_all().to_list()
        assert event.payload["headers"] == {"Auto-Submitted": "auto-replied"}

    async def test_a_phone_number_writes_by_sms_unless_told_otherwise(self, house: House) -> None:
        await write(house, **{"from": "(202) 555-0177"})
        await write(house, **{"from": "+12025550177", "channel": "whatsapp"})
        channels = [(e.payload["channel"], e.payload["sender"]) for e in await InboundEvent.find_all().to_list()]
        assert channels == [("sms", "+12025550177"), ("whatsapp", "+12025550177")]

    @pytest.mark.parametrize(
        "fields",
        [
            {"from": ""},
            {"from": "two\nlines@example.com"},
            {"body": ""},
            {"body": "x" * 4_001},
            {"channel": "fax"},
            {"headers": ["Auto-Submitted"]},
            {"headers": {"X": 1}},
            {"headers": {"X\x00": "1"}},
            {"to": "clinic@example.com"},
        ],
    )
    async def test_fields_that_are_not_valid(self, house: House, fields: dict[str, Any]) -> None:
        body = {"from": "lead@example.com", "body": "Hello"} | fields
        refused(await house.http.post(URL, json=body), 422, "VALIDATION_ERROR")
        assert await InboundEvent.find_all().count() == 0
        assert await SandboxMessage.find_all().count() == 0
