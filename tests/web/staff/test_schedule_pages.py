"""The calendar at the dashboard: who may do what, times that are taken, and booking by phone in three fields."""

from typing import Any

import pytest
from beanie import PydanticObjectId

from app.context import Context
from app.models.appointments import Appointment
from app.models.clinic import Clinic
from app.models.enums import AppointmentStatus, ConfirmationStatus, Role
from app.models.patients import Patient
from app.models.records import AuditEntry
from app.models.users import User
from app.services import desk_bookings
from app.services.desk_bookings import StaffBooking
from app.web.staff.phone_booking_pages import _read_who
from tests.conftest import Clock
from tests.factories import make_patient, wall
from tests.web.staff.conftest import Seated

pytestmark = pytest.mark.usefixtures("open_clinic")

TUESDAY = "2026-11-24"
SCRIPT = "<script>alert(1)</script>"


async def make_visit(ctx: Context, at: str = f"{TUESDAY} 10:00", **fields: Any) -> Appointment:
    patient = await make_patient(ctx, **fields)
    wish = StaffBooking(
        name=patient.name,
        email=patient.email,
        phone=None,
        start=wall(await Clinic.load(), at),
        duration_minutes=30,
        service_name="checkup",
        preferred_channel=patient.preferred_channel,
    )
    return await desk_bookings.book(ctx, wish, actor="user:x")


async def stored(visit: Appointment) -> Appointment:
    found = await Appointment.get(visit.id)
    assert found
    return found


class TestReading:
    @pytest.mark.parametrize("role", Role)
    async def test_every_role_sees_the_day_and_the_read_is_written_down(
        self, ctx: Context, seat: Seated, role: Role
    ) -> None:
        visit, somebody = await make_visit(ctx), await seat(role)
        page = (await somebody.get("/schedule", on=TUESDAY)).text
        assert visit.patient_name in page
        [row] = await AuditEntry.find({"action": "appointment.listed"}).to_list()
        assert row.patient_ids == [visit.patient_id]
        assert ("draggable" in page) is (role is not Role.PROVIDER)

    async def test_a_week_begins_on_monday_and_shows_one_provider(self, ctx: Context, seat: Seated) -> None:
        await make_visit(ctx)
        page = (await (await seat()).get("/schedule", on="2026-11-26", view="week")).text
        assert page.count('class="column"') == 7
        assert "Mon 23 Nov" in page
        assert "10:00" in page

    async def test_a_visit_outside_the_usual_hours_widens_the_day(self, ctx: Context, seat: Seated) -> None:
        await make_visit(ctx, f"{TUESDAY} 06:30")
        await make_visit(ctx, f"{TUESDAY} 23:30")
        page = (await (await seat()).get("/schedule", on=TUESDAY)).text
        assert ">6:00<" in page
        assert ">23:00<" in page
        assert "rows-216" in page

    async def test_a_cancelled_visit_keeps_no_place(self, ctx: Context, seat: Seated) -> None:
        visit, somebody = await make_visit(ctx), await seat()
        await somebody.post(f"/schedule/visits/{visit.id}/cancel")
        page = (await somebody.get("/schedule", on=TUESDAY)).text
        assert f"visit-{visit.id}" not in page
        assert "Not coming" in page

    @pytest.mark.parametrize("query", [{"on": "tomorrow"}, {"on": "0001-01-01"}, {"view": "century"}])
    async def test_what_cannot_be_read_is_refused(self, seat: Seated, query: dict[str, str]) -> None:
        assert (await (await seat()).get("/schedule", **query)).status_code == 422

    async def test_a_provider_who_is_unknown(self, seat: Seated) -> None:
        assert (await (await seat()).get("/schedule", provider=str(PydanticObjectId()))).status_code == 404


WRITES = {
    "move": ({"start": f"{TUESDAY}T11:00"}, {Role.ADMIN, Role.MANAGER, Role.FRONT_DESK}),
    "cancel": ({}, {Role.ADMIN, Role.MANAGER, Role.FRONT_DESK}),
    "says": ({"status": "confirmed"}, {Role.ADMIN, Role.MANAGER, Role.FRONT_DESK}),
    "complete": ({}, set(Role)),
    "no-show": ({}, set(Role)),
}


