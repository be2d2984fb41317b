"""What a patient is told about a visit, only at the address on record, naming no procedure (trust.md 2.7)."""

from app.context import Context
from app.models.appointments import Appointment
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.enums import AppointmentStatus, Author, ChannelType, MessageKind
from app.models.patients import Patient
from app.services import conversations, links, outbox, patients
from app.services.calendar_files import calendar_file
from app.services.outbox import NewMessage
from app.services.patients import Route

CALL_US = "\n{address}\n\nTo move or cancel it: {manage_url}\nOr call {phone}."
BOOKED = "Hello {first_name},\n\nyour visit at {clinic} is booked for {when}." + CALL_US
MOVED = "Hello {first_name},\n\nyour visit at {clinic} has moved to {when}." + CALL_US
CANCELLED = (
    "Hello {first_name},\n\nyour visit at {clinic} on {when} is cancelled. To choose another time, please call {phone}."
)


async def confirm(
    ctx: Context, visit: Appointment, patient: Patient, campaign: Campaign | None, *, wording: str = BOOKED
) -> None:
    """Freeze the confirmation inside the booking's transaction; nobody reachable means nobody is written to."""
    route = await _route(patient, campaign)
    if route is None:
        return
    clinic = await Clinic.load()
    manage_url = ""
    if visit.status is AppointmentStatus.BOOKED:
        link, manage_url = links.new_manage_link(ctx, visit)
        await link.insert()
    is_mail = route.channel is ChannelType.EMAIL
    message = NewMessage(
        key=f"visit:{visit.id}:{visit.ics_sequence}:{visit.status}",
        kind=MessageKind.CONFIRMATION,
        author=Author.SYSTEM,
        channel=route.channel,
        to=route.address,
        subject=_subject(clinic, campaign, route),
        body=wording.format(
            first_name=patient.first_name,
            clinic=clinic.name,
            when=spoken_time(visit, clinic),
            address=clinic.address,
            phone=clinic.phone,
            manage_url=manage_url,
        ).strip(),
        attachments=[calendar_file(visit, clinic, to=route.address, settings=ctx.settings)] if is_mail else [],
        in_reply_to=await conversations.last_external_id(campaign.id) if campaign else None,
    )
    await outbox.freeze(ctx, patient_id=patient.id, campaign=campaign, message=message)


async def _route(patient: Patient, campaign: Campaign | None) -> Route | None:
    """The conversation that is going on, unless it was stopped or bounced; else the patient's own preference."""
    bounced = campaign is not None and campaign.channel.address in patient.unusable_addresses
    if campaign and not bounced and not await patients.is_suppressed(patient, campaign.channel.type):
        return Route(campaign.channel.type, campaign.channel.address)
    return patients.route_of(patient, await patients.guardian_of(patient))


def _subject(clinic: Clinic, campaign: Campaign | None, route: Route) -> str:
    if route.channel is not ChannelType.EMAIL:
        return ""
    return (
        conversations.reply_subject(campaign)
        if campaign and campaign.channel.subject
        else f"Your visit at {clinic.name}"
    )


def spoken_time(visit: Appointment, clinic: Clinic) -> str:
    """`Tuesday 24 November at 14:30`, in the clinic's zone."""
    local = visit.appointment_date.astimezone(clinic.zone)
    return f"{local:%A} {local.day} {local:%B} at {local:%H:%M}"
