"""Patients at the dashboard: list, record, changing, stops, merging, export, erasure; who may, and text as text."""

import json
import re
from datetime import date
from typing import Any

import httpx2
import pytest
from beanie import PydanticObjectId

from app.context import Context
from app.models.enums import CampaignStatus, PatientType, Role
from app.models.merges import PatientMerge
from app.models.patients import Patient
from app.models.records import AuditEntry
from app.services import campaigns, patient_changes, patients
from app.services.patient_changes import PatientChanges
from tests.factories import make_due_patient, make_patient, make_recovery
from tests.web.reading import Page
from tests.web.staff.conftest import Seat, Seated
from tests.web.staff.scenes import HOSTILE, handed_over, says

pytestmark = pytest.mark.usefixtures("open_clinic")

FORM = {
    "name": "Ann Ames",
    "email": "Ann@Example.com",
    "phone": "(202) 555-0177",
    "patient_type": "EXISTING",
    "channel_1": "sms",
    "channel_2": "email",
    "channel_3": "sms",
    "next_follow_up_date": "2026-12-01",
    "date_of_birth": "1980-02-29",
    "language": "es",
    "guardian_id": "",
    "notes": HOSTILE,
}


async def at(seat: Seat, address: str) -> httpx2.Response:
    """Open an address of the dashboard with the filters in it."""
    return await seat.http.get(f"/staff{address}")


def shown(page: Page) -> list[str]:
    return re.findall(r'<th scope="row"><a href="/staff/patients/[0-9a-f]{24}">([^<]*)</a>', page.html)


async def changed(ctx: Context, patient: Patient, **fields: Any) -> Patient:
    return await patient_changes.update(ctx, patient.id, PatientChanges(**fields), actor="system")


class TestList:
    async def test_each_filter_shows_what_it_says(self, ctx: Context, seat: Seated) -> None:
        somebody = await seat(Role.PROVIDER)
        await make_patient(ctx, name="Ann Ames", phone="+12025550177")
        await make_due_patient(ctx, name="Dora Due")
        await make_patient(ctx, name="Leo Lead", patient_type=PatientType.COLD_LEAD)
        await changed(ctx, await make_patient(ctx, name="Stan Stopped"), add_opt_outs=["all"])
        everybody = {"Ann Ames", "Dora Due", "Leo Lead", "Stan Stopped"}
        expected = {
            "": everybody,
            "?search=": everybody,
            "?search=AMES": {"Ann Ames"},
            "?search=%28202%29+555-0177": {"Ann Ames"},
            "?type=COLD_LEAD": {"Leo Lead"},
            "?due=now": {"Dora Due", "Leo Lead"},
            "?due=month&type=EXISTING": {"Dora Due"},
            "?show=stopped": {"Stan Stopped"},
            "?search=.*": set(),
        }
        for query, names in expected.items():
            page = Page(await at(somebody, f"/patients{query}"))
            assert set(shown(page)) == names, query
            assert ('class="card empty"' in page.html) == (not names)

    async def test_pages_go_on_and_keep_the_filters(self, ctx: Context, seat: Seated) -> None:
        for number in range(26):
            await make_patient(ctx, name=f"Pat {number:02}")
        somebody = await seat()
        first = Page(await at(somebody, "/patients?search=pat+"))
        [further] = first.hrefs("/staff/patients?search=pat&cursor=")
        second = Page(await at(somebody, further.removeprefix("/staff")))
        assert shown(first) + shown(second) == [f"Pat {number:02}" for number in range(26)]

    @pytest.mark.parametrize("query", ["type=x", "due=x", "show=x", "cursor=x", "cursor=" + "x" * 129, "search=%00"])
    async def test_what_no_filter_says_is_refused_in_words(self, seat: Seated, query: str) -> None:
        assert (await at(await seat(), f"/patients?{query}")).status_code == 422

    async def test_an_empty_clinic_is_told_what_to_do(self, seat: Seated) -> None:
        page = Page(await at(await seat(), "/patients"))
        assert "There are no patients yet." in page.text
        assert "/staff/imports" in page.hrefs()
        assert "/staff/imports" not in Page(await at(await seat(Role.FRONT_DESK), "/patients")).hrefs()

    async def test_a_search_is_text_and_who_was_shown_is_audited(self, ctx: Context, seat: Seated) -> None:
        patient = await make_patient(ctx, name=HOSTILE)
        page = Page(await at(await seat(), "/patients?search=%3Cscript"))
        assert "<script>" not in page.html
        [row] = await AuditEntry.find({"action": "patient.listed"}).to_list()
        assert row.patient_ids == [patient.id]

    async def test_people_to_choose_from(self, ctx: Context, seat: Seated) -> None:
        ann, other = await make_patient(ctx, name=f"Ann {HOSTILE}"), await make_patient(ctx, name="Anna")
        somebody = await seat(Role.FRONT_DESK)
        page = Page(await at(somebody, f"/patients/people?find=ann&field=other&but={other.id}"))
        assert f'name="other" value="{ann.id}"' in page.html
        assert str(other.id) not in page.html
        assert "<script>" not in page.html
        assert "Type a little more" in (await at(somebody, "/patients/people?find=a")).text
        assert "Nobody is found" in (await at(somebody, "/patients/people?find=xyz")).text
        assert (await at(somebody, "/patients/people?find=ann&field=x")).status_code == 422


