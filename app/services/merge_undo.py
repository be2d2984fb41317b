"""Undoing a merge: exactly what moved goes back; what happened since stays with the survivor, stops bind both."""

from datetime import datetime
from typing import Any

from beanie import PydanticObjectId
from pymongo.errors import DuplicateKeyError

from app.context import Context
from app.models.base import Raw
from app.models.campaigns import Campaign
from app.models.enums import ChannelType, InboxState, Intent
from app.models.inbox import InboundEvent
from app.models.interactions import Interaction
from app.models.merges import FORGOTTEN, PatientMerge
from app.models.patients import OptOut
from app.services import audit, merge_facts, merge_holds, merge_moves, merge_refusals, merges, patients
from app.services.merge_facts import Stops
from app.services.merge_moves import Hands
from app.services.merge_refusals import MergeNotUndoableError


async def undo(ctx: Context, merge_id: PydanticObjectId, *, actor: str) -> PatientMerge:
    """Make two records of one again. A second call changes nothing.

    Raises NotFoundError, and MergeNotUndoableError after 30 days, after an erasure, while a later merge stands, and
    when an address was given to somebody else meanwhile.
    """
    found = await merges.get(merge_id)
    await merges.gather_late(ctx, found.patient_id)

    async def write() -> None:
        merge = await merges.get(merge_id)
        if merge.undone_at is None:
            await _write(ctx, merge, actor=actor)

    try:
        await ctx.database.transaction(write)
    except DuplicateKeyError as error:
        raise MergeNotUndoableError(
            "The merged record's e-mail or phone now belongs to another patient. Change that one first."
        ) from error
    return await merges.get(merge_id)


async def _write(ctx: Context, merge: PatientMerge, *, actor: str) -> None:
    ids = (merge.patient_id, merge.merged_patient_id)
    held = {patient_id: await merge_holds.hold(patient_id) for patient_id in sorted(ids)}
    survivor, other = held[merge.patient_id], held[merge.merged_patient_id]
    await merge_refusals.refuse_late_or_blocked_undo(merge, survivor, other, now=ctx.now())
    said = await _said_since(merge, survivor)
    back = merge_facts.separate(merge, survivor, said)
    await merge_holds.let_go(merge.patient_id, back | {"updated_at": ctx.now()})
    await merge_holds.let_go(merge.merged_patient_id, await _restored(ctx, merge, other, said))
    await _give_back(ctx, merge, survivor["name"], other["name"])
    await PatientMerge.collection().update_one(
        {"_id": merge.id}, {"$set": FORGOTTEN | {"undone_at": ctx.now(), "undone_by": actor}}
    )
    for patient_id in ids:
        await patients.refresh_due(ctx, patient_id)
    await audit.record(
        ctx,
        actor=actor,
        action="patient.merge_undone",
        document=("patient", merge.patient_id),
        patients=list(ids),
        details={"merge_id": merge.id, "merged_patient_id": merge.merged_patient_id},
    )


async def _restored(ctx: Context, merge: PatientMerge, other: Raw, said: Stops) -> dict[str, Any]:
    guardian = merge.kept.guardian_id
    return {
        "email": merge.kept.email,
        "phone": merge.kept.phone,
        "guardian_id": await merge_holds.survivor_of(guardian) if guardian else None,
        "merged_into": None,
        "opt_outs": merge_facts.with_stops(other.get("opt_outs", []), said),
        "updated_at": ctx.now(),
    }


async def _give_back(ctx: Context, merge: PatientMerge, survivor_name: str, name: str) -> None:
    back = await merge_moves.belonging_to(merge.moved, merge.patient_id)
    hands = Hands(taker=merge.merged_patient_id, giver_name=survivor_name, taker_name=name, now=ctx.now())
    await merge_moves.hand_over(hands, back)
    for row in merge.cleared_due_dates:
        await Campaign.collection().update_one({"_id": row.campaign_id}, {"$set": {"due_date": row.due_date}})


async def _said_since(merge: PatientMerge, survivor: Raw) -> Stops:
    """Every stop said while the two were one.

    A repeated one left no mark on the record, so the messages themselves are asked; and a stop from an address that no
    record held just then was heeded for nobody.
    """
    known = {*merge.stops_before, *(str(stop.channel) for stop in merge.added_stops)}
    stored = {stop["channel"]: stop for stop in survivor["opt_outs"] if stop["channel"] not in known}
    return await _in_events(merge, survivor) | await _in_conversations(merge) | stored


async def _in_conversations(merge: PatientMerge) -> Stops:
    campaigns = Campaign.collection().find({"patient_id": merge.patient_id}, {"_id": 1})
    query = {
        "campaign_id": {"$in": [row["_id"] async for row in campaigns]},
        "timestamp": {"$gte": merge.merged_at},
        "$or": [
            {"screened_as": Intent.OPT_OUT},
            {"also_says_stop": True},
            {"ai_analysis.intents": Intent.OPT_OUT},
            {"ai_analysis.intent": Intent.OPT_OUT},
        ],
    }
    said = await Interaction.find(query).to_list()
    return {item.channel: _stop(item.channel, item.timestamp, f"interaction:{item.id}") for item in said}


async def _in_events(merge: PatientMerge, survivor: Raw) -> Stops:
    reach = (merge.kept.email, merge.kept.phone, survivor.get("email"), survivor.get("phone"))
    query = {
        "state": InboxState.DONE,
        "received_at": {"$gte": merge.merged_at},
        "outcome": "opted_out",
        "campaign_id": None,
        "payload.sender": {"$in": [address for address in reach if address]},
    }
    events = await InboundEvent.find(query).to_list()
    return {
        event.payload["channel"]: _stop(event.payload["channel"], event.received_at, f"event:{event.id}")
        for event in events
    }


def _stop(channel: str, at: datetime, source: str) -> Raw:
    return OptOut(channel=ChannelType(channel), at=at, source=source).model_dump()
