"""Notes of staff for staff on a conversation: never sent, never read by the assistant."""

from beanie import PydanticObjectId

from app.context import Context
from app.domain.plain_text import text_problem
from app.errors import InvalidInputError
from app.models.desk import CampaignNote
from app.models.users import User
from app.services import audit, campaigns

LONGEST = 2_000
"""Characters of one note."""
MOST_SHOWN = 200


async def add(ctx: Context, campaign_id: PydanticObjectId, *, text: str, author: User) -> CampaignNote:
    """Keep a note, with its audit row. Raises InvalidInputError (empty or too long), NotFoundError."""
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise InvalidInputError("Write the note first.")
    if problem := text_problem(text, most=LONGEST):
        raise InvalidInputError(f"The note {problem}.")
    campaign = await campaigns.get(campaign_id)
    note = CampaignNote(
        campaign_id=campaign.id,
        patient_id=campaign.patient_id,
        author_id=author.id,
        author_name=author.name,
        text=text,
        created_at=ctx.now(),
    )

    async def write() -> None:
        await note.insert()
        await audit.record(
            ctx,
            actor=f"user:{author.id}",
            action="campaign.noted",
            document=("campaign", campaign.id),
            patients=[campaign.patient_id],
        )

    await ctx.database.transaction(write)
    return note


async def of_campaign(campaign_id: PydanticObjectId) -> list[CampaignNote]:
    """The newest notes of a conversation, oldest first; at most MOST_SHOWN."""
    found = await CampaignNote.find({"campaign_id": campaign_id}).sort("-created_at").limit(MOST_SHOWN).to_list()
    return found[::-1]
