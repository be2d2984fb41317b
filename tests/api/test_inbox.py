"""The staff inbox: what nobody could place is listed, assigned, tried again or dismissed (api.md section 4)."""

import asyncio
import re
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest

from app.jobs import inbox as inbox_job
from app.models.appointments import Appointment
from app.models.campaigns import Campaign
from app.models.enums import AppointmentStatus, ChannelType, InboundSource, InboxState
from app.models.inbox import InboundEvent
from app.models.interactions import Interaction
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.models.records import AuditEntry
from app.services import inbound, invariants, launching, patients
from app.services.inbound import InboundMessage
from tests.api.conftest import TUESDAY_TEN, House
from tests.api.shapes import ALTERNATIVE, HEX_ID, INSTANT, Maybe, accepted, refused
from tests.conftest import Clock
from tests.factories import make_patient, make_recovery, token_for, wall

ROW = {
    "event_id": HEX_ID,
    "source": re.compile("incoming-message|gmail|sandbox|booking-form"),
    "channel": Maybe(re.compile("email|sms|whatsapp")),
    "sender": Maybe(str),
    "subject": str,
    "received_at": INSTANT,
    "state": re.compile("UNMATCHED|PARKED"),
    "priority": re.compile("normal|urgent"),
    "reason": str,
    "reason_sentence": str,
    "preview": str,
    "suggested_patients": [{"patient_id": HEX_ID, "name": str, "why": re.compile("address|family|booking")}],
    "booking": Maybe({"name": str, "start": INSTANT, "service_name": str}),
    "attempts": int,
}
LIST = {"pagination": {"total_items": int, "total_pages": int, "current_page": int}, "messages": [ROW]}
SETTLED = {
    "event_id": HEX_ID,
    "state": str,
    "outcome": Maybe(str),
    "campaign_id": Maybe(HEX_ID),
    "appointment_id": Maybe(HEX_ID),
}
STRANGER = "stranger@example.com"


async def write(house: House, text: str = "Could I come on Tuesday?", **fields: Any) -> InboundEvent:
    """A message comes in and the inbox job works it."""
    if isinstance(house.ctx.now, Clock):
        house.ctx.now.forward(seconds=1)
    values: dict[str, Any] = {
        "source": InboundSource.GENERIC,
        "external_id": f"m{await InboundEvent.count()}",
        "channel": ChannelType.EMAIL,
        "sender": STRANGER,
        "text": text,
    }
    stored = await inbound.store(house.ctx, InboundMessage(**(values | fields)))
    await inbox_job.drain(house.ctx)
    return await now(stored)


async def now(event_id: Any) -> InboundEvent:
    event = await InboundEvent.get(event_id)
    assert event is not None
    return event


async def parked(house: House, *, payload: dict[str, Any] | None = None, reason: str = "malformed_message") -> Any:
    return await inbound.store_event(
        house.ctx,
        source=InboundSource.GENERIC,
        event_id=f"p{await InboundEvent.count()}",
        payload=payload or {"raw": '{"channel": "pigeon"}'},
        conversation="c",
        parked_because=reason,
    )


async def ambiguous_booking(house: House) -> tuple[InboundEvent, Patient, Patient]:
    """A form whose e-mail is Ann's and whose phone is Ben's."""
    ann = await make_patient(house.ctx, name="Ann Ames")
    ben = await make_patient(house.ctx, name="Ben Book", email=None, phone="+12025550170")
    refused(await house.book(email=ann.email, phone=ben.phone), 404, "PATIENT_NOT_MATCHED")
    [event] = await InboundEvent.find({"source": InboundSource.BOOKING_FORM}).to_list()
    return event, ann, ben


async def assign(house: House, event: InboundEvent, **body: Any) -> httpx2.Response:
    return await house.post(f"inbox/{event.id}/assign", {name: str(value) for name, value in body.items()})


async def listed(house: House, **params: Any) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = accepted(await house.get("inbox", **params), 200, LIST)["messages"]
    return messages


async def audited(action: str) -> list[AuditEntry]:
    return await AuditEntry.find({"action": action}).to_list()


