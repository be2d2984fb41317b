"""Patient files over HTTP: upload, progress, rows, start, cancel, and what is refused at the door."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import pytest

from app.api.v1.schemas.patient_imports import EXAMPLE
from app.domain.import_columns import ImportField
from app.jobs import imports
from app.models.enums import Role
from app.models.imports import ImportRow, PatientImport
from app.models.patients import Patient
from app.models.records import AuditEntry
from app.services.imports.uploads import MOST_BYTES
from tests.api.conftest import House
from tests.api.shapes import HEX_ID, PAGINATION, accepted, refused
from tests.factories import make_patient, make_user, token_for
from tests.server import RunningServer
from tests.services.patient_files import people, text_of

IMPORTS = "/api/v1/admin/patient-imports"
TEXT = text_of(people(3))


async def upload(house: House, content: Any = TEXT, *, kind: str | None = "text/csv", **params: Any) -> httpx2.Response:
    headers = house.staff | ({"Content-Type": kind} if kind else {})
    return await house.http.post(IMPORTS, content=content, headers=headers, params=params)


async def import_id(house: House, content: Any = TEXT, **params: Any) -> str:
    return str(accepted(await upload(house, content, **params), 201, {"import_id": HEX_ID})["import_id"])


async def look(house: House, identifier: str) -> Any:
    return accepted(await house.get(f"patient-imports/{identifier}"), 200, dict.fromkeys(EXAMPLE, object))


class TestTheWayThrough:
    async def test_upload_check_start_done(self, house: House) -> None:
        text = text_of([*people(3), "Broken,nothing,,2026-05-04"])
        first = accepted(await upload(house, text), 201, {"state": "uploaded", "rows_done": 0, "rows_total": 5})
        assert first["columns"] == {name: name for name in ("name", "email", "phone", "last_visit_on")}
        identifier = first["import_id"]

        assert await imports.drain(house.ctx) == {"checked": 1}
        checked = await look(house, identifier)
        assert (checked["state"], checked["percent"], checked["rows_total"]) == ("checked", 100, 4)
        assert checked["counts"] == {"rows": 4, "create": 3, "update": 0, "unchanged": 0, "refuse": 1}
        assert await Patient.count() == 0

        started = accepted(await house.post(f"patient-imports/{identifier}/start"), 200, {"state": "importing"})
        assert (started["percent"], started["imported"]["rows"]) == (0, 0)
        assert await imports.drain(house.ctx) == {"imported": 1}
        done = await look(house, identifier)
        assert (done["state"], done["percent"], done["imported"]) == ("done", 100, checked["counts"])
        assert done["created_by"] == done["started_by"] == f"user:{house.admin.id}"
        assert await Patient.count() == 3
        again = accepted(await house.post(f"patient-imports/{identifier}/start"), 200, {"state": "done"})
        assert again == done

    async def test_the_timetables_job_does_the_work(self, house: House) -> None:
        identifier = await import_id(house)
        answer = await house.http.post("/api/v1/admin/jobs/imports/run", json={}, headers=house.staff)
        assert answer.status_code == 200
        assert (await look(house, identifier))["state"] == "checked"

    async def test_rows_by_outcome_and_page(self, house: House) -> None:
        await make_patient(house.ctx, name="Pat1 Example", email="pat1@example.com")
        identifier = await import_id(house, text_of([*people(3), *(["Canary,nobody,,2026-05-04"] * 5)]))
        await imports.drain(house.ctx)
        path = f"patient-imports/{identifier}/rows"
        shape = {
            "pagination": PAGINATION,
            "is_dry_run": True,
            "rows": [{"line": int, "reasons": list, "changed": list}],
        }
        everything = accepted(await house.get(path), 200, shape)
        assert [(row["line"], row["outcome"]) for row in everything["rows"]] == [
            (2, "created"),
            (3, "updated"),
            (4, "created"),
            *((line, "refused") for line in range(5, 10)),
        ]
        page = accepted(await house.get(path, outcome="refused", page=2, limit=2), 200, shape)
        assert [row["line"] for row in page["rows"]] == [7, 8]
        assert page["pagination"]["total_items"] == 5
        assert page["rows"][0]["reasons"] == [{"field": "email", "message": "is not one e-mail address."}]
        updated = accepted(await house.get(path, outcome="updated"), 200, shape)["rows"]
        assert updated[0]["changed"] == ["phone", "treatment_history"]
        assert "Canary" not in str(everything)

    async def test_the_list_is_paged_newest_first(self, house: House) -> None:
        assert accepted(await house.get("patient-imports"), 200, {"imports": []})["pagination"]["total_items"] == 0
        identifiers = [await import_id(house) for _ in range(3)]
        page = accepted(await house.get("patient-imports", limit=2), 200, {"pagination": PAGINATION})
        assert [row["import_id"] for row in page["imports"]] == identifiers[:0:-1]
        assert page["pagination"]["total_pages"] == 2

    async def test_cancel(self, house: House) -> None:
        identifier = await import_id(house)
        for _ in range(2):
            accepted(await house.post(f"patient-imports/{identifier}/cancel"), 200, {"state": "cancelled"})
        refused(await house.post(f"patient-imports/{identifier}/start"), 409, "CONFLICT")
        assert await imports.drain(house.ctx) == {}

    async def test_started_too_early(self, house: House) -> None:
        identifier = await import_id(house)
        body = refused(await house.post(f"patient-imports/{identifier}/start"), 409, "CONFLICT")
        assert body["state"] == "uploaded"


class TestColumns:
    async def test_chosen_ones(self, house: House) -> None:
        text = "Who: the patient;E-Post;Rückruf;Email\nAnn Lee;ann@example.com;01.12.2026;old@example.com\n"
        columns = ["Who: the patient:name", "E-Post:email", "Rückruf:next_follow_up_date"]
        body = accepted(await upload(house, text.encode("cp1252"), column=columns, date_format="dmy"), 201, {})
        assert body["columns"] == {
            "Who: the patient": "name",
            "E-Post": "email",
            "Rückruf": "next_follow_up_date",
            "Email": None,
        }
        assert (body["delimiter"], body["encoding"], body["date_format"]) == (";", "cp1252", "dmy")
        await imports.drain(house.ctx)
        accepted(await house.post(f"patient-imports/{body['import_id']}/start"), 200, {})
        await imports.drain(house.ctx)
        [ann] = await Patient.find_all().to_list()
        assert (ann.name, ann.email, str(ann.next_follow_up_date)) == ("Ann Lee", "ann@example.com", "2026-12-01")

    @pytest.mark.parametrize(
        ("heading", "params", "fields"),
        [
            ("name,last visit", {}, ["email"]),
            ("email,last visit", {}, ["name"]),
            ("first name,email,last visit", {}, ["name"]),
            ("name,email", {}, ["patient_type"]),
            ("name,email,E-Mail,last visit", {}, ["email"]),
            ("name,email,email,last visit", {"column": "email:email"}, ["column.1", "email"]),
            ("name,email,last visit", {"column": ["name:name", "Ghost:notes"]}, ["column.2"]),
            ("Canary Person,canary@example.com,2026-05-04", {}, ["name", "email", "patient_type"]),
        ],
    )
    async def test_unknown_doubtful_and_missing_ones_are_refused_at_once(
        self, house: House, heading: str, params: dict[str, Any], fields: list[str]
    ) -> None:
        body = refused(await upload(house, f"{heading}\nAnn,ann@example.com,2026-05-04\n", **params), 422)
        assert [problem["field"] for problem in body["errors"]] == fields
        assert body["expected"]["fields"] == [field.value for field in ImportField]
        assert body["found"]["columns"] == len(heading.split(","))
        assert "anary" not in str(body)
        await assert_nothing_stays(house)

    @pytest.mark.parametrize(
        "params",
        [
            {"column": "Email"},
            {"column": "Email:password"},
            {"column": ":email"},
            {"column": "a\x00b:email"},
            {"column": "x" * 300 + ":email"},
            {"column": ["Email:email"] * 201},
            {"date_format": "ymd"},
            {"patient_type": "VIP"},
        ],
    )
    async def test_choices_that_are_none(self, house: House, params: dict[str, Any]) -> None:
        refused(await upload(house, **params), 422, "VALIDATION_ERROR")
        await assert_nothing_stays(house)


async def assert_nothing_stays(house: House) -> None:
    assert await PatientImport.count() == 0
    for part in ("chunks", "files"):
        assert await house.ctx.database.handle[f"patient_import_files.{part}"].count_documents({}) == 0


class TestFiles:
    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"\r\n \r\n",
            b"PK\x03\x04\x00\x00\x00",
            "name,email".encode("utf-16"),
            b'"name,email\nAnn,a@example.com\n',
            b"na\x07me,email,last visit\n",
            b",".join([b"x"] * 201) + b"\n",
            b"name," + b"y" * 201 + b"\n",
            b"z" * 100_000,
        ],
    )
    async def test_what_is_no_csv_with_a_heading(self, house: House, content: bytes) -> None:
        refused(await upload(house, content), 422, "VALIDATION_ERROR")
        await assert_nothing_stays(house)

    @pytest.mark.parametrize("kind", [None, "application/json", "application/x-www-form-urlencoded", "text/plain"])
    async def test_another_type(self, house: House, kind: str | None) -> None:
        refused(await upload(house, TEXT, kind=kind), 415, "UNSUPPORTED_MEDIA_TYPE")
        await assert_nothing_stays(house)

    async def test_a_type_with_parameters(self, house: House) -> None:
        accepted(await upload(house, kind="Text/CSV; charset=utf-8; header=present"), 201, {})

    @pytest.mark.parametrize("with_length", [True, False])
    async def test_more_than_the_general_limit_and_up_to_its_own(self, house: House, *, with_length: bool) -> None:
        """The application's limit of 1 MiB does not cut this route; its own does, with and without Content-Length."""
        heading, row = b"name,email,last visit,comment\n", b"Ann,ann@example.com,2026-05-04," + b"x" * 1_000 + b"\n"
        for size, status in ((MOST_BYTES, 201), (MOST_BYTES + 1, 413)):
            rest = size - len(heading)
            content = heading + row * (rest // len(row)) + b"," * (rest % len(row))
            assert len(content) == size
            answer = await upload(house, content if with_length else in_pieces(content))
            if status == 413:
                refused(answer, 413, "BODY_TOO_LARGE")
            else:
                accepted(answer, 201, {"state": "uploaded"})
                accepted(await house.post(f"patient-imports/{answer.json()['import_id']}/cancel"), 200, {})
        assert await PatientImport.find({"state": {"$ne": "cancelled"}}).count() == 0
        assert await house.ctx.database.handle["patient_import_files.chunks"].count_documents({}) == 0

    async def test_the_general_limit_still_stands_elsewhere(self, house: House) -> None:
        answer = await house.http.post("/api/v1/admin/patients", content=b" " * (1024**2 + 1), headers=house.staff)
        refused(answer, 413)


async def in_pieces(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 1024**2):
        yield content[start : start + 1024**2]


class TestRights:
    @pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.PROVIDER])
    async def test_only_record_keepers(self, house: House, role: Role) -> None:
        headers = token_for(house.ctx, await make_user(house.ctx, role)) | {"Content-Type": "text/csv"}
        refused(await house.http.post(IMPORTS, content=TEXT, headers=headers), 403)
        refused(await house.http.post(IMPORTS, content=TEXT, headers={"Content-Type": "text/csv"}), 401)
        await assert_nothing_stays(house)

    @pytest.mark.parametrize("path", ["", "/rows", "/start", "/cancel"])
    async def test_unknown_ids(self, house: House, path: str) -> None:
        method = "POST" if path in ("/start", "/cancel") else "GET"
        for identifier, status in (("0" * 24, 404), ("nonsense", 422)):
            refused(await house.http.request(method, f"{IMPORTS}/{identifier}{path}", headers=house.staff), status)


