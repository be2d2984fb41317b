"""Scenes that tests of messages begin from, and the ways in which they interrupt the product at a named step."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from app.context import Context
from app.jobs import inbox, outbox, outreach
from app.llm.base import LanguageModel
from app.models.appointments import Appointment
from app.models.base import stored_date
from app.models.campaigns import Campaign
from app.models.enums import ChannelType, Direction, InboundSource, MessageKind, OutboxState
from app.models.inbox import InboundEvent
from app.models.interactions import Interaction
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.models.records import Decision
from app.models.sandbox import SandboxMessage
from app.services import campaigns, inbound, launching, patients
from app.services.desk_bookings import StaffBooking
from app.services.desk_bookings import book as book_by_staff
from app.services.inbound import InboundMessage
from tests.agent.provider import FixedProvider
from tests.conftest import Clock
from tests.factories import make_clinic, make_due_patient

_numbers = count(1)
EVERY_DAY = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Crash(BaseException):
    """The process is gone: no `except Exception` of the product may see it."""


def speaking(ctx: Context, llm: LanguageModel | None = None) -> Context:
    """The Context with a provider of the test's own instead of the offline one."""
    return replace(ctx, llm=llm or FixedProvider())


def at_step(ctx: Context, step: str, act: Callable[[], Awaitable[Any]]) -> Context:
    """Do something, once, exactly when the product stands at the named step."""
    first_time = once(act)

    async def pause(name: str) -> None:
        if name == step:
            await first_time()

    return replace(ctx, pause=pause)


def once(act: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[None]]:
    """The same, but only the first time it is called."""
    waiting = [act]

    async def maybe() -> None:
        if waiting:
            await waiting.pop()()

    return maybe


def crashing_at(ctx: Context, step: str) -> Context:
    """The process dies, once, at the named step."""

    async def die() -> None:
        raise Crash(step)

    return at_step(ctx, step, die)


async def running_campaign(ctx: Context, **patient: Any) -> Campaign:
    """The recall campaign of one due patient, opened by the daily job; its first attempt is due now."""
    await make_clinic()
    due = await make_due_patient(ctx, **patient)
    await launching.launch_due(ctx)
    return await campaign_of(due.id)


async def campaign_of(patient_id: Any) -> Campaign:
    found = await Campaign.newest_of(patient_id)
    assert found is not None
    return found


async def written_to(ctx: Context, **patient: Any) -> Campaign:
    """A campaign whose first attempt has left."""
    campaign = await running_campaign(ctx, **patient)
    await outreach.send_due_follow_ups(ctx)
    await outbox.drain(ctx)
    return await campaigns.get(campaign.id)


async def answered_with(ctx: Context, campaign: Campaign, text: str, **fields: Any) -> Campaign:
    """The patient writes and the inbox is worked; the outbox is not."""
    await incoming(ctx, campaign, text, **fields)
    await inbox.drain(ctx)
    return await campaigns.get(campaign.id)


async def incoming(ctx: Context, campaign: Campaign, text: str, **fields: Any) -> InboundMessage:
    """Store one message of the campaign's patient in the inbox, a second after whatever happened last."""
    if isinstance(ctx.now, Clock):
        ctx.now.forward(seconds=1)
    values = {
        "source": InboundSource.GENERIC,
        "external_id": f"m{next(_numbers)}",
        "channel": campaign.channel.type,
        "sender": campaign.channel.address,
        "text": text,
        "thread_id": campaign.channel.thread_id,
    }
    message = InboundMessage(**(values | fields))
    await inbound.store(ctx, message)
    return message


async def queue_due(ctx: Context) -> None:
    """One due scan; what it queued waits in the outbox."""
    await outreach.send_due_follow_ups(ctx)


async def scan(ctx: Context) -> dict[str, int]:
    """One due scan, and everything that it queued sent."""
    outcomes = await outreach.send_due_follow_ups(ctx)
    await outbox.drain(ctx)
    return outcomes


