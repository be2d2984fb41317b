"""How conversions are counted (domain.md section 9)."""

from app.models.enums import CampaignStatus

CLOSED_STATUSES = (
    CampaignStatus.RECOVERED,
    CampaignStatus.RECOVERY_FAILED,
    CampaignStatus.RECOVERY_DECLINED,
    CampaignStatus.MANUAL_FOLLOWUP_COMPLETE,
    CampaignStatus.BOOKING_COMPLETED,
)


def rate_percent(counts: dict[CampaignStatus, int]) -> float:
    """100 x RECOVERED / all closed, to one decimal; 0.0 when none is closed (D-08)."""
    closed = sum(counts.get(status, 0) for status in CLOSED_STATUSES)
    return round(100 * counts.get(CampaignStatus.RECOVERED, 0) / closed, 1) if closed else 0.0
