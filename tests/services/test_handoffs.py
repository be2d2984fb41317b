"""Who waits for a person, who takes it, and what staff are told (domain.md section 6, D-18)."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from app.channels.base import RecipientRefusedError
from app.context import Context
from app.errors import IllegalTransitionError, NotFoundError
from app.jobs import handoffs as job
from app.jobs import inbox, outbox
from app.llm.base import PLAIN_VOICE, Summary, Turn, Voice
from app.llm.offline.provider import OfflineLanguageModel
from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, ChannelType, HandoffPriority, MessageKind, OutboxState
from app.models.records import AuditEntry
from app.models.sandbox import SandboxMessage
from app.models.users import User
from app.services import campaigns, conversations, handoffs, matching, patients
from app.services.handoffs import HandoffSettledError, HandoffTakenError
from tests.agent.provider import FixedProvider
from tests.conftest import Clock, make_settings
from tests.factories import force_status, make_article, make_clinic, make_recovery, make_user
from tests.services import stage
from tests.services.channels import troubled

S = CampaignStatus
EMERGENCY = "My face is swollen and I cannot breathe"
DESK, ON_CALL = "desk@example.com", "on-call@example.com"


@pytest.fixture
def ctx(ctx: Context) -> Context:
    return stage.speaking(ctx)


@pytest.fixture
async def user(ctx: Context) -> User:
    return await make_user(ctx, name="Uma Upton")


async def handed_over(ctx: Context, text: str = "what?") -> Campaign:
    """A lead who wrote something that the agent gives to a person."""
    await make_clinic()
    lead = await force_status(await make_recovery(ctx), S.RE_ENGAGED)
    return await stage.answered_with(ctx, lead, text)


async def audited(action: str) -> int:
    return await AuditEntry.find({"action": action}).count()


class TestWaiting:
    async def test_nobody_waits(self, ctx: Context) -> None:
        assert await handoffs.waiting(ctx, actor="user:1") == []
        assert await audited("handoff.listed") == 0

    async def test_urgent_before_escalated_before_the_oldest(self, ctx: Context, clock: Clock) -> None:
        old = await handed_over(ctx)
        clock.forward(hours=1)
        young = await handed_over(ctx)
        late = await handed_over(ctx)
        urgent = await handed_over(ctx, EMERGENCY)
        await stage.set_raw(late, **{"handoff_details.escalated_at": clock.instant})
        ids = [row.campaign_id for row in await handoffs.waiting(ctx)]
        assert ids == [urgent.id, late.id, old.id, young.id]

    async def test_an_emergency_in_a_booked_campaign_waits_too_until_it_is_closed(
        self, ctx: Context, user: User
    ) -> None:
        await make_clinic()
        booked = await force_status(await make_recovery(ctx), S.BOOKING_INITIATED)
        await stage.answered_with(ctx, booked, EMERGENCY)
        [row] = await handoffs.waiting(ctx)
        assert (row.campaign_id, row.status, row.is_urgent) == (booked.id, S.BOOKING_INITIATED, True)
        after = await handoffs.close(ctx, booked.id, by=user.id)
        assert after.status is S.BOOKING_INITIATED
        assert await handoffs.waiting(ctx) == []
        assert all(item.handled_at for item in await stage.received(booked))

    async def test_the_read_is_audited_with_everybody_shown(self, ctx: Context) -> None:
        campaign = await handed_over(ctx)
        await handoffs.waiting(ctx, actor="user:1")
        [entry] = await AuditEntry.find({"action": "handoff.listed"}).to_list()
        assert entry.patient_ids == [campaign.patient_id]

    async def test_one_taken_over_by_hand_is_shown_with_who_has_it(self, ctx: Context, user: User) -> None:
        await make_clinic()
        lead = await force_status(await make_recovery(ctx), S.RE_ENGAGED)
        await campaigns.change_status(ctx, lead.id, S.HANDOFF_REQUIRED, actor=f"user:{user.id}", reason=None)
        [row] = await handoffs.waiting(ctx)
        assert (row.assigned_name, row.is_late) == ("Uma Upton", False)


class TestClaim:
    async def test_of_two_one_wins_and_the_other_hears_who(self, ctx: Context, user: User) -> None:
        campaign, other = await handed_over(ctx), await make_user(ctx, name="Otto Other")
        results = await asyncio.gather(
            *(handoffs.claim(ctx, campaign.id, by=each.id) for each in (user, other)), return_exceptions=True
        )
        [refusal] = [each for each in results if isinstance(each, HandoffTakenError)]
        [row] = await handoffs.waiting(ctx)
        assert refusal.extra["assigned_to"] == str(row.details.assigned_to)
        assert refusal.extra["assigned_name"] == row.assigned_name
        assert str(row.assigned_name) in refusal.detail
        assert await audited("handoff.claimed") == 1

    async def test_a_second_click_changes_nothing(self, ctx: Context, user: User) -> None:
        campaign = await handed_over(ctx)
        first, second = [await handoffs.claim(ctx, campaign.id, by=user.id) for _ in range(2)]
        assert first.version == second.version
        assert await audited("handoff.claimed") == 1

    async def test_it_leaves_the_one_message_to_the_patient(self, ctx: Context, user: User) -> None:
        campaign = await handed_over(ctx)
        await handoffs.claim(ctx, campaign.id, by=user.id)
        await outbox.drain(ctx)
        assert (await stage.only_row(kind=MessageKind.HANDOFF)).state is OutboxState.SENT

    async def test_it_takes_a_conversation_from_the_agent(self, ctx: Context, user: User) -> None:
        await make_clinic()
        lead = await force_status(await make_recovery(ctx), S.RE_ENGAGED)
        await stage.answered_with(ctx, lead, "yes please")
        after = await handoffs.claim(ctx, lead.id, by=user.id)
        await outbox.drain(ctx)
        assert after.status is S.HANDOFF_REQUIRED
        assert (await stage.only_row(kind=MessageKind.REPLY)).state is OutboxState.CANCELLED

    async def test_what_is_over_cannot_be_taken(self, ctx: Context, user: User) -> None:
        campaign = await handed_over(ctx)
        await handoffs.close(ctx, campaign.id, by=user.id)
        with pytest.raises(HandoffSettledError, match="MANUAL_FOLLOWUP_COMPLETE"):
            await handoffs.claim(ctx, campaign.id, by=user.id)

    async def test_an_unknown_one_is_not_found(self, ctx: Context, user: User) -> None:
        with pytest.raises(NotFoundError):
            await handoffs.claim(ctx, user.id, by=user.id)

    async def test_a_colleague_may_free_it(self, ctx: Context, user: User) -> None:
        campaign, other = await handed_over(ctx), await make_user(ctx)
        await handoffs.claim(ctx, campaign.id, by=user.id)
        await handoffs.unclaim(ctx, campaign.id, by=other.id)
        await handoffs.unclaim(ctx, campaign.id, by=other.id)
        taken = await handoffs.claim(ctx, campaign.id, by=other.id)
        assert taken.handoff_details is not None
        assert taken.handoff_details.assigned_to == other.id
        assert await audited("handoff.left") == 1


class TestRelease:
    async def test_the_agent_reads_what_nobody_answered(self, ctx: Context, user: User) -> None:
        campaign = await handed_over(ctx)
        await stage.answered_with(ctx, campaign, "yes please")
        after = await handoffs.release_to_agent(ctx, campaign.id, by=user.id)
        assert after.status is S.RE_ENGAGED
        await inbox.drain(ctx)
        assert len(await stage.rows(kind=MessageKind.REPLY)) == 1
        assert (await campaigns.get(campaign.id)).agent_wanted_at is None
        await inbox.drain(ctx)
        assert len(await stage.rows(kind=MessageKind.REPLY)) == 1

    async def test_a_worker_that_dies_reading_on_leaves_it_to_the_next(
        self, ctx: Context, clock: Clock, user: User
    ) -> None:
        campaign = await handed_over(ctx)
        await stage.answered_with(ctx, campaign, "yes please")
        await handoffs.release_to_agent(ctx, campaign.id, by=user.id)

        async def die() -> None:
            raise stage.Crash

        dying = stage.speaking(ctx, FixedProvider(while_thinking=die))
        with pytest.raises(stage.Crash):
            await inbox.drain(dying)
        clock.forward(seconds=150)
        await asyncio.gather(*(inbox.drain(ctx) for _ in range(3)))
        assert len(await stage.rows(kind=MessageKind.REPLY)) == 1

    async def test_what_a_person_answered_is_not_answered_again(self, ctx: Context, user: User) -> None:
        campaign = await handed_over(ctx)
        await stage.answered_with(ctx, campaign, "yes please")
        await conversations.respond(
            ctx, campaign.id, text="Here I am", new_status=None, actor=f"user:{user.id}", key="a"
        )
        await handoffs.release_to_agent(ctx, campaign.id, by=user.id)
        await inbox.drain(ctx)
        assert await stage.rows(kind=MessageKind.REPLY) == []

    async def test_an_emergency_that_a_person_saw_is_not_raised_again(self, ctx: Context, user: User) -> None:
        campaign = await handed_over(ctx)
        await stage.answered_with(ctx, campaign, EMERGENCY)
        await handoffs.release_to_agent(ctx, campaign.id, by=user.id)
        await inbox.drain(ctx)
        assert (await campaigns.get(campaign.id)).status is S.RE_ENGAGED

    async def test_a_second_click_is_refused_with_what_is_allowed(self, ctx: Context, user: User) -> None:
        campaign = await handed_over(ctx)
        await handoffs.release_to_agent(ctx, campaign.id, by=user.id)
        with pytest.raises(IllegalTransitionError) as refused:
            await handoffs.release_to_agent(ctx, campaign.id, by=user.id)
        assert "HANDOFF_REQUIRED" in refused.value.extra["allowed"]


class TestDetails:
    async def test_an_article_that_answers_is_suggested_with_its_name(self, ctx: Context, clock: Clock) -> None:
        await make_clinic()
        await make_article(ctx, "Parking", "We have free parking behind the house.", is_published=True)
        lead = await force_status(await make_recovery(ctx), S.RE_ENGAGED)
        # Answered too often: the agent knows, and a person says it.
        for _ in range(3):
            await stage.add_row(ctx, lead, MessageKind.REPLY)
        after = await stage.answered_with(
            stage.speaking(ctx, OfflineLanguageModel()), lead, "Do you have free parking?"
        )
        details = after.handoff_details
        assert details is not None
        assert (details.suggested_source_title, details.suggested_reply) == (
            "Parking",
            "We have free parking behind the house.",
        )

    async def test_a_draft_with_a_made_up_price_is_not_shown(self, ctx: Context) -> None:
        after = await handed_over(stage.speaking(ctx, _Inventive()))
        assert after.handoff_details is not None
        assert after.handoff_details.suggested_reply is None
        assert after.handoff_details.patient_question == "what?"

    async def test_an_ordinary_one_is_due_in_four_opening_hours(self, ctx: Context, clock: Clock) -> None:
        after = await handed_over(ctx)
        assert after.handoff_details is not None
        assert after.handoff_details.due_at is not None
        assert (after.handoff_details.due_at - clock.instant).total_seconds() == 4 * 3600

    async def test_an_emergency_has_a_sentence_to_start_from_without_a_provider(self, ctx: Context) -> None:
        after = await handed_over(ctx, EMERGENCY)
        assert after.handoff_details is not None
        assert after.handoff_details.priority is HandoffPriority.URGENT
        assert "+12025550199" in (after.handoff_details.suggested_reply or "")


class _Inventive(FixedProvider):
    """Proposes a price that stands nowhere."""

    async def summarise(self, turns: Sequence[Turn], *, voice: Voice = PLAIN_VOICE) -> Summary:
        return Summary(summary="Asks", patient_question="", suggested_reply="It is only 49 dollars, today only!")


class TestStaffMail:
    @pytest.fixture
    def ctx(self, ctx: Context) -> Context:
        return replace(ctx, settings=make_settings(handoff_emails=f"{DESK},{ON_CALL}"))

    async def test_each_address_is_told_once_without_the_patients_words(self, ctx: Context) -> None:
        campaign = await handed_over(ctx, "xyzzy my secret illness")
        await outbox.drain(ctx)
        mails = await SandboxMessage.find({"to": {"$in": [DESK, ON_CALL]}, "is_sent": True}).to_list()
        assert sorted(mail.to for mail in mails) == [DESK, ON_CALL]
        for mail in mails:
            said = f"{mail.subject} {mail.body}"
            assert campaign.patient_name.split()[0] in said
            assert campaign.patient_name not in said
            assert "xyzzy" not in said
            assert f"{ctx.settings.public_base_url}/staff/handoffs" in said
            assert "Answer by Monday 14:00" in said

    async def test_an_emergency_during_a_handoff_tells_them_again(self, ctx: Context) -> None:
        campaign = await handed_over(ctx)
        await stage.answered_with(ctx, campaign, EMERGENCY)
        subjects = sorted({row.subject for row in await stage.rows(kind=MessageKind.STAFF_NOTICE)})
        assert subjects == ["A patient waits for a person", "Urgent: a patient needs you now"]

    async def test_a_stop_of_the_patient_does_not_keep_it_back(self, ctx: Context) -> None:
        await handed_over(ctx, f"Stop texting me! {EMERGENCY}")
        await outbox.drain(ctx)
        states = {row.state for row in await stage.rows(kind=MessageKind.STAFF_NOTICE)}
        assert states == {OutboxState.SENT}

    async def test_a_refused_address_of_staff_is_not_the_patients(self, ctx: Context) -> None:
        campaign = await handed_over(ctx)
        await outbox.drain(
            replace(
                ctx, channels={ChannelType.EMAIL: troubled(ctx, before=[RecipientRefusedError("no such mailbox")] * 3)}
            )
        )
        patient = await patients.get(campaign.patient_id)
        assert [row.state for row in await stage.rows(kind=MessageKind.STAFF_NOTICE)] == [OutboxState.FAILED] * 2
        assert DESK not in patient.unusable_addresses
        assert len(await stage.rows(fallback_of={"$ne": None}, kind=MessageKind.STAFF_NOTICE)) == 0

    async def test_an_answer_of_staff_to_it_is_nobodys_conversation(self, ctx: Context, clock: Clock) -> None:
        campaign = await handed_over(ctx)
        await outbox.drain(ctx)
        [notice, _] = await stage.rows(kind=MessageKind.STAFF_NOTICE)
        message = await stage.incoming(
            ctx, campaign, "On it", sender=DESK, thread_id=None, in_reply_to=notice.external_id
        )
        assert await matching.match(message) is None


class TestEscalation:
    @pytest.fixture
    def ctx(self, ctx: Context) -> Context:
        return replace(ctx, settings=make_settings(handoff_emails=DESK))

    async def late(self) -> int:
        return len(await stage.rows(kind=MessageKind.STAFF_NOTICE, subject={"$regex": "^Not answered yet"}))

    async def test_not_before_it_is_due(self, ctx: Context, clock: Clock) -> None:
        await handed_over(ctx)
        clock.forward(hours=3, minutes=59)
        assert await job.escalate_late(ctx) == {"escalated": 0}

    async def test_once_whatever_the_number_of_replicas(self, ctx: Context, clock: Clock) -> None:
        campaign = await handed_over(ctx)
        clock.forward(hours=5)
        results = await asyncio.gather(*(job.escalate_late(ctx) for _ in range(5)))
        assert sum(counts["escalated"] for counts in results) == 1
        assert await job.escalate_late(ctx) == {"escalated": 0}
        after = await campaigns.get(campaign.id)
        assert after.handoff_details is not None
        assert after.handoff_details.escalated_at == clock.instant
        assert (await self.late(), await audited("handoff.escalated")) == (1, 1)

    async def test_an_answered_one_is_not_escalated(self, ctx: Context, clock: Clock, user: User) -> None:
        campaign = await handed_over(ctx)
        actor = f"user:{user.id}"
        await conversations.respond(ctx, campaign.id, text="Yes", new_status=S.RE_ENGAGED, actor=actor, key="k")
        clock.forward(hours=5)
        assert await job.escalate_late(ctx) == {"escalated": 0}

    async def test_one_answered_in_between_is_not(self, ctx: Context, clock: Clock, user: User) -> None:
        campaign = await handed_over(ctx)
        clock.forward(hours=5)

        async def close() -> None:
            await handoffs.close(ctx, campaign.id, by=user.id)

        assert await job.escalate_late(stage.at_step(ctx, "handoffs.found", close)) == {"escalated": 0}
        assert await self.late() == 0

    async def test_an_emergency_after_a_quarter_of_an_hour_at_night(self, ctx: Context, clock: Clock) -> None:
        clock.forward(hours=14)
        await handed_over(ctx, EMERGENCY)
        clock.forward(minutes=15)
        assert await job.escalate_late(ctx) == {"escalated": 1}

    async def test_an_emergency_during_a_handoff_is_escalated_anew(self, ctx: Context, clock: Clock) -> None:
        campaign = await handed_over(ctx)
        clock.forward(hours=5)
        await job.escalate_late(ctx)
        await stage.answered_with(ctx, campaign, EMERGENCY)
        clock.forward(minutes=16)
        assert await job.escalate_late(ctx) == {"escalated": 1}
