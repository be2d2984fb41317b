"""What the people of the demo do: the clinic opens, patients answer, one books through a link (operations.md, `demo`).

Nothing here prints; `walk.py` tells the story and checks it.
"""

import re
import secrets
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Protocol, TypeVar

from beanie import Document, PydanticObjectId

from app.context import Context
from app.demo.content.loader import Inquiry, load_conversations, load_names
from app.demo.seed_clinic import Practice, open_practice
from app.jobs import registry
from app.models.appointments import Appointment
from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, ChannelType, InboundSource, Intent, PatientType
from app.models.interactions import Interaction
from app.models.knowledge import KnowledgeArticle
from app.models.patients import Patient
from app.models.users import User
from app.services import (
    appointments,
    audit,
    availability,
    campaigns,
    conversations,
    patients,
    sandbox,
    visits,
)
from app.services.appointments import BookingRequest

DUE_PATIENTS = 12
COLD_LEADS = 3
CHECK_UP = "checkup_and_cleaning"
RECALL_AFTER = timedelta(days=182)
LOOK_AHEAD_DAYS = 28
LINK_TOKEN = re.compile(r"/book\?t=([\w-]+)")
OTHER_CHANNELS = (ChannelType.EMAIL, ChannelType.SMS, ChannelType.EMAIL, ChannelType.WHATSAPP)

Thing = TypeVar("Thing")


class WalkFailedError(Exception):
    """A step of the demo did not end as it should; the sentence says which one and what was found instead."""


def expect(found: object, wanted: object, what: str) -> None:
    """Raise WalkFailedError unless the demo found what it must find."""
    if found != wanted:
        raise WalkFailedError(f"{what} should be {wanted}, and it is {found}.")


class Track(Protocol):
    """Goes through things while a progress bar follows, as `rich.progress.Progress.track` does."""

    def __call__(self, sequence: Sequence[Thing], *, description: str) -> Iterable[Thing]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Who takes part. The first two due patients and the first lead answer; the others stay silent."""

    practice: Practice
    due: list[Patient]
    leads: list[Patient]

    @property
    def size(self) -> int:
        return len(self.due) + len(self.leads)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A patient's message as it was stored and read, and what the clinic answered."""

    question: Interaction
    answer: Interaction
    campaign: Campaign


async def open_clinic(ctx: Context, track: Track) -> Practice:
    """Write the clinic, its services, its team and its articles. The one password is random: nobody signs in here."""
    password = await ctx.passwords.hash(secrets.token_urlsafe())
    practice = open_practice(now=ctx.now(), hashed_password=password)
    await practice.clinic.save()
    shelves: tuple[tuple[str, Sequence[Document]], ...] = (
        ("Services", list(practice.services.values())),
        ("Team", [*practice.providers, *practice.staff]),
        ("Articles", practice.articles),
    )
    for name, documents in shelves:
        for document in track(documents, description=name):
            await document.insert()
    return practice


async def add_people(ctx: Context, practice: Practice, track: Track) -> Cast:
    """Twelve patients whose check-up is due, and three people who asked once and never came."""
    names = load_names()
    # Every so many, so that the names are as varied as the lists, which are in alphabetical order.
    full = [f"{first} {last}" for first, last in zip(names["first"][::12], names["last"][::13], strict=False)]
    due = [_due_patient(number, name, practice.today) for number, name in enumerate(full[:DUE_PATIENTS])]
    asked = load_conversations().inquiries[:COLD_LEADS]
    leads = [_lead(name, inquiry) for name, inquiry in zip(full[DUE_PATIENTS:], asked, strict=False)]
    stored = [
        await patients.create(ctx, actor=audit.SYSTEM, fields=fields)
        for fields in track([*due, *leads], description="Patients")
    ]
    return Cast(practice=practice, due=stored[:DUE_PATIENTS], leads=stored[DUE_PATIENTS:])


def _due_patient(number: int, name: str, today: date) -> dict[str, Any]:
    due_on = today - timedelta(days=number % 5)
    visit = {"procedure_name": "Check-up and Cleaning", "procedure_date": due_on - RECALL_AFTER}
    return {
        "name": name,
        "email": _email(name),
        "phone": f"+151855501{number:02}",
        "patient_type": PatientType.EXISTING,
        "preferred_channel": [OTHER_CHANNELS[number % 4] if number > 1 else ChannelType.EMAIL],
        "treatment_history": [visit],
        "next_follow_up_date": due_on,
    }


def _lead(name: str, inquiry: Inquiry) -> dict[str, Any]:
    return {
        "name": name,
        "email": _email(name),
        "patient_type": PatientType.COLD_LEAD,
        "initial_inquiry": inquiry.text,
        "estimated_value": float(inquiry.estimated_value_min),
    }


