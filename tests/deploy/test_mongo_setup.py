"""deploy/mongo_setup.py on a server with passwords: the application can do its work, and nothing else."""

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymongo
import pytest
from pymongo.errors import OperationFailure

from app import cli_doctor
from app.bootstrap import build_context
from app.context import Context
from app.database.connection import connect, default_write_concern
from app.models.records import AuditEntry
from app.models.registry import DOCUMENTS, bind_documents, missing_indexes
from app.services import sending_pause
from app.services.doctor_findings import Verdict
from app.services.doctor_machine import Place
from scripts.secured_mongods import secured_mongods
from tests.conftest import Clock, make_settings
from tests.factories import make_patient
from tests.server import free_port
from tests.services.patient_files import bring_in, counts, people, text_of

ROOT = Path(__file__).parents[2]
PASSWORDS = {"mongo_root_password": "root-word", "mongo_owner_password": "owner-word", "mongo_app_password": "app-word"}


@dataclass(frozen=True, slots=True)
class Secured:
    """A set of one member that asks for passwords, prepared as compose.yaml does it."""

    member: str
    secrets: Path

    def uri(self, user: str, word: str) -> str:
        return f"mongodb://{user}:{word}@{self.member}/?replicaSet=rs0&authSource=chairside"

    def step(self, *arguments: str) -> None:
        command = [sys.executable, "deploy/mongo_setup.py", *arguments, "--members", self.member]
        subprocess.run([*command, "--secrets", str(self.secrets)], cwd=ROOT, check=True, timeout=120)


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    secrets, folder = tmp_path_factory.mktemp("secrets"), tmp_path_factory.mktemp("mongo")
    for name, word in (PASSWORDS | {"mongo_keyfile": "k" * 64}).items():
        (secrets / name).write_text(word)
    with secured_mongods(folder, secrets, count=1) as members:
        yield Secured(members[0], secrets)


@pytest.fixture(scope="module")
async def prepared(secured: Secured) -> Secured:
    """All three steps, each twice: a second start changes nothing."""
    for _ in range(2):
        secured.step("initiate")
        owner = connect(secured.uri("chairside_owner", "owner-word"), "chairside")
        await bind_documents(owner.handle, build_indexes=True)
        await owner.close()
        secured.step("grant")
    return secured


@pytest.fixture
async def ctx(prepared: Secured, clock: Clock, tmp_path: Path) -> AsyncIterator[Context]:
    """The application as its own user."""
    database = connect(prepared.uri("chairside", "app-word"), "chairside")
    await bind_documents(database.handle, build_indexes=False)
    yield build_context(make_settings(chairside_data_dir=tmp_path), database, now=clock)
    await database.close()


async def refused(work: Any) -> None:
    with pytest.raises(OperationFailure) as refusal:
        await work
    assert refusal.value.code == 13


class TestTheApplication:
    async def test_it_can_do_its_work(self, ctx: Context) -> None:
        patient = await make_patient(ctx)
        assert await missing_indexes(ctx.database.handle) == []
        assert await default_write_concern(ctx.database) == "majority"
        assert not (await sending_pause.look(ctx)).is_paused
        async with await ctx.database.handle.watch() as stream:
            await patient.set({"notes": "changed"})
            assert (await stream.next())["operationType"] == "update"

    async def test_it_can_take_a_patient_list(self, ctx: Context) -> None:
        """The file goes into GridFS, whose indexes the driver looks after by itself."""
        assert counts(await bring_in(ctx, text_of(people(3, start=500)))) == {"rows": 3, "create": 3}

    async def test_it_adds_to_the_audit_log_and_changes_nothing_there(self, ctx: Context) -> None:
        log = AuditEntry.collection()
        await log.insert_one({"action": "tried"})
        await refused(log.update_one({"action": "tried"}, {"$set": {"action": "never"}}))
        await refused(log.delete_many({}))
        await refused(log.drop())

    async def test_it_changes_no_structure(self, ctx: Context) -> None:
        patients = ctx.database.handle.patients
        await refused(patients.drop())
        await refused(patients.drop_indexes())
        await refused(patients.create_index("name"))
        await refused(ctx.database.handle.command("createUser", "me", pwd="word", roles=["dbOwner"]))
        await refused(ctx.database.client.get_database("another").things.insert_one({}))

    async def test_blanking_the_log_is_a_right_that_is_given_and_taken_away(
        self, ctx: Context, prepared: Secured
    ) -> None:
        blank = {"$set": {"words": ""}}
        prepared.step("erasure", "on")
        await AuditEntry.collection().update_many({}, blank)
        await refused(AuditEntry.collection().delete_many({}))
        prepared.step("erasure", "off")
        await refused(AuditEntry.collection().update_many({}, blank))

    async def test_every_collection_of_this_version_is_there(self, ctx: Context) -> None:
        there = set(await ctx.database.handle.list_collection_names())
        assert {document.get_collection_name() for document in DOCUMENTS} <= there

    def test_strangers_see_nothing(self, prepared: Secured) -> None:
        uri = f"mongodb://{prepared.member}/?replicaSet=rs0"
        with pymongo.MongoClient[dict[str, Any]](uri) as stranger, pytest.raises(OperationFailure):
            stranger["chairside"].patients.find_one()


class TestTheDoctor:
    async def test_a_password_that_is_wrong(self, prepared: Secured, tmp_path: Path) -> None:
        settings = make_settings(mongodb_uri=prepared.uri("chairside", "canary-word"), chairside_data_dir=tmp_path)
        found = await cli_doctor._look(Place(settings, "127.0.0.1", free_port(), {}))
        (database,) = [each for each in found if each.check == "database"]
        assert (database.verdict, database.mend) == (
            Verdict.PROBLEM,
            "correct the user and the password in MONGODB_URI",
        )
        assert "canary" not in str(found)

    async def test_the_applications_own_user_may_ask_all_that_it_asks(self, prepared: Secured, tmp_path: Path) -> None:
        settings = make_settings(mongodb_uri=prepared.uri("chairside", "app-word"), chairside_data_dir=tmp_path)
        found = await cli_doctor._look(Place(settings, "127.0.0.1", free_port(), {}))
        assert [each for each in found if each.verdict is Verdict.PROBLEM or "may not" in each.says] == []
