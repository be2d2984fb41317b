"""An answer is looked at before it is sent: its size in parts, and whether it would go (issue: SMS length shown)."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from app.database.connection import Database
from app.models.campaigns import Campaign
from app.models.enums import ChannelType, Role
from app.models.interactions import Interaction
from app.models.outbox import OutboundMessage
from app.models.patients import OptOut, Patient
from app.services import send_records
from app.services.message_previews import masked
from app.services.permissions import Right, may
from app.settings import ChannelChoice, Settings
from tests.api.apps import RunningApp, serving
from tests.api.conftest import House
from tests.api.shapes import Maybe, accepted, refused
from tests.api.twilio_posting import posted, written
from tests.conftest import Clock
from tests.factories import make_clinic, make_recovery, make_user, token_for
from tests.peers.twilio import TwilioPeer, serve_twilio
from tests.peers.twilio_clinic import PATIENT, twilio_settings

PREVIEW = {
    "channel": str,
    "to": str,
    "characters": int,
    "encoding": Maybe(str),
    "segments": Maybe(int),
    "forced_by": [{"character": str, "name": str, "instead": Maybe(str)}],
    "will_be_sent": bool,
    "why_not": Maybe(str),
}


async def lead(house_ctx: Any, channel: ChannelType) -> Campaign:
    return await make_recovery(house_ctx, patient_phone=PATIENT, preferred_channel=[channel])


async def look(house: House, campaign: Campaign, message: str) -> dict[str, Any]:
    answer = await house.post(f"campaigns/{campaign.id}/respond/preview", {"message": message})
    shown: dict[str, Any] = accepted(answer, 200, PREVIEW)
    return shown


class TestSms:
    async def test_a_plain_message_is_one_part(self, house: House) -> None:
        shown = await look(house, await lead(house.ctx, ChannelType.SMS), "Shall we say Tuesday at 10?")
        assert shown == {
            "channel": "sms",
            "to": "+1******0177",
            "characters": 27,
            "encoding": "GSM-7",
            "segments": 1,
            "forced_by": [],
            "will_be_sent": True,
            "why_not": None,
        }

    async def test_one_curly_quote_makes_it_two_and_is_named(self, house: House) -> None:
        shown = await look(house, await lead(house.ctx, ChannelType.SMS), "We’d love to see you. " + "x" * 60)
        assert (shown["encoding"], shown["segments"]) == ("UCS-2", 2)
        assert shown["forced_by"] == [{"character": "’", "name": "right single quotation mark", "instead": "'"}]

    @pytest.mark.parametrize(("length", "goes"), [(1_600, True), (1_601, False)])
    async def test_what_is_too_long_is_said_before(self, house: House, length: int, goes: bool) -> None:
        shown = await look(house, await lead(house.ctx, ChannelType.SMS), "x" * length)
        assert (shown["will_be_sent"], shown["characters"]) == (goes, length)
        assert shown["why_not"] == (
            None if goes else "The message is too long for this channel: at most 1600 characters."
        )


class TestOtherChannels:
    async def test_mail_has_no_parts(self, house: House) -> None:
        campaign = await make_recovery(house.ctx, patient_email="ann.ames@example.com")
        shown = await look(house, campaign, "x" * 4_000)
        assert (shown["to"], shown["encoding"], shown["segments"]) == ("a***@example.com", None, None)
        assert shown["will_be_sent"]


class TestWhyNot:
    @pytest.mark.parametrize("stopped", [ChannelType.SMS, "all"])
    async def test_an_opted_out_patient(self, house: House, stopped: Any) -> None:
        campaign = await lead(house.ctx, ChannelType.SMS)
        stop = OptOut(channel=stopped, at=house.ctx.now(), source="test").model_dump()
        await Patient.collection().update_one({"_id": campaign.patient_id}, {"$set": {"opt_outs": [stop]}})
        shown = await look(house, campaign, "Hi")
        assert (shown["will_be_sent"], "asked not to be written to" in shown["why_not"]) == (False, True)

    async def test_an_address_that_failed(self, house: House) -> None:
        campaign = await lead(house.ctx, ChannelType.SMS)
        await Patient.collection().update_one({"_id": campaign.patient_id}, {"$set": {"unusable_addresses": [PATIENT]}})
        assert "does not work" in (await look(house, campaign, "Hi"))["why_not"]

    async def test_a_channel_that_is_not_set_up(
        self, house: House, settings: Settings, database: Database, clock: Clock
    ) -> None:
        campaign = await lead(house.ctx, ChannelType.SMS)
        without = settings.model_copy(update={"channel_sms": ChannelChoice.NONE})
        async with serving(without, database, now=clock) as app:
            path = f"/api/v1/admin/campaigns/{campaign.id}/respond/preview"
            answer = await app.http.post(path, json={"message": "Hi"}, headers=house.staff)
        assert answer.json()["why_not"] == "This channel is not set up."


class TestWhatsAppsWindow:
    @pytest.fixture
    def peer(self, clock: Clock) -> Iterator[TwilioPeer]:
        with serve_twilio(now=clock) as running:
            yield running

    @pytest.fixture
    async def app(
        self, settings: Settings, database: Database, clock: Clock, peer: TwilioPeer
    ) -> AsyncIterator[RunningApp]:
        await make_clinic()
        async with serving(twilio_settings(settings, peer), database, now=clock) as running:
            yield running

    async def test_it_is_closed_until_the_patient_writes_and_a_day_later(self, app: RunningApp, clock: Clock) -> None:
        campaign = await lead(app.ctx, ChannelType.WHATSAPP)
        admin = await make_user(app.ctx)

        async def goes() -> bool:
            path = f"/api/v1/admin/campaigns/{campaign.id}/respond/preview"
            answer = await app.http.post(path, json={"message": "Hi"}, headers=token_for(app.ctx, admin))
            return bool(answer.json()["will_be_sent"])

        seen = [await goes()]
        await posted(written(From=f"whatsapp:{PATIENT}")).send(app)
        seen.append(await goes())
        clock.forward(hours=24)
        seen.append(await goes())
        assert seen == [False, True, False]

    async def test_an_sms_opens_nothing(self, app: RunningApp) -> None:
        await posted(written()).send(app)
        assert await send_records.last_written_at(PATIENT) is None


class TestTheRequest:
    async def test_nothing_is_sent_or_kept_but_the_look_itself(self, house: House) -> None:
        campaign = await lead(house.ctx, ChannelType.SMS)
        await look(house, campaign, "Hi")
        assert (await OutboundMessage.find_all().count(), await Interaction.find_all().count()) == (0, 0)
        rows = (await house.get("audit", action="campaign.previewed")).json()
        assert str(campaign.patient_id) in str(rows)
        assert "Hi" not in str(rows)

    @pytest.mark.parametrize(
        "body", [{}, {"message": ""}, {"message": "   "}, {"message": "x" * 4_001}, {"message": "\x00"}]
    )
    async def test_what_is_no_message(self, house: House, body: dict[str, Any]) -> None:
        campaign = await lead(house.ctx, ChannelType.SMS)
        refused(await house.post(f"campaigns/{campaign.id}/respond/preview", body), 422, "VALIDATION_ERROR")

    async def test_an_unknown_campaign(self, house: House) -> None:
        refused(await house.post(f"campaigns/{'0' * 24}/respond/preview", {"message": "Hi"}), 404, "NOT_FOUND")

    @pytest.mark.parametrize("role", list(Role))
    async def test_only_who_may_answer(self, house: House, role: Role) -> None:
        campaign = await lead(house.ctx, ChannelType.SMS)
        headers = token_for(house.ctx, await make_user(house.ctx, role))
        path = f"/api/v1/admin/campaigns/{campaign.id}/respond/preview"
        answer = await house.http.post(path, json={"message": "Hi"}, headers=headers)
        assert (answer.status_code == 200) is may(role, Right.WORK_WITH_PATIENTS)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("+12025550177", "+1******0177"),
        ("+49301", "+4***9301"),
        ("ann.ames@example.com", "a***@example.com"),
        ("@example.com", "***@example.com"),
    ],
)
def test_an_address_is_masked(address: str, shown: str) -> None:
    assert masked(address) == shown
