"""Hard or soft: whether an address is unusable for good (RFC 3463; trust.md section 1, row 25)."""

import pytest

from app.domain.bounces import Bounce, is_hard


class TestHardness:
    @pytest.mark.parametrize("status", ["5.1.1", "5.1.2", "5.1.10", "5.2.1", "5.0.0", "5.5.0"])
    def test_class_5_is_for_good(self, status: str) -> None:
        assert is_hard(status=status, action="failed", wording="")

    @pytest.mark.parametrize("status", ["4.2.2", "4.4.1", "4.4.7", "2.0.0"])
    def test_class_4_is_not(self, status: str) -> None:
        assert not is_hard(status=status, action="failed", wording="550 user unknown")

    @pytest.mark.parametrize("status", ["5.2.2", "5.2.3", "5.3.4", "5.4.4", "5.7.1", "5.7.26"])
    def test_what_says_nothing_of_the_address_is_not(self, status: str) -> None:
        """A full mailbox, a message too big, a server in trouble, a spam filter."""
        assert not is_hard(status=status, action="failed", wording="")

    def test_a_delay_never_is(self) -> None:
        assert not is_hard(status="5.1.1", action="delayed", wording="")

    @pytest.mark.parametrize(
        ("wording", "hard"),
        [
            ("550 No such user here", True),
            ("This mailbox is disabled (554.30)", True),
            ("452 Mailbox full, try again later", False),
            ("Delivery attempts will continue for some time", False),
            ("Something happened", False),
        ],
    )
    def test_without_a_code_the_words_decide(self, wording: str, hard: bool) -> None:
        assert is_hard(status=None, action=None, wording=wording) is hard

    def test_soft_is_what_is_not_hard(self) -> None:
        assert Bounce().is_soft
        assert not Bounce(is_hard=True).is_soft
