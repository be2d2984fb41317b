"""The waiting list at the desk (api.md section 4)."""

from typing import Any

from fastapi import APIRouter

from app.api.deps import ContextDep, FrontDesk, Page, Reader, RecordId, actor_of
from app.api.idempotency import IdempotentRoute
from app.api.v1.schemas.errors import refusals
from app.api.v1.schemas.pages import pagination
from app.api.v1.schemas.types import Slug
from app.api.v1.schemas.waitlist import (
    OfferList,
    OfferRow,
    StaffWishBody,
    WaitlistAnswer,
    WaitlistRow,
    WishAnswer,
)
from app.api.v1.waitlist import wish_fields
from app.models.enums import OfferState, WishState
from app.models.waitlist import WaitlistOffer
from app.services import waitlist_offer_lists, waitlist_wishes
from app.services.waitlist_wishes import Listed, WishRequest

router = APIRouter(prefix="/admin/waitlist", tags=["waitlist"], route_class=IdempotentRoute)


@router.get("", summary="The waiting list")
async def list_wishes(
    user: Reader,
    ctx: ContextDep,
    page: Page,
    service_id: Slug | None = None,
    state: WishState | None = WishState.WAITING,
) -> WaitlistAnswer:
    """Every role; the read is written into the audit log. First come first; `state` is WAITING unless named."""
    rows, total = await waitlist_wishes.page(
        ctx, service_id=service_id, state=state, skip=page.skip, limit=page.limit, actor=actor_of(user)
    )
    return WaitlistAnswer(wishes=[_row(row) for row in rows], pagination=pagination(page, total))


@router.post("", status_code=201, summary="Put a patient on the waiting list", responses=refusals(404, 409))
async def add_wish(body: StaffWishBody, user: FrontDesk, ctx: ContextDep) -> WishAnswer:
    """Admin, manager, front desk. Somebody asked by phone; they are told, with a link to change or leave.

    Asking again for the same service changes the wish and keeps its place. 409 for a visit that is over.
    """
    wish = await waitlist_wishes.ask(ctx, WishRequest(**body.model_dump()), actor=actor_of(user))
    return WishAnswer.model_validate(wish_fields(wish))


@router.get("/offers", summary="What was offered to whom")
async def list_offers(user: Reader, ctx: ContextDep, page: Page, state: OfferState | None = None) -> OfferList:
    """Every role; the read is written into the audit log. Newest first."""
    found, total = await waitlist_offer_lists.page(
        ctx, state=state, skip=page.skip, limit=page.limit, actor=actor_of(user)
    )
    return OfferList(offers=[_offer(offer) for offer in found], pagination=pagination(page, total))


@router.delete("/{wish_id}", status_code=204, summary="Take a patient off the list", responses=refusals(404))
async def remove_wish(wish_id: RecordId, user: FrontDesk, ctx: ContextDep) -> None:
    """Admin, manager, front desk. What is being offered is off; a second call changes nothing."""
    await waitlist_wishes.withdraw(ctx, wish_id, actor=actor_of(user))


def _row(row: Listed) -> WaitlistRow:
    shown = {"patient_name": row.patient_name, "is_reachable": row.is_reachable}
    return WaitlistRow.model_validate(wish_fields(row.wish) | shown)


def _offer(offer: WaitlistOffer) -> OfferRow:
    names = ("wish_id", "patient_id", "provider_id", "visit_id")
    ids: dict[str, Any] = {name: str(value) for name in names if (value := getattr(offer, name))}
    shown = {"offer_id": str(offer.id), "appointment_date": offer.start}
    return OfferRow.model_validate(offer.model_dump(exclude={"id"}) | ids | shown)
