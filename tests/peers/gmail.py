"""Gmail, its token endpoint, its keys and Pub/Sub as one real HTTP server on this machine.

It speaks the wire format of the discovery document `gmail.v1`; the product reaches it only through base URLs in
settings. Tests steer it and read its append-only log of effects over `/admin/...`, in this process (`serve_gmail`) or
in one of its own that outlives a kill (`python -m tests.peers.gmail --port 8025`).
"""

import argparse
import base64
import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx2

from tests.peers.google_errors import GoogleError, invalid
from tests.peers.google_faults import DroppedConnectionError, Faults
from tests.peers.google_keys import SigningKey
from tests.peers.google_token import GoogleTokens, TokenRefusedError, jwks
from tests.peers.mail_shapes import StoredMail, from_b64url
from tests.peers.mailbox import Habits, Mailbox
from tests.peers.pubsub import PubSub, notification

ADDRESS = "clinic@example.com"
STARTS_WITHIN_SECONDS = 20
LARGEST_PAGE = 500
HISTORY_KINDS = {
    "messageAdded": "messagesAdded",
    "messageDeleted": "messagesDeleted",
    "labelAdded": "labelsAdded",
    "labelRemoved": "labelsRemoved",
}
SYSTEM_LABELS = ("INBOX", "SENT", "DRAFT", "SPAM", "TRASH", "UNREAD", "STARRED", "IMPORTANT", "CHAT")


@dataclass
class Request:
    """One request of the Gmail API, read."""

    path: re.Match[str]
    query: dict[str, list[str]]
    body: Any

    def one(self, name: str, default: str = "") -> str:
        return self.query.get(name, [default])[0]

    def id(self) -> str:
        return unquote(self.path["id"])


@dataclass
class GmailServer:
    """Everything behind the server: the mailbox, the tokens, the keys, Pub/Sub and what goes wrong."""

    mailbox: Mailbox = field(default_factory=lambda: Mailbox(ADDRESS))
    tokens: GoogleTokens = field(default_factory=GoogleTokens)
    faults: Faults = field(default_factory=Faults)
    keys: tuple[SigningKey, SigningKey] = field(default_factory=lambda: (SigningKey(), SigningKey()))
    requests: Counter[str] = field(default_factory=Counter)
    pubsub: PubSub = field(init=False)

    def __post_init__(self) -> None:
        self.pubsub = PubSub(self.keys[0])
        self.mailbox.on_change = self._notify

    def _notify(self, history_id: int) -> None:
        if self.mailbox.is_watched:
            self.pubsub.publish(notification(self.mailbox.address, history_id))

    def profile(self, _: Request) -> Any:
        box = self.mailbox
        threads = len({mail.thread_id for mail in box.messages.values()})
        return {
            "emailAddress": box.address,
            "messagesTotal": len(box.messages),
            "threadsTotal": threads,
            "historyId": str(box.history_id),
        }

    def watch(self, request: Request) -> Any:
        return self.mailbox.watch(str((request.body or {}).get("topicName", "")))

    def stop(self, _: Request) -> Any:
        self.mailbox.stop()
        return None

    def history(self, request: Request) -> Any:
        since = request.one("startHistoryId")
        if not since.isdigit():
            raise invalid("Missing or invalid startHistoryId")
        kinds = [HISTORY_KINDS[kind] for kind in request.query.get("historyTypes", []) if kind in HISTORY_KINDS]
        found = self.mailbox.history(int(since), kinds=kinds, label=request.one("labelId"))
        return self._page("history", found, request) | {"historyId": str(self.mailbox.history_id)}

    def messages(self, request: Request) -> Any:
        everywhere = request.one("includeSpamTrash") == "true"
        found = self.mailbox.search(request.one("q"), labels=request.query.get("labelIds", []), everywhere=everywhere)
        return self._page("messages", [m.named() for m in found], request) | {"resultSizeEstimate": len(found)}

    def _page(self, name: str, rows: list[Any], request: Request) -> dict[str, Any]:
        token, size = request.one("pageToken", "0"), self.mailbox.habits.page_size
        if not token.isdigit():
            raise invalid("Invalid pageToken")
        start, most = int(token), min(int(request.one("maxResults", str(size))), size, LARGEST_PAGE)
        page = {name: rows[start : start + most]} if rows[start : start + most] else {}
        return page | ({"nextPageToken": str(start + most)} if start + most < len(rows) else {})

    def message(self, request: Request) -> Any:
        return self._shown(self.mailbox.message(request.id()), request)

    def _shown(self, mail: StoredMail, request: Request) -> dict[str, Any]:
        return mail.shown(request.one("format", "full"), headers=request.query.get("metadataHeaders", []))

    def send(self, request: Request) -> Any:
        return self.mailbox.send(_raw(request.body), request.body.get("threadId", "")).labelled()

    def thread(self, request: Request) -> Any:
        mails = self.mailbox.thread(request.id())
        if not mails:
            raise GoogleError(404)
        newest = max(mail.history_id for mail in mails)
        return {"id": request.id(), "historyId": str(newest), "messages": [self._shown(m, request) for m in mails]}

    def drafts(self, request: Request) -> Any:
        with self.mailbox.lock:
            every = {message: draft for draft, message in self.mailbox.drafts.items()}
            found = self.mailbox.search(request.one("q"), labels=["DRAFT"], everywhere=False)
            rows = [{"id": every[m.id], "message": m.named()} for m in found if m.id in every]
        return self._page("drafts", rows, request) | {"resultSizeEstimate": len(rows)}

    def create_draft(self, request: Request) -> Any:
        message = (request.body or {}).get("message", {})
        identifier, mail = self.mailbox.create_draft(_raw(message), message.get("threadId", ""))
        return {"id": identifier, "message": mail.labelled()}

    def draft(self, request: Request) -> Any:
        return {"id": request.id(), "message": self._shown(self.mailbox.draft(request.id()), request)}

    def send_draft(self, request: Request) -> Any:
        return self.mailbox.send_draft(str((request.body or {}).get("id", ""))).labelled()

    def delete_draft(self, request: Request) -> Any:
        self.mailbox.delete_draft(request.id())
        return None

    def labels(self, _: Request) -> Any:
        return {"labels": [{"id": name, "name": name, "type": "system"} for name in SYSTEM_LABELS]}

    def admin(self, name: str, body: dict[str, Any]) -> Any:
        """The tests' own door: switches, other people's mail, and what happened."""
        return ADMIN[name](self, body)


