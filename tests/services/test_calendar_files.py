"""The calendar file, read by two parsers that are not ours to fool (RFC 5545, RFC 5546)."""

from datetime import UTC, datetime
from typing import Any

import pytest
import vobject
from icalendar import Calendar

from app.context import Context
from app.jobs import outbox
from app.models.appointments import Appointment
from app.models.clinic import Clinic
from app.models.enums import ChannelType, MessageKind
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.models.sandbox import SandboxMessage
from app.services import visits
from app.services.appointments import BookingRequest, book
from app.services.calendar_files import calendar_file
from tests.factories import make_clinic, make_patient, make_provider, make_service, wall
from tests.services import stage

STAFF = "user:000000000000000000000001"


@pytest.fixture
def ctx(ctx: Context) -> Context:
    return stage.speaking(ctx)


@pytest.fixture
async def clinic(ctx: Context) -> Clinic:
    place = await make_clinic(address="1 Willow Street; back door, please")
    await make_service("root_canal", name="Root canal treatment")
    await make_provider(ctx, ["root_canal"])
    return place


async def booked(ctx: Context, clinic: Clinic, patient: Patient, at: str = "2026-11-24 14:00") -> Appointment:
    request = BookingRequest(
        name="x", email=patient.email, phone=patient.phone, start=wall(clinic, at), service_name="root_canal"
    )
    return await book(ctx, request)


async def confirmations() -> list[OutboundMessage]:
    return await stage.rows(kind=MessageKind.CONFIRMATION)


def read(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What each parser makes of the file: method, uid, sequence, start, end, status."""
    mine: Any = Calendar.from_ical(text)
    event: Any = mine.walk("VEVENT")[0]
    other = vobject.readOne(text)
    first = {
        "method": str(mine["METHOD"]),
        "uid": str(event["UID"]),
        "sequence": int(event["SEQUENCE"]),
        "start": event.start.astimezone(UTC),
        "end": event.end.astimezone(UTC),
        "status": str(event["STATUS"]),
    }
    second = {
        "method": other.method.value,
        "uid": other.vevent.uid.value,
        "sequence": int(other.vevent.sequence.value),
        "start": other.vevent.dtstart.value.astimezone(UTC),
        "end": other.vevent.dtend.value.astimezone(UTC),
        "status": other.vevent.status.value,
    }
    return first, second


async def test_a_booking_is_a_request_that_both_parsers_read_alike(ctx: Context, clinic: Clinic) -> None:
    visit = await booked(ctx, clinic, await make_patient(ctx))
    [row] = await confirmations()
    first, second = read(row.attachments[0].content)
    assert first == second
    assert first == {
        "method": "REQUEST",
        "uid": visit.ics_uid,
        "sequence": 0,
        "start": datetime(2026, 11, 24, 19, 0, tzinfo=UTC),
        "end": datetime(2026, 11, 24, 19, 30, tzinfo=UTC),
        "status": "CONFIRMED",
    }


async def test_moving_replaces_and_cancelling_takes_out_what_was_put_in(ctx: Context, clinic: Clinic) -> None:
    visit = await booked(ctx, clinic, await make_patient(ctx))
    await visits.reschedule(ctx, visit.id, start=wall(clinic, "2026-11-25 09:00"), provider_id=None, actor=STAFF)
    await visits.cancel(ctx, visit.id, actor=STAFF)
    seen = [read(row.attachments[0].content)[0] for row in await confirmations()]
    seen.sort(key=lambda each: each["sequence"])
    assert {each["uid"] for each in seen} == {visit.ics_uid}
    assert [(each["method"], each["sequence"], each["status"]) for each in seen] == [
        ("REQUEST", 0, "CONFIRMED"),
        ("REQUEST", 1, "CONFIRMED"),
        ("CANCEL", 2, "CANCELLED"),
    ]
    assert seen[1]["start"] == seen[2]["start"] == datetime(2026, 11, 25, 14, 0, tzinfo=UTC)


async def test_the_time_is_told_in_the_clinics_zone_with_its_rules(ctx: Context, clinic: Clinic) -> None:
    await booked(ctx, clinic, await make_patient(ctx))
    [row] = await confirmations()
    text = row.attachments[0].content
    assert "DTSTART;TZID=America/New_York:20261124T140000" in text
    assert "BEGIN:VTIMEZONE" in text
    assert text.endswith("END:VCALENDAR\r\n")


async def test_a_shared_calendar_shows_no_procedure(ctx: Context, clinic: Clinic) -> None:
    await booked(ctx, clinic, await make_patient(ctx))
    [row] = await confirmations()
    text = row.attachments[0].content
    assert "root" not in text.lower()
    assert "CLASS:PRIVATE" in text
    assert str(Calendar.from_ical(text).walk("VEVENT")[0]["LOCATION"]) == "1 Willow Street; back door, please"


async def test_names_cannot_add_lines(ctx: Context) -> None:
    place = await make_clinic(name="Evil\r\nATTENDEE:mailto:eve@example.com")
    await make_service("root_canal")
    await make_provider(ctx, ["root_canal"])
    visit = await booked(ctx, place, await make_patient(ctx))
    file = calendar_file(visit, place, to="ana@example.com", settings=ctx.settings)
    lines = file.content.replace("\r\n ", "").split("\r\n")
    assert [line for line in lines if line.startswith("ATTENDEE")] == ["ATTENDEE;RSVP=FALSE:mailto:ana@example.com"]


async def test_a_text_message_carries_no_file(ctx: Context, clinic: Clinic) -> None:
    await booked(ctx, clinic, await make_patient(ctx, phone="+12025550171", preferred_channel=[ChannelType.SMS]))
    [row] = await confirmations()
    assert (row.channel, row.attachments) == (ChannelType.SMS, [])


async def test_the_file_arrives_as_it_was_frozen(ctx: Context, clinic: Clinic) -> None:
    patient = await make_patient(ctx)
    await booked(ctx, clinic, patient)
    [row] = await confirmations()
    await outbox.drain(ctx)
    [arrived] = await SandboxMessage.find({"to": patient.email}).to_list()
    assert arrived.attachments == row.attachments
