"""A message that came back: for good it goes on elsewhere, for now it is tried again (trust.md fault 25)."""

import pytest

from app.context import Context
from app.domain.bounces import Bounce
from app.jobs import outbox, outreach
from app.models.enums import ChannelType, CloseReason, Delivery, MessageKind, OutboxState
from app.models.interactions import Interaction
from app.models.outbox import OutboundMessage
from app.services import bounces, campaigns, invariants, launching, patients
from tests.conftest import Clock
from tests.factories import make_patient
from tests.services import stage

PHONE = "+12025550171"


@pytest.fixture
def ctx(ctx: Context) -> Context:
    return stage.speaking(ctx)


def report(row: OutboundMessage, *, is_hard: bool) -> Bounce:
    return Bounce(outbox_id=str(row.id), is_hard=is_hard, status="5.1.1" if is_hard else "4.2.2")


async def consistent(ctx: Context) -> bool:
    return not any((await invariants.check(ctx)).values())


class TestHard:
    async def test_the_attempt_was_none_and_goes_on_by_the_next_channel(self, ctx: Context, clock: Clock) -> None:
        campaign = await stage.written_to(ctx, phone=PHONE, preferred_channel=["email", "sms"])
        row = await stage.only_row()
        clock.forward(minutes=5)
        await bounces.heed(ctx, report(row, is_hard=True))
        assert (await campaigns.get(campaign.id)).follow_up_details.attempts_made == 0
        await stage.scan(ctx)
        after = await campaigns.get(campaign.id)
        assert (after.channel.type, after.follow_up_details.attempts_made) == (ChannelType.SMS, 1)
        assert (await patients.get(campaign.patient_id)).unusable_addresses == [row.to]
        shown = await Interaction.get(row.id)
        assert shown is not None
        assert shown.delivery is Delivery.FAILED
        assert await consistent(ctx)

    async def test_without_another_channel_the_campaign_ends(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx)
        await bounces.heed(ctx, report(await stage.only_row(), is_hard=True))
        await stage.scan(ctx)
        assert (await campaigns.get(campaign.id)).close_reason is CloseReason.UNRESPONSIVE

    async def test_a_second_report_changes_nothing(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx, phone=PHONE, preferred_channel=["email", "sms"])
        row = await stage.only_row()
        for _ in range(3):
            await bounces.heed(ctx, report(row, is_hard=True))
        await stage.scan(ctx)
        assert len(await stage.sent_bodies()) == 2
        assert (await campaigns.get(campaign.id)).follow_up_details.attempts_made == 1

    async def test_a_late_report_of_an_older_attempt_disturbs_no_newer_one(self, ctx: Context, clock: Clock) -> None:
        campaign = await stage.written_to(ctx, phone=PHONE, preferred_channel=["email", "sms"])
        first = await stage.only_row()
        clock.forward(days=3)
        await stage.scan(ctx)
        await bounces.heed(ctx, report(first, is_hard=True))
        clock.forward(days=1)
        await stage.scan(ctx)
        attempts = [row.attempt for row in await stage.rows(state=OutboxState.SENT)]
        assert attempts == [2, 3]
        assert (await campaigns.get(campaign.id)).follow_up_details.attempts_made == 2
        assert await consistent(ctx)

    async def test_a_message_that_only_comes_later_is_not_sent_again(self, ctx: Context, clock: Clock) -> None:
        """RFC 3464, "delayed": the other server still tries."""
        campaign = await stage.written_to(ctx)
        row = await stage.only_row()
        await bounces.heed(ctx, Bounce(outbox_id=str(row.id), action="delayed", status="4.4.1"))
        clock.forward(hours=2)
        await stage.scan(ctx)
        assert len(await stage.sent_bodies()) == 1
        assert (await campaigns.get(campaign.id)).follow_up_details.attempts_made == 1

    async def test_what_waits_for_the_dead_address_is_withdrawn(self, ctx: Context, clock: Clock) -> None:
        campaign = await stage.written_to(ctx, phone=PHONE, preferred_channel=["email", "sms"])
        first = await stage.only_row()
        clock.forward(days=3)
        await stage.queue_due(ctx)
        await bounces.heed(ctx, report(first, is_hard=True))
        clock.forward(days=1)
        await stage.scan(ctx)
        sent = await stage.rows(state=OutboxState.SENT)
        assert [row.channel for row in sent] == [ChannelType.SMS]
        assert (await campaigns.get(campaign.id)).follow_up_details.attempts_made == 1
        assert await consistent(ctx)

    async def test_a_guardians_own_campaign_leaves_the_address_that_a_childs_mail_spent(
        self, ctx: Context, clock: Clock
    ) -> None:
        parent = await make_patient(ctx, phone=PHONE, preferred_channel=["email", "sms"])
        await stage.written_to(ctx, email=None, guardian_id=parent.id)
        await stage.due_today(ctx, parent)
        await launching.launch_due(ctx)
        await bounces.heed(ctx, report(await stage.only_row(), is_hard=True))
        clock.forward(days=4)
        await stage.scan(ctx)
        await stage.scan(ctx)
        after = await stage.campaign_of(parent.id)
        assert (after.channel.type, after.is_active) == (ChannelType.SMS, True)


