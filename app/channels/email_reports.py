"""Delivery reports and answers to invitations inside a mail (RFC 3464, RFC 5546; trust.md section 1, row 25)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from email.message import Message
from itertools import dropwhile
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

from app.channels.email_charsets import header_text
from app.channels.email_parts import Parts
from app.domain.bounces import Bounce, is_hard

CalendarAnswer = Literal["accepted", "declined", "tentative"]

_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_ADDRESS = re.compile(r"[^\s<>;:,\"'()]{1,64}@[^\s<>;:,\"'()]{1,190}")
_FAILED_ACTIONS = ("failed", "delayed")
_DAEMON = re.compile(r"^(?:mailer-daemon|postmaster|mail-?daemon|bounces?\b[^@]{0,60})@", re.I)
_LISTED = re.compile(
    r"(?:following|these) (?:address|recipient)[^@]{0,200}|not delivered to:?\s{0,10}"
    r"|deliver(?:ed)? (?:to|your message)[^@]{0,200}|one or more of its\s{1,3}recipients[^@]{0,200}"
    r"|fatal errors[^@]{0,40}",
    re.I,
)
_COPY = re.compile(r"copy of (?:the|your) message|original message-|message follows|returned message\b", re.I)
_MESSAGE_ID = re.compile(r"^message-id:\s{0,5}(<[^<>\s]{1,300}>)", re.I | re.M)
_OUTBOX_ID = re.compile(r"^x-outbox-id:\s{0,5}(\S{1,100})", re.I | re.M)
_NUMBER = re.compile(r"[0-9]{1,9}")
_TZID = re.compile(r";TZID=\"?([A-Z0-9/_+-]{1,60})\"?(?:;|$)")
_ANSWERS: dict[str, CalendarAnswer] = {"ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "tentative"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarReply:
    """An answer to an invitation (METHOD:REPLY): `uid` is the invitation's own, as we wrote it into the .ics."""

    answer: CalendarAnswer
    uid: str
    sequence: int | None = None
    """The SEQUENCE of the invitation that was answered, where the calendar program names it (RFC 5546, 2.1.4)."""
    starts_at: datetime | None = None
    """When the answered event begins, in UTC; None also when its time zone is none that we know."""


def bounce_of(parts: Parts, *, headers: dict[str, str], sender: str | None, text: str) -> Bounce | None:
    """The delivery failure that a mail reports, or None. A report of success, or a read receipt, is none."""
    if parts.reports:
        return _from_report(parts, text)
    failed = _ADDRESS.search(headers.get("x-failed-recipients", ""))
    if failed is None and not (_DAEMON.match(sender or "") and _lists_an_address(text)):
        return None
    return _from_words(failed[0] if failed else None, text)


def _lists_an_address(text: str) -> bool:
    return bool(_LISTED.search(text[:20_000]) or _STATUS.search(text[:20_000]))


def _from_report(parts: Parts, text: str) -> Bounce | None:
    """By the first address that failed; what is said of others of the same message adds nothing."""
    blocks = [block for block in parts.reports if block.get("Final-Recipient") or block.get("Action")]
    told = [block for block in blocks if _field(block, "Action").lower() in _FAILED_ACTIONS or not block.get("Action")]
    if not told:
        return None
    told.sort(key=lambda block: _field(block, "Action").lower() != "failed")
    block, action = told[0], _field(told[0], "Action").lower() or None
    status = _STATUS.search(_field(block, "Status")) or _STATUS.search(_field(block, "Diagnostic-Code"))
    message_id, outbox_id = _original(parts.returned)
    return Bounce(
        final_recipient=_address(_field(block, "Final-Recipient")) or _address(_field(block, "Original-Recipient")),
        status=status[1] if status else None,
        action=action,
        original_message_id=message_id,
        outbox_id=outbox_id,
        is_hard=is_hard(status=status[1] if status else None, action=action, wording=text),
    )


def _field(block: Message, name: str) -> str:
    return header_text(str(block.get(name, "")))


def _address(text: str) -> str | None:
    found = _ADDRESS.search(text)
    return found[0].lower() if found else None


def _original(returned: Iterable[Message]) -> tuple[str | None, str | None]:
    for message in returned:
        message_id, outbox_id = _field(message, "Message-ID"), _field(message, "X-Outbox-Id")
        if message_id or outbox_id:
            return message_id[:300] or None, outbox_id[:100] or None
    return None, None


def _from_words(failed: str | None, text: str) -> Bounce:
    """Servers without a proper report (qmail, Exim, Domino): what their prose says, above the copy of our mail."""
    copy = _COPY.search(text)
    said = text[: copy.start()] if copy else text
    listed = _LISTED.search(said)
    status = _STATUS.search(said)
    message_id, outbox_id = _MESSAGE_ID.search(text), _OUTBOX_ID.search(text)
    return Bounce(
        final_recipient=failed.lower() if failed else _address(said[listed.start() if listed else 0 :]),
        status=status[1] if status else None,
        original_message_id=message_id[1] if message_id else None,
        outbox_id=outbox_id[1] if outbox_id else None,
        is_hard=is_hard(status=status[1] if status else None, action=None, wording=said),
    )


def calendar_answer(calendars: list[str]) -> CalendarReply | None:
    """How an invitation of ours was answered; None when these calendars hold no such answer."""
    for raw in calendars:
        lines = re.sub(r"\r?\n[ \t]", "", raw[:50_000]).splitlines()
        values = {name.partition(";")[0].upper(): value for name, _, value in (line.partition(":") for line in lines)}
        attendee = next((line for line in lines if line.upper().startswith("ATTENDEE")), "")
        status = re.search(r"PARTSTAT=\"?([A-Z-]{1,20})", attendee.upper())
        answer = _ANSWERS.get(status[1]) if status else None
        if values.get("METHOD", "").strip().upper() == "REPLY" and answer and values.get("UID"):
            number = _NUMBER.fullmatch(values.get("SEQUENCE", "").strip())
            return CalendarReply(
                answer=answer,
                uid=values["UID"].strip()[:300],
                sequence=int(number[0]) if number else None,
                starts_at=_start(lines),
            )
    return None


def _start(lines: list[str]) -> datetime | None:
    """Of the event, not of the time zones beside it, which have starts as well."""
    inside = dropwhile(lambda line: line != "BEGIN:VEVENT", (line.strip().upper() for line in lines))
    head, _, value = next((line for line in inside if line.startswith("DTSTART")), "").partition(":")
    named = _TZID.search(head)
    zone = UTC if value.endswith("Z") else _zone(named[1] if named else "")
    try:
        local = datetime.strptime(value.removesuffix("Z"), "%Y%m%dT%H%M%S").replace(tzinfo=zone)
        return local.astimezone(UTC) if zone else None
    except (ValueError, OverflowError):
        return None


def _zone(name: str) -> tzinfo | None:
    """Outlook's own names of zones are none that we know."""
    known = {each.upper(): each for each in available_timezones()} if name else {}
    return ZoneInfo(known[name]) if name in known else None
