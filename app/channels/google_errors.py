"""What Google answers, in the channel port's own terms: the only place that reads a foreign error (trust.md fault 24).

No sentence made here holds an address, a token or Google's own text: errors are logged and shown to operators.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Any

from google.auth.exceptions import GoogleAuthError, RefreshError
from googleapiclient.errors import Error as GoogleApiError
from googleapiclient.errors import HttpError
from httplib2 import HttpLib2Error

from app.channels.base import (
    ChannelError,
    ChannelStoppedError,
    OutcomeUnknownError,
    RecipientRefusedError,
    ThrottledError,
)

FOREIGN_ERRORS = (GoogleAuthError, GoogleApiError, HttpLib2Error, HTTPException, OSError, ValueError, LookupError)
"""Whatever the libraries raise while a request is under way; ValueError and LookupError: an answer they cannot read."""

SLOW_DOWN = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "RESOURCE_EXHAUSTED"})
DAY_IS_FULL = frozenset({"dailyLimitExceeded", "dailyLimitExceededUnreg", "limitExceeded"})
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=1)
LONGEST_ASKED = timedelta(days=1)

_BAD_RECIPIENT = re.compile(r"invalid (?:to|recipient)\b|recipient address required", re.I)
_NOT_A_MAILBOX = re.compile(r"mail service not enabled|precondition check failed|delegation denied", re.I)
_RETRY_AFTER_IN_TEXT = re.compile(r"retry after (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)", re.I)
_REASON = re.compile(r"[A-Za-z_]{1,40}")


class GmailNotFoundError(ChannelError):
    """404: a draft that was sent or removed, a message that is gone, a history id that is too old."""


class GmailRejectedError(ChannelError):
    """400: Gmail will never take this request as it is, for example with a thread that no longer exists."""


class NotConnectedError(OSError):
    """The connection was never made, so nothing can have taken effect."""


def mapped(error: Exception, *, now: datetime, has_effect: bool, throttles: int) -> ChannelError:
    """The channel error that says what may be done next.

    `has_effect`: the request changes something at Google, so an answer that was lost leaves the outcome unknown.
    `throttles`: how many requests in a row were refused as too many, for the pause when Google names none.
    """
    match error:
        case HttpError():
            return _refused(error, now=now, throttles=throttles)
        case RefreshError() if not error.retryable:
            return ChannelStoppedError(f"Google refuses the credentials ({_oauth_reason(error)})")
        case GoogleAuthError() | NotConnectedError():
            return ChannelError("Google could not be reached")
        case HttpLib2Error() if type(error).__name__ == "ServerNotFoundError":
            return ChannelError("Google could not be reached")
        case _:
            unknown = OutcomeUnknownError if has_effect else ChannelError
            return unknown(f"the connection to Gmail broke off ({type(error).__name__})")


def _refused(error: HttpError, *, now: datetime, throttles: int) -> ChannelError:
    status, (reason, text) = int(error.resp.status), _reason_of(error)
    said = f"Gmail answered {status} {reason}".rstrip()
    if status == 429 or (status == 403 and reason in SLOW_DOWN | DAY_IS_FULL):
        wait = _asked_wait(error.resp, text, now) or _own_wait(reason, throttles)
        return ThrottledError(said, retry_after=wait)
    if status == 404:
        return GmailNotFoundError(said)
    if status in (401, 403) or (status == 400 and _NOT_A_MAILBOX.search(text)):
        return ChannelStoppedError(said)
    if status == 400:
        return (RecipientRefusedError if _BAD_RECIPIENT.search(text) else GmailRejectedError)(said)
    return ChannelError(said)


def _reason_of(error: HttpError) -> tuple[str, str]:
    """Google's short reason and its sentence; empty when the body is not what Google documents."""
    try:
        told = json.loads(error.content)["error"]
        details = told.get("errors") or [{}]
        reason, text = str(details[0].get("reason") or told.get("status") or ""), str(told.get("message") or "")
    except (ValueError, LookupError, TypeError, AttributeError):
        return "", ""
    return (reason if _REASON.fullmatch(reason) else ""), text


def _oauth_reason(error: RefreshError) -> str:
    """`invalid_grant` and the like; the description may quote an address and stays out."""
    body = error.args[1] if len(error.args) > 1 else None
    reason = str(body.get("error", "")) if isinstance(body, dict) else ""
    return reason if _REASON.fullmatch(reason) else "no reason given"


def _own_wait(reason: str, throttles: int) -> timedelta:
    return LONGEST_WAIT if reason in DAY_IS_FULL else min(FIRST_WAIT * 2 ** min(throttles, 10), LONGEST_WAIT)


def _asked_wait(headers: Mapping[str, Any], text: str, now: datetime) -> timedelta | None:
    """`Retry-After` in seconds or as a date, or the moment that Gmail writes into its sentence; a second to a day."""
    asked = str(headers.get("retry-after", "")).strip()
    if asked.isdecimal() and len(asked) < 8:
        wait = timedelta(seconds=int(asked))
    elif until := _instant(asked) or _moment_in(text):
        wait = until - (_instant(str(headers.get("date", ""))) or now)
    else:
        return None
    return min(max(wait, timedelta(seconds=1)), LONGEST_ASKED)


def _moment_in(text: str) -> datetime | None:
    told = _RETRY_AFTER_IN_TEXT.search(text)
    try:
        return datetime.fromisoformat(told[1]) if told else None
    except ValueError:  # the 30th of February
        return None


def _instant(text: str) -> datetime | None:
    """An HTTP date; one without a zone is UTC."""
    try:
        read = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)
