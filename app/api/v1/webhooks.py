"""Webhooks: verified, written down, then answered (api.md section 3, trust.md 2.5 and 4.3)."""

import base64
import binascii
import hashlib
import json

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from app.api.deps import ContextDep
from app.api.v1.schemas.errors import refusals
from app.api.v1.schemas.unparsed import body_of
from app.api.v1.schemas.webhooks import IncomingBody, MailboxNotice, PushBody
from app.context import Context
from app.errors import AuthenticationError, InvalidInputError
from app.models.clinic import Clinic
from app.models.enums import ChannelType, InboundSource
from app.security import verify_signature
from app.services import addresses, inbound, mailbox_pushes, push_tokens
from app.services.inbound import InboundMessage

SIGNATURE = "X-Chairside-Signature"
MOST_BODY_BYTES = 64 * 1024

router = APIRouter(prefix="/webhooks", tags=["webhooks"], max_body_size=MOST_BODY_BYTES)


@router.post(
    "/incoming-message",
    summary="A message from another provider",
    response_class=Response,
    responses=refusals(401),
    openapi_extra=body_of(IncomingBody, scheme="ChairsideSignature"),
)
async def incoming_message(request: Request, ctx: ContextDep) -> Response:
    """Whoever signs with INCOMING_MESSAGE_SECRET; otherwise 401 and nothing is written. Answers an empty 200."""
    body = await request.body()
    _verify(ctx, request.headers.get(SIGNATURE, ""), body)
    await _store_incoming(ctx, body)
    return Response(status_code=200)


def _verify(ctx: Context, signature: str, body: bytes) -> None:
    configured = ctx.settings.incoming_message_secret.get_secret_value()
    in_use = [part.strip() for part in configured.split(",") if part.strip()]
    if not verify_signature(signature, body=body, secrets_in_use=in_use, now=ctx.now()):
        raise AuthenticationError("The signature is missing, wrong or too old.")


async def _store_incoming(ctx: Context, body: bytes) -> None:
    """Authentic but malformed is stored and parked: a 4xx would be redelivered for ever (api.md section 3)."""
    try:
        message = IncomingBody.model_validate_json(body)
        sender = await _sender(message)
    except (ValidationError, InvalidInputError):
        await _park(ctx, InboundSource.GENERIC, body, "malformed_message")
        return
    await inbound.store(
        ctx,
        InboundMessage(
            source=InboundSource.GENERIC,
            external_id=message.external_id or hashlib.sha256(body).hexdigest(),
            channel=message.channel,
            sender=sender,
            text=message.message_content,
            thread_id=message.thread_id,
        ),
    )


async def _sender(message: IncomingBody) -> str | None:
    if message.channel is ChannelType.EMAIL or not message.from_:
        return message.from_.lower() if message.from_ else None
    return addresses.phone_in_e164(message.from_, await Clinic.load())


@router.post(
    "/gmail",
    summary="Google's push about the clinic's mailbox",
    response_class=Response,
    responses=refusals(401, 403),
    openapi_extra=body_of(PushBody, scheme="GooglePush"),
)
async def gmail_push(request: Request, ctx: ContextDep) -> Response:
    """Google Pub/Sub with a verified OIDC token; 401 or 403 otherwise. Answers an empty 200 once it is stored."""
    await push_tokens.verify(ctx, request.headers.get("Authorization", ""))
    await _store_push(ctx, await request.body())
    return Response(status_code=200)


async def _store_push(ctx: Context, body: bytes) -> None:
    """Another subscription is refused before anything is written; what is ours and unreadable is parked for staff."""
    push_tokens.check_subscription(ctx, _subscription(body))
    try:
        message = PushBody.model_validate_json(body).message
        notice = MailboxNotice.model_validate_json(
            base64.urlsafe_b64decode(message.data + "=" * (-len(message.data) % 4))
        )
    except (ValidationError, binascii.Error, ValueError):
        await _park(ctx, InboundSource.GMAIL, body, "malformed_push")
        return
    address = notice.email_address.lower()
    is_ours = ctx.mailbox is None or address == ctx.mailbox.address
    await inbound.store_event(
        ctx,
        source=InboundSource.GMAIL,
        event_id=message.message_id,
        payload=notice.model_dump(by_alias=True),
        conversation=mailbox_pushes.conversation_of(address),
        parked_because=None if is_ours else "unknown_mailbox",
    )


def _subscription(body: bytes) -> object:
    """The subscription that a push names; a body that is not even an object names none and is parked."""
    try:
        push = json.loads(body)
    except (ValueError, RecursionError):
        return push_tokens.UNREADABLE
    return push.get("subscription") if isinstance(push, dict) else push_tokens.UNREADABLE


async def _park(ctx: Context, source: InboundSource, body: bytes, reason: str) -> None:
    digest = hashlib.sha256(body).hexdigest()
    await inbound.store_event(
        ctx,
        source=source,
        event_id=digest,
        payload={"raw": body.decode(errors="replace")},
        conversation=digest,
        parked_because=reason,
    )
