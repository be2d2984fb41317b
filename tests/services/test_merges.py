"""Two records of one person become one, and two again (api.md section 4): nothing is lost on either way."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from beanie import PydanticObjectId

from app.context import Context
from app.errors import ActiveCampaignError, ConflictError, InvalidInputError, NotFoundError
from app.jobs import inbox, outbox
from app.models.appointments import Appointment
from app.models.base import stored_date
from app.models.campaigns import Campaign
from app.models.desk import CampaignNote
from app.models.enums import (
    AppointmentSource,
    CampaignStatus,
    CampaignType,
    ChannelType,
    Direction,
    InboundSource,
    PatientType,
)
from app.models.imports import ImportRow
from app.models.interactions import Interaction
from app.models.links import PatientLink
from app.models.merges import PatientMerge
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.models.records import AuditEntry, Decision
from app.models.registry import DOCUMENTS
from app.models.waitlist import WaitlistOffer, WaitlistWish
from app.services import (
    appointments,
    availability,
    campaigns,
    inbound,
    invariants,
    links,
    merge_holds,
    merge_undo,
    merges,
    notes,
    patients,
    reservations,
)
from app.services.appointments import BookingRequest
from app.services.desk_bookings import StaffBooking
from app.services.desk_bookings import book as book_by_staff
from app.services.inbound import InboundMessage
from app.services.merge_refusals import MergeNotUndoableError, NotMergeableError
from tests.conftest import Clock
from tests.factories import make_clinic, make_patient, make_provider, make_service, make_user, wall
from tests.services import stage, waiting

ACTOR = "user:0123456789abcdef01234567"
TUESDAY = "2026-11-24 10:00"
LOGS = {PatientMerge, ImportRow}
"""Which record it was just then; never rewritten."""
OWNED = (
    Campaign,
    CampaignNote,
    Interaction,
    Appointment,
    OutboundMessage,
    Decision,
    PatientLink,
    WaitlistWish,
    WaitlistOffer,
)


@pytest.fixture
async def clinic(ctx: Context) -> Any:
    place = await make_clinic()
    await make_service()
    await make_provider(ctx, ["checkup"])
    return place


async def merge(ctx: Context, survivor: Patient, other: Patient) -> PatientMerge:
    return await merges.merge(ctx, patient_id=survivor.id, merge_patient_id=other.id, reason="", actor=ACTOR)


async def undo(ctx: Context, done: PatientMerge) -> PatientMerge:
    return await merge_undo.undo(ctx, done.id, actor=ACTOR)


async def fresh(patient: Patient) -> Patient:
    return await patients.get(patient.id)


async def book(ctx: Context, clinic: Any, patient: Patient, at: str = TUESDAY) -> Appointment:
    request = BookingRequest(name="x", email=patient.email, phone=None, start=wall(clinic, at), service_name="checkup")
    return await appointments.book(ctx, request)


async def owned(patient: Patient) -> dict[str, int]:
    """How many documents of each collection name this patient."""
    return {each.__name__: await each.collection().count_documents({"patient_id": patient.id}) for each in OWNED}


async def everything() -> dict[str, list[Any]]:
    """Every document that a merge may touch, as stored; without what says when, and how often, it was touched."""
    kinds = (Patient, *OWNED)
    return {kind.__name__: [_steady(row) async for row in kind.collection().find().sort("_id")] for kind in kinds}


def _steady(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("updated_at", "version", "due_version")}


async def with_history(ctx: Context, **fields: Any) -> Patient:
    """A patient with a campaign that was written to, answered, and booked through."""
    campaign = await stage.written_to(ctx, **fields)
    await stage.answered_with(ctx, campaign, "Yes, I would like to book please")
    await outbox.drain(ctx)
    await notes.add(ctx, campaign.id, text="Prefers the morning", author=await make_user(ctx))
    return await patients.get(campaign.patient_id)


class TestWhatFollows:
    async def test_every_collection_names_the_survivor_afterwards(self, ctx: Context, clinic: Any) -> None:
        other = await with_history(ctx)
        visit = await book(ctx, clinic, other)
        await waiting.wish_of(ctx, other)
        await waiting.freed_visit(ctx, clinic, "2026-11-24 09:00")
        await waiting.run(ctx)
        survivor = await make_patient(ctx)
        before = await owned(other)
        assert all(before.values()), before
        done = await merge(ctx, survivor, other)
        assert set((await owned(other)).values()) == {0}
        assert await owned(survivor) == before
        assert {name: len(ids) for name, ids in done.moved.items()} == {
            "campaigns": before["Campaign"],
            "interactions": before["Interaction"],
            "appointments": 1,
            "outbound_messages": before["OutboundMessage"],
            "decisions": before["Decision"],
            "patient_links": before["PatientLink"],
            "waitlist_wishes": 1,
            "waitlist_offers": 1,
            "campaign_notes": 1,
            "dependants": 0,
        }
        moved = await Appointment.get(visit.id)
        assert moved
        assert moved.patient_name == survivor.name
        assert {key.split(":")[1] for key in moved.slot_keys or [] if key.startswith("U:")} == {str(survivor.id)}
        assert not any((await invariants.check(ctx)).values())

    def test_no_collection_with_a_patient_is_forgotten(self) -> None:
        """A new document that names a patient fails here: decide whether it must follow in a merge."""
        naming = {each for each in DOCUMENTS if "patient_id" in each.model_fields}
        assert naming - LOGS == set(OWNED)

    async def test_the_merged_record_stays_as_a_pointer_that_nobody_can_reach(self, ctx: Context, clinic: Any) -> None:
        survivor, other = await make_patient(ctx), await make_patient(ctx, phone="+12025550111")
        await merge(ctx, survivor, other)
        pointer = await fresh(other)
        assert pointer.merged_into == survivor.id
        assert (pointer.email, pointer.phone, pointer.outreach_due_at) == (None, None, None)
        assert await Patient.matching(email=other.email, phone=None) == []

    async def test_missing_facts_are_filled_and_own_facts_stay(self, ctx: Context) -> None:
        survivor = await make_patient(ctx, notes="ours", patient_type=PatientType.COLD_LEAD)
        other = await make_patient(
            ctx,
            phone="+12025550111",
            notes="theirs",
            date_of_birth=date(1990, 5, 4),
            next_follow_up_date=date(2027, 1, 5),
            language="es",
        )
        await merge(ctx, survivor, other)
        united = await fresh(survivor)
        assert (united.name, united.email, united.phone) == (survivor.name, survivor.email, "+12025550111")
        assert (united.date_of_birth, united.next_follow_up_date) == (date(1990, 5, 4), date(2027, 1, 5))
        assert united.patient_type is PatientType.EXISTING
        assert (united.notes, united.language) == ("ours\ntheirs", "en")
        assert (await fresh(other)).phone is None

    async def test_histories_and_bounces_are_united_without_doubles(self, ctx: Context) -> None:
        same = {"procedure_name": "Cleaning", "procedure_date": date(2025, 3, 1)}
        survivor = await make_patient(ctx, treatment_history=[same], unusable_addresses=["old@example.com"])
        other = await make_patient(
            ctx,
            treatment_history=[same, {"procedure_name": "Crown", "procedure_date": date(2024, 3, 1)}],
            unusable_addresses=["old@example.com", "gone@example.com"],
        )
        await merge(ctx, survivor, other)
        united = await fresh(survivor)
        assert [row.procedure_name for row in united.treatment_history] == ["Crown", "Cleaning"]
        assert united.unusable_addresses == ["old@example.com", "gone@example.com"]

    async def test_a_stop_on_either_record_stays(self, ctx: Context) -> None:
        survivor, other = await make_patient(ctx), await make_patient(ctx)
        await patients.record_opt_out(ctx, patient_ids=[other.id], channel=ChannelType.EMAIL, source="test")
        await patients.record_opt_out(ctx, patient_ids=[survivor.id], channel=ChannelType.SMS, source="test")
        await merge(ctx, survivor, other)
        assert {stop.channel for stop in (await fresh(survivor)).opt_outs} == {"email", "sms"}

    async def test_a_served_due_date_is_named_by_one_campaign_only(self, ctx: Context, clinic: Any) -> None:
        due = date(2026, 11, 1)
        survivor, other = await make_patient(ctx), await make_patient(ctx)
        ours, theirs = [await closed_recall(ctx, patient, due) for patient in (survivor, other)]
        done = await merge(ctx, survivor, other)
        assert (await campaigns.get(ours.id)).due_date == due
        assert (await campaigns.get(theirs.id)).due_date is None
        await undo(ctx, done)
        assert (await campaigns.get(theirs.id)).due_date == due

    async def test_dependants_of_the_merged_one_are_the_survivors(self, ctx: Context) -> None:
        survivor, other = await make_patient(ctx), await make_patient(ctx)
        child = await make_patient(ctx, email=None, guardian_id=other.id)
        done = await merge(ctx, survivor, other)
        assert (await fresh(child)).guardian_id == survivor.id
        await undo(ctx, done)
        assert (await fresh(child)).guardian_id == other.id

    async def test_a_child_entered_twice_gets_the_guardian_of_the_second_record(self, ctx: Context) -> None:
        parent = await make_patient(ctx)
        survivor = await make_patient(ctx, email=None)
        other = await make_patient(ctx, email=parent.email, guardian_id=parent.id)
        done = await merge(ctx, survivor, other)
        assert ((await fresh(survivor)).guardian_id, (await fresh(survivor)).email) == (parent.id, parent.email)
        await undo(ctx, done)
        assert ((await fresh(survivor)).guardian_id, (await fresh(survivor)).email) == (None, None)
        assert ((await fresh(other)).guardian_id, (await fresh(other)).email) == (parent.id, parent.email)

    async def test_an_address_shared_with_a_guardian_is_never_taken_alone(self, ctx: Context) -> None:
        parent = await make_patient(ctx)
        survivor = await make_patient(ctx, email=None, phone="+12025550111")
        other = await make_patient(ctx, email=parent.email, guardian_id=parent.id)
        await merge(ctx, survivor, other)
        assert ((await fresh(survivor)).guardian_id, (await fresh(survivor)).email) == (None, None)

    async def test_outreach_of_the_one_person_is_judged_anew(self, ctx: Context, clinic: Any) -> None:
        survivor, other = await make_patient(ctx), await make_patient(ctx)
        await stage.due_today(ctx, survivor)
        await book(ctx, clinic, other)
        before = (await fresh(survivor)).outreach_due_at
        assert before
        assert before <= ctx.now()
        done = await merge(ctx, survivor, other)
        after = (await fresh(survivor)).outreach_due_at
        assert after is None or after > ctx.now(), "a visit is booked"
        await undo(ctx, done)
        assert (await fresh(survivor)).outreach_due_at == before

    async def test_both_merge_and_undo_are_in_the_audit_log_of_both_records(self, ctx: Context) -> None:
        survivor, other = await make_patient(ctx), await make_patient(ctx)
        done = await merge(ctx, survivor, other)
        await undo(ctx, done)
        for patient in (survivor, other):
            rows = (
                await AuditEntry.find({"patient_ids": patient.id, "action": {"$regex": "merge"}}).sort("_id").to_list()
            )
            assert [(row.action, row.actor) for row in rows] == [
                ("patient.merged", ACTOR),
                ("patient.merge_undone", ACTOR),
            ]


async def closed_recall(ctx: Context, patient: Patient, due: date) -> Campaign:
    """A recall of this patient for this due date that ended unanswered."""
    await Patient.collection().update_one({"_id": patient.id}, {"$set": {"next_follow_up_date": stored_date(due)}})
    campaign = campaigns.new_campaign(
        await make_clinic(),
        await fresh(patient),
        CampaignType.RECALL,
        route=patients.Route(ChannelType.EMAIL, patient.email or ""),
        now=ctx.now(),
        identifier=PydanticObjectId(),
        inquiry=None,
        value=0.0,
    )
    campaign.status = CampaignStatus.RECOVERY_FAILED
    await campaign.insert()
    return campaign


class TestRefusals:
    async def test_a_record_with_itself(self, ctx: Context) -> None:
        patient = await make_patient(ctx)
        with pytest.raises(InvalidInputError):
            await merge(ctx, patient, patient)

    async def test_an_unknown_record(self, ctx: Context) -> None:
        patient = await make_patient(ctx)
        for pair in ((patient.id, PydanticObjectId()), (PydanticObjectId(), patient.id)):
            with pytest.raises(NotFoundError):
                await merges.merge(ctx, patient_id=pair[0], merge_patient_id=pair[1], reason="", actor=ACTOR)
        assert "held_for" not in (await Patient.collection().find_one({"_id": patient.id}) or {})

    @pytest.mark.parametrize("side", [0, 1])
    @pytest.mark.parametrize("gone", ["merged", "erased"])
    async def test_a_record_that_is_gone(self, ctx: Context, side: int, gone: str) -> None:
        first, second, third = [await make_patient(ctx) for _ in range(3)]
        if gone == "merged":
            await merge(ctx, third, first)
        else:
            await Patient.collection().update_one({"_id": first.id}, {"$set": {"erased_at": ctx.now()}})
        pair = (first, second) if side == 0 else (second, first)
        with pytest.raises(NotMergeableError):
            await merge(ctx, *pair)

    async def test_two_active_campaigns_and_both_are_named(self, ctx: Context) -> None:
        ours = await stage.running_campaign(ctx)
        theirs = await stage.running_campaign(ctx)
        before = await everything()
        with pytest.raises(ActiveCampaignError) as refusal:
            await merge(ctx, await patients.get(ours.patient_id), await patients.get(theirs.patient_id))
        assert refusal.value.extra == {"campaigns": [str(ours.id), str(theirs.id)]}
        assert await everything() == before
        assert await PatientMerge.count() == 0

    async def test_overlapping_visits_to_come_and_both_are_named(self, ctx: Context, clinic: Any) -> None:
        await make_provider(ctx, ["checkup"])
        survivor, other = await make_patient(ctx), await make_patient(ctx)
        ours = await book(ctx, clinic, survivor, "2026-11-24 10:00")
        theirs = await book(ctx, clinic, other, "2026-11-24 10:15")
        before = await everything()
        with pytest.raises(ConflictError) as refusal:
            await merge(ctx, survivor, other)
        assert refusal.value.extra == {"appointments": [str(ours.id), str(theirs.id)]}
        assert await everything() == before

    async def test_visits_that_clashed_in_the_past_do_not_stand_in_the_way(
        self, ctx: Context, clock: Clock, clinic: Any
    ) -> None:
        await make_provider(ctx, ["checkup"])
        survivor, other = await make_patient(ctx), await make_patient(ctx)
        await book(ctx, clinic, survivor)
        theirs = await book(ctx, clinic, other)
        clock.forward(days=3)
        before = await everything()
        done = await merge(ctx, survivor, other)
        moved = await Appointment.get(theirs.id)
        assert moved
        assert moved.slot_keys
        assert all(key.startswith("P:") for key in moved.slot_keys), "the provider's time stays taken"
        await undo(ctx, done)
        assert await everything() == before

    async def test_a_guardian_and_an_own_dependant(self, ctx: Context) -> None:
        guardian = await make_patient(ctx)
        child = await make_patient(ctx, email=None, guardian_id=guardian.id)
        for pair in ((guardian, child), (child, guardian)):
            with pytest.raises(NotMergeableError):
                await merge(ctx, *pair)

    async def test_a_guardian_into_a_dependant_of_somebody(self, ctx: Context) -> None:
        someone, guardian = await make_patient(ctx), await make_patient(ctx)
        await make_patient(ctx, email=None, guardian_id=guardian.id)
        dependant = await make_patient(ctx, email=None, guardian_id=someone.id)
        with pytest.raises(NotMergeableError):
            await merge(ctx, dependant, guardian)
        await merge(ctx, guardian, dependant)


class TestUndo:
    async def test_everything_is_as_it_was(self, ctx: Context, clock: Clock, clinic: Any) -> None:
        other = await with_history(ctx, phone="+12025550111", notes="theirs", date_of_birth=date(1990, 5, 4))
        await book(ctx, clinic, other)
        await patients.record_opt_out(ctx, patient_ids=[other.id], channel=ChannelType.SMS, source="test")
        survivor = await make_patient(ctx, patient_type=PatientType.COLD_LEAD, notes="ours")
        clock.forward(minutes=1)
        before = await everything()
        done = await merge(ctx, survivor, other)
        assert await everything() != before
        await undo(ctx, done)
        after = await everything()
        assert after == before

    async def test_a_second_undo_changes_nothing(self, ctx: Context) -> None:
        done = await merge(ctx, await make_patient(ctx), await make_patient(ctx))
        first = await undo(ctx, done)
        before = await everything()
        assert await undo(ctx, done) == first
        assert await everything() == before
        assert await AuditEntry.find({"action": "patient.merge_undone"}).count() == 1

    async def test_what_happened_since_stays_with_the_survivor(self, ctx: Context, clinic: Any) -> None:
        survivor, other = await make_patient(ctx), await make_patient(ctx)
        done = await merge(ctx, survivor, other)
        visit = await book(ctx, clinic, survivor)
        await Patient.collection().update_one({"_id": survivor.id}, {"$set": {"notes": "written since"}})
        await undo(ctx, done)
        kept = await Appointment.get(visit.id)
        assert kept
        assert kept.patient_id == survivor.id
        assert (await fresh(survivor)).notes == "written since"

    async def test_a_campaign_goes_back_with_what_was_said_in_it_since(self, ctx: Context, clinic: Any) -> None:
        campaign = await stage.written_to(ctx)
        other, survivor = await patients.get(campaign.patient_id), await make_patient(ctx)
        done = await merge(ctx, survivor, other)
        await stage.answered_with(ctx, await campaigns.get(campaign.id), "Yes, I would like to book please")
        await outbox.drain(ctx)
        said = await Interaction.of_campaign(campaign.id)
        assert {item.patient_id for item in said} == {survivor.id}
        await undo(ctx, done)
        assert set((await owned(survivor)).values()) == {0}
        assert {item.patient_id for item in await Interaction.of_campaign(campaign.id)} == {other.id}

    async def test_after_thirty_days_it_is_too_late(self, ctx: Context, clock: Clock) -> None:
        done = await merge(ctx, await make_patient(ctx), await make_patient(ctx))
        clock.instant = done.undo_until + timedelta(milliseconds=1)
        with pytest.raises(MergeNotUndoableError):
            await undo(ctx, done)
        clock.instant = done.undo_until
        assert (await undo(ctx, done)).undone_at == done.undo_until
        assert done.undo_until - done.merged_at == timedelta(days=30)

    async def test_an_address_that_was_given_away_meanwhile(self, ctx: Context) -> None:
        survivor, other = await make_patient(ctx), await make_patient(ctx)
        done = await merge(ctx, survivor, other)
        await make_patient(ctx, email=other.email)
        before = await everything()
        with pytest.raises(MergeNotUndoableError):
            await undo(ctx, done)
        assert await everything() == before

    async def test_a_stop_said_since_binds_both(self, ctx: Context, clock: Clock) -> None:
        survivor, other = await make_patient(ctx), await make_patient(ctx)
        done = await merge(ctx, survivor, other)
        clock.forward(days=1)
        await patients.record_opt_out(ctx, patient_ids=[survivor.id], channel=ChannelType.EMAIL, source="test")
        await undo(ctx, done)
        for patient in (survivor, other):
            assert [stop.channel for stop in (await fresh(patient)).opt_outs] == ["email"]

    async def test_a_stop_repeated_since_stays_although_the_first_one_was_the_others(
        self, ctx: Context, clock: Clock
    ) -> None:
        campaign = await stage.written_to(ctx)
        survivor, other = await patients.get(campaign.patient_id), await make_patient(ctx)
        await patients.record_opt_out(ctx, patient_ids=[other.id], channel=ChannelType.EMAIL, source="test")
        clock.forward(days=1)
        done = await merge(ctx, survivor, other)
        clock.forward(days=1)
        await stage.answered_with(ctx, campaign, "STOP")
        assert len((await fresh(survivor)).opt_outs) == 1, "the repeated stop added nothing"
        await undo(ctx, done)
        assert [stop.channel for stop in (await fresh(survivor)).opt_outs] == ["email"]

    async def test_the_others_own_stop_leaves_the_survivor_again(self, ctx: Context, clock: Clock) -> None:
        survivor, other = await make_patient(ctx), await make_patient(ctx)
        await patients.record_opt_out(ctx, patient_ids=[other.id], channel=ChannelType.EMAIL, source="test")
        clock.forward(days=1)
        await undo(ctx, await merge(ctx, survivor, other))
        assert (await fresh(survivor)).opt_outs == []
        assert [stop.channel for stop in (await fresh(other)).opt_outs] == ["email"]

    async def test_a_stop_from_an_address_that_nobody_held_just_then(self, ctx: Context, clock: Clock) -> None:
        await make_clinic()
        survivor, other = await make_patient(ctx), await make_patient(ctx)
        done = await merge(ctx, survivor, other)
        clock.forward(days=1)
        message = InboundMessage(
            source=InboundSource.GENERIC,
            external_id="stop-1",
            channel=ChannelType.EMAIL,
            sender=other.email,
            text="STOP",
        )
        await inbound.store(ctx, message)
        await inbox.drain(ctx)
        await undo(ctx, done)
        assert [stop.channel for stop in (await fresh(other)).opt_outs] == ["email"]

    async def test_a_lead_who_came_since_stays_an_existing_patient(self, ctx: Context, clock: Clock) -> None:
        survivor, other = await make_patient(ctx, patient_type=PatientType.COLD_LEAD), await make_patient(ctx)
        done = await merge(ctx, survivor, other)
        clock.forward(days=1)
        await patients.record_visit(
            ctx, patient_id=survivor.id, procedure="Cleaning", on=date(2026, 11, 24), next_follow_up_on=None
        )
        await undo(ctx, done)
        assert (await fresh(survivor)).patient_type is PatientType.EXISTING

    async def test_a_chain_is_undone_from_its_end(self, ctx: Context, clinic: Any) -> None:
        first, second, third = [await make_patient(ctx) for _ in range(3)]
        visit = await book(ctx, clinic, second)
        before = await everything()
        inner = await merge(ctx, first, second)
        outer = await merge(ctx, third, first)
        moved = await Appointment.get(visit.id)
        assert moved
        assert moved.patient_id == third.id
        with pytest.raises(MergeNotUndoableError) as refusal:
            await undo(ctx, inner)
        assert refusal.value.extra == {"merge_id": str(outer.id)}
        await undo(ctx, outer)
        await undo(ctx, inner)
        assert await everything() == before

    async def test_two_merges_into_one_record_are_undone_last_first(self, ctx: Context) -> None:
        survivor, second, third = [await make_patient(ctx) for _ in range(3)]
        before = await everything()
        one, two = await merge(ctx, survivor, second), await merge(ctx, survivor, third)
        with pytest.raises(MergeNotUndoableError):
            await undo(ctx, one)
        await undo(ctx, two)
        await undo(ctx, one)
        assert await everything() == before

    async def test_merged_again_after_an_undo(self, ctx: Context) -> None:
        survivor, other = await make_patient(ctx), await make_patient(ctx)
        await undo(ctx, await merge(ctx, survivor, other))
        again = await merge(ctx, survivor, other)
        assert again.position == 1
        assert (await fresh(other)).merged_into == survivor.id

    async def test_an_undone_merge_remembers_no_facts(self, ctx: Context) -> None:
        survivor = await make_patient(ctx)
        other = await make_patient(ctx, phone="+12025550111", notes="something private")
        done = await undo(ctx, await merge(ctx, survivor, other))
        text = str(await PatientMerge.collection().find_one({"_id": done.id}))
        assert not any(fact in text for fact in ("+12025550111", "private", other.email or ""))


class TestAtTheSameMoment:
    async def test_two_merges_of_one_pair_are_one(self, ctx: Context) -> None:
        survivor, other = await make_patient(ctx), await make_patient(ctx)
        results = await asyncio.gather(
            *(merge(ctx, *pair) for pair in ((survivor, other), (other, survivor), (survivor, other))),
            return_exceptions=True,
        )
        assert sum(isinstance(result, PatientMerge) for result in results) == 1, results
        assert sum(isinstance(result, NotMergeableError) for result in results) == 2, results
        assert await PatientMerge.count() == 1

    async def test_a_chain_made_at_once_has_no_lost_end(self, ctx: Context) -> None:
        """A takes B while C takes A: whatever order wins, B's place leads to somebody who lives."""
        for _ in range(5):
            first, second, third = [await make_patient(ctx) for _ in range(3)]
            await asyncio.gather(merge(ctx, first, second), merge(ctx, third, first), return_exceptions=True)
            for patient in (first, second, third):
                end = await patients.get(await merge_holds.survivor_of(patient.id))
                assert end.merged_into is None
                pointer = await fresh(patient)
                if pointer.merged_into:
                    standing = await PatientMerge.standing_of(patient.id)
                    assert standing
                    assert standing.patient_id == pointer.merged_into

    async def test_a_booking_at_that_moment_is_the_survivors(self, ctx: Context, clinic: Any) -> None:
        for hour in range(9, 12):
            survivor, other = await make_patient(ctx), await make_patient(ctx)
            visit, _ = await asyncio.gather(
                book(ctx, clinic, other, f"2026-11-24 {hour:02}:00"), merge(ctx, survivor, other)
            )
            await merges.gather_late(ctx, survivor.id)
            stored = await Appointment.get(visit.id)
            assert stored
            assert stored.patient_id == survivor.id
            assert (await owned(other))["Appointment"] == 0
        assert not any((await invariants.check(ctx)).values())

    async def test_a_booking_that_found_the_patient_before_the_merge_is_the_survivors(
        self, ctx: Context, clinic: Any
    ) -> None:
        survivor, other = await make_patient(ctx), await make_patient(ctx)
        done = await merge(ctx, survivor, other)
        offer = await availability.offer_for(await availability.service_named("checkup"))
        start = datetime(2026, 11, 24, 15, tzinfo=UTC)
        chairs, _ = await availability.free_chairs(ctx, offer, start)
        wish = reservations.new_appointment(
            ctx, patient=other, campaign=None, start=start, minutes=30, source=AppointmentSource.AI_AGENT_FORM
        )
        stale = reservations.Booker(patient=other, campaign=None, by_link=False)
        visit = await reservations.reserve(ctx, offer, chairs, wish, stale, actor="patient:x")
        assert (visit.patient_id, visit.patient_name) == (survivor.id, survivor.name)
        assert {key.split(":")[1] for key in visit.slot_keys or () if key.startswith("U:")} == {str(survivor.id)}
        await undo(ctx, done)
        assert (await owned(other))["Appointment"] == 0

    async def test_a_message_at_that_moment_is_answered_once_in_the_survivors_name(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx)
        other, survivor = await patients.get(campaign.patient_id), await make_patient(ctx)
        await stage.incoming(ctx, campaign, "Yes, I would like to book please")
        await asyncio.gather(inbox.drain(ctx), merge(ctx, survivor, other))
        await merges.gather_late(ctx, survivor.id)
        said = await Interaction.of_campaign(campaign.id)
        assert [item.direction for item in said].count(Direction.INCOMING) == 1
        assert len([item for item in said if item.direction is Direction.OUTGOING]) == 2, "the attempt and one answer"
        assert (await campaigns.get(campaign.id)).patient_id == survivor.id
        assert set((await owned(other)).values()) == {0}

    async def test_two_undos_are_one(self, ctx: Context) -> None:
        survivor, other = await make_patient(ctx), await make_patient(ctx)
        done = await merge(ctx, survivor, other)
        await asyncio.gather(*(undo(ctx, done) for _ in range(3)))
        assert await AuditEntry.find({"action": "patient.merge_undone"}).count() == 1


