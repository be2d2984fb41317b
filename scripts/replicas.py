"""`make replicas`: a three-member MongoDB set and three app processes with the demo clinic behind a round-robin.

Everything listens on loopback only, everything is thrown away at the end, and Ctrl-C ends all of it. A replica that
dies is started again, as a supervisor would, so that one can kill some and look on.
"""

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from app.demo.seed import DEMO_EMAIL, DEMO_PASSWORD
from scripts.round_robin import RoundRobin
from tests.replica_set import ReplicaSet
from tests.server import free_port

console = Console()
READY_WITHIN_SECONDS, ENDS_WITHIN_SECONDS = 180.0, 30.0
LOOKS_EVERY_SECONDS = 0.5
LEASH = 'read -r _; kill -TERM "$1"'
"""Reads from a pipe that only this script holds: a replica ends with it, however it ends."""


@dataclass
class Replica:
    """One app process, which is started again when it ends before it is told to."""

    port: int
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] = field(init=False)
    leash: subprocess.Popen[bytes] = field(init=False)

    def start(self) -> None:
        command = [sys.executable, "-m", "app.cli", "serve", "--port", str(self.port)]
        with self.log.open("ab") as log:
            # A session of its own: Ctrl-C reaches this script, which ends the replicas in order.
            self.process = subprocess.Popen(
                command, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        leash = ["/bin/sh", "-c", LEASH, "chairside-leash", str(self.process.pid)]
        self.leash = subprocess.Popen(leash, stdin=subprocess.PIPE, start_new_session=True)

    def tell_to_end(self) -> None:
        self.leash.kill()
        self.leash.communicate()
        if self.process.poll() is None:
            self.process.terminate()

    def wait(self) -> int:
        """The exit code; who does not end in time is killed."""
        try:
            return self.process.wait(ENDS_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    async def keep_alive(self) -> None:
        while True:
            await asyncio.sleep(LOOKS_EVERY_SECONDS)
            if (code := self.process.poll()) is not None:
                console.print(f"The replica on port {self.port} ended with {code}: it is started again.")
                self.leash.kill()
                self.leash.communicate()
                self.start()


@contextmanager
def members(folder: Path) -> Iterator[ReplicaSet]:
    """The set; its members are ended by force, because nobody needs their data."""
    with ReplicaSet(folder) as started:
        try:
            yield started
        finally:
            started.kill_all()


def environment_of(uri: str, base_url: str, folder: Path) -> dict[str, str]:
    """The settings of every replica: all of them work the jobs, and links lead to the round-robin."""
    return os.environ | {
        "CHAIRSIDE_ENV": "development",
        "MONGODB_URI": uri,
        "PUBLIC_BASE_URL": base_url,
        "CHAIRSIDE_DATA_DIR": str(folder / "data"),
        "SCHEDULER": "on",
    }


@asynccontextmanager
async def running(replicas: list[Replica], balancer: RoundRobin) -> AsyncIterator[None]:
    """All of them started, ready and kept alive; told to end together, and waited for."""
    for replica in replicas:
        replica.start()
    keepers: list[asyncio.Task[None]] = []
    try:
        async with asyncio.timeout(READY_WITHIN_SECONDS):
            await balancer.wait_until_all_were_in()
        keepers = [asyncio.create_task(replica.keep_alive()) for replica in replicas]
        yield
    finally:
        for keeper in keepers:
            keeper.cancel()
        for replica in replicas:
            replica.tell_to_end()
        codes = [await asyncio.to_thread(replica.wait) for replica in replicas]
        console.print(f"The replicas have ended with {', '.join(map(str, codes))}.")


async def run(port: int, count: int) -> None:
    """Start everything, say where it is, and end it in reverse when told to."""
    told, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    async with AsyncExitStack() as resources:
        folder = Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="chairside-")))
        console.print("Starting three MongoDB processes ...")
        started = resources.enter_context(members(folder / "mongo"))
        environment = environment_of(started.uri, f"http://127.0.0.1:{port}", folder)
        console.print("Writing the demo clinic ...")
        seed = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app.cli", "seed"),
            env=environment | {"LOG_LEVEL": "ERROR"},
            stdout=subprocess.DEVNULL,
        )
        if await seed.wait():
            raise SystemExit("The demo clinic could not be written.")
        console.print(f"Starting {count} replicas ...")
        replicas = [Replica(free_port(), environment, folder / f"replica-{n}.log") for n in range(1, count + 1)]
        balancer = RoundRobin([replica.port for replica in replicas])
        await resources.enter_async_context(balancer.listening(port))
        await resources.enter_async_context(running(replicas, balancer))
        say_where(port, replicas, started)
        await told.wait()
        console.print("Ending everything ...")


def say_where(port: int, replicas: list[Replica], started: ReplicaSet) -> None:
    base = f"http://127.0.0.1:{port}"
    lines = [f"Round-robin  {base}/staff ({DEMO_EMAIL} / {DEMO_PASSWORD}), {base}/book, {base}/sandbox"]
    lines += [
        f"Replica      http://127.0.0.1:{replica.port} (process {replica.process.pid}, log {replica.log})"
        for replica in replicas
    ]
    lines += [f"MongoDB      {started.uri}"]
    lines += ["Try: kill -9 one of the processes and go on working. Ctrl-C ends everything; nothing is kept."]
    for line in lines:
        console.print(line, soft_wrap=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.replicas", description="Several replicas on loopback.")
    parser.add_argument("--port", type=int, default=8000, help="where the round-robin listens")
    parser.add_argument("--replicas", type=int, default=3, help="how many app processes")
    arguments = parser.parse_args()
    asyncio.run(run(arguments.port, arguments.replicas))


if __name__ == "__main__":
    main()
