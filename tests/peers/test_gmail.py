"""The Gmail peer keeps to what Google documents, seen through Google's own client library."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import google_auth_httplib2
import httplib2
import jwt
import pytest
import requests
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from google.oauth2.credentials import Credentials
from google.oauth2.service_account import Credentials as ServiceAccount
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from tests.peers.gmail import ADDRESS, GmailPeer, serve_gmail, spawn_gmail
from tests.server import free_port

SCOPES = ["https://www.googleapis.com/auth/gmail.modify"]
TOPIC = "projects/clinic-project/topics/gmail"


@pytest.fixture
def peer() -> Iterator[GmailPeer]:
    with serve_gmail() as running:
        yield running


@pytest.fixture
def gmail(peer: GmailPeer) -> Iterator[Any]:
    """`users()` of Google's client, signed in with a refresh token."""
    known = peer.credentials()["authorized_user"]
    account = Credentials(None, **{name: value for name, value in known.items() if name != "type"}, scopes=SCOPES)
    with signed_in(peer, account) as users:
        yield users


@contextmanager
def signed_in(peer: GmailPeer, credentials: Any) -> Iterator[Any]:
    http = google_auth_httplib2.AuthorizedHttp(credentials, http=httplib2.Http(timeout=5))
    options = {"api_endpoint": peer.url}
    with build("gmail", "v1", http=http, static_discovery=True, client_options=options) as service:
        yield service.users()


def mail(subject: str = "Your visit", *, sender: str = "pat@example.net", to: str = ADDRESS, **headers: str) -> bytes:
    lines = [f"From: Pat <{sender}>", f"To: {to}", f"Subject: {subject}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\nYes please\r\n").encode()


def raw(message: bytes) -> str:
    return base64.urlsafe_b64encode(message).decode()


def status_of(request: Any) -> tuple[int, str]:
    with pytest.raises(HttpError) as refused:
        request.execute()
    return refused.value.resp.status, json.loads(refused.value.content)["error"]["errors"][0]["reason"]


def history(gmail: Any, since: str, **options: Any) -> list[dict[str, Any]]:
    found, request = [], gmail.history().list(userId="me", startHistoryId=since, **options)
    while request is not None:
        answer = request.execute()
        found += answer.get("history", [])
        request = gmail.history().list_next(request, answer)
    return found


class TestReading:
    def test_formats(self, peer: GmailPeer, gmail: Any) -> None:
        sent = mail(Message_ID="<1@example.net>")
        name = peer.deliver(sent, at=1_800_000_000)["id"]
        whole = gmail.messages().get(userId="me", id=name, format="raw").execute()
        assert base64.urlsafe_b64decode(whole["raw"]) == sent
        assert (whole["internalDate"], whole["labelIds"]) == ("1800000000000", ["INBOX", "UNREAD"])
        full = gmail.messages().get(userId="me", id=name).execute()
        assert base64.urlsafe_b64decode(full["payload"]["body"]["data"]) == b"Yes please\r\n"
        head = gmail.messages().get(userId="me", id=name, format="metadata", metadataHeaders=["message-id"]).execute()
        assert head["payload"]["headers"] == [{"name": "Message-ID", "value": "<1@example.net>"}]

    def test_an_unknown_message(self, gmail: Any) -> None:
        assert status_of(gmail.messages().get(userId="me", id="1234")) == (404, "notFound")

    def test_search_and_its_pages(self, peer: GmailPeer, gmail: Any) -> None:
        peer.admin("habits", page_size=2, now=1_800_000_000)
        names = [peer.deliver(mail(), at=1_800_000_000 - days * 86_400)["id"] for days in (1, 3, 10, 20)]
        gmail.messages().send(userId="me", body={"raw": raw(mail(to="pat@example.net", sender=ADDRESS))}).execute()
        found, request = [], gmail.messages().list(userId="me", q="newer_than:14d -in:sent")
        while request is not None:
            answer = request.execute()
            found += [row["id"] for row in answer["messages"]]
            request = gmail.messages().list_next(request, answer)
        assert found == names[:3]
        [own] = gmail.messages().list(userId="me", q="in:sent to:pat@example.net").execute()["messages"]
        assert own["id"] not in names

    def test_the_index_lags_behind_search_but_not_behind_get(self, peer: GmailPeer, gmail: Any) -> None:
        peer.admin("habits", index_lag=60)
        name = peer.deliver(mail())["id"]
        assert "messages" not in gmail.messages().list(userId="me").execute()
        assert gmail.messages().get(userId="me", id=name).execute()["id"] == name


