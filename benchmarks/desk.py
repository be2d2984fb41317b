"""One provider's calendar with people who want a visit, and the bare collection that the floor inserts into."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from beanie import PydanticObjectId
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import DuplicateKeyError

from app.context import Context
from app.database.connection import MAJORITY
from app.errors import SlotTakenError
from app.models.appointments import Appointment
from app.services import appointments, availability
from benchmarks.bookers import SERVICE, Booker, seed_bookers
from benchmarks.clinic import MORNING, Raw
from tests.factories import make_clinic, make_provider, make_service

DAYS = [MORNING.date() + timedelta(days=ahead) for ahead in range(1, 90)]


@dataclass(slots=True)
class Desk:
    """Where visits are booked, and where their bare twins are inserted."""

    ctx: Context
    provider_id: PydanticObjectId
    twins: AsyncCollection[Raw]
    bookers: Iterator[Booker]
    days: Iterator[list[datetime]]
    """The free starts of one working day after another, each quarter of an hour."""

    async def book(self, booker: Booker, start: datetime) -> bool:
        """True when it was booked, False when the time was taken."""
        try:
            await appointments.book(self.ctx, booker.request(start))
        except SlotTakenError:
            return False
        return True

    async def insert(self, document: Raw) -> bool:
        """The floor: one raw majority insert; False when the same unique index refused it."""
        try:
            await self.twins.insert_one(document)
        except DuplicateKeyError:
            return False
        return True

    def appointment(self, booker: Booker, start: datetime) -> Raw:
        return booker.appointment(self.ctx, start, self.provider_id)


async def open_desk(ctx: Context, *, people: int) -> Desk:
    """A clinic with one provider, free for months, and `people` who hold a booking link."""
    await make_clinic()
    service = await make_service(SERVICE)
    provider = await make_provider(ctx, [SERVICE])
    twins = ctx.database.handle.get_collection("appointment_twins", write_concern=MAJORITY)
    await twins.create_indexes(Appointment.Settings.indexes)
    free = await availability.free_slots(ctx, await availability.offer_for(service), DAYS)
    return Desk(ctx, provider.id, twins, iter(await seed_bookers(ctx, people)), iter(filter(None, free.values())))
