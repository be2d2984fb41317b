"""The audit log, for those who answer for the clinic's records (trust.md fault 34)."""

from dataclasses import asdict, dataclass
from typing import Annotated

from beanie import PydanticObjectId
from fastapi import APIRouter, Depends, Query

from app.api.deps import Auditor, ContextDep, Page, actor_of
from app.api.v1.schemas.audit import AuditEntryAnswer, AuditList, AuditPagination
from app.api.v1.schemas.pages import pagination
from app.api.v1.schemas.types import Instant, SearchWord
from app.services import audit_log
from app.services.audit_log import COUNTED_AT_MOST, AuditFilter

router = APIRouter(prefix="/admin/audit", tags=["audit"])

Word = Annotated[SearchWord | None, Query()]


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterParams:
    patient_id: PydanticObjectId | None = None
    actor: Word = None
    action: Word = None
    document_type: Word = None
    document_id: Word = None
    since: Annotated[Instant | None, Query()] = None
    until: Annotated[Instant | None, Query()] = None


Filters = Annotated[FilterParams, Depends()]


@router.get("", summary="Who did what, and whose record was seen")
async def list_audit(
    user: Auditor,
    ctx: ContextDep,
    page: Page,
    filters: Filters,
    cursor: Annotated[str | None, Query(max_length=64)] = None,
) -> AuditList:
    """Admin, manager. Newest first; the read is itself written down. All filters are whole, literal values.

    `since` is inclusive, `until` is not. Follow `next_cursor` for deep pages; `total_items` is exact up to 10,000.
    """
    wanted = AuditFilter(**asdict(filters))
    found = await audit_log.read(ctx, wanted, skip=page.skip, limit=page.limit, cursor=cursor, actor=actor_of(user))
    numbers = pagination(page, found.total).model_dump() | {
        "next_cursor": found.next_cursor,
        "total_is_exact": found.total < COUNTED_AT_MOST,
    }
    entries = [AuditEntryAnswer.of(entry, found.names) for entry in found.entries]
    return AuditList(pagination=AuditPagination.model_validate(numbers), entries=entries)
