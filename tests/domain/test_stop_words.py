"""How far a stop reaches, and what takes one back (domain.md sections 2 and 6)."""

import pytest

from app.domain.stop_words import stops_everything, takes_stop_back


class TestStopsEverything:
    @pytest.mark.parametrize(
        "text",
        [
            "STOPALL",
            "stop all",
            "Please do not contact me in any way",
            "never contact me again",
            "I do not want to hear from you again",
            "I don't wish to be contacted",
            "leave me alone!!",
            "Please delete my data",
            "forget me",
            "My father passed away, please stop writing",
            "remove me from all your lists",
            "lose my number",
            "No me contacten más",
            "ne me contactez plus",
            "Effacez mes données",
        ],
    )
    def test_wordings_that_refuse_every_channel(self, text: str) -> None:
        assert stops_everything(text)

    @pytest.mark.parametrize(
        "text",
        [
            "STOP",
            "unsubscribe",
            "stop texting me",
            "no more sms but email is fine",
            "do not contact me by text, only email",
            "take me off this list",
            "please stop the reminders",
            "Baja",
            "",
        ],
    )
    def test_wordings_that_refuse_one(self, text: str) -> None:
        assert not stops_everything(text)


class TestTakesStopBack:
    @pytest.mark.parametrize("text", ["START", "start!", " Unstop ", "Resubscribe", "subscribe.", "COMENZAR"])
    def test_a_bare_word_does(self, text: str) -> None:
        assert takes_stop_back(text)

    @pytest.mark.parametrize(
        "text", ["", "start over?", "please start", "START sending me offers", "when do you start", "STOP", "s t a r t"]
    )
    def test_anything_more_is_a_message_like_any_other(self, text: str) -> None:
        assert not takes_stop_back(text)
