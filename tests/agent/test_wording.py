"""The agent's fixed sentences in every language: none missing, none with other fields, none mixed."""

import re
from string import Formatter

import pytest

from app.agent import wording, wording_english
from app.agent.wording_languages import TRANSLATIONS, said_in
from app.context import Context
from app.domain import confirmation_wording
from app.models.enums import CampaignStatus, ChannelType, MessageKind
from app.services import campaigns
from tests.factories import make_article, make_clinic
from tests.services import stage

ENGLISH = {value for name, value in vars(wording_english).items() if name.isupper()}


def fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


class TestTables:
    @pytest.mark.parametrize("language", sorted(TRANSLATIONS))
    def test_hold_every_sentence_with_its_fields(self, language: str) -> None:
        table = TRANSLATIONS[language]
        assert set(table) == ENGLISH
        assert all(fields(said) == fields(english) for english, said in table.items())
        assert all(said != english for english, said in table.items())

    @pytest.mark.parametrize("language", sorted(confirmation_wording.TRANSLATIONS))
    def test_of_confirmations_too(self, language: str) -> None:
        table = confirmation_wording.TRANSLATIONS[language]
        assert set(table) == {confirmation_wording.BOOKED, confirmation_wording.MOVED, confirmation_wording.CANCELLED}
        assert all(fields(said) == fields(english) for english, said in table.items())

    @pytest.mark.parametrize(("language", "is_english"), [("es-MX", False), ("FR", False), ("de", True), ("", True)])
    def test_a_region_may_follow_and_an_unknown_language_is_english(self, language: str, is_english: bool) -> None:
        assert (said_in(language, wording.DECLINED) == wording.DECLINED) == is_english

    def test_no_sentence_asks_for_the_word_cancel(self) -> None:
        sentences = [*ENGLISH, *(said for table in TRANSLATIONS.values() for said in table.values())]
        assert not [said for said in sentences if re.search(r"\bCANCEL\b", said)]


class TestInTheConversation:
    @pytest.mark.parametrize(
        ("language", "text", "opening"),
        [
            ("es", "yes please", "Gracias, Ana. Elija aquí"),
            ("fr", "yes please", "Merci, Ana. Choisissez ici"),
            ("es", "no thank you", "Gracias por avisarnos, Ana."),
            ("fr", "no thank you", "Merci de nous avoir prévenus, Ana."),
            ("es", "what?", "Gracias, Ana. Una persona de nuestro equipo"),
            ("fr", "what?", "Merci, Ana. Un membre de notre équipe"),
            ("de", "no thank you", "Thank you for letting us know, Ana."),
        ],
    )
    async def test_the_patient_is_answered_in_their_language(
        self, ctx: Context, language: str, text: str, opening: str
    ) -> None:
        speaking = stage.speaking(ctx)
        campaign = await stage.written_to(speaking, name="Ana Lopez", language=language)
        await stage.answered_with(speaking, campaign, text)
        [reply] = await stage.rows(kind={"$in": [MessageKind.REPLY, MessageKind.HANDOFF]})
        assert reply.body.startswith(opening)

    async def test_an_emergency_too(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx, name="Ana Lopez", language="es")
        await stage.answered_with(ctx, campaign, "no puedo respirar y sangro mucho")
        urgent = await stage.only_row(kind=MessageKind.EMERGENCY)
        assert urgent.body.startswith("Ana, por favor llámenos ahora mismo: +12025550199.")
        assert (await campaigns.get(campaign.id)).status is CampaignStatus.HANDOFF_REQUIRED

    async def test_an_answer_keeps_the_articles_words_and_brings_the_link_in_theirs(self, ctx: Context) -> None:
        await make_article(ctx, "Parking", "Parking is free behind the house.")
        campaign = await stage.written_to(ctx, name="Ana Lopez", language="fr")
        await stage.answered_with(ctx, campaign, "Is there parking?")
        reply = await stage.only_row(kind=MessageKind.REPLY)
        assert "Parking is free behind the house." in reply.body
        assert "Si vous souhaitez venir" in reply.body

    async def test_a_text_message_ends_with_the_way_out(self, ctx: Context) -> None:
        await make_clinic()
        campaign = await stage.written_to(
            ctx, name="Ana Lopez", language="fr", phone="+12025550177", preferred_channel=[ChannelType.SMS]
        )
        assert campaign.channel.type is ChannelType.SMS
        assert (await stage.sent_bodies())[-1].endswith("Répondez STOP pour ne plus rien recevoir.")
