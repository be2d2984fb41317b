"""Today's page without a browser: what is new, what waits, who comes, what goes out, and who was shown."""

import html
import re
from datetime import timedelta

import pytest

from app.context import Context
from app.models.appointments import Appointment
from app.models.enums import ChannelType, ConfirmationStatus, Role
from app.models.records import AuditEntry
from app.models.users import User
from app.services.desk_bookings import StaffBooking
from app.services.desk_bookings import book as book_by_staff
from tests.conftest import Clock
from tests.factories import make_due_patient, make_patient, make_recovery
from tests.web.staff.conftest import Seated
from tests.web.staff.scenes import HOSTILE, handed_over, says

pytestmark = pytest.mark.usefixtures("open_clinic")


async def test_an_empty_clinic_says_so_everywhere(seat: Seated) -> None:
    text = (await (await seat()).get("")).text
    for sentence in ("Nobody waits.", "No visit today.", "Nobody wrote since", "Nothing is planned", "It was quiet"):
        assert sentence in text


async def test_a_reload_hides_nothing_and_the_next_sitting_does(ctx: Context, clock: Clock, seat: Seated) -> None:
    somebody = await seat()
    await says(ctx, await make_recovery(ctx), "I would like to come")
    for _ in range(2):
        clock.forward(minutes=5)
        assert "I would like to come" in (await somebody.get("")).text
    for _ in range(2):
        clock.forward(minutes=20)
        await somebody.get("/password")  # stays signed in elsewhere
    assert "I would like to come" not in (await somebody.get("")).text
    assert "I would like to come" in (await (await seat()).get("")).text


async def test_seen_is_for_ones_own_eyes(ctx: Context, clock: Clock, seat: Seated) -> None:
    somebody, colleague = await seat(), await seat(Role.PROVIDER)
    await says(ctx, await make_recovery(ctx), "I would like to come")
    clock.forward(minutes=1)
    assert "I would like to come" not in (await somebody.post("/today/seen")).text
    assert "I would like to come" in (await colleague.get("/today/replies")).text
    clock.forward(minutes=1)
    await says(ctx, await make_recovery(ctx), "Me too")
    assert "Me too" in (await somebody.get("/today/replies")).text


async def test_todays_visits_show_what_the_patient_said(ctx: Context, clock: Clock, seat: Seated) -> None:
    patient = await make_patient(ctx, name="Vera Visit")
    for hours in (2, 26):
        await book_by_staff(ctx, _wish(ctx, hours, str(patient.email)), actor="system")
    said = {"$set": {"confirmation_status": ConfirmationStatus.RUNNING_LATE}}
    await Appointment.collection().update_one({"appointment_date": {"$lt": ctx.now() + timedelta(hours=3)}}, said)
    text = (await (await seat()).get("/today/visits")).text
    assert text.count("Vera Visit") == 1
    assert "Running late" in text


def _wish(ctx: Context, hours: int, email: str) -> StaffBooking:
    return StaffBooking(
        name="Vera Visit",
        email=email,
        phone=None,
        start=ctx.now() + timedelta(hours=hours),
        duration_minutes=30,
        service_name="checkup",
        preferred_channel=[ChannelType.EMAIL],
    )


async def test_what_goes_out_and_why(ctx: Context, seat: Seated) -> None:
    await make_recovery(ctx, patient_name="Nora New")
    await make_due_patient(ctx, name="Dora Due")
    text = (await (await seat()).get("")).text
    assert "The first message of a new campaign" in text
    assert "Check-up due on 22 Nov 2026" in text


async def test_everybody_shown_is_audited(ctx: Context, seat: Seated) -> None:
    campaign, due, somebody = await handed_over(ctx), await make_due_patient(ctx), await seat(Role.PROVIDER)
    await somebody.get("")
    [row] = await AuditEntry.find({"actor": f"user:{somebody.user.id}"}).to_list()
    assert row.action == "today.listed"
    assert set(row.patient_ids) == {campaign.patient_id, due.id}


async def test_seen_needs_our_own_form(seat: Seated) -> None:
    assert (await (await seat()).http.post("/staff/today/seen")).status_code == 403


async def test_everything_shown_leads_to_where_it_is_acted_on(ctx: Context, seat: Seated) -> None:
    campaign = await handed_over(ctx)
    patient = await make_patient(ctx, name="Vera Visit")
    visit = await book_by_staff(ctx, _wish(ctx, 2, str(patient.email)), actor="system")
    due, somebody = await make_due_patient(ctx), await seat()
    await somebody.post(f"/campaigns/{campaign.id}/reply", text="We do.", key="a-key-of-this-form")
    links = set(re.findall(r'href="(/staff[^"#]*)"', (await somebody.get("")).text))
    for target in (
        f"/staff/handoffs?open={campaign.id}",
        f"/staff/campaigns/{campaign.id}",
        f"/staff/patients/{due.id}",
    ):
        assert target in links
    assert any(str(visit.id) in link for link in links)
    for link in links:
        assert (await somebody.http.get(html.unescape(link))).status_code == 200, link


async def test_hostile_words_are_text(ctx: Context, seat: Seated) -> None:
    patient = await make_patient(ctx, name=HOSTILE)
    await book_by_staff(ctx, _wish(ctx, 2, str(patient.email)), actor="system")
    hostile = {"service_name": HOSTILE, "patient_name": HOSTILE, "needs_review": HOSTILE}
    await Appointment.collection().update_many({}, {"$set": hostile})
    await User.collection().update_many({}, {"$set": {"name": HOSTILE}})
    await make_due_patient(ctx, name=HOSTILE)
    campaign = await handed_over(ctx, campaign={"patient_name": HOSTILE}, patient_question=HOSTILE, reason=HOSTILE)
    somebody = await seat()
    await User.collection().update_many({}, {"$set": {"name": HOSTILE, "title": HOSTILE}})
    await somebody.post(f"/handoffs/{campaign.id}/claim")
    text = (await somebody.get("")).text
    assert text.count("&lt;script&gt;") >= 7
    assert "<script>alert" not in text