class TestList:
    async def test_an_empty_inbox(self, house: House) -> None:
        body = accepted(await house.get("inbox"), 200, LIST)
        assert body["messages"] == []
        assert (body["pagination"]["total_items"], body["pagination"]["total_pages"]) == (0, 0)

    async def test_a_strangers_message(self, house: House) -> None:
        event = await write(house, "Hello,\n\nthis is " + "very " * 100)
        [row] = await listed(house)
        assert row["event_id"] == str(event.id)
        assert (row["state"], row["reason"], row["sender"]) == ("UNMATCHED", "no_campaign_matches", STRANGER)
        assert row["preview"].startswith("Hello, this is very")
        assert len(row["preview"]) == 200
        assert row["suggested_patients"] == []
        assert "Choose the patient" in row["reason_sentence"]

    async def test_what_is_matched_or_settled_is_not_in_it(self, house: House) -> None:
        campaign = await make_recovery(house.ctx)
        await write(house, sender=campaign.channel.address)
        gone = await write(house)
        await house.post(f"inbox/{gone.id}/dismiss", {"reason": "Advertising"})
        assert await listed(house) == []

    async def test_the_newest_first_and_an_emergency_before_all(self, house: House) -> None:
        urgent = await write(house, "My face is swollen and I cannot breathe")
        older = await write(house, "hello")
        newer = await write(house, "hello again")
        rows = await listed(house)
        assert [row["event_id"] for row in rows] == [str(one.id) for one in (urgent, newer, older)]
        assert [row["priority"] for row in rows] == ["urgent", "normal", "normal"]

    async def test_an_emergency_that_also_says_stop_is_kept_for_staff_and_stopped(self, house: House) -> None:
        patient = await make_patient(house.ctx, email=None, phone="+12025550170")
        await write(
            house,
            "Stop texting me! My face is swollen and I cannot breathe.",
            sender=patient.phone,
            channel=ChannelType.SMS,
        )
        [row] = await listed(house)
        assert row["priority"] == "urgent"
        assert await patients.is_suppressed(await patients.get(patient.id), ChannelType.SMS)

    async def test_an_emergency_in_something_unreadable_is_urgent_too(self, house: House) -> None:
        await parked(house, payload={"raw": '{"text": "I am bleeding a lot and cannot stop it"}'})
        assert (await listed(house))[0]["priority"] == "urgent"

    async def test_by_state_and_page(self, house: House) -> None:
        for _ in range(3):
            await write(house)
        await parked(house)
        assert len(await listed(house)) == 4
        assert [row["state"] for row in await listed(house, state="parked")] == ["PARKED"]
        unmatched = [row["event_id"] for row in await listed(house, state="unmatched")]
        pages = [await listed(house, state="unmatched", limit=2, page=page) for page in (1, 2, 3)]
        assert [[row["event_id"] for row in page] for page in pages] == [unmatched[:2], unmatched[2:], []]

    @pytest.mark.parametrize("state", ["DONE", "received", "", "$ne"])
    async def test_other_states_are_refused(self, house: House, state: str) -> None:
        refused(await house.get("inbox", state=state), 422, "VALIDATION_ERROR")

    async def test_whom_it_may_be_from(self, house: House) -> None:
        parent = await make_patient(house.ctx, name="Mia Moss")
        child = await make_patient(house.ctx, name="Kit Moss", email=None, guardian_id=parent.id)
        merged = await make_patient(house.ctx, name="Mia Old", email=None, phone="+12025550170")
        await merged.set({"email": parent.email, "guardian_id": parent.id, "merged_into": parent.id})
        await write(house, sender=parent.email)
        await write(house)
        rows = {row["sender"]: row["suggested_patients"] for row in await listed(house)}
        assert rows[STRANGER] == []
        assert [(one["name"], one["why"]) for one in rows[parent.email]] == [
            ("Mia Moss", "address"),
            ("Kit Moss", "family"),
        ]
        [entry] = await audited("inbox.listed")
        assert set(entry.patient_ids) == {parent.id, child.id}

    async def test_a_booking_of_two_people(self, house: House) -> None:
        _, ann, ben = await ambiguous_booking(house)
        [row] = await listed(house)
        assert row["reason"] == "booking_matches_two_patients"
        assert row["booking"]["service_name"] == "checkup"
        assert {one["patient_id"] for one in row["suggested_patients"]} == {str(ann.id), str(ben.id)}

    async def test_a_hostile_text_stays_text(self, house: House) -> None:
        await write(house, "<script>alert(1)</script> =cmd()")
        answer = await house.get("inbox")
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.json()["messages"][0]["preview"] == "<script>alert(1)</script> =cmd()"


