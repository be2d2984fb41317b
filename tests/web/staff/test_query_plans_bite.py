"""The test of the query plans bites: without its index, a page reads the whole collection and is found out."""

from collections.abc import AsyncIterator

import pytest

from app.context import Context
from app.database.connection import Database, connect
from app.models.interactions import Interaction
from app.models.registry import bind_documents
from tests.factories import make_clinic, make_recovery
from tests.web.staff.conftest import Seated
from tests.web.staff.every_page import Address
from tests.web.staff.test_query_plans import opened

THREAD = "/staff/campaigns/{campaign_id}/thread"


@pytest.fixture
async def database(mongodb_uri: str, migrated: str) -> AsyncIterator[Database]:
    """A database of this test's own: nobody else misses the index."""
    own, shared = connect(mongodb_uri, "query_plans"), connect(mongodb_uri, migrated)
    try:
        await bind_documents(own.handle, build_indexes=True)
        yield own
    finally:
        await bind_documents(shared.handle, build_indexes=False)
        await own.client.drop_database(own.handle.name)
        await own.close()
        await shared.close()


async def test_a_missing_index_is_found_out(ctx: Context, seat: Seated) -> None:
    await make_clinic()
    campaign, somebody = await make_recovery(ctx), await seat()
    thread = Address(THREAD, "", THREAD.format(campaign_id=campaign.id))
    found, _ = await opened(ctx, somebody, thread)
    assert found == []

    await Interaction.collection().drop_index("by_campaign")
    try:
        found, _ = await opened(ctx, somebody, thread)
    finally:
        await bind_documents(ctx.database.handle, build_indexes=True)
    assert f"{thread.name}: interactions: reads the whole collection" in found

    found, _ = await opened(ctx, somebody, thread)
    assert found == []
