"""SMS and WhatsApp at a Twilio over real sockets: what is sent, what each refusal means, what is found again."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest
from beanie import PydanticObjectId
from pydantic import SecretStr

from app.bootstrap import ConfigurationError, build_context
from app.channels.base import (
    ChannelError,
    ChannelStoppedError,
    NotAllowedNowError,
    OutcomeUnknownError,
    OutgoingMessage,
    RecipientRefusedError,
    RecipientStoppedError,
    ThrottledError,
)
from app.channels.twilio import LISTED_WITHIN, TwilioChannel
from app.database.connection import Database
from app.models.enums import ChannelType, InboundSource, MessageKind, OutboxState
from app.models.inbox import InboundEvent
from app.models.outbox import OutboundMessage
from app.services import inbound
from app.services.inbound import InboundMessage
from app.services.send_records import StoredSendRecords
from app.settings import ChannelChoice, Settings
from tests.conftest import Clock, make_settings
from tests.factories import make_clinic, make_patient
from tests.peers.twilio import TwilioPeer, serve_twilio
from tests.peers.twilio_clinic import (
    APPROVED,
    OURS,
    PATIENT,
    PUBLIC,
    TEMPLATE,
    WA_OURS,
    WA_PATIENT,
    twilio_settings,
)
from tests.server import free_port

LINK = f"{PUBLIC}/book?t=abcdefghijklmnopqrstuv"


@pytest.fixture
def peer(clock: Clock) -> Iterator[TwilioPeer]:
    with serve_twilio(now=clock) as running:
        yield running


def open_channel(settings: Settings, clock: Clock) -> TwilioChannel:
    return TwilioChannel(settings, now=clock, records=StoredSendRecords())


@pytest.fixture
def twilio(settings: Settings, database: Database, clock: Clock, peer: TwilioPeer) -> TwilioChannel:
    return open_channel(twilio_settings(settings, peer), clock)


def text(**changes: Any) -> OutgoingMessage:
    """A message to the patient by SMS."""
    values: dict[str, Any] = {
        "outbox_id": str(PydanticObjectId()),
        "channel": ChannelType.SMS,
        "to": PATIENT,
        "subject": "",
        "body": "Shall we plan a visit?",
    }
    return OutgoingMessage(**(values | changes))


async def wrote_on_whatsapp(clock: Clock) -> None:
    """The patient's message of this moment is in our inbox."""
    await InboundEvent(
        source=InboundSource.TWILIO,
        event_id=f"SM{PydanticObjectId()}",
        payload={},
        conversation_key=f"whatsapp:{PATIENT}",
        received_at=clock(),
    ).insert()


class TestSending:
    async def test_an_sms_is_posted_as_twilio_wants_it(self, twilio: TwilioChannel, peer: TwilioPeer) -> None:
        message = text()
        assert await twilio.draft(message) is None
        receipt = await twilio.send(message, handle=None)
        [sent] = peer.account.effects
        assert (receipt.external_id, receipt.thread_id) == (sent.sid, f"sms:{PATIENT}")
        assert peer.forms == [
            {
                "From": OURS,
                "To": PATIENT,
                "Body": "Shall we plan a visit?",
                "StatusCallback": f"{PUBLIC}/api/v1/webhooks/twilio/status?o={message.outbox_id}",
            }
        ]

    async def test_every_character_arrives(self, twilio: TwilioChannel, peer: TwilioPeer) -> None:
        body = "Grüße & 50% off? a+b=c;\n漢字 😀 %20 https://x.example/?a=1&b=2"
        await twilio.send(text(body=body), handle=None)
        assert [sent.body for sent in peer.account.effects] == [body]

    async def test_a_messaging_service_sends_sms_and_not_whatsapp(
        self, settings: Settings, database: Database, clock: Clock, peer: TwilioPeer
    ) -> None:
        service = "MG0123456789abcdef0123456789abcdef"
        channel = open_channel(twilio_settings(settings, peer, twilio_messaging_service_sid=service), clock)
        await channel.send(text(), handle=None)
        await wrote_on_whatsapp(clock)
        await channel.send(text(channel=ChannelType.WHATSAPP), handle=None)
        by_service, by_number = peer.forms
        assert (by_service["MessagingServiceSid"], "From" in by_service) == (service, False)
        assert (by_number["From"], by_number["To"]) == (WA_OURS, WA_PATIENT)

    async def test_the_first_token_of_a_rotation_sends(
        self, settings: Settings, database: Database, clock: Clock, peer: TwilioPeer
    ) -> None:
        tokens = SecretStr(f"{peer.account.token}, the-old-one")
        await open_channel(twilio_settings(settings, peer, twilio_auth_token=tokens), clock).send(text(), handle=None)
        assert len(peer.account.effects) == 1