class TestWriting:
    @pytest.mark.parametrize("what", WRITES)
    @pytest.mark.parametrize("role", Role)
    async def test_who_may(self, ctx: Context, seat: Seated, what: str, role: Role) -> None:
        form, roles = WRITES[what]
        visit, somebody = await make_visit(ctx), await seat(role)
        answer = await somebody.post(f"/schedule/visits/{visit.id}/{what}", **form)
        assert answer.status_code == (200 if role in roles else 403)
        assert (await stored(visit) == visit) is (role not in roles)

    async def test_moving_tells_who_shows_the_calendar(self, ctx: Context, seat: Seated) -> None:
        visit, somebody = await make_visit(ctx), await seat()
        answer = await somebody.post(f"/schedule/visits/{visit.id}/move", start=f"{TUESDAY}T14:30")
        assert answer.headers["hx-trigger"] == "schedule-changed"
        assert (await stored(visit)).appointment_date == wall(await Clinic.load(), f"{TUESDAY} 14:30")

    async def test_a_taken_time_leaves_it_where_it_was_and_names_free_ones(self, ctx: Context, seat: Seated) -> None:
        visit, other = await make_visit(ctx), await make_visit(ctx, f"{TUESDAY} 11:00")
        answer = await (await seat()).post(f"/schedule/visits/{visit.id}/move", start=f"{TUESDAY}T11:00")
        assert (answer.status_code, answer.headers["hx-retarget"]) == (409, "#notices")
        assert "Free nearby: 2026-11-24 " in answer.text
        assert (await stored(visit)).appointment_date == visit.appointment_date
        assert (await stored(other)).slot_keys == other.slot_keys

    @pytest.mark.parametrize(
        "start", ["", "soon", "2026-11-24", "2026-11-24T11:00Z", "2026-11-24T11:00:01", "2026-11-20T10:00"]
    )
    async def test_a_time_that_cannot_be(self, ctx: Context, seat: Seated, start: str) -> None:
        visit = await make_visit(ctx)
        answer = await (await seat()).post(f"/schedule/visits/{visit.id}/move", start=start)
        assert answer.status_code == 422
        assert (await stored(visit)).appointment_date == visit.appointment_date

    async def test_an_hour_that_the_clocks_skip(self, ctx: Context, seat: Seated) -> None:
        visit = await make_visit(ctx)
        answer = await (await seat()).post(f"/schedule/visits/{visit.id}/move", start="2027-03-14T02:30")
        assert answer.status_code == 422

    async def test_completing_takes_the_next_check_up(self, ctx: Context, seat: Seated, clock: Clock) -> None:
        visit, somebody = await make_visit(ctx), await seat()
        form = {"next_follow_up_on": "2027-05-24"}
        for _ in range(2):
            assert (await somebody.post(f"/schedule/visits/{visit.id}/complete", **form)).status_code == 200
        patient = await Patient.get(visit.patient_id)
        assert patient
        assert str(patient.next_follow_up_date) == "2027-05-24"
        assert (await stored(visit)).status is AppointmentStatus.COMPLETED
        assert (await somebody.post(f"/schedule/visits/{visit.id}/cancel")).status_code == 409

    async def test_what_the_patient_says(self, ctx: Context, seat: Seated) -> None:
        visit, somebody = await make_visit(ctx), await seat()
        await somebody.post(f"/schedule/visits/{visit.id}/says", status="running_late")
        assert (await stored(visit)).confirmation_status is ConfirmationStatus.RUNNING_LATE
        assert (await somebody.post(f"/schedule/visits/{visit.id}/says", status="maybe")).status_code == 422