class TestSoft:
    async def test_it_is_tried_three_times_and_then_taken_for_hard(self, ctx: Context, clock: Clock) -> None:
        campaign = await stage.written_to(ctx)
        for pause in bounces.RETRY_AFTER:
            row = await stage.only_row(state=OutboxState.SENT)
            await bounces.heed(ctx, report(row, is_hard=False))
            assert (await campaigns.get(campaign.id)).follow_up_details.attempts_made == 0
            clock.forward(seconds=pause.total_seconds())
            await outreach.send_due_follow_ups(ctx, ignore_window=True)
            await outbox.drain(ctx, ignore_window=True)
        assert (await patients.get(campaign.patient_id)).unusable_addresses == []
        await bounces.heed(ctx, report(await stage.only_row(state=OutboxState.SENT), is_hard=False))
        assert (await patients.get(campaign.patient_id)).unusable_addresses == [campaign.channel.address]

    async def test_any_other_message_goes_again_as_it_stands(self, ctx: Context, clock: Clock) -> None:
        campaign = await stage.running_campaign(ctx)
        row = await stage.add_row(ctx, campaign, MessageKind.CONFIRMATION, body="Tuesday at ten.")
        await outbox.drain(ctx)
        await bounces.heed(ctx, report(await stage.only_row(key=row.key), is_hard=False))
        await outbox.drain(ctx)
        assert len(await stage.sent_bodies()) == 1
        clock.forward(hours=1)
        await outbox.drain(ctx)
        assert [("Tuesday at ten." in body) for body in await stage.sent_bodies()] == [True, True]


class TestWhichMessage:
    async def test_by_its_message_id(self, ctx: Context) -> None:
        await stage.written_to(ctx)
        row = await stage.only_row()
        await OutboundMessage.collection().update_one({"_id": row.id}, {"$set": {"message_id": "<a@b>"}})
        returned = await bounces.heed(ctx, Bounce(original_message_id="<a@b>", is_hard=True))
        assert returned is not None
        assert returned.id == row.id

    async def test_by_the_conversation_and_the_address(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx)
        bounce = Bounce(final_recipient=campaign.channel.address, is_hard=True)
        assert await bounces.heed(ctx, bounce, campaign=campaign) is not None

    @pytest.mark.parametrize("outbox_id", ["nonsense", "0" * 24])
    async def test_a_report_of_nothing_of_ours_changes_nothing(self, ctx: Context, outbox_id: str) -> None:
        campaign = await stage.written_to(ctx)
        assert await bounces.heed(ctx, Bounce(outbox_id=outbox_id, is_hard=True)) is None
        assert (await campaigns.get(campaign.id)).follow_up_details.attempts_made == 1
