"""What a reminder says: when, where, how to answer; nothing of the treatment, no bait to cancel by SMS, short."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from app.domain.phrases import normalise
from app.domain.reminder_wording import LANGUAGES, MOST_CHARACTERS, ReminderFacts, letter, subject, text_message
from app.domain.screening import screen_words
from app.models.enums import ChannelType

GSM_7 = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
FACTS = ReminderFacts(
    first_name="Ana",
    clinic="Willow Street Dental",
    address="214 Willow Street, Albany, NY 12203",
    phone="+15185550142",
    starts_at=datetime(2026, 11, 24, 14, 30, tzinfo=ZoneInfo("America/New_York")),
    link="https://clinic.example/manage/abcdefghijklmnopqrstuv",
    is_confirmed=False,
)
LONG = replace(FACTS, clinic="The Very Long Named Family Dental Practice of Upper Albany", address="x" * 300)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("facts", [FACTS, LONG, replace(FACTS, address=""), replace(FACTS, is_confirmed=True)])
def test_a_text_message_is_short_and_of_the_plain_alphabet(language: str, facts: ReminderFacts) -> None:
    text = text_message(language, facts)
    assert len(text.replace(facts.link, "")) <= MOST_CHARACTERS
    assert set(text) <= GSM_7


@pytest.mark.parametrize("language", [*LANGUAGES, "de", "", "en-US"])
@pytest.mark.parametrize("month", range(1, 13))
def test_every_language_tells_when_where_and_how_to_answer(language: str, month: int) -> None:
    facts = replace(FACTS, starts_at=FACTS.starts_at.replace(month=month))
    for text in (letter(language, facts), text_message(language, facts)):
        assert "14:30" in text
        assert "Willow Street" in text
        assert " C " in text
        assert facts.link in text


def test_in_english() -> None:
    assert text_message("en", FACTS) == (
        "Willow Street Dental: your visit is on Tue 24 Nov 14:30, 214 Willow Street, Albany, NY 12203. "
        "Answer C to confirm. Can't come? https://clinic.example/manage/abcdefghijklmnopqrstuv Reply STOP to opt out."
    )
    assert "Tuesday 24 November at 14:30" in letter("en", FACTS)
    assert subject("en", FACTS) == "Your visit at Willow Street Dental"


def test_who_has_confirmed_is_not_asked_again() -> None:
    known = replace(FACTS, is_confirmed=True)
    for language in LANGUAGES:
        assert " C " not in text_message(language, known) + letter(language, known)


def test_a_long_address_is_cut_at_a_comma_or_left_out() -> None:
    facts = replace(FACTS, address="Room 5 of the old town hall, 214 Willow Street on the Hill, Albany, NY 12203")
    assert "town hall. " in text_message("en", facts)
    assert "xx" not in text_message("en", LONG)


@pytest.mark.parametrize("language", LANGUAGES)
def test_nobody_is_told_to_answer_cancel(language: str) -> None:
    """A bare CANCEL by SMS stops every message (47 CFR 64.1200(a)(10))."""
    words = (letter(language, FACTS) + text_message(language, FACTS)).lower()
    assert "cancel" not in words
    assert "annul" not in words


@pytest.mark.parametrize("language", LANGUAGES)
def test_our_own_words_sent_back_are_no_refusal(language: str) -> None:
    """A phone that quotes our message without a sign of it must not opt the patient out by our STOP hint."""
    quoted = normalise(letter(language, FACTS))
    assert screen_words(quoted, ChannelType.EMAIL).kind is None


def test_a_clinics_name_cannot_add_lines_to_a_subject() -> None:
    assert "\n" not in subject("en", replace(FACTS, clinic="Evil\r\nBcc: eve@example.com"))
