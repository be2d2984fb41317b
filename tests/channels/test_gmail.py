"""Gmail sends each message once, in its thread, whatever the network does (trust.md 2.4, M4; faults 2, 12 and 24)."""

import asyncio
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from app.channels.base import (
    ChannelError,
    ChannelStoppedError,
    DraftSpentError,
    OutgoingMessage,
    Receipt,
    RecipientRefusedError,
    ThrottledError,
)
from app.channels.gmail import GmailChannel
from app.channels.google_api import GmailApi
from tests.channels.conftest import PATIENT, channel_of, mail, written
from tests.conftest import Clock
from tests.peers.gmail import ADDRESS, GmailPeer


async def deliver(gmail: GmailChannel, message: OutgoingMessage) -> Receipt:
    return await gmail.send(message, handle=await gmail.draft(message))


def sent(peer: GmailPeer) -> list[EmailMessage]:
    """Everything that left, as its reader gets it."""
    return [message_from_bytes(m["raw"], policy=policy.default) for m in peer.messages("SENT")]


def outbox_ids(peer: GmailPeer) -> list[str]:
    return [effect["outbox_id"] for effect in peer.effects("drafts.send")]


class TestSending:
    async def test_a_message_arrives_with_its_marks(self, gmail: GmailChannel, gmail_peer: GmailPeer) -> None:
        receipt = await deliver(gmail, mail())
        [arrived], [stored] = sent(gmail_peer), gmail_peer.messages("SENT")
        assert (receipt.external_id, receipt.thread_id) == (stored["id"], stored["threadId"])
        assert arrived["To"] == PATIENT
        assert arrived["From"] == f"Bright Smiles <{ADDRESS}>"
        assert (arrived["X-Outbox-Id"], arrived["Auto-Submitted"]) == ("65f0c0ffee0c0ffee0c0ffee", "auto-generated")
        assert arrived["List-Unsubscribe"] == "<https://crm.example.com/u/a-token>"
        assert gmail_peer.messages("DRAFT") == []

    @pytest.mark.parametrize("rewrites", [True, False])
    async def test_the_real_message_id_is_read_back(
        self, gmail: GmailChannel, gmail_peer: GmailPeer, rewrites: bool
    ) -> None:
        gmail_peer.admin("habits", rewrites_message_id=rewrites)
        receipt = await deliver(gmail, mail())
        assert receipt.message_id == sent(gmail_peer)[0]["Message-ID"]
        assert (receipt.message_id == "<65f0c0ffee0c0ffee0c0ffee@example.com>") is not rewrites

    async def test_a_message_id_that_cannot_be_read_does_not_undo_the_sending(
        self, gmail: GmailChannel, gmail_peer: GmailPeer
    ) -> None:
        gmail_peer.fail({"kind": "status", "operation": "messages.get", "status": 503})
        receipt = await deliver(gmail, mail())
        assert receipt.message_id is None
        assert len(sent(gmail_peer)) == 1

    async def test_nothing_leaves_before_the_draft_is_sent(self, gmail: GmailChannel, gmail_peer: GmailPeer) -> None:
        assert await gmail.draft(mail())
        assert sent(gmail_peer) == []
        assert await gmail.find_sent(mail()) is None

    async def test_forty_at_once(self, gmail: GmailChannel, gmail_peer: GmailPeer) -> None:
        messages = [mail(f"{number:024x}") for number in range(40)]
        receipts = await asyncio.gather(*(deliver(gmail, message) for message in messages))
        assert sorted(outbox_ids(gmail_peer)) == [message.outbox_id for message in messages]
        assert len({receipt.external_id for receipt in receipts}) == 40
        assert gmail_peer.admin("tokens")["grants"] == ["refresh_token"]

    async def test_the_same_draft_from_eight_workers_leaves_once(
        self, gmail: GmailChannel, gmail_peer: GmailPeer
    ) -> None:
        handle = await gmail.draft(mail())
        results = await asyncio.gather(*(gmail.send(mail(), handle=handle) for _ in range(8)), return_exceptions=True)
        assert sum(isinstance(result, Receipt) for result in results) == 1
        assert sum(isinstance(result, DraftSpentError) for result in results) == 7
        assert len(sent(gmail_peer)) == 1

    @pytest.mark.parametrize("address", ["a@example.net, b@example.net", "nobody", "a@example.net\r\nBcc: b@x.com", ""])
    async def test_an_address_that_is_not_one(self, gmail: GmailChannel, gmail_peer: GmailPeer, address: str) -> None:
        with pytest.raises(RecipientRefusedError):
            await gmail.draft(mail(to=address))
        assert gmail_peer.admin("requests") == {}

    @pytest.mark.parametrize("step", ["drafts.create", "drafts.send"])
    async def test_an_address_that_gmail_refuses(self, gmail: GmailChannel, gmail_peer: GmailPeer, step: str) -> None:
        gmail_peer.fail({"kind": "status", "operation": step, "status": 400, "message": "Invalid To header"})
        with pytest.raises(RecipientRefusedError):
            await deliver(gmail, mail())


