"""A clinic of many years in a database of its own: the demo clinic, with a long past and many more people around it.

The clinic's day does not grow with its years, so its calendar is the demo's; what grows are the people, the campaigns,
the conversations, what was sent, decided and looked at, and the visits of the past.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from time import perf_counter
from typing import Any

from beanie import PydanticObjectId

from app.context import Context
from app.database.connection import Database
from app.demo import seed
from app.models.appointments import Appointment
from app.models.base import Record
from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, Role
from app.models.interactions import Interaction
from app.models.knowledge import KnowledgeArticle
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.models.records import AuditEntry, Decision
from app.models.registry import bind_documents
from app.models.users import User
from app.services import counters, insight
from benchmarks.clinic import Raw, context_over, stored
from benchmarks.large_clinic_rows import PATIENTS, Rows, Years, identifier, past_visits
from benchmarks.patients import patient_documents
from tests.web.staff.every_page import add_what_the_demo_lacks

CAMPAIGNS_EACH = 3
VISITS_EACH = 2
ARTICLES = 150
BATCH = 4_000
AFTER_THE_DEMO = timedelta(days=500)
"""The demo's own calendar goes a year back: the past of the large clinic ends before it begins."""


@dataclass(slots=True)
class Seeded:
    """How long each part took, in seconds, and how many documents there are."""

    seconds: dict[str, float] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)


async def store_demo(database: Database, now: datetime) -> Context:
    """The demo clinic, with every index, as `chairside seed` makes it; what no visitor has done yet is done."""
    await database.client.drop_database(database.handle.name)
    await bind_documents(database.handle, build_indexes=True)
    ctx = context_over(database, now=now)
    await seed.seed(ctx)
    await add_what_the_demo_lacks(ctx)
    return ctx


async def store_large(database: Database, now: datetime, *, patients: int) -> Seeded:
    """The same with `patients` more people and all that happened to them; the indexes are built when all is there."""
    ctx, seeded = await store_demo(database, now), Seeded()
    for document in GROWS:
        await document.collection().drop_indexes()
    started = perf_counter()
    await _store_years(ctx, patients)
    seeded.seconds["documents"] = perf_counter() - started
    for name, work in (
        ("indexes", bind_documents(database.handle, build_indexes=True)),
        ("counters", counters.rebuild(ctx)),
        ("insight report", insight.refresh(ctx)),
    ):
        started = perf_counter()
        await work
        seeded.seconds[name] = perf_counter() - started
    for document in GROWS:
        seeded.sizes[document.collection().name] = await document.collection().estimated_document_count()
    return seeded


GROWS: tuple[type[Record], ...] = (
    Patient,
    Campaign,
    Interaction,
    OutboundMessage,
    Decision,
    AuditEntry,
    Appointment,
    KnowledgeArticle,
)


async def _store_years(ctx: Context, patients: int) -> None:
    people = _people(patients, now=ctx.now())
    await _store(Patient, iter(people))
    readers = [user.id for user in await User.find_all().to_list()]
    years = Years(people, readers, now=ctx.now())
    for first in range(0, patients * CAMPAIGNS_EACH, BATCH):
        rows = Rows()
        for number in range(first, min(first + BATCH, patients * CAMPAIGNS_EACH)):
            years.of(number, rows)
        for document, found in _by_document(rows):
            await document.collection().insert_many(found, ordered=False)
    providers = [user.id for user in await User.find({"role": Role.PROVIDER}).sort("_id").to_list()]
    before = (ctx.now() - AFTER_THE_DEMO).replace(hour=13, minute=0, second=0, microsecond=0)
    await _store(Appointment, past_visits(people, providers, patients * VISITS_EACH, before=before))
    await _store(KnowledgeArticle, _articles(ctx))


def _people(count: int, *, now: datetime) -> list[Raw]:
    people = list(patient_documents(count, now=now))
    for number, person in enumerate(people):
        person["_id"] = identifier(PATIENTS, number)
        if person.get("guardian_id"):
            person["guardian_id"] = identifier(PATIENTS, number - 1)
    return people


def _by_document(rows: Rows) -> Iterator[tuple[type[Record], list[Raw]]]:
    yield Campaign, rows.campaigns
    yield Interaction, rows.interactions
    yield OutboundMessage, rows.outbound_messages
    yield Decision, rows.decisions
    yield AuditEntry, rows.audit_log


def _articles(ctx: Context) -> Iterator[Raw]:
    for number in range(ARTICLES):
        written = ctx.now() - timedelta(days=number)
        title = f"What does treatment {number} cost without insurance?"
        body = f"Treatment {number} costs {100 + number} dollars and takes two visits of about an hour. " * 12
        yield stored(KnowledgeArticle(title=title, body=body, tags=["price"], created_at=written, updated_at=written))


async def _store(document: type[Record], rows: Iterator[Raw]) -> None:
    while batch := list(islice(rows, BATCH)):
        await document.collection().insert_many(batch, ordered=False)


async def somebody_who_waits() -> dict[str, Any]:
    """The query for a handoff of the large clinic's own, whose patient has a usual history."""
    lowest = {"_id": {"$lt": PydanticObjectId(b"\x08" + bytes(11))}}
    row = await Campaign.collection().find_one(lowest | {"status": CampaignStatus.HANDOFF_REQUIRED.value})
    assert row
    return {"_id": row["_id"]}
