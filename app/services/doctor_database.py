"""What `chairside doctor` asks of the database: reachable, a replica set with a majority, safe writes, indexes, time.

trust.md 2.2 and faults 29 and 30. Every question is one that the application's own user may ask.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pymongo
from pymongo.errors import ConfigurationError, InvalidURI, OperationFailure, PyMongoError, ServerSelectionTimeoutError

from app.context import Context
from app.database.connection import MAJORITY, Database, connect, default_write_concern
from app.models.base import Raw
from app.models.registry import missing_indexes
from app.services import version_floors
from app.services.doctor_findings import Finding, in_short, ok, problem, warning
from app.settings import Settings

SELECTION_SECONDS, REACH_SECONDS = 3.0, 5.0
MEMBERS_LOOKS, POLL_SECONDS = 40, 0.05
LEAST_MEMBERS = 3
"""Two of them are a majority when one is lost; fewer and no writes are taken."""
SLOW_MAJORITY = timedelta(seconds=10)
SKEW_WARNS, SKEW_BREAKS = timedelta(seconds=2), timedelta(seconds=10)
"""Leases last 30 s and up, and one replica's clock decides when another's lapsed."""

CHECK_URI = "correct MONGODB_URI, or start the servers that it names"
CHECK_USER = "correct the user and the password in MONGODB_URI"
CHECK_SPELLING = "correct MONGODB_URI: percent-encode the signs : / ? # [ ] @ in its user and password"
REPLICATE = "start mongod with --replSet, run rs.initiate() once, and add ?replicaSet=NAME to MONGODB_URI"
ELECT = "start enough members for a majority, and look at rs.status() in mongosh"
UPDATE_SERVER = "update every member to the newest patch of MongoDB 8.0, one after the other"
MIGRATE = "run `chairside migrate`"
SET_CLOCK = "set the clocks by NTP on this machine and on the database's: `timedatectl set-ntp true`"
SET_CONCERN = 'in mongosh: db.adminCommand({setDefaultRWConcern: 1, defaultWriteConcern: {w: "majority"}})'
NO_ARBITER = "replace the arbiter by a member that holds data"


async def reach(settings: Settings) -> list[Finding]:
    """Whether the database of MONGODB_URI answers and takes writes, within about five seconds; never raises."""
    try:
        database = connect(
            settings.mongodb_uri.get_secret_value(),
            settings.mongodb_database,
            server_selection_ms=round(SELECTION_SECONDS * 1000),
        )
    except InvalidURI:  # its sentence may quote a part of the password
        return [problem("database", "MONGODB_URI cannot be read", CHECK_SPELLING)]
    except (ConfigurationError, ValueError) as error:
        return [problem("database", f"MONGODB_URI cannot be used: {type(error).__name__}", CHECK_URI)]
    try:
        with pymongo.timeout(REACH_SECONDS):
            await database.client.admin.command("ping")
            await database.handle.command("listCollections", nameOnly=True, authorizedCollections=True)
            version = str((await database.handle.command("buildInfo"))["version"])
        return [ok("database", f"MongoDB {version} answers and takes writes"), *_floor(settings, version)]
    except ServerSelectionTimeoutError:
        return [_without_primary(database)]
    except OperationFailure as error:
        return [problem("database", f"refuses this user: {in_short(error)}", CHECK_USER)]
    except PyMongoError as error:
        return [problem("database", f"does not answer: {in_short(error)}", CHECK_URI)]
    finally:
        await database.close()


def _floor(settings: Settings, version: str) -> list[Finding]:
    """A server with known holes: production does not start on it (trust.md 4.6)."""
    says = version_floors.mongod_problem(version)
    if says is None:
        return []
    return [(problem if settings.is_production else warning)("versions", says, UPDATE_SERVER)]


def _without_primary(database: Database) -> Finding:
    servers = database.client.topology_description.server_descriptions().values()
    answering = sum(1 for server in servers if server.server_type_name != "Unknown")
    if not answering:
        names = ", ".join(f"{host}:{port}" for host, port in (server.address for server in servers))
        return problem("database", f"no server answers at {names}", CHECK_URI)
    return problem("database", f"no primary: {answering} of {len(servers)} members answer, no majority", ELECT)


async def members(ctx: Context) -> list[Finding]:
    """A replica set of at least three members that all answer, hold data, and keep up with the primary."""
    hello = await ctx.database.client.admin.command("hello")
    if hello.get("msg") == "isdbgrid":
        return [ok("replica set", "a sharded cluster")]
    if "setName" not in hello:
        return [problem("replica set", "a lone server: bookings need transactions", REPLICATE)]
    found = [*_arbiters(hello), *_lag(hello), *await _away(ctx, len(hello["hosts"]))]
    size = len(hello["hosts"])
    if size < LEAST_MEMBERS and ctx.settings.mongodb_uri.get_secret_value():
        says = f"{size} of at least {LEAST_MEMBERS} members: when one is lost, nothing can be written"
        found.append(warning("replica set", says, "add members with rs.add() in mongosh"))
    return found or [ok("replica set", f"{size} {'members' if size > 1 else 'member, as in development'}")]


def _arbiters(hello: Raw) -> list[Finding]:
    if not hello.get("arbiters"):
        return []
    return [warning("replica set", "an arbiter weakens the default write concern", NO_ARBITER)]


def _lag(hello: Raw) -> list[Finding]:
    """How far a majority is behind the primary: nothing that waits for it is acknowledged meanwhile."""
    written = hello.get("lastWrite", {})
    last, held = written.get("lastWriteDate"), written.get("majorityWriteDate")
    if last is None or held is None or last - held < SLOW_MAJORITY:
        return []
    says = f"a majority is {(last - held).total_seconds():.0f} s behind the primary: writes wait"
    return [problem("replica set", says, ELECT)]


async def _away(ctx: Context, size: int) -> list[Finding]:
    """Members that do not answer this machine; the driver has just begun to look, so it gets a moment."""
    silent = _silent(ctx)
    for _ in range(MEMBERS_LOOKS):
        if not silent:
            return []
        await asyncio.sleep(POLL_SECONDS)
        silent = _silent(ctx)
    says = f"{len(silent)} of {size} members do not answer here: {', '.join(silent)}"
    return [warning("replica set", says, "start these members, or open the network to them")]


def _silent(ctx: Context) -> list[str]:
    servers = ctx.database.client.topology_description.server_descriptions().values()
    return [f"{server.address[0]}:{server.address[1]}" for server in servers if server.server_type_name == "Unknown"]


async def write_concern(ctx: Context) -> list[Finding]:
    """Writes are acknowledged by a majority: with less, an acknowledged booking can vanish (trust.md 2.2)."""
    concern: Any = await default_write_concern(ctx.database)
    if concern is None:
        mend = "grant the action getDefaultRWConcern, as docs/how-to/go-to-production.md shows"
        return [warning("write concern", "the database user may not ask for the default", mend)]
    if concern != MAJORITY.document["w"]:
        return [problem("write concern", f"the default is w={concern}: acknowledged writes can be lost", SET_CONCERN)]
    return [ok("write concern", "majority")]


async def indexes(ctx: Context) -> list[Finding]:
    """Every index that the product needs: without the unique ones nothing stands against a double booking."""
    missing = await missing_indexes(ctx.database.handle)
    if missing:
        return [problem("indexes", f"missing: {', '.join(missing)}", MIGRATE)]
    return [ok("indexes", "all in place")]


async def clock(ctx: Context) -> list[Finding]:
    """This machine's clock against the database's, taken in the middle of the question."""
    before = ctx.now()
    hello = await ctx.database.client.admin.command("hello")
    middle = before + (ctx.now() - before) / 2
    theirs: datetime = hello["localTime"].astimezone(UTC)
    skew = abs(middle - theirs)
    says = f"{skew.total_seconds():.1f} s {'ahead of' if middle > theirs else 'behind'} the database's"
    if skew >= SKEW_BREAKS:
        return [problem("clock", says, SET_CLOCK)]
    return [warning("clock", says, SET_CLOCK)] if skew >= SKEW_WARNS else [ok("clock", says)]
