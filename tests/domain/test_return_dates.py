"""Dates of return: explicit ones in four languages, and none that could be another day (agent.md section 3)."""

from datetime import date

import pytest

from app.domain.return_dates import returns_on

TODAY = date(2026, 11, 16)


class TestClearDates:
    @pytest.mark.parametrize(
        ("text", "day"),
        [
            ("I am away until 27 November 2026.", date(2026, 11, 27)),
            ("back on the 1st of December", date(2026, 12, 1)),
            ("Returning Dec 1st, 2026", date(2026, 12, 1)),
            ("I will return to the office on Monday, November 30.", date(2026, 11, 30)),
            ("from November 17 to December 2", date(2026, 12, 2)),
            ("OOO through 2026-11-24", date(2026, 11, 24)),
            ("back 30/11/2026", date(2026, 11, 30)),
            ("back 11/30/2026", date(2026, 11, 30)),
            ("back on 12/12/2026", date(2026, 12, 12)),
            ("Estaré fuera hasta el 5 de diciembre", date(2026, 12, 5)),
            ("Vuelvo el lunes 30 de noviembre de 2026", date(2026, 11, 30)),
            ("hasta el 05/12/2026", date(2026, 12, 5)),
            ("Absente jusqu’au 4 décembre 2026 inclus", date(2026, 12, 4)),
            ("de retour le 1er décembre", date(2026, 12, 1)),
            ("jusqu'au 04/12/2026", date(2026, 12, 4)),
            ("Ich bin bis zum 27.11.2026 im Urlaub", date(2026, 11, 27)),
            ("bis einschließlich 27. November", date(2026, 11, 27)),
            ("ab Montag, den 30.11.26 wieder da", date(2026, 11, 30)),
            ("back on January 4", date(2027, 1, 4)),
            ("until 20 November; in urgent cases until 24 November", date(2026, 11, 24)),
        ],
    )
    def test_is_found(self, text: str, day: date) -> None:
        assert returns_on(text, today=TODAY) == day


class TestNoGuesses:
    @pytest.mark.parametrize(
        "text",
        [
            "I am away until 12/11/2026.",
            "I am away until Friday.",
            "I am back next week.",
            "back soon, maybe in December",
            "until Monday, November 27",
            "until 31 November 2026",
            "until 2 November 2026",
            "until 1 September 2031",
            "until 2026-13-40",
            "We met on 27 November 2026.",
            "Call 01 02 2027 until then",
            "until 3:30 pm",
            "back at 12.11 o'clock",
            "",
            "until " * 3_000,
        ],
    )
    def test_what_is_not_clear_is_nothing(self, text: str) -> None:
        assert returns_on(text, today=TODAY) is None

    def test_today_counts_and_yesterday_does_not(self) -> None:
        assert returns_on("until 16 November 2026", today=TODAY) == TODAY
        assert returns_on("until 15 November 2026", today=TODAY) is None
