"""A local stand-in for Google's key server: publishes a JWKS over HTTP and signs push tokens with the private half.

The application reads it through PUBSUB_JWKS_URL, exactly as it reads Google's (operations.md, "Peers").
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

PATH = "/oauth2/v3/certs"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An RSA key pair and the name under which its public half is published."""

    name: str = field(default_factory=lambda: uuid4().hex)
    private: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65_537, 2_048), repr=False)

    def as_jwk(self) -> dict[str, Any]:
        public: dict[str, Any] = RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return public | {"kid": self.name, "use": "sig", "alg": "RS256"}

    def sign(self, claims: dict[str, Any], *, kid: str | None = None) -> str:
        """A token with these claims; `kid` pretends to be another key."""
        return jwt.encode(claims, self.private, algorithm="RS256", headers={"kid": kid or self.name})


@dataclass
class GoogleKeys:
    """The running server. It publishes two keys, as Google does around a rotation; `fetched` counts the reads."""

    url: str
    key: SigningKey
    next_key: SigningKey
    fetched: int = 0

    def as_jwks(self) -> bytes:
        self.fetched += 1
        return json.dumps({"keys": [self.key.as_jwk(), self.next_key.as_jwk()]}).encode()


@contextmanager
def serve_google_keys() -> Iterator[GoogleKeys]:
    """A key server on a free port of this machine, stopped at the end."""
    keys = GoogleKeys(url="", key=SigningKey(), next_key=SigningKey())

    class Certificates(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.path == PATH
            body = keys.as_jwks() if known else b"{}"
            self.send_response(200 if known else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
            """Tests read the application's log lines, not this server's."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Certificates)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    keys.url = f"http://127.0.0.1:{server.server_port}{PATH}"
    try:
        yield keys
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
