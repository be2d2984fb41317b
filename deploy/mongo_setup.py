"""Prepares a MongoDB for Chairside: the replica set, and users that may do no more than they must (trust.md 4.6).

`initiate` makes the replica set and the owner, who builds indexes; after the first `chairside migrate`, `grant` makes
the application's own user, to whom the audit log is append-only; `erasure on|off` lets that user blank rows of it.
Everything may be repeated. Passwords are read from files, so that none stands on a command line.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure

from app.models.registry import DOCUMENTS
from app.services.imports.files import BUCKET

Client = MongoClient[dict[str, Any]]

ALREADY_INITIALIZED, USER_EXISTS, ROLE_EXISTS = 23, 51003, 51002
PATIENCE_SECONDS = 120
"""For a first member that begins, and for an election."""
AUDIT_LOG = "audit_log"
APP_ROLE, ERASE_ROLE, CONCERN_ROLE = "chairsideApp", "chairsideErase", "readDefaultConcern"
APPEND_ONLY = ["find", "insert", "listIndexes", "collStats"]
EVERYTHING = [*APPEND_ONLY, "update", "remove", "changeStream"]
FILES = (f"{BUCKET}.files", f"{BUCKET}.chunks")
"""Uploaded patient lists; the driver looks after the indexes of these two by itself."""


def initiate(first: Client, *, members: list[str], replica_set: str) -> None:
    """Make the set from its first member, to which `first` is a direct connection; a set that exists stays as it is."""
    hosts = [{"_id": number, "host": host} for number, host in enumerate(members)]
    try:
        first.admin.command("replSetInitiate", {"_id": replica_set, "members": hosts})
    except OperationFailure as refusal:
        if refusal.code != ALREADY_INITIALIZED:
            raise


def create_owner(client: Client, *, database: str, password: str) -> None:
    """The user of `chairside migrate`, who may do everything in this one database."""
    _user(client, database, "chairside_owner", password=password, roles=["dbOwner", _concern_role(client)])


def grant(client: Client, *, database: str, app_password: str) -> None:
    """Create or renew the application's role and user; every collection of this version is there afterwards."""
    names = [document.Settings.name for document in DOCUMENTS] + list(FILES)
    for name in set(names) - set(client[database].list_collection_names()):
        client[database].create_collection(name)
    privileges = [{"resource": {"db": database, "collection": name}, "actions": _actions(name)} for name in names]
    looking = ["find", "listCollections", "changeStream"]
    privileges.append({"resource": {"db": database, "collection": ""}, "actions": looking})
    _role(client, database, APP_ROLE, privileges)
    blanking = [{"resource": {"db": database, "collection": AUDIT_LOG}, "actions": ["update"]}]
    _role(client, database, ERASE_ROLE, blanking)
    _user(client, database, "chairside", password=app_password, roles=[APP_ROLE, _concern_role(client)])


def allow_erasure(client: Client, *, database: str, is_on: bool) -> None:
    """Let the application blank the words in the audit log, or take that away again; it counts at once."""
    command = "grantRolesToUser" if is_on else "revokeRolesFromUser"
    client[database].command(command, "chairside", roles=[ERASE_ROLE])


def _actions(collection: str) -> list[str]:
    if collection == AUDIT_LOG:
        return APPEND_ONLY
    return [*EVERYTHING, "createIndex"] if collection in FILES else EVERYTHING


def _concern_role(client: Client) -> dict[str, str]:
    """The right to ask for the default write concern, so that readiness can check it."""
    asking = [{"resource": {"cluster": True}, "actions": ["getDefaultRWConcern"]}]
    _role(client, "admin", CONCERN_ROLE, asking)
    return {"role": CONCERN_ROLE, "db": "admin"}


def _role(client: Client, database: str, name: str, privileges: list[dict[str, Any]]) -> None:
    try:
        client[database].command("createRole", name, privileges=privileges, roles=[])
    except OperationFailure as refusal:
        if refusal.code != ROLE_EXISTS:
            raise
        client[database].command("updateRole", name, privileges=privileges)


def _user(client: Client, database: str, name: str, *, password: str, roles: list[Any]) -> None:
    try:
        client[database].command("createUser", name, pwd=password, roles=roles)
    except OperationFailure as refusal:
        if refusal.code != USER_EXISTS:
            raise
        client[database].command("updateUser", name, pwd=password, roles=roles)


def main() -> None:
    """One step, on the set and with the administrator that the options name."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("step", choices=["initiate", "grant", "erasure"])
    parser.add_argument("switch", nargs="?", choices=["on", "off"], help="of `erasure`")
    parser.add_argument("--members", required=True, help="host:port of each member, comma-separated")
    parser.add_argument("--replica-set", default="rs0", help="its name, as mongod --replSet")
    parser.add_argument("--tls", action="store_true", help="as tls=true in MONGODB_URI")
    parser.add_argument("--admin", default="root", help="the administrator's name, of the database `admin`")
    parser.add_argument("--database", default="chairside", help="as MONGODB_DATABASE")
    parser.add_argument("--secrets", type=Path, default=Path("/run/secrets"), help="the folder with the passwords")
    _run(parser.parse_args())


def _run(chosen: argparse.Namespace) -> None:
    members = chosen.members.split(",")
    if chosen.step == "initiate":
        with _connect(chosen, members[:1], directConnection=True) as first:
            initiate(first, members=members, replica_set=chosen.replica_set)
    with _connect(chosen, members, replicaSet=chosen.replica_set) as client:
        if chosen.step == "initiate":
            create_owner(client, database=chosen.database, password=_secret(chosen, "mongo_owner_password"))
        elif chosen.step == "grant":
            grant(client, database=chosen.database, app_password=_secret(chosen, "mongo_app_password"))
        else:
            allow_erasure(client, database=chosen.database, is_on=chosen.switch == "on")
    sys.stdout.write(f"{chosen.step}: done\n")


def _connect(chosen: argparse.Namespace, hosts: list[str], **options: Any) -> Client:
    return MongoClient(
        hosts,
        username=chosen.admin,
        password=_secret(chosen, "mongo_root_password"),
        authSource="admin",
        tls=chosen.tls,
        serverSelectionTimeoutMS=PATIENCE_SECONDS * 1_000,
        **options,
    )


def _secret(chosen: argparse.Namespace, name: str) -> str:
    folder: Path = chosen.secrets
    return (folder / name).read_text(encoding="utf-8").strip()


if __name__ == "__main__":
    main()