class TestRead:
    async def test_the_whole_text_and_the_read_is_audited(self, house: House) -> None:
        patient = await make_patient(house.ctx)
        event = await write(house, "line one\nline two " + "x" * 3_000, sender=patient.email)
        body = accepted(await house.get(f"inbox/{event.id}"), 200, ROW | {"text": str, "campaign_id": None})
        assert body["text"] == event.payload["text"]
        [entry] = await audited("inbox.read")
        assert (entry.document_id, entry.patient_ids) == (str(event.id), [patient.id])

    async def test_an_unknown_one(self, house: House) -> None:
        refused(await house.get(f"inbox/{'0' * 24}"), 404, "NOT_FOUND")

    async def test_what_it_says_after_it_was_settled(self, house: House) -> None:
        event = await write(house)
        await house.post(f"inbox/{event.id}/dismiss", {"reason": "Advertising"})
        body = (await house.get(f"inbox/{event.id}")).json()
        assert (body["state"], body["note"], body["handled_by"]) == (
            "DISMISSED",
            "Advertising",
            f"user:{house.admin.id}",
        )


class TestAssign:
    async def test_to_a_campaign_goes_the_way_of_every_message(self, house: House) -> None:
        campaign = await make_recovery(house.ctx)
        await house.post("jobs/drain")
        event = await write(house, "Yes, I would like to book an appointment please")
        body = accepted(await assign(house, event, campaign_id=campaign.id), 200, SETTLED)
        assert (body["state"], body["campaign_id"]) == ("RECEIVED", str(campaign.id))
        await inbox_job.drain(house.ctx)
        done = await now(event.id)
        assert (done.state, done.outcome, done.campaign_id) == (InboxState.DONE, "replied", campaign.id)
        [message] = await Interaction.find({"campaign_id": campaign.id, "direction": "incoming"}).to_list()
        assert message.content == "Yes, I would like to book an appointment please"
        assert await OutboundMessage.find({"campaign_id": campaign.id, "kind": "reply"}).count() == 1
        assert await listed(house) == []
        [entry] = await audited("inbox.assigned")
        assert entry.patient_ids == [campaign.patient_id]
        assert not any((await invariants.check(house.ctx)).values())

    async def test_a_persons_choice_outranks_what_the_rules_would_find(self, house: House) -> None:
        mine, other = await make_recovery(house.ctx), await make_recovery(house.ctx)
        event = await write(house)
        await assign(house, event, campaign_id=mine.id)
        await InboundEvent.collection().update_one(
            {"_id": event.id}, {"$set": {"payload.sender": other.channel.address}}
        )
        await inbox_job.drain(house.ctx)
        assert [one.campaign_id for one in await Interaction.find({"direction": "incoming"}).to_list()] == [mine.id]

    async def test_to_a_patient_means_the_running_campaign(self, house: House, clock: Clock) -> None:
        campaign = await make_recovery(house.ctx)
        await campaign.set({"status": "RECOVERY_FAILED"})
        patient = await patients.get(campaign.patient_id)
        event = await write(house)
        newest = accepted(await assign(house, event, patient_id=patient.id), 200, SETTLED)
        assert newest["campaign_id"] == str(campaign.id)
        clock.forward(days=400)
        await Patient.collection().update_one({"_id": patient.id}, {"$set": {"outreach_due_at": clock.instant}})
        await launching.launch_due(house.ctx)
        running = await Campaign.active_of(patient.id)
        assert running is not None
        later = await write(house)
        assert (await assign(house, later, patient_id=patient.id)).json()["campaign_id"] == str(running.id)

    async def test_a_patient_without_any_conversation(self, house: House) -> None:
        patient = await make_patient(house.ctx)
        event = await write(house)
        refused(await assign(house, event, patient_id=patient.id), 409, "NO_CAMPAIGN")
        assert (await now(event.id)).state is InboxState.UNMATCHED

    async def test_a_merged_record_stands_for_the_one_that_lives_on(self, house: House) -> None:
        campaign = await make_recovery(house.ctx)
        old = await make_patient(house.ctx)
        await old.set({"merged_into": campaign.patient_id})
        event = await write(house)
        body = accepted(await assign(house, event, patient_id=old.id), 200, SETTLED)
        assert body["campaign_id"] == str(campaign.id)

    async def test_nothing_is_added_to_an_erased_record(self, house: House) -> None:
        campaign = await make_recovery(house.ctx)
        patient = await patients.get(campaign.patient_id)
        await patient.set({"erased_at": house.ctx.now()})
        event = await write(house)
        for body in ({"patient_id": patient.id}, {"campaign_id": campaign.id}):
            refused(await assign(house, event, **body), 409, "CONFLICT")

    @pytest.mark.parametrize("field", ["campaign_id", "patient_id"])
    async def test_somebody_unknown(self, house: House, field: str) -> None:
        event = await write(house)
        refused(await assign(house, event, **{field: "0" * 24}), 404, "NOT_FOUND")

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"campaign_id": "0" * 24, "patient_id": "0" * 24},
            {"patient_id": {"$ne": None}},
            {"patient_id": "x"},
            {"patient_id": "0" * 24, "force": True},
        ],
    )
    async def test_fields_that_are_not_valid(self, house: House, body: Any) -> None:
        event = await write(house)
        refused(await house.post(f"inbox/{event.id}/assign", body), 422, "VALIDATION_ERROR")

    async def test_an_event_that_holds_no_message(self, house: House) -> None:
        campaign, event = await make_recovery(house.ctx), await now(await parked(house))
        refused(await assign(house, event, campaign_id=campaign.id), 409, "CONFLICT")
        assert (await now(event.id)).state is InboxState.PARKED

    async def test_a_second_click_hears_what_it_is_now(self, house: House) -> None:
        campaign, event = await make_recovery(house.ctx), await write(house)
        accepted(await assign(house, event, campaign_id=campaign.id), 200, SETTLED)
        body = refused(await assign(house, event, campaign_id=campaign.id), 409, "INBOX_EVENT_SETTLED")
        assert body["state"] == "RECEIVED"
        await inbox_job.drain(house.ctx)
        body = refused(await assign(house, event, campaign_id=campaign.id), 409, "INBOX_EVENT_SETTLED")
        assert body["state"] == "DONE"
        assert await Interaction.find({"direction": "incoming"}).count() == 1

    async def test_of_two_people_at_once_one_wins(self, house: House) -> None:
        ones, event = [await make_recovery(house.ctx) for _ in range(6)], await write(house)
        answers = await asyncio.gather(*(assign(house, event, campaign_id=one.id) for one in ones))
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409, 409]
        [winner] = [answer.json()["campaign_id"] for answer in answers if answer.status_code == 200]
        await asyncio.gather(*(inbox_job.drain(house.ctx) for _ in range(3)))
        [message] = await Interaction.find({"direction": "incoming"}).to_list()
        assert str(message.campaign_id) == winner
        assert len(await audited("inbox.assigned")) == 1

    async def test_assigning_and_dismissing_at_once(self, house: House) -> None:
        campaign, event = await make_recovery(house.ctx), await write(house)
        answers = await asyncio.gather(
            assign(house, event, campaign_id=campaign.id),
            house.post(f"inbox/{event.id}/dismiss", {"reason": "Advertising"}),
            house.post(f"inbox/{event.id}/retry"),
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409]

    async def test_the_providers_redelivery_stays_one_row(self, house: House) -> None:
        campaign, event = await make_recovery(house.ctx), await write(house)
        await assign(house, event, campaign_id=campaign.id)
        message = inbound.message_of(await now(event.id))
        assert await inbound.store(house.ctx, message) == event.id
        await inbox_job.drain(house.ctx)
        assert await inbound.store(house.ctx, message) == event.id
        await inbox_job.drain(house.ctx)
        assert await InboundEvent.count() == 1
        assert await Interaction.find({"direction": "incoming"}).count() == 1

    async def test_a_message_that_another_conversation_holds_already(self, house: House) -> None:
        """It failed after it was stored: assigning it elsewhere would show it nowhere."""
        first, other = await make_recovery(house.ctx), await make_recovery(house.ctx)
        event = await write(house, sender=first.channel.address)
        await event.set({"state": InboxState.PARKED, "outcome": "failed_too_often"})
        body = refused(await assign(house, event, campaign_id=other.id), 409, "CONFLICT")
        assert body["campaign_id"] == str(first.id)
        accepted(await assign(house, event, campaign_id=first.id), 200, SETTLED)

    async def test_a_provider_may_read_but_not_settle(self, house: House) -> None:
        event = await write(house)
        headers = token_for(house.ctx, house.provider)
        path = f"/api/v1/admin/inbox/{event.id}"
        assert (await house.http.get(path, headers=headers)).status_code == 200
        answer = await house.http.post(f"{path}/dismiss", json={"reason": "x"}, headers=headers)
        refused(answer, 403, "PERMISSION_DENIED")


