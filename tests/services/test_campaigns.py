"""`campaigns.move` is the only writer of a status: compare-and-set, withdrawals, due dates, history (domain.md 3)."""

import asyncio
from datetime import timedelta
from functools import partial
from itertools import product
from typing import Any

import pytest

from app.context import Context
from app.domain import campaign_status
from app.domain.campaign_status import CLOSED, CampaignEvent, staff_targets
from app.errors import ActiveCampaignError, ConflictError, IllegalTransitionError, NotFoundError
from app.models.base import derived_id
from app.models.campaigns import Campaign
from app.models.enums import (
    Author,
    CampaignStatus,
    CampaignType,
    ChannelType,
    Delivery,
    MessageKind,
    OutboxState,
    PatientType,
)
from app.models.interactions import Interaction
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.models.records import AuditEntry
from app.services import audit, campaigns, conversations
from app.services.campaigns import StaleCampaignError
from app.services.conversations import Step
from app.services.outbox import NewMessage
from tests.conftest import Clock
from tests.factories import force_status, make_patient, make_recovery, make_user
from tests.services import stage

S, E = CampaignStatus, CampaignEvent
ILLEGAL = [(source, event) for source, event in product(S, E) if campaign_status.transition(source, event) is None]
LEGAL = [(source, row.event, row.target) for row in campaign_status.TRANSITIONS for source in sorted(row.sources)]

ALL_BY_THE_AGENT = {"attempt", "nudge", "reply", "handoff"}
PROACTIVE = {"attempt", "nudge"}
WITHDRAWN = {
    "attempt_sent": set(),
    "attempts_exhausted": ALL_BY_THE_AGENT,
    "patient_replied": PROACTIVE,
    "patient_reconsidered": PROACTIVE,
    "patient_declined": ALL_BY_THE_AGENT,
    "human_needed": ALL_BY_THE_AGENT,
    "patient_booked": PROACTIVE,
    "visit_completed": ALL_BY_THE_AGENT,
    "appointment_withdrawn": PROACTIVE,
    "staff_released": ALL_BY_THE_AGENT,
    "staff_kept": ALL_BY_THE_AGENT,
    "staff_finished": ALL_BY_THE_AGENT,
    "staff_declined": ALL_BY_THE_AGENT,
    "opted_out": ALL_BY_THE_AGENT | {"staff", "confirmation", "reminder", "waitlist_offer", "waitlist_notice"},
    "booked_elsewhere": ALL_BY_THE_AGENT,
}
"""Event -> what it takes back of the messages that have not begun to leave."""


async def moved(ctx: Context, campaign: Campaign, event: CampaignEvent, **changes: Any) -> Campaign:
    work = partial(campaigns.move, ctx, campaign, event, by=audit.AGENT, changes=changes)
    return await ctx.database.transaction(work)


class TestMove:
    @pytest.mark.parametrize(("source", "event", "target"), LEGAL)
    async def test_a_legal_move_writes_status_version_and_history(
        self, ctx: Context, clock: Clock, source: CampaignStatus, event: CampaignEvent, target: CampaignStatus
    ) -> None:
        campaign = await force_status(await make_recovery(ctx), source)
        now = clock.forward(minutes=5)
        after = await moved(ctx, campaign, event, engagement_summary="seen")
        assert (after.status, after.version, after.updated_at) == (target, campaign.version + 1, now)
        assert after.engagement_summary == "seen"
        assert (after.closed_at == now) == (after.close_reason is not None) == (target in CLOSED)
        change = after.status_changes[-1]
        assert (change.event, change.source, change.target, change.at, change.by) == (
            event.value,
            source,
            target,
            now,
            audit.AGENT,
        )

    @pytest.mark.parametrize(("source", "event"), ILLEGAL)
    async def test_an_illegal_move_answers_409_with_what_is_allowed_and_writes_nothing(
        self, ctx: Context, source: CampaignStatus, event: CampaignEvent
    ) -> None:
        campaign = await force_status(await make_recovery(ctx), source)
        with pytest.raises(IllegalTransitionError) as refused:
            await moved(ctx, campaign, event)
        assert refused.value.status == 409
        assert refused.value.extra == {"allowed": [status.value for status in staff_targets(source)]}
        assert await campaigns.get(campaign.id) == campaign

    async def test_of_two_writers_who_saw_the_same_state_one_wins(self, ctx: Context) -> None:
        campaign = await force_status(await make_recovery(ctx), S.RE_ENGAGED)
        events = (E.PATIENT_DECLINED, E.HUMAN_NEEDED)
        results = await asyncio.gather(*(moved(ctx, campaign, event) for event in events), return_exceptions=True)
        assert sorted(type(result).__name__ for result in results) == ["Campaign", "StaleCampaignError"]
        assert len((await campaigns.get(campaign.id)).status_changes) == 2  # created, and the winner's

    async def test_a_writer_who_saw_the_same_state_but_an_older_version_loses(self, ctx: Context) -> None:
        campaign = await force_status(await make_recovery(ctx), S.RE_ENGAGED)
        await campaigns.touch(ctx, campaign, changes={"engagement_summary": "newer"})
        with pytest.raises(StaleCampaignError):
            await moved(ctx, campaign, E.HUMAN_NEEDED)
        with pytest.raises(StaleCampaignError):
            await campaigns.touch(ctx, campaign, changes={"engagement_summary": "older"})
        assert (await campaigns.get(campaign.id)).engagement_summary == "newer"

    async def test_leaving_the_attempts_takes_the_next_one_away(self, ctx: Context) -> None:
        campaign = await make_recovery(ctx)
        assert campaign.follow_up_details.next_attempt_at is not None
        assert (await moved(ctx, campaign, E.PATIENT_REPLIED)).follow_up_details.next_attempt_at is None

    async def test_reopening_wipes_the_close(self, ctx: Context) -> None:
        failed = await moved(ctx, await make_recovery(ctx), E.ATTEMPTS_EXHAUSTED)
        again = await moved(ctx, failed, E.PATIENT_REPLIED)
        assert (again.closed_at, again.close_reason) == (None, None)

    async def test_reopening_beside_another_active_campaign_is_refused(self, ctx: Context) -> None:
        failed = await moved(ctx, await make_recovery(ctx, patient_email="lee@example.com"), E.ATTEMPTS_EXHAUSTED)
        await make_recovery(ctx, patient_email="lee@example.com")
        with pytest.raises(ActiveCampaignError):
            await moved(ctx, failed, E.PATIENT_REPLIED)
        assert (await campaigns.get(failed.id)).status is S.RECOVERY_FAILED


