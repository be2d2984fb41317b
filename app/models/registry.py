"""Every document of the product, and the check that its unique indexes really exist (trust.md fault 30)."""

from beanie import Document, init_beanie
from pymongo.asynchronous.database import AsyncDatabase

from app.models.appointments import Appointment
from app.models.base import Raw
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.counters import Counters
from app.models.idempotency import IdempotentRequest
from app.models.imports import ImportRow, PatientImport
from app.models.inbox import InboundEvent
from app.models.interactions import Interaction
from app.models.knowledge import KnowledgeArticle, KnowledgeVersion
from app.models.links import PatientLink
from app.models.merges import PatientMerge
from app.models.operations import JobLease, JobRun, PastRun, RateCounter
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.models.records import AuditEntry, Decision
from app.models.sandbox import SandboxMessage
from app.models.services import Service
from app.models.users import User

DOCUMENTS: tuple[type[Document], ...] = (
    Patient,
    Campaign,
    Interaction,
    Appointment,
    User,
    Service,
    Clinic,
    KnowledgeArticle,
    KnowledgeVersion,
    InboundEvent,
    OutboundMessage,
    AuditEntry,
    Decision,
    PatientLink,
    PatientMerge,
    JobLease,
    JobRun,
    PastRun,
    RateCounter,
    Counters,
    IdempotentRequest,
    SandboxMessage,
    PatientImport,
    ImportRow,
)


async def bind_documents(database: AsyncDatabase[Raw], *, build_indexes: bool) -> None:
    """Attach every document to this database; building indexes belongs to `chairside migrate`, not to each start.

    An index whose definition changed is dropped and built anew, and so is one that no document declares any more.
    """
    await init_beanie(
        database=database,
        document_models=list(DOCUMENTS),
        skip_indexes=not build_indexes,
        allow_index_dropping=build_indexes,
    )


async def missing_indexes(database: AsyncDatabase[Raw]) -> list[str]:
    """`collection.index` for each declared index that the database does not hold with the same uniqueness."""
    missing = []
    for document in DOCUMENTS:
        name = document.get_settings().name or document.__name__
        held = await database[name].index_information()
        for index in getattr(document.Settings, "indexes", []):
            wanted = index.document
            found = held.get(wanted["name"])
            if found is None or bool(found.get("unique")) != bool(wanted.get("unique")):
                missing.append(f"{name}.{wanted['name']}")
    return missing
