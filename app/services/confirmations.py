"""What a patient is told about a visit, only at the address on record, naming no procedure (trust.md 2.7)."""

from app.context import Context
from app.domain import confirmation_wording
from app.domain.outreach import Verb, Verdict, is_usable
from app.domain.reminder_wording import wording_for
from app.models.appointments import Appointment
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.enums import AppointmentStatus, Author, ChannelType, MessageKind
from app.models.patients import Patient
from app.services import conversations, links, outbox, patients
from app.services.calendar_files import calendar_file
from app.services.outbox import NewMessage
from app.services.patients import Route
from app.services.sending import Sending
from app.services.visit_messages import confirmation_key, is_current

GOES = Verdict(Verb.SEND, "answers_go_at_once")

BOOKED, MOVED, CANCELLED = confirmation_wording.BOOKED, confirmation_wording.MOVED, confirmation_wording.CANCELLED


async def confirm(
    ctx: Context, visit: Appointment, patient: Patient, campaign: Campaign | None, *, wording: str = BOOKED
) -> None:
    """Freeze the confirmation inside the booking's transaction; nobody reachable means nobody is written to."""
    route = await route_of_visit(patient, campaign)
    if route is None:
        return
    clinic = await Clinic.load()
    if visit.status is AppointmentStatus.BOOKED:
        link, url = links.new_manage_link(ctx, visit)
    else:
        link, url = links.new_booking_link(ctx, patient_id=patient.id, campaign_id=campaign.id if campaign else None)
    await link.insert()
    is_mail = route.channel is ChannelType.EMAIL
    message = NewMessage(
        key=confirmation_key(visit),
        kind=MessageKind.CONFIRMATION,
        author=Author.SYSTEM,
        channel=route.channel,
        to=route.address,
        subject=_subject(clinic, campaign, route, patient.language),
        body=confirmation_wording.said_in(patient.language, wording)
        .format(
            first_name=patient.first_name,
            clinic=clinic.name,
            when=spoken_time(visit, clinic, patient.language),
            address=clinic.address,
            phone=clinic.phone,
            manage_url=url,
            book_url=url,
        )
        .strip(),
        attachments=[calendar_file(visit, clinic, to=route.address, settings=ctx.settings)] if is_mail else [],
        in_reply_to=await conversations.last_external_id(campaign.id) if campaign else None,
        appointment_id=visit.id,
    )
    await outbox.freeze(ctx, patient_id=patient.id, campaign=campaign, message=message)


async def route_of_visit(patient: Patient, campaign: Campaign | None) -> Route | None:
    """The conversation that is going on, unless it was stopped or bounced; else the patient's own preference.

    Always an address on record: a campaign that is over may hold one that the patient has given up since.
    """
    guardian = await patients.guardian_of(patient)
    preferred = patients.route_of(patient, guardian)
    if campaign is None or await patients.is_suppressed(patient, campaign.channel.type):
        return preferred
    channel, address = campaign.channel.type, campaign.channel.address
    is_on_record = (guardian or patient).address_on(channel) == address
    usable = is_on_record and is_usable(channel, address, patient.unusable_addresses)
    return Route(channel, address) if usable else preferred


async def check(sending: Sending) -> Verdict:
    """May this still be told? One that a later change overtook, as after a provider's outage, would only confuse."""
    row = sending.row
    visit = await Appointment.get(row.appointment_id) if row.appointment_id else None
    if visit is None:
        was_deleted = row.appointment_id is not None and row.cause.endswith(f":{AppointmentStatus.BOOKED}")
        return Verdict(Verb.REFUSE, "visit_not_booked") if was_deleted else GOES
    stands = is_current(row, visit) or visit.status is AppointmentStatus.COMPLETED
    return GOES if stands else Verdict(Verb.REFUSE, "confirmation_overtaken")


def _subject(clinic: Clinic, campaign: Campaign | None, route: Route, language: str) -> str:
    if route.channel is not ChannelType.EMAIL:
        return ""
    return (
        conversations.reply_subject(campaign)
        if campaign and campaign.channel.subject
        else wording_for(language).subject.format(clinic=clinic.name)
    )


def spoken_time(visit: Appointment, clinic: Clinic, language: str = "en") -> str:
    """`Tuesday 24 November at 14:30`, in the clinic's zone and the patient's language."""
    return confirmation_wording.spoken(visit.appointment_date.astimezone(clinic.zone), language)
