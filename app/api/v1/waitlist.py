"""The waiting list by a patient's own link, without signing in (api.md section 2)."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from app.api.deps import ContextDep
from app.api.idempotency import IdempotentRoute
from app.api.v1.schemas.errors import refusals
from app.api.v1.schemas.types import Slug
from app.api.v1.schemas.waitlist import MyWaitlistAnswer, OfferAnswer, OfferBody, ServiceToWaitFor, WishAnswer, WishBody
from app.context import Context
from app.models.clinic import Clinic
from app.models.waitlist import WaitlistWish
from app.services import addresses, listed_wishes, waitlist_alternatives, waitlist_offers
from app.services.listed_wishes import Choice, OpenedList
from app.services.waitlist_offers import ShownOffer

router = APIRouter(tags=["booking"], route_class=IdempotentRoute)

LinkToken = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="The last part of the link in a message")]
ServiceId = Annotated[Slug | None, Query(description="Which service is meant, with a booking link")]


@router.get("/waitlist/{token}", summary="See one's wish for an earlier visit", responses=refusals(404))
async def see_wish(token: LinkToken, ctx: ContextDep, service_id: ServiceId = None) -> MyWaitlistAnswer:
    """Anybody who holds a link to a visit, to book, or to the list. One 404 for a link that is no good."""
    return await _list(ctx, await listed_wishes.open_link(ctx, token, service_id=service_id))


@router.post("/waitlist/{token}", summary="Ask for an earlier visit", responses=refusals(404, 409, 429))
async def state_wish(token: LinkToken, body: WishBody, ctx: ContextDep) -> MyWaitlistAnswer:
    """Anybody who holds the link. Asking again changes the wish and keeps its place in line.

    409 when the visit is over, 422 for days that cannot be.
    """
    return await _list(ctx, await listed_wishes.state(ctx, token, Choice(**body.model_dump())))


@router.delete("/waitlist/{token}", status_code=204, summary="Leave the waiting list", responses=refusals(404))
async def withdraw_wish(token: LinkToken, ctx: ContextDep, service_id: ServiceId = None) -> None:
    """Anybody who holds the link. What is being offered is off; a second call changes nothing."""
    await listed_wishes.withdraw(ctx, token, service_id=service_id)


@router.get("/offers/{token}", summary="See the earlier time that is offered", responses=refusals(404))
async def see_offer(token: LinkToken, ctx: ContextDep) -> OfferAnswer:
    """Anybody who holds the link of the offer. Looking at it answers nothing; 404 for a link that is no good."""
    return await _offer(ctx, await waitlist_offers.open_link(ctx, token))


@router.post("/offers/{token}", summary="Answer the offer of an earlier time", responses=refusals(404, 409))
async def answer_offer(token: LinkToken, body: OfferBody, ctx: ContextDep) -> OfferAnswer:
    """Anybody who holds the link of the offer. The first yes wins: the visit moves there, or is booked.

    409 `OFFER_OVER` with `alternatives` for everybody else, who stay on the list. A second yes answers the same.
    """
    match body.answer:
        case "accept":
            await waitlist_offers.accept(ctx, token)
        case "take" if body.appointment_date:
            start = addresses.as_instant(body.appointment_date, await Clinic.load())
            await waitlist_alternatives.take(ctx, token, start=start)
        case _:
            await waitlist_offers.decline(ctx, token, leaves_list=body.answer == "leave")
    return await see_offer(token, ctx)


async def _list(ctx: Context, opened: OpenedList) -> MyWaitlistAnswer:
    return MyWaitlistAnswer(
        services=[ServiceToWaitFor(service_id=each.id, name=each.name) for each in opened.services],
        service_id=opened.service.id if opened.service else None,
        visit_at=opened.visit.appointment_date if opened.visit else None,
        can_ask=opened.can_ask,
        wish=WishAnswer.model_validate(wish_fields(opened.wish)) if opened.wish else None,
        free_now=await listed_wishes.free_now(ctx, opened),
    )


def wish_fields(wish: WaitlistWish) -> dict[str, Any]:
    """A wish as JSON names it."""
    ids = {name: str(value) for name in ("appointment_id", "provider_id") if (value := getattr(wish, name))}
    own = {"wish_id": str(wish.id), "patient_id": str(wish.patient_id)}
    return {**wish.model_dump(exclude={"id"}), **ids, **own}


async def _offer(ctx: Context, shown: ShownOffer) -> OfferAnswer:
    offer = shown.offer
    return OfferAnswer.model_validate(
        {
            "state": shown.state,
            "can_answer": shown.can_answer,
            "appointment_date": offer.start,
            "ends_at": offer.ends_at,
            "service_name": shown.service_name,
            "provider_name": shown.provider_name,
            "expires_at": offer.expires_at,
            "moves_visit_at": shown.held.appointment_date if shown.held and shown.can_answer else None,
            "appointment_id": str(offer.visit_id) if offer.visit_id else None,
            "alternatives": await waitlist_alternatives.free_instead(ctx, shown) if shown.is_over else [],
        }
    )