class TestAssignBooking:
    async def test_the_wished_visit_is_booked_for_the_chosen_patient(self, house: House) -> None:
        event, ann, ben = await ambiguous_booking(house)
        body = accepted(await assign(house, event, patient_id=ben.id), 200, SETTLED)
        [visit] = await Appointment.find_all().to_list()
        assert (visit.patient_id, visit.appointment_date) == (ben.id, wall(house.clinic, TUESDAY_TEN))
        assert (body["state"], body["outcome"], body["appointment_id"]) == ("DONE", "booked_by_staff", str(visit.id))
        assert await listed(house) == []
        [entry] = await audited("inbox.booked")
        assert entry.patient_ids == [ben.id]
        assert await Appointment.find({"patient_id": ann.id}).count() == 0

    async def test_a_campaign_says_which_patient(self, house: House) -> None:
        event, ann, _ = await ambiguous_booking(house)
        campaign = await make_recovery(house.ctx, patient_email=ann.email)
        body = accepted(await assign(house, event, campaign_id=campaign.id), 200, SETTLED)
        assert body["campaign_id"] == str(campaign.id)

    async def test_the_time_is_gone_and_the_event_stays(self, house: House) -> None:
        event, ann, _ = await ambiguous_booking(house)
        assert (await house.desk()).status_code == 201
        body = refused(await assign(house, event, patient_id=ann.id), 409, "SLOT_TAKEN")
        accepted(await assign(house, event, patient_id=ann.id), 409, {"alternatives": [ALTERNATIVE]})
        assert body["alternatives"]
        assert (await now(event.id)).state is InboxState.PARKED
        assert await Appointment.find_all().count() == 1

    async def test_the_time_has_passed(self, house: House, clock: Clock) -> None:
        event, ann, _ = await ambiguous_booking(house)
        clock.forward(days=3)
        body = refused(await assign(house, event, patient_id=ann.id), 409, "SLOT_TAKEN")
        starts = [datetime.fromisoformat(one["appointment_date"]) for one in body["alternatives"]]
        assert starts
        assert all(start > clock.instant for start in starts)

    async def test_of_two_people_at_once_one_visit_is_booked(self, house: House) -> None:
        event, ann, ben = await ambiguous_booking(house)
        answers = await asyncio.gather(*(assign(house, event, patient_id=one.id) for one in (ann, ben) * 3))
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409, 409]
        assert await Appointment.find({"status": AppointmentStatus.BOOKED}).count() == 1
        assert len(await audited("inbox.booked")) == 1
        assert await OutboundMessage.find_all().count() <= 1
        assert not any((await invariants.check(house.ctx)).values())

    async def test_it_is_not_tried_again_by_itself(self, house: House) -> None:
        event, _, _ = await ambiguous_booking(house)
        refused(await house.post(f"inbox/{event.id}/retry"), 409, "CONFLICT")

    async def test_the_service_is_gone(self, house: House) -> None:
        event, ann, _ = await ambiguous_booking(house)
        await house.service.delete()
        refused(await assign(house, event, patient_id=ann.id), 409, "CONFLICT")


