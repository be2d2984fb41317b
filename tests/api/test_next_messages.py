"""What would leave next, when, and why or why not; looking changes nothing (domain.md section 5)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.agent import previews
from app.context import Context
from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, ChannelType, MessageKind
from app.models.interactions import Interaction
from app.models.links import PatientLink
from app.models.outbox import OutboundMessage
from app.models.patients import OptOut, Patient
from app.models.records import AuditEntry, Decision
from app.services import campaigns
from tests.agent.provider import FailingProvider, FixedProvider
from tests.api.conftest import House
from tests.api.shapes import Maybe, accepted, refused
from tests.conftest import Clock
from tests.factories import force_status
from tests.services import stage

SHAPE = {
    "outcome": str,
    "rule": str,
    "why": str,
    "at": Maybe(str),
    "kind": Maybe(str),
    "attempt": Maybe(int),
    "channel": str,
    "to": str,
    "subject": Maybe(str),
    "body": Maybe(str),
    "written_by": Maybe(str),
    "draft_refused_by": Maybe(str),
    "is_final": bool,
}
ANA = {"name": "Ana Lopez"}


async def look(house: House, campaign: Campaign) -> dict[str, Any]:
    shown: dict[str, Any] = accepted(await house.get(f"campaigns/{campaign.id}/preview"), 200, SHAPE)
    return shown


async def counts() -> list[int]:
    return [await each.count() for each in (OutboundMessage, Interaction, PatientLink, Decision)]


class TestWhatIsShown:
    async def test_is_exactly_what_leaves_then(self, house: House) -> None:
        campaign = await stage.running_campaign(house.ctx, **ANA)
        before, stored = await counts(), await campaigns.get(campaign.id)
        shown = await look(house, campaign)
        assert (await counts(), await campaigns.get(campaign.id)) == (before, stored)
        assert (shown["outcome"], shown["kind"], shown["attempt"], shown["is_final"]) == ("send", "attempt", 1, True)
        await stage.scan(house.ctx)
        row = await stage.only_row()
        url = (await campaigns.get(campaign.id)).booking_funnel.link_url
        assert url
        assert row.body == shown["body"].replace("http://127.0.0.1:8000/book?t=preview", url)
        assert row.subject == shown["subject"]

    async def test_its_link_does_not_work(self, house: House) -> None:
        campaign = await stage.running_campaign(house.ctx, **ANA)
        await look(house, campaign)
        assert await PatientLink.count() == 0

    async def test_the_second_one_with_its_day(self, house: House) -> None:
        campaign = await stage.written_to(house.ctx, **ANA)
        shown = await look(house, campaign)
        assert (shown["outcome"], shown["rule"], shown["attempt"]) == ("wait", "next_attempt_planned", 2)
        assert shown["at"] == "2026-11-26T15:00:00.000Z"
        assert "a while ago we wrote to you" in shown["body"]

    async def test_at_the_next_opening_when_the_day_is_no_sending_day(self, house: House, clock: Clock) -> None:
        clock.forward(days=2)  # Wednesday; three days on is a Saturday
        campaign = await stage.written_to(house.ctx, **ANA)
        shown = await look(house, campaign)
        assert (shown["outcome"], shown["rule"]) == ("wait", "outside_sending_window")
        assert shown["at"] == "2026-11-30T14:00:00.000Z"

    async def test_one_that_waits_already_is_shown_as_it_is_frozen(self, house: House) -> None:
        campaign = await stage.running_campaign(house.ctx, **ANA)
        await stage.queue_due(house.ctx)
        row = await stage.only_row()
        shown = await look(house, campaign)
        assert (shown["outcome"], shown["rule"], shown["is_final"]) == ("wait", "message_waiting", True)
        token = str((await campaigns.get(campaign.id)).booking_funnel.link_url).rpartition("=")[2]
        assert token not in shown["body"]
        assert shown["body"] == row.body.replace(token, "preview")

    async def test_the_nudge_for_an_unused_link(self, house: House) -> None:
        speaking = stage.speaking(house.ctx)
        campaign = await stage.answered_with(speaking, await stage.written_to(speaking, **ANA), "yes please")
        await stage.scan(speaking)
        shown = await look(house, campaign)
        assert (shown["kind"], shown["attempt"]) == ("nudge", None)


class TestWhyNot:
    @pytest.mark.parametrize(
        ("status", "rule"),
        [
            (CampaignStatus.HANDOFF_REQUIRED, "handed_over"),
            (CampaignStatus.BOOKING_INITIATED, "visit_awaited"),
            (CampaignStatus.RECOVERY_DECLINED, "campaign_over"),
        ],
    )
    async def test_where_nobody_writes_first(self, house: House, status: CampaignStatus, rule: str) -> None:
        campaign = await force_status(await stage.running_campaign(house.ctx, **ANA), status)
        shown = await look(house, campaign)
        assert (shown["outcome"], shown["rule"], shown["body"], shown["at"]) == ("refuse", rule, None, None)

    async def test_a_stop_is_named(self, house: House) -> None:
        campaign = await stage.running_campaign(house.ctx, **ANA)
        patient = await Patient.get(campaign.patient_id)
        assert patient
        patient.opt_outs = [OptOut(channel=ChannelType.EMAIL, at=house.ctx.now(), source="test")]
        await patient.save()
        shown = await look(house, campaign)
        assert (shown["outcome"], shown["rule"], shown["body"]) == ("refuse", "opted_out", None)

    async def test_attempts_used_up(self, house: House) -> None:
        campaign = await stage.running_campaign(house.ctx, **ANA)
        spent = await force_status(campaign, campaign.status, **{"follow_up_details.attempts_made": 3})
        assert (await look(house, spent))["rule"] == "attempts_used_up"

    async def test_the_patients_turn(self, house: House) -> None:
        speaking = stage.speaking(house.ctx)
        campaign = await stage.written_to(speaking, **ANA)
        await force_status(campaign, CampaignStatus.RE_ENGAGED, **{"follow_up_details.next_attempt_at": None})
        shown = await look(house, campaign)
        assert (shown["outcome"], shown["rule"], shown["body"]) == ("wait", "patients_turn", None)


class TestWithAProvider:
    async def seen(self, ctx: Context, campaign: Campaign) -> previews.NextMessage:
        return await previews.next_message(ctx, campaign.id, actor="user:1")

    async def test_the_words_are_not_final(self, ctx: Context) -> None:
        campaign = await stage.running_campaign(ctx, **ANA)
        shown = await self.seen(stage.speaking(ctx, FixedProvider()), campaign)
        assert shown.wording
        assert (shown.wording.written_by, shown.wording.is_final) == ("fixed", False)

    async def test_that_fails_the_template_is_shown(self, ctx: Context) -> None:
        campaign = await stage.running_campaign(ctx, **ANA)
        shown = await self.seen(replace(ctx, llm=FailingProvider()), campaign)
        assert shown.wording
        assert (shown.wording.written_by, shown.kind) == ("template", MessageKind.ATTEMPT)


class TestTheRoute:
    async def test_leaves_an_audit_row_that_names_the_patient(self, house: House) -> None:
        campaign = await stage.running_campaign(house.ctx, **ANA)
        await look(house, campaign)
        row = await AuditEntry.find({"action": "campaign.next_message_previewed"}).first_or_none()
        assert row is not None
        assert row.patient_ids == [campaign.patient_id]

    async def test_knows_no_unknown_campaign(self, house: House) -> None:
        refused(await house.get(f"campaigns/{'0' * 24}/preview"), 404, "NOT_FOUND")

    async def test_masks_the_address(self, house: House) -> None:
        campaign = await stage.running_campaign(house.ctx, **ANA)
        shown = await look(house, campaign)
        assert shown["to"].endswith("@example.com")
        assert campaign.channel.address not in str(shown)


async def test_a_moment_passes_between_look_and_send(house: House, clock: Clock) -> None:
    """What was a wait becomes due by the clock alone."""
    campaign = await stage.written_to(house.ctx, **ANA)
    clock.instant += timedelta(days=3, minutes=1)
    assert (await look(house, campaign))["outcome"] == "send"
