"""A local stand-in for Twilio's Messages API, its webhooks and its moods; the product reaches it by TWILIO_API_URL.

Run by itself: `python -m tests.peers.twilio --port 8090 --webhooks http://127.0.0.1:8000`. What the real one has no
address for (faults, a patient who writes, the log of effects) stands under `/_peer/`.
"""

import argparse
import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2

from app.domain.twilio_signature import signature
from tests.peers.twilio_account import Account, Json, PeerMessage, RefusedError

MESSAGE_PATH, STATUS_PATH = "/api/v1/webhooks/twilio/message", "/api/v1/webhooks/twilio/status"
FORM = "application/x-www-form-urlencoded"
DROPS = ("drop-before", "drop-after")


@dataclass
class Fault:
    """What the next `times` requests to create (or, with `listing`, to list) a message meet."""

    kind: str
    """`drop-before`, `drop-after`, `latency`, or an HTTP status such as `429` or `503`."""
    times: int = 1
    code: int = 0
    retry_after: str | None = None
    seconds: float = 0.0
    listing: bool = False


@dataclass
class TwilioPeer:
    """The running server. `account` is what it keeps; `faults` are used up from the front."""

    url: str
    account: Account
    faults: list[Fault] = field(default_factory=list)
    webhooks: str = ""
    """The public address of the product, for webhooks that this peer sends by itself."""
    asked: list[str] = field(default_factory=list)
    """`METHOD path` of every request."""
    forms: list[dict[str, str]] = field(default_factory=list)
    """What was posted to create messages, also when it was refused."""

    def fail(self, kind: str, **fields: Any) -> None:
        """The next request meets this."""
        self.faults.append(Fault(kind, **fields))

    def next_fault(self, *, listing: bool) -> Fault | None:
        with self.account.lock:
            for fault in self.faults:
                if fault.listing is listing:
                    fault.times -= 1
                    if fault.times <= 0:
                        self.faults.remove(fault)
                    return fault
        return None

    def signed(self, url: str, form: dict[str, str], *, token: str | None = None) -> dict[str, str]:
        """The header of a webhook to this public address."""
        return {"X-Twilio-Signature": signature(token or self.account.token, url, list(form.items()))}

    def inbound_form(self, message: PeerMessage, **more: str) -> dict[str, str]:
        """A patient's message as Twilio posts it."""
        return {
            "ToCountry": "US",
            "SmsMessageSid": message.sid,
            "NumMedia": str(message.media),
            "SmsSid": message.sid,
            "SmsStatus": "received",
            "Body": message.body,
            "To": message.to,
            "NumSegments": "1",
            "MessageSid": message.sid,
            "AccountSid": self.account.sid,
            "From": message.sender,
            "ApiVersion": "2010-04-01",
        } | more

    def status_form(self, message: PeerMessage, status: str, code: int | None = None) -> dict[str, str]:
        """A status callback as Twilio posts it."""
        form = {
            "SmsSid": message.sid,
            "SmsStatus": status,
            "MessageStatus": status,
            "To": message.to,
            "MessageSid": message.sid,
            "AccountSid": self.account.sid,
            "From": message.sender,
            "ApiVersion": "2010-04-01",
        }
        return form | ({"ErrorCode": str(code)} if code else {})

    def write(self, *, sender: str, to: str, body: str, **more: str) -> int:
        """A patient writes, and the webhook is called over the network; the status of the answer."""
        message = self.account.receive(sender=sender, to=to, body=body)
        return self._post(self.webhooks + MESSAGE_PATH, self.inbound_form(message, **more))

    def report(self, message: PeerMessage, status: str, code: int | None = None) -> int:
        """The fate of a message, to the address that it was created with."""
        message.status, message.error_code = status, code
        return self._post(message.callback or "", self.status_form(message, status, code))

    def _post(self, url: str, form: dict[str, str]) -> int:
        return httpx2.post(url, data=form, headers=self.signed(url, form), timeout=30).status_code


