"""Proactive messages: written within limits or by template, never said twice, in the patient's language."""

from datetime import date
from typing import Any

import pytest

from app.agent import follow_ups
from app.bootstrap import build_context
from app.context import Context
from app.domain.repetition import repeats
from app.llm.base import Draft, FollowUpBrief
from app.models.clinic import Clinic
from app.models.enums import CampaignType, ChannelType
from app.models.patients import Patient
from app.models.records import Decision
from app.services import campaigns, patients
from tests.agent.provider import FOLLOW_UP, FailingProvider, FixedProvider
from tests.conftest import Clock
from tests.factories import make_clinic, make_recovery
from tests.services import stage

ANA = {"name": "Ana Lopez", "phone": "+12025550177"}


def brief(**fields: Any) -> FollowUpBrief:
    values: dict[str, Any] = {
        "clinic_name": "Willow Street Dental",
        "patient_first_name": "Ana",
        "campaign_type": CampaignType.RECALL,
        "attempt": 1,
        "max_attempts": 3,
        "channel": ChannelType.EMAIL,
        "is_nudge": False,
        "last_visit_on": date(2026, 5, 2),
        "due_on": date(2026, 11, 20),
        "initial_inquiry": None,
        "language": "en",
    }
    return FollowUpBrief(**(values | fields))


async def last_decision(campaign_id: Any) -> dict[str, Any]:
    found = await Decision.find({"campaign_id": campaign_id}).sort("-_id").first_or_none()
    assert found is not None
    return found.inputs


class TestWhyNot:
    @pytest.mark.parametrize(
        ("draft", "rule"),
        [
            (Draft("Your next visit", "Hi Ana, would you like to come in?"), None),
            (Draft("Your next visit", "Hi Ana, your last visit was in May 2026."), None),
            (Draft("Your next visit", "Would you? Or not?"), "too_many_questions"),
            (Draft("Your next visit", "Hurry, Ana."), "pressure"),
            (Draft("Your next visit", "You need a filling, Ana."), "clinical_advice"),
            (Draft("Your next visit", "Come on Tuesday, Ana."), "date_not_in_sources"),
            (Draft("Your next visit", "It costs $20, Ana."), "price_not_in_sources"),
            (Draft("Your next visit", "See https://evil.example"), "foreign_link"),
            (Draft("Your root canal", "Hi Ana."), "treatment_in_subject"),
            (Draft("x" * 101, "Hi Ana."), "subject_too_long"),
            (Draft("Your visit\nBcc: all", "Hi Ana."), "subject_too_long"),
            (Draft("", "Hi Ana."), "empty"),
        ],
    )
    def test_a_draft_is_judged_by_every_limit(self, draft: Draft, rule: str | None) -> None:
        assert follow_ups.why_not(draft, brief()) == rule

    def test_a_text_message_is_short_and_has_no_subject(self) -> None:
        short = brief(channel=ChannelType.SMS)
        assert follow_ups.why_not(Draft("", "Hi Ana, shall we plan a visit?"), short) is None
        assert follow_ups.why_not(Draft("", "Hi Ana. " * 60), short) == "too_long"

    def test_what_was_said_before_is_not_said_again(self) -> None:
        again = brief(former_texts=("Hi Ana, it is time for your next check-up here. Shall we?",), attempt=2)
        draft = Draft("Again", "Hello Ana, it's time for your next check-up here.")
        assert follow_ups.why_not(draft, again) == "repeats_itself"

    def test_a_leads_words_are_quoted_and_never_told(self) -> None:
        lead = brief(initial_inquiry="Whitening costs $20 on Sunday, is that right?")
        assert follow_ups.why_not(Draft("Hello", "You asked: “Whitening costs $20 on Sunday”."), lead) is None
        assert follow_ups.why_not(Draft("Hello", "Whitening costs $20."), lead) == "price_not_in_sources"


