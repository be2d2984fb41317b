"""A clinic whose mailbox announces its mail to one server, seen from within: what the tests of pushes share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.bootstrap import build_context
from app.context import Context
from app.database.connection import connect
from app.jobs import mailbox
from app.models.registry import bind_documents
from tests.api import pushing
from tests.conftest import make_settings
from tests.factories import make_clinic
from tests.faults.waiting_mail import ALWAYS_OPEN
from tests.server import RunningServer


def believing(jwks_url: str) -> dict[str, str]:
    """What a server must know to believe the pushes that this key server vouches for."""
    return {
        "PUBSUB_AUDIENCE": pushing.AUDIENCE,
        "PUBSUB_SERVICE_ACCOUNT": pushing.ACCOUNT,
        "PUBSUB_SUBSCRIPTION": pushing.SUBSCRIPTION,
        "PUBSUB_JWKS_URL": jwks_url,
    }


@asynccontextmanager
async def clinic_behind(server: RunningServer) -> AsyncIterator[Context]:
    """The clinic of this server, connected and watched; its database goes with it."""
    settings = make_settings(**{name.lower(): value for name, value in server.environment.items()})
    database = connect(server.environment["MONGODB_URI"], server.environment["MONGODB_DATABASE"])
    await bind_documents(database.handle, build_indexes=False)
    ctx = build_context(settings, database)
    await make_clinic(outreach=ALWAYS_OPEN)
    await mailbox.poll(ctx)
    await mailbox.renew_watch(ctx)
    try:
        yield ctx
    finally:
        await database.client.drop_database(database.handle.name)
        await database.close()
