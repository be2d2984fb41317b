"""Twilio's webhooks as they are posted: forms with the signature over the public address and every parameter."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx2

from app.domain.twilio_signature import signature
from tests.api.apps import RunningApp
from tests.peers.twilio_clinic import OURS, PATIENT, PUBLIC

MESSAGE, STATUS = "/api/v1/webhooks/twilio/message", "/api/v1/webhooks/twilio/status"
FORM = "application/x-www-form-urlencoded"
TOKEN = "the-auth-token-of-this-account"
TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


def sid(number: int) -> str:
    return f"SM{number:032x}"


def written(number: int = 1, /, **changes: str) -> dict[str, str]:
    """A patient's SMS."""
    form = {
        "MessageSid": sid(number),
        "SmsMessageSid": sid(number),
        "AccountSid": "AC0123456789abcdef0123456789abcdef",
        "From": PATIENT,
        "To": OURS,
        "Body": "Yes, gladly",
        "NumMedia": "0",
        "NumSegments": "1",
        "ApiVersion": "2010-04-01",
    }
    return {name: value for name, value in (form | changes).items() if value != "-"}


@dataclass(frozen=True, slots=True)
class Posted:
    """One request; `signed_url` is what the signature is made over, which a forger may choose."""

    path: str
    body: bytes
    headers: dict[str, str]

    async def send(self, app: RunningApp) -> httpx2.Response:
        return await app.http.post(self.path, content=self.body, headers=self.headers)


def posted(
    form: Any,
    *,
    path: str = MESSAGE,
    token: str = TOKEN,
    base: str = PUBLIC,
    signed: Any = None,
    url: str | None = None,
) -> Posted:
    """A form (pairs or a dict) with its signature; `signed` and `url` pretend that something else was signed."""
    pairs = list(form.items()) if isinstance(form, dict) else list(form)
    over = pairs if signed is None else list(signed.items())
    mark = signature(token, url or base + path, over)
    return Posted(path, urlencode(pairs).encode(), {"Content-Type": FORM, "X-Twilio-Signature": mark})
