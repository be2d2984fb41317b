"""The part of Gmail's search language that the peer understands (`q` of messages.list and drafts.list)."""

import re
import shlex
from collections.abc import Callable
from email.utils import getaddresses

from tests.peers.google_errors import invalid
from tests.peers.mail_shapes import StoredMail

SPANS = {"h": 3_600, "d": 86_400, "m": 30 * 86_400, "y": 365 * 86_400}
PLACES = {"sent": "SENT", "inbox": "INBOX", "drafts": "DRAFT", "draft": "DRAFT", "trash": "TRASH", "spam": "SPAM"}
Test = Callable[[StoredMail, str, float], bool]


def _holds_address(header: str) -> Test:
    def test(mail: StoredMail, value: str, _: float) -> bool:
        values = getaddresses([str(v) for v in mail.parsed.get_all(header, [])])
        return any(value.lower() in f"{name} <{address}>".lower() for name, address in values)

    return test


def _seconds(value: str) -> float:
    found = re.fullmatch(r"(\d+)([hdmy])", value)
    if not found:
        raise invalid(f"Invalid search span: {value}")
    return int(found[1]) * SPANS[found[2]]


def _in(mail: StoredMail, value: str, _: float) -> bool:
    return value == "anywhere" or PLACES.get(value, value.upper()) in mail.labels


OPERATORS: dict[str, Test] = {
    "newer_than": lambda mail, value, now: mail.internal_date / 1000 > now - _seconds(value),
    "older_than": lambda mail, value, now: mail.internal_date / 1000 < now - _seconds(value),
    "after": lambda mail, value, _: mail.internal_date / 1000 >= int(value),
    "before": lambda mail, value, _: mail.internal_date / 1000 < int(value),
    "in": _in,
    "is": _in,
    "label": _in,
    "from": _holds_address("From"),
    "to": _holds_address("To"),
    "subject": lambda mail, value, _: value.lower() in mail.header("Subject").lower(),
    "rfc822msgid": lambda mail, value, _: mail.header("Message-ID").strip("<> ") == value.strip("<>"),
}


def matches(mail: StoredMail, query: str, *, now: float) -> bool:
    """True when every term holds; a bare word is looked up in the whole message. `now` is in seconds."""
    return all(_term_holds(mail, term, now) for term in shlex.split(query))


def _term_holds(mail: StoredMail, term: str, now: float) -> bool:
    negated, bare = term.startswith("-"), term.removeprefix("-")
    name, colon, value = bare.partition(":")
    test = OPERATORS.get(name.lower()) if colon else None
    holds = test(mail, value, now) if test else bare.lower().encode() in mail.raw.lower()
    return holds is not negated


def names_a_hidden_place(query: str) -> bool:
    """Spam and trash are searched only when the query says so."""
    return bool(re.search(r"in:(spam|trash|anywhere)", query))