REFUSALS: list[tuple[str, int, type[ChannelError]]] = [
    ("400", 21211, RecipientRefusedError),
    ("400", 21614, RecipientRefusedError),
    ("400", 21610, RecipientStoppedError),
    ("400", 21408, NotAllowedNowError),
    ("400", 21612, NotAllowedNowError),
    ("400", 63016, NotAllowedNowError),
    ("400", 21606, ChannelStoppedError),
    ("401", 20003, ChannelStoppedError),
    ("401", 0, ChannelStoppedError),
    ("403", 20005, ChannelStoppedError),
    ("403", 0, ChannelStoppedError),
    ("429", 20429, ThrottledError),
    ("429", 0, ThrottledError),
    ("400", 63018, ThrottledError),
    ("400", 30001, ThrottledError),
    ("400", 99999, ChannelError),
    ("404", 20404, ChannelError),
    ("500", 0, OutcomeUnknownError),
    ("502", 0, OutcomeUnknownError),
    ("503", 20503, OutcomeUnknownError),
    ("504", 0, OutcomeUnknownError),
]


class TestRefusals:
    @pytest.mark.parametrize(("status", "code", "error"), REFUSALS)
    async def test_each_means_one_thing(
        self, twilio: TwilioChannel, peer: TwilioPeer, status: str, code: int, error: type[ChannelError]
    ) -> None:
        peer.fail(status, code=code)
        with pytest.raises(ChannelError) as failure:
            await twilio.send(text(), handle=None)
        assert type(failure.value) is error
        assert peer.account.effects == []

    @pytest.mark.parametrize("words", ["+12025", "not a number", "12025550177", "+1202555017x"])
    async def test_an_impossible_number_is_refused_by_twilio_itself(self, twilio: TwilioChannel, words: str) -> None:
        with pytest.raises(RecipientRefusedError):
            await twilio.send(text(to=words), handle=None)

    async def test_a_person_who_said_stop_to_twilio(self, twilio: TwilioChannel, peer: TwilioPeer) -> None:
        peer.account.receive(sender=PATIENT, to=OURS, body="Stop")
        with pytest.raises(RecipientStoppedError):
            await twilio.send(text(), handle=None)

    @pytest.mark.parametrize(
        ("given", "seconds"),
        [("7", 7), ("0", 0), ("999999", 3_600), ("soon", 30), (None, 30), ("-5", 30), ("9" * 400, 3_600)],
    )
    async def test_it_waits_as_long_as_twilio_asks_within_reason(
        self, twilio: TwilioChannel, peer: TwilioPeer, given: str | None, seconds: int
    ) -> None:
        peer.fail("429", code=20429, retry_after=given)
        with pytest.raises(ThrottledError) as failure:
            await twilio.send(text(), handle=None)
        assert failure.value.retry_after == timedelta(seconds=seconds)

    async def test_busy_with_an_invitation_to_come_back_is_not_an_unknown_outcome(
        self, twilio: TwilioChannel, peer: TwilioPeer
    ) -> None:
        peer.fail("503", retry_after="12")
        with pytest.raises(ThrottledError) as failure:
            await twilio.send(text(), handle=None)
        assert failure.value.retry_after == timedelta(seconds=12)

    async def test_a_wrong_token_stops_the_channel(
        self, settings: Settings, database: Database, clock: Clock, peer: TwilioPeer
    ) -> None:
        wrong = twilio_settings(settings, peer, twilio_auth_token=SecretStr("guessed"))
        with pytest.raises(ChannelStoppedError) as failure:
            await open_channel(wrong, clock).send(text(), handle=None)
        assert "guessed" not in str(failure.value)

    async def test_nothing_said_of_the_patient_is_in_an_error(self, twilio: TwilioChannel, peer: TwilioPeer) -> None:
        peer.account.unreachable[PATIENT] = 21614
        with pytest.raises(RecipientRefusedError) as failure:
            await twilio.send(text(body="Your root canal"), handle=None)
        assert not {PATIENT, "root canal"} & set(str(failure.value).split())
        assert PATIENT not in str(failure.value)