def _raw(message: dict[str, Any]) -> bytes:
    raw = message.get("raw")
    if not isinstance(raw, str) or not raw:
        raise invalid("'raw' RFC822 payload message string or uploading message via /upload/* URL required")
    return from_b64url(raw)


Operation = Callable[[GmailServer, Request], Any]
USER = r"/gmail/v1/users/[^/]+"
OPERATIONS: tuple[tuple[str, str, str, Operation], ...] = (
    ("users.getProfile", "GET", rf"{USER}/profile", GmailServer.profile),
    ("users.watch", "POST", rf"{USER}/watch", GmailServer.watch),
    ("users.stop", "POST", rf"{USER}/stop", GmailServer.stop),
    ("history.list", "GET", rf"{USER}/history", GmailServer.history),
    ("messages.list", "GET", rf"{USER}/messages", GmailServer.messages),
    ("messages.send", "POST", rf"{USER}/messages/send", GmailServer.send),
    ("messages.get", "GET", rf"{USER}/messages/(?P<id>[^/]+)", GmailServer.message),
    ("threads.get", "GET", rf"{USER}/threads/(?P<id>[^/]+)", GmailServer.thread),
    ("drafts.list", "GET", rf"{USER}/drafts", GmailServer.drafts),
    ("drafts.create", "POST", rf"{USER}/drafts", GmailServer.create_draft),
    ("drafts.send", "POST", rf"{USER}/drafts/send", GmailServer.send_draft),
    ("drafts.get", "GET", rf"{USER}/drafts/(?P<id>[^/]+)", GmailServer.draft),
    ("drafts.delete", "DELETE", rf"{USER}/drafts/(?P<id>[^/]+)", GmailServer.delete_draft),
    ("labels.list", "GET", rf"{USER}/labels", GmailServer.labels),
)