class TestForm:
    async def test_a_new_patient_is_stored_as_patients_are(self, ctx: Context, seat: Seated) -> None:
        answer = await (await seat(Role.FRONT_DESK)).post("/patients/new", **FORM)
        [patient] = await Patient.find_all().to_list()
        assert (answer.status_code, answer.headers["hx-redirect"]) == (204, f"/staff/patients/{patient.id}?done=added")
        assert (patient.email, patient.phone) == ("ann@example.com", "+12025550177")
        assert patient.preferred_channel == ["sms", "email"]
        assert (patient.date_of_birth, patient.language) == (date(1980, 2, 29), "es")

    @pytest.mark.parametrize(
        ("field", "typed"),
        [
            ("name", ""),
            ("name", "a\nb"),
            ("name", "x" * 201),
            ("email", "ann@"),
            ("phone", "12"),
            ("phone", "+1 202 555 01 77 and more than that"),
            ("patient_type", "x"),
            ("channel_1", ""),
            ("channel_2", "fax"),
            ("next_follow_up_date", "tomorrow"),
            ("next_follow_up_date", "0001-01-01"),
            ("date_of_birth", "1980-02-30"),
            ("language", "EN"),
            ("guardian_id", "x"),
            ("notes", "x" * 1001),
        ],
    )
    async def test_a_wrong_field_is_shown_and_nothing_is_lost(self, seat: Seated, field: str, typed: str) -> None:
        page = Page(await (await seat()).post("/patients/new", **(FORM | {field: typed})))
        assert page.status == 422
        assert f'id="{field}-problem"' in page.html
        assert "<script>" not in page.html
        assert page.fields()["email"] == (typed if field == "email" else FORM["email"])
        assert await Patient.count() == 0

    async def test_an_address_of_another_family_names_that_patient(self, ctx: Context, seat: Seated) -> None:
        holder = await make_patient(ctx, email="ann@example.com")
        page = Page(await (await seat()).post("/patients/new", **FORM))
        assert page.status == 409
        assert f"/staff/patients/{holder.id}" in page.hrefs()
        born_later = FORM | {"email": "other@example.com", "date_of_birth": "2199-01-01"}
        assert "lies in the future" in Page(await (await seat()).post("/patients/new", **born_later)).text

    async def test_only_what_was_changed_is_written(self, ctx: Context, seat: Seated) -> None:
        patient, somebody = await make_patient(ctx, name="Ann Ames", notes="old"), await seat(Role.FRONT_DESK)
        fields = Page(await at(somebody, f"/patients/{patient.id}/edit")).fields()
        assert fields["was_notes"] == "old"
        opened = {name: value for name, value in fields.items() if name.startswith("was_")}
        same = {name.removeprefix("was_"): value for name, value in opened.items()}
        await changed(ctx, patient, fields={"notes": "a colleague's"})  # meanwhile
        answer = await somebody.post(f"/patients/{patient.id}/edit", **opened, **(same | {"name": "Ann Lee"}))
        assert answer.status_code == 204
        now = await patients.get(patient.id)
        assert (now.name, now.notes, now.email) == ("Ann Lee", "a colleague's", patient.email)
        before = await AuditEntry.find({"action": "patient.updated"}).count()
        assert (await somebody.post(f"/patients/{patient.id}/edit", **opened, **same)).status_code == 204
        assert await AuditEntry.find({"action": "patient.updated"}).count() == before


