"""GET /admin/channels: how the channels are doing."""

from app.jobs import outbox
from app.models.channel_states import ChannelState
from app.models.enums import ChannelType, MessageKind
from tests.api.conftest import House
from tests.services import stage


class TestChannels:
    async def test_each_channel_with_its_adapter(self, house: House) -> None:
        told = (await house.get("channels")).json()["channels"]
        assert [(each["channel"], each["adapter"]) for each in told] == [
            ("email", "sandbox"),
            ("sms", "sandbox"),
            ("whatsapp", "sandbox"),
        ]
        assert {each["reason"] for each in told} == {None}

    async def test_a_channel_that_stands_still_says_why_and_what_waits(self, house: House) -> None:
        ctx = house.ctx
        state = ChannelState(
            id=ChannelType.EMAIL, until=ctx.lease_until, is_stopped=True, reason="invalid_grant", since=ctx.now()
        )
        await state.insert()
        campaign = await stage.running_campaign(ctx)
        await stage.add_row(ctx, campaign, MessageKind.STAFF)
        await outbox.drain(ctx)
        [mail, *_] = (await house.get("channels")).json()["channels"]
        assert (mail["is_stopped"], mail["reason"], mail["waiting"]) == (True, "invalid_grant", 1)
        assert mail["paused_until"] is not None
