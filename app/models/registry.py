"""Every document of the product, and the check that its unique indexes really exist (trust.md fault 30)."""

from contextlib import nullcontext

import pymongo
from beanie import Document, init_beanie
from pymongo.asynchronous.database import AsyncDatabase

from app.database.migrations import running as migrations
from app.models.appointments import Appointment
from app.models.base import Raw
from app.models.campaign_batches import CampaignBatch
from app.models.campaigns import Campaign
from app.models.channel_states import ChannelState
from app.models.clinic import Clinic
from app.models.counters import Counters
from app.models.delivery_reports import DeliveryReport
from app.models.desk import CampaignNote, LastLook, Presence
from app.models.idempotency import IdempotentRequest
from app.models.imports import ImportRow, PatientImport
from app.models.inbox import InboundEvent
from app.models.insight import InsightReport
from app.models.interactions import Interaction
from app.models.invariant_reports import InvariantReport
from app.models.knowledge import KnowledgeArticle, KnowledgeVector, KnowledgeVersion
from app.models.links import PatientLink
from app.models.listing_cursors import ListingCursor
from app.models.mailboxes import MailboxState
from app.models.merges import PatientMerge
from app.models.operations import JobLease, JobRun, PastRun, RateCounter
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.models.records import AuditEntry, Decision
from app.models.recovery import DatabaseIdentity, FoundMessage, SendingState
from app.models.sandbox import SandboxMessage
from app.models.saved_views import SavedView
from app.models.sending_pace import SendingPace
from app.models.services import Service
from app.models.slot_holds import SlotHold
from app.models.spending import ModelSpending
from app.models.users import User
from app.models.waitlist import FreedSlot, WaitlistOffer, WaitlistWish

DOCUMENTS: tuple[type[Document], ...] = (
    Patient,
    Campaign,
    Interaction,
    Appointment,
    User,
    Service,
    SlotHold,
    InsightReport,
    Clinic,
    KnowledgeArticle,
    KnowledgeVersion,
    KnowledgeVector,
    InboundEvent,
    OutboundMessage,
    AuditEntry,
    Decision,
    PatientLink,
    PatientMerge,
    MailboxState,
    ChannelState,
    SendingPace,
    JobLease,
    JobRun,
    PastRun,
    RateCounter,
    Counters,
    IdempotentRequest,
    ModelSpending,
    SandboxMessage,
    DeliveryReport,
    ListingCursor,
    PatientImport,
    ImportRow,
    WaitlistWish,
    WaitlistOffer,
    FreedSlot,
    Presence,
    CampaignNote,
    LastLook,
    SavedView,
    CampaignBatch,
    InvariantReport,
    DatabaseIdentity,
    SendingState,
    FoundMessage,
)


INDEXES_WITHIN_SECONDS = 6 * 3_600
"""An index over years of messages takes longer than the connection waits for any other answer."""


async def bind_documents(database: AsyncDatabase[Raw], *, build_indexes: bool) -> None:
    """Attach every document to this database; building indexes belongs to `chairside migrate`, not to each start.

    Building them begins with the migrations: a unique index may need the documents as the product has them now. An
    index whose definition changed is dropped and built anew, and so is one that no document declares any more.
    """
    with pymongo.timeout(INDEXES_WITHIN_SECONDS) if build_indexes else nullcontext():
        if build_indexes:
            await migrations.run(database)
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
