"""The parts of a mail: bodies to read, files to name, reports to heed (RFC 2045, 2183, 3462).

The standard library splits the mail, with its oldest policy: the newer one parses every header with a grammar, and
raises or runs away on hostile ones. What it is given is bounded first, so that 25 MB cost what 1 MB costs.
"""

import contextlib
import email
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from email.policy import compat32

from app.channels.email_charsets import from_base64, header_text, text_of

MAX_MAIL = 36_000_000
"""25 MB of files, as base64."""
MAX_LINES = 40_000
MAX_LINE = 500_000
MAX_READ = 6_000_000
MAX_HEADER_LINE = 2_000
MAX_FILE_LINES = 3_000
"""Of one base64 stretch: past 228 kB it is a file, or a text that nobody reads to its end."""
MAX_NESTING = 110
MAX_PARTS = 500
MAX_FILES = 50
MAX_FILE_NAME = 120

_ENCRYPTED = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted"})
_FILE_TEXT = re.compile(rb"^[A-Za-z0-9+/=]{50,100}\s*$")
_LONG_HEADER = re.compile(rb"^(?:content-|[ \t])", re.I)


@dataclass(slots=True)
class Parts:
    """What a mail consists of."""

    top: Message
    bodies: list[str] = field(default_factory=list)
    """Texts in reading order, plain or HTML, the better one of each pair of alternatives."""
    files: list[str] = field(default_factory=list)
    calendars: list[str] = field(default_factory=list)
    reports: list[Message] = field(default_factory=list)
    """The blocks of a message/delivery-status: first the server's, then one per address."""
    returned: list[Message] = field(default_factory=list)
    """Messages inside this one, headers only where the server sent no more."""
    is_encrypted: bool = False


def take_parts(raw: bytes) -> Parts:
    """Split a mail. Raises whatever the standard library raises on hostile bytes; `read_mail` answers for that."""
    parts = Parts(top=email.message_from_bytes(_bounded(raw), policy=compat32))
    _walk(parts.top, parts, depth=0)
    return parts


def _bounded(raw: bytes) -> bytes:
    """The mail without the bulk of its files, and without more lines or nesting than any person's mail has."""
    return b"".join(_kept_lines(raw[:MAX_MAIL]))


def _kept_lines(raw: bytes) -> Iterator[bytes]:
    at = kept = size = nested = run = 0
    in_content_header = False
    while at < len(raw) and kept < MAX_LINES and size < MAX_READ:
        end = raw.find(b"\n", at) + 1 or len(raw)
        line = raw[at:end]
        at = end
        run = run + 1 if _FILE_TEXT.match(line) else 0
        if run > MAX_FILE_LINES:
            continue
        lowered = line[:2_000].lower()
        nested += lowered.count(b"multipart/") + lowered.count(b"message/rfc822")
        if nested > MAX_NESTING:
            return
        in_content_header = lowered.startswith(b"content-") or (in_content_header and lowered[:1] in (b" ", b"\t"))
        limit = MAX_HEADER_LINE if in_content_header else MAX_LINE
        cut = line if len(line) <= limit else line[:limit] + b"\r\n"
        kept, size = kept + 1, size + len(cut)
        yield cut


def _walk(part: Message, parts: Parts, *, depth: int) -> None:
    kind = part.get_content_type()
    parts.is_encrypted |= kind in _ENCRYPTED and _is_sealed(part, kind)
    name = file_name(part)
    if kind == "message/delivery-status":
        parts.reports.extend(_inner(part))
    elif kind in ("message/rfc822", "message/rfc822-headers", "text/rfc822-headers", "message/global"):
        parts.returned.extend(_inner(part) or [email.message_from_string(_text(part)[:20_000], policy=compat32)])
        _name(parts, name)
    elif kind == "text/calendar":
        parts.calendars.append(_text(part))
    elif name or part.get_content_disposition() == "attachment":
        _name(parts, name or "unnamed")
    elif part.is_multipart():
        _walk_inside(part, kind, parts, depth=depth)
    elif kind in ("text/plain", "text/html") or _is_bare(part):
        parts.bodies.append(_text(part))