class TestWithdrawals:
    @pytest.mark.parametrize("event", list(CampaignEvent))
    async def test_each_event_takes_back_what_it_makes_wrong(self, ctx: Context, event: CampaignEvent) -> None:
        source = next(source for source, name, _ in LEGAL if name is event)
        campaign = await force_status(await make_recovery(ctx), source)
        made = {kind: await stage.add_row(ctx, campaign, kind) for kind in MessageKind}
        await moved(ctx, campaign, event)
        after = {kind: await OutboundMessage.get(row.id) for kind, row in made.items()}
        cancelled = {kind.value for kind, row in after.items() if row and row.state is OutboxState.CANCELLED}
        assert cancelled == WITHDRAWN[event.value]
        assert all(row.state_reason == event.value for row in after.values() if row and row.state_reason)

    @pytest.mark.parametrize(
        ("state", "becomes"),
        [
            (OutboxState.PENDING, OutboxState.CANCELLED),
            (OutboxState.DRAFTED, OutboxState.CANCELLED),
            (OutboxState.SENDING, OutboxState.SENDING),
            (OutboxState.SENT, OutboxState.SENT),
            (OutboxState.UNKNOWN, OutboxState.UNKNOWN),
        ],
    )
    async def test_only_what_has_not_begun_to_leave_is_taken_back(
        self, ctx: Context, state: OutboxState, becomes: OutboxState
    ) -> None:
        campaign = await make_recovery(ctx)
        row = await stage.add_row(ctx, campaign, MessageKind.ATTEMPT, state=state, attempt=1)
        await moved(ctx, campaign, E.PATIENT_REPLIED)
        assert (await stage.only_row(_id=row.id)).state is becomes

    async def test_a_withdrawn_message_is_shown_as_failed(self, ctx: Context) -> None:
        campaign = await make_recovery(ctx)
        message = NewMessage(
            key="k",
            kind=MessageKind.ATTEMPT,
            author=Author.AI,
            channel=ChannelType.EMAIL,
            to=campaign.channel.address,
            body="x",
        )
        await conversations.queue(ctx, Step(campaign=campaign, message=message))
        await moved(ctx, await campaigns.get(campaign.id), E.PATIENT_REPLIED)
        shown = await Interaction.get(derived_id("outbox", "k"))
        assert shown is not None
        assert shown.delivery is Delivery.FAILED