class TestRecord:
    async def test_everything_of_a_hostile_patient_is_text(self, ctx: Context, seat: Seated) -> None:
        guardian = await make_patient(ctx, name=f"{HOSTILE} guardian")
        campaign = await handed_over(
            ctx, campaign={"patient_name": f"Pat {HOSTILE}", "initial_inquiry": HOSTILE}, reason=HOSTILE
        )
        await says(ctx, campaign, HOSTILE)
        patient = await patients.get(campaign.patient_id)
        await changed(ctx, patient, fields={"notes": HOSTILE, "guardian_id": guardian.id})
        await changed(ctx, patient, add_opt_outs=["whatsapp"])
        await changed(ctx, patient, remove_opt_outs=["whatsapp"], reason=HOSTILE)
        somebody = await seat()
        for path in ("", "/edit", "/erase", "/merge", f"/merge?other={guardian.id}", "/timeline"):
            page = Page(await at(somebody, f"/patients/{patient.id}{path}"))
            assert page.status == 200, path
            assert "<script>alert" not in page.html, path
            assert "&lt;script&gt;" in page.html, path
        assert "<script>alert" not in (await at(somebody, f"/patients/{guardian.id}")).text

    async def test_reads_are_audited(self, ctx: Context, seat: Seated) -> None:
        patient, somebody = await make_patient(ctx), await seat(Role.PROVIDER)
        assert (await at(somebody, f"/patients/{patient.id}")).status_code == 200
        [row] = await AuditEntry.find({"action": "patient.read"}).to_list()
        assert (row.actor, row.patient_ids) == (f"user:{somebody.user.id}", [patient.id])

    async def test_a_stop_says_who_and_when_and_is_lifted_with_a_reason(self, ctx: Context, seat: Seated) -> None:
        campaign, somebody = await make_recovery(ctx), await seat(Role.FRONT_DESK)
        path = f"/patients/{campaign.patient_id}"
        page = Page(await somebody.post(f"{path}/stop", channel="all"))
        assert "Wants no messages" in page.text
        assert f"entered by staff by {somebody.user.name}" in page.text
        assert "Declined" in page.text
        assert (await somebody.post(f"{path}/allow", channel="all", reason=" x ")).status_code == 422
        assert (await somebody.post(f"{path}/allow", channel="fax", reason="Asked for it")).status_code == 422
        assert (await somebody.post(f"{path}/allow", channel="sms", reason="Asked for it")).status_code == 409
        page = Page(await somebody.post(f"{path}/allow", channel="all", reason="Asked for it"))
        assert "Nothing is stopped." in page.text
        assert (await patients.get(campaign.patient_id)).opt_outs == []

    async def test_the_timeline_goes_on(self, ctx: Context, seat: Seated) -> None:
        campaign, somebody = await make_recovery(ctx), await seat()
        for number in range(30):
            await says(ctx, campaign, f"Message {number:02}")
        page = Page(await at(somebody, f"/patients/{campaign.patient_id}"))
        [older] = page.hrefs(f"/staff/patients/{campaign.patient_id}?older=")
        further = await at(somebody, older.removeprefix("/staff").replace("?", "/timeline?"))
        texts = re.findall(r"Message \d\d", page.text + Page(further).text)
        assert sorted(texts) == [f"Message {number:02}" for number in range(30)]
        assert (await at(somebody, f"/patients/{campaign.patient_id}?older=x")).status_code == 422

    async def test_a_status_is_told_as_the_lists_call_it_and_what_was_written_stays(
        self, ctx: Context, seat: Seated
    ) -> None:
        campaign, somebody = await handed_over(ctx), await seat(Role.FRONT_DESK)
        await says(ctx, campaign, "My code is HANDOFF_REQUIRED")
        await campaigns.change_status(
            ctx, campaign.id, CampaignStatus.RE_ENGAGED, actor=f"user:{somebody.user.id}", reason=None
        )
        text = Page(await at(somebody, f"/patients/{campaign.patient_id}")).text
        assert "My code is HANDOFF_REQUIRED" in text
        assert "needs a person → in conversation" in text
        assert text.count("HANDOFF_REQUIRED") == 1
        assert "RE_ENGAGED" not in text

    async def test_nobody_is_there(self, seat: Seated) -> None:
        somebody = await seat()
        for path in ("", "/edit", "/erase", "/merge", "/timeline", "/export"):
            answer = await at(somebody, f"/patients/{PydanticObjectId()}{path}")
            assert answer.status_code == 404, path
            assert 'role="alert"' in answer.text