class TestHistory:
    def test_rises_with_gaps_over_pages_and_shows_own_sends(self, peer: GmailPeer, gmail: Any) -> None:
        since = gmail.getProfile(userId="me").execute()["historyId"]
        peer.admin("habits", page_size=2)
        names = [peer.deliver(mail())["id"] for _ in range(5)]
        gmail.messages().send(userId="me", body={"raw": raw(mail(to="pat@example.net"))}).execute()
        rows = history(gmail, since, historyTypes=["messageAdded"])
        added = [row["messagesAdded"][0]["message"] for row in rows]
        assert [message["id"] for message in added[:5]] == names
        assert added[5]["labelIds"] == ["SENT"]
        ids = [int(row["id"]) for row in rows]
        assert ids == sorted(ids)
        assert ids[-1] - ids[0] > len(ids)

    def test_nothing_new(self, gmail: Any) -> None:
        since = gmail.getProfile(userId="me").execute()["historyId"]
        assert gmail.history().list(userId="me", startHistoryId=since).execute() == {"historyId": since}

    def test_a_message_taken_out_of_the_spam(self, peer: GmailPeer, gmail: Any) -> None:
        since = gmail.getProfile(userId="me").execute()["historyId"]
        name = peer.deliver(mail(), labels=["SPAM"])["id"]
        peer.admin("relabel", id=name, add=["INBOX"], remove=["SPAM"])
        [row] = history(gmail, since, historyTypes=["labelRemoved"])
        assert row["labelsRemoved"] == [{"message": row["labelsRemoved"][0]["message"], "labelIds": ["SPAM"]}]
        assert row["labelsRemoved"][0]["message"]["labelIds"] == ["INBOX"]

    def test_below_the_horizon(self, peer: GmailPeer, gmail: Any) -> None:
        peer.admin("habits", horizon=9_000_000_100)
        assert status_of(gmail.history().list(userId="me", startHistoryId="9000000000")) == (404, "notFound")


class TestDrafts:
    def test_a_draft_can_be_sent_once(self, peer: GmailPeer, gmail: Any) -> None:
        body = {"message": {"raw": raw(mail(to="pat@example.net", X_Outbox_Id="42"))}}
        draft = gmail.drafts().create(userId="me", body=body).execute()
        assert gmail.drafts().list(userId="me").execute()["drafts"][0]["id"] == draft["id"]
        sent = gmail.drafts().send(userId="me", body={"id": draft["id"]}).execute()
        assert (sent["labelIds"], sent["id"] == draft["message"]["id"]) == (["SENT"], False)
        assert status_of(gmail.drafts().send(userId="me", body={"id": draft["id"]})) == (404, "notFound")
        assert status_of(gmail.messages().get(userId="me", id=draft["message"]["id"])) == (404, "notFound")
        assert [row["outbox_id"] for row in peer.effects("drafts.send")] == ["42"]

    def test_a_deleted_draft_is_never_sent(self, peer: GmailPeer, gmail: Any) -> None:
        draft = gmail.drafts().create(userId="me", body={"message": {"raw": raw(mail())}}).execute()
        gmail.drafts().delete(userId="me", id=draft["id"]).execute()
        assert status_of(gmail.drafts().send(userId="me", body={"id": draft["id"]}))[0] == 404
        assert peer.messages() == []

    @pytest.mark.parametrize(
        ("subject", "references", "stays"),
        [
            ("Re: Your visit", "<1@example.net>", True),
            ("Other", "<1@example.net>", False),
            ("Your visit", "<2@x>", False),
        ],
    )
    def test_a_thread_needs_id_references_and_subject(
        self, peer: GmailPeer, gmail: Any, subject: str, references: str, stays: bool
    ) -> None:
        thread = peer.deliver(mail(Message_ID="<1@example.net>"))["threadId"]
        answer = raw(mail(subject, to="pat@example.net", References=references))
        draft = gmail.drafts().create(userId="me", body={"message": {"raw": answer, "threadId": thread}}).execute()
        sent = gmail.drafts().send(userId="me", body={"id": draft["id"]}).execute()
        assert (sent["threadId"] == thread) is stays

    @pytest.mark.parametrize("rewrites", [True, False])
    def test_the_message_id_of_what_is_sent(self, peer: GmailPeer, gmail: Any, rewrites: bool) -> None:
        peer.admin("habits", rewrites_message_id=rewrites)
        own = mail(to="pat@example.net", Message_ID="<ours@clinic.example>")
        gmail.messages().send(userId="me", body={"raw": raw(own)}).execute()
        [kept] = peer.messages("SENT")
        assert (b"<ours@clinic.example>" in kept["raw"]) is not rewrites

    def test_a_reply_joins_the_thread_whose_message_it_names(self, peer: GmailPeer, gmail: Any) -> None:
        gmail.messages().send(userId="me", body={"raw": raw(mail(to="pat@example.net"))}).execute()
        [sent] = peer.messages("SENT")
        name = next(line for line in sent["raw"].split(b"\r\n") if line.startswith(b"Message-ID: "))
        reply = peer.deliver(mail("Re: Your visit", In_Reply_To=name.decode().removeprefix("Message-ID: ")))
        assert reply["threadId"] == sent["threadId"]


