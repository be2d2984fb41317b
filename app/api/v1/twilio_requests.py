"""Who sends a Twilio webhook: the signature over the public address and every parameter (trust.md 2.6 and 4.3)."""

import hashlib
from dataclasses import dataclass
from urllib.parse import parse_qsl

from fastapi import Request

from app.context import Context
from app.domain import twilio_signature
from app.domain.twilio_signature import Params
from app.errors import PermissionDeniedError
from app.models.enums import InboundSource
from app.services import inbound

SIGNATURE = "X-Twilio-Signature"
FORM_TYPE = "application/x-www-form-urlencoded"
MOST_FIELDS = 500


@dataclass(frozen=True, slots=True)
class TwilioRequest:
    """A request that Twilio signed; of a parameter that repeats, the first value counts."""

    form: dict[str, str]
    query: dict[str, str]
    body: bytes

    async def park(self, ctx: Context, reason: str) -> None:
        """Authentic and unreadable: kept for staff, because a refusal would only bring it back (api.md section 3)."""
        digest = hashlib.sha256(self.body).hexdigest()
        await inbound.store_event(
            ctx,
            source=InboundSource.TWILIO,
            event_id=digest,
            payload={"raw": self.body.decode(errors="replace")},
            conversation=digest,
            parked_because=reason,
        )


async def genuine_request(request: Request, ctx: Context) -> TwilioRequest:
    """The request, once one of our auth tokens is known to have signed it. Raises PermissionDeniedError (403)."""
    body, url = await request.body(), _public_url(request, ctx)
    given, tokens = request.headers.get(SIGNATURE, ""), ctx.settings.twilio_tokens
    is_form = request.headers.get("Content-Type", FORM_TYPE).partition(";")[0].strip().lower() == FORM_TYPE
    params = _fields(body) if is_form else ()
    if is_form:
        genuine = params is not None and twilio_signature.is_genuine(given, tokens=tokens, url=url, params=params)
    else:
        genuine = twilio_signature.is_genuine_body(given, tokens=tokens, url=url, body=body)
    if not genuine:
        raise PermissionDeniedError("The signature is missing or wrong.")
    return TwilioRequest(form=_first(params or ()), query=_first(parse_qsl(request.url.query)), body=body)


def _public_url(request: Request, ctx: Context) -> str:
    """The address that Twilio was given: a proxy in front of us changes the one that we see."""
    query = request.url.query
    return f"{ctx.settings.public_base_url}{request.url.path}{'?' if query else ''}{query}"


def _fields(body: bytes) -> Params | None:
    """Every parameter; None for a body that is no form."""
    try:
        return parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        return None


def _first(params: Params) -> dict[str, str]:
    return dict(reversed(params))
