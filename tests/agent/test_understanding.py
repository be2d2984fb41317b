"""Rules first, then the provider, then the risks, which are only ever added (agent.md section 2)."""

import pytest

from app.agent.choosing import Situation, reaction_to, wants_person
from app.agent.understanding import understand, with_risks
from app.context import Context
from app.llm.base import LanguageModelError, PatientText
from app.llm.offline.provider import OfflineLanguageModel
from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, ChannelType, CloseReason, Intent
from app.services import campaigns, patients
from tests.agent.provider import ASKS, CONFUSED, NO, THANKS, YES, FailingProvider, FixedProvider, reading
from tests.services import stage

S = CampaignStatus
EMERGENCY = "My face is swollen and I cannot breathe"
STOP = "Please stop writing to me"


def said(text: str, channel: ChannelType = ChannelType.SMS) -> PatientText:
    return PatientText(text, channel, previous_outgoing=None)


class TestUnderstand:
    @pytest.mark.parametrize("text", [EMERGENCY, "STOP", "I am out of the office until Monday."])
    async def test_what_rules_decide_asks_nobody(self, text: str) -> None:
        provider = FixedProvider()
        assert (await understand(provider, said(text))).confidence == 1.0
        assert provider.heard == []

    async def test_a_model_cannot_take_a_stop_away(self) -> None:
        provider = FixedProvider(table={STOP.lower(): YES})
        analysis = await understand(provider, said(STOP))
        assert (analysis.intent, analysis.intents) == (Intent.OPT_OUT, (Intent.OPT_OUT, Intent.BOOKING_REQUEST))

    async def test_a_model_may_add_one(self) -> None:
        provider = FixedProvider(table={"no mas": reading(Intent.SERVICE_DENIAL, Intent.OPT_OUT)})
        analysis = await understand(provider, said("no mas"))
        assert analysis.intents == (Intent.OPT_OUT, Intent.SERVICE_DENIAL)

    async def test_a_failing_model_leaves_the_stop(self) -> None:
        assert (await understand(FailingProvider(), said(STOP))).intents == (Intent.OPT_OUT,)

    async def test_a_failing_model_fails_an_ordinary_message(self) -> None:
        with pytest.raises(LanguageModelError):
            await understand(FailingProvider(), said("yes please"))

    async def test_a_wrong_number_is_stopped_and_shown_to_staff(self) -> None:
        analysis = await understand(OfflineLanguageModel(), said("Wrong number, please take me off your list"))
        assert analysis.intent is Intent.OPT_OUT
        assert wants_person(analysis, reaction_to(analysis))


class TestWithRisks:
    def test_labels_that_say_nothing_go(self) -> None:
        found = with_risks(reading(Intent.IRRELEVANT, is_thanks=True), [Intent.EMERGENCY])
        assert (found.intents, found.handoff, found.is_thanks) == ((Intent.EMERGENCY,), True, False)

    def test_the_graver_leads_and_nothing_else_is_lost(self) -> None:
        found = with_risks(reading(Intent.CANCEL, Intent.OPT_OUT), [Intent.EMERGENCY])
        assert found.intents == (Intent.EMERGENCY, Intent.OPT_OUT, Intent.CANCEL)

    def test_without_a_risk_nothing_changes(self) -> None:
        assert with_risks(YES, []) is YES


