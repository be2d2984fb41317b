"""One action for many campaigns, step by step, so that a page can show how far it is: begun once, resumed, stopped.

Each campaign is judged alone and marked at once: who is interrupted goes on behind the last one (trust.md 2.3).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from beanie import PydanticObjectId
from pymongo import DESCENDING
from pymongo.errors import DuplicateKeyError, ExecutionTimeout

from app.context import Context
from app.errors import ConflictError, InvalidInputError, NotFoundError
from app.models.base import LONG_AGO, Raw, derived_id
from app.models.campaign_batches import CampaignBatch
from app.models.campaigns import Campaign
from app.models.enums import BatchState
from app.services import audit, campaign_batches
from app.services.campaign_batches import Batch, BatchAction
from app.services.campaign_lists import BY_NAME, SLOWEST_MS, CampaignFilter

MOST_CAMPAIGNS = 2_000
STEP = 20
"""So many are judged for one request: it answers within a second or two."""
BY_UPDATE = "list_by_update"
GONE = "A campaign that is gone"


@dataclass(frozen=True, slots=True)
class Refused:
    """A campaign that stayed as it is, of whom, and why."""

    campaign_id: PydanticObjectId
    patient_id: PydanticObjectId | None
    name: str
    why: str


async def matching(wanted: CampaignFilter) -> list[PydanticObjectId]:
    """Everything that a list's filters find, the newest change first; by name when a name is searched.

    Raises InvalidInputError when there are more than MOST_CAMPAIGNS, and for a search that takes too long.
    """
    found = Campaign.collection().find(wanted.query(), {"_id": 1}).limit(MOST_CAMPAIGNS + 1).max_time_ms(SLOWEST_MS)
    found = found.hint(BY_NAME) if wanted.names else found.sort("updated_at", DESCENDING).hint(BY_UPDATE)
    try:
        rows = await found.to_list()
    except ExecutionTimeout as error:
        raise InvalidInputError("This search takes too long. Narrow it down: a longer name, a status.") from error
    if len(rows) > MOST_CAMPAIGNS:
        raise InvalidInputError(f"More than {MOST_CAMPAIGNS:,} campaigns match. Narrow the list with the filters.")
    return [row["_id"] for row in rows]


async def begin(
    ctx: Context, ids: Sequence[PydanticObjectId], batch: Batch, *, by: PydanticObjectId, key: str = ""
) -> CampaignBatch:
    """Note what is to be done, as this user; nothing is done yet. The same `key` again is the same one.

    Raises InvalidInputError (no campaign, too many, what `act_of` refuses) and ConflictError (another one is running).
    """
    chosen = list(dict.fromkeys(ids))
    if not chosen:
        raise InvalidInputError("Tick at least one campaign first.")
    if len(chosen) > MOST_CAMPAIGNS:
        raise InvalidInputError(f"Choose at most {MOST_CAMPAIGNS:,} campaigns at once.")
    await campaign_batches.act_of(ctx, batch, by)
    begun = CampaignBatch(
        id=derived_id("campaign_batch", by, key) if key else PydanticObjectId(),
        user_id=by,
        action=batch.action,
        pause_days=batch.pause_days,
        holder=batch.holder,
        campaign_ids=chosen,
        created_at=ctx.now(),
    )
    return await CampaignBatch.get(begun.id) or await _put(ctx, begun)


async def _put(ctx: Context, begun: CampaignBatch) -> CampaignBatch:
    async def write() -> None:
        running = await unfinished_of(begun.user_id)
        if running and running.id != begun.id:
            raise ConflictError(
                "Your last action for many campaigns is not finished. Go on with it, or stop it, first."
            )
        await begun.insert()
        details = {"action": begun.action, "campaigns": len(begun.campaign_ids)}
        document = ("campaign_batch", begun.id)
        actor = f"user:{begun.user_id}"
        await audit.record(ctx, actor=actor, action="campaign_batch.begun", document=document, details=details)

    try:
        await ctx.database.transaction(write)
    except DuplicateKeyError:  # the second of two clicks
        return await get(begun.id, by=begun.user_id)
    return begun


async def get(batch_id: PydanticObjectId, *, by: PydanticObjectId) -> CampaignBatch:
    """One's own. Raises NotFoundError."""
    found = await CampaignBatch.find_one({"_id": batch_id, "user_id": by})
    if found is None:
        raise NotFoundError("There is no such action of yours. It may be more than a week old.")
    return found


