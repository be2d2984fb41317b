"""The database is broken for real: the doctor finds it, says what mends it, and never hangs."""

import asyncio
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymongo
import pytest

from app.database.connection import connect
from app.database.mongod_binary import find_mongod
from app.models.registry import bind_documents
from app.services.doctor_findings import Verdict
from app.settings import Settings
from tests.conftest import make_settings
from tests.doctor.looking import leaves_sockets, look, with_uri
from tests.replica_set import ReplicaSet
from tests.security.test_production import FIT
from tests.server import free_port

pytestmark = leaves_sockets


PATIENCE_SECONDS = 20
"""Of an operator whose database is away; the limits of the looks add up to less."""


@pytest.fixture(scope="module")
def replica_set(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReplicaSet]:
    with ReplicaSet(tmp_path_factory.mktemp("doctor")) as running:
        yield running


def wait_until_it_steps_down(port: int) -> None:
    deadline = time.monotonic() + 60
    with pymongo.MongoClient[dict[str, Any]]("127.0.0.1", port, directConnection=True) as client:
        while client.admin.command("hello")["isWritablePrimary"]:
            assert time.monotonic() < deadline
            time.sleep(0.1)


class TestTheDatabase:
    async def test_a_missing_index(self, sound: Settings, mongodb_uri: str, name: str) -> None:
        database = connect(mongodb_uri, name)
        try:
            await bind_documents(database.handle, build_indexes=True)
            await database.handle.appointments.drop_index("no_double_booking")
            found = await look(sound.model_copy(update={"mongodb_database": name}))
        finally:
            await database.client.drop_database(name)
            await database.close()
        assert found["indexes"].verdict is Verdict.PROBLEM
        assert found["indexes"].says == "missing: appointments.no_double_booking"

    async def test_a_weak_write_concern(self, sound: Settings, mongodb_uri: str) -> None:
        concern: dict[str, Any] = {"setDefaultRWConcern": 1, "defaultWriteConcern": {"w": 1}}
        with pymongo.MongoClient[dict[str, Any]](mongodb_uri) as client:
            client.admin.command(concern)
            try:
                found = await look(sound)
            finally:
                client.admin.command(concern | {"defaultWriteConcern": {"w": "majority"}})
        assert found["write concern"].verdict is Verdict.PROBLEM
        assert 'defaultWriteConcern: {w: "majority"}' in found["write concern"].mend
        assert "write concern" not in await look(sound)

    async def test_a_server_with_known_holes(self, sound: Settings) -> None:
        """The bundled server of these tests is one: a warning here, a refusal in production."""
        if not find_mongod().bundled:
            pytest.skip("the mongod on PATH is newer than the bundled one")
        found = await look(sound)
        assert found["versions"].verdict is Verdict.WARNING
        assert "MongoDB 6.0.5 gets no security updates" in found["versions"].says
        fit = make_settings(
            **(FIT | {"mongodb_uri": sound.mongodb_uri, "chairside_data_dir": sound.chairside_data_dir})
        )
        refused = await look(fit)
        assert refused["versions"].verdict is Verdict.PROBLEM
        assert "newest patch" in refused["versions"].mend

    async def test_a_clock_that_is_wrong(self, sound: Settings, tmp_path: Path) -> None:
        moved = tmp_path / "clock"
        skewed = sound.model_copy(update={"chairside_clock_file": moved})
        for seconds, verdict, says in (
            ("60", Verdict.PROBLEM, "60.0 s ahead of"),
            ("-60", Verdict.PROBLEM, "0 s behind"),
            ("4", Verdict.WARNING, "4.0 s ahead of"),
        ):
            moved.write_text(seconds)
            found = (await look(skewed))["clock"]
            assert (found.verdict, says in found.says) == (verdict, True), found
            assert "timedatectl" in found.mend

    async def test_nobody_listens(self, sound: Settings) -> None:
        uri = f"mongodb://127.0.0.1:{free_port()},127.0.0.1:{free_port()}/?replicaSet=rs0"
        found = await look(with_uri(sound, uri))
        assert found["database"].verdict is Verdict.PROBLEM
        assert "no server answers at 127.0.0.1:" in found["database"].says
        assert "MONGODB_URI" in found["database"].mend
        assert found["the rest"].says == "was not looked at"

    async def test_a_server_that_accepts_and_says_nothing_keeps_nobody_waiting(self, sound: Settings) -> None:
        with socket.create_server(("127.0.0.1", 0)) as hole:
            uri = f"mongodb://127.0.0.1:{hole.getsockname()[1]}/?replicaSet=rs0"
            found = await asyncio.wait_for(look(with_uri(sound, uri)), PATIENCE_SECONDS)
        assert "no server answers" in found["database"].says

    async def test_a_set_that_froze_keeps_nobody_waiting(
        self, sound: Settings, replica_set: ReplicaSet, name: str
    ) -> None:
        replica_set.wait_for_primary()
        replica_set.freeze()
        try:
            found = await asyncio.wait_for(look(with_uri(sound, replica_set.uri, name)), PATIENCE_SECONDS)
        finally:
            replica_set.thaw()
            replica_set.wait_for_primary()
        assert found["database"].verdict is Verdict.PROBLEM

    async def test_a_set_under_another_name(self, sound: Settings, mongodb_uri: str) -> None:
        found = await look(with_uri(sound, mongodb_uri.partition("?")[0] + "?replicaSet=other"))
        assert found["database"].verdict is Verdict.PROBLEM

    async def test_a_member_that_is_away(self, sound: Settings, replica_set: ReplicaSet, name: str) -> None:
        settings = with_uri(sound, replica_set.uri, name)
        primary = replica_set.wait_for_primary()
        away = next(port for port in replica_set.ports if port != primary)
        replica_set.members[away].mongod.send_signal(signal.SIGSTOP)
        try:
            found = (await look(settings))["replica set"]
        finally:
            replica_set.thaw()
        assert found.verdict is Verdict.WARNING
        assert found.says == f"1 of 3 members do not answer here: 127.0.0.1:{away}"

    async def test_a_lost_majority(self, sound: Settings, replica_set: ReplicaSet, name: str) -> None:
        primary = replica_set.wait_for_primary()
        others = [replica_set.members[port].mongod for port in replica_set.ports if port != primary]
        for member in others:
            member.send_signal(signal.SIGSTOP)
        try:
            wait_until_it_steps_down(primary)
            found = await look(with_uri(sound, replica_set.uri, name))
        finally:
            replica_set.thaw()
            replica_set.wait_for_primary()
        assert found["database"].verdict is Verdict.PROBLEM
        assert "no primary: 1 of 3 members answer, no majority" in found["database"].says
        assert "rs.status()" in found["database"].mend

    async def test_a_lone_server_and_a_small_set(self, sound: Settings) -> None:
        """The test session's own set has one member, which is too few for a clinic."""
        assert (await look(sound))["replica set"].says.startswith("1 of at least 3 members")