class TestRetry:
    async def test_a_parked_message_is_worked_as_if_it_were_new(self, house: House) -> None:
        campaign = await make_recovery(house.ctx)
        event = await write(house)
        await event.set({"state": InboxState.PARKED, "outcome": "failed_too_often", "attempts": 6, "last_error": "X"})
        await InboundEvent.collection().update_one(
            {"_id": event.id}, {"$set": {"payload.sender": campaign.channel.address}}
        )
        body = accepted(await house.post(f"inbox/{event.id}/retry"), 200, SETTLED)
        assert body["state"] == "RECEIVED"
        waiting = await now(event.id)
        assert (waiting.attempts, waiting.last_error) == (0, None)
        await inbox_job.drain(house.ctx)
        assert (await now(event.id)).campaign_id == campaign.id
        assert len(await audited("inbox.retried")) == 1

    async def test_it_may_end_before_staff_again(self, house: House) -> None:
        event = await write(house)
        await house.post(f"inbox/{event.id}/retry")
        assert await listed(house) == []
        await inbox_job.drain(house.ctx)
        assert [row["event_id"] for row in await listed(house)] == [str(event.id)]

    async def test_what_cannot_be_read_is_not_tried(self, house: House) -> None:
        refused(await house.post(f"inbox/{await parked(house)}/retry"), 409, "CONFLICT")

    async def test_a_worker_that_held_it_cannot_write_any_more(self, house: House, clock: Clock) -> None:
        event = await write(house)
        await InboundEvent.collection().update_one({"_id": event.id}, {"$set": {"state": "RECEIVED"}})
        clock.forward(hours=1)
        held = await InboundEvent.claim(now=clock.instant, lease_until=clock.instant + timedelta(minutes=2))
        assert held is not None
        await InboundEvent.collection().update_one({"_id": event.id}, {"$set": {"state": "PARKED"}})
        await house.post(f"inbox/{event.id}/retry")
        assert not await held.write({"state": InboxState.DONE})


