"""An answer is written to what its author saw: what came meanwhile, from the patient or a colleague, is read first."""

from beanie import PydanticObjectId

from app.errors import ConflictError
from app.models.enums import Author
from app.models.interactions import Interaction
from app.services import threads

WHO: dict[Author, str] = {
    Author.PATIENT: "The patient has written",
    Author.STAFF: "A colleague has answered",
    Author.AI: "The assistant has written",
    Author.SYSTEM: "An automatic message has come",
}


class UnseenMessagesError(ConflictError):
    """Something was written after what the author of an answer saw."""

    code = "UNSEEN_MESSAGES"


async def refuse(campaign_id: PydanticObjectId, *, seen: int, own: PydanticObjectId) -> None:
    """Nothing when the conversation still has the `seen` messages that its reader saw.

    Called in the transaction that writes the answer: of two colleagues who send at once, the second one reads the
    first one's answer. `own` is the id of the answer itself: the same request again is not refused by its own
    message. Raises UnseenMessagesError.
    """
    further = await threads.count(campaign_id) - seen
    if further <= 0 or await Interaction.get(own):
        return
    newest = (await threads.newest(campaign_id, limit=1)).messages[0]
    raise UnseenMessagesError(
        f"{WHO[newest.author]} while you were writing. Nothing was sent and your text is still here: read what is "
        "new, then send again."
    )
