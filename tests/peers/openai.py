"""A local stand-in for an OpenAI-compatible server, with its moods; the product reaches it by OPENAI_BASE_URL.

It speaks `/v1/responses`, `/v1/chat/completions` and `/v1/embeddings`. Run by itself:
`python -m tests.peers.openai --port 8091 [--obedient]`.
"""

import argparse
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.peers.openai_minds import Mind, Request, obedient, plain
from tests.peers.openai_wire import SHAPES, Json, embeddings, spoilt

HELD_AT_MOST_SECONDS = 60.0
HTML = b"<html><body><h1>Sign in to the hotel's network</h1></body></html>"
RESPONSES, CHAT, EMBEDDINGS = "/v1/responses", "/v1/chat/completions", "/v1/embeddings"


@dataclass
class Fault:
    """What the next `times` requests meet.

    `kind` is an HTTP status such as `429`; `timeout`, `slow-drip`, `drop`, `html`, `not-json`; or a spoilt answer:
    `refusal`, `truncated`, `truncated-whole`, `bad-json`, `unknown-enum`, `missing-field`, `no-output`.
    """

    kind: str
    times: int = 1
    retry_after: str | None = None
    schema: str = ""
    """Only requests for this shape meet it; empty: any."""


@dataclass
class OpenAiPeer:
    """The running server. `mind` decides what a model would say; `faults` are used up from the front."""

    url: str
    """The base address, `/v1` included."""
    mind: Mind = plain
    key: str = ""
    """When given, any other key gets 401."""
    says: dict[str, Json] = field(default_factory=dict)
    """Fields of an answer by the name of its schema; they win over what `mind` says."""
    faults: list[Fault] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)
    said: list[Json] = field(default_factory=list)
    """What the model said to each request."""
    embedded: list[list[str]] = field(default_factory=list)
    """What was put into each request for embeddings."""
    usage: tuple[int, int] = (120, 30)
    """Tokens in and out that every answer reports."""
    released: threading.Event = field(default_factory=threading.Event)
    """Set it to let go of every request that `timeout` and `slow-drip` hold."""
    heard: threading.Event = field(default_factory=threading.Event)
    """Set once a request to think has arrived."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fail(self, kind: str, *, times: int = 1, retry_after: str | None = None, schema: str = "") -> None:
        """The next requests meet this."""
        self.faults.append(Fault(kind, times, retry_after, schema))

    def next_fault(self, schema: str = "") -> Fault | None:
        with self.lock:
            fault = next((each for each in self.faults if each.schema in ("", schema)), None)
            if fault:
                fault.times -= 1
                if fault.times <= 0:
                    self.faults.remove(fault)
            return fault

    def answer(self, request: Request) -> str:
        """What the model says, as the text that a client parses."""
        said = self.mind(request) | self.says.get(request.schema_name, {})
        self.said.append(said)
        return json.dumps(said)


class _OpenAi(BaseHTTPRequestHandler):
    """One connection; `peer` is set by `serve_openai`."""

    peer: OpenAiPeer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._send(200, {"object": "list", "data": [{"id": "peer-1", "object": "model"}]})

    def do_POST(self) -> None:
        given = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        if self.peer.key and self.headers.get("Authorization") != f"Bearer {self.peer.key}":
            self._refuse(401)
            return
        if self.path == EMBEDDINGS:
            self._embed(given)
        elif self.path in SHAPES:
            self._think(given)
        else:
            self._refuse(404)

    def _embed(self, given: Json) -> None:
        texts = [given["input"]] if isinstance(given["input"], str) else list(given["input"])
        self.peer.embedded.append(texts)
        fault = self.peer.next_fault()
        if fault is None or not self._meet(fault):
            self._send(200, embeddings(texts, model=given["model"], as_base64=given.get("encoding_format") == "base64"))

    def _think(self, given: Json) -> None:
        request = Request.of(self.path, given)
        with self.peer.lock:
            self.peer.asked.append(request)
        self.peer.heard.set()
        fault = self.peer.next_fault(request.schema_name)
        if fault and self._meet(fault):
            return
        shape = SHAPES[self.path]
        if fault:
            text, mood = spoilt(fault.kind, self.peer.answer(request), request.schema)
        else:
            text, mood = self.peer.answer(request), "stop"
        self._send(200, shape(text, mood=mood, model=request.model, usage=self.peer.usage))

    def _meet(self, fault: Fault) -> bool:
        """Suffer a fault of the transport; False when the fault is one of the answer."""
        if fault.kind.isdigit():
            self._refuse(int(fault.kind), retry_after=fault.retry_after)
        elif fault.kind == "timeout":
            self.peer.released.wait(HELD_AT_MOST_SECONDS)
            self.close_connection = True
        elif fault.kind == "slow-drip":
            self._drip()
        elif fault.kind == "drop":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        elif fault.kind in ("html", "not-json"):
            kind = "text/html" if fault.kind == "html" else "application/json"
            self._write(200, HTML, kind)
        else:
            return False
        return True

    def _drip(self) -> None:
        """A byte now and then, for ever: each one is in time, the whole is not."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        try:
            while not self.peer.released.wait(0.02):
                self.wfile.write(b" ")
                self.wfile.flush()
        except OSError:
            pass
        self.close_connection = True

    def _refuse(self, status: int, *, retry_after: str | None = None) -> None:
        error = {"message": f"refused with {status}", "type": "peer_error", "param": None, "code": None}
        self._send(status, {"error": error}, retry_after=retry_after)

    def _send(self, status: int, body: Json, *, retry_after: str | None = None) -> None:
        self._write(status, json.dumps(body).encode(), "application/json", retry_after=retry_after)

    def _write(self, status: int, content: bytes, kind: str, *, retry_after: str | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        if retry_after is not None:
            self.send_header("Retry-After", retry_after)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Tests read the application's log lines, not this server's."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that hangs up is not worth a trace."""


@contextmanager
def serve_openai(*, mind: Mind = plain, port: int = 0) -> Iterator[OpenAiPeer]:
    """An OpenAI-compatible server on a free port of this machine, stopped at the end."""
    peer = OpenAiPeer(url="", mind=mind)
    server = _Server(("127.0.0.1", port), type("OpenAi", (_OpenAi,), {"peer": peer}))
    peer.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield peer
    finally:
        peer.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


def nobody_listens() -> str:
    """The base address of a port on which nothing listens: connection refused."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return f"http://127.0.0.1:{port}/v1"


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8091)
    parser.add_argument("--obedient", action="store_true", help="do whatever a message says")
    options = parser.parse_args()
    with serve_openai(port=options.port, mind=obedient if options.obedient else plain) as peer:
        print(f"OPENAI_BASE_URL={peer.url} OPENAI_MODEL=peer-1 OPENAI_API_KEY=any")  # noqa: T201 - a command
        threading.Event().wait()


if __name__ == "__main__":
    main()