class TestTheLine:
    async def test_nobody_at_the_address_means_that_nothing_left(
        self, settings: Settings, database: Database, clock: Clock, peer: TwilioPeer
    ) -> None:
        nowhere = twilio_settings(settings, peer, twilio_api_url=f"http://127.0.0.1:{free_port()}")
        with pytest.raises(ChannelError) as failure:
            await open_channel(nowhere, clock).send(text(), handle=None)
        assert type(failure.value) is ChannelError

    @pytest.mark.parametrize(("kind", "left"), [("drop-before", 0), ("drop-after", 1)])
    async def test_a_line_that_breaks_leaves_the_outcome_unknown(
        self, twilio: TwilioChannel, peer: TwilioPeer, kind: str, left: int
    ) -> None:
        peer.fail(kind)
        with pytest.raises(OutcomeUnknownError):
            await twilio.send(text(), handle=None)
        assert (len(peer.account.effects), len(peer.forms)) == (left, 1)  # asked once, whatever happened

    async def test_silence_is_an_unknown_outcome(
        self, settings: Settings, database: Database, clock: Clock, peer: TwilioPeer
    ) -> None:
        impatient = TwilioChannel(
            twilio_settings(settings, peer), now=clock, records=StoredSendRecords(), patience_seconds=0.2
        )
        peer.fail("latency", seconds=1.0)
        with pytest.raises(OutcomeUnknownError):
            await impatient.send(text(), handle=None)


