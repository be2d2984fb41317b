"""A calendar program's answer says whether the patient comes, only from whom we invited; it is not answered."""

from typing import Any

import pytest

from app.channels.email_reports import CalendarReply
from app.context import Context
from app.models.enums import AppointmentStatus, ChannelType, ConfirmationStatus, InboundSource, InboxState
from app.models.inbox import InboundEvent
from app.models.patients import Patient
from app.models.records import AuditEntry
from app.services import patients, visits
from tests.conftest import Clock
from tests.factories import make_patient
from tests.services import stage
from tests.services.reminded import VISIT_AT, Scene, furnish, furnish_with_campaign

S = ConfirmationStatus
BY_PROGRAM = "Ana Lopez has accepted this invitation."


@pytest.fixture
def ctx(ctx: Context) -> Context:
    return stage.speaking(ctx)


@pytest.fixture
async def scene(ctx: Context, clock: Clock) -> Scene:
    return await furnish(ctx, clock, phone=None, preferred_channel=[ChannelType.EMAIL])


async def replies(scene: Scene, answer: Any, text: str = "", **fields: Any) -> InboundEvent:
    reply = CalendarReply(
        answer=answer,
        uid=fields.pop("uid", scene.visit.ics_uid),
        sequence=fields.pop("sequence", None),
        starts_at=fields.pop("starts_at", None),
    )
    values = {"source": InboundSource.GMAIL, "channel": ChannelType.EMAIL, "calendar_reply": reply}
    return await scene.says(text, **(values | fields))


class TestSettled:
    @pytest.mark.parametrize(
        ("answer", "status", "review"),
        [
            ("accepted", S.CONFIRMED, None),
            ("declined", S.CANNOT_COME, "patient_cannot_come"),
            ("tentative", S.UNCONFIRMED, None),
        ],
    )
    async def test_it_is_written_down_once_and_not_answered(
        self, scene: Scene, answer: str, status: S, review: str | None
    ) -> None:
        for _ in range(2):
            event = await replies(scene, answer, BY_PROGRAM)
            assert (event.state, event.outcome) == (InboxState.DONE, "calendar_answered")
        visit = await scene.now()
        assert (visit.status, visit.confirmation_status, visit.needs_review) == (
            AppointmentStatus.BOOKED,
            status,
            review,
        )
        assert await scene.answers() == []
        changes = await AuditEntry.find({"action": "appointment.confirmation_changed"}).count()
        assert changes == (0 if answer == "tentative" else 1)

    async def test_a_guardian_answers_for_a_child(self, ctx: Context, scene: Scene) -> None:
        parent = await make_patient(ctx)
        changed = {"guardian_id": parent.id, "email": None}
        await Patient.collection().update_one({"_id": scene.patient.id}, {"$set": changed})
        await replies(scene, "accepted", sender=parent.email)
        assert (await scene.now()).confirmation_status is S.CONFIRMED

    async def test_also_while_a_campaign_runs(self, ctx: Context, clock: Clock) -> None:
        scene, campaign = await furnish_with_campaign(ctx, clock)
        await replies(scene, "accepted", BY_PROGRAM, channel=ChannelType.EMAIL, sender=campaign.channel.address)
        assert (await scene.now()).confirmation_status is S.CONFIRMED
        assert await stage.received(campaign) == []
        assert await scene.answers() == []

    @pytest.mark.parametrize(
        "note", ["I am in hospital that week.", 'Ana has declined this invitation with this note: "sorry"']
    )
    async def test_a_note_waits_for_staff(self, scene: Scene, note: str) -> None:
        event = await replies(scene, "declined", note)
        assert (event.state, event.outcome) == (InboxState.PARKED, "reply_about_a_visit")
        assert (await scene.now()).confirmation_status is S.CANNOT_COME

    async def test_a_stop_in_the_note_is_heeded(self, scene: Scene) -> None:
        await replies(scene, "declined", "STOP")
        assert (await scene.now()).confirmation_status is S.CANNOT_COME
        assert await patients.is_suppressed(await patients.get(scene.patient.id), ChannelType.EMAIL)


class TestRefused:
    async def test_somebody_else_says_nothing_of_it(self, ctx: Context, scene: Scene) -> None:
        stranger = await make_patient(ctx)
        for sender in (stranger.email, "nobody@example.com", None):
            await replies(scene, "declined", sender=sender)
        assert (await scene.now()).confirmation_status is S.UNCONFIRMED

    async def test_a_forged_sender_says_nothing_of_it(self, scene: Scene) -> None:
        await replies(scene, "declined", is_unverified=True)
        assert (await scene.now()).confirmation_status is S.UNCONFIRMED

    async def test_an_invitation_of_somebody_elses_is_none_of_ours(self, scene: Scene) -> None:
        event = await replies(scene, "declined", uid="party@example.com")
        assert event.outcome != "calendar_answered"
        assert (await scene.now()).confirmation_status is S.UNCONFIRMED

    async def test_a_visit_that_is_cancelled_or_over_stays_as_it_is(self, ctx: Context, scene: Scene) -> None:
        scene.clock.instant = scene.wall(VISIT_AT)
        scene.clock.forward(hours=2)
        await replies(scene, "accepted")
        assert (await scene.now()).confirmation_status is S.UNCONFIRMED
        await visits.cancel(ctx, scene.visit.id, actor="system")
        assert (await replies(scene, "declined")).state is InboxState.DONE
        assert (await scene.now()).needs_review is None

    async def test_an_answer_to_the_invitation_for_the_old_time_is_no_answer(self, ctx: Context, scene: Scene) -> None:
        old = scene.visit.appointment_date
        moved = await visits.reschedule(
            ctx, scene.visit.id, start=scene.wall("2026-12-17 09:00"), provider_id=None, actor="system"
        )
        new = moved.appointment_date
        for stale in ({"sequence": 0}, {"starts_at": old}, {"sequence": 0, "starts_at": new}):
            assert (await replies(scene, "declined", BY_PROGRAM, **stale)).state is InboxState.DONE
            assert (await scene.now()).confirmation_status is S.UNCONFIRMED
        await replies(scene, "accepted", BY_PROGRAM, starts_at=new)
        assert (await scene.now()).confirmation_status is S.CONFIRMED
        await replies(scene, "declined", BY_PROGRAM, sequence=1)
        assert (await scene.now()).confirmation_status is S.CANNOT_COME