class TestCompose:
    async def test_a_good_draft_is_sent_and_its_writer_is_known(self, ctx: Context) -> None:
        campaign = await stage.running_campaign(ctx, **ANA)
        await stage.scan(stage.speaking(ctx, FixedProvider()))
        [body] = await stage.sent_bodies()
        assert FOLLOW_UP.body in body
        seen = await last_decision(campaign.id)
        assert (seen["written_by"], "draft_refused_by" in seen) == ("fixed", False)

    async def test_a_refused_one_gives_way_to_the_template_and_the_decision_says_why(self, ctx: Context) -> None:
        campaign = await stage.running_campaign(ctx, **ANA)
        provider = FixedProvider(draft=Draft("Your visit", "Last chance, Ana!"))
        await stage.scan(stage.speaking(ctx, provider))
        [body] = await stage.sent_bodies()
        assert "plan your next check-up" in body
        seen = await last_decision(campaign.id)
        assert (seen["written_by"], seen["draft_refused_by"]) == ("template", "pressure")

    async def test_a_provider_that_says_the_same_again_gives_way_too(self, ctx: Context, clock: Clock) -> None:
        campaign = await stage.running_campaign(ctx, **ANA)
        speaking = stage.speaking(ctx, FixedProvider())
        await stage.scan(speaking)
        clock.forward(days=4)
        await stage.scan(speaking)
        first, second = await stage.sent_bodies()
        assert FOLLOW_UP.body in first
        assert FOLLOW_UP.body not in second
        assert (await last_decision(campaign.id))["draft_refused_by"] == "repeats_itself"

    async def test_the_provider_is_told_what_was_said(self, ctx: Context, clock: Clock) -> None:
        await stage.running_campaign(ctx, **ANA)
        provider = FixedProvider()
        await stage.scan(stage.speaking(ctx, provider))
        clock.forward(days=4)
        await stage.scan(stage.speaking(ctx, provider))
        first, second = provider.briefs
        assert first.former_texts == ()
        assert FOLLOW_UP.body in second.former_texts[0]
        assert second.voice.clinic_name == "Willow Street Dental"

    async def test_a_provider_that_fails_uses_no_attempt(self, ctx: Context) -> None:
        campaign = await stage.running_campaign(ctx, **ANA)
        await stage.scan(stage.speaking(ctx, FailingProvider()))
        assert await stage.sent_bodies() == []
        assert (await campaigns.get(campaign.id)).follow_up_details.attempts_made == 0


class TestTemplates:
    @pytest.mark.parametrize("language", ["en", "es", "fr"])
    @pytest.mark.parametrize("channel", list(ChannelType))
    @pytest.mark.parametrize("campaign_type", list(CampaignType))
    def test_no_attempt_repeats_one_before_it_while_there_are_others(
        self, ctx: Context, language: str, channel: ChannelType, campaign_type: CampaignType
    ) -> None:
        said: list[str] = []
        for attempt in (1, 2, 3):
            asked = brief(
                attempt=attempt,
                max_attempts=6,
                language=language,
                channel=channel,
                campaign_type=campaign_type,
                former_texts=tuple(said),
            )
            draft = ctx.write_template(asked)
            assert not repeats(draft.body, said, names=("Willow Street Dental", "Ana"))
            assert follow_ups.why_not(draft, asked) is None, draft.body
            said.append(draft.body)
        for attempt in (4, 5, 6):  # every template was used: the one that lies back furthest comes again
            asked = brief(
                attempt=attempt,
                max_attempts=6,
                language=language,
                channel=channel,
                campaign_type=campaign_type,
                former_texts=tuple(said),
            )
            draft = ctx.write_template(asked)
            assert not repeats(draft.body, said[-2:], names=("Willow Street Dental", "Ana"))
            said.append(draft.body)

    async def test_the_whole_message_is_in_the_patients_language(self, ctx: Context) -> None:
        await stage.running_campaign(ctx, language="es-MX", **ANA)
        await stage.scan(ctx)
        [body] = await stage.sent_bodies()
        assert "Su equipo" in body or "El equipo" in body
        assert "responda con la palabra STOP" in body
        assert "answer with the word" not in body

    async def test_a_cold_leads_question_is_quoted(self, ctx: Context) -> None:
        await make_clinic()
        await make_recovery(ctx, initial_inquiry="How much is whitening?")
        await stage.scan(ctx)
        [body] = await stage.sent_bodies()
        assert "How much is whitening" in body
        assert body.count("://") == 1

    async def test_a_name_that_holds_a_link_is_not_sent_as_one(self, ctx: Context) -> None:
        campaign = await stage.running_campaign(ctx, name="evil.example/pay Lopez")
        await stage.scan(ctx)
        patient, clinic = await patients.get(campaign.patient_id), await Clinic.load()
        asked = await follow_ups.brief_of(ctx, campaign, patient, clinic)
        assert isinstance(patient, Patient)
        assert "evil.example" not in ctx.write_template(asked).body
        assert not [body for body in await stage.sent_bodies() if "evil.example" in body]


def test_the_template_is_the_offline_providers(ctx: Context) -> None:
    built = build_context(ctx.settings, ctx.database, now=ctx.now)
    assert built.write_template(brief()).body
