"""Stops and their withdrawal as Twilio's Advanced Opt-Out marks them: heeded once each (domain.md section 2).

Twilio knows words of the clinic's own choice and has answered them already, so nothing of ours confirms them.
"""

from dataclasses import replace

from app.context import Context
from app.models.enums import InboundSource, Intent
from app.models.inbox import InboundEvent
from app.services import inbound, opt_ins, opt_outs
from app.services.inbound import InboundMessage

STOP, START = "STOP", "START"
MARK = "X-Twilio-Opt-Out"
"""The header of the stored message that says which mark of Twilio's was heeded."""
OUTCOMES = {STOP: "opted_out", START: "opted_in"}


async def receive(ctx: Context, message: InboundMessage, mark: str) -> None:
    """Store a message and do what its mark says, both or neither; the same message again does nothing more."""
    if mark not in OUTCOMES or not message.sender:
        await inbound.store(ctx, message)
        return
    marked = replace(message, headers=message.headers | {MARK: mark})

    async def write() -> None:
        if await _is_first(ctx, marked, mark):
            await _heed(ctx, marked, mark)

    await ctx.database.transaction(write)


def outcome_of(message: InboundMessage) -> str | None:
    """What Twilio's mark made of a message; None when there is none, and for an emergency, which a person must see."""
    answered = OUTCOMES.get(message.headers.get(MARK, "")) if message.source is InboundSource.TWILIO else None
    return answered if answered and inbound.screening_of(message).kind is not Intent.EMERGENCY else None


async def _is_first(ctx: Context, marked: InboundMessage, mark: str) -> bool:
    """True when the mark is news: the message is new, or was known from Twilio's listing, which shows no marks."""
    known = {"source": marked.source, "event_id": marked.external_id}
    if await InboundEvent.collection().find_one(known, {"_id": 1}) is None:
        await inbound.store(ctx, marked)
        return True
    unmarked = {"payload.headers": {"$type": "object"}, f"payload.headers.{MARK}": {"$exists": False}}
    done = await InboundEvent.collection().update_one(known | unmarked, {"$set": {f"payload.headers.{MARK}": mark}})
    return done.modified_count == 1


async def _heed(ctx: Context, message: InboundMessage, mark: str) -> None:
    source, address = f"twilio:{message.external_id}", message.sender or ""
    if mark == STOP:
        await opt_outs.stop_by_provider(ctx, channel=message.channel, address=address, source=source)
    else:
        await opt_ins.take_back_address(ctx, channel=message.channel, address=address, source=source)