class TestFindingAgain:
    async def test_what_was_never_asked_for_was_never_sent(self, twilio: TwilioChannel, peer: TwilioPeer) -> None:
        assert await twilio.find_sent(text()) is None
        assert peer.asked == []

    async def test_a_message_whose_answer_was_lost(self, twilio: TwilioChannel, peer: TwilioPeer) -> None:
        message = text()
        peer.fail("drop-after")
        with pytest.raises(OutcomeUnknownError):
            await twilio.send(message, handle=None)
        found = await twilio.find_sent(message)
        assert found is not None
        assert found.external_id == peer.account.effects[0].sid

    async def test_it_is_asked_for_ten_minutes_and_then_given_up(
        self, twilio: TwilioChannel, peer: TwilioPeer, clock: Clock
    ) -> None:
        message = text()
        peer.fail("drop-before")
        with pytest.raises(OutcomeUnknownError):
            await twilio.send(message, handle=None)
        for _ in range(2):
            with pytest.raises(ChannelError):
                await twilio.find_sent(message)
            clock.forward(seconds=LISTED_WITHIN.total_seconds() / 2)
        assert await twilio.find_sent(message) is None

    async def test_the_same_words_of_before_are_another_message(
        self, twilio: TwilioChannel, peer: TwilioPeer, clock: Clock
    ) -> None:
        await twilio.send(text(), handle=None)
        clock.forward(hours=1)
        again = text()
        peer.fail("drop-before")
        with pytest.raises(OutcomeUnknownError):
            await twilio.send(again, handle=None)
        clock.forward(minutes=10)
        assert await twilio.find_sent(again) is None

    async def test_two_with_the_same_words_at_one_time_are_told_apart(
        self, twilio: TwilioChannel, peer: TwilioPeer, clock: Clock
    ) -> None:
        """The first one's id belongs to its row, so that it cannot prove that the second one left."""
        first, second = text(), text()
        receipt = await twilio.send(first, handle=None)
        await OutboundMessage(
            id=PydanticObjectId(first.outbox_id),
            key="first",
            kind=MessageKind.REPLY,
            patient_id=PydanticObjectId(),
            channel=ChannelType.SMS,
            to=PATIENT,
            body=first.body,
            state=OutboxState.SENT,
            external_id=receipt.external_id,
            created_at=clock(),
        ).insert()
        peer.fail("drop-before")
        with pytest.raises(OutcomeUnknownError):
            await twilio.send(second, handle=None)
        clock.forward(minutes=10)
        assert await twilio.find_sent(second) is None

    async def test_another_persons_and_the_patients_own_words_are_not_ours(
        self, twilio: TwilioChannel, peer: TwilioPeer, clock: Clock
    ) -> None:
        message = text()
        peer.fail("drop-before")
        with pytest.raises(OutcomeUnknownError):
            await twilio.send(message, handle=None)
        peer.account.receive(sender=OURS, to=PATIENT, body=message.body)
        peer.account.create({"From": OURS, "To": "+12025550178", "Body": message.body})
        clock.forward(minutes=10)
        assert await twilio.find_sent(message) is None

    async def test_it_is_found_many_pages_back(self, twilio: TwilioChannel, peer: TwilioPeer) -> None:
        message = text()
        peer.fail("drop-after")
        with pytest.raises(OutcomeUnknownError):
            await twilio.send(message, handle=None)
        for number in range(250):
            peer.account.create({"From": OURS, "To": PATIENT, "Body": f"Another {number}"})
        found = await twilio.find_sent(message)
        assert found is not None
        assert peer.asked.count(f"GET /2010-04-01/Accounts/{peer.account.sid}/Messages.json") == 3

    async def test_the_notice_of_a_trial_account_is_no_difference(
        self, twilio: TwilioChannel, peer: TwilioPeer
    ) -> None:
        message = text()
        peer.fail("drop-after")
        with pytest.raises(OutcomeUnknownError):
            await twilio.send(message, handle=None)
        peer.account.effects[0].body = f"Sent from your Twilio trial account - {message.body}"
        assert await twilio.find_sent(message) is not None

    async def test_a_listing_that_fails_says_nothing(self, twilio: TwilioChannel, peer: TwilioPeer) -> None:
        message = text()
        await twilio.send(message, handle=None)
        for kind in ("500", "429", "drop-before"):
            peer.fail(kind, listing=True)
            with pytest.raises(ChannelError):
                await twilio.find_sent(message)
        assert await twilio.find_sent(message) is not None

    @pytest.mark.parametrize("elsewhere", ["http://127.0.0.1:{port}/pages", "//127.0.0.1:{port}/pages"])
    async def test_a_next_page_elsewhere_gets_no_credentials(
        self, twilio: TwilioChannel, peer: TwilioPeer, clock: Clock, elsewhere: str
    ) -> None:
        message = text()
        peer.fail("drop-before")
        with pytest.raises(OutcomeUnknownError):
            await twilio.send(message, handle=None)
        for number in range(150):
            peer.account.create({"From": OURS, "To": PATIENT, "Body": f"Another {number}"})
        with serve_twilio(now=clock) as mallory:
            peer.account.next_page_at = elsewhere.format(port=urlsplit(mallory.url).port)
            with pytest.raises(ChannelError, match="another server"):
                await twilio.find_sent(message)
            assert mallory.asked == []


