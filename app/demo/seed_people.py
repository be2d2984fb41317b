"""The demo clinic's patients before anything happened to them: who they are, how to reach them, their part to play."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from random import Random

from app.demo.content.loader import NamesContent, load_conversations, load_names
from app.demo.seed_addresses import AddressBook
from app.demo.seed_messages import PATIENT_NOTES
from app.domain import outreach
from app.domain.outreach import OutreachRules
from app.models.appointments import Appointment
from app.models.base import derived_id
from app.models.campaigns import Campaign
from app.models.enums import AppointmentStatus, CampaignType, ChannelType, PatientType
from app.models.patients import OptOut, Patient

RECALL, RECOVERY = CampaignType.RECALL, CampaignType.RECOVERY


class Plot(StrEnum):
    """What the past year brings to a patient; app.demo.seed_history plays each of them."""

    DUE = "due"
    LAPSED = "lapsed"
    ATTEMPTING = "attempting"
    ENGAGED = "engaged"
    WAITING = "waiting"
    BOOKED = "booked"
    RECOVERED = "recovered"
    FAILED = "failed"
    DECLINED = "declined"
    OPTED_OUT = "opted_out"
    FOLLOWED_UP = "followed_up"
    ELSEWHERE = "elsewhere"
    SEEN_RECENTLY = "seen_recently"
    CHECKUP_BOOKED = "checkup_booked"
    LATER = "later"
    NO_FOLLOW_UP = "no_follow_up"
    UNREACHABLE = "unreachable"


CAST: tuple[tuple[CampaignType, Plot, int, int], ...] = (
    (RECALL, Plot.DUE, 20, 4),
    (RECALL, Plot.ATTEMPTING, 12, 0),
    (RECALL, Plot.ENGAGED, 7, 0),
    (RECALL, Plot.WAITING, 5, 0),
    (RECALL, Plot.BOOKED, 8, 0),
    (RECALL, Plot.RECOVERED, 52, 8),
    (RECALL, Plot.FAILED, 36, 0),
    (RECALL, Plot.DECLINED, 10, 0),
    (RECALL, Plot.OPTED_OUT, 6, 0),
    (RECALL, Plot.FOLLOWED_UP, 8, 0),
    (RECALL, Plot.ELSEWHERE, 4, 0),
    (RECALL, Plot.SEEN_RECENTLY, 34, 6),
    (RECALL, Plot.CHECKUP_BOOKED, 66, 4),
    (RECALL, Plot.LATER, 12, 6),
    (RECALL, Plot.NO_FOLLOW_UP, 8, 0),
    (RECALL, Plot.UNREACHABLE, 6, 0),
    (RECOVERY, Plot.RECOVERED, 18, 0),
    (RECOVERY, Plot.DUE, 4, 0),
    (RECOVERY, Plot.LAPSED, 3, 0),
    (RECOVERY, Plot.ATTEMPTING, 7, 0),
    (RECOVERY, Plot.ENGAGED, 4, 0),
    (RECOVERY, Plot.WAITING, 3, 0),
    (RECOVERY, Plot.BOOKED, 4, 0),
    (RECOVERY, Plot.FAILED, 17, 0),
    (RECOVERY, Plot.DECLINED, 8, 0),
    (RECOVERY, Plot.OPTED_OUT, 4, 0),
    (RECOVERY, Plot.FOLLOWED_UP, 3, 0),
    (RECOVERY, Plot.ELSEWHERE, 2, 0),
    (RECOVERY, Plot.UNREACHABLE, 1, 0),
)
"""Which campaign a part is about, the part, and how many adults and children play it: 400 patients."""

FAMILIES = 15
PARENTS_PART = Plot.CHECKUP_BOOKED

EMAIL, SMS, WHATSAPP = ChannelType.EMAIL, ChannelType.SMS, ChannelType.WHATSAPP
REACHED_BY: tuple[tuple[int, bool, bool, tuple[ChannelType, ...]], ...] = (
    (34, True, True, (EMAIL,)),
    (20, True, True, (EMAIL, SMS)),
    (20, True, True, (SMS, EMAIL)),
    (9, True, True, (WHATSAPP, SMS, EMAIL)),
    (9, True, False, (EMAIL,)),
    (5, False, True, (SMS,)),
    (3, False, True, (WHATSAPP, SMS)),
)
"""Share in percent, has an e-mail, has a phone, preferred channels."""
LANGUAGES = (("en", 86), ("es", 9), ("fr", 5))
STOPPED_TEXTS = 0.14


@dataclass(slots=True, kw_only=True)
class Person:
    """A patient with the part they play and everything that came of it."""

    patient: Patient
    kind: CampaignType
    plot: Plot
    turn: int
    """Which of those who play this part it is, from 0, so that a plot can vary and spread over the year."""
    turns: int
    guardian: Patient | None = None
    campaigns: list[Campaign] = field(default_factory=list)
    visits: list[Appointment] = field(default_factory=list)

    @property
    def is_child(self) -> bool:
        return self.guardian is not None

    def next_visit_at(self, now: datetime) -> datetime | None:
        booked = [visit.appointment_date for visit in self.visits if visit.status is AppointmentStatus.BOOKED]
        return min((start for start in booked if start > now), default=None)

    def due_at(self, rules: OutreachRules, now: datetime) -> datetime | None:
        """What `app.services.patients.refresh_due` will find for this patient."""
        closed = [campaign for campaign in self.campaigns if not campaign.is_active]
        facts = outreach.PatientFacts(
            patient_type=self.patient.patient_type,
            next_follow_up_on=self.patient.next_follow_up_date,
            created_at=self.patient.created_at,
            has_active_campaign=len(closed) < len(self.campaigns),
            next_visit_at=self.next_visit_at(now),
            served_due_dates=frozenset(campaign.due_date for campaign in self.campaigns if campaign.due_date),
            recovery_closures=tuple(
                (campaign.status, campaign.closed_at or campaign.updated_at)
                for campaign in closed
                if campaign.campaign_type is RECOVERY
            ),
        )
        return outreach.outreach_due_at(facts, rules)


def gather(rng: Random, *, now: datetime, today: date) -> list[Person]:
    """Everybody in `CAST`, without a history; children get one of the parents as guardian."""
    names = _full_names(rng, load_names())
    addresses = AddressBook(rng)
    adults: list[Person] = []
    children: list[Person] = []
    for kind, plot, adult_count, child_count in CAST:
        for turn in range(adult_count + child_count):
            person = _person(kind, plot, turn, adult_count + child_count, name=next(names), now=now)
            (adults if turn < adult_count else children).append(person)
    for adult in adults:
        _make_reachable(adult, rng, addresses)
        if adult.kind is RECALL:
            adult.patient.date_of_birth = today - timedelta(days=rng.randint(19 * 365, 88 * 365))
    _found_families(adults, children, rng, today)
    return adults + children


def _full_names(rng: Random, names: NamesContent) -> Iterator[str]:
    """Distinct names: every first name comes up before any comes again."""
    while True:
        first, last = rng.sample(names["first"], len(names["first"])), rng.sample(names["last"], len(names["first"]))
        yield from (f"{given} {family}" for given, family in zip(first, last, strict=True))


def _person(kind: CampaignType, plot: Plot, turn: int, turns: int, *, name: str, now: datetime) -> Person:
    patient = Patient(
        id=derived_id("demo", "patient", kind.value, plot.value, turn),
        name=name,
        patient_type=PatientType.EXISTING if kind is RECALL else PatientType.COLD_LEAD,
        created_at=now,
        updated_at=now,
    )
    return Person(patient=patient, kind=kind, plot=plot, turn=turn, turns=turns)


def _make_reachable(person: Person, rng: Random, addresses: AddressBook) -> None:
    patient = person.patient
    shares = [share for share, *_ in REACHED_BY]
    _, has_email, has_phone, preferred = rng.choices(REACHED_BY, weights=shares)[0]
    patient.email = addresses.email(patient.name) if has_email else None
    patient.phone = addresses.phone() if has_phone else None
    patient.preferred_channel = list(preferred)
    patient.language = rng.choices([code for code, _ in LANGUAGES], weights=[share for _, share in LANGUAGES])[0]
    patient.notes = rng.choice(PATIENT_NOTES) if rng.random() < 0.12 else ""
    if person.kind is RECOVERY:
        _ask_first(patient, rng)


def _ask_first(patient: Patient, rng: Random) -> None:
    """A cold lead's first message and what it may be worth."""
    inquiry = rng.choice(load_conversations().inquiries)
    patient.initial_inquiry = inquiry.text
    patient.estimated_value = float(rng.randint(inquiry.estimated_value_min // 5, inquiry.estimated_value_max // 5) * 5)


def _found_families(adults: list[Person], children: list[Person], rng: Random, today: date) -> None:
    """One to two children for each parent; what the clinic writes about them goes to the parent."""
    parents = [adult.patient for adult in adults if adult.plot is PARENTS_PART][:FAMILIES]
    for parent in parents:
        parent.date_of_birth = today - timedelta(days=rng.randint(30 * 365, 47 * 365))
    for number, child in enumerate(children):
        parent = parents[number % FAMILIES]
        child.guardian, child.patient.guardian_id = parent, parent.id
        child.patient.name = f"{child.patient.first_name} {parent.name.split(maxsplit=1)[1]}"
        child.patient.preferred_channel = parent.preferred_channel
        child.patient.language = parent.language
        child.patient.date_of_birth = today - timedelta(days=rng.randint(3 * 365, 16 * 365))


def stop_one_channel(person: Person, rng: Random) -> None:
    """Some of those with a choice of channels stopped text messages long ago, and read e-mail still."""
    patient = person.patient
    if {EMAIL, SMS} <= set(patient.preferred_channel) and rng.random() < STOPPED_TEXTS:
        patient.opt_outs.append(OptOut(channel=SMS, at=patient.created_at + timedelta(days=3), source="staff"))
