"""No address, number, link or family name of a patient's reaches a remote provider, whoever wrote it down."""

import json
from collections.abc import Iterator

import pytest

from app.context import Context
from app.llm.base import Draft, FollowUpBrief, KnowledgeAnswer, Passage, UnwillingError
from app.llm.masks import ADDRESS, FAMILY_NAME, LINK, PHONE, masked, shows_mask
from app.llm.openai_shapes import ArticleAnswer, FollowUpDraft, HandoverSummary
from app.models.enums import CampaignStatus, ChannelType
from tests.factories import make_article
from tests.llm.openai_stage import speaking
from tests.peers.openai import OpenAiPeer, serve_openai
from tests.services import stage

PARKING = Passage("65f0c0ffee65f0c0ffee0001", "Parking", "Parking is free behind the house.", 0.9)
READS = {
    "reason": "asks",
    "intent": "QUESTION",
    "intents": ["QUESTION"],
    "sentiment": "NEUTRAL",
    "handoff": False,
    "is_thanks": False,
    "confidence": 0.9,
}


class TestMasks:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("Write to ana.lopez+x@mail.example.com.", f"Write to {ADDRESS}."),
            ("see https://clinic.example/book/abc?t=1 now", f"see {LINK} now"),
            ("www.clinic.example/book", LINK),
            ("call +1 (202) 555-0134 please", f"call {PHONE} please"),
            ("call 202-555-0134", f"call {PHONE}"),
            ("call 555-0134", f"call {PHONE}"),
            ("mi número 612 345 678", f"mi número {PHONE}"),
            ("06 12 34 56 78", PHONE),
            ("2025550134", PHONE),
        ],
    )
    def test_say_what_stood_there(self, text: str, expected: str) -> None:
        assert masked(text) == expected

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "on 2026-11-23 at 10:30",
            "2026-11-23 10.30",
            "23.11.2026 or 11/24/2026 9 10",
            "I can do 9 10 11 12 or 13",
            "is it $1200-1500 or 1200-1500?",
            "between 10:00 and 11:00",
            "1000 thanks, see you @ 5",
            "policy 12345678",
        ],
    )
    def test_leave_days_times_and_prices(self, text: str) -> None:
        assert masked(text) == text

    @pytest.mark.parametrize(
        ("text", "name", "expected"),
        [
            ("This is Ana Lopez", "Ana Lopez", f"This is Ana {FAMILY_NAME}"),
            ("ana lopez here", "Ana Lopez", f"ana {FAMILY_NAME} here"),
            ("Mrs. LOPEZ", "Ana Lopez", f"Mrs. {FAMILY_NAME}"),
            ("Ana de la Cruz / Cruz", "Ana de la Cruz", f"Ana {FAMILY_NAME} / {FAMILY_NAME}"),
            ("how long will it take, Mr. Long?", "Tom Long", f"how long will it take, Mr. {FAMILY_NAME}?"),
            ("Lopezes are fine", "Ana Lopez", "Lopezes are fine"),
            ("Ana", "Ana", "Ana"),
            ("O'Brien?", "Pat O'Brien", f"{FAMILY_NAME}?"),
            ("a+b (C++)", "Ana C++", f"a+b ({FAMILY_NAME})"),
        ],
    )
    def test_of_a_name_the_first_word_stays(self, text: str, name: str, expected: str) -> None:
        assert masked(text, name=name) == expected

    def test_a_long_text_takes_no_time(self) -> None:
        """No pattern may be slow on what somebody sends on purpose."""
        for hostile in ("1 " * 20_000, "(" * 20_000, "a@" * 20_000, "1-" * 20_000, "www." * 10_000):
            assert masked(hostile, name="Ana Lopez")


