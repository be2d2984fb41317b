"""Twilio's webhook signature: HMAC-SHA1 over the public URL and every parameter (stack.md 2h, trust.md 2.6)."""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from urllib.parse import SplitResult, parse_qs, urlsplit, urlunsplit

BODY_DIGEST = "bodySHA256"
DEFAULT_PORTS = {"https": 443, "http": 80}

Params = Sequence[tuple[str, str]]
"""Every parameter of a form, in order, with those that repeat."""


def signature(token: str, url: str, params: Params) -> str:
    """The value of `X-Twilio-Signature` for this URL and these parameters; a value that repeats counts once."""
    text = url + "".join(name + value for name, value in sorted(set(params)))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def is_genuine(given: str, *, tokens: Iterable[str], url: str, params: Params) -> bool:
    """True when one of our tokens signed this form, with the port of the URL written out or left out."""
    made = [signature(token, each, params) for token in tokens if token for each in _spellings(url)]
    return _matches(given, made)


def is_genuine_body(given: str, *, tokens: Iterable[str], url: str, body: bytes) -> bool:
    """The same for a body that is no form: its SHA-256 stands in the signed URL."""
    claimed = parse_qs(urlsplit(url).query).get(BODY_DIGEST, [""])[0]
    is_whole = hmac.compare_digest(hashlib.sha256(body).hexdigest().encode(), claimed.lower().encode())
    return is_genuine(given, tokens=tokens, url=url, params=()) and is_whole


def _matches(given: str, made: list[str]) -> bool:
    compared = [hmac.compare_digest(each.encode(), given.encode(errors="replace")) for each in made]
    return any(compared)  # all of them were compared: no early exit to time


def _spellings(url: str) -> list[str]:
    """Twilio is not consistent about the default port, so both ways of writing it are good."""
    parts = urlsplit(url)
    with_port = parts.port or DEFAULT_PORTS.get(parts.scheme)
    return list(dict.fromkeys((url, _at(parts, with_port), _at(parts, None))))


def _at(parts: SplitResult, port: int | None) -> str:
    host = parts.netloc.rpartition("@")[2]
    name = host if host.endswith("]") else host.rsplit(":", 1)[0] if ":" in host else host
    return urlunsplit(parts._replace(netloc=f"{name}:{port}" if port else name))
