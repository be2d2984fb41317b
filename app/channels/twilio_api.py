"""Twilio's Messages resource over HTTP: one endpoint, no SDK (decision 0020, stack.md 2h)."""

import ssl
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any
from urllib.parse import urljoin

import httpx2

from app.channels.base import (
    ChannelError,
    ChannelStoppedError,
    NotAllowedNowError,
    OutcomeUnknownError,
    RecipientRefusedError,
    RecipientStoppedError,
    ThrottledError,
)
from app.channels.listing import ListedMessage
from app.domain.twilio_codes import Trouble, trouble_of
from app.settings import Settings

CONNECTS_WITHIN_SECONDS = 5
PAGE_SIZE = 100
MOST_PAGES = 500
DEFAULT_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
NEVER_LEFT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)
"""What fails before a single byte of the request is written."""
TROUBLES: dict[Trouble, type[ChannelError]] = {
    Trouble.BAD_ADDRESS: RecipientRefusedError,
    Trouble.STOPPED: RecipientStoppedError,
    Trouble.NOT_HERE: NotAllowedNowError,
    Trouble.OUR_ACCOUNT: ChannelStoppedError,
}


@cache
def _tls() -> ssl.SSLContext:
    """Reading the certificates takes longer than a request: once a process."""
    return ssl.create_default_context()


class TwilioApi:
    """One account's messages. The first of TWILIO_AUTH_TOKEN opens it."""

    def __init__(self, settings: Settings, *, patience_seconds: float) -> None:
        self._timeout = httpx2.Timeout(patience_seconds, connect=CONNECTS_WITHIN_SECONDS)
        token = settings.twilio_auth_token.get_secret_value().split(",")[0].strip()
        self._auth = (settings.twilio_account_sid, token)
        self._base = settings.twilio_api_url
        self._path = f"/2010-04-01/Accounts/{settings.twilio_account_sid}/Messages"

    async def create(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Post one message and return Twilio's own record of it. Raises a ChannelError of channels/base.py."""
        try:
            answer = await self._ask("POST", f"{self._path}.json", data=dict(form))
        except NEVER_LEFT as error:
            raise ChannelError(f"Twilio cannot be reached: {type(error).__name__}") from error
        except httpx2.HTTPError as error:
            raise OutcomeUnknownError(f"Twilio did not answer: {type(error).__name__}") from error
        if answer.status_code >= 500:
            raise _after_server_error(answer)
        made = _body(answer)
        if answer.is_success and isinstance(made.get("sid"), str):
            return made
        if answer.is_success:
            raise OutcomeUnknownError("Twilio took the message and did not name it")
        raise _refusal(answer, made)

    async def list(self, *, newest_first_until: datetime, **filters: str) -> AsyncIterator[ListedMessage]:
        """Messages that fit the filters (`To`, `From`, `DateSent>`), newest first, page by page.

        `newest_first_until` ends the reading at the first message that is older. Raises ChannelError.
        """
        address = f"{self._path}.json"
        params: dict[str, str] | None = {"PageSize": str(PAGE_SIZE)} | filters
        for _ in range(MOST_PAGES):
            page = await self._page(address, params)
            for raw in page.get("messages", []):
                message = _listed(raw)
                if message.created_at < newest_first_until:
                    return
                yield message
            address, params = str(page.get("next_page_uri") or ""), None
            if not address:
                return

    async def _page(self, address: str, params: dict[str, str] | None) -> dict[str, Any]:
        if not address.startswith("/") or address.startswith("//"):
            raise ChannelError("Twilio named a page on another server")
        try:
            answer = await self._ask("GET", address, params=params)
        except httpx2.HTTPError as error:
            raise ChannelError(f"Twilio cannot be asked: {type(error).__name__}") from error
        if not answer.is_success:
            raise _refusal(answer, _body(answer))
        return _body(answer)

    async def _ask(self, method: str, path: str, **sent: Any) -> httpx2.Response:
        """A client for each call: nothing stays open between two, and none belongs to a dead event loop."""
        async with httpx2.AsyncClient(auth=self._auth, timeout=self._timeout, verify=_tls()) as http:
            return await http.request(method, urljoin(self._base, path), **sent)


def _body(answer: httpx2.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _after_server_error(answer: httpx2.Response) -> ChannelError:
    """Only an explicit "come back later" says that nothing was sent."""
    if answer.status_code == 503 and "Retry-After" in answer.headers:
        return ThrottledError("Twilio is busy", retry_after=_wait(answer))
    return OutcomeUnknownError(f"Twilio failed with {answer.status_code}")


def _refusal(answer: httpx2.Response, body: dict[str, Any]) -> ChannelError:
    """The port's word for an error body `{code, message, more_info, status}`."""
    code = body.get("code") if isinstance(body.get("code"), int) else None
    said = f"Twilio refused it with {answer.status_code}, code {code or 'none'}"
    trouble = trouble_of(code)
    if answer.status_code == 429 or trouble is Trouble.SLOW_DOWN:
        return ThrottledError(said, retry_after=_wait(answer))
    if answer.status_code == 401 or (answer.status_code == 403 and trouble not in TROUBLES):
        return ChannelStoppedError(said)
    return TROUBLES.get(trouble, ChannelError)(said)


def _wait(answer: httpx2.Response) -> timedelta:
    """Retry-After in seconds or as a date (RFC 9110), within an hour."""
    given = answer.headers.get("Retry-After", "")
    if given.isascii() and given.isdigit():
        return min(timedelta(seconds=int(given[:6])), LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(given)
        now = parsedate_to_datetime(answer.headers["Date"])
        return min(max(until - now, timedelta()), LONGEST_WAIT)
    except (KeyError, TypeError, ValueError):
        return DEFAULT_WAIT


def _listed(raw: dict[str, Any]) -> ListedMessage:
    """One row of a listing. Raises ChannelError for what is none."""
    try:
        created = parsedate_to_datetime(raw["date_created"])
        return ListedMessage(
            external_id=str(raw["sid"]),
            is_inbound=raw["direction"] == "inbound",
            sender=str(raw.get("from") or ""),
            to=str(raw.get("to") or ""),
            body=str(raw.get("body") or ""),
            status=str(raw.get("status") or ""),
            error_code=_code(raw.get("error_code")),
            created_at=created if created.tzinfo else created.replace(tzinfo=UTC),
            media=int(raw.get("num_media") or 0),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ChannelError("Twilio listed what is no message") from error


def _code(given: Any) -> int | None:
    return int(given) if str(given or "").isdigit() else None
