"""The calendar file of a visit: one event with a stable UID, put in by REQUEST and taken out by CANCEL.

RFC 5545 and 5546 (iTIP): the same UID with a higher SEQUENCE replaces what a calendar holds. No procedure is named
(trust.md 2.7): a calendar is often shared.
"""

from urllib.parse import urlsplit

from icalendar import CLASS, STATUS, Calendar, Event, vCalAddress
from icalendar.enums import TRANSP

from app.models.appointments import Appointment
from app.models.clinic import Clinic
from app.models.enums import AppointmentStatus
from app.models.outbox import Attachment
from app.settings import Settings

PRODUCT = "-//Chairside//Visits//EN"


def calendar_file(visit: Appointment, clinic: Clinic, *, to: str, settings: Settings) -> Attachment:
    """The file for the e-mail to `to`: REQUEST while the visit is booked, CANCEL once it is not."""
    method = "REQUEST" if visit.status is AppointmentStatus.BOOKED else "CANCEL"
    calendar = Calendar.new(prodid=PRODUCT, method=method, subcomponents=[_event(visit, clinic, to, settings)])
    calendar.add_missing_timezones()
    return Attachment(
        filename="visit.ics",
        content_type=f"text/calendar; method={method}; charset=utf-8",
        content=calendar.to_ical().decode(),
    )


def _event(visit: Appointment, clinic: Clinic, to: str, settings: Settings) -> Event:
    is_booked = visit.status is AppointmentStatus.BOOKED
    return Event.new(
        uid=visit.ics_uid,
        sequence=visit.ics_sequence,
        stamp=visit.updated_at,
        start=visit.appointment_date.astimezone(clinic.zone),
        end=visit.ends_at.astimezone(clinic.zone),
        summary=f"Visit at {clinic.name}",
        location=clinic.address or None,
        status=STATUS.CONFIRMED if is_booked else STATUS.CANCELLED,
        transparency=TRANSP.OPAQUE if is_booked else TRANSP.TRANSPARENT,
        classification=CLASS.PRIVATE,
        organizer=vCalAddress.new(organizer_address(settings), cn=clinic.name),
        attendees=[vCalAddress.new(to, rsvp=False)],
    )


def organizer_address(settings: Settings) -> str:
    """An address of our own host: iTIP demands one, and answers go to the message's sender."""
    return f"noreply@{urlsplit(settings.public_base_url).hostname or 'localhost'}"
