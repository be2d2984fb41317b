"""Forgetting how far the mailbox and the listings were read, so that two weeks are read again (trust.md 2.5)."""

from datetime import timedelta

from app.context import Context
from app.models.listing_cursors import ListingCursor
from app.models.mailboxes import DIGITS, MailboxState

BACK = timedelta(days=14)
BEFORE_EVERYTHING = f"{1:0{DIGITS}d}"
"""A point that no provider keeps: the sync then lists the recent messages, and their ids make it harmless."""


async def reread(ctx: Context) -> None:
    """Put the cursors back. Nothing is taken in twice: what is known is known by its id."""
    if ctx.mailbox:
        known = {"_id": ctx.mailbox.address, "history_id": {"$ne": None}}
        back = {"$set": {"history_id": BEFORE_EVERYTHING}}
        await MailboxState.get_pymongo_collection().update_one(known, back)
    since = {"$min": {"read_until": ctx.now() - BACK}}
    await ListingCursor.get_pymongo_collection().update_many({}, since)
