"""Patient files at the dashboard: columns before anything is stored, the check's report, the import, who may."""

import csv
import io
import re
from typing import Any

import httpx2
import pytest

from app.context import Context
from app.jobs.registry import run_job
from app.models.enums import ImportState, Role
from app.models.imports import PatientImport
from app.models.patients import Patient
from app.models.records import AuditEntry
from app.services import audit
from tests.factories import make_patient
from tests.web.reading import Page
from tests.web.staff.conftest import Seat, Seated
from tests.web.staff.scenes import HOSTILE

pytestmark = pytest.mark.usefixtures("open_clinic")

FILE = (
    "Name,Mail,Cell,Recall Due,Colour\r\n"
    f'"Ann ""{HOSTILE}""",ann@example.com,(202) 555-0177,2026-12-01,{HOSTILE}\r\n'
    "Bob,not-an-address,,2026-12-01,red\r\n"
    "Pat Known,pat@example.com,,2026-12-05,red\r\n"
)


async def send(seat: Seat, path: str, content: bytes | str = FILE, **fields: Any) -> httpx2.Response:
    """The upload form, as the page's script sends it."""
    file = {"file": ("patients.csv", content if isinstance(content, bytes) else content.encode(), "text/csv")}
    return await seat.http.post(f"/staff/imports{path}", data=fields, files=file, headers=seat.script)


async def uploaded(seat: Seat, content: str = FILE, **fields: Any) -> PatientImport:
    answer = await send(seat, "", content, **fields)
    assert answer.status_code == 204, answer.text
    [held] = await PatientImport.find_all().to_list()
    assert answer.headers["hx-redirect"] == f"/staff/imports/{held.id}"
    return held


async def test_the_columns_are_shown_and_nothing_is_stored(ctx: Context, seat: Seated) -> None:
    page = Page(await send(await seat(Role.MANAGER), "/columns"))
    chosen = re.findall(r'<option value="([^"]+)" selected>', page.html)
    assert chosen == ["name", "email", "phone", "next_follow_up_date"]
    assert page.text.count("not-an-address") == 1
    assert "<script>" not in page.html
    assert await PatientImport.count() == 0
    assert await ctx.database.handle["patient_import_files.chunks"].count_documents({}) == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The file is empty."),
        (b"PK\x03\x04\x00\x00", "not a CSV file"),
        (b"just one column\nAnn\n", "no column holds the patient's name"),
        (b"Name,Name,Email\nAnn,Ann,a@b.c\n", "two columns hold this"),
    ],
)
async def test_a_file_that_cannot_be_read_says_why(seat: Seated, content: bytes, said: str) -> None:
    somebody = await seat()
    assert said in Page(await send(somebody, "/columns", content)).text
    answer = await send(somebody, "", content)
    assert answer.status_code == 422
    assert answer.headers["hx-retarget"] == "#notices"
    assert await PatientImport.count() == 0


async def test_a_letter_cut_in_two_by_the_beginning_is_no_other_encoding(seat: Seated) -> None:
    rows = "".join(f"Zoë{'ë' * 300},z{number}@example.com\n" for number in range(200))
    page = Page(await send(await seat(), "/columns", f"Name,Email\n{rows}".encode()))
    assert "Zoë" in page.text
    assert "Ã" not in page.text


async def test_without_a_file_or_with_a_wrong_choice(seat: Seated) -> None:
    somebody = await seat()
    assert (await somebody.post("/imports")).status_code == 422
    assert (await somebody.post("/imports/columns", file="a word")).status_code == 422
    assert (await send(somebody, "", date_format="x")).status_code == 422
    assert (await send(somebody, "", heading=["Name"], field=["nonsense"])).status_code == 422
    assert (await send(somebody, "", heading=["Name", "Mail"], field=["name"])).status_code == 422


