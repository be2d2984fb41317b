"""A yes or no to an earlier time: only what is plain counts, because a yes moves a visit."""

import pytest

from app.domain import offer_words

YES = ["yes", "Yes please!", "YES", "ok", "👍", "I'll take it", "Yes, I'll take it please", "we will take it", "sí",
       "book it", "I accept", "lo tomo", "oui", "je la prends", "Perfect, thank you!",
       "I'd love to have it"]  # fmt: skip
NO = ["no", "No thanks", "no thank you", "👎", "non merci", "no gracias", "Sorry, I can't make it",
      "that doesn't work for me", "no puedo ir", "I'll pass"]  # fmt: skip
NEITHER = ["", "yes?", "is it still free?", "yes but only after 3", "yes if it is with Dr Ray", "not sure", "maybe",
           "No problem, I'll take it", "can I have a later one?", "I want to cancel my appointment", "yes at 11",
           "I'm not sure I'll take it", "I can't make my appointment next week", "running late", "who is this",
           "no, another time", "I won't take it yet", "yes no", "call me", "yes " * 40]  # fmt: skip


class TestRead:
    @pytest.mark.parametrize("text", YES)
    def test_a_plain_yes(self, text: str) -> None:
        assert offer_words.read(text) is True

    @pytest.mark.parametrize("text", NO)
    def test_a_plain_no(self, text: str) -> None:
        assert offer_words.read(text) is False

    @pytest.mark.parametrize("text", NEITHER)
    def test_anything_else_is_left_to_people(self, text: str) -> None:
        assert offer_words.read(text) is None

    def test_several_messages_must_say_the_same(self) -> None:
        assert offer_words.read_all(["yes", "ok"]) is True
        assert offer_words.read_all(["yes", "no"]) is None
        assert offer_words.read_all(["yes", "where do I park?"]) is None
        assert offer_words.read_all([]) is None
