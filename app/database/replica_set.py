"""Makes a lone mongod a one-node replica set: transactions and change streams need one, production has one."""

import time
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from app.database.mongod_binary import EmbeddedMongoError
from app.database.mongod_process import LOOPBACK, POLL_SECONDS, REPLICA_SET

Client = MongoClient[dict[str, Any]]

# MongoDB's error code `AlreadyInitialized`: the set exists, under the port of an earlier run.
ALREADY_INITIALIZED = 23


def ensure_primary(port: int, deadline: float) -> None:
    """Return when the mongod on this port takes writes, raise EmbeddedMongoError at `deadline` (`time.monotonic()`)."""
    reason = "no primary was elected"
    with _direct(port) as client:
        while not (answer := client.admin.command("hello"))["isWritablePrimary"]:
            if time.monotonic() > deadline:
                raise EmbeddedMongoError(f"the embedded database does not take writes: {reason}")
            if "setName" not in answer:
                reason = _try_to_configure(client, port) or reason
            time.sleep(POLL_SECONDS)


def primary_pid(port: int) -> int | None:
    """The process id of the writable primary on this port; None when there is none (yet, or any more)."""
    try:
        with _direct(port) as client:
            takes_writes = client.admin.command("hello")["isWritablePrimary"]
            return int(client.admin.command("serverStatus")["pid"]) if takes_writes else None
    except PyMongoError:
        return None


def _direct(port: int) -> Client:
    return MongoClient(LOOPBACK, port, directConnection=True, serverSelectionTimeoutMS=2_000)


def _try_to_configure(client: Client, port: int) -> str | None:
    """Create the set, or move it to this port. Returns the refusal of a node that is still loading."""
    try:
        try:
            client.admin.command("replSetInitiate", _new_set(port))
        except OperationFailure as refusal:
            if refusal.code != ALREADY_INITIALIZED:
                raise
            client.admin.command("replSetReconfig", _moved_set(client, port), force=True)
    except OperationFailure as refusal:
        return str(refusal)
    return None


def _new_set(port: int) -> dict[str, Any]:
    return {"_id": REPLICA_SET, "members": [{"_id": 0, "host": f"{LOOPBACK}:{port}"}]}


def _moved_set(client: Client, port: int) -> dict[str, Any]:
    stored = client.local["system.replset"].find_one() or {}
    return {**stored, "version": stored.get("version", 0) + 1, "members": _new_set(port)["members"]}