class TestDismiss:
    async def test_it_is_kept_with_the_reason_and_answers_nobody(self, house: House) -> None:
        event = await write(house)
        body = accepted(await house.post(f"inbox/{event.id}/dismiss", {"reason": "Advertising"}), 200, SETTLED)
        assert (body["state"], body["outcome"]) == ("DISMISSED", "dismissed")
        await inbox_job.drain(house.ctx)
        kept = await now(event.id)
        assert (kept.state, kept.note, kept.payload["text"]) == (
            InboxState.DISMISSED,
            "Advertising",
            "Could I come on Tuesday?",
        )
        assert await OutboundMessage.find_all().count() == 0
        assert len(await audited("inbox.dismissed")) == 1

    async def test_its_redelivery_stays_dismissed(self, house: House) -> None:
        event = await write(house)
        await house.post(f"inbox/{event.id}/dismiss", {"reason": "Advertising"})
        await inbound.store(house.ctx, inbound.message_of(await now(event.id)))
        await inbox_job.drain(house.ctx)
        assert (await now(event.id)).state is InboxState.DISMISSED
        assert await InboundEvent.count() == 1

    async def test_two_clicks_at_once(self, house: House) -> None:
        event = await write(house)
        answers = await asyncio.gather(
            *(house.post(f"inbox/{event.id}/dismiss", {"reason": f"click {n}"}) for n in range(5))
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
        assert len(await audited("inbox.dismissed")) == 1

    @pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "x" * 201}, {"reason": "a\x00b"}, {"why": "x"}])
    async def test_fields_that_are_not_valid(self, house: House, body: Any) -> None:
        event = await write(house)
        refused(await house.post(f"inbox/{event.id}/dismiss", body), 422, "VALIDATION_ERROR")

    @pytest.mark.parametrize("action", ["retry", "dismiss", "assign"])
    async def test_what_does_not_exist(self, house: House, action: str) -> None:
        body = {"dismiss": {"reason": "x"}, "assign": {"patient_id": "0" * 24}}.get(action)
        refused(await house.post(f"inbox/{'0' * 24}/{action}", body), 404, "NOT_FOUND")
