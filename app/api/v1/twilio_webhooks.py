"""Twilio's webhooks: who sends is proven first, then the event is stored, then answered (trust.md 2.5 and 4.3)."""

from typing import Any

from beanie import PydanticObjectId
from bson.errors import InvalidId
from fastapi import APIRouter, Request, Response

from app.api.deps import ContextDep
from app.api.v1.schemas.errors import refusals
from app.api.v1.schemas.twilio_webhooks import MessageForm, StatusForm, form_of
from app.api.v1.twilio_requests import TwilioRequest, genuine_request
from app.services import carrier_opt_outs, delivery_reports, twilio_inbound
from app.services.delivery_reports import News
from app.services.twilio_inbound import NotAMessageError

MOST_BODY_BYTES = 64 * 1024
TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
NOTHING_TO_SAY: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "It is stored. The answer asks Twilio to say nothing.",
        "content": {"text/xml": {"schema": {"type": "string"}, "example": TWIML}},
    }
}

router = APIRouter(prefix="/webhooks/twilio", tags=["webhooks"], max_body_size=MOST_BODY_BYTES)


@router.post(
    "/message",
    summary="An SMS or WhatsApp message from Twilio",
    response_class=Response,
    responses=NOTHING_TO_SAY | refusals(403),
    openapi_extra=form_of(MessageForm),
)
async def twilio_message(request: Request, ctx: ContextDep) -> Response:
    """Twilio, by its signature; otherwise 403 and nothing is written. The same MessageSid again does nothing more."""
    sent = await genuine_request(request, ctx)
    try:
        message = twilio_inbound.message_of_form(sent.form)
    except NotAMessageError:
        await sent.park(ctx, "malformed_message")
        return _nothing_to_say()
    await carrier_opt_outs.receive(ctx, message, sent.form.get("OptOutType", ""))
    return _nothing_to_say()


@router.post(
    "/status",
    summary="What became of a message sent by Twilio",
    response_class=Response,
    responses=NOTHING_TO_SAY | refusals(403),
    openapi_extra=form_of(StatusForm),
)
async def twilio_status(request: Request, ctx: ContextDep) -> Response:
    """Twilio, by its signature; otherwise 403 and nothing is written. Reports may come late, twice or in any order."""
    sent = await genuine_request(request, ctx)
    try:
        news = _news_of(sent)
    except NotAMessageError:
        await sent.park(ctx, "malformed_status")
        return _nothing_to_say()
    await delivery_reports.receive(ctx, news)
    return _nothing_to_say()


def _news_of(sent: TwilioRequest) -> News:
    code = sent.form.get("ErrorCode", "")
    return News(
        external_id=twilio_inbound.sid_of(sent.form),
        status=sent.form.get("MessageStatus") or sent.form.get("SmsStatus", ""),
        error_code=int(code) if code.isascii() and code.isdigit() and len(code) <= 6 else None,
        outbox_id=_id_of(sent.query.get("o", "")),
    )


def _id_of(text: str) -> PydanticObjectId | None:
    try:
        return PydanticObjectId(text) if text else None
    except InvalidId:
        return None


def _nothing_to_say() -> Response:
    return Response(TWIML, media_type="text/xml")
