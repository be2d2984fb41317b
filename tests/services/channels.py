"""Channels that misbehave: the sandbox provider with faults before or after the effect, with or without drafts."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from app.channels.base import Channel, OutgoingMessage, Receipt
from app.channels.sandbox import SandboxChannel
from app.context import Context
from app.models.enums import ChannelType


@dataclass
class TroubledChannel:
    """Raises the next planned error instead of sending (`before`) or after having sent (`after`)."""

    inner: SandboxChannel
    before: list[Exception] = field(default_factory=list)
    after: list[Exception] = field(default_factory=list)
    when_asked: list[Exception] = field(default_factory=list)
    when_drafting: list[Exception] = field(default_factory=list)
    knows_nothing: bool = False
    """The provider cannot say what became of a message."""
    sends: list[str] = field(default_factory=list)
    """The outbox ids of every send that was asked for."""
    name: str = "troubled"

    async def draft(self, message: OutgoingMessage) -> str | None:
        _raise_next(self.when_drafting)
        return await self.inner.draft(message)

    async def send(self, message: OutgoingMessage, *, handle: str | None) -> Receipt:
        self.sends.append(message.outbox_id)
        _raise_next(self.before)
        receipt = await self.inner.send(message, handle=handle)
        _raise_next(self.after)
        return receipt

    async def find_sent(self, message: OutgoingMessage) -> Receipt | None:
        _raise_next(self.when_asked)
        return None if self.knows_nothing else await self.inner.find_sent(message)


class DraftlessChannel(TroubledChannel):
    """A provider without drafts (SMS): every send is a new message."""

    async def draft(self, message: OutgoingMessage) -> str | None:
        return None

    async def send(self, message: OutgoingMessage, *, handle: str | None) -> Receipt:
        return await super().send(message, handle=await self.inner.draft(message))


def _raise_next(planned: list[Exception]) -> None:
    if planned:
        raise planned.pop(0)


def troubled(ctx: Context, *, before: Sequence[Exception] = (), after: Sequence[Exception] = ()) -> TroubledChannel:
    return TroubledChannel(SandboxChannel(now=ctx.now), before=list(before), after=list(after))


def draftless(ctx: Context) -> DraftlessChannel:
    return DraftlessChannel(SandboxChannel(now=ctx.now))


def through(ctx: Context, channel: Channel) -> Context:
    """The Context with this channel for every medium."""
    return replace(ctx, channels=dict.fromkeys(ChannelType, channel))
