"""The export of one patient: everything that is held on them, nothing on anybody else, a piece at a time."""

import json
import tracemalloc
from datetime import date
from typing import Any

import pytest
from beanie import PydanticObjectId

from app.context import Context
from app.errors import NotFoundError
from app.jobs import outbox
from app.models.appointments import Appointment
from app.models.campaigns import Campaign
from app.models.delivery_reports import DeliveryReport
from app.models.enums import ChannelType, Direction
from app.models.interactions import Interaction
from app.models.records import AuditEntry
from app.services import erasure, exports, merges, patients, visits
from app.services.appointments import BookingRequest, book
from tests.factories import make_clinic, make_patient, make_provider, make_service, wall
from tests.services import stage

ACTOR = "user:0123456789abcdef01234567"
SECTIONS = ["merged_records", "merges", "campaigns", "interactions", "appointments", "decisions", "outbound_messages",
            "delivery_reports", "found_messages", "links", "waitlist_wishes", "waitlist_offers", "campaign_notes",
            "inbound_events", "audit"]  # fmt: skip


async def export(ctx: Context, patient_id: Any) -> dict[str, Any]:
    pieces = [piece async for piece in await exports.begin(ctx, patient_id, actor=ACTOR)]
    document: dict[str, Any] = json.loads("".join(pieces))
    return document


@pytest.fixture
async def known(ctx: Context) -> Any:
    """A patient who was written to, answered, and has a visit."""
    place = await make_clinic()
    campaign = await stage.written_to(
        ctx,
        name="Anna Ames",
        date_of_birth=date(1990, 5, 4),
        treatment_history=[{"procedure_name": "Crown", "procedure_date": date(2025, 3, 1)}],
    )
    await stage.answered_with(ctx, campaign, "Yes, I would like to book please")
    await outbox.drain(ctx)
    await make_service()
    await make_provider(ctx, ["checkup"])
    patient = await patients.get(campaign.patient_id)
    await book(
        ctx,
        BookingRequest(
            name="x", email=patient.email, phone=None, start=wall(place, "2026-11-24 10:00"), service_name="checkup"
        ),
    )
    await outbox.drain(ctx)
    return patient


async def test_every_section_is_there_and_holds_what_happened(ctx: Context, known: Any) -> None:
    document = await export(ctx, known.id)
    assert list(document) == ["exported_at", "patient_id", "patient", *SECTIONS]
    assert (document["patient_id"], document["exported_at"]) == (str(known.id), "2026-11-23T15:00:01.000Z")
    patient = document["patient"]
    assert (patient["name"], patient["email"], patient["date_of_birth"]) == ("Anna Ames", known.email, "1990-05-04")
    assert patient["treatment_history"][0]["procedure_date"] == "2025-03-01"
    assert [row["direction"] for row in document["interactions"]].count("incoming") == 1
    assert document["interactions"][0]["direction"] == "outgoing"
    assert "Yes, I would like to book please" in [row["content"] for row in document["interactions"]]
    assert {row["state"] for row in document["outbound_messages"]} == {"SENT"}
    assert document["appointments"][0]["appointment_date"] == "2026-11-24T15:00:00.000Z"
    assert document["inbound_events"][0]["payload"]["sender"] == known.email
    assert document["decisions"][0]["rule"]
    assert document["links"]
    assert document["audit"][0]["action"] == "patient.created"


async def test_it_holds_what_travelled_with_the_messages(ctx: Context, known: Any) -> None:
    campaign = await Campaign.find_one({"patient_id": known.id})
    assert campaign is not None
    await stage.answered_with(ctx, campaign, "The X-ray", attachments=("x-ray.png",), message_id="<m1@theirs.example>")
    row = (await stage.rows(campaign_id=campaign.id))[0]
    await DeliveryReport.mark_asked(row.id, at=ctx.now())
    await DeliveryReport.advance(row.id, external_id="SM1", status="delivered", rank=5, code=None, at=ctx.now())
    document = await export(ctx, known.id)
    [said] = [one for one in document["interactions"] if one["content"] == "The X-ray"]
    assert (said["attachments"], said["message_id"]) == (["x-ray.png"], "<m1@theirs.example>")
    assert document["inbound_events"][-1]["payload"]["attachments"] == ["x-ray.png"]
    [report] = document["delivery_reports"]
    assert (report["id"], report["external_id"], report["status"]) == (str(row.id), "SM1", "delivered")
    assert not {"rank", "is_settled"} & set(report)


async def test_the_export_itself_is_in_the_access_report(ctx: Context, known: Any) -> None:
    document = await export(ctx, known.id)
    last = document["audit"][-1]
    assert (last["action"], last["actor"]) == ("patient.exported", ACTOR)
    assert await AuditEntry.find({"action": "patient.exported", "patient_ids": known.id}).count() == 1


