"""The conversion rate: RECOVERED among all closed, and 0.0 when nothing is closed (domain.md section 9, D-08)."""

import pytest

from app.domain.campaign_status import CLOSED
from app.domain.conversion import CLOSED_STATUSES, rate_percent
from app.models.enums import CampaignStatus as S


class TestRatePercent:
    @pytest.mark.parametrize(
        ("counts", "rate"),
        [
            ({}, 0.0),
            ({S.ATTEMPTING_RECOVERY: 5, S.RE_ENGAGED: 2}, 0.0),
            ({S.RECOVERED: 1}, 100.0),
            ({S.RECOVERED: 1, S.RECOVERY_FAILED: 2}, 33.3),
            ({S.RECOVERED: 2, S.RECOVERY_FAILED: 1}, 66.7),
            ({S.RECOVERED: 1, S.ATTEMPTING_RECOVERY: 99}, 100.0),
            ({S.RECOVERED: 1, S.RECOVERY_FAILED: 1, S.RECOVERY_DECLINED: 1, S.MANUAL_FOLLOWUP_COMPLETE: 1}, 25.0),
        ],
    )
    def test_counts(self, counts: dict[S, int], rate: float) -> None:
        assert rate_percent(counts) == rate

    def test_booked_elsewhere_is_closed_but_no_conversion(self) -> None:
        assert rate_percent({S.BOOKING_COMPLETED: 3, S.RECOVERED: 1}) == 25.0

    def test_every_closed_state_counts_below_the_line(self) -> None:
        assert set(CLOSED_STATUSES) == CLOSED
        assert rate_percent(dict.fromkeys(CLOSED, 1)) == 20.0