def _set_habits(server: GmailServer, body: dict[str, Any]) -> Any:
    server.mailbox.habits = Habits(**(vars(server.mailbox.habits) | body))
    return vars(server.mailbox.habits)


def _deliver(server: GmailServer, body: dict[str, Any]) -> Any:
    raw = base64.b64decode(body.pop("raw"))
    return server.mailbox.deliver(raw, **body).labelled()


def _set_tokens(server: GmailServer, body: dict[str, Any]) -> Any:
    if body.pop("expire_all", False):
        server.tokens.expire_all()
    for name, value in body.items():
        setattr(server.tokens, name, value)
    return {"grants": server.tokens.grants}


def _set_faults(server: GmailServer, body: dict[str, Any]) -> Any:
    server.faults.replace(body["rules"])
    return {}


def _subscribe(server: GmailServer, body: dict[str, Any]) -> Any:
    server.pubsub.configure(**body)
    return server.pubsub.state()


def _remove(server: GmailServer, body: dict[str, Any]) -> Any:
    server.mailbox.remove(body["id"])
    return {}


def _relabel(server: GmailServer, body: dict[str, Any]) -> Any:
    server.mailbox.relabel(body["id"], add=body.get("add", []), remove=body.get("remove", []))
    return {}


def _all_messages(server: GmailServer, _: dict[str, Any]) -> Any:
    with server.mailbox.lock:
        mails = list(server.mailbox.messages.values())
        return [m.labelled() | {"raw": base64.b64encode(m.raw).decode()} for m in mails]


def _credentials(server: GmailServer, _: dict[str, Any]) -> Any:
    tokens = server.tokens
    return {
        "authorized_user": tokens.authorized_user(),
        "service_account": tokens.service_account(),
        "client_secrets": tokens.client_secrets(),
    }


ADMIN: dict[str, Callable[[GmailServer, dict[str, Any]], Any]] = {
    "effects": lambda server, _: list(server.mailbox.effects),
    "requests": lambda server, _: dict(server.requests),
    "messages": _all_messages,
    "profile": lambda server, _: {
        "history_id": server.mailbox.history_id,
        "watched_until": server.mailbox.watched_until,
    },
    "habits": _set_habits,
    "faults": _set_faults,
    "tokens": _set_tokens,
    "credentials": _credentials,
    "deliver": _deliver,
    "remove": _remove,
    "relabel": _relabel,
    "subscribe": _subscribe,
    "release": lambda server, _: {"released": server.pubsub.release()},
    "pushes": lambda server, _: server.pubsub.state(),
}