class TestRepeatedMasks:
    """A model that repeats a mask wrote something that nobody can read: it is never sent."""

    def test_a_draft(self) -> None:
        said = FollowUpDraft(subject="Hi", body=f"Willow Dental here, call {PHONE}")
        with pytest.raises(UnwillingError):
            said.as_draft(ChannelType.EMAIL, clinic_name="Willow Dental")

    def test_an_answer(self) -> None:
        said = ArticleAnswer(answered=True, article=1, quote=PARKING.body, text=f"Free. See {LINK}", confidence=0.9)
        with pytest.raises(UnwillingError):
            said.as_answer([PARKING])

    def test_a_suggestion_is_left_out(self) -> None:
        said = HandoverSummary(summary="s", patient_question="q", suggested_reply=f"Dear {FAMILY_NAME}, come in.")
        assert said.as_summary().suggested_reply is None

    def test_without_one_each_is_taken(self) -> None:
        draft = FollowUpDraft(subject="Hi", body="Willow Dental here.")
        assert isinstance(draft.as_draft(ChannelType.EMAIL, clinic_name="Willow Dental"), Draft)
        answer = ArticleAnswer(answered=True, article=1, quote=PARKING.body, text="It is free.", confidence=0.9)
        assert isinstance(answer.as_answer([PARKING]), KnowledgeAnswer)
        assert not shows_mask("See you [soon]")


@pytest.fixture
def peer() -> Iterator[OpenAiPeer]:
    with serve_openai() as running:
        running.says["MessageReading"] = READS
        yield running


class TestWholeRuns:
    """The real graph, from the first message to the handoff: everything that the peer was sent is looked through."""

    async def test_no_prompt_holds_what_identifies_a_patient(self, ctx: Context, peer: OpenAiPeer) -> None:
        async with speaking(ctx, peer, openai_embedding_model="e") as asking:
            campaign = await stage.written_to(asking, name="Ana Zabriskie", phone="+12025550134")
            await make_article(asking, "Parking", "Parking is free behind the house. Call 202-555-0199 for a place.")
            assert campaign.channel.address
            words = f"Do you have parking? Ana Zabriskie, {campaign.channel.address}, 202 555 0134, patient no. 7"
            after = await stage.answered_with(asking, campaign, words)
            again = await stage.answered_with(asking, after, "Do you take dogs? zabriskie@home.example")
        assert again.status in (CampaignStatus.RE_ENGAGED, CampaignStatus.HANDOFF_REQUIRED)
        verbs = {request.schema_name for request in peer.asked}
        assert {"MessageReading", "ArticleAnswer", "FollowUpDraft", "HandoverSummary"} <= verbs
        sent = json.dumps([[request.body for request in peer.asked], peer.embedded], ensure_ascii=False)
        for private in ("abriskie", campaign.channel.address, "home.example", "555-0134", "555 0134", "5550134"):
            assert private not in sent
        for own in (str(campaign.id), str(campaign.patient_id), "/book", "http://"):
            assert own not in sent
        assert "202-555-0199" in sent, "the clinic's own articles are what an answer is taken from"

    async def test_every_prompt_knows_the_clinic_its_tone_and_its_day(self, ctx: Context, peer: OpenAiPeer) -> None:
        async with speaking(ctx, peer) as asking:
            campaign = await stage.written_to(asking, name="Ana Zabriskie", language="es")
            await make_article(asking, "Parking", "Parking is free behind the house.")
            await stage.answered_with(asking, campaign, "Do you have parking?")
        clinic_name = peer.asked[0].instructions.split("from ")[1].split(",")[0]
        for request in peer.asked:
            assert clinic_name in request.instructions
            assert "Monday 2026-11-23" in request.instructions
        [asked] = [request for request in peer.asked if request.schema_name == "ArticleAnswer"][:1]
        assert "unclear, in es" in " ".join(asked.instructions.split())


def test_a_brief_holds_no_address() -> None:
    assert not {"email", "phone", "address", "id", "patient_id"} & set(FollowUpBrief.__dataclass_fields__)