class TestAfterwards:
    async def test_an_old_link_books_for_the_survivor(self, ctx: Context, clinic: Any) -> None:
        survivor, other = await make_patient(ctx), await make_patient(ctx)
        link, address = links.new_booking_link(ctx, patient_id=other.id, campaign_id=None)
        await link.insert()
        await merge(ctx, survivor, other)
        request = BookingRequest(
            name="x",
            email=None,
            phone=None,
            start=wall(clinic, TUESDAY),
            service_name="checkup",
            token=address.split("?t=")[1],
        )
        visit = await appointments.book(ctx, request)
        assert (visit.patient_id, visit.patient_name) == (survivor.id, survivor.name)

    async def test_an_answer_to_the_merged_ones_message_finds_its_campaign(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx)
        survivor = await make_patient(ctx)
        await merge(ctx, survivor, await patients.get(campaign.patient_id))
        await stage.answered_with(ctx, campaign, "Yes, I would like to book please")
        assert (await campaigns.get(campaign.id)).status is CampaignStatus.RE_ENGAGED

    async def test_a_stop_to_the_merged_ones_campaign_binds_the_survivor(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx)
        survivor = await make_patient(ctx)
        await merge(ctx, survivor, await patients.get(campaign.patient_id))
        await stage.answered_with(ctx, campaign, "STOP")
        assert [stop.channel for stop in (await fresh(survivor)).opt_outs] == ["email"]
        assert (await campaigns.get(campaign.id)).status is CampaignStatus.RECOVERY_DECLINED

    async def test_the_desk_finds_the_survivor_by_an_address_that_moved(self, ctx: Context, clinic: Any) -> None:
        survivor, other = await make_patient(ctx, email=None, phone="+12025550111"), await make_patient(ctx)
        await merge(ctx, survivor, other)
        booking = StaffBooking(
            name="x",
            email=other.email,
            phone=None,
            start=wall(clinic, TUESDAY),
            duration_minutes=30,
            service_name="checkup",
            preferred_channel=[ChannelType.EMAIL],
        )
        assert (await book_by_staff(ctx, booking, actor=ACTOR)).patient_id == survivor.id

    async def test_everything_that_the_person_was_known_by(self, ctx: Context) -> None:
        first, second, third = [await make_patient(ctx) for _ in range(3)]
        await merge(ctx, first, second)
        await merge(ctx, third, first)
        assert set(await merge_holds.identities_of(third.id)) == {first.id, second.id, third.id}
        assert await merge_holds.survivor_of(second.id) == third.id
