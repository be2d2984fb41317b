"""200 people book, move and cancel at once over five providers, fifty times; the model says how it must end (2.1)."""

import pytest

from app.context import Context
from app.models.appointments import Appointment
from app.services import invariants
from tests.faults.desk import Desk, differences, misjudged, open_desk, rush

SEEDS, IN_ONE_TEST = 50, 5
FIRST_VISITS, AT_ONCE = 60, 200


async def play(ctx: Context, seed: int) -> Desk:
    desk = await open_desk(ctx, seed=seed, providers=5, people=120)
    await rush(desk, bookings=FIRST_VISITS, moves=0, cancellations=0)
    moves = min(60, len(desk.standing) // 2)
    await rush(desk, bookings=AT_ONCE - moves - 20, moves=moves, cancellations=20)
    return desk


@pytest.mark.parametrize("first", range(0, SEEDS, IN_ONE_TEST))
async def test_two_hundred_at_once(ctx: Context, first: int) -> None:
    for seed in range(first, first + IN_ONE_TEST):
        await _forget_everything(ctx)
        desk = await play(ctx, seed)
        assert await differences(desk) == [], f"seed {seed}"
        assert [each for each in desk.refusals if not desk.was_refused_rightly(each)] == [], f"seed {seed}"
        assert await misjudged(desk, tries=10) == [], f"seed {seed}"
        assert not (await invariants.check(ctx))["overlapping_appointments"]
        assert len(desk.refusals) > 5, "nobody was ever in anybody's way: this seed proves nothing"


async def _forget_everything(ctx: Context) -> None:
    """An empty clinic for the next seed; the indexes stay."""
    handle = ctx.database.handle
    for name in await handle.list_collection_names():
        await handle[name].delete_many({})


async def test_it_bites(ctx: Context) -> None:
    """Without the unique index the same desk double-books, and the model sees it."""
    visits = Appointment.collection()
    await visits.drop_index("no_double_booking")
    try:
        desk = await play(ctx, 1)
        assert any("overlaps" in each for each in await differences(desk))
    finally:
        await visits.delete_many({})
        await visits.create_indexes(Appointment.Settings.indexes)