class Door(BaseHTTPRequestHandler):
    """HTTP on the wire. Plain sockets, because a connection must be cut without an answer when a switch says so."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024
    gmail: GmailServer

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        url = urlsplit(self.path)
        try:
            self._route(url.path, parse_qs(url.query), body)
        except DroppedConnectionError:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        except GoogleError as error:
            self._answer(error.code, error.body(), error.all_headers())
        except TokenRefusedError as error:
            self._answer(400, error.body)

    do_GET = do_POST = do_DELETE = _serve  # noqa: N815 - the names that the base class looks for

    def _route(self, path: str, query: dict[str, list[str]], body: bytes) -> None:
        gmail = self.gmail
        if path.startswith("/admin/"):
            return self._answer(200, gmail.admin(path.removeprefix("/admin/"), json.loads(body or b"{}")))
        if path == "/token":
            return self._guarded("token", lambda: gmail.tokens.grant(body, self.headers.get("Authorization", "")))
        if path == "/oauth2/v3/certs":
            return self._guarded("certs", lambda: json.loads(jwks(*gmail.keys)))
        if path == "/o/oauth2/v2/auth":
            return self._answer(302, None, {"Location": gmail.tokens.consent(query)})
        for name, method, pattern, operation in OPERATIONS:
            if method == self.command and (found := re.fullmatch(pattern, path)):
                gmail.tokens.check(self.headers.get("Authorization", ""))
                request = Request(found, query, json.loads(body) if body else None)
                return self._guarded(name, lambda: operation(gmail, request))  # noqa: B023 - called before the next turn
        raise GoogleError(404)

    def _guarded(self, name: str, work: Callable[[], Any]) -> None:
        self.gmail.requests[name] += 1
        self.gmail.faults.before(name)
        answer = work()
        self.gmail.faults.after(name)
        self._answer(204 if answer is None else 200, answer)

    def _answer(self, status: int, content: Any, headers: dict[str, str] | None = None) -> None:
        body = b"" if content is None else json.dumps(content).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json; charset=UTF-8")
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Tests read the product's log lines, not this server's."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed leaves a broken pipe; anything else is a defect of the peer and is shown."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


@dataclass
class GmailPeer:
    """What a test holds: where the peer listens, and its switches. Every call goes over HTTP, whoever runs it."""

    url: str
    server: GmailServer | None = None
    """The inside, when the peer runs in this process."""

    @property
    def jwks_url(self) -> str:
        return f"{self.url}/oauth2/v3/certs"

    @property
    def token_url(self) -> str:
        return f"{self.url}/token"

    def admin(self, name: str, **body: Any) -> Any:
        answer = httpx2.post(f"{self.url}/admin/{name}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def effects(self, *operations: str) -> list[dict[str, Any]]:
        """The log of effects, of these operations or of all."""
        return [row for row in self.admin("effects") if not operations or row["operation"] in operations]

    def deliver(self, raw: bytes, **fields: Any) -> dict[str, Any]:
        """Put a patient's mail in (`thread_id`, `labels`, `at` in epoch seconds); answers id, threadId, labelIds."""
        answer: dict[str, Any] = self.admin("deliver", raw=base64.b64encode(raw).decode(), **fields)
        return answer

    def fail(self, *rules: dict[str, Any]) -> None:
        """Replace the rules of what goes wrong (`google_faults.Fault`); none = all is well."""
        self.admin("faults", rules=list(rules))

    def messages(self, label: str = "") -> list[dict[str, Any]]:
        """Everything in the mailbox with its raw bytes, oldest first; those with a label, if named."""
        found = [m | {"raw": base64.b64decode(m["raw"])} for m in self.admin("messages")]
        return [m for m in found if not label or label in m["labelIds"]]

    def credentials(self) -> dict[str, Any]:
        """`authorized_user`, `service_account` and `client_secrets` as the files of that name hold them."""
        answer: dict[str, Any] = self.admin("credentials")
        return answer

    def authorized_user_json(self) -> str:
        """The text of a credentials file for the product."""
        return json.dumps(self.credentials()["authorized_user"])

    def wait_until_pushed(self, *, within: float = 30.0) -> dict[str, Any]:
        """Block until every push was acknowledged. Raises TimeoutError."""
        deadline = time.monotonic() + within
        while (state := self.admin("pushes"))["waiting"]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{state['waiting']} pushes were not acknowledged")
            time.sleep(0.02)
        return dict(state)


def _listen(server: GmailServer, port: int) -> _Server:
    http = _Server(("127.0.0.1", port), type("BoundDoor", (Door,), {"gmail": server}))
    server.tokens.url = f"http://127.0.0.1:{http.server_port}"
    server.pubsub.start()
    return http


@contextmanager
def serve_gmail() -> Iterator[GmailPeer]:
    """The peer on a free port, in a thread of this process; gone at the end."""
    server = GmailServer()
    http = _listen(server, 0)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield GmailPeer(server.tokens.url, server)
    finally:
        server.pubsub.close()
        http.shutdown()
        http.server_close()
        thread.join()


@contextmanager
def spawn_gmail(port: int) -> Iterator[GmailPeer]:
    """The peer in a process of its own, for tests that need this one's processor for themselves."""
    process = subprocess.Popen([sys.executable, "-m", "tests.peers.gmail", "--port", str(port)])
    peer = GmailPeer(f"http://127.0.0.1:{port}")
    try:
        _wait_for(peer, process)
        yield peer
    finally:
        process.kill()
        process.wait(timeout=10)


def _wait_for(peer: GmailPeer, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            peer.admin("requests")
        except httpx2.TransportError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError("the Gmail peer did not start")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    _listen(GmailServer(), parser.parse_args().port).serve_forever()
