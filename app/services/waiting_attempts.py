"""The campaigns that wait for their next step, read as the rule of replanning wants them, and moved all together."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from pymongo import UpdateOne

from app.domain.campaign_status import CampaignEvent
from app.domain.outreach import next_opening
from app.domain.replanning import WaitingAttempt, replanned
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.enums import PROACTIVE_KINDS, CampaignStatus
from app.models.outbox import CANCELLABLE_STATES, OutboundMessage
from app.services.policies import outreach_rules

Raw = dict[str, Any]
PAGE = 1_000
PASSES = 5
PLAN = "follow_up_details.next_attempt_at"
FIELDS = dict.fromkeys(("patient_id", "patient_name", "status", "follow_up_details", "status_changes", "hold_until"), 1)


def read() -> AsyncIterator[Raw]:
    """Every waiting campaign, the soonest first, as raw documents."""
    return Campaign.collection().find({PLAN: {"$type": "date"}}, FIELDS, batch_size=PAGE).sort(PLAN)


def as_attempt(raw: Raw) -> WaitingAttempt:
    """A waiting campaign as the rule sees it; the last attempt is found in the campaign's own history."""
    details = raw["follow_up_details"]
    attempts = CampaignStatus(raw["status"]) is CampaignStatus.ATTEMPTING_RECOVERY
    sent = [row["at"] for row in raw["status_changes"] if row["event"] == CampaignEvent.ATTEMPT_SENT.value]
    return WaitingAttempt(
        planned_at=details["next_attempt_at"],
        held_until=raw["hold_until"],
        attempts_made=details["attempts_made"],
        last_sent_at=sent[-1] if attempts and sent else None,
        is_closing=attempts and details["attempts_made"] >= details["max_attempts"],
    )


async def follow(clinic: Clinic, former: list[tuple[int, ...]], now: datetime, *, most: int | None = None) -> bool:
    """Move every plan that a former spacing made, then every message that the former window held back.

    False when more than `most` plans had to move, or when others kept changing under our hands: ask again. Repeating
    it changes nothing. The soonest move first.
    """
    for _ in range(PASSES):
        moved, lost = await _replan_all(clinic, former, most=most)
        if most is not None and moved >= most:
            return False
        if not lost:
            await _reopen(clinic, now)
            return True
    return False


async def _replan_all(clinic: Clinic, former: list[tuple[int, ...]], *, most: int | None) -> tuple[int, int]:
    """How many plans moved, at most so many and a page more, and how many changed under our hands."""
    moved, lost, page = 0, 0, list[Raw]()
    async for raw in read():
        page.append(raw)
        if len(page) < PAGE:
            continue
        counts, page = await _replan(page, clinic, former), []
        moved, lost = moved + counts[0], lost + counts[1]
        if most is not None and moved >= most:
            return moved, lost
    counts = await _replan(page, clinic, former)
    return moved + counts[0], lost + counts[1]


async def _replan(page: list[Raw], clinic: Clinic, former: list[tuple[int, ...]]) -> tuple[int, int]:
    rules, moves = outreach_rules(clinic), []
    for raw in page:
        attempt = as_attempt(raw)
        planned_at = replanned(attempt, rules, former)
        if planned_at != attempt.planned_at:
            seen = {"_id": raw["_id"], "status": raw["status"], PLAN: attempt.planned_at}
            moves.append(UpdateOne(seen, {"$set": {PLAN: planned_at}}))
    if not moves:
        return 0, 0
    done = await Campaign.collection().bulk_write(moves, ordered=False)
    return done.matched_count, len(moves) - done.matched_count


async def _reopen(clinic: Clinic, now: datetime) -> None:
    """What fell due outside the former window waits for the new one; what is not due yet is asked when it is."""
    opening = next_opening(outreach_rules(clinic), now)
    if opening is None:
        return
    held = {"hold_until": {"$gt": now}}
    campaigns, outbox = Campaign.collection(), OutboundMessage.collection()
    await campaigns.update_many(held | {PLAN: {"$type": "date", "$gt": now}}, {"$set": {"hold_until": now}})
    await campaigns.update_many(held | {PLAN: {"$type": "date", "$lte": now}}, {"$set": {"hold_until": opening}})
    await outbox.update_many(_held_messages(now), {"$set": {"hold_until": opening}})


def _held_messages(now: datetime) -> Raw:
    return {
        "state": {"$in": [state.value for state in CANCELLABLE_STATES]},
        "kind": {"$in": [kind.value for kind in PROACTIVE_KINDS]},
        "hold_until": {"$gt": now},
    }
