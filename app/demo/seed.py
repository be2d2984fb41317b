"""A believable dental clinic: patients, a year of campaigns and conversations, a full calendar (operations.md).

The same random seed every time; the dates count from the day of the first call. A call that was cut off is taken up
again where it stopped, a second one changes nothing. For demonstrations only: the password of every account is public.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

from beanie import Document
from beanie.odm.utils.dump import get_dict
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import BulkWriteError, DuplicateKeyError

from app.context import Context
from app.demo.content.loader import load_conversations
from app.demo.seed_calendar import Calendar
from app.demo.seed_clinic import open_practice
from app.demo.seed_fortnight import fill
from app.demo.seed_history import play
from app.demo.seed_people import Person, gather
from app.demo.seed_rows import batches
from app.demo.seed_stage import Stage
from app.domain.outreach import OutreachRules
from app.errors import ConflictError
from app.models.base import derived_id
from app.models.clinic import Clinic
from app.models.patients import Patient
from app.models.records import AuditEntry
from app.models.users import User
from app.services import audit
from app.services.policies import outreach_rules

DEMO_EMAIL = "admin@example.com"
DEMO_PASSWORD = "chairside-demo"  # noqa: S105 - public on purpose: the demo's own documentation prints it
RANDOM_SEED = 20250101
CHUNK = 500
DUPLICATE_KEY = 11_000
BEGUN, DONE = "demo.seed_begun", "demo.seed_done"

OnStep = Callable[[str, int, int], None]
"""Called with the name of a step, how much of it is done, and how much there is."""


@dataclass(frozen=True, slots=True)
class SeedCounts:
    """How many documents this call wrote, by collection; empty when the demo clinic was there already."""

    written: Mapping[str, int] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        return any(self.written.values())

    def __str__(self) -> str:
        if not self.changed:
            return "it was there already; nothing was changed"
        return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in self.written.items() if count)


async def seed(ctx: Context, *, on_step: OnStep | None = None) -> SeedCounts:
    """Write the demo clinic into an empty database, or what is missing of it.

    Raises ConflictError in production, and for a database that holds somebody else's clinic.
    """
    begun_at = await _begin(ctx)
    if await _marker(DONE):
        return SeedCounts()
    stage, people = rehearse(ctx, now=begun_at, hashed_password=await ctx.passwords.hash(DEMO_PASSWORD))
    written: dict[str, int] = {}
    for step, documents in await _steps(stage, people):
        for name, count in (await _write(step, documents, on_step)).items():
            written[name] = written.get(name, 0) + count
    await _mark(DONE, at=ctx.now())
    return SeedCounts(written)


async def _begin(ctx: Context) -> datetime:
    """The instant from which all dates count: that of the first call, however often it was cut off."""
    if ctx.settings.is_production:
        raise ConflictError("The demo clinic has a public password: it is never written into production.")
    begun = await _marker(BEGUN)
    if begun is None:
        await _refuse_foreign_clinic()
        await _mark(BEGUN, at=ctx.now().replace(microsecond=0))
        begun = await _marker(BEGUN)
    return begun.at if begun else ctx.now().replace(microsecond=0)


async def _refuse_foreign_clinic() -> None:
    if await Clinic.find_one({}) or await Patient.find_one({}):
        raise ConflictError("This database already holds a clinic. Name an empty one in MONGODB_DATABASE for the demo.")


async def _marker(action: str) -> AuditEntry | None:
    return await AuditEntry.get(derived_id("demo", action))


async def _mark(action: str, *, at: datetime) -> None:
    entry = AuditEntry(
        id=derived_id("demo", action),
        actor=audit.SYSTEM,
        action=action,
        document_type="clinic",
        document_id="clinic",
        at=at,
    )
    try:
        await entry.insert()
    except DuplicateKeyError:
        return  # another process seeds as well: its instant counts for both


def rehearse(ctx: Context, *, now: datetime, hashed_password: str) -> tuple[Stage, list[Person]]:
    """Make the whole demo in memory; the same documents for the same `now` and the same server secret."""
    rng = Random(RANDOM_SEED)  # noqa: S311 - a repeatable demo, nothing secret
    practice = open_practice(now=now, hashed_password=hashed_password)
    people = gather(rng, now=now, today=practice.today)
    stage = Stage(ctx=ctx, practice=practice, calendar=Calendar(practice), rng=rng, talk=load_conversations())
    for person in people:
        play(stage, person)
    fill(stage, people)
    rules = outreach_rules(practice.clinic)
    for person in people:
        _settle(stage, person, rules)
    return stage, people


def _settle(stage: Stage, person: Person, rules: OutreachRules) -> None:
    """Put the patient's own record in order once everything has happened."""
    patient = person.patient
    patient.treatment_history.sort(key=lambda treatment: treatment.procedure_date)
    stops = [stop.at for stop in patient.opt_outs]
    ended = [visit.updated_at for visit in person.visits if visit.ics_sequence]
    patient.updated_at = max([patient.created_at, *stops, *ended])
    patient.outreach_due_at = person.due_at(rules, stage.now)
    stage.ledger.appointments += person.visits


async def _steps(stage: Stage, people: list[Person]) -> list[tuple[str, list[Document]]]:
    practice = stage.practice
    team = await _new_accounts([*practice.staff, *practice.providers])
    return [
        ("clinic", [practice.clinic, *practice.services.values(), *team, *practice.articles]),
        ("patients", [person.patient for person in people]),
        *batches(stage.ledger),
    ]


async def _new_accounts(team: list[User]) -> list[User]:
    """Without those whose e-mail somebody has: the first admin of ADMIN_EMAIL may have been there before."""
    known = {user.email: user.id for user in await User.find({}).to_list()}
    return [user for user in team if known.get(user.email, user.id) == user.id]


async def _write(step: str, documents: list[Document], on_step: OnStep | None) -> dict[str, int]:
    """Insert what is not there yet, by collection; returns how many were new."""
    written: dict[str, int] = {}
    done = 0
    for name, collection, rows in _chunks(documents):
        written[name] = written.get(name, 0) + await _insert(collection, rows)
        done += len(rows)
        if on_step:
            on_step(step, done, len(documents))
    return written


def _chunks(documents: Iterable[Document]) -> Iterator[tuple[str, AsyncCollection[Any], list[dict[str, Any]]]]:
    by_kind: dict[type[Document], list[Document]] = {}
    for document in documents:
        by_kind.setdefault(type(document), []).append(document)
    for kind, group in by_kind.items():
        settings = kind.get_settings()
        for first in range(0, len(group), CHUNK):
            rows = [get_dict(each, to_db=True, keep_nulls=settings.keep_nulls) for each in group[first : first + CHUNK]]
            yield settings.name or kind.__name__, kind.get_pymongo_collection(), rows


async def _insert(collection: AsyncCollection[Any], rows: list[dict[str, Any]]) -> int:
    """How many were new; one whose own id exists was written by an earlier call."""
    try:
        await collection.insert_many(rows, ordered=False)
    except BulkWriteError as error:
        failures = error.details["writeErrors"]
        if any(failure["code"] != DUPLICATE_KEY or "_id" not in failure["keyPattern"] for failure in failures):
            raise
        return len(rows) - len(failures)
    return len(rows)
