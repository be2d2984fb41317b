"""One pace for all replicas of a mailbox, by the database's clock (trust.md 2.4)."""

import asyncio
from datetime import timedelta
from itertools import pairwise
from time import monotonic

from app.database.connection import Database
from app.models.sending_pace import SendingPace

HALF_A_MINUTE = timedelta(seconds=30)


async def turns(mailbox: str, count: int, *, every: timedelta = HALF_A_MINUTE) -> list[timedelta]:
    return sorted(await asyncio.gather(*(SendingPace.take_turn(mailbox, every=every) for _ in range(count))))


class TestPace:
    async def test_nobody_waits_for_the_first_and_everybody_for_another_moment(self, database: Database) -> None:
        began = monotonic()
        waits = await turns("a@example.com", 8)
        asking = timedelta(seconds=monotonic() - began, milliseconds=1)
        assert waits[0] == timedelta()
        gaps = [later - earlier for earlier, later in pairwise(waits)]
        # The moments are `every` apart; two who asked at different instants wait that much more or less.
        assert all(abs(gap - HALF_A_MINUTE) <= asking < HALF_A_MINUTE for gap in gaps)

    async def test_many_first_ones_at_once_share_one_document(self, database: Database) -> None:
        await turns("a@example.com", 20)
        assert await SendingPace.find_all().count() == 1

    async def test_mailboxes_do_not_wait_for_each_other(self, database: Database) -> None:
        await turns("a@example.com", 3)
        assert await turns("b@example.com", 1) == [timedelta()]

    async def test_a_pace_that_has_passed_is_not_made_up_for(self, database: Database) -> None:
        await turns("a@example.com", 5, every=timedelta(microseconds=1))
        assert (await turns("a@example.com", 2))[0] <= timedelta(milliseconds=1)
        assert (await turns("a@example.com", 1))[0] > HALF_A_MINUTE