class _Twilio(BaseHTTPRequestHandler):
    """One connection; `peer` is set by `serve_twilio`."""

    peer: TwilioPeer
    _given = b""
    _retry_after: str | None = None
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def _answer(self, work: Callable[[str], tuple[int, Json]]) -> None:
        path = urlsplit(self.path).path
        self.peer.asked.append(f"{self.command} {path}")
        self._given = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            if not path.startswith("/_peer/"):
                self._authenticate()
            status, body = work(path)
        except RefusedError as error:
            status, body = error.status, error.body
        except ConnectionAbortedError:
            self.close_connection = True
            return
        self._write(status, body)

    def _authenticate(self) -> None:
        wanted = base64.b64encode(f"{self.peer.account.sid}:{self.peer.account.token}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {wanted}":
            raise RefusedError(20003, "Authenticate", 401)

    def _post(self, path: str) -> tuple[int, Json]:
        if path.startswith("/_peer/"):
            return self._moods(path)
        if path != f"/2010-04-01/Accounts/{self.peer.account.sid}/Messages.json":
            raise RefusedError(20404, "The requested resource was not found", 404)
        form = dict(parse_qsl(self._given.decode(), keep_blank_values=True))
        self.peer.forms.append(form)
        fault = self._meet(self.peer.next_fault(listing=False))
        made = self.peer.account.create(form)
        if fault and fault.kind == "drop-after":
            raise ConnectionAbortedError
        return 201, made.as_json(self.peer.account.sid)

    def _get(self, path: str) -> tuple[int, Json]:
        if path == "/_peer/effects":
            return 200, {"effects": [message.as_json(self.peer.account.sid) for message in self.peer.account.effects]}
        self._meet(self.peer.next_fault(listing=True))
        query = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        if path.endswith("/Messages.json"):
            return 200, self.peer.account.page(query, path)
        return 200, self.peer.account.find(path.rsplit("/", 1)[1].removesuffix(".json")).as_json(self.peer.account.sid)

    def _meet(self, fault: Fault | None) -> Fault | None:
        """Suffer a fault; what comes after the effect is the caller's."""
        if fault is None or fault.kind == "drop-after":
            return fault
        time.sleep(fault.seconds)
        if fault.kind == "drop-before":
            raise ConnectionAbortedError
        if fault.kind.isdigit():
            self._retry_after = fault.retry_after
            raise RefusedError(fault.code, "Too Many Requests", int(fault.kind))
        return fault

    def _moods(self, path: str) -> tuple[int, Json]:
        given = json.loads(self._given or b"{}")
        if path == "/_peer/faults":
            self.peer.fail(**given)
        elif path == "/_peer/inbound":
            return 200, {"status": self.peer.write(**given)}
        elif path == "/_peer/report":
            message = self.peer.account.find(given["sid"])
            return 200, {"status": self.peer.report(message, given["status"], given.get("code"))}
        return 200, {}

    def _write(self, status: int, body: Json) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if self._retry_after is not None:
            self.send_header("Retry-After", self._retry_after)
            self._retry_after = None
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Tests read the application's log lines, not this server's."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that hangs up is not worth a trace."""


@contextmanager
def serve_twilio(
    *, now: Callable[[], datetime] = lambda: datetime.now(UTC), port: int = 0, webhooks: str = ""
) -> Iterator[TwilioPeer]:
    """A Twilio on a free port of this machine, stopped at the end."""
    peer = TwilioPeer(url="", account=Account(now=now), webhooks=webhooks)
    server = _Server(("127.0.0.1", port), type("Twilio", (_Twilio,), {"peer": peer}))
    peer.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield peer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--webhooks", default="http://127.0.0.1:8000", help="the product's PUBLIC_BASE_URL")
    options = parser.parse_args()
    with serve_twilio(port=options.port, webhooks=options.webhooks) as peer:
        print(f"Twilio at {peer.url}, account {peer.account.sid}, token {peer.account.token}")  # noqa: T201 - a command
        threading.Event().wait()


if __name__ == "__main__":
    main()
