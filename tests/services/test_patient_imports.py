"""Importing patients: what is created, changed, left alone and refused, and that a repetition changes nothing."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from beanie import PydanticObjectId

from app.context import Context
from app.jobs import imports
from app.models.base import stored_date
from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, ChannelType, DateFormat, ImportState, PatientType, RowOutcome
from app.models.imports import ImportRow, PatientImport
from app.models.patients import Patient
from app.models.records import AuditEntry
from app.services import audit, patients
from app.services.imports import batches, lifecycle, running, uploads
from tests.conftest import MONDAY_MORNING, Clock
from tests.factories import force_status, make_clinic, make_patient, make_recovery
from tests.services.patient_files import (
    HEADING,
    STAFF,
    bring_in,
    check,
    counts,
    in_chunks,
    people,
    refusals,
    rows_of,
    text_of,
    upload,
)

ANN = {"name": "Ann Lee", "email": "ann@example.com", "phone": "+12025550142"}


@pytest.fixture(autouse=True)
async def _clinic(ctx: Context) -> None:
    await make_clinic()


async def the_patient(**query: Any) -> Patient:
    [found] = await Patient.find(query).to_list()
    return found


async def everything(ctx: Context) -> dict[str, list[dict[str, Any]]]:
    """All patients, campaigns and visits as they are stored."""
    names = ("patients", "campaigns", "appointments", "outbound_messages")
    return {name: await ctx.database.handle[name].find().sort("_id").to_list() for name in names}


class TestDryRun:
    async def test_it_says_what_would_happen_and_writes_no_patient(self, ctx: Context) -> None:
        await make_patient(ctx, **ANN)
        await make_patient(ctx, name="Bob Ray", email="bob@example.com", date_of_birth=date(1980, 1, 2))
        before = await everything(ctx)
        text = text_of(
            [
                "Ann Lee,ann@example.com,+12025550142,2026-05-04",
                "Bob Ray,bob@example.com,,",
                "New One,new@example.com,,2026-05-04",
                "Broken,not an address,,2026-05-04",
            ]
        )
        held = await check(ctx, text, patient_type=PatientType.EXISTING)
        assert held.state is ImportState.CHECKED
        assert counts(held) == {"rows": 4, "create": 1, "update": 1, "unchanged": 1, "refuse": 1}
        assert held.imported.rows == 0
        assert await everything(ctx) == before
        assert [(row.line, row.outcome, row.is_dry_run) for row in await rows_of(held)] == [
            (2, RowOutcome.UPDATED, True),
            (4, RowOutcome.CREATED, True),
            (5, RowOutcome.REFUSED, True),
        ]

    async def test_the_import_does_exactly_that(self, ctx: Context) -> None:
        await make_patient(ctx, **ANN)
        text = text_of(["Ann Lee,ann@example.com,,2026-05-04", *people(700), "Broken,,,2026-05-04", people(1)[0]])
        held = await bring_in(ctx, text)
        assert held.checked == held.imported
        assert counts(held) == {"rows": 703, "create": 700, "update": 1, "unchanged": 1, "refuse": 1}
        assert await Patient.count() == 701


class TestCreating:
    async def test_an_imported_patient_is_stored_as_one_that_staff_enter(self, ctx: Context) -> None:
        heading = "name,email,phone,preferred_channel,next_follow_up_date,date_of_birth,language,notes,last_visit_on"
        row = (
            'Ann Lee,Ann@Example.com,(202) 555-0142,"sms, email",2026-11-20,1984-05-17,es,"Likes, mornings",2026-05-04'
        )
        await bring_in(ctx, f"{heading},procedure,estimated_value,initial_inquiry\n{row},Cleaning,1250.5,Whitening?\n")
        imported = await Patient.collection().find_one({})
        assert imported
        await Patient.collection().delete_many({})
        fields: dict[str, Any] = ANN | {
            "patient_type": PatientType.EXISTING,
            "preferred_channel": [ChannelType.SMS, ChannelType.EMAIL],
            "next_follow_up_date": date(2026, 11, 20),
            "date_of_birth": date(1984, 5, 17),
            "language": "es",
            "notes": "Likes, mornings",
            "estimated_value": 1250.5,
            "initial_inquiry": "Whitening?",
            "treatment_history": [{"procedure_name": "Cleaning", "procedure_date": date(2026, 5, 4)}],
        }
        await patients.create(ctx, actor=audit.SYSTEM, fields=fields)
        entered = await Patient.collection().find_one({})
        assert entered
        same = {"_id": entered["_id"], "due_version": entered["due_version"]}
        assert imported | same == entered
        assert entered["outreach_due_at"] == datetime(2026, 11, 20, 5, tzinfo=UTC)

    async def test_a_lead_is_due_at_once_and_has_email_as_the_channel(self, ctx: Context) -> None:
        await bring_in(ctx, "name,phone\nLea,+12025550142\n", patient_type=PatientType.COLD_LEAD)
        lea = await the_patient(name="Lea")
        assert (lea.patient_type, lea.outreach_due_at) == (PatientType.COLD_LEAD, MONDAY_MORNING)
        assert lea.preferred_channel == [ChannelType.EMAIL]

    @pytest.mark.parametrize(
        ("row", "default", "expected"),
        [
            ("Ann,,2026-05-04,", PatientType.COLD_LEAD, PatientType.EXISTING),
            ("Ann,cold_lead,2026-05-04,", None, PatientType.EXISTING),
            ("Ann,,,2026-12-01", None, PatientType.EXISTING),
            ("Ann,Cold Lead,,2026-12-01", None, PatientType.COLD_LEAD),
            ("Ann,existing,,", PatientType.COLD_LEAD, PatientType.EXISTING),
            ("Ann,,,", PatientType.COLD_LEAD, PatientType.COLD_LEAD),
            ("Ann,,,", None, None),
        ],
    )
    async def test_the_type_comes_from_the_row_else_from_the_file_and_is_never_guessed(
        self, ctx: Context, row: str, default: PatientType | None, expected: PatientType | None
    ) -> None:
        text = f"name,patient_type,last_visit_on,next_follow_up_date,email\n{row},ann@example.com\n"
        held = await bring_in(ctx, text, patient_type=default)
        if expected:
            assert (await the_patient(name="Ann")).patient_type is expected
        else:
            assert [field for field, _ in (await refusals(held))[2]] == ["patient_type"]

    async def test_formulas_and_markup_are_data(self, ctx: Context) -> None:
        await bring_in(
            ctx, text_of(["=cmd|'/C calc'!A0,a@example.com,,2026-05-04", "<script>,b@example.com,,2026-05-04"])
        )
        assert {patient.name for patient in await Patient.find_all().to_list()} == {"=cmd|'/C calc'!A0", "<script>"}

    async def test_a_stop_comes_with_the_patient(self, ctx: Context) -> None:
        held = await bring_in(ctx, "name,email,last visit,opt_out\nAnn,ann@example.com,2026-05-04,yes\n")
        [stop] = (await the_patient(name="Ann")).opt_outs
        assert (stop.channel, stop.source, stop.at) == ("all", f"import:{held.id}", MONDAY_MORNING)


class TestUpdating:
    async def test_only_what_the_file_fills_and_what_differs_is_changed(self, ctx: Context) -> None:
        ann = await make_patient(ctx, **ANN, notes="Anxious", language="es", date_of_birth=date(1984, 5, 17))
        text = "name,email,phone,notes,language,date of birth,Recall Due\nAnn Lee,ANN@example.com,,,fr,,2026-12-01\n"
        held = await bring_in(ctx, text)
        [row] = await rows_of(held)
        assert (row.outcome, row.patient_id, row.changed) == (
            RowOutcome.UPDATED,
            ann.id,
            ["next_follow_up_date", "language"],
        )
        after = await patients.get(ann.id)
        wanted = ann.model_copy(
            update={
                "language": "fr",
                "next_follow_up_date": date(2026, 12, 1),
                "outreach_due_at": datetime(2026, 12, 1, 5, tzinfo=UTC),
                "due_version": ann.due_version + 1,
            }
        )
        assert after == wanted

    async def test_the_due_date_is_what_the_rule_says(self, ctx: Context, clock: Clock) -> None:
        """Of a patient with a running campaign, of one who was served, of one whose recovery ended."""
        running_now, served, declined = await make_recovery(ctx), await make_recovery(ctx), await make_recovery(ctx)
        await force_status(served, CampaignStatus.RECOVERY_FAILED, due_date=stored_date(date(2026, 11, 20)))
        await force_status(declined, CampaignStatus.RECOVERY_DECLINED, closed_at=MONDAY_MORNING)
        for campaign in (running_now, served, declined):
            await Patient.collection().update_one(
                {"_id": campaign.patient_id}, {"$set": {"outreach_due_at": MONDAY_MORNING - timedelta(days=9)}}
            )
        rows = []
        for campaign in (running_now, served, declined):
            patient = await patients.get(campaign.patient_id)
            rows.append(f"{patient.name},{patient.email},2026-11-20")
        held = await bring_in(ctx, "\n".join(["name,email,next_follow_up_date", *rows]))
        assert counts(held) == {"rows": 3, "update": 3}
        imported = {patient.id: patient.outreach_due_at for patient in await Patient.find_all().to_list()}
        for patient_id in imported:
            await patients.refresh_due(ctx, patient_id)
        assert {patient.id: patient.outreach_due_at for patient in await Patient.find_all().to_list()} == imported
        assert imported[running_now.patient_id] is None

    async def test_a_visit_is_added_once_and_makes_a_lead_existing(self, ctx: Context) -> None:
        await make_patient(ctx, **ANN, patient_type=PatientType.COLD_LEAD)
        heading = "name,email,last_visit_on,procedure"
        for row in ("2026-05-04,Cleaning", "2026-05-04,cleaning", "2026-05-04,", "2026-06-01,"):
            await bring_in(ctx, f"{heading}\nAnn Lee,ann@example.com,{row}\n")
        ann = await the_patient(email="ann@example.com")
        assert ann.patient_type is PatientType.EXISTING
        assert [(t.procedure_name, t.procedure_date) for t in ann.treatment_history] == [
            ("Cleaning", date(2026, 5, 4)),
            ("Visit", date(2026, 6, 1)),
        ]

    async def test_nobody_is_made_a_lead_again_and_no_name_is_rewritten(self, ctx: Context) -> None:
        ann = await make_patient(ctx, **ANN)
        text = "name,email,patient_type\nANN MARIE LEE,ann@example.com,COLD_LEAD\n"
        assert counts(await bring_in(ctx, text)) == {"rows": 1, "unchanged": 1}
        assert await patients.get(ann.id) == ann

    async def test_a_stop_is_added_ends_the_campaign_and_is_never_taken_back(self, ctx: Context) -> None:
        campaign = await make_recovery(ctx, patient_email="lea@example.com", patient_name="Lea Low")
        for word, expected in (("email", ["email"]), ("no", ["email"]), ("yes", ["email", "all"]), ("no", None)):
            await bring_in(ctx, f"name,email,patient_type,opt_out\nLea Low,lea@example.com,COLD_LEAD,{word}\n")
            stops = [str(stop.channel) for stop in (await patients.get(campaign.patient_id)).opt_outs]
            assert stops == (expected or ["email", "all"])
        held = await Campaign.get(campaign.id)
        assert held
        assert held.status is CampaignStatus.RECOVERY_DECLINED

    async def test_a_running_campaign_follows_the_new_address(self, ctx: Context) -> None:
        campaign = await make_recovery(
            ctx, patient_email="old@example.com", patient_phone="+12025550142", patient_name="Lea Low"
        )
        await bring_in(ctx, "name,email,phone,patient_type\nLea Low,new@example.com,2025550142,COLD_LEAD\n")
        moved = await Campaign.get(campaign.id)
        assert moved
        assert moved.channel.address == "new@example.com"


class TestRefusing:
    async def test_a_broken_row_is_refused_alone_and_says_which_line_and_why(self, ctx: Context) -> None:
        heading = "name,email,phone,recall due,dob,last visit,language,preferred_channel,estimated_value"
        good = "Pat{0},pat{0}@example.com,,,,2026-05-04,,,"
        rows = [
            good.format(1),
            ",,,03/04/2026,2030-01-01,2026-02-30,klingon,pigeon,-5",
            '"Never closed,x@example.com,,,,2026-05-04,,,',
            good.format(2),
            "Too,many@example.com,,,,2026-05-04,,,,cells",
            "Bell\x07,bell@example.com,,,,2026-05-04,,,",
            "Two,a@example.com; b@example.com,12,,,2026-05-04,,,1e400",
            good.format(3),
        ]
        held = await bring_in(ctx, "\n".join([heading, *rows]) + "\n")
        assert counts(held) == {"rows": 8, "create": 3, "refuse": 5}
        found = await refusals(held)
        assert {line: [field for field, _ in reasons] for line, reasons in found.items()} == {
            3: [
                "preferred_channel",
                "next_follow_up_date",
                "date_of_birth",
                "language",
                "last_visit_on",
                "estimated_value",
                "name",
                "email",
            ],
            4: ["row"],
            6: ["row"],
            7: ["name"],
            8: ["email", "phone", "estimated_value"],
        }
        assert dict(found[3])["next_follow_up_date"] == (
            "must be YYYY-MM-DD; for another order say which one (date_format dmy or mdy)."
        )
        assert dict(found[3])["last_visit_on"] == "is no date of the calendar."
        assert dict(found[3])["date_of_birth"] == "lies in the future."

    async def test_two_people_behind_one_row(self, ctx: Context) -> None:
        await make_patient(ctx, name="Ann Lee", email="ann@example.com")
        await make_patient(ctx, name="Bob Lee", phone="+12025550142")
        before = await everything(ctx)
        held = await bring_in(ctx, text_of(["Ann Lee,ann@example.com,+12025550142,2026-05-04"]))
        assert (await refusals(held))[2][0][1].startswith("The e-mail and the phone belong to different patients")
        assert await everything(ctx) == before

    async def test_a_shared_inbox_does_not_give_one_person_the_name_of_another(self, ctx: Context) -> None:
        ann = await make_patient(ctx, **ANN)
        held = await bring_in(ctx, text_of(["Bob Lee,ann@example.com,,2026-05-04"]))
        [row] = await rows_of(held)
        assert (row.outcome, row.patient_id) == (RowOutcome.REFUSED, ann.id)
        assert row.reasons[0].message.startswith("The e-mail belongs to a patient with another name")
        assert await patients.get(ann.id) == ann

    async def test_a_patient_twice_in_the_file(self, ctx: Context) -> None:
        await make_patient(ctx, **ANN)
        rows = [
            "Ann Lee,ann@example.com,,2026-05-04",
            "Ann Lee,,+12025550142,2026-06-04",  # the same patient by the other address
            "Bob Ray,bob@example.com,+12025550143,2026-05-04",
            "Bob Ray,bob@example.com,+12025550143,2026-05-04",
            "Bea Ray,bea@example.com,+12025550143,2026-05-04",
        ]
        held = await bring_in(ctx, text_of(rows))
        assert counts(held) == {"rows": 5, "create": 1, "update": 1, "unchanged": 1, "refuse": 2}
        assert await refusals(held) == {
            3: [("row", "The same patient stands in line 2 of this file.")],
            6: [("row", "The same patient stands in line 4 of this file.")],
        }

    async def test_a_refused_row_does_not_stand_in_the_way_of_its_correction(self, ctx: Context) -> None:
        rows = ["Ann Lee,ann@example.com,12,2026-05-04", "Ann Lee,ann@example.com,,2026-05-04"]
        assert counts(await bring_in(ctx, text_of(rows))) == {"rows": 2, "create": 1, "refuse": 1}

    async def test_an_address_that_a_hidden_record_still_holds_refuses_its_row_alone(self, ctx: Context) -> None:
        """No such record should exist; if one does, the unique index speaks, and the rest of the batch is stored."""
        hidden = await make_patient(ctx, **ANN)
        await Patient.collection().update_one({"_id": hidden.id}, {"$set": {"merged_into": PydanticObjectId()}})
        held = await bring_in(ctx, text_of([*people(3), "Ann Lee,ann@example.com,,2026-05-04", *people(3, start=3)]))
        assert counts(held) == {"rows": 7, "create": 6, "refuse": 1}
        assert await refusals(held) == {5: [("email", batches.TAKEN)]}

    async def test_of_many_refused_rows_the_first_thousand_are_kept(self, ctx: Context) -> None:
        held = await check(ctx, text_of(["No Address,,,2026-05-04"] * 1_700))
        assert counts(held) == {"rows": 1_700, "refuse": 1_700}
        total, rows = await lifecycle.rows(held, RowOutcome.REFUSED, skip=999, limit=10)
        assert (total, [row.line for row in rows]) == (1_000, [1_001])

    async def test_no_row_keeps_what_it_said(self, ctx: Context) -> None:
        await bring_in(ctx, text_of(["Canary Name,canary@example.com,not-a-phone,2026-05-04"]))
        kept = await ImportRow.collection().find().to_list()
        assert len(kept) == 2
        assert "canary" not in str(kept).lower()


class TestRepeating:
    async def test_a_repeated_import_changes_nothing(self, ctx: Context, clock: Clock) -> None:
        await make_patient(ctx, **ANN)
        heading = "name,email,phone,last_visit_on,procedure,opt_out,preferred_channel,estimated_value"
        rows = [
            "Ann Lee,ann@example.com,2025550142,2026-05-04,Cleaning,sms,email,12",
            "Bob Ray,bob@example.com,,2026-05-04,,yes,sms|email,1200.50",
            "Bob Ray,bob@example.com,,2026-05-04,,yes,sms|email,1200.50",
            "Cid Roy,cid@example.com,2025550144,2026-05-04,Filling,,,",
            "Broken,,,,,,,",
        ]
        text = "\n".join([heading, *rows])
        first = await bring_in(ctx, text)
        before = await everything(ctx)
        clock.forward(days=1)
        again = await bring_in(ctx, text)
        assert counts(first) == {"rows": 5, "create": 2, "update": 1, "unchanged": 1, "refuse": 1}
        assert counts(again) == {"rows": 5, "unchanged": 4, "refuse": 1}
        assert await everything(ctx) == before

    async def test_the_batch_names_everybody_it_touched(self, ctx: Context) -> None:
        held = await bring_in(ctx, text_of(people(2_200)))
        rows = await AuditEntry.find({"action": "patients.imported"}).sort("_id").to_list()
        assert [(row.actor, len(row.patient_ids), row.details["lines"]) for row in rows] == [
            (STAFF, 1_000, [2, 1_001]),
            (STAFF, 1_000, [1_002, 2_001]),
            (STAFF, 200, [2_002, 2_201]),
        ]
        ids = {patient.id for patient in await Patient.find_all().to_list()}
        assert {patient_id for row in rows for patient_id in row.patient_ids} == ids
        actions = await AuditEntry.find({"document_type": "patient_import", "document_id": str(held.id)}).to_list()
        assert {row.action for row in actions} == {
            "patient_import.uploaded",
            "patient_import.started",
            "patients.imported",
        }


class TestLimits:
    @pytest.mark.parametrize(("rows", "outcome"), [(600, "checked"), (601, "failed")])
    async def test_too_many_rows_end_the_import(self, ctx: Context, rows: int, outcome: str) -> None:
        held = await upload(ctx, text_of(people(rows)))
        claimed = await PatientImport.claim(now=ctx.now(), lease_until=ctx.lease_until)
        assert claimed
        assert await running.work(ctx, claimed, most_rows=600) == outcome
        assert ((await lifecycle.get(held.id)).failure or "").startswith("The file has more") is (rows == 601)

    async def test_the_file_is_gone_when_the_import_is_over(self, ctx: Context) -> None:
        held = await bring_in(ctx, text_of(people(3)))
        assert not held.has_file
        assert await ctx.database.handle["patient_import_files.chunks"].count_documents({}) == 0
        assert await ctx.database.handle["patient_import_files.files"].count_documents({}) == 0

    async def test_an_upload_that_breaks_off_leaves_nothing(self, ctx: Context) -> None:
        async def broken() -> Any:
            async for chunk in in_chunks(text_of(people(20_000)).encode()):
                yield chunk
            raise ConnectionError

        with pytest.raises(ConnectionError):
            await uploads.upload(ctx, broken(), uploads.Choices(), actor=STAFF)
        assert await ctx.database.handle["patient_import_files.chunks"].count_documents({}) == 0
        assert await PatientImport.count() == 0


class TestForgotten:
    async def test_a_checked_file_waits_a_week(self, ctx: Context, clock: Clock) -> None:
        held = await check(ctx, text_of(people(3)))
        clock.forward(days=7, seconds=-1)
        await imports.drain(ctx)
        assert (await lifecycle.get(held.id)).state is ImportState.CHECKED
        clock.forward(seconds=2)
        await imports.drain(ctx)
        after = await lifecycle.get(held.id)
        assert (after.state, after.has_file) == (ImportState.CANCELLED, False)
        assert await ctx.database.handle["patient_import_files.chunks"].count_documents({}) == 0

    async def test_a_file_that_is_not_there_fails_the_import(self, ctx: Context) -> None:
        held = await upload(ctx, text_of(people(3)))
        await ctx.database.handle["patient_import_files.files"].delete_many({})
        assert await imports.drain(ctx) == {"failed": 1}
        assert (await lifecycle.get(held.id)).failure == running.FILE_GONE


class TestReading:
    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
    async def test_what_spreadsheets_write(self, ctx: Context, delimiter: str, encoding: str) -> None:
        lines = [["name", "email", "last visit"], ["Zoë Müller", "zoe@example.com", "2026-05-04 00:00:00"]]
        text = "\r\n".join(delimiter.join(line) for line in lines)
        held = await bring_in(ctx, text.encode(encoding))
        assert (held.delimiter, held.encoding) == (delimiter, encoding)
        assert (await the_patient(email="zoe@example.com")).name == "Zoë Müller"

    async def test_an_export_of_open_dental(self, ctx: Context) -> None:
        text = (
            '"PatNum","LName","FName","Birthdate","HmPhone","WirelessPhone","Email","DateLastVisit","Recall Due"\n'
            '"1","Lee","Ann","05/17/1984","(202)555-0100","(202)555-0142","ann@example.com","06/01/2026","12/01/2026"\n'
            '"2","Ray","Bob","01/01/0001","(202)555-0101","","","06/02/2026","0001-01-01"\n'
        )
        held = await bring_in(ctx, text, date_format=DateFormat.MONTH_FIRST)
        assert counts(held) == {"rows": 2, "create": 2}
        ann, bob = await the_patient(name="Ann Lee"), await the_patient(name="Bob Ray")
        assert (ann.phone, ann.date_of_birth, ann.next_follow_up_date) == (
            "+12025550142",
            date(1984, 5, 17),
            date(2026, 12, 1),
        )
        assert (bob.phone, bob.date_of_birth, bob.next_follow_up_date) == ("+12025550101", None, None)

    async def test_a_cell_of_several_lines_and_blank_lines_keep_the_count(self, ctx: Context) -> None:
        text = f'{HEADING},notes\n\nAnn,ann@example.com,,2026-05-04,"one\ntwo"\n,,,,\nBob,,,2026-05-04,\n'
        held = await bring_in(ctx, text)
        assert (counts(held), list(await refusals(held))) == ({"rows": 2, "create": 1, "refuse": 1}, [6])
        assert (await the_patient(name="Ann")).notes == "one\ntwo"
