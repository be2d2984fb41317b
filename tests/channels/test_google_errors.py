"""Every answer of Google's, in the channel port's terms (trust.md faults 12 and 24)."""

import json
from datetime import timedelta
from http.client import IncompleteRead, RemoteDisconnected
from typing import Any

import httplib2
import pytest
from google.auth.exceptions import RefreshError, TransportError
from googleapiclient.errors import HttpError

from app.channels.base import (
    ChannelError,
    ChannelStoppedError,
    OutcomeUnknownError,
    RecipientRefusedError,
    ThrottledError,
)
from app.channels.google_errors import GmailNotFoundError, GmailRejectedError, NotConnectedError, mapped
from tests.conftest import MONDAY_MORNING


def refused(
    status: int,
    *,
    reason: str = "",
    message: str = "",
    content: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> Any:
    body = {"error": {"code": status, "message": message, "errors": [{"reason": reason, "message": message}]}}
    answer = httplib2.Response({"status": str(status)} | (headers or {}))
    return HttpError(answer, json.dumps(body).encode() if content is None else content)


def told(error: Exception, *, has_effect: bool = False, throttles: int = 0) -> ChannelError:
    return mapped(error, now=MONDAY_MORNING, has_effect=has_effect, throttles=throttles)


class TestRefusals:
    @pytest.mark.parametrize(
        ("error", "kind"),
        [
            (refused(404), GmailNotFoundError),
            (refused(400, reason="invalidArgument", message="Invalid To header"), RecipientRefusedError),
            (refused(400, reason="invalidArgument", message="Recipient address required"), RecipientRefusedError),
            (refused(400, reason="invalidArgument", message="Invalid thread_id value"), GmailRejectedError),
            (refused(400, reason="failedPrecondition", message="Mail service not enabled"), ChannelStoppedError),
            (refused(400, reason="failedPrecondition", message="Precondition check failed."), ChannelStoppedError),
            (refused(401), ChannelStoppedError),
            (refused(403, reason="insufficientPermissions"), ChannelStoppedError),
            (refused(403, reason="accessNotConfigured"), ChannelStoppedError),
            (refused(403, reason="rateLimitExceeded"), ThrottledError),
            (refused(403, reason="dailyLimitExceeded"), ThrottledError),
            (refused(403, content=b"<html>"), ChannelStoppedError),
            (refused(429, content=b""), ThrottledError),
            (refused(500), ChannelError),
            (refused(502, content=b"[1]"), ChannelError),
            (refused(503, content=b'{"error": "unavailable"}'), ChannelError),
            (refused(302), ChannelError),
        ],
    )
    def test_each_is_one_of_ours(self, error: Exception, kind: type[ChannelError]) -> None:
        assert type(told(error, has_effect=True)) is kind

    @pytest.mark.parametrize("reason", ["x@y.com", "a" * 99, "é", "a b"])
    def test_a_reason_that_is_none_is_left_out(self, reason: str) -> None:
        assert str(told(refused(500, reason=reason))) == "Gmail answered 500"


class TestWaiting:
    @pytest.mark.parametrize(
        ("headers", "seconds"),
        [
            ({"retry-after": "12"}, 12),
            ({"retry-after": "-5"}, 30),
            ({"retry-after": "soon"}, 30),
            ({"retry-after": "99999999999"}, 30),
            ({"retry-after": "Mon, 23 Nov 2026 15:01:00 GMT"}, 60),
            ({"retry-after": "Mon, 23 Nov 2026 15:01:00 GMT", "date": "Mon, 23 Nov 2026 15:00:30 GMT"}, 30),
            ({"retry-after": "Mon, 23 Nov 2026 14:00:00 GMT"}, 1),
            ({"retry-after": "Fri, 23 Nov 2096 15:01:00 GMT"}, 86_400),
        ],
    )
    def test_as_asked(self, headers: dict[str, str], seconds: int) -> None:
        error = told(refused(429, headers=headers))
        assert isinstance(error, ThrottledError)
        assert error.retry_after == timedelta(seconds=seconds)

    @pytest.mark.parametrize("moment", ["2026-11-23T15:00:40Z", "2026-11-23T15:00:40.123Z"])
    def test_until_a_moment_in_the_sentence(self, moment: str) -> None:
        error = told(refused(403, reason="userRateLimitExceeded", message=f"Limit exceeded.  Retry after {moment}"))
        assert isinstance(error, ThrottledError)
        assert int(error.retry_after.total_seconds()) == 40

    def test_a_moment_that_does_not_exist(self) -> None:
        error = told(refused(429, message="Retry after 2026-02-30T15:00:40Z"))
        assert isinstance(error, ThrottledError)
        assert error.retry_after == timedelta(seconds=30)


class TestConnections:
    @pytest.mark.parametrize(
        "error",
        [
            RemoteDisconnected(""),
            ConnectionResetError(),
            TimeoutError(),
            IncompleteRead(b""),
            ValueError(),
            KeyError("a"),
        ],
    )
    def test_an_answer_that_was_lost(self, error: Exception) -> None:
        assert type(told(error, has_effect=True)) is OutcomeUnknownError
        assert type(told(error)) is ChannelError

    @pytest.mark.parametrize(
        "error",
        [NotConnectedError(), httplib2.ServerNotFoundError(), TransportError("x"), RefreshError("x", retryable=True)],
    )
    def test_nothing_was_asked(self, error: Exception) -> None:
        assert type(told(error, has_effect=True)) is ChannelError


class TestCredentials:
    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            ({"error": "invalid_grant", "error_description": "x@y.com revoked"}, "invalid_grant"),
            ({"error": {"status": "x"}}, "no reason given"),
            ("<html>", "no reason given"),
        ],
    )
    def test_a_refusal_names_its_reason_and_nothing_else(self, body: object, reason: str) -> None:
        error = told(RefreshError("secret", body))
        assert type(error) is ChannelStoppedError
        assert str(error) == f"Google refuses the credentials ({reason})"
