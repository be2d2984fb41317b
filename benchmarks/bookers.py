"""Patients with a running campaign and a booking link each, and the appointment that a booking of theirs stores."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from beanie import PydanticObjectId

from app.context import Context
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.enums import AppointmentSource, CampaignType
from app.models.links import PatientLink
from app.models.patients import Patient
from app.services import campaigns, links, patients, reservations
from app.services.appointments import BookingRequest
from benchmarks.clinic import MORNING, Raw, stored
from benchmarks.patients import patient_documents

SERVICE, MINUTES = "checkup", 30


@dataclass(frozen=True, slots=True)
class Booker:
    """A patient who holds the link of their own campaign."""

    patient: Patient
    campaign: Campaign
    token: str

    def request(self, start: datetime) -> BookingRequest:
        return BookingRequest(
            name=self.patient.name,
            email=self.patient.email,
            phone=self.patient.phone,
            start=start,
            service_name=SERVICE,
            token=self.token,
        )

    def appointment(self, ctx: Context, start: datetime, provider_id: PydanticObjectId) -> Raw:
        """The document that `book` would insert for this request."""
        visit = reservations.new_appointment(
            ctx,
            patient=self.patient,
            campaign=self.campaign,
            start=start,
            minutes=MINUTES,
            source=AppointmentSource.AI_AGENT_FORM,
        )
        visit.service_id, visit.service_name = SERVICE, SERVICE.capitalize()
        return stored(reservations.on_chair(visit, provider_id))


async def seed_bookers(ctx: Context, count: int) -> list[Booker]:
    """Store `count` bookers: adults with an address of their own, whose recall was opened two days ago."""
    people = (Patient.from_raw(raw) for raw in patient_documents(2 * count, now=MORNING) if not raw["guardian_id"])
    clinic = await Clinic.load()
    bookers, made_links = [], []
    for patient in islice(people, count):
        patient.outreach_due_at = None
        campaign = _campaign(clinic, patient)
        link, url = links.new_booking_link(ctx, patient_id=patient.id, campaign_id=campaign.id)
        made_links.append(link)
        bookers.append(Booker(patient, campaign, url.rpartition("=")[2]))
    await Patient.collection().insert_many([stored(booker.patient) for booker in bookers])
    await Campaign.collection().insert_many([stored(booker.campaign) for booker in bookers])
    await PatientLink.collection().insert_many([stored(link) for link in made_links])
    return bookers


def _campaign(clinic: Clinic, patient: Patient) -> Campaign:
    route = patients.route_of(patient)
    assert route is not None
    return campaigns.new_campaign(
        clinic,
        patient,
        CampaignType.RECALL,
        route=route,
        now=MORNING - timedelta(days=2),
        identifier=PydanticObjectId(),
        inquiry=None,
        value=0.0,
    )