class TestFaults:
    def test_cut_before_the_effect_and_after_it(self, peer: GmailPeer, gmail: Any) -> None:
        def send() -> None:
            gmail.messages().send(userId="me", body={"raw": raw(mail(to="pat@example.net"))}).execute()

        for kind, effects in (("drop_before", 0), ("drop_after", 1)):
            peer.fail({"kind": kind, "operation": "messages.send"})
            with pytest.raises((httplib2.HttpLib2Error, OSError, EOFError)):
                send()
            assert len(peer.effects("messages.send")) >= effects
            peer.fail()
            if kind == "drop_before":
                assert peer.effects("messages.send") == []

    def test_refusals_in_googles_shape(self, peer: GmailPeer, gmail: Any) -> None:
        rule = {"kind": "status", "operation": "users.getProfile", "times": 1}
        peer.fail(rule | {"status": 429, "retry_after": 7}, rule | {"status": 403, "reason": "rateLimitExceeded"})
        with pytest.raises(HttpError) as refused:
            gmail.getProfile(userId="me").execute()
        assert (refused.value.resp.status, refused.value.resp["retry-after"]) == (429, "7")
        peer.fail(rule | {"status": 403, "reason": "rateLimitExceeded"})
        assert status_of(gmail.getProfile(userId="me")) == (403, "rateLimitExceeded")
        assert gmail.getProfile(userId="me").execute()["emailAddress"] == ADDRESS


class TestTokens:
    def test_an_expired_access_token_is_renewed(self, peer: GmailPeer, gmail: Any) -> None:
        gmail.getProfile(userId="me").execute()
        peer.admin("tokens", expire_all=True)
        gmail.getProfile(userId="me").execute()
        assert peer.admin("tokens")["grants"] == ["refresh_token", "refresh_token"]

    def test_a_revoked_one(self, peer: GmailPeer, gmail: Any) -> None:
        peer.admin("tokens", refuse="invalid_grant")
        with pytest.raises(RefreshError, match="invalid_grant"):
            gmail.getProfile(userId="me").execute()

    def test_a_service_account(self, peer: GmailPeer) -> None:
        account = ServiceAccount.from_service_account_info(peer.credentials()["service_account"], scopes=SCOPES)
        with signed_in(peer, account.with_subject(ADDRESS)) as gmail:
            assert gmail.getProfile(userId="me").execute()["emailAddress"] == ADDRESS
        with requests.Session() as session, pytest.raises(RefreshError):
            account.refresh(Request(session))

    def test_no_token(self, peer: GmailPeer) -> None:
        with signed_in(peer, Credentials("made-up")) as gmail, pytest.raises(RefreshError):
            gmail.getProfile(userId="me").execute()  # 401, and nothing to renew it with


class TestPushes:
    def test_without_a_watch_nobody_is_told(self, peer: GmailPeer) -> None:
        peer.admin("subscribe", url="http://127.0.0.1:9/", hold=True)
        peer.deliver(mail())
        assert peer.admin("pushes")["held"] == 0

    def test_each_change_one_to_four_times_until_acknowledged(self, peer: GmailPeer, gmail: Any) -> None:
        expires = gmail.watch(userId="me", body={"topicName": TOPIC}).execute()["expiration"]
        assert int(expires) > 0
        peer.admin("subscribe", url=f"{peer.url}/admin/requests", hold=True, copies=4)
        for _ in range(10):
            peer.deliver(mail())
        held = peer.admin("pushes")["held"]
        assert 10 <= held <= 40
        peer.admin("release")
        state = peer.wait_until_pushed()
        assert (len(state["answers"]), len(state["acknowledged"])) == (held, 10)

    def test_the_token_verifies_against_the_published_keys(self, peer: GmailPeer) -> None:
        assert peer.server is not None
        token = peer.server.pubsub.token()
        key = jwt.PyJWKClient(peer.jwks_url).get_signing_key_from_jwt(token)
        assert jwt.decode(token, key, algorithms=["RS256"], options={"verify_aud": False})["email_verified"] is True


def test_in_a_process_of_its_own() -> None:
    with spawn_gmail(free_port()) as peer:
        name = peer.deliver(mail())["id"]
        assert [message["id"] for message in peer.messages()] == [name]
