"""Erasing a person: nothing that identifies them stays in any collection, and the clinic's numbers stay true."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import bson
import pytest

from app.context import Context
from app.domain.bounces import Bounce
from app.errors import ConflictError, InvalidInputError, NotFoundError
from app.jobs import inbox, outbox
from app.models.appointments import Appointment
from app.models.campaigns import Campaign, FollowUpDetails
from app.models.delivery_reports import DeliveryReport
from app.models.enums import (
    AppointmentStatus,
    CampaignStatus,
    ChannelType,
    CloseReason,
    DecisionOutcome,
    Direction,
    ImportState,
    InboundSource,
    InboxState,
    MessageKind,
    OutboxState,
    PatientType,
)
from app.models.imports import PatientImport
from app.models.inbox import InboundEvent
from app.models.interactions import Interaction
from app.models.links import PatientLink
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.models.records import AuditEntry
from app.models.sandbox import SandboxMessage
from app.services import (
    appointments,
    audit,
    campaigns,
    conversations,
    delivery_reports,
    erasure,
    inbound,
    invariants,
    merge_undo,
    merges,
    patients,
    sandbox,
    stats,
    visits,
)
from app.services.appointments import BookingRequest
from app.services.conversations import ManualEntry
from app.services.delivery_reports import News
from app.services.erasure import Erased, NotErasableError
from app.services.erasure_blanks import wordless
from app.services.erasure_traces import masked
from app.services.imports import files
from app.services.inbound import InboundMessage
from app.services.merge_refusals import MergeNotUndoableError
from app.services.outgoing_messages import message_of as outgoing
from tests.conftest import Clock
from tests.factories import make_clinic, make_patient, make_provider, make_service, wall
from tests.services import stage

ACTOR = "user:0123456789abcdef01234567"
NAME, EMAIL, PHONE = "Zebedee Quagmire", "zebedee.quagmire@canary.example", "+12025550177"
OTHER_NAME, OTHER_EMAIL, OTHER_PHONE = "Zeb Kwagmyer", "zeb.kwagmyer@canary.example", "+12025550178"
NOTES, WORDS, STAFF_WORDS = "afraid-of-xylophones", "is-the-marzipan-crown-ready", "bring-the-marzipan-crown"
INQUIRY, TREATMENT, DELETED = "wants-aubergine-veneers", "Aubergine veneer", "deleted-visit-umbrella"
FILE_NAME, QUOTED, HEADER = "x-ray-of-marmalade.png", "quoted-rhubarb-crown", "header-of-gooseberries"
THEIR_ID, OLDER_ID, SENT_AS = "<kumquat@theirs.example>", "<medlar@theirs.example>", "<quince@ours.example>"
UNSUBSCRIBE, REPORTED, RETURNED = "https://ours.example/u/persimmon", "SM-of-tamarind", "returned-mail-of-damsons"
FORWARDED = "forwarded-by-a-stranger-with-figs"
NEW_CANARIES = (FILE_NAME, QUOTED, HEADER, THEIR_ID, OLDER_ID, SENT_AS, UNSUBSCRIBE, REPORTED, RETURNED, FORWARDED)
CANARIES = (*NEW_CANARIES, NAME, "Quagmire", EMAIL, PHONE, OTHER_NAME, "Kwagmyer", OTHER_EMAIL, OTHER_PHONE, NOTES,
            WORDS, STAFF_WORDS, INQUIRY, TREATMENT, DELETED, "Zebedee")  # fmt: skip


@pytest.fixture
async def clinic(ctx: Context) -> Any:
    place = await make_clinic()
    await make_service()
    await make_provider(ctx, ["checkup"])
    return place


async def erase(ctx: Context, patient_id: Any, *, name: str = NAME, reason: str = "asked", **fields: Any) -> Erased:
    values = {"close_open": False} | fields
    return await erasure.erase(ctx, patient_id, confirm_name=name, reason=reason, actor=ACTOR, **values)


async def mentions(ctx: Context, words: Iterable[str]) -> dict[str, list[str]]:
    """Which of these words stand in which collection, in the raw bytes of every document."""
    found: dict[str, list[str]] = {}
    for name in await ctx.database.handle.list_collection_names():
        raw = b"".join([bson.encode(row) async for row in ctx.database.handle[name].find()]).lower()
        if held := [word for word in words if word.lower().encode() in raw]:
            found[name] = held
    return found


async def dump(ctx: Context) -> dict[str, bytes]:
    handle = ctx.database.handle
    return {
        name: b"".join([bson.encode(row) async for row in handle[name].find().sort("_id")])
        for name in await handle.list_collection_names()
    }


def message(text: str, number: int, **fields: Any) -> InboundMessage:
    values = {
        "source": InboundSource.GENERIC,
        "external_id": f"canary-{number}",
        "channel": ChannelType.EMAIL,
        "sender": EMAIL,
        "text": text,
    }
    return InboundMessage(**(values | fields))


async def whole_life(ctx: Context, clinic: Any, clock: Clock) -> Patient:
    """A patient of whom every collection holds something, merged with a second record of the same person."""
    campaign = await stage.written_to(
        ctx,
        name=NAME,
        email=EMAIL,
        phone=PHONE,
        notes=NOTES,
        date_of_birth=date(1971, 2, 3),
        initial_inquiry=INQUIRY,
        treatment_history=[{"procedure_name": TREATMENT, "procedure_date": date(2025, 3, 1)}],
    )
    patient = await patients.get(campaign.patient_id)
    await stage.answered_with(ctx, campaign, f"Hello, {WORDS}? Regards, {NAME} {PHONE}")
    await conversations.respond(
        ctx, campaign.id, text=f"Dear {NAME}, {STAFF_WORDS}", new_status=None, actor=ACTOR, key="k"
    )
    entry = ManualEntry(
        campaign_id=campaign.id, direction=Direction.INCOMING, content=WORDS, analysis=None, channel=ChannelType.SMS
    )
    await conversations.record_manually(ctx, entry, actor=ACTOR)
    await outbox.drain(ctx)
    await stage.set_raw(
        campaign,
        handoff_details={"reason": f"QUESTION: {WORDS}", "summary": WORDS, "patient_question": WORDS,
                               "suggested_reply": f"Dear {NAME}", "created_at": ctx.now()},
        engagement_summary=f"{NAME} asked",
    )  # fmt: skip
    deleted = await book(ctx, clinic, EMAIL, "2026-11-25 10:00", notes=DELETED)
    await visits.delete(ctx, deleted.id, actor=ACTOR)
    await book(ctx, clinic, EMAIL, "2026-11-24 10:00", notes=NOTES)
    await outbox.drain(ctx)
    other = await second_record(ctx, clock, campaign)
    await merges.merge(
        ctx, patient_id=patient.id, merge_patient_id=other.id, reason=f"{NAME} is {OTHER_NAME}", actor=ACTOR
    )
    await strange_messages(ctx, patient, campaign)
    await mail_of_every_kind(ctx, campaign)
    return await patients.get(patient.id)


async def mail_of_every_kind(ctx: Context, campaign: Campaign) -> None:
    """What e-mail and carriers add: files, quotes, Message-IDs, a link, a report, a bounce, a forwarded mail."""
    mail = {
        "quoted": QUOTED,
        "attachments": (FILE_NAME,),
        "message_id": THEIR_ID,
        "references": (OLDER_ID, SENT_AS),
        "headers": {"x-note": HEADER},
    }
    await stage.answered_with(ctx, campaign, "Here it is", **mail)
    row = await stage.add_row(
        ctx, campaign, MessageKind.STAFF, state=OutboxState.SENT, message_id=SENT_AS, unsubscribe_url=UNSUBSCRIBE
    )
    await DeliveryReport.mark_asked(row.id, at=ctx.now())
    await DeliveryReport.advance(row.id, external_id=REPORTED, status="delivered", rank=5, code=None, at=ctx.now())
    strangers = {"thread_id": "no-thread-of-ours", "sender": "mailer-daemon@elsewhere.example"}
    returned = Bounce(original_message_id=SENT_AS, is_hard=False)
    told = (
        message(RETURNED, 71, bounce=returned, **strangers),
        message("See below", 72, quoted=f"{FORWARDED} {EMAIL.upper()}", **strangers),
    )
    for one in told:
        await inbound.store(ctx, one)


async def second_record(ctx: Context, clock: Clock, campaign: Campaign) -> Patient:
    """The same person, entered again: with a stop that was confirmed, and a closed campaign of its own."""
    other = await make_patient(
        ctx, name=OTHER_NAME, email=OTHER_EMAIL, phone=OTHER_PHONE, notes=NOTES, patient_type=PatientType.COLD_LEAD
    )
    second = campaign.model_copy(update={"id": bson.ObjectId(), "patient_id": other.id, "patient_name": OTHER_NAME})
    second.follow_up_details = FollowUpDetails()
    second.channel = campaign.channel.model_copy(update={"address": OTHER_EMAIL, "thread_id": "a-thread"})
    await second.insert()
    await stage.answered_with(ctx, second, "STOP", sender=OTHER_EMAIL)
    await outbox.drain(ctx)
    clock.forward(minutes=5)
    return other


async def strange_messages(ctx: Context, patient: Patient, campaign: Campaign) -> None:
    """What no campaign could be found for, a booking that matched two people, and a body that nobody could read."""
    for number, fields in enumerate(({"thread_id": "unknown-thread"}, {"sender": OTHER_PHONE, "channel": "sms"})):
        await inbound.store(ctx, message(WORDS, number, **fields))
    await inbox.drain(ctx)
    payload = {"name": NAME, "email": EMAIL, "phone": PHONE, "patient_ids": [patient.id]}
    for source, event_id, body in (
        (InboundSource.BOOKING_FORM, "form", payload),
        (InboundSource.GENERIC, "raw", {"raw": f'{{"from": "{EMAIL.upper()}", "message": '}),
    ):
        await inbound.store_event(
            ctx, source=source, event_id=event_id, payload=body, conversation="x", parked_because="malformed"
        )
    await audit.record(
        ctx,
        actor=ACTOR,
        action="patient.updated",
        document=("patient", patient.id),
        details={"fields": ["name"], "before": {"name": OTHER_NAME}, "reason": f"{NAME} called"},
    )
    await audit.decide(
        ctx,
        patient_id=patient.id,
        campaign_id=campaign.id,
        outcome=DecisionOutcome.REFUSED,
        rule="no_usable_address",
        inputs={"address": PHONE},
    )
    await ctx.database.handle["idempotent_requests"].insert_one(
        {"_id": "k", "fingerprint": "f", "holder": "h", "until": ctx.now(), "expires_at": ctx.now(),
         "is_applied": True, "answer": {"body": f'{{"name": "{NAME}"}}'}}
    )  # fmt: skip
    await stage.add_row(
        ctx, campaign, MessageKind.STAFF, subject=f"Dear {NAME}", body=STAFF_WORDS, thread_id=f"t-{EMAIL}"
    )
    await sandbox.write_as_patient(ctx, sender=EMAIL, text=WORDS, channel=None, in_reply_to=None, headers={})
    await orphan_draft(ctx)


async def orphan_draft(ctx: Context) -> None:
    """A draft of the stand-in provider that no message of ours knows any more."""
    row = await stage.only_row(subject=f"Dear {NAME}")
    orphan = await outgoing(row)
    await ctx.channels[row.channel].draft(replace(orphan, outbox_id="gone", thread_id="gone"))


async def book(ctx: Context, clinic: Any, email: str | None, at: str, notes: str = "") -> Appointment:
    request = BookingRequest(
        name=NAME, email=email, phone=None, start=wall(clinic, at), service_name="checkup", notes=notes
    )
    return await appointments.book(ctx, request)


class TestNothingStays:
    async def test_no_collection_holds_a_trace(self, ctx: Context, clock: Clock, clinic: Any) -> None:
        patient = await whole_life(ctx, clinic, clock)
        before = await mentions(ctx, CANARIES)
        assert {
            "patients", "campaigns", "interactions", "appointments", "outbound_messages", "inbound_events",
            "delivery_reports", "sandbox_messages", "audit_log", "decisions", "patient_merges", "idempotent_requests",
        } <= set(before), before  # fmt: skip
        assert {word for words in before.values() for word in words} == set(CANARIES), "each canary was really stored"
        await erase(ctx, patient.id, close_open=True, reason=f"{NAME} ({EMAIL}, 202-555-0177) asked in writing")
        assert await mentions(ctx, CANARIES) == {}

    async def test_a_report_that_comes_later_writes_nothing_down(self, ctx: Context, clock: Clock, clinic: Any) -> None:
        patient = await whole_life(ctx, clinic, clock)
        row = await stage.only_row(unsubscribe_url=UNSUBSCRIBE)
        await erase(ctx, patient.id, close_open=True)
        before = await dump(ctx)
        news = News(external_id=REPORTED, status="read", outbox_id=row.id)
        assert await delivery_reports.receive(ctx, news) == "unknown"
        assert await delivery_reports.settle_all(ctx) == 0
        assert await dump(ctx) == before

    async def test_a_neighbours_answer_in_the_same_thread_of_ids_stays(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx, name=NAME, email=EMAIL)
        await stage.add_row(ctx, campaign, MessageKind.STAFF, state=OutboxState.SENT, message_id=SENT_AS)
        other = await stage.written_to(ctx, name="Norbert Neighbour", email="norbert@example.com")
        await stage.answered_with(ctx, other, "I was copied in", references=(SENT_AS,), message_id=THEIR_ID)
        before = await mentions(ctx, ("I was copied in",))
        assert set(before) >= {"inbound_events", "interactions"}
        await erase(ctx, campaign.patient_id, close_open=True)
        assert await mentions(ctx, ("I was copied in",)) == before

    async def test_the_numbers_and_the_states_stay(self, ctx: Context, clock: Clock, clinic: Any) -> None:
        patient = await whole_life(ctx, clinic, clock)
        await erase_obstacles(ctx, patient)
        before = await stats.dashboard(ctx)
        times = [(row.timestamp, row.direction, row.ai_analysis) for row in await Interaction.find_all().to_list()]
        await erase(ctx, patient.id)
        assert await stats.dashboard(ctx) == before
        assert before["funnel"]["eligible"] > 1
        after = [(row.timestamp, row.direction, row.ai_analysis) for row in await Interaction.find_all().to_list()]
        assert after == times
        assert not any((await invariants.check(ctx)).values())

    async def test_another_patient_keeps_everything(self, ctx: Context, clock: Clock, clinic: Any) -> None:
        patient = await whole_life(ctx, clinic, clock)
        campaign = await stage.written_to(ctx, name="Norbert Neighbour", email="norbert@example.com", notes="a note")
        await stage.answered_with(ctx, campaign, "What does a crown cost?")
        marks = ("Norbert Neighbour", "norbert@example.com", "a note", "What does a crown cost?")
        before = await mentions(ctx, marks)
        await erase(ctx, patient.id, close_open=True)
        assert await mentions(ctx, marks) == before

    async def test_the_reason_is_kept_without_the_name(self, ctx: Context) -> None:
        patient = await make_patient(ctx, name=NAME, email=EMAIL)
        await erase(ctx, patient.id, reason=f"Request 17 of ZEBEDEE, see {EMAIL}")
        row = await AuditEntry.find_one({"action": "patient.erased"})
        assert row
        assert row.details["reason"] == "Request 17 of [erased], see [erased]"
        assert (row.actor, row.patient_ids) == (ACTOR, [patient.id])

    async def test_who_looked_at_the_record_stays_known(self, ctx: Context) -> None:
        patient = await make_patient(ctx, name=NAME)
        await patients.read(ctx, patient.id, actor=ACTOR)
        before = [
            (row.action, row.actor, row.at)
            for row in await AuditEntry.find({"patient_ids": patient.id}).sort("_id").to_list()
        ]
        await erase(ctx, patient.id)
        after = [
            (row.action, row.actor, row.at)
            for row in await AuditEntry.find({"patient_ids": patient.id}).sort("_id").to_list()
        ]
        assert after[:-1] == before

    async def test_a_messages_event_id_stays_so_that_a_redelivery_is_known(
        self, ctx: Context, clock: Clock, clinic: Any
    ) -> None:
        campaign = await stage.written_to(ctx, name=NAME, email=EMAIL)
        told = await stage.incoming(ctx, campaign, WORDS)
        await inbox.drain(ctx)
        await erase(ctx, campaign.patient_id, close_open=True)
        await inbound.store(ctx, told)
        await inbox.drain(ctx)
        assert await mentions(ctx, (WORDS, EMAIL)) == {}


async def erase_obstacles(ctx: Context, patient: Patient) -> None:
    """Close what stands in the way, as staff would."""
    for visit in await Appointment.find({"patient_id": patient.id, "status": AppointmentStatus.BOOKED}).to_list():
        await visits.cancel(ctx, visit.id, actor=ACTOR)
    running = await Campaign.active_of(patient.id)
    if running:
        await campaigns.change_status(ctx, running.id, CampaignStatus.BOOKING_COMPLETED, actor=ACTOR, reason=None)
    await outbox.drain(ctx)


class TestWhatIsLeft:
    async def test_the_record_is_nobody_and_never_written_to_again(self, ctx: Context, clinic: Any) -> None:
        patient = await make_patient(ctx, name=NAME, email=EMAIL, phone=PHONE, patient_type=PatientType.COLD_LEAD)
        link = PatientLink(
            token_hash="h", purpose="book", patient_id=patient.id, created_at=ctx.now(),
            expires_at=ctx.now() + timedelta(days=30),
        )  # fmt: skip
        await link.insert()
        await erase(ctx, patient.id)
        left = await patients.get(patient.id)
        assert (left.name, left.email, left.phone, left.notes) == ("Erased patient", None, None, "")
        assert [stop.channel for stop in left.opt_outs] == ["all"]
        assert (left.outreach_due_at, left.erased_at) == (None, ctx.now())
        assert patients.route_of(left) is None
        await patients.refresh_due(ctx, patient.id)
        assert (await patients.get(patient.id)).outreach_due_at is None
        revoked = await PatientLink.get(link.id)
        assert revoked
        assert revoked.revoked_at == ctx.now()

    async def test_the_address_is_free_for_somebody_else(self, ctx: Context) -> None:
        patient = await make_patient(ctx, name=NAME, email=EMAIL)
        await erase(ctx, patient.id)
        assert (await make_patient(ctx, email=EMAIL)).email == EMAIL

    async def test_a_second_erasure_changes_nothing(self, ctx: Context, clock: Clock, clinic: Any) -> None:
        patient = await whole_life(ctx, clinic, clock)
        first = await erase(ctx, patient.id, close_open=True)
        before = await dump(ctx)
        clock.forward(days=1)
        again = await erase(ctx, patient.id, name="whoever")
        assert await dump(ctx) == before
        assert (again.erased_at, again.blanked) == (first.erased_at, {})

    async def test_two_at_once_are_one(self, ctx: Context) -> None:
        patient = await make_patient(ctx, name=NAME)
        done = await asyncio.gather(*(erase(ctx, patient.id) for _ in range(3)))
        assert len({one.erased_at for one in done}) == 1
        assert await AuditEntry.find({"action": "patient.erased"}).count() == 1

    async def test_records_merged_into_it_are_erased_with_it_and_stay_merged(self, ctx: Context) -> None:
        patient, other = await make_patient(ctx, name=NAME), await make_patient(ctx, name=OTHER_NAME)
        done = await merges.merge(ctx, patient_id=patient.id, merge_patient_id=other.id, reason="", actor=ACTOR)
        with pytest.raises(NotErasableError) as refusal:
            await erase(ctx, other.id, name=OTHER_NAME)
        assert refusal.value.extra == {"merged_into": str(patient.id)}
        await erase(ctx, patient.id)
        assert (await patients.get(other.id)).erased_at == ctx.now()
        with pytest.raises(MergeNotUndoableError):
            await merge_undo.undo(ctx, done.id, actor=ACTOR)


class TestRefusals:
    async def test_an_unknown_patient(self, ctx: Context) -> None:
        with pytest.raises(NotFoundError):
            await erase(ctx, bson.ObjectId())

    @pytest.mark.parametrize("name", ["Zebedee", "Zebedee Quagmire Jr", " "])
    async def test_another_name(self, ctx: Context, name: str) -> None:
        patient = await make_patient(ctx, name=NAME)
        before = await dump(ctx)
        with pytest.raises(InvalidInputError) as refusal:
            await erase(ctx, patient.id, name=name)
        assert "Zebedee" not in refusal.value.detail
        assert await dump(ctx) == before

    async def test_the_name_in_other_letters_will_do(self, ctx: Context) -> None:
        patient = await make_patient(ctx, name=NAME)
        assert (await erase(ctx, patient.id, name="  zebedee   QUAGMIRE ")).erased_at == ctx.now()

    async def test_a_visit_to_come(self, ctx: Context, clinic: Any) -> None:
        patient = await make_patient(ctx, name=NAME, email=EMAIL)
        visit = await book(ctx, clinic, EMAIL, "2026-11-24 10:00")
        await outbox.drain(ctx)
        before = await dump(ctx)
        with pytest.raises(NotErasableError) as refusal:
            await erase(ctx, patient.id)
        assert refusal.value.extra == {"appointments": [str(visit.id)], "campaigns": []}
        assert await dump(ctx) == before

    async def test_close_open_cancels_the_visit_and_tells_nobody(self, ctx: Context, clinic: Any) -> None:
        patient = await make_patient(ctx, name=NAME, email=EMAIL)
        visit = await book(ctx, clinic, EMAIL, "2026-11-24 10:00")
        sent = await SandboxMessage.find({"is_sent": True}).count()
        await erase(ctx, patient.id, close_open=True)
        await outbox.drain(ctx)
        ended = await visits.get(visit.id)
        assert (ended.status, ended.slot_keys) == (AppointmentStatus.CANCELLED, None)
        assert await SandboxMessage.find({"is_sent": True}).count() == sent == 0
        assert await OutboundMessage.find({"state": OutboxState.CANCELLED}).count() == 1
        again = await book(ctx, clinic, (await make_patient(ctx)).email, "2026-11-24 10:00")
        assert again.appointment_date == visit.appointment_date, "the slot is free"

    async def test_close_open_closes_the_campaign_by_the_table(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx, name=NAME, email=EMAIL)
        with pytest.raises(NotErasableError) as refusal:
            await erase(ctx, campaign.patient_id)
        assert refusal.value.extra["campaigns"] == [str(campaign.id)]
        await erase(ctx, campaign.patient_id, close_open=True)
        closed = await campaigns.get(campaign.id)
        assert (closed.status, closed.close_reason) == (CampaignStatus.RECOVERY_DECLINED, CloseReason.OPTED_OUT)
        assert closed.status_changes[-1].by == ACTOR
        assert not any((await invariants.check(ctx)).values())

    async def test_a_guardian(self, ctx: Context) -> None:
        guardian = await make_patient(ctx, name=NAME)
        child = await make_patient(ctx, email=None, guardian_id=guardian.id)
        with pytest.raises(NotErasableError) as refusal:
            await erase(ctx, guardian.id, close_open=True)
        assert refusal.value.extra == {"dependants": [str(child.id)]}

    async def test_a_dependants_erasure_leaves_the_guardians_address_alone(self, ctx: Context) -> None:
        guardian = await make_patient(ctx, email="family@example.com")
        campaign = await stage.written_to(ctx, name=NAME, email=None, guardian_id=guardian.id)
        await erase(ctx, campaign.patient_id, close_open=True)
        left = await mentions(ctx, ["family@example.com"])
        assert set(left) == {"patients"}, "the child's conversation is gone, the parent's address is not"
        assert (await patients.get(guardian.id)).email == "family@example.com"

    async def test_another_patients_campaign_that_writes_to_the_address(self, ctx: Context) -> None:
        patient = await make_patient(ctx, name=NAME, email=EMAIL)
        campaign = await stage.running_campaign(ctx)
        await stage.set_raw(campaign, **{"channel.address": EMAIL})
        with pytest.raises(NotErasableError) as refusal:
            await erase(ctx, patient.id)
        assert refusal.value.extra == {"campaigns": [str(campaign.id)]}
        await stage.set_raw(campaign, status="RECOVERY_FAILED")
        await erase(ctx, patient.id)
        assert await mentions(ctx, [EMAIL]) == {}

    async def test_a_message_that_is_leaving(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx, name=NAME)
        row = await stage.add_row(ctx, campaign, MessageKind.STAFF, state=OutboxState.SENDING)
        with pytest.raises(ConflictError):
            await erase(ctx, campaign.patient_id, close_open=True)
        await OutboundMessage.collection().update_one({"_id": row.id}, {"$set": {"state": OutboxState.UNKNOWN}})
        await erase(ctx, campaign.patient_id, close_open=True)

    async def test_a_message_that_is_being_read(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx, name=NAME, email=EMAIL)
        await inbound.store(ctx, message(WORDS, 1))
        event = await InboundEvent.claim(now=ctx.now(), lease_until=ctx.lease_until)
        assert event
        with pytest.raises(ConflictError):
            await erase(ctx, campaign.patient_id, close_open=True)

    async def test_a_patient_file_that_waits_and_names_them(self, ctx: Context) -> None:
        patient = await make_patient(ctx, name=NAME, email=EMAIL)
        waiting = PatientImport(
            state=ImportState.CHECKED, has_file=True, created_by=ACTOR, created_at=ctx.now(), updated_at=ctx.now()
        )
        await waiting.insert()

        async def arriving() -> AsyncIterator[bytes]:
            yield b"name,email\n"
            for part in (EMAIL.upper()[:9], EMAIL.upper()[9:]):
                yield part.encode()

        await files.store(ctx, waiting.id, arriving())
        with pytest.raises(NotErasableError) as refusal:
            await erase(ctx, patient.id)
        assert refusal.value.extra == {"imports": [str(waiting.id)]}
        await files.delete(ctx, waiting.id)
        await PatientImport.collection().update_one({"_id": waiting.id}, {"$set": {"has_file": False}})
        await erase(ctx, patient.id)

    async def test_a_message_that_waits_is_dismissed_unread(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx, name=NAME, email=EMAIL)
        await inbound.store(ctx, message(WORDS, 1))
        await erase(ctx, campaign.patient_id, close_open=True)
        event = await stage.only_event()
        assert (event.state, event.outcome) == (InboxState.DISMISSED, "patient_erased")
        assert await inbox.drain(ctx) == {"done": 0, "unmatched": 0, "parked": 0, "retried": 0}


class TestAtTheSameMoment:
    async def test_a_booking_that_began_before_leaves_no_name_behind(self, ctx: Context, clinic: Any) -> None:
        patient = await make_patient(ctx, name=NAME, email=EMAIL)
        standing, going_on = asyncio.Event(), asyncio.Event()

        async def pause(step: str) -> None:
            if step == "booking.stored":
                standing.set()
                await going_on.wait()

        slow = asyncio.create_task(book(replace(ctx, pause=pause), clinic, EMAIL, "2026-11-24 10:00"))
        await standing.wait()
        await erase(ctx, patient.id, close_open=True)
        going_on.set()
        await asyncio.gather(slow, return_exceptions=True)
        await erase(ctx, patient.id)
        assert await mentions(ctx, (NAME, EMAIL)) == {}
        await outbox.drain(ctx)
        assert await SandboxMessage.count() == 0

    async def test_a_merge_and_an_erasure_cannot_pass_each_other(self, ctx: Context) -> None:
        for _ in range(3):
            patient = await make_patient(ctx, name=NAME, email=EMAIL)
            other = await make_patient(ctx, name=OTHER_NAME, email=OTHER_EMAIL)
            await asyncio.gather(
                merges.merge(ctx, patient_id=patient.id, merge_patient_id=other.id, reason="", actor=ACTOR),
                erase(ctx, patient.id),
                return_exceptions=True,
            )
            left = await patients.get(patient.id)
            pointer = await patients.get(other.id)
            if pointer.merged_into:
                assert (pointer.erased_at is None) == (left.erased_at is None)
            if not left.erased_at:
                await erase(ctx, patient.id)
            if not pointer.merged_into:
                await erase(ctx, other.id, name=OTHER_NAME)
            assert await mentions(ctx, (NAME, EMAIL, OTHER_NAME, OTHER_EMAIL)) == {}


class TestWords:
    def test_only_closed_words_survive_in_the_details_of_an_audit_row(self) -> None:
        details = {
            "from": "RE_ENGAGED", "to": "RECOVERED", "reason": "Anna called", "fields": ["name", "email"], "count": 3,
            "id": "0123456789abcdef01234567", "deep": [{"note": "x y"}], "channel": "email",
        }  # fmt: skip
        assert wordless(details) == details | {"reason": "erased", "deep": [{"note": "erased"}]}

    @pytest.mark.parametrize(
        ("text", "kept"),
        [
            ("Anna Ames asked", "[erased] asked"),
            ("ANNA wrote from Anna@x.example", "[erased] wrote from [erased]"),
            ("call +1 (202) 555-0142 or 2025550142", "call [erased] or [erased]"),
            ("Request 17 of 2026", "Request 17 of 2026"),
        ],
    )
    def test_a_reason_is_masked(self, text: str, kept: str) -> None:
        assert masked(text, ["Anna Ames"]) == kept
