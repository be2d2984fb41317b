"""Whether a message says again what an earlier one said (domain.md section 5)."""

import pytest

from app.domain.repetition import repeats

FORMER = (
    "Hi Ana,\n\nit is time for your next check-up. Would you like to choose a day? Kind regards,\nThe team at Willow"
)
NAMES = ("Willow", "Ana")


class TestRepeats:
    @pytest.mark.parametrize(
        "text",
        [
            "It is time for your next check-up.",
            "Hello again. It's now time for your next check-up!",
            "IT IS TIME FOR YOUR NEXT CHECK UP",
            "It is tіme for your next check-up.",  # a look-alike letter
        ],
    )
    def test_the_same_sentence_or_nearly_it(self, text: str) -> None:
        assert repeats(text, [FORMER], names=NAMES)

    @pytest.mark.parametrize(
        "text",
        [
            "Shall we find a time together this month?",
            "Hi Ana,\n\nKind regards,\nThe team at Willow",  # a greeting and a farewell
            "",
        ],
    )
    def test_another_one_is_none(self, text: str) -> None:
        assert not repeats(text, [FORMER], names=NAMES)

    def test_without_a_former_text_nothing_repeats(self) -> None:
        assert not repeats(FORMER, [])

    def test_every_former_text_counts(self) -> None:
        assert repeats("It is time for your next check-up.", [FORMER, "Something else was said there."], names=NAMES)