class TestWhatsApp:
    @pytest.fixture
    async def message(self, database: Database, settings: Settings, clock: Clock, peer: TwilioPeer) -> OutgoingMessage:
        """A waiting recall by WhatsApp, with its booking link."""
        await make_clinic()
        ctx = build_context(twilio_settings(settings, peer), database, now=clock)
        patient = await make_patient(ctx, name="Ann Ames", phone=PATIENT)
        row = OutboundMessage(
            key="attempt",
            kind=MessageKind.ATTEMPT,
            patient_id=patient.id,
            channel=ChannelType.WHATSAPP,
            to=PATIENT,
            body=f"Ann, it is time for a check-up. {LINK} Reply STOP to opt out.",
            created_at=clock(),
        )
        await row.insert()
        return text(outbox_id=str(row.id), channel=ChannelType.WHATSAPP, body=row.body)

    def with_templates(self, settings: Settings, clock: Clock, peer: TwilioPeer, **templates: str) -> TwilioChannel:
        peer.account.templates[TEMPLATE] = APPROVED
        named = tuple(f"{kind}={sid}" for kind, sid in templates.items())
        return open_channel(twilio_settings(settings, peer, twilio_whatsapp_templates=named), clock)

    async def test_inside_the_window_the_words_go_as_they_are(
        self, twilio: TwilioChannel, peer: TwilioPeer, clock: Clock, message: OutgoingMessage
    ) -> None:
        await wrote_on_whatsapp(clock)
        peer.account.receive(sender=WA_PATIENT, to=WA_OURS, body="Hello")
        clock.forward(hours=23)
        receipt = await twilio.send(message, handle=None)
        [sent] = peer.account.effects
        assert (sent.body, sent.status, sent.to) == (message.body, "queued", WA_PATIENT)
        assert receipt.thread_id == f"whatsapp:{PATIENT}"

    async def test_outside_it_without_a_template_nothing_is_asked_of_twilio(
        self, twilio: TwilioChannel, peer: TwilioPeer, clock: Clock, message: OutgoingMessage
    ) -> None:
        await wrote_on_whatsapp(clock)
        clock.forward(hours=24)
        with pytest.raises(NotAllowedNowError):
            await twilio.send(message, handle=None)
        assert peer.asked == []

    async def test_an_sms_of_the_same_number_opens_no_window(
        self, twilio: TwilioChannel, peer: TwilioPeer, clock: Clock, message: OutgoingMessage, settings: Settings,
        database: Database,
    ) -> None:  # fmt: skip
        ctx = build_context(twilio_settings(settings, peer), database, now=clock)
        by_sms = InboundMessage(
            source=InboundSource.TWILIO, external_id="SM1", channel=ChannelType.SMS, sender=PATIENT, text="Hello"
        )
        await inbound.store(ctx, by_sms)
        with pytest.raises(NotAllowedNowError):
            await twilio.send(message, handle=None)

    async def test_outside_it_the_approved_template_is_filled(
        self, settings: Settings, database: Database, clock: Clock, peer: TwilioPeer, message: OutgoingMessage
    ) -> None:
        await self.with_templates(settings, clock, peer, attempt=TEMPLATE).send(message, handle=None)
        [form] = peer.forms
        assert (form["ContentSid"], "Body" in form) == (TEMPLATE, False)
        assert json.loads(form["ContentVariables"]) == {"1": "Ann", "2": "Willow Street Dental", "3": LINK}
        [sent] = peer.account.effects
        assert sent.body.startswith("Hello Ann, this is Willow Street Dental. Please choose a time: https://")

    async def test_a_template_for_another_occasion_does_not_serve(
        self, settings: Settings, database: Database, clock: Clock, peer: TwilioPeer, message: OutgoingMessage
    ) -> None:
        with pytest.raises(NotAllowedNowError):
            await self.with_templates(settings, clock, peer, reminder=TEMPLATE).send(message, handle=None)
        assert peer.forms == []

    async def test_a_template_whose_answer_was_lost_is_found_by_its_link(
        self, settings: Settings, database: Database, clock: Clock, peer: TwilioPeer, message: OutgoingMessage
    ) -> None:
        channel = self.with_templates(settings, clock, peer, attempt=TEMPLATE)
        peer.fail("drop-after")
        with pytest.raises(OutcomeUnknownError):
            await channel.send(message, handle=None)
        found = await channel.find_sent(message)
        assert found is not None
        assert found.external_id == peer.account.effects[0].sid