async def test_checked_brought_in_and_looked_at(ctx: Context, seat: Seated) -> None:
    keeper = await seat(Role.MANAGER)
    known = await make_patient(ctx, name="Pat Known", email="pat@example.com")
    held = await uploaded(keeper, heading=["Mail", "Colour"], field=["email", "notes"])
    path = f"/imports/{held.id}"
    waiting = Page(await keeper.get(path))
    assert "Waiting to be checked" in waiting.text
    assert 'hx-trigger="every 1s"' in waiting.html
    assert (await keeper.get(f"{path}/progress")).status_code == 200
    await run_job(ctx, "imports")
    assert (await keeper.get(f"{path}/progress")).headers["hx-refresh"] == "true"
    report = Page(await keeper.get(path))
    assert "1 Would be new 1 Would change 0 As they were 1 Would be skipped" in report.text
    assert "3 E-mail: is not one e-mail address." in report.text
    assert await Patient.count() == 1
    for _ in range(2):
        assert (await keeper.post(f"{path}/start")).headers["hx-redirect"] == f"/staff{path}"
    await run_job(ctx, "imports")
    changed = Page(await keeper.http.get(f"/staff{path}?outcome=updated"))
    assert "Pat Known" in changed.text
    assert f"/staff/patients/{known.id}" in changed.hrefs()
    new = Page(await keeper.http.get(f"/staff{path}?outcome=created"))
    assert "<script>" not in new.html
    assert "&lt;script&gt;" in new.html
    assert "Imported" in Page(await keeper.get("/imports")).text
    assert (await keeper.post(f"{path}/cancel")).status_code == 409
    assert (await Patient.find_one({"email": "ann@example.com"})).notes == HOSTILE  # type: ignore[union-attr]


async def test_the_report_is_a_table_that_runs_nothing_and_repeats_no_cell(ctx: Context, seat: Seated) -> None:
    keeper = await seat(Role.MANAGER)
    await make_patient(ctx, name="Pat Known", email="pat@example.com")
    formulas = FILE + "\"=cmd|' /C calc'!A0\",=1+1,@SUM(A1),+1,-2\r\n"
    held = await uploaded(keeper, formulas, heading=["Mail", "Colour"], field=["email", "notes"])
    await run_job(ctx, "imports")
    answer = await keeper.get(f"/imports/{held.id}/report.csv")
    assert answer.headers["content-disposition"] == f'attachment; filename="import-{ctx.now():%Y-%m-%d}-report.csv"'
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert rows[0] == ["Line", "Result", "Field", "What it says"]
    assert ["3", "would be skipped", "E-mail", "is not one e-mail address."] in rows
    assert ["2", "would be new", "", ""] in rows
    assert [row[:2] for row in rows if row[0] == "4"] == [["4", "would change"]]
    assert {row[1] for row in rows if row[0] == "5"} == {"would be skipped"}
    for told in ("Ann", "pat@example.com", "cmd|", "SUM("):
        assert told not in answer.text
    [row] = await AuditEntry.find({"action": "patient_import.report_read"}).to_list()
    assert (row.actor, row.document_id) == (f"user:{keeper.user.id}", str(held.id))
    assert f"/staff/imports/{held.id}/report.csv" in Page(await keeper.get(f"/imports/{held.id}")).hrefs()


async def test_a_formula_in_a_file_is_stored_and_shown_as_the_text_it_is(ctx: Context, seat: Seated) -> None:
    keeper = await seat()
    await uploaded(keeper, "Name,Email,Notes\n=1+1,f@example.com,=HYPERLINK(x)\n", patient_type="EXISTING")
    await run_job(ctx, "imports")
    [held] = await PatientImport.find_all().to_list()
    await keeper.post(f"/imports/{held.id}/start")
    await run_job(ctx, "imports")
    [patient] = await Patient.find_all().to_list()
    assert (patient.name, patient.notes) == ("=1+1", "=HYPERLINK(x)")
    assert "=HYPERLINK(x)" in Page(await keeper.get(f"/patients/{patient.id}")).text