class TestDueDate:
    async def test_closing_sets_when_the_lead_may_be_written_to_again(self, ctx: Context, clock: Clock) -> None:
        campaign = await make_recovery(ctx)
        assert (await patient_of(campaign)).outreach_due_at is None
        now = clock.forward(days=30)
        await moved(ctx, campaign, E.ATTEMPTS_EXHAUSTED)
        assert (await patient_of(campaign)).outreach_due_at == now + timedelta(days=180)

    async def test_reopening_takes_it_away_again(self, ctx: Context) -> None:
        failed = await moved(ctx, await make_recovery(ctx), E.ATTEMPTS_EXHAUSTED)
        await moved(ctx, failed, E.PATIENT_REPLIED)
        assert (await patient_of(failed)).outreach_due_at is None

    async def test_a_refusal_leaves_none(self, ctx: Context) -> None:
        campaign = await force_status(await make_recovery(ctx), S.RE_ENGAGED)
        await moved(ctx, campaign, E.PATIENT_DECLINED)
        assert (await patient_of(campaign)).outreach_due_at is None


class TestChangeStatus:
    @pytest.mark.parametrize(("source", "target"), list(product(S, S)))
    async def test_every_state_and_target(self, ctx: Context, source: CampaignStatus, target: CampaignStatus) -> None:
        actor = f"user:{(await make_user(ctx)).id}"
        campaign = await force_status(await make_recovery(ctx), source)
        change = campaigns.change_status(ctx, campaign.id, target, actor=actor, reason="on the phone")
        if target in staff_targets(source):
            assert (await change).status is target
            entry = await AuditEntry.find_one({"action": "campaign.status_changed"})
            assert entry is not None
            assert entry.details == {"from": source, "to": target, "reason": "on the phone"}
            return
        with pytest.raises(IllegalTransitionError) as refused:
            await change
        assert refused.value.extra["allowed"] == [status.value for status in staff_targets(source)]
        assert await AuditEntry.find({"action": "campaign.status_changed"}).count() == 0

    async def test_leaving_a_handoff_says_who_resolved_it_and_when(self, ctx: Context, clock: Clock) -> None:
        user = await make_user(ctx)
        details = {"reason": "CONFUSED: table", "created_at": ctx.now()}
        campaign = await force_status(await make_recovery(ctx), S.HANDOFF_REQUIRED, handoff_details=details)
        now = clock.forward(hours=1)
        after = await campaigns.change_status(
            ctx, campaign.id, S.MANUAL_FOLLOWUP_COMPLETE, actor=f"user:{user.id}", reason=None
        )
        assert after.handoff_details is not None
        assert (after.handoff_details.resolved_at, after.handoff_details.resolved_by) == (now, user.id)

    async def test_an_unknown_campaign_is_not_found(self, ctx: Context) -> None:
        patient = await make_patient(ctx)
        with pytest.raises(NotFoundError):
            await campaigns.change_status(ctx, patient.id, S.RE_ENGAGED, actor="user:x", reason=None)


class TestStartRecovery:
    async def test_a_new_person_becomes_a_cold_lead_with_a_campaign_due_now(self, ctx: Context) -> None:
        campaign = await make_recovery(ctx, patient_email="new@example.com")
        patient = await patient_of(campaign)
        assert (patient.patient_type, patient.email) == (PatientType.COLD_LEAD, "new@example.com")
        assert (campaign.campaign_type, campaign.status) == (CampaignType.RECOVERY, S.ATTEMPTING_RECOVERY)
        assert campaign.follow_up_details.next_attempt_at == ctx.now()

    async def test_a_running_campaign_is_in_the_way_and_named(self, ctx: Context) -> None:
        first = await make_recovery(ctx, patient_email="lee@example.com")
        with pytest.raises(ActiveCampaignError) as refused:
            await make_recovery(ctx, patient_email="lee@example.com")
        assert refused.value.extra == {"campaign_id": str(first.id), "status": S.ATTEMPTING_RECOVERY}

    async def test_two_at_once_open_one(self, ctx: Context) -> None:
        await make_patient(ctx, email="lee@example.com")
        starts = (make_recovery(ctx, patient_email="lee@example.com") for _ in range(4))
        results = await asyncio.gather(*starts, return_exceptions=True)
        assert sum(isinstance(result, Campaign) for result in results) == 1
        assert sum(isinstance(result, ActiveCampaignError) for result in results) == 3

    async def test_email_of_one_and_phone_of_another_is_refused(self, ctx: Context) -> None:
        await make_patient(ctx, email="ann@example.com")
        await make_patient(ctx, phone="+12025550171")
        with pytest.raises(ConflictError, match="different patients"):
            await make_recovery(ctx, patient_email="ann@example.com", patient_phone="+12025550171")

    async def test_nobody_who_stopped_everything_is_written_to(self, ctx: Context) -> None:
        stop = {"channel": "all", "at": ctx.now(), "source": "phone"}
        await make_patient(ctx, email="lee@example.com", opt_outs=[stop])
        with pytest.raises(ConflictError, match="cannot be written to"):
            await make_recovery(ctx, patient_email="lee@example.com")


async def patient_of(campaign: Campaign) -> Patient:
    patient = await Patient.get(campaign.patient_id)
    assert patient is not None
    return patient
