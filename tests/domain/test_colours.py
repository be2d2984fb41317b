"""Whatever colour a clinic has, what its pages write stays readable (WCAG 2.2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.colours import DARK, LIGHT, Colour, Theme, contrast, mix, palette, parse_hex, to_hex

COLOURS = st.tuples(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255))
BLACK, WHITE = (0, 0, 0), (255, 255, 255)


class TestContrast:
    @pytest.mark.parametrize(
        ("one", "other", "ratio"),
        [
            (BLACK, WHITE, 21.0),
            (WHITE, WHITE, 1.0),
            ((0x76, 0x76, 0x76), WHITE, 4.54),
            ((255, 0, 0), WHITE, 4.0),
        ],
    )
    def test_it_is_what_wcag_defines(self, one: Colour, other: Colour, ratio: float) -> None:
        assert contrast(one, other) == pytest.approx(ratio, abs=0.01)
        assert contrast(other, one) == contrast(one, other)


class TestHex:
    @given(COLOURS)
    def test_there_and_back(self, colour: Colour) -> None:
        assert parse_hex(to_hex(colour)) == colour

    @pytest.mark.parametrize("text", ["", "#fff", "0b6b75", "#0b6b7g", "#0b6b75 ", "#+f+f+f", "#0b6b75\n", "red"])
    def test_anything_else_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="not a colour"):
            parse_hex(text)


class TestPalette:
    @pytest.mark.parametrize("theme", [LIGHT, DARK])
    @given(colour=COLOURS)
    def test_every_colour_becomes_readable(self, theme: Theme, colour: Colour) -> None:
        made = palette(colour, theme)
        for ground in (*theme.grounds, parse_hex(made.soft)):
            assert contrast(parse_hex(made.accent), ground) >= 4.5
            assert contrast(parse_hex(made.accent_strong), ground) >= 7
        assert contrast(parse_hex(made.on_fill), parse_hex(made.fill)) >= 4.5
        assert contrast(parse_hex(made.on_fill_hover), parse_hex(made.fill_hover)) >= 4.5

    def test_a_light_page_is_filled_with_the_colour_itself(self) -> None:
        yellow = palette(parse_hex("#ffd400"), LIGHT)
        assert (yellow.fill, yellow.on_fill) == ("#ffd400", "#000000")
        assert yellow.accent not in ("#ffd400", "#000000")

    def test_a_readable_colour_stays_as_it_is(self) -> None:
        assert palette(parse_hex("#0b6b75"), LIGHT).accent == "#0b6b75"

    def test_mixing_goes_from_the_one_to_the_other(self) -> None:
        assert (mix(BLACK, WHITE, 0), mix(BLACK, WHITE, 1)) == (BLACK, WHITE)
