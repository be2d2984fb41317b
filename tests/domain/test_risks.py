"""The risk layer looks at what a person wrote and at the message as it came (agent.md sections 2 and 4)."""

import pytest

from app.domain import risks
from app.models.enums import ChannelType, Intent

SMS, EMAIL = ChannelType.SMS, ChannelType.EMAIL
CRY = "My face is swollen and I cannot breathe"


class TestLookFor:
    @pytest.mark.parametrize("text", ["Thanks\n--\nAna\n" + CRY, "ok\n\n-- \n" + CRY])
    def test_an_emergency_below_a_signature_mark_is_found(self, text: str) -> None:
        assert risks.look_for(text=text, channel=EMAIL).kind is Intent.EMERGENCY

    @pytest.mark.parametrize(
        "text",
        [
            f"All good now, thank you.\n\nOn Mon, 4 May 2026 at 09:10, Ana <a@b.example> wrote:\n> {CRY}",
            f"All good now, thank you.\n> {CRY}",
            f"Fine.\n\n-----Original Message-----\nFrom: a@b.example\nSent: Monday\nSubject: Help\n\n{CRY}",
            f"<p>All good now</p><div style='display:none'>{CRY}</div>",
        ],
    )
    def test_one_in_an_older_message_or_hidden_is_none(self, text: str) -> None:
        assert risks.look_for(text=text, channel=EMAIL).kind is None

    def test_the_stop_of_a_footer_is_none(self) -> None:
        text = "Yes please\n\n-- \nAna\nTo stop receiving these emails, unsubscribe here."
        assert risks.look_for(text=text, channel=EMAIL).kind is None

    def test_a_stop_beside_a_cut_emergency_stands_as_well(self) -> None:
        seen = risks.look_for(text=f"Stop writing to me\n--\n{CRY}", channel=EMAIL)
        assert risks.risks_of(seen) == (Intent.EMERGENCY, Intent.OPT_OUT)

    def test_nothing_is_no_risk(self) -> None:
        assert risks.risks_of(risks.look_for(text="yes please", channel=SMS)) == ()


class TestRules:
    @pytest.mark.parametrize(("text", "is_bare"), [("STOP", True), ("Please stop writing to me", False)])
    def test_a_bare_stop_holds_nothing_else(self, text: str, is_bare: bool) -> None:
        assert risks.is_bare_stop(risks.look_for(text=text, channel=SMS).rule) is is_bare

    def test_a_bare_cancel_by_sms_is_a_bare_stop(self) -> None:
        assert risks.is_bare_stop(risks.look_for(text="CANCEL", channel=SMS).rule)

    def test_a_wrong_number_concerns_staff(self) -> None:
        assert risks.concerns_staff("opt_out.wrong_number")
        assert not risks.concerns_staff("opt_out.stop_word")
        assert not risks.concerns_staff(None)