def _email(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
    return f"{re.sub(r'[^a-z]+', '.', plain)}@example.com"


async def campaign_of(patient: Patient) -> Campaign:
    """The campaign that the daily job opened for this patient. Raises WalkFailedError when there is none."""
    campaign = await Campaign.newest_of(patient.id)
    if campaign is None:
        raise WalkFailedError(f"{patient.name} has no campaign.")
    return campaign


async def answer_as(ctx: Context, patient: Patient, text: str) -> Exchange:
    """Write as the patient, in reply to the clinic's newest message, and let the clinic's jobs do the rest."""
    campaign = await campaign_of(patient)
    address = campaign.channel.address
    before = await sandbox.sent_to(address)
    written = await sandbox.write_as_patient(
        ctx, sender=address, text=text, channel=None, in_reply_to=before[-1]["id"], headers={}
    )
    await registry.drain(ctx, ignore_window=True)
    after = await sandbox.sent_to(address)
    expect(len(after) - len(before), 1, f'The number of answers that {patient.name} got to "{text}"')
    return Exchange(
        question=await _interaction(f"{InboundSource.SANDBOX}:{written}"),
        answer=await _interaction(after[-1]["id"]),
        campaign=await campaigns.get(campaign.id),
    )


async def _interaction(external_id: str) -> Interaction:
    found = await Interaction.find_one({"external_id": external_id})
    if found is None:
        raise WalkFailedError(f"Message {external_id} is not in the conversation.")
    return found


def expect_reading(exchange: Exchange, intent: Intent, status: CampaignStatus) -> None:
    """What the agent must have read in the message, and where the campaign must stand now."""
    read = exchange.question.ai_analysis
    expect(read.intent if read else None, intent, "What the agent read in the message")
    expect(exchange.campaign.status, status, "The campaign's status after the message")


async def article_behind(exchange: Exchange) -> KnowledgeArticle:
    """The one article that the agent's answer names as its source."""
    articles = [await KnowledgeArticle.get(PydanticObjectId(source)) for source in exchange.answer.sources]
    if len(articles) != 1 or articles[0] is None:
        raise WalkFailedError(f"The answer should name one article, and it names {exchange.answer.sources}.")
    return articles[0]


async def answer_as_staff(ctx: Context, person: User, campaign: Campaign, text: str) -> None:
    """A person answers a conversation that was handed over, and closes it."""
    done, by = CampaignStatus.MANUAL_FOLLOWUP_COMPLETE, f"user:{person.id}"
    await conversations.respond(ctx, campaign.id, text=text, new_status=done, actor=by, key=conversations.fresh_key())
    await registry.drain(ctx, ignore_window=True)
    received = await sandbox.sent_to(campaign.channel.address)
    expect(received[-1]["body"], text, "The newest message in the patient's inbox")
    expect((await campaigns.get(campaign.id)).status, done, "The campaign's status after the answer")


async def book_from_message(ctx: Context, patient: Patient, message: str, *, service_id: str) -> Appointment:
    """Book the first free time with the token of the link that stands in a message; the confirmation leaves at once."""
    link = LINK_TOKEN.search(message)
    if link is None:
        raise WalkFailedError(f"There is no booking link in what {patient.name} got.")
    request = BookingRequest(
        name=patient.name,
        email=None,
        phone=None,
        start=await _first_free(ctx, service_id),
        service_name=service_id,
        token=link[1],
    )
    appointment = await appointments.book(ctx, request)
    await registry.drain(ctx, ignore_window=True)
    booked = CampaignStatus.BOOKING_INITIATED
    expect((await campaign_of(patient)).status, booked, "The campaign's status after the booking")
    return appointment


async def _first_free(ctx: Context, service_id: str) -> datetime:
    """The first free start in the four weeks after today."""
    offer = await availability.offer_for(await availability.service_named(service_id))
    today = ctx.now().astimezone(offer.rules.zone).date()
    days = [today + timedelta(days=offset) for offset in range(1, LOOK_AHEAD_DAYS + 1)]
    free = await availability.free_slots(ctx, offer, days)
    if not free:
        raise WalkFailedError(f"Nothing is free for {service_id} in the next four weeks.")
    return free[min(free)][0]


async def complete_on_the_day(ctx: Context, practice: Practice, appointment: Appointment) -> Campaign:
    """Mark a visit completed at the hour when it is over, by a clock that is turned forward to it."""
    later = replace(ctx, now=lambda: appointment.ends_at)
    held_on = appointment.appointment_date.astimezone(practice.clinic.zone).date()
    by = f"user:{appointment.provider_id}"
    await visits.complete(later, appointment.id, next_follow_up_on=held_on + RECALL_AFTER, actor=by)
    campaign = await campaign_of(await patients.get(appointment.patient_id))
    expect(campaign.status, CampaignStatus.RECOVERED, "The campaign's status after the visit")
    return campaign
