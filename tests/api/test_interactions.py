"""Single messages: reading a conversation and writing down what happened elsewhere (api.md section 4)."""

from typing import Any

import pytest

from app.models.enums import ChannelType, Delivery, InboundSource
from app.models.interactions import Interaction
from app.models.outbox import OutboundMessage
from app.services import outbox
from app.services.inbound import InboundMessage, take_in
from tests.api.conftest import House
from tests.api.shapes import HEX_ID, INTERACTION, accepted, refused
from tests.conftest import Clock
from tests.factories import make_recovery

UNKNOWN_ID = "0" * 24
LIST = {"interactions": [INTERACTION]}
CREATED = {"message": "Interaction created successfully.", "interaction_id": HEX_ID}


class TestList:
    async def test_a_quiet_campaign(self, house: House) -> None:
        campaign = await make_recovery(house.ctx)
        assert accepted(await house.get(f"interactions/{campaign.id}"), 200, LIST) == {"interactions": []}

    async def test_oldest_first_with_the_names_of_the_contract(self, house: House, clock: Clock) -> None:
        campaign = await make_recovery(house.ctx)
        analysis = {"intent": "BOOKING_REQUEST", "sentiment": "POSITIVE"}
        call = {
            "campaign_id": str(campaign.id),
            "direction": "incoming",
            "content": "Book me in",
            "ai_analysis": analysis,
        }
        created = accepted(await house.post("interactions", call), 201, CREATED)
        clock.forward(minutes=5)
        await house.post(f"campaigns/{campaign.id}/respond", {"message": "With pleasure"})
        body = accepted(await house.get(f"interactions/{campaign.id}"), 200, LIST)
        first, second = body["interactions"]
        assert (first["_id"], first["campaign_id"]) == (created["interaction_id"], str(campaign.id))
        assert (first["direction"], first["content"]) == ("incoming", "Book me in")
        assert {name: first["ai_analysis"][name] for name in analysis} == analysis
        assert first["timestamp"] == "2026-11-23T15:00:00.000Z"
        assert (second["direction"], second["content"], second["ai_analysis"]) == ("outgoing", "With pleasure", None)
        assert second["timestamp"] == "2026-11-23T15:05:00.000Z"

    async def test_an_unknown_campaign(self, house: House) -> None:
        refused(await house.get(f"interactions/{UNKNOWN_ID}"), 404, "NOT_FOUND")

    async def test_what_came_with_a_message_and_how_far_one_of_ours_came(self, house: House) -> None:
        campaign = await make_recovery(house.ctx)
        await house.post(f"campaigns/{campaign.id}/respond", {"message": "With pleasure"})
        sent = await Interaction.find_one({"campaign_id": campaign.id})
        assert sent is not None
        await outbox.set_delivery(sent.id, Delivery.DELIVERED)
        message = InboundMessage(
            source=InboundSource.GENERIC,
            external_id="m-1",
            channel=ChannelType.EMAIL,
            sender=campaign.channel.address,
            text="Here it is",
            attachments=("card.jpg", "<b>.exe"),
        )
        await take_in(house.ctx, message, campaign)
        rows = accepted(await house.get(f"interactions/{campaign.id}"), 200, LIST)["interactions"]
        history = (await house.get(f"campaigns/{campaign.id}")).json()["conversation_history"]
        for told in (rows, history):
            assert [(row["direction"], row["delivery"], row["attachments"]) for row in told] == [
                ("outgoing", "delivered", []),
                ("incoming", None, ["card.jpg", "<b>.exe"]),
            ]

    @pytest.mark.parametrize("field", ["attachments", "delivery"])
    async def test_neither_can_be_written(self, house: House, field: str) -> None:
        campaign = await make_recovery(house.ctx)
        call = {"campaign_id": str(campaign.id), "direction": "incoming", "content": "Called", field: ["delivered"]}
        refused(await house.post("interactions", call), 422, "VALIDATION_ERROR")


class TestCreate:
    @pytest.mark.parametrize(("direction", "author"), [("incoming", "patient"), ("outgoing", "staff")])
    async def test_nothing_is_sent_and_no_status_changes(self, house: House, direction: str, author: str) -> None:
        campaign = await make_recovery(house.ctx)
        entry = {"campaign_id": str(campaign.id), "direction": direction, "content": "By phone"}
        accepted(await house.post("interactions", entry), 201, CREATED)
        [stored] = await Interaction.of_campaign(campaign.id)
        assert (stored.content, stored.author) == ("By phone", author)
        assert await OutboundMessage.find_all().count() == 0
        details = (await house.get(f"campaigns/{campaign.id}")).json()["campaign_details"]
        assert details["status"] == "ATTEMPTING_RECOVERY"

    async def test_the_channel_may_be_another_one(self, house: House) -> None:
        campaign = await make_recovery(house.ctx)
        entry = {"campaign_id": str(campaign.id), "direction": "incoming", "content": "Hi", "channel": "sms"}
        accepted(await house.post("interactions", entry), 201, CREATED)
        [stored] = await Interaction.of_campaign(campaign.id)
        assert stored.channel == "sms"

    async def test_an_unknown_campaign(self, house: House) -> None:
        entry = {"campaign_id": UNKNOWN_ID, "direction": "incoming", "content": "By phone"}
        refused(await house.post("interactions", entry), 404, "NOT_FOUND")
        assert await Interaction.find_all().count() == 0

    @pytest.mark.parametrize(
        "fields",
        [
            {"campaign_id": "x"},
            {"direction": "sideways"},
            {"content": ""},
            {"content": None},
            {"ai_analysis": {"intent": "MAYBE"}},
            {"ai_analysis": {"intent": "QUESTION", "sentiment": "MEH"}},
            {"channel": "fax"},
            {"timestamp": "2026-11-23T15:00:00Z"},
        ],
    )
    async def test_fields_that_are_not_valid(self, house: House, fields: dict[str, Any]) -> None:
        campaign = await make_recovery(house.ctx)
        entry = {"campaign_id": str(campaign.id), "direction": "incoming", "content": "By phone"} | fields
        refused(await house.post("interactions", entry), 422, "VALIDATION_ERROR")
