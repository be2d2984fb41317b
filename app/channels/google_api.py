"""Gmail's API without its traps: blocking calls in a pool, one HTTP object per call, one token refresh at a time.

The library's service object must not be shared between threads with its HTTP object: 13 to 16 of 40 sends failed
(stack.md findings 5 and 2d).
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any

from google.auth.exceptions import GoogleAuthError
from google_auth_httplib2 import AuthorizedHttp, Request
from googleapiclient.discovery import Resource, build
from googleapiclient.errors import HttpError
from googleapiclient.http import HttpRequest

from app.channels.base import ThrottledError
from app.channels.google_credentials import GoogleCredentials, load_credentials
from app.channels.google_errors import FOREIGN_ERRORS, mapped
from app.channels.google_http import OneCallHttp

THREADS = 8
TIMEOUT_SECONDS = 30.0
ME = "me"
"""Gmail's name for the mailbox whose credentials are used."""


class GmailApi:
    """Calls of one mailbox. `call` maps every foreign error to one of app/channels/base.py or google_errors.py."""

    def __init__(
        self,
        credentials: GoogleCredentials,
        *,
        now: Callable[[], datetime],
        api_url: str = "",
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        self._credentials = credentials
        self._now = now
        self._timeout = timeout
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="gmail")
        self._refreshing = Lock()
        self._throttles = 0
        self._service: Resource = build(
            "gmail",
            "v1",
            http=OneCallHttp(timeout=timeout),
            static_discovery=True,
            cache_discovery=False,
            client_options={"api_endpoint": api_url} if api_url else None,
        )

    @classmethod
    def open(cls, file: Path, *, mailbox: str, now: Callable[[], datetime], api_url: str = "") -> "GmailApi":
        """The API with the credentials of a file. Raises CredentialsFileError."""
        return cls(load_credentials(file, mailbox=mailbox), now=now, api_url=api_url)

    async def call(self, request: Callable[[Any], HttpRequest], *, has_effect: bool = False) -> dict[str, Any]:
        """Run one request, `lambda gmail: gmail.users().getProfile(userId=ME)`, and return Google's answer.

        Raises ChannelError (try later), OutcomeUnknownError instead when `has_effect` and the answer was lost,
        ThrottledError, ChannelStoppedError (credentials), RecipientRefusedError, GmailNotFoundError (404) and
        GmailRejectedError (another 400).
        """
        built = request(self._service)
        try:
            answer = await asyncio.get_running_loop().run_in_executor(self._threads, self._execute, built)
        except FOREIGN_ERRORS as error:
            told = mapped(error, now=self._now(), has_effect=has_effect, throttles=self._throttles)
            self._throttles += isinstance(told, ThrottledError)
            raise told from error
        self._throttles = 0
        return answer

    async def check_token(self) -> None:
        """Get a fresh access token. Raises ChannelStoppedError when the credentials are refused, else ChannelError."""
        used = self._credentials.token
        try:
            await asyncio.get_running_loop().run_in_executor(self._threads, self._refresh, used)
        except FOREIGN_ERRORS as error:
            raise mapped(error, now=self._now(), has_effect=False, throttles=0) from error

    def _execute(self, request: HttpRequest) -> dict[str, Any]:
        """In a thread: the request, and once more with a new token when Google no longer takes the old one."""
        if not self._credentials.valid:
            self._refresh(self._credentials.token)
        used = self._credentials.token
        try:
            return self._once(request)
        except HttpError as error:
            if error.resp.status != 401:
                raise
        self._refresh(used)
        return self._once(request)

    def _once(self, request: HttpRequest) -> dict[str, Any]:
        http = AuthorizedHttp(self._credentials, http=OneCallHttp(timeout=self._timeout), refresh_status_codes=())
        try:
            answer: dict[str, Any] | str = request.execute(http=http)
        finally:
            http.close()
        return answer if isinstance(answer, dict) else {}  # a 204 has no body

    def _refresh(self, used: str | None) -> None:
        """A new access token, unless another thread has fetched one since `used` was found wanting."""
        with self._refreshing:
            if self._credentials.token != used and self._credentials.valid:
                return
            http = OneCallHttp(timeout=self._timeout)
            try:
                self._credentials.refresh(Request(http))  # type: ignore[no-untyped-call]  # google-auth has no types
            except OSError as error:
                raise GoogleAuthError("the token endpoint could not be reached") from error
            finally:
                http.close()