async def test_no_key_and_no_lease_leaves_the_house(ctx: Context, known: Any) -> None:
    text = json.dumps(await export(ctx, known.id))
    assert not [name for name in exports.INTERNAL if f'"{name}"' in text]
    assert "token_hash" in exports.INTERNAL


async def test_nothing_of_anybody_else(ctx: Context, known: Any) -> None:
    stranger = await stage.written_to(ctx, name="Norbert Neighbour", email="norbert@example.com")
    await stage.answered_with(ctx, stranger, "What does a crown cost?")
    await AuditEntry(
        actor=ACTOR,
        action="patient.listed",
        document_type="patient",
        document_id="list",
        patient_ids=[known.id, stranger.patient_id],
        at=ctx.now(),
        details={"seen": "Norbert Neighbour"},
    ).insert()
    document = await export(ctx, known.id)
    text = json.dumps(document)
    assert not [
        word for word in ("Norbert", "norbert@example.com", "crown cost", str(stranger.patient_id)) if word in text
    ]
    assert "patient.listed" in [row["action"] for row in document["audit"]], "that somebody looked is told"


async def test_a_merged_records_past_is_part_of_it_whichever_id_is_asked(ctx: Context, known: Any) -> None:
    survivor = await make_patient(ctx, name="Ana Ames")
    await patients.read(ctx, known.id, actor="user:before")
    await merges.merge(ctx, patient_id=survivor.id, merge_patient_id=known.id, reason="twice", actor=ACTOR)
    for asked in (survivor.id, known.id):
        document = await export(ctx, asked)
        assert document["patient_id"] == str(survivor.id)
        assert [row["id"] for row in document["merged_records"]] == [str(known.id)]
        assert document["merges"][0]["kept"]["email"] == known.email
        assert document["campaigns"]
        assert "user:before" in [row["actor"] for row in document["audit"]]


async def test_of_an_erased_patient_it_shows_what_is_left(ctx: Context, known: Any) -> None:
    await erasure.erase(ctx, known.id, confirm_name="Anna Ames", reason="asked", close_open=True, actor=ACTOR)
    document = await export(ctx, known.id)
    assert (document["patient"]["name"], document["patient"]["email"]) == ("Erased patient", None)
    assert {row["content"] for row in document["interactions"]} == {""}
    assert len(document["interactions"]) >= 3
    assert document["audit"][-2]["action"] == "patient.erased"
    assert known.email not in json.dumps(document)


async def test_of_somebody_without_a_history(ctx: Context) -> None:
    patient = await make_patient(ctx)
    document = await export(ctx, patient.id)
    assert [document[name] for name in SECTIONS[:-1]] == [[]] * (len(SECTIONS) - 1)


async def test_an_unknown_patient_leaves_no_row(ctx: Context) -> None:
    with pytest.raises(NotFoundError):
        await export(ctx, PydanticObjectId())
    assert await AuditEntry.count() == 0


async def test_hostile_text_is_inert_and_survives(ctx: Context) -> None:
    name = 'Robert"},"x":[{ <script>alert(1)</script> \u2028 =cmd()'
    patient = await make_patient(ctx, name=name)
    assert (await export(ctx, patient.id))["patient"]["name"] == name


async def test_a_deleted_visit_is_told_of_by_the_audit(ctx: Context, known: Any) -> None:
    visit = await Appointment.future_of(known.id, ctx.now())
    assert visit
    await visits.delete(ctx, visit.id, actor=ACTOR)
    document = await export(ctx, known.id)
    assert document["appointments"] == []
    [row] = [row for row in document["audit"] if row["action"] == "appointment.deleted"]
    assert row["details"]["service_name"] == "Checkup"


async def test_a_long_history_is_never_whole_in_memory(ctx: Context, known: Any) -> None:
    campaign = await stage.campaign_of(known.id)
    content = "x" * 2_000
    template = Interaction(
        campaign_id=campaign.id,
        patient_id=known.id,
        direction=Direction.INCOMING,
        content=content,
        timestamp=ctx.now(),
        channel=ChannelType.SMS,
        author="patient",
    )
    rows = [template.model_dump(exclude={"id", "external_id"}) for _ in range(10_000)]
    await Interaction.collection().insert_many(rows)
    rows.clear()
    tracemalloc.start()
    written = 0
    async for piece in await exports.begin(ctx, known.id, actor=ACTOR):
        written += len(piece)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert written > 20_000_000
    assert peak < written / 5, f"{peak} bytes held for {written} written"
