"""/sandbox: the stand-in inbox, where a visitor reads what was sent and answers as the patient (operations.md)."""

from typing import Annotated, Any
from urllib.parse import urlencode

from beanie import PydanticObjectId
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from app.context import Context
from app.models.clinic import Clinic
from app.services import sandbox
from app.web.rendering import render
from app.web.routing import ContextDep, PageRoute, sandbox_only, text_fields
from app.web.sandbox_form import LONGEST_MESSAGE, Letter, address_alone, read_address, read_letter
from app.web.sandbox_view import conversation_of, inboxes, newest_from_clinic

router = APIRouter(
    prefix="/sandbox", route_class=PageRoute, include_in_schema=False, dependencies=[Depends(sandbox_only)]
)

AddressQuery = Annotated[str, Query(max_length=254)]


@router.get("")
async def read_inbox(request: Request, ctx: ContextDep, address: AddressQuery = "") -> Response:
    """Every inbox that holds something, and one conversation when an address is chosen."""
    return await _inbox(request, ctx, await address_alone(address))


@router.get("/updates")
async def read_updates(request: Request, ctx: ContextDep, address: AddressQuery = "") -> Response:
    """The same lists alone, which the page's script fetches every two seconds."""
    return render(request, "sandbox/lists.html", **await _lists(ctx, await read_address(address) or ""))


@router.get("/messages/{message_id}/{filename}")
async def download(message_id: PydanticObjectId, filename: str) -> Response:
    """One attachment of one message, as a download and never as a page."""
    found = await sandbox.attachment_of(message_id, filename)
    headers = {"Content-Disposition": 'attachment; filename="visit.ics"'}
    return Response(found.content, media_type=found.content_type, headers=headers)


@router.post("")
async def write_message(request: Request, ctx: ContextDep) -> Response:
    """Send as the patient, in reply to the clinic's newest message; then back to the same conversation."""
    letter = await read_letter(await text_fields(request))
    if letter.problems:
        return await _inbox(request, ctx, letter)
    answered = newest_from_clinic(await sandbox.conversation(letter.address), letter.address)
    await sandbox.write_as_patient(
        ctx, sender=letter.address, text=letter.text, channel=None, in_reply_to=answered, headers={}
    )
    return RedirectResponse(f"/sandbox?{urlencode({'address': letter.address})}", status_code=303)


async def _inbox(request: Request, ctx: Context, letter: Letter) -> Response:
    lists = await _lists(ctx, "" if "address" in letter.problems else letter.address)
    status = 422 if letter.problems else 200
    return render(request, "sandbox/inbox.html", status=status, letter=letter, longest_message=LONGEST_MESSAGE, **lists)


async def _lists(ctx: Context, address: str) -> dict[str, Any]:
    clinic = await Clinic.load()
    base_url = ctx.settings.public_base_url
    return {
        "clinic": clinic,
        "address": address,
        "inboxes": await inboxes(clinic),
        "messages": await conversation_of(address, clinic, base_url=base_url) if address else [],
    }