class TestIdempotency:
    async def test_fifty_identical_uploads_with_one_key_are_one_import(self, house: House) -> None:
        headers = house.staff | {"Content-Type": "text/csv", "Idempotency-Key": "once"}
        answers = await asyncio.gather(*(house.http.post(IMPORTS, content=TEXT, headers=headers) for _ in range(50)))
        assert {(answer.status_code, answer.text) for answer in answers} == {(201, answers[0].text)}
        assert await PatientImport.count() == 1
        other = await house.http.post(IMPORTS, content=TEXT + "x", headers=headers)
        refused(other, 422)


class TestSecrecy:
    async def test_no_log_line_and_no_stored_row_repeats_the_file(
        self, house: House, capsys: pytest.CaptureFixture[str]
    ) -> None:
        rows = ["Canary Name,canary@example.com,not-a-phone-canary,2026-05-04", '"Canary,open@example.com,,']
        identifier = await import_id(house, text_of(rows))
        await imports.drain(house.ctx)
        accepted(await house.post(f"patient-imports/{identifier}/start"), 200, {})
        await imports.drain(house.ctx)
        logged = "".join(capsys.readouterr())
        stored = [await ImportRow.collection().find().to_list(), await AuditEntry.collection().find().to_list()]
        answered = (await house.get(f"patient-imports/{identifier}/rows")).text
        assert "canary" not in f"{logged}{stored}{answered}".lower()


@pytest.fixture
def csv_client(server: RunningServer) -> Iterator[httpx2.Client]:
    client = server.sign_in()
    client.headers["Content-Type"] = "text/csv"
    yield client
    client.close()


def test_a_real_server_streams_ten_megabytes_and_refuses_forty(csv_client: httpx2.Client) -> None:
    heading, row = b"name,email,last visit,comment\n", b"Ann,ann@example.com,2026-05-04," + b"x" * 1_000 + b"\n"

    def pieces(megabytes: int) -> Iterator[bytes]:
        yield heading
        for _ in range(megabytes):
            yield row * 1_000

    assert csv_client.post("/admin/patient-imports", content=pieces(10)).status_code == 201
    try:
        status = csv_client.post("/admin/patient-imports", content=pieces(40)).status_code
    except httpx2.TransportError:  # the server may hang up before the rest is sent
        status = 413
    assert status == 413
    assert csv_client.get("/admin/patient-imports").json()["pagination"]["total_items"] == 1