class TestThreads:
    async def test_an_answer_stays_in_the_patients_thread(self, gmail: GmailChannel, gmail_peer: GmailPeer) -> None:
        question = b"From: Pat <pat@example.net>\r\nTo: clinic@example.com\r\nSubject: Your next visit\r\n"
        question += b"Message-ID: <question@example.net>\r\n\r\nWhen?\r\n"
        thread = gmail_peer.deliver(question)["threadId"]
        answer = mail(subject="Re: Your next visit", thread_id=thread, in_reply_to="<question@example.net>")
        receipt = await deliver(gmail, answer)
        [arrived] = sent(gmail_peer)
        assert receipt.thread_id == thread
        assert (arrived["In-Reply-To"], arrived["References"]) == ("<question@example.net>", "<question@example.net>")

    async def test_a_second_attempt_joins_the_first(self, gmail: GmailChannel, gmail_peer: GmailPeer) -> None:
        first = await deliver(gmail, mail())
        again = mail("f" * 24, thread_id=first.thread_id, references=(first.message_id or "",))
        assert (await deliver(gmail, again)).thread_id == first.thread_id

    @pytest.mark.parametrize("status", [404, 400])
    async def test_a_thread_that_is_gone_is_given_up(
        self, gmail: GmailChannel, gmail_peer: GmailPeer, status: int
    ) -> None:
        gmail_peer.fail({"kind": "status", "operation": "drafts.create", "status": status, "times": 1})
        receipt = await deliver(gmail, mail(thread_id="1234567890abcdef"))
        assert receipt.thread_id not in ("", "1234567890abcdef")
        assert gmail_peer.admin("requests")["drafts.create"] == 2

    async def test_what_gmail_never_takes_is_not_tried_for_ever(
        self, gmail: GmailChannel, gmail_peer: GmailPeer
    ) -> None:
        gmail_peer.fail({"kind": "status", "operation": "drafts.create", "status": 400})
        with pytest.raises(ChannelError):
            await gmail.draft(mail(thread_id="1234567890abcdef"))
        assert gmail_peer.admin("requests")["drafts.create"] == 2


class TestLostConnections:
    @pytest.mark.parametrize("times", [1, 2])
    async def test_before_the_effect_it_still_leaves(
        self, gmail: GmailChannel, gmail_peer: GmailPeer, times: int
    ) -> None:
        gmail_peer.fail({"kind": "drop_before", "operation": "drafts.send", "times": times})
        assert (await deliver(gmail, mail())).external_id
        assert len(sent(gmail_peer)) == 1

    async def test_after_the_effect_it_is_found_and_not_sent_again(
        self, gmail: GmailChannel, gmail_peer: GmailPeer
    ) -> None:
        gmail_peer.fail({"kind": "drop_after", "operation": "drafts.send", "times": 1})
        with pytest.raises(DraftSpentError):
            await deliver(gmail, mail())
        found = await gmail.find_sent(mail())
        assert found is not None
        assert found.external_id == gmail_peer.messages("SENT")[0]["id"]
        assert outbox_ids(gmail_peer) == [mail().outbox_id]

    async def test_a_line_that_stays_dead_asks_for_a_later_try(
        self, gmail: GmailChannel, gmail_peer: GmailPeer
    ) -> None:
        gmail_peer.fail({"kind": "drop_before", "operation": "drafts.send"})
        handle = await gmail.draft(mail())
        with pytest.raises(ChannelError) as failure:
            await gmail.send(mail(), handle=handle)
        assert type(failure.value) is ChannelError  # with a draft, trying again is safe
        assert gmail_peer.admin("requests")["drafts.send"] == 3
        gmail_peer.fail()
        await gmail.send(mail(), handle=handle)
        assert outbox_ids(gmail_peer) == [mail().outbox_id]

    async def test_a_lost_draft_is_made_again_and_only_one_leaves(
        self, gmail: GmailChannel, gmail_peer: GmailPeer
    ) -> None:
        gmail_peer.fail({"kind": "drop_after", "operation": "drafts.create", "times": 1})
        with pytest.raises(ChannelError):
            await gmail.draft(mail())
        await deliver(gmail, mail())
        assert len(sent(gmail_peer)) == 1
        assert len(gmail_peer.messages("DRAFT")) == 1  # the orphan, for the sweeper

    async def test_a_server_that_does_not_answer(self, gmail_peer: GmailPeer, api: GmailApi, clock: Clock) -> None:
        impatient = channel_of(GmailApi(api._credentials, now=clock, api_url=gmail_peer.url, timeout=0.2), clock)
        gmail_peer.fail({"kind": "latency", "operation": "drafts.create", "seconds": 1.0, "times": 1})
        with pytest.raises(ChannelError, match="broke off"):
            await impatient.draft(mail())

    async def test_nobody_listens(self, api: GmailApi, clock: Clock) -> None:
        nowhere = GmailApi(api._credentials, now=clock, api_url="http://127.0.0.1:9")
        await api.check_token()
        with pytest.raises(ChannelError, match="could not be reached"):
            await nowhere.call(lambda gmail: gmail.users().getProfile(userId="me"), has_effect=True)