class TestWholeRecord:
    async def test_two_records_become_one_and_two_again(self, ctx: Context, seat: Seated) -> None:
        keeper = await seat(Role.MANAGER)
        stays = await make_patient(ctx, name="Ann Ames", phone=None)
        goes = await make_patient(ctx, name="Anna Ames", email=None, phone="+12025550177", notes="afraid")
        await changed(ctx, goes, add_opt_outs=["sms"])
        path = f"/patients/{stays.id}/merge"
        page = Page(await at(keeper, f"{path}?other={goes.id}"))
        assert "afraid new" in page.text
        assert "+1 202-555-0177 new" in page.text
        assert "Anna Ames not kept" in page.text
        assert (await patients.get(goes.id)).merged_into is None
        answer = await keeper.post(path, other=str(goes.id), reason="twice")
        assert answer.headers["hx-redirect"] == f"/staff/patients/{stays.id}?done=merged"
        again = Page(await keeper.post(path, other=str(goes.id)))
        assert again.status == 409
        assert "merged into another one" in again.text
        assert f"/staff/patients/{stays.id}" in Page(await at(keeper, f"/patients/{goes.id}")).hrefs()
        [merge] = await PatientMerge.find_all().to_list()
        assert "Undo the merge" in Page(await at(keeper, f"/patients/{stays.id}")).text
        for _ in range(2):
            undone = await keeper.post(f"/patients/{stays.id}/merges/{merge.id}/undo")
            assert undone.headers["hx-redirect"] == f"/staff/patients/{stays.id}?done=undone"
        assert (await patients.get(goes.id)).phone == "+12025550177"

    async def test_a_merge_that_cannot_be_says_so_before_anybody_clicks(self, ctx: Context, seat: Seated) -> None:
        guardian = await make_patient(ctx)
        child = await make_patient(ctx, email=None, guardian_id=guardian.id)
        keeper = await seat(Role.MANAGER)
        page = Page(await at(keeper, f"/patients/{guardian.id}/merge?other={child.id}"))
        assert "guardian" in page.text
        assert "disabled" in page.html
        assert (await at(keeper, f"/patients/{guardian.id}/merge?other={guardian.id}")).status_code == 422

    async def test_the_export_is_a_file(self, ctx: Context, seat: Seated) -> None:
        patient = await make_patient(ctx)
        answer = await at(await seat(Role.MANAGER), f"/patients/{patient.id}/export")
        assert answer.headers["content-disposition"] == f'attachment; filename="patient-{patient.id}.json"'
        assert json.loads(answer.text)["patient"]["name"] == patient.name

    async def test_what_stands_in_the_way_of_an_erasure_can_be_opened(self, ctx: Context, seat: Seated) -> None:
        guardian, admin = await make_patient(ctx, name="Gus Guardian"), await seat()
        child = await make_patient(ctx, email=None, guardian_id=guardian.id)
        page = Page(await admin.post(f"/patients/{guardian.id}/erase", confirm_name="Gus Guardian", reason="asked"))
        assert page.status == 409
        assert f"/staff/patients/{child.id}" in page.hrefs()

    async def test_everybody_is_told_who_may_do_what_with_a_whole_record(self, ctx: Context, seat: Seated) -> None:
        patient = await make_patient(ctx)
        path = f"/patients/{patient.id}"
        assert "A manager can merge doubles" in Page(await at(await seat(Role.FRONT_DESK), path)).text
        keeper = Page(await at(await seat(Role.MANAGER), path))
        assert "Only an administrator erases a record." in keeper.text
        assert f"/staff{path}/export" in keeper.hrefs()
        page = Page(await at(await seat(), f"{path}/erase"))
        for said in ("Goes", "Stays", "the clinic's numbers stay true", "Not reached", "Administrators only."):
            assert said in page.text

    async def test_an_erasure_wants_the_name_and_a_reason(self, ctx: Context, seat: Seated) -> None:
        campaign, admin = await make_recovery(ctx, patient_name="Ann Ames"), await seat()
        path = f"/patients/{campaign.patient_id}/erase"
        for fields, said in (
            ({"confirm_name": "Ann", "reason": "asked"}, "must be the patient's full name"),
            ({"confirm_name": "Ann Ames", "reason": " "}, "Say why"),
            ({"confirm_name": "Ann Ames", "reason": "asked"}, "active campaign"),
            ({"confirm_name": "Ann Ames", "reason": "asked"}, "Open that campaign"),
        ):
            page = Page(await admin.post(path, **fields))
            assert page.status in (409, 422)
            assert said in page.text
            assert page.fields()["confirm_name"] == fields["confirm_name"]
        done = await admin.post(path, confirm_name="ann  ames", reason="asked", close_open="yes")
        assert done.headers["hx-redirect"] == f"/staff/patients/{campaign.patient_id}?done=erased"
        page = Page(await at(admin, f"/patients/{campaign.patient_id}?done=erased"))
        assert "Ann Ames" not in page.text
        assert "Erase for ever" not in page.text


