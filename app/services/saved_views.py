"""Views of a list that one member of staff keeps under a name.

Who is searched for is not kept: a view would outlive an erased patient.
"""

from urllib.parse import parse_qsl, urlencode

from beanie import PydanticObjectId

from app.context import Context
from app.domain.plain_text import line_problem
from app.errors import ConflictError, InvalidInputError, NotFoundError
from app.models.base import derived_id
from app.models.saved_views import SavedView
from app.services import audit

MOST_VIEWS = 20
LONGEST_NAME = 60
LONGEST_QUERY = 500
NOT_KEPT = frozenset({"search", "cursor"})
"""What names a person, or a place in yesterday's list."""
NOT_YOURS = "There is no such view of yours."


def kept_query(query: str) -> str:
    """The part of a list's query string that a view may keep: filters and order, empty ones left out."""
    pairs = [(name, value) for name, value in parse_qsl(query) if name not in NOT_KEPT and value]
    return urlencode(pairs)


async def of_user(user_id: PydanticObjectId, room: str) -> list[SavedView]:
    """This person's views of one list, by name."""
    return await SavedView.find({"user_id": user_id, "room": room}).sort("name").to_list()


async def save(ctx: Context, *, user_id: PydanticObjectId, room: str, name: str, query: str) -> SavedView:
    """Keep a view; one of the same name is replaced.

    Raises InvalidInputError (no name, a name too long, nothing to keep) and ConflictError (MOST_VIEWS).
    """
    name, kept = " ".join(name.split()), kept_query(query)
    _refuse(name, kept)
    view = SavedView(
        id=_id_of(user_id, room, name),
        user_id=user_id,
        room=room,
        name=name,
        query=kept,
        created_at=ctx.now(),
    )

    async def write() -> None:
        own = await SavedView.find({"user_id": user_id, "room": room}).to_list()
        if len(own) >= MOST_VIEWS and view.id not in {one.id for one in own}:
            raise ConflictError(f"You keep {MOST_VIEWS} views already. Remove one first.")
        await SavedView.collection().replace_one({"_id": view.id}, view.model_dump(exclude={"id"}), upsert=True)
        await audit.record(ctx, actor=f"user:{user_id}", action="saved_view.saved", document=("saved_view", view.id))

    await ctx.database.transaction(write)
    return view


def _id_of(user_id: PydanticObjectId, room: str, name: str) -> PydanticObjectId:
    return derived_id("saved_view", user_id, room, name.casefold())


def _refuse(name: str, kept: str) -> None:
    if not name:
        raise InvalidInputError("Give the view a name.")
    if problem := line_problem(name, most=LONGEST_NAME):
        raise InvalidInputError(f"The name {problem}.")
    if not kept:
        raise InvalidInputError("Choose a filter first: this is the whole list.")
    if len(kept) > LONGEST_QUERY:
        raise InvalidInputError("This view is too long to be kept.")


async def rename(ctx: Context, *, user_id: PydanticObjectId, view_id: PydanticObjectId, name: str) -> SavedView:
    """Give one of one's own views another name.

    Raises NotFoundError for another's, InvalidInputError (a name that cannot be) and ConflictError (a name in use).
    """
    name = " ".join(name.split())

    async def write() -> SavedView:
        view = await SavedView.find_one({"_id": view_id, "user_id": user_id})
        if view is None:
            raise NotFoundError(NOT_YOURS)
        _refuse(name, view.query)
        # Its id is made of its name, so that two views of one name cannot be.
        renamed: SavedView = view.model_copy(update={"id": _id_of(user_id, view.room, name), "name": name})
        if renamed.id != view.id and await SavedView.get(renamed.id):
            raise ConflictError("You have a view of this name already. Choose another name.")
        await SavedView.collection().delete_one({"_id": view.id})
        await SavedView.collection().insert_one({"_id": renamed.id} | renamed.model_dump(exclude={"id"}))
        document = ("saved_view", renamed.id)
        await audit.record(ctx, actor=f"user:{user_id}", action="saved_view.renamed", document=document)
        return renamed

    return await ctx.database.transaction(write)


async def remove(ctx: Context, *, user_id: PydanticObjectId, view_id: PydanticObjectId) -> None:
    """Remove one of one's own views. Raises NotFoundError for another's."""

    async def write() -> None:
        done = await SavedView.collection().delete_one({"_id": view_id, "user_id": user_id})
        if done.deleted_count == 0:
            raise NotFoundError(NOT_YOURS)
        await audit.record(ctx, actor=f"user:{user_id}", action="saved_view.removed", document=("saved_view", view_id))

    await ctx.database.transaction(write)