def _walk_inside(part: Message, kind: str, parts: Parts, *, depth: int) -> None:
    inner = _inner(part)[:MAX_PARTS]
    if kind == "multipart/encrypted":
        parts.is_encrypted = True
    if depth > MAX_NESTING or parts.is_encrypted:
        return
    if kind == "multipart/alternative":
        _walk_alternatives(inner, parts, depth=depth)
        return
    for one in inner:
        _walk(one, parts, depth=depth + 1)


def _walk_alternatives(inner: list[Message], parts: Parts, *, depth: int) -> None:
    """Of one text in several forms the plain one, unless it is empty or only says that HTML follows."""
    before = len(parts.bodies)
    for one in inner:
        _walk(one, parts, depth=depth + 1)
    forms = parts.bodies[before:]
    parts.bodies[before:] = [next((form for form in forms if _says_something(form)), "")] if forms else []


def _says_something(form: str) -> bool:
    text = form.strip()
    return bool(text) and not (len(text) < 400 and _STUB.search(text))


_STUB = re.compile(
    r"\b(?:html[- ](?:capable|compatible|enabled)|(?:is|was|written|sent) in html\b|html (?:format|version|e-?mail)"
    r"|view(?:er)? (?:this|the) (?:message|e-?mail)|does not support html)",
    re.I,
)


def _inner(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [one for one in payload if isinstance(one, Message)] if isinstance(payload, list) else []


def _is_bare(part: Message) -> bool:
    """A multipart whose boundary never appears, or a part without any type: the text is what there is."""
    return part.get_content_maintype() in ("multipart", "text") and part.get_content_type() not in (
        "text/x-amp-html",
        "text/css",
        "text/calendar",
        "text/vcard",
        "text/x-vcard",
        "text/directory",
        "text/rtf",
        "text/enriched",
    )


def _is_sealed(part: Message, kind: str) -> bool:
    """S/MIME carries signed mail under the same type as encrypted mail."""
    return "pgp" in kind or str(part.get_param("smime-type") or "enveloped-data").lower() != "signed-data"


def _text(part: Message) -> str:
    if part.is_multipart():
        return ""
    text = text_of(_decoded(part), charset=_parameter(part, "charset"))
    return _unflowed(text, part) if (_parameter(part, "format") or "").lower() == "flowed" else text


def _decoded(part: Message) -> bytes:
    """The bytes behind the transfer encoding; broken base64 is read by a more patient decoder than the library's."""
    if str(part.get("Content-Transfer-Encoding", "")).strip().lower() == "base64":
        with contextlib.suppress(ValueError):  # the library stumbles over a NUL in the charset's name
            return from_base64(str(part.get_payload()).encode("utf-8", "surrogateescape"))
    decoded = part.get_payload(decode=True)
    return decoded if isinstance(decoded, bytes) else b""


def _unflowed(text: str, part: Message) -> str:
    """Undo the line breaks of format=flowed (RFC 3676): a line that ends in a space goes on in the next."""
    joins_words = (_parameter(part, "delsp") or "").lower() == "yes"
    lines: list[str] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        own = line[1:] if line.startswith(" ") else line
        above = lines[-1] if lines else ""
        if above.endswith(" ") and above != "-- " and above.startswith(">") == own.startswith(">"):
            lines[-1] = (above[:-1] if joins_words else above) + own.lstrip("> ")
        else:
            lines.append(own)
    return "\n".join(lines)


def _parameter(part: Message, name: str) -> str | None:
    value = part.get_param(name)
    if isinstance(value, tuple):
        value = value[2]
    return str(value) if value else None


def file_name(part: Message) -> str | None:
    """The name under which a part would be saved, made harmless; None for a part that is no file."""
    raw = part.get_filename()
    if raw is None:
        return None
    plain = header_text(str(raw)).replace("\\", "/").rpartition("/")[2].strip(". ")
    return plain[:MAX_FILE_NAME] or "unnamed"


def _name(parts: Parts, name: str | None) -> None:
    if name and len(parts.files) < MAX_FILES:
        parts.files.append(name)
