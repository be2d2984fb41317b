"""Two records of one person may each wait for the same service: the survivor's own wish stays (api.md section 4)."""

from datetime import datetime

from beanie import PydanticObjectId

from app.models.enums import WishState
from app.models.waitlist import WaitlistWish
from app.services import waitlist_endings

MERGED = "merged"


async def yield_place(wish_ids: list[PydanticObjectId], *, to: PydanticObjectId, now: datetime) -> None:
    """Withdraw those of the wishes whose service the taker waits for already, and what they are being offered.

    Inside the caller's transaction.
    """
    waiting = WaitlistWish.collection().find({"patient_id": to, "state": WishState.WAITING}, {"service_id": 1})
    services = [row["service_id"] async for row in waiting]
    ended = {"state": WishState.WITHDRAWN, "state_reason": MERGED, "updated_at": now}
    yielding = {"_id": {"$in": wish_ids}, "state": WishState.WAITING, "service_id": {"$in": services}}
    for wish in await WaitlistWish.find(yielding).to_list():
        if await WaitlistWish.change(wish.id, ended):
            await waitlist_endings.close_of_wish(wish.id, reason=MERGED, now=now)
