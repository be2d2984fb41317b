"""An SMS is charged by the part: GSM-7 and UCS-2, escapes, emoji, and what makes a message dear (3GPP TS 23.038)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.sms_segments import BASIC, EXTENSION, PLAIN, SHOWN_AT_MOST, SmsEncoding, measure
from tests.domain.sms_oracle import DEFAULT, ESCAPED, parts_of

GSM_TEXT = st.text(alphabet=sorted(DEFAULT | ESCAPED), max_size=500)
ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=220)
MIXED = st.text(alphabet=[*"ab€^ ", "é", "ç", "’", "😀", "👩", "\u200d", "漢"], max_size=330)


class TestAgainstTheOracle:
    def test_the_alphabets_are_those_of_the_standard(self) -> None:
        assert (set(BASIC), set(EXTENSION)) == (DEFAULT, ESCAPED)
        assert (len(BASIC), len(EXTENSION)) == (127, 10)  # 128 places, one of which is the escape

    @settings(max_examples=150, deadline=None)
    @given(text=st.one_of(GSM_TEXT, ANY_TEXT, MIXED))
    def test_encoding_and_parts_agree(self, text: str) -> None:
        size = measure(text)
        assert (size.encoding.value, size.segments) == parts_of(text)

    @settings(max_examples=100, deadline=None)
    @given(text=MIXED)
    def test_what_is_named_is_exactly_what_forces_ucs_2(self, text: str) -> None:
        size = measure(text)
        assert bool(size.forced_by) is (size.encoding is SmsEncoding.UCS_2)
        rest = "".join(sign for sign in text if sign not in {each.character for each in size.forced_by})
        assert measure(rest).encoding is SmsEncoding.GSM_7


class TestBoundaries:
    @pytest.mark.parametrize(
        ("text", "encoding", "segments"),
        [
            ("", "GSM-7", 0),
            ("a", "GSM-7", 1),
            ("a" * 160, "GSM-7", 1),
            ("a" * 161, "GSM-7", 2),
            ("a" * 306, "GSM-7", 2),
            ("a" * 307, "GSM-7", 3),
            ("€" * 80, "GSM-7", 1),
            ("€" * 81, "GSM-7", 2),
            ("a" * 152 + "€" + "a" * 152, "GSM-7", 3),  # 306 septets, but the euro sign does not part
            ("a" * 153 + "€" + "a" * 151, "GSM-7", 2),
            ("ç" * 70, "UCS-2", 1),
            ("ç" * 71, "UCS-2", 2),
            ("ç" * 134, "UCS-2", 2),
            ("ç" * 135, "UCS-2", 3),
            ("😀" * 35, "UCS-2", 1),
            ("😀" * 36, "UCS-2", 2),
            ("😀" * 67, "UCS-2", 3),  # 134 units, but half an emoji is none
            ("ç" + "😀" * 66 + "ç", "UCS-2", 2),
        ],
    )
    def test_each(self, text: str, encoding: str, segments: int) -> None:
        size = measure(text)
        assert (size.encoding, size.segments) == (encoding, segments)

    def test_characters_and_units_differ(self) -> None:
        size = measure("Hi 😀")
        assert (size.characters, size.units) == (4, 5)
        assert (measure("1 €").characters, measure("1 €").units) == (3, 4)


class TestWhatMakesItDear:
    def test_each_character_is_named_once_in_order_with_what_to_type(self) -> None:
        named = measure("We’d love it – you’ll see…").forced_by
        assert [(each.character, each.instead) for each in named] == [("’", "'"), ("–", "-"), ("…", "...")]
        assert named[0].name == "right single quotation mark"

    def test_an_emoji_has_no_plain_sign(self) -> None:
        [emoji] = measure("See you 😀").forced_by
        assert (emoji.name, emoji.instead) == ("grinning face", None)

    def test_a_list_of_them_ends(self) -> None:
        assert len(measure("".join(chr(0x4E00 + n) for n in range(100))).forced_by) == SHOWN_AT_MOST

    def test_what_is_advised_is_cheap(self) -> None:
        for character, instead in PLAIN.items():
            assert measure(character).encoding is SmsEncoding.UCS_2
            assert measure(instead).encoding is SmsEncoding.GSM_7

    def test_a_sign_without_a_name_is_shown_by_its_number(self) -> None:
        assert measure("\ue000").forced_by[0].name == "u+e000"
