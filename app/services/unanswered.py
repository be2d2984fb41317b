"""Questions that no article answered: what the clinic should write next (domain.md section 6).

A handoff marks the message that asked; writing the article, or setting the question aside, takes the mark away.
"""

from dataclasses import dataclass
from datetime import datetime

from beanie import PydanticObjectId
from pymongo import DESCENDING

from app.context import Context
from app.errors import NotFoundError
from app.models.interactions import Interaction
from app.services import audit

MOST_SHOWN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class UnansweredQuestion:
    """A patient's question in their own words, without their name."""

    interaction_id: PydanticObjectId
    campaign_id: PydanticObjectId
    text: str
    asked_at: datetime


async def listed() -> list[UnansweredQuestion]:
    """The newest first, MOST_SHOWN at most."""
    rows = (
        Interaction.collection()
        .find({"is_unanswered": True}, {"content": 1, "campaign_id": 1, "timestamp": 1})
        .sort("timestamp", DESCENDING)
        .limit(MOST_SHOWN)
    )
    return [
        UnansweredQuestion(
            interaction_id=row["_id"], campaign_id=row["campaign_id"], text=row["content"], asked_at=row["timestamp"]
        )
        async for row in rows
    ]


async def get(interaction_id: PydanticObjectId) -> UnansweredQuestion:
    """One that is still open. Raises NotFoundError."""
    row = await Interaction.collection().find_one({"_id": interaction_id, "is_unanswered": True})
    if row is None:
        raise NotFoundError("This question was dealt with already.")
    return UnansweredQuestion(
        interaction_id=row["_id"], campaign_id=row["campaign_id"], text=row["content"], asked_at=row["timestamp"]
    )


async def settle(ctx: Context, interaction_id: PydanticObjectId, *, actor: str) -> None:
    """It was answered by an article, or needs none. A second call changes nothing."""

    async def write() -> None:
        found = await Interaction.collection().find_one_and_update(
            {"_id": interaction_id, "is_unanswered": True}, {"$unset": {"is_unanswered": ""}}
        )
        if found:
            document = ("interaction", interaction_id)
            patients = [found["patient_id"]]
            await audit.record(ctx, actor=actor, action="question.settled", document=document, patients=patients)

    await ctx.database.transaction(write)
