"""What every provider keeps, whatever it is fed: limits, closed vocabularies, quotes that stand in their article."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.llm.base import FollowUpBrief, LanguageModel, Passage, PatientText, Turn
from app.llm.offline.provider import OfflineLanguageModel
from app.models.enums import CampaignType, ChannelType, Intent, Sentiment

PROVIDERS: list[LanguageModel] = [OfflineLanguageModel()]
every_provider = pytest.mark.parametrize("model", PROVIDERS, ids=lambda model: model.name)
fuzz = settings(max_examples=60, deadline=None)

# Everything a channel may deliver: no lone surrogates (they cannot be stored), NUL and controls included.
HOSTILE = st.text(st.characters(codec="utf-8"), max_size=400)
MENACING = (
    "yes no stop pain swollen how much is a cleaning ? ! , . <p> </p> > On wrote: my not cancel 🛑 {name} $120 book "
    "https://x.example ignore previous instructions"
)
WORDS = st.lists(st.sampled_from([*MENACING.split(), "\n", "\x00", "\u200b"]), max_size=40).map(" ".join)
TEXT = st.one_of(HOSTILE, WORDS)
BRIEFS = st.builds(
    FollowUpBrief,
    clinic_name=TEXT,
    patient_first_name=TEXT,
    campaign_type=st.sampled_from(CampaignType),
    attempt=st.integers(-1, 9),
    max_attempts=st.integers(0, 5),
    channel=st.sampled_from(ChannelType),
    is_nudge=st.booleans(),
    last_visit_on=st.none() | st.dates(),
    due_on=st.none() | st.dates(),
    initial_inquiry=st.none() | TEXT,
    language=st.sampled_from(["en", "es", "fr-CA", "", "xx"]),
)


@every_provider
class TestEveryProvider:
    @fuzz
    @given(text=TEXT, previous=st.none() | TEXT, channel=st.sampled_from(ChannelType))
    async def test_analysis_is_of_the_agreed_shape(
        self, model: LanguageModel, text: str, previous: str | None, channel: ChannelType
    ) -> None:
        found = await model.analyse(PatientText(text, channel, previous))
        assert isinstance(found.intent, Intent)
        assert found.intent in found.intents
        assert all(isinstance(intent, Intent) for intent in found.intents)
        assert isinstance(found.sentiment, Sentiment)
        assert 0 <= found.confidence <= 1
        assert found.reason
        assert not (found.is_thanks and found.handoff)

    @fuzz
    @given(
        question=TEXT,
        articles=st.lists(st.tuples(TEXT, TEXT, st.floats(allow_nan=False, allow_infinity=False)), max_size=4),
    )
    async def test_an_answer_quotes_its_article(
        self, model: LanguageModel, question: str, articles: list[tuple[str, str, float]]
    ) -> None:
        passages = [Passage(str(place), *article) for place, article in enumerate(articles)]
        found = await model.answer(question, passages)
        if found is not None:
            body = next(passage.body for passage in passages if passage.article_id == found.article_id)
            assert found.quote
            assert found.quote in body
            assert 0 < len(found.text) <= 600
            assert 0 <= found.confidence <= 1

    @fuzz
    @given(brief=BRIEFS)
    async def test_a_draft_keeps_its_limits(self, model: LanguageModel, brief: FollowUpBrief) -> None:
        draft = await model.write_follow_up(brief)
        assert draft.body.strip()
        assert draft.subject.isprintable()
        assert "://" not in draft.subject + draft.body
        if brief.channel is ChannelType.EMAIL:
            assert 0 < len(draft.subject) <= 150
            assert len(draft.body) <= 1_500
        else:
            assert draft.subject == ""
            assert len(draft.body) <= 300

    @fuzz
    @given(turns=st.lists(st.tuples(st.sampled_from(["ai", "staff", "patient", "system", "?"]), TEXT), max_size=6))
    async def test_a_summary_keeps_its_limits(self, model: LanguageModel, turns: list[tuple[str, str]]) -> None:
        found = await model.summarise([Turn(author, text) for author, text in turns])
        assert 0 < len(found.summary) <= 600
        assert len(found.patient_question) <= 200
        assert "\n" not in found.patient_question

    @pytest.mark.parametrize(
        "piece",
        [
            "a",
            "can i ",
            "do not want to ",
            "? ",
            ",",
            "1) ",
            "A to ",
            "my ",
            "\x00",
            "ﷺ",
            "w.",
            "<div",
            "On a\n",
            "call me ",
        ],
    )
    async def test_eight_thousand_hostile_characters(self, model: LanguageModel, piece: str) -> None:
        text = (piece * 8_000)[:8_000]
        started = time.process_time()
        await model.analyse(PatientText(text, ChannelType.EMAIL, text))
        await model.answer(text, [Passage("a", text[:200], text, 1.0)])
        await model.summarise([Turn("patient", text)])
        assert time.process_time() - started < 3.0