class TestFinding:
    async def test_by_the_thread_of_the_draft_while_the_search_lags(
        self, gmail: GmailChannel, gmail_peer: GmailPeer, api: GmailApi, clock: Clock
    ) -> None:
        handle = await gmail.draft(mail())
        await gmail.send(mail(), handle=handle)
        gmail_peer.admin("habits", index_lag=60)
        another = channel_of(api, clock)  # of the worker that takes over
        assert await another.find_sent(mail()) is None
        with pytest.raises(DraftSpentError):
            await another.send(mail(), handle=handle)
        assert (await another.find_sent(mail())) is not None

    async def test_never_by_the_subject(self, gmail: GmailChannel) -> None:
        await deliver(gmail, mail())
        assert await gmail.find_sent(mail("a" * 24)) is None

    async def test_not_what_the_patient_quoted_back(self, gmail: GmailChannel, gmail_peer: GmailPeer) -> None:
        receipt = await deliver(gmail, mail())
        copied = b"From: Pat <pat@example.net>\r\nSubject: x\r\nX-Outbox-Id: " + b"b" * 24 + b"\r\n\r\nHi\r\n"
        gmail_peer.deliver(copied, thread_id=receipt.thread_id)
        assert await gmail.find_sent(mail("b" * 24, thread_id=receipt.thread_id)) is None

    async def test_in_a_thread_that_is_gone(self, gmail: GmailChannel, api: GmailApi, clock: Clock) -> None:
        await deliver(gmail, mail())
        assert await channel_of(api, clock).find_sent(mail(thread_id="1234567890abcdef")) is not None


class TestThrottling:
    @pytest.mark.parametrize(
        ("rule", "wait"),
        [
            ({"status": 429, "retry_after": 7}, timedelta(seconds=7)),
            ({"status": 429}, timedelta(seconds=30)),
            ({"status": 403, "reason": "rateLimitExceeded"}, timedelta(seconds=30)),
            ({"status": 403, "reason": "userRateLimitExceeded", "retry_after": 90}, timedelta(seconds=90)),
            ({"status": 403, "reason": "dailyLimitExceeded"}, timedelta(hours=1)),
            ({"status": 429, "retry_after": 0}, timedelta(seconds=1)),
            ({"status": 429, "retry_after": 9_000_000}, timedelta(days=1)),
        ],
    )
    @pytest.mark.parametrize("step", ["drafts.create", "drafts.send"])
    async def test_too_many(
        self, gmail: GmailChannel, gmail_peer: GmailPeer, step: str, rule: dict[str, Any], wait: timedelta
    ) -> None:
        gmail_peer.fail({"kind": "status", "operation": step, "times": 1} | rule)
        with pytest.raises(ThrottledError) as failure:
            await deliver(gmail, mail())
        assert failure.value.retry_after == wait
        assert sent(gmail_peer) == []

    async def test_until_the_moment_that_gmail_names(self, gmail: GmailChannel, gmail_peer: GmailPeer) -> None:
        until = datetime.now(UTC) + timedelta(minutes=20)  # by the provider's clock, which it tells in `Date`
        said = f"User-rate limit exceeded.  Retry after {until:%Y-%m-%dT%H:%M:%S}.000Z"
        gmail_peer.fail({"kind": "status", "operation": "drafts.create", "status": 429, "message": said})
        with pytest.raises(ThrottledError) as failure:
            await gmail.draft(mail())
        assert timedelta(minutes=15) < failure.value.retry_after <= timedelta(minutes=20)

    async def test_the_pause_grows_until_something_goes_through(
        self, gmail: GmailChannel, gmail_peer: GmailPeer
    ) -> None:
        async def refused() -> float:
            with pytest.raises(ThrottledError) as failure:
                await gmail.draft(mail())
            return failure.value.retry_after.total_seconds()

        gmail_peer.fail({"kind": "status", "operation": "drafts.create", "status": 429})
        assert [await refused() for _ in range(9)] == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
        gmail_peer.fail()
        await gmail.draft(mail())
        gmail_peer.fail({"kind": "status", "operation": "drafts.create", "status": 429})
        assert await refused() == 30


