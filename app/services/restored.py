"""The signs by which a database that came back from a backup is known, whether or not anybody says so (0031).

1. The server's own id of a collection is another than the stored one: `mongorestore` made the collections anew.
2. The database went back behind what this process wrote: a snapshot came back under a running process.
3. Nobody who sends was running for a while, and the channel sent mail that the database never handed out.
"""

from datetime import datetime, timedelta

from pymongo.errors import OperationFailure

from app.channels.sent_log import SentLog
from app.context import Context
from app.database.identity import uuid_of
from app.logging import get_logger
from app.models.enums import ChannelType, OutboxState, PauseReason
from app.models.outbox import OutboundMessage
from app.models.recovery import IDENTITY_ID, DatabaseIdentity
from app.services.found_messages import row_id_of
from app.settings import ChannelChoice

log = get_logger(__name__)

LOOKS_EVERY = timedelta(seconds=5)
ASKS_AGAIN_AFTER = timedelta(minutes=1)
"""A mailbox that cannot be read now is not asked at every look."""
SILENCE = timedelta(minutes=15)
"""So long without a look, and what the channel sent meanwhile is compared before anything leaves."""
READ_BEFORE = timedelta(minutes=10)
NOT_HANDED_OUT = (OutboxState.PENDING, OutboxState.DRAFTED, OutboxState.CANCELLED)
"""Nothing in these states can have left, as far as this database knows."""


def is_look_due(ctx: Context) -> bool:
    """Whether this process has not looked for a few seconds."""
    looked_at = ctx.remembered.looked_at
    pause = ASKS_AGAIN_AFTER if ctx.remembered.is_mail_unjudged else LOOKS_EVERY
    return looked_at is None or abs(ctx.now() - looked_at) >= pause


async def known() -> DatabaseIdentity | None:
    """What is stored about this database; None in a new one."""
    return await DatabaseIdentity.now()


async def sign(ctx: Context, identity: DatabaseIdentity | None, wrote_before: datetime | None) -> PauseReason | None:
    """The first sign that this database is a copy of an earlier moment. Raises ChannelError.

    `wrote_before` is the stamp that this process knew of before it read `identity`; None when it knew of none.
    """
    if identity is None:
        return PauseReason.WENT_BACK if wrote_before else await _sign_of_unstamped(ctx)
    here = await _uuid_here()
    if here and identity.collection_uuid not in (None, here):
        return PauseReason.RESTORED_COPY
    if wrote_before:
        return PauseReason.WENT_BACK if identity.seen_at < wrote_before else None
    if ctx.now() - identity.seen_at > SILENCE and await _has_unknown_mail(ctx, since=identity.seen_at):
        return PauseReason.UNKNOWN_MAIL
    return None


async def _sign_of_unstamped(ctx: Context) -> PauseReason | None:
    """It is new, or a copy of before databases were stamped: its own newest message tells how old it is."""
    newest = await OutboundMessage.find({"sent_at": {"$type": "date"}}).sort("-sent_at").first_or_none()
    if newest and newest.sent_at and await _has_unknown_mail(ctx, since=newest.sent_at):
        return PauseReason.UNKNOWN_MAIL
    return None


async def stamp(ctx: Context) -> None:
    """Write down which database this is and that somebody who sends has looked; no stamp ever goes back."""
    collection = DatabaseIdentity.get_pymongo_collection()
    here = {"_id": IDENTITY_ID}
    await collection.update_one(here, {"$max": {"seen_at": ctx.now()}}, upsert=True)
    if uuid := await _uuid_here():
        await collection.update_one(here | {"collection_uuid": {"$ne": uuid}}, {"$set": {"collection_uuid": uuid}})
    stored = await known()
    ctx.remembered.seen_at = stored.seen_at if stored else None
    ctx.remembered.looked_at = ctx.now()
    ctx.remembered.is_mail_unjudged = False


async def _uuid_here() -> str | None:
    """None also where the server does not tell: the other signs must do."""
    collection = DatabaseIdentity.get_pymongo_collection()
    try:
        return await uuid_of(collection.database, collection.name)
    except OperationFailure as error:
        log.warning("restored.identity_not_told", code=error.code)
        return None


async def _has_unknown_mail(ctx: Context, *, since: datetime) -> bool:
    """Whether mail left that this database never handed out. The sandbox keeps its mail in this very database."""
    channel = ctx.channels.get(ChannelType.EMAIL)
    if ctx.settings.channel_email is ChannelChoice.SANDBOX or not isinstance(channel, SentLog):
        return False
    async for sent in channel.sent_log(since=since - READ_BEFORE):
        row_id = row_id_of(sent.outbox_id)
        row = await OutboundMessage.get(row_id) if row_id else None
        if row_id and (row is None or row.state in NOT_HANDED_OUT):
            return True
    return False