class TestReactionTo:
    @pytest.mark.parametrize(
        ("analysis", "situation", "reaction"),
        [
            (YES, Situation(), "send_booking_link"),
            (reading(Intent.BOOKING_REQUEST, Intent.QUESTION), Situation(), "answer_question"),
            (ASKS, Situation(), "answer_question"),
            (NO, Situation(), "accept_decline"),
            (THANKS, Situation(), "keep_for_staff"),
            (CONFUSED, Situation(), "hand_off"),
            (reading(Intent.BOOKING_REQUEST, confidence=0.4), Situation(), "hand_off"),
            (reading(Intent.CANCEL), Situation(), "hand_off"),
            (reading(Intent.CANCEL), Situation(has_visit_ahead=True), "send_manage_link"),
            (reading(Intent.CANCEL), Situation(has_visit_ahead=True, status=S.BOOKING_INITIATED), "send_manage_link"),
            (YES, Situation(status=S.BOOKING_INITIATED), "keep_for_staff"),
            (YES, Situation(is_suppressed=True), "keep_for_staff"),
            (YES, Situation(answers_too_often=True), "hand_off"),
            (YES, Situation(status=S.RECOVERY_DECLINED), "send_booking_link"),
            (YES, Situation(status=S.RECOVERY_DECLINED, close_reason=CloseReason.OPTED_OUT), "keep_for_staff"),
            (reading(Intent.EMERGENCY), Situation(status=S.RECOVERED), "hand_off"),
            (reading(Intent.OPT_OUT, confidence=0.1), Situation(status=S.HANDOFF_REQUIRED), "record_opt_out"),
        ],
    )
    def test_by_the_table(self, analysis: object, situation: Situation, reaction: str) -> None:
        assert reaction_to(analysis, situation) == reaction  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("analysis", "is_wanted"),
        [
            (reading(Intent.OPT_OUT), False),
            (reading(Intent.OPT_OUT, Intent.CANCEL), True),
            (reading(Intent.OPT_OUT, Intent.SERVICE_DENIAL), False),
            (YES, False),
            (CONFUSED, True),
        ],
    )
    def test_who_needs_a_person(self, analysis: object, is_wanted: bool) -> None:
        assert wants_person(analysis, reaction_to(analysis)) is is_wanted  # type: ignore[arg-type]


class TestStopAndMore:
    @pytest.fixture
    async def campaign(self, ctx: Context) -> Campaign:
        return await stage.written_to(ctx)

    async def test_a_stop_that_also_cancels_a_visit_is_heeded_and_left_for_a_person(
        self, ctx: Context, campaign: Campaign
    ) -> None:
        text = "Stop texting me. And cancel my appointment on Tuesday."
        provider = FixedProvider(table={text.lower(): reading(Intent.OPT_OUT, Intent.CANCEL)})
        after = await stage.answered_with(stage.speaking(ctx, provider), campaign, text)
        [message] = await stage.received(campaign)
        assert after.close_reason is CloseReason.OPTED_OUT
        assert (message.read_at is None, message.handled_at) == (False, None)
        assert message.ai_analysis is not None
        assert message.ai_analysis.intents == [Intent.OPT_OUT, Intent.CANCEL]

    async def test_the_stop_stands_before_anybody_is_asked_what_else_there_is(
        self, ctx: Context, campaign: Campaign
    ) -> None:
        seen: list[bool] = []

        async def look() -> None:
            patient = await patients.get(campaign.patient_id)
            seen.append(await patients.is_suppressed(patient, campaign.channel.type))

        await stage.answered_with(stage.speaking(ctx, FixedProvider(while_thinking=look)), campaign, STOP)
        assert seen == [True]

    async def test_a_crash_between_the_two_confirms_once(self, ctx: Context, campaign: Campaign) -> None:
        with pytest.raises(stage.Crash):
            await stage.answered_with(stage.crashing_at(ctx, "agent.stop_recorded"), campaign, STOP)
        ctx.now.forward(seconds=150)  # type: ignore[attr-defined]
        await stage.answered_with(ctx, campaign, "ok")
        assert (await campaigns.get(campaign.id)).close_reason is CloseReason.OPTED_OUT
        assert len(await stage.rows(kind="opt_out_confirmation")) == 1

    async def test_what_the_provider_hears_names_the_clinic_and_its_day(self, ctx: Context, campaign: Campaign) -> None:
        provider = FixedProvider()
        await stage.answered_with(stage.speaking(ctx, provider), campaign, "what?")
        voice = provider.heard[0].voice
        assert (voice.clinic_name, voice.today.isoformat() if voice.today else None, voice.time_zone) == (
            "Willow Street Dental",
            "2026-11-23",
            "America/New_York",
        )
