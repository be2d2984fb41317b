"""A random walk of the product's own operations, for tests of what must hold whatever happens in whatever order."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from random import Random
from typing import Any

from beanie import PydanticObjectId

from app.context import Context
from app.errors import ChairsideError
from app.jobs import inbox, outbox, outreach
from app.models.appointments import Appointment
from app.models.base import Raw
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.counters import COUNTED
from app.models.enums import CampaignStatus, ChannelType
from app.models.patients import Patient
from app.services import campaigns, counters, desk_bookings, launching, stats, visits
from app.services.desk_bookings import StaffBooking
from tests.conftest import Clock
from tests.factories import make_due_patient, make_recovery
from tests.services import stage
from tests.services.slow_dashboard import slow_dashboard

STAFF = f"user:{PydanticObjectId()}"
ZONES = ("America/New_York", "Pacific/Kiritimati", "Asia/Kathmandu", "Pacific/Pago_Pago")
FOLD_STEPS = ("counters.flags_cleared", "counters.moved", "counters.flagged", "counters.rebuilt")


class Walk:
    """One clinic and the dice that decide what happens next."""

    def __init__(self, ctx: Context, clock: Clock, seed: int) -> None:
        self.ctx, self.clock, self.dice = stage.speaking(ctx), clock, Random(seed)
        self.steps: dict[str, tuple[int, Callable[[], Awaitable[Any]]]] = {
            "open_recovery": (4, self.open_recovery),
            "open_recall": (3, self.open_recall),
            "send": (4, self.send),
            "reply": (4, self.reply),
            "book": (4, self.book),
            "complete": (3, self.complete),
            "cancel": (2, self.cancel),
            "miss": (1, self.miss),
            "delete": (2, self.delete),
            "set_status": (4, self.set_status),
            "wait": (4, self.wait),
            "fold": (4, self.fold),
            "fold_and_die": (2, self.fold_and_die),
            "rebuild": (1, self.rebuild),
            "move_the_clinic": (1, self.move_the_clinic),
        }

    async def step(self) -> str:
        """Do one thing and say which; what the product refuses is part of life."""
        names = list(self.steps)
        [name] = self.dice.choices(names, [weight for weight, _ in self.steps.values()])
        with suppress(ChairsideError):
            await self.steps[name][1]()
        return name

    async def any_of(self, document: type[Any], query: Raw | None = None) -> Any:
        found = await document.find(query or {}).sort("_id").to_list()
        return self.dice.choice(found) if found else None

    async def open_recovery(self) -> None:
        await make_recovery(self.ctx, estimated_value=self.dice.choice([0.0, 0.1, 0.2, 19.99, 400.0, 1_234.55]))

    async def open_recall(self) -> None:
        await make_due_patient(self.ctx)
        await launching.launch_due(self.ctx)

    async def send(self) -> None:
        await outreach.send_due_follow_ups(self.ctx, ignore_window=True)
        await outbox.drain(self.ctx, ignore_window=True)

    async def reply(self) -> None:
        if campaign := await self.any_of(Campaign):
            text = self.dice.choice(["no thank you", "please stop", "how much is it?", "I want to book"])
            await stage.incoming(self.ctx, campaign, text)
            await inbox.drain(self.ctx)

    async def book(self) -> None:
        if not (patient := await self.any_of(Patient, {"email": {"$type": "string"}})):
            return
        request = StaffBooking(
            name=patient.name,
            email=patient.email,
            phone=None,
            start=self.clock.instant + timedelta(minutes=30 * self.dice.randint(1, 5_000)),
            duration_minutes=30,
            service_name="checkup",
            preferred_channel=[ChannelType.EMAIL],
        )
        await desk_bookings.book(self.ctx, request, actor=STAFF)

    async def complete(self) -> None:
        if visit := await self.any_of(Appointment):
            await visits.complete(self.ctx, visit.id, next_follow_up_on=None, actor=STAFF)

    async def cancel(self) -> None:
        if visit := await self.any_of(Appointment):
            await visits.cancel(self.ctx, visit.id, actor=STAFF)

    async def miss(self) -> None:
        if visit := await self.any_of(Appointment):
            await visits.mark_no_show(self.ctx, visit.id, actor=STAFF)

    async def delete(self) -> None:
        if visit := await self.any_of(Appointment):
            await visits.delete(self.ctx, visit.id, actor=STAFF)

    async def set_status(self) -> None:
        if campaign := await self.any_of(Campaign):
            target = self.dice.choice(list(CampaignStatus))
            await campaigns.change_status(self.ctx, campaign.id, target, actor=STAFF, reason=None)

    async def wait(self) -> None:
        self.clock.forward(hours=self.dice.choice([1, 9, 50, 400]))

    async def fold(self) -> None:
        await counters.fold(self.ctx)

    async def fold_and_die(self) -> None:
        with suppress(stage.Crash):
            await counters.fold(stage.crashing_at(self.ctx, self.dice.choice(FOLD_STEPS)))

    async def rebuild(self) -> None:
        await counters.rebuild(self.ctx)

    async def move_the_clinic(self) -> None:
        clinic = await Clinic.load()
        clinic.time_zone = self.dice.choice(ZONES)
        await clinic.save()


async def is_true(ctx: Context, what: object) -> None:
    """The dashboard says what a slow count says."""
    assert await stats.dashboard(ctx) == await slow_dashboard(ctx), what


async def uncounted() -> int:
    """How many documents the counters do not know as they are now."""
    return sum([await each.document.collection().count_documents({"uncounted": True}) for each in COUNTED])


async def some_visits(walk: Walk, count: int = 3) -> list[Appointment]:
    """At least so many booked visits, each with the campaign that brought it."""
    await walk.open_recovery()
    while await Appointment.count() < count:
        await walk.open_recovery()
        with suppress(ChairsideError):
            await walk.book()
    return await Appointment.find_all().to_list()