class TestSettings:
    GOOD: ClassVar[dict[str, Any]] = {
        "channel_sms": "twilio",
        "channel_whatsapp": "twilio",
        "twilio_account_sid": "AC1",
        "twilio_auth_token": "t",
        "twilio_sms_from": OURS,
        "twilio_whatsapp_from": OURS,
    }

    def test_they_open_both_channels(self, database: Database, clock: Clock) -> None:
        ctx = build_context(make_settings(**self.GOOD), database, now=clock)
        assert {kind for kind, channel in ctx.channels.items() if channel.name == "twilio"} == {"sms", "whatsapp"}

    @pytest.mark.parametrize(
        ("missing", "named"),
        [
            (("twilio_account_sid",), ("CHANNEL_SMS", "TWILIO_ACCOUNT_SID")),
            (("twilio_auth_token",), ("TWILIO_AUTH_TOKEN",)),
            (("twilio_sms_from",), ("CHANNEL_SMS", "TWILIO_SMS_FROM")),
            (("twilio_whatsapp_from",), ("CHANNEL_WHATSAPP", "TWILIO_WHATSAPP_FROM")),
            (("twilio_account_sid", "twilio_sms_from"), ("TWILIO_ACCOUNT_SID, TWILIO_SMS_FROM",)),
        ],
    )
    def test_a_missing_one_is_named(
        self, database: Database, clock: Clock, missing: tuple[str, ...], named: tuple[str, ...]
    ) -> None:
        given = {name: value for name, value in self.GOOD.items() if name not in missing}
        with pytest.raises(ConfigurationError) as failure:
            build_context(make_settings(**given), database, now=clock)
        assert all(name in str(failure.value) for name in named)

    def test_mail_does_not_go_through_twilio(self, database: Database, clock: Clock) -> None:
        with pytest.raises(ConfigurationError, match="CHANNEL_EMAIL cannot be `twilio`"):
            build_context(make_settings(**self.GOOD | {"channel_email": "twilio"}), database, now=clock)

    def test_a_number_that_only_whatsapp_needs_is_not_asked_for(self, database: Database, clock: Clock) -> None:
        by_sms = make_settings(**self.GOOD | {"channel_whatsapp": "none", "twilio_whatsapp_from": ""})
        assert build_context(by_sms, database, now=clock).channels[ChannelType.SMS].name == "twilio"

    @pytest.mark.parametrize(
        "changes",
        [
            {"twilio_whatsapp_templates": "attempt=HX1"},
            {"twilio_whatsapp_templates": f"greeting={TEMPLATE}"},
            {"twilio_whatsapp_templates": TEMPLATE},
            {"twilio_api_url": "http://api.example.com"},
            {"twilio_api_url": "ftp://127.0.0.1"},
        ],
    )
    def test_what_cannot_be_right_is_refused(self, changes: dict[str, str]) -> None:
        with pytest.raises(ValueError, match="twilio"):
            make_settings(**changes)

    def test_templates_are_read_by_kind(self) -> None:
        settings = make_settings(twilio_whatsapp_templates=f"attempt={TEMPLATE}, reminder={TEMPLATE}")
        assert settings.whatsapp_templates == {"attempt": TEMPLATE, "reminder": TEMPLATE}

    def test_the_sandbox_needs_none_of_them(self, database: Database, clock: Clock) -> None:
        settings = replace_choice(make_settings(), ChannelChoice.SANDBOX)
        assert build_context(settings, database, now=clock).channels[ChannelType.SMS].name == "sandbox"


def replace_choice(settings: Settings, choice: ChannelChoice) -> Settings:
    return settings.model_copy(update={"channel_sms": choice})