class TestCredentials:
    @pytest.mark.parametrize("refusal", ["invalid_grant", "unauthorized_client", "invalid_client"])
    async def test_a_revoked_token_stops_the_channel(
        self, gmail: GmailChannel, gmail_peer: GmailPeer, refusal: str
    ) -> None:
        gmail_peer.admin("tokens", refuse=refusal)
        with pytest.raises(ChannelStoppedError, match=refusal):
            await gmail.draft(mail())

    async def test_a_missing_scope_stops_the_channel(self, gmail: GmailChannel, gmail_peer: GmailPeer) -> None:
        gmail_peer.fail({"kind": "status", "operation": "*", "status": 403})
        with pytest.raises(ChannelStoppedError):
            await gmail.draft(mail())

    async def test_tokens_that_expire_in_the_middle_are_fetched_once(
        self, gmail: GmailChannel, gmail_peer: GmailPeer
    ) -> None:
        await deliver(gmail, mail())
        gmail_peer.admin("tokens", expire_all=True)
        await asyncio.gather(*(deliver(gmail, mail(f"{number:024x}")) for number in range(8)))
        assert gmail_peer.admin("tokens")["grants"] == ["refresh_token"] * 2
        assert len(sent(gmail_peer)) == 9

    async def test_a_new_token_that_is_refused_too(self, gmail: GmailChannel, gmail_peer: GmailPeer) -> None:
        gmail_peer.admin("tokens", lives_seconds=3_599)
        gmail_peer.fail({"kind": "status", "operation": "drafts.create", "status": 401})
        with pytest.raises(ChannelStoppedError):
            await gmail.draft(mail())
        assert gmail_peer.admin("requests")["drafts.create"] == 2

    async def test_a_token_server_that_is_down_is_tried_again_later(
        self, gmail_peer: GmailPeer, tmp_path: Path, clock: Clock
    ) -> None:
        known = gmail_peer.credentials()["authorized_user"] | {"token_uri": "http://127.0.0.1:9/token"}
        api = GmailApi.open(written(tmp_path / "c.json", known), mailbox=ADDRESS, now=clock, api_url=gmail_peer.url)
        with pytest.raises(ChannelError) as failure:
            await channel_of(api, clock).draft(mail())
        assert type(failure.value) is ChannelError

    async def test_a_service_account_sends_for_the_mailbox(
        self, gmail_peer: GmailPeer, tmp_path: Path, clock: Clock
    ) -> None:
        file = written(tmp_path / "key.json", gmail_peer.credentials()["service_account"])
        api = GmailApi.open(file, mailbox=ADDRESS, now=clock, api_url=gmail_peer.url)
        await deliver(channel_of(api, clock), mail())
        assert gmail_peer.admin("tokens")["grants"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]

    async def test_no_error_shows_a_secret_or_an_address(self, gmail: GmailChannel, gmail_peer: GmailPeer) -> None:
        shown = []
        for rule in (
            {"kind": "status", "status": 400, "message": f"Invalid To header: {PATIENT}"},
            {"kind": "status", "status": 403, "message": f"Delegation denied for {ADDRESS}"},
            {"kind": "status", "status": 500, "message": PATIENT},
            {"kind": "drop_before"},
        ):
            gmail_peer.fail(rule)
            for call in (gmail.draft(mail()), gmail.find_sent(mail())):
                with pytest.raises(ChannelError) as failure:
                    await call
                shown.append(str(failure.value))
        gmail_peer.admin("tokens", refuse="invalid_grant", expire_all=True)
        gmail_peer.fail()
        with pytest.raises(ChannelError) as failure:
            await gmail.draft(mail())
        for text in [*shown, str(failure.value)]:
            assert "@" not in text
            assert "refresh" not in text
            assert "ya29" not in text