class TestBookingByPhone:
    async def test_three_fields_make_a_patient_and_a_visit(self, seat: Seated) -> None:
        form = {"who": "Dora Desk, (518) 555-0142", "what": "checkup", "when": f"{TUESDAY}T10:00"}
        answer = await (await seat(Role.FRONT_DESK)).post("/schedule/book", **form)
        assert "Booked" in answer.text
        [visit] = await Appointment.find_all().to_list()
        patient = await Patient.get(visit.patient_id)
        assert patient
        assert (patient.name, patient.phone) == ("Dora Desk", "+15185550142")

    async def test_a_known_patient_is_chosen_from_the_list(self, ctx: Context, seat: Seated) -> None:
        patient, somebody = await make_patient(ctx, name="Ann Ames"), await seat()
        assert str(patient.id) in (await somebody.get("/schedule/book/people", who="ames")).text
        form = {"who": "ames", "patient": str(patient.id), "what": "checkup", "when": f"{TUESDAY}T10:00"}
        await somebody.post("/schedule/book", **form)
        [visit] = await Appointment.find_all().to_list()
        assert visit.patient_id == patient.id

    async def test_a_taken_time_keeps_what_was_typed_and_offers_others(self, ctx: Context, seat: Seated) -> None:
        visit = await make_visit(ctx)
        form = {"who": "Dora Desk, 5185550142", "what": "checkup", "when": f"{TUESDAY}T10:00"}
        answer = await (await seat()).post("/schedule/book", **form, provider=str(visit.provider_id))
        assert answer.status_code == 409
        assert "Dora Desk, 5185550142" in answer.text
        assert f'data-value="{TUESDAY}T' in answer.text
        assert await Patient.find({"name": "Dora Desk"}).count() == 0

    @pytest.mark.parametrize(
        "form",
        [
            {"who": ""},
            {"who": "Dora Desk"},
            {"who": "5185550142"},
            {"when": ""},
            {"when": "2026-11-20T10:00"},
            {"what": "surgery"},
        ],
    )
    async def test_what_cannot_be_booked(self, seat: Seated, form: dict[str, str]) -> None:
        good = {"who": "Dora Desk, 5185550142", "what": "checkup", "when": f"{TUESDAY}T10:00"}
        answer = await (await seat()).post("/schedule/book", **(good | form))
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text
        assert await Appointment.count() == 0

    @pytest.mark.parametrize("path", ["/schedule/book", "/schedule/book/people"])
    async def test_providers_do_not_book(self, seat: Seated, path: str) -> None:
        somebody = await seat(Role.PROVIDER)
        assert (await somebody.get(path)).status_code == 403
        assert (await somebody.post("/schedule/book")).status_code == 403

    @pytest.mark.parametrize(
        ("who", "read"),
        [
            ("Dora Desk, 518 555 0142", ("Dora Desk", None, "518 555 0142")),
            ("Dora Desk dora@example.com", ("Dora Desk", "dora@example.com", None)),
            ("dora@example.com Dora  Desk +1 518-555-0142", ("Dora Desk", "dora@example.com", "+1 518-555-0142")),
        ],
    )
    def test_who_is_read_as_it_is_typed(self, who: str, read: tuple[str, str | None, str | None]) -> None:
        assert _read_who(who) == read


async def test_a_script_is_text_everywhere(ctx: Context, seat: Seated) -> None:
    [provider] = await User.providers_of()
    await provider.set({"name": SCRIPT})
    visit = await make_visit(ctx, name=SCRIPT)
    await visit.set({"notes": SCRIPT, "needs_review": SCRIPT, "patient_name": SCRIPT, "service_name": SCRIPT})
    somebody = await seat()
    paths = (
        f"/schedule?on={TUESDAY}",
        f"/schedule?on={TUESDAY}&view=week",
        f"/schedule/visits/{visit.id}",
        "/schedule/book/people?who=script",
        f"/schedule/book?provider={provider.id}&when={SCRIPT}",
    )
    for path in paths:
        page = (await somebody.http.get(f"/staff{path}")).text
        assert "<script>alert" not in page, path
        assert "&lt;script&gt;" in page, path
