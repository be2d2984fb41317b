"""Three mongod processes on loopback that ask for a password, as compose.yaml has them: a keyfile, and one root user.

The database server is the one on PATH, else the bundled 6.0.5; the image `mongo:8.0` itself is not run here.
"""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from pymongo import MongoClient

from app.database.mongod_binary import find_mongod
from app.database.mongod_process import LOOPBACK, choose_port, is_listening

STARTS_WITHIN_SECONDS = 60.0
OPTIONS = ("--bind_ip", LOOPBACK, "--nounixsocket", "--quiet", "--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "64")


@contextmanager
def secured_mongods(folder: Path, secrets: Path, *, count: int = 3, replica_set: str = "rs0") -> Iterator[list[str]]:
    """`host:port` of members that run under one keyfile; the first holds the administrator, no set exists yet."""
    keyfile = folder / "keyfile"
    keyfile.write_text((secrets / "mongo_keyfile").read_text())
    keyfile.chmod(0o400)
    ports = [choose_port(None) for _ in range(count)]
    with _mongod(folder, ports[0]), MongoClient[dict[str, Any]](LOOPBACK, ports[0], directConnection=True) as first:
        password = (secrets / "mongo_root_password").read_text()
        first.admin.command("createUser", "root", pwd=password, roles=["root"])
    with ExitStack() as running:
        for port in ports:
            running.enter_context(_mongod(folder, port, "--replSet", replica_set, "--keyFile", str(keyfile)))
        yield [f"{LOOPBACK}:{port}" for port in ports]


@contextmanager
def _mongod(folder: Path, port: int, *options: str) -> Iterator[None]:
    dbpath = folder / str(port)
    dbpath.mkdir(exist_ok=True)
    command = [str(find_mongod().path), "--dbpath", str(dbpath), "--port", str(port), *OPTIONS, *options]
    with (folder / f"{port}.log").open("ab") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=os.sep)
    try:
        deadline = time.monotonic() + STARTS_WITHIN_SECONDS
        while not is_listening(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"mongod did not start: see {folder / f'{port}.log'}")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(30)