MAY_NOT = {
    Role.PROVIDER: ("/new", "/people", "/{id}/edit", "/{id}/merge", "/{id}/export", "/{id}/erase"),
    Role.FRONT_DESK: ("/{id}/merge", "/{id}/export", "/{id}/erase"),
    Role.MANAGER: ("/{id}/erase",),
}
WRITES = {
    Role.PROVIDER: ("/new", "/{id}/edit", "/{id}/stop", "/{id}/allow", "/{id}/merge", "/{id}/erase"),
    Role.FRONT_DESK: ("/{id}/merge", "/{id}/erase", "/{id}/merges/{id}/undo"),
    Role.MANAGER: ("/{id}/erase",),
}


@pytest.mark.parametrize("role", MAY_NOT)
async def test_who_may_not(ctx: Context, seat: Seated, role: Role) -> None:
    patient, somebody = await make_patient(ctx), await seat(role)
    before = await AuditEntry.count()
    for path in MAY_NOT[role]:
        assert (await at(somebody, f"/patients{path.format(id=patient.id)}")).status_code == 403, path
    for path in WRITES[role]:
        answer = await somebody.post(f"/patients{path.format(id=patient.id)}", other=str(patient.id), **FORM)
        assert answer.status_code == 403, path
    assert await AuditEntry.count() == before
    assert await Patient.find_all().to_list() == [patient]


@pytest.mark.parametrize("path", ["new", "{id}/edit", "{id}/stop", "{id}/allow", "{id}/merge", "{id}/erase"])
async def test_a_form_from_elsewhere_is_refused(ctx: Context, seat: Seated, path: str) -> None:
    patient, somebody = await make_patient(ctx), await seat()
    answer = await somebody.http.post(f"/staff/patients/{path.format(id=patient.id)}", data=FORM | {"csrf": "x" * 64})
    assert answer.status_code == 403
    assert await Patient.find_all().to_list() == [patient]
