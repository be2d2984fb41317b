"""The sandbox's script endpoints: read what was sent, write as the patient (operations.md; 404 without a sandbox)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from app.api.deps import ContextDep, sandbox_only
from app.api.v1.schemas.errors import refusals
from app.api.v1.schemas.sandbox import SandboxAnswer, SandboxBody, SandboxList, SandboxRow
from app.services import sandbox

router = APIRouter(prefix="/sandbox", tags=["sandbox"], dependencies=[Depends(sandbox_only)], responses=refusals(404))


@router.get("/messages", summary="What was sent to one address")
async def list_messages(to: Annotated[str, Query(min_length=1, max_length=254)]) -> SandboxList:
    """Anybody, where a sandbox is configured (never in production). Oldest first."""
    return SandboxList(messages=[SandboxRow.model_validate(row) for row in await sandbox.sent_to(to.strip())])


@router.post("/messages", status_code=202, summary="Write as the patient")
async def write_message(body: SandboxBody, ctx: ContextDep) -> SandboxAnswer:
    """Anybody, where a sandbox is configured. Enters by the same inbox as a real message."""
    identifier = await sandbox.write_as_patient(
        ctx, sender=body.from_, text=body.body, channel=body.channel, in_reply_to=body.in_reply_to, headers=body.headers
    )
    return SandboxAnswer(id=identifier)
