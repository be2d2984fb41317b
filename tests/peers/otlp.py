"""A local OpenTelemetry collector: it takes traces by OTLP over HTTP and keeps them as they came."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

TRACES = "/v1/traces"


@dataclass(frozen=True)
class Seen:
    """One span as it arrived."""

    trace_id: str
    name: str
    attributes: dict[str, Any]
    events: int
    said: str
    """The status's own words."""


@dataclass
class Collector:
    """The running server."""

    url: str
    spans: list[Seen] = field(default_factory=list)
    resources: list[dict[str, Any]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    """Every body, unpacked: what a reader on the other side could find."""
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def take(self, body: bytes) -> None:
        """Keep one batch."""
        self.raw.append(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.resources.append(_values(resource.resource.attributes))
            for scope in resource.scope_spans:
                self.spans += [_seen(span) for span in scope.spans]


def _seen(span: Any) -> Seen:
    return Seen(span.trace_id.hex(), span.name, _values(span.attributes), len(span.events), span.status.message)


def _values(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}


class _Takes(BaseHTTPRequestHandler):
    peer: Collector
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.peer.paths.append(self.path)
        self.peer.headers.append({name.lower(): value for name, value in self.headers.items()})
        if self.path == TRACES:
            self.peer.take(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Tests read the application's log lines, not this server's."""


@contextmanager
def serve_collector() -> Iterator[Collector]:
    """A collector on a free port of this machine, stopped at the end."""
    peer = Collector(url="")
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Takes", (_Takes,), {"peer": peer}))
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