async def test_the_same_file_again_says_that_nothing_differs(ctx: Context, seat: Seated) -> None:
    keeper = await seat()

    async def check() -> tuple[str, Page]:
        answer = await send(keeper, "", "Name,Email\nAnn,ann@example.com\n", patient_type="EXISTING")
        path = answer.headers["hx-redirect"].removeprefix("/staff")
        await run_job(ctx, "imports")
        return path, Page(await keeper.get(path))

    path, first = await check()
    assert "1 patient would be added" in first.text
    await keeper.post(f"{path}/start")
    await run_job(ctx, "imports")
    path, again = await check()
    assert "Everybody in this file is known already and nothing differs" in again.text
    assert "Import them" not in again.text
    assert "1 rows that say nothing new" in (await keeper.get(f"{path}/report.csv")).text
    assert await Patient.count() == 1


async def test_an_older_encoding_is_read_and_said(seat: Seated) -> None:
    page = Page(await send(await seat(), "/columns", "Name,Email\nZoë Müller,z@example.com\n".encode("cp1252")))
    assert "Zoë Müller" in page.text
    assert "Read as Windows-1252 (older Excel)." in page.text
    assert "Read as" not in Page(await send(await seat(), "/columns", "Name,Email\nZoë,z@example.com\n")).text


async def test_a_file_is_thrown_away(ctx: Context, seat: Seated) -> None:
    keeper = await seat()
    held = await uploaded(keeper)
    assert (await keeper.post(f"/imports/{held.id}/start")).status_code == 409
    for _ in range(2):
        assert (await keeper.post(f"/imports/{held.id}/cancel")).status_code == 204
    page = Page(await keeper.get(f"/imports/{held.id}"))
    assert "Cancelled" in page.text
    assert "every 1s" not in page.html
    await run_job(ctx, "imports", by=audit.SYSTEM)
    assert await Patient.count() == 0


async def test_a_stopped_import_says_what_stays_and_how_to_go_on(ctx: Context, seat: Seated) -> None:
    keeper = await seat()
    held = await uploaded(keeper)
    await run_job(ctx, "imports")
    await keeper.post(f"/imports/{held.id}/start")
    running = Page(await keeper.get(f"/imports/{held.id}"))
    assert "No row is skipped." not in running.text  # nobody knows yet
    assert "0 New 0 Changed" in running.text
    await keeper.post(f"/imports/{held.id}/cancel")
    assert (
        "It was stopped after 0 of 3 rows; what was imported stays."
        in Page(await keeper.get(f"/imports/{held.id}")).text
    )


async def test_following_the_work_keeps_nobody_signed_in(ctx: Context, seat: Seated) -> None:
    keeper = await seat()
    held = await uploaded(keeper)
    assert '{"X-By-Itself": "1"}' in (await keeper.get(f"/imports/{held.id}")).text
    assert held.state is ImportState.UPLOADED


@pytest.mark.parametrize("query", ["?outcome=x", "?page=0", "?page=101", "?outcome=unchanged&page=x"])
async def test_an_address_that_holds_nonsense(seat: Seated, query: str) -> None:
    keeper = await seat()
    held = await uploaded(keeper)
    assert (await keeper.http.get(f"/staff/imports/{held.id}{query}")).status_code == 422
    assert (await keeper.get("/imports/" + "0" * 24)).status_code == 404


@pytest.mark.parametrize("role", [Role.PROVIDER, Role.FRONT_DESK])
async def test_who_may_not(seat: Seated, role: Role) -> None:
    held, somebody = await uploaded(await seat()), await seat(role)
    for path in ("", f"/{held.id}", f"/{held.id}/progress", f"/{held.id}/report.csv"):
        assert (await somebody.get(f"/imports{path}")).status_code == 403
    for path in ("", "/columns", f"/{held.id}/start", f"/{held.id}/cancel"):
        assert (await send(somebody, path)).status_code == 403
    assert await PatientImport.count() == 1


async def test_a_form_from_elsewhere_is_refused(seat: Seated) -> None:
    somebody = await seat()
    headers = somebody.script | {"Sec-Fetch-Site": "cross-site"}
    answer = await somebody.http.post("/staff/imports", files={"file": ("a.csv", FILE.encode())}, headers=headers)
    assert answer.status_code == 403
    assert await PatientImport.count() == 0


async def test_no_import_yet(seat: Seated) -> None:
    assert "No file was imported yet." in Page(await (await seat()).get("/imports")).text