async def unfinished_of(user_id: PydanticObjectId) -> CampaignBatch | None:
    """What this person began and neither finished nor stopped."""
    running = {"user_id": user_id, "state": BatchState.RUNNING.value}
    raw = await CampaignBatch.collection().find_one(running, sort=[("created_at", DESCENDING)], hint="by_user")
    return CampaignBatch.from_raw(raw) if raw else None


async def go_on(ctx: Context, batch_id: PydanticObjectId, *, by: PydanticObjectId) -> CampaignBatch:
    """Judge the next STEP campaigns; nothing when it is over, or while another page of this person does.

    Raises NotFoundError, and InvalidInputError when the chosen person has left meanwhile.
    """
    claimed = await CampaignBatch.claim(batch_id, by, now=ctx.now(), lease_until=ctx.lease_until)
    if claimed:
        try:
            await _step(ctx, claimed)
        finally:
            fence = {"_id": claimed.id, "lease_generation": claimed.lease_generation}
            await CampaignBatch.collection().update_one(fence, {"$set": {"lease_until": LONG_AGO}})
    return await get(batch_id, by=by)


async def _step(ctx: Context, claimed: CampaignBatch) -> None:
    action = BatchAction(claimed.action)
    batch = Batch(action=action, pause_days=claimed.pause_days, holder=claimed.holder)
    act = await campaign_batches.act_of(ctx, batch, claimed.user_id)
    last = len(claimed.campaign_ids)
    for position in range(claimed.position, min(claimed.position + STEP, last)):
        campaign_id = claimed.campaign_ids[position]
        why = await campaign_batches.judge(campaign_id, action, act)
        if not await claimed.mark(_marked(campaign_id, why, is_last=position + 1 == last)):
            return


def _marked(campaign_id: PydanticObjectId, why: str | None, *, is_last: bool) -> Raw:
    """The update that says what became of one campaign."""
    counted: Raw = {"$inc": {"position": 1} | ({} if why else {"done": 1})}
    if why:
        counted["$push"] = {"refused": {"campaign_id": campaign_id, "why": why}}
    return counted | ({"$set": {"state": BatchState.DONE.value}} if is_last else {})


async def stop(ctx: Context, batch_id: PydanticObjectId, *, by: PydanticObjectId) -> CampaignBatch:
    """Leave the rest as it is; what was done stays. A second stop changes nothing. Raises NotFoundError."""

    async def write() -> None:
        running = {"_id": batch_id, "user_id": by, "state": BatchState.RUNNING.value}
        stopped = {"$set": {"state": BatchState.STOPPED.value}}
        if (await CampaignBatch.collection().update_one(running, stopped)).modified_count:
            document = ("campaign_batch", batch_id)
            await audit.record(ctx, actor=f"user:{by}", action="campaign_batch.stopped", document=document)

    await ctx.database.transaction(write)
    return await get(batch_id, by=by)


async def refused_in(batch: CampaignBatch) -> list[Refused]:
    """Those that stayed as they are, with the names of today; whoever is shown them is audited by the caller."""
    ids = [one.campaign_id for one in batch.refused]
    found = Campaign.collection().find({"_id": {"$in": ids}}, {"patient_name": 1, "patient_id": 1})
    known: dict[Any, Raw] = {row["_id"]: row async for row in found}
    return [_refused(one.campaign_id, known.get(one.campaign_id), one.why) for one in batch.refused]


def _refused(campaign_id: PydanticObjectId, row: Raw | None, why: str) -> Refused:
    return Refused(campaign_id, row["patient_id"] if row else None, row["patient_name"] if row else GONE, why)