async def rows(**query: Any) -> list[OutboundMessage]:
    """Outbox rows, oldest first."""
    return await OutboundMessage.find(query).sort("created_at", "_id").to_list()


async def only_row(**query: Any) -> OutboundMessage:
    [row] = await rows(**query)
    return row


async def only_event() -> InboundEvent:
    [event] = await InboundEvent.find_all().to_list()
    return event


async def sent_bodies(**query: Any) -> list[str]:
    """What the sandbox provider really sent, oldest first, without the footer that every mail has."""
    found = await SandboxMessage.find({"is_sent": True, "outbox_id": {"$type": "string"}} | query).sort("_id").to_list()
    return [message.body.partition("\n\n-- \n")[0] for message in found]


async def received(campaign: Campaign) -> list[Interaction]:
    """The incoming interactions of a campaign, oldest first."""
    return [item for item in await Interaction.of_campaign(campaign.id) if item.direction is Direction.INCOMING]


async def reasons(**query: Any) -> list[str]:
    """The rules of every kept decision, oldest first."""
    return [decision.rule for decision in await Decision.find(query).sort("_id").to_list()]


async def waiting(kind: MessageKind) -> int:
    """How many messages of a kind have not left and were not withdrawn."""
    return await OutboundMessage.find(
        {"kind": kind, "state": {"$in": [OutboxState.PENDING, OutboxState.DRAFTED]}}
    ).count()


async def due_today(ctx: Context, patient: Patient) -> None:
    """Let a stored patient's check-up be due since yesterday."""
    yesterday = stored_date((ctx.now() - timedelta(days=1)).date())
    await Patient.collection().update_one({"_id": patient.id}, {"$set": {"next_follow_up_date": yesterday}})
    await patients.refresh_due(ctx, patient.id)


async def set_raw(campaign: Campaign, **fields: Any) -> Campaign:
    """Write into a stored campaign behind the product's back."""
    await Campaign.collection().update_one({"_id": campaign.id}, {"$set": fields})
    return await campaigns.get(campaign.id)


async def add_row(ctx: Context, campaign: Campaign, kind: MessageKind, **fields: Any) -> OutboundMessage:
    """One waiting outbox row of a kind, without the agent."""
    now: datetime = ctx.now()
    values: dict[str, Any] = {
        "key": f"test:{next(_numbers)}",
        "kind": kind,
        "campaign_id": campaign.id,
        "patient_id": campaign.patient_id,
        "channel": ChannelType.EMAIL,
        "to": campaign.channel.address,
        "body": "text",
        "created_at": now,
        "not_before": now,
    }
    row = OutboundMessage(**(values | fields))
    await row.insert()
    return row


async def profiled(ctx: Context, work: Callable[[], Awaitable[Any]], *, op: str, ns: str) -> list[dict[str, Any]]:
    """What the database's own profiler says of each operation of one kind on one collection, oldest first."""
    handle = ctx.database.handle
    await handle.command("profile", 2)
    try:
        await work()
    finally:
        await handle.command("profile", 0)
    kept = await handle["system.profile"].find({"op": op, "ns": f"{handle.name}.{ns}"}).sort("ts").to_list()
    await handle.drop_collection("system.profile")
    return kept


async def booked_beside(ctx: Context, campaign: Campaign, *, days: int = 1, follows: bool = False) -> Appointment:
    """A visit of the campaign's patient; unless it `follows`, it knows nothing of the campaign."""
    patient = await patients.get(campaign.patient_id)
    request = StaffBooking(
        name=patient.name,
        email=patient.email,
        phone=None,
        start=ctx.now() + timedelta(days=days),
        duration_minutes=30,
        service_name="checkup",
        preferred_channel=[ChannelType.EMAIL],
    )
    if follows:
        return await book_by_staff(ctx, request, actor="system")
    await set_raw(campaign, status="RECOVERED")  # out of sight while the visit is entered
    visit = await book_by_staff(ctx, request, actor="system")
    await set_raw(campaign, status=campaign.status)
    return visit
