"""Twilio's webhooks when they are authentic: stored once, answered with empty TwiML, parked when unreadable."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import pytest

from app.database.connection import Database
from app.domain.twilio_signature import signature
from app.jobs import inbox
from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, ChannelType, InboxState
from app.models.inbox import InboundEvent
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.models.records import AuditEntry
from app.services import campaigns
from app.settings import Settings
from tests.api.apps import RunningApp, serving
from tests.api.twilio_posting import MESSAGE, STATUS, TOKEN, TWIML, Posted, posted, sid, written
from tests.conftest import Clock
from tests.factories import make_clinic
from tests.peers.twilio import TwilioPeer, serve_twilio
from tests.peers.twilio_clinic import OURS, PATIENT, PUBLIC, queued, twilio_settings
from tests.services import stage


@pytest.fixture
def peer(clock: Clock) -> Iterator[TwilioPeer]:
    with serve_twilio(now=clock) as running:
        yield running


@pytest.fixture
async def app(settings: Settings, database: Database, clock: Clock, peer: TwilioPeer) -> AsyncIterator[RunningApp]:
    await make_clinic()
    async with serving(twilio_settings(settings, peer), database, now=clock) as running:
        yield replace(running, ctx=stage.speaking(running.ctx))


async def deliver(app: RunningApp, form: Any, **options: Any) -> None:
    """Post it; the answer must ask Twilio to say nothing."""
    answer = await posted(form, **options).send(app)
    assert (answer.status_code, answer.text) == (200, TWIML)
    assert answer.headers["Content-Type"].startswith("text/xml")


async def events() -> list[InboundEvent]:
    return await InboundEvent.find_all().sort("_id").to_list()


async def texts() -> list[str]:
    return [event.payload["text"] for event in await events()]


class TestMessages:
    async def test_an_sms_is_stored_before_it_is_answered(self, app: RunningApp) -> None:
        await deliver(app, written())
        [event] = await events()
        assert (event.source, event.event_id, event.state) == ("twilio", sid(1), InboxState.RECEIVED)
        assert (event.payload["channel"], event.payload["sender"], event.payload["text"]) == (
            "sms",
            PATIENT,
            "Yes, gladly",
        )
        assert event.conversation_key == f"sms:{PATIENT}"

    async def test_whatsapp_has_its_own_channel_and_bare_numbers(self, app: RunningApp) -> None:
        await deliver(app, written(From=f"whatsapp:{PATIENT}", To=f"whatsapp:{OURS}", ProfileName="Pat"))
        [event] = await events()
        assert (event.payload["channel"], event.payload["sender"]) == ("whatsapp", PATIENT)
        assert event.conversation_key == f"whatsapp:{PATIENT}"

    async def test_the_same_message_again_does_nothing_more(self, app: RunningApp) -> None:
        await deliver(app, written())
        await deliver(app, written(Body="Something else"))
        assert await texts() == ["Yes, gladly"]

    async def test_twenty_copies_at_once_are_one(self, app: RunningApp) -> None:
        await asyncio.gather(*(deliver(app, written()) for _ in range(20)))
        assert len(await events()) == 1

    async def test_a_copy_after_the_message_was_worked_is_not_worked_again(
        self, app: RunningApp, peer: TwilioPeer
    ) -> None:
        campaign = await queued(app.ctx, ChannelType.SMS)
        for _ in range(2):
            await deliver(app, written())
            await inbox.drain(app.ctx)
        assert [item.content for item in await stage.received(campaign)] == ["Yes, gladly"]

    @pytest.mark.parametrize("body", ["Grüße 😀 漢字", "a+b=c&d%20e", "two\nlines", "“quoted”", "&=?%"])
    async def test_every_character_arrives(self, app: RunningApp, body: str) -> None:
        await deliver(app, written(Body=body))
        assert await texts() == [body]

    async def test_it_finds_the_campaign_by_the_number(self, app: RunningApp) -> None:
        campaign = await queued(app.ctx, ChannelType.SMS)
        await deliver(app, written())
        await inbox.drain(app.ctx)
        assert [item.channel for item in await stage.received(campaign)] == [ChannelType.SMS]
        assert (await campaigns.get(campaign.id)).first_reply_at is not None

    async def test_an_answer_to_one_message_finds_that_messages_campaign(self, app: RunningApp) -> None:
        campaign = await queued(app.ctx, ChannelType.WHATSAPP)
        await OutboundMessage.collection().update_one({}, {"$set": {"external_id": sid(9)}})
        form = written(From="whatsapp:+12025550199", OriginalRepliedMessageSid=sid(9))
        await deliver(app, form)
        await inbox.drain(app.ctx)
        assert len(await stage.received(campaign)) == 1


class TestBesideTheWords:
    @pytest.mark.parametrize(
        ("changes", "stored"),
        [
            (
                {"Body": "", "NumMedia": "1", "MediaContentType0": "image/jpeg", "MediaUrl0": "http://127.0.0.1:1/x"},
                "[1 attached file (image/jpeg): see Twilio's console]",
            ),
            (
                {
                    "Body": "Look",
                    "NumMedia": "2",
                    "MediaContentType0": "image/png",
                    "MediaContentType1": "application/pdf",
                },
                "Look\n[2 attached files (application/pdf, image/png): see Twilio's console]",
            ),
            (
                {"Body": "", "NumMedia": "1", "MediaContentType0": "<script>alert(1)</script>"},
                "[1 attached file: see Twilio's console]",
            ),
            ({"Body": "", "NumMedia": "9999999999"}, "[10 attached files: see Twilio's console]"),
            ({"Body": "Hi", "NumMedia": "-1"}, "Hi"),
            ({"Body": "Hi", "NumMedia": "many"}, "Hi"),
            ({"Body": "", "ButtonText": "Yes, book me in", "ButtonPayload": "yes"}, "Yes, book me in"),
            ({"Body": "Yes", "ButtonText": "Yes"}, "Yes"),
            ({"Body": "", "Latitude": "42.65", "Longitude": "-73.75"}, "[a place on the map: see Twilio's console]"),
            ({"Body": "  "}, "[a message without words: see Twilio's console]"),
        ],
    )
    async def test_what_came_along_is_named(self, app: RunningApp, changes: dict[str, str], stored: str) -> None:
        await deliver(app, written(**changes))
        assert await texts() == [stored]

    async def test_media_are_never_fetched(self, app: RunningApp, peer: TwilioPeer) -> None:
        await deliver(app, written(NumMedia="1", MediaContentType0="image/jpeg", MediaUrl0=f"{peer.url}/media"))
        await inbox.drain(app.ctx)
        assert peer.asked == []


class TestStops:
    @pytest.fixture
    async def campaign(self, app: RunningApp) -> Campaign:
        return await queued(app.ctx, ChannelType.SMS)

    @pytest.mark.parametrize("word", ["BASTA", "no mas", "42"])
    async def test_a_word_that_only_advanced_opt_out_knows_stops_at_once(
        self, app: RunningApp, campaign: Campaign, word: str
    ) -> None:
        await deliver(app, written(Body=word, OptOutType="STOP"))
        patient = await Patient.get(campaign.patient_id)
        assert patient is not None
        assert [(stop.channel, stop.source) for stop in patient.opt_outs] == [("sms", f"twilio:{sid(1)}")]
        assert (await campaigns.get(campaign.id)).status is CampaignStatus.RECOVERY_DECLINED

    async def test_nothing_of_ours_follows_the_confirmation_that_twilio_sent(
        self, app: RunningApp, campaign: Campaign, peer: TwilioPeer
    ) -> None:
        await deliver(app, written(Body="STOP", OptOutType="STOP"))
        await stage.scan(app.ctx)
        await inbox.drain(app.ctx)
        await stage.scan(app.ctx)
        assert peer.account.effects == []

    async def test_the_same_stop_again_is_one_stop(self, app: RunningApp, campaign: Campaign) -> None:
        for number in (1, 1, 2):
            await deliver(app, written(number, Body="STOP", OptOutType="STOP"))
        patient = await Patient.get(campaign.patient_id)
        assert patient is not None
        assert len(patient.opt_outs) == 1

    async def test_a_stop_by_a_strangers_number_stops_nobody(self, app: RunningApp, campaign: Campaign) -> None:
        await deliver(app, written(From="+12025550188", Body="STOP", OptOutType="STOP"))
        assert (await campaigns.get(campaign.id)).status is CampaignStatus.ATTEMPTING_RECOVERY

    @pytest.mark.parametrize("mark", ["HELP", "START", "stop", ""])
    async def test_another_mark_stops_nothing(self, app: RunningApp, campaign: Campaign, mark: str) -> None:
        await deliver(app, written(Body="Hello", OptOutType=mark))
        patient = await Patient.get(campaign.patient_id)
        assert patient is not None
        assert (patient.opt_outs, len(await events())) == ([], 1)


class TestTheMarkOfAdvancedOptOut:
    """Each mark counts once, whatever Twilio sends again and in whatever order."""

    @pytest.fixture
    async def campaign(self, app: RunningApp) -> Campaign:
        return await queued(app.ctx, ChannelType.SMS)

    async def stops(self, campaign: Campaign) -> list[str]:
        patient = await Patient.get(campaign.patient_id)
        assert patient is not None
        return [str(stop.channel) for stop in patient.opt_outs]

    @pytest.mark.parametrize("word", ["START", "VAMOS", "otra vez"])
    async def test_start_takes_the_stop_back_and_says_nothing(
        self, app: RunningApp, campaign: Campaign, peer: TwilioPeer, word: str
    ) -> None:
        await deliver(app, written(1, Body="STOP", OptOutType="STOP"))
        assert await self.stops(campaign) == ["sms"]
        await deliver(app, written(2, Body=word, OptOutType="START"))
        assert await self.stops(campaign) == []
        await inbox.drain(app.ctx)
        await stage.scan(app.ctx)
        assert peer.account.effects == []
        assert [event.state for event in await events()] == [InboxState.DONE, InboxState.DONE]
        assert [event.outcome for event in await events()] == ["opted_out", "opted_in"]
        entry = await AuditEntry.find_one({"action": "patient.opt_out_taken_back"})
        assert entry is not None
        assert entry.details == {"channel": "sms", "source": f"twilio:{sid(2)}"}

    async def test_a_stop_that_comes_again_after_start_does_not_count_again(
        self, app: RunningApp, campaign: Campaign
    ) -> None:
        for number, mark in ((1, "STOP"), (2, "START"), (1, "STOP")):
            await deliver(app, written(number, Body=mark, OptOutType=mark))
        assert await self.stops(campaign) == []

    async def test_a_start_that_comes_again_after_a_second_stop_does_not_count_again(
        self, app: RunningApp, campaign: Campaign
    ) -> None:
        for number, mark in ((1, "STOP"), (2, "START"), (3, "STOP"), (2, "START")):
            await deliver(app, written(number, Body=mark, OptOutType=mark))
        assert await self.stops(campaign) == ["sms"]

    async def test_many_copies_at_once_count_once(self, app: RunningApp, campaign: Campaign) -> None:
        await deliver(app, written(1, Body="STOP", OptOutType="STOP"))
        await asyncio.gather(*(deliver(app, written(2, Body="START", OptOutType="START")) for _ in range(8)))
        assert await self.stops(campaign) == []
        assert len(await events()) == 2
        assert await AuditEntry.find({"action": "patient.opt_out_taken_back"}).count() == 1

    async def test_the_mark_counts_of_a_message_that_the_listing_showed_first(
        self, app: RunningApp, campaign: Campaign
    ) -> None:
        await deliver(app, written(1, Body="BASTA"))
        for _ in range(2):
            await deliver(app, written(1, Body="BASTA", OptOutType="STOP"))
        assert await self.stops(campaign) == ["sms"]
        assert len(await events()) == 1

    async def test_a_start_without_a_stop_asks_for_nothing(
        self, app: RunningApp, campaign: Campaign, peer: TwilioPeer
    ) -> None:
        await deliver(app, written(1, Body="START", OptOutType="START"))
        await inbox.drain(app.ctx)
        assert (await self.stops(campaign), [event.outcome for event in await events()]) == ([], ["opted_in"])
        assert [item.handled_at is not None for item in await stage.received(campaign)] == [True]

    async def test_start_by_sms_leaves_a_stop_of_whatsapp(self, app: RunningApp, campaign: Campaign) -> None:
        patient = await Patient.get(campaign.patient_id)
        assert patient is not None
        for number, channel in ((1, "whatsapp:"), (2, "")):
            await deliver(app, written(number, From=f"{channel}{PATIENT}", Body="STOP", OptOutType="STOP"))
        await deliver(app, written(3, Body="START", OptOutType="START"))
        assert await self.stops(campaign) == ["whatsapp"]

    async def test_an_emergency_goes_to_a_person_whatever_the_mark(self, app: RunningApp, campaign: Campaign) -> None:
        words = "STOP it, my mouth will not stop bleeding and I cannot breathe"
        await deliver(app, written(1, Body=words, OptOutType="STOP"))
        await inbox.drain(app.ctx)
        assert [event.outcome for event in await events()] != ["opted_out"]
        assert await self.stops(campaign) == ["sms"]


class TestUnreadable:
    @pytest.mark.parametrize(
        "changes",
        [
            {"MessageSid": "-", "SmsMessageSid": "-"},
            {"MessageSid": "XX1", "SmsMessageSid": "-"},
            {"MessageSid": "SM" + "g" * 32},
            {"MessageSid": f"{sid(1)} "},
            {"From": "-"},
            {"From": ""},
            {"From": "whatsapp:"},
            {"From": "sms:+12025550177"},
            {"From": "somebody@example.com"},
            {"From": "+1202555017\x00"},
            {"From": '{"$ne": null}'},
            {"From": "+" + "1" * 40},
        ],
    )
    async def test_it_is_parked_for_staff_once(self, app: RunningApp, changes: dict[str, str]) -> None:
        for _ in range(2):
            await deliver(app, written(**changes))
        [event] = await events()
        assert (event.state, event.outcome, event.source) == (InboxState.PARKED, "malformed_message", "twilio")

    async def test_json_with_its_digest_is_authentic_and_no_form(self, app: RunningApp) -> None:
        body = json.dumps(written()).encode()
        path = f"{MESSAGE}?bodySHA256={hashlib.sha256(body).hexdigest()}"
        headers = {"Content-Type": "application/json", "X-Twilio-Signature": signature(TOKEN, PUBLIC + path, [])}
        answer = await Posted(path, body, headers).send(app)
        assert (answer.status_code, answer.text) == (200, TWIML)
        assert [event.outcome for event in await events()] == ["malformed_message"]

    async def test_a_report_without_an_id_is_parked(self, app: RunningApp) -> None:
        await deliver(app, {"MessageStatus": "sent"}, path=STATUS)
        assert [(event.state, event.outcome) for event in await events()] == [(InboxState.PARKED, "malformed_status")]

    async def test_a_repeated_parameter_counts_by_its_first_value(self, app: RunningApp) -> None:
        await deliver(app, [*written().items(), ("Body", "Second")])
        assert await texts() == ["Yes, gladly"]


class TestReports:
    @pytest.mark.parametrize("outbox_id", ["", "?o=", "?o=not-an-id", f"?o={'0' * 24}", "?o=%00", "?x=1"])
    async def test_one_about_nothing_of_ours_changes_nothing(self, app: RunningApp, outbox_id: str) -> None:
        form = {"MessageSid": sid(1), "MessageStatus": "delivered"}
        await deliver(app, form, path=STATUS + outbox_id)
        assert await events() == []

    async def test_a_state_that_nobody_knows_changes_nothing(self, app: RunningApp) -> None:
        await queued(app.ctx, ChannelType.SMS)
        row = await stage.only_row()
        await deliver(app, {"MessageSid": sid(1), "MessageStatus": "teleported"}, path=f"{STATUS}?o={row.id}")
        assert (await stage.only_row()).state is row.state
