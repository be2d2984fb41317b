"""A local stand-in for a Langfuse server: it takes traces by OTLP over HTTP, as Langfuse does, and keeps them."""

import base64
import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

TRACES, PROJECTS = "/api/public/otel/v1/traces", "/api/public/projects"
PROJECT = {"id": "p1", "name": "clinic", "organization": {"id": "o1", "name": "o"}, "metadata": {}, "retentionDays": 0}


@dataclass(frozen=True)
class Seen:
    """One span as it arrived."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    attributes: dict[str, Any]
    events: int
    """Exceptions would come as such, with their messages."""
    scope: str


@dataclass
class LangfusePeer:
    """The running server."""

    url: str
    keys: str = "public:secret"
    spans: list[Seen] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    """Every body, unpacked: what a reader on the other side could find."""
    refused: int = 0

    def named(self, name: str) -> Seen:
        [found] = [seen for seen in self.spans if seen.name == name]
        return found

    def take(self, body: bytes) -> None:
        """Keep one batch."""
        self.raw.append(body)
        batch = ExportTraceServiceRequest.FromString(body)
        for resource in batch.resource_spans:
            for scope in resource.scope_spans:
                self.spans += [_seen(span, scope.scope.name) for span in scope.spans]


def _seen(span: Any, scope: str) -> Seen:
    values = {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes}
    ids = (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
    return Seen(*ids, span.name, values, len(span.events), scope)


class _Langfuse(BaseHTTPRequestHandler):
    peer: LangfusePeer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer({"data": [PROJECT]} if self.path.startswith(PROJECTS) else {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == TRACES and self._is_known():
            self.peer.take(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
        self._answer({})

    def _is_known(self) -> bool:
        return self.headers.get("Authorization") == f"Basic {base64.b64encode(self.peer.keys.encode()).decode()}"

    def _answer(self, body: dict[str, Any]) -> None:
        if not self._is_known():
            self.peer.refused += 1
        content = json.dumps(body if self._is_known() else {"message": "unknown keys"}).encode()
        self.send_response(200 if self._is_known() else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Tests read the application's log lines, not this server's."""


@contextmanager
def serve_langfuse(*, keys: str = "public:secret") -> Iterator[LangfusePeer]:
    """A Langfuse server on a free port of this machine, stopped at the end."""
    peer = LangfusePeer(url="", keys=keys)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Langfuse", (_Langfuse,), {"peer": peer}))
    server.daemon_threads = True
    peer.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield peer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
