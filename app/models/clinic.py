"""The clinic: one document with its facts and policies (domain.md sections 2, 5 and 7)."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from beanie import Document, PydanticObjectId
from pydantic import AwareDatetime, Field

from app.models.base import Part
from app.models.users import WallPeriods

CLINIC_ID = "clinic"
DEFAULT_ACCENT = "#0b6b75"
OFFICE_DAYS = ("mon", "tue", "wed", "thu", "fri")


class OutreachPolicy(Part):
    """When the clinic may write first; the defaults are domain.md section 5."""

    max_attempts: int = 3
    spacing_days: list[int] = Field(default_factory=lambda: [3, 7, 14])
    send_from: str = "09:00"
    send_until: str = "19:00"
    send_days: list[str] = Field(default_factory=lambda: list(OFFICE_DAYS))
    cool_down_days: int = 180
    max_recovery_campaigns: int = 3
    max_per_day: int = 1
    max_per_week: int = 3
    nudge_after_days: int = 3
    daily_run_at: str = "09:00"


class BookingPolicy(Part):
    min_notice_minutes: int = 120
    max_horizon_days: int = 180
    grid_minutes: int = 15
    reminders: list[str] = Field(default_factory=lambda: ["7d", "2d", "3h"])
    """How long before a visit the patient is reminded of it; empty switches reminders off."""
    waitlist_batch: int = 3
    """To how many people who wait a freed time is offered at once."""
    waitlist_offer_minutes: int = 30
    """How long each of them may answer before the next ones are asked."""


class Branding(Part):
    """How the clinic's pages look; whatever the colour, its readable variants are derived (`domain/colours.py`)."""

    accent: str = DEFAULT_ACCENT


class PendingChange(Part):
    """A change that was decided and waits for its clinic-local day; there is at most one."""

    effective_from: date
    changes: dict[str, Any]
    """As JSON has it, the way `PATCH /admin/clinic` takes it."""
    requested_by: str
    requested_at: AwareDatetime


class Rollout(Part):
    """A policy that is being applied to what waits already; kept until the last row has followed."""

    id: PydanticObjectId = Field(default_factory=PydanticObjectId)
    former_spacings: list[list[int]]
    """Every spacing by which a waiting attempt may still be planned."""
    reaches_patients: bool = False
    patients_after: PydanticObjectId | None = None
    """Patients up to this one have followed."""


def _office_hours() -> dict[str, WallPeriods]:
    return {day: [("09:00", "17:00")] for day in OFFICE_DAYS}


class Clinic(Document):
    id: str = CLINIC_ID  # type: ignore[assignment]  # Beanie types the id as optional; there is exactly one clinic
    name: str = "Our clinic"
    time_zone: str = "UTC"
    region: str = "US"
    """ISO 3166 country in which a phone number without a prefix is read."""
    phone: str = ""
    address: str = ""
    emergency_phone: str = ""
    holidays: list[date] = Field(default_factory=list)
    opening_hours: dict[str, WallPeriods] = Field(default_factory=_office_hours)
    outreach: OutreachPolicy = Field(default_factory=OutreachPolicy)
    booking: BookingPolicy = Field(default_factory=BookingPolicy)
    branding: Branding = Field(default_factory=Branding)
    languages: list[str] = Field(default_factory=lambda: ["en"])
    """ISO 639-1 codes of what is spoken at the desk."""
    tone: str = ""
    """How the clinic sounds, in its own words, for the language provider; empty: friendly and plain."""
    pending: PendingChange | None = None
    rollout: Rollout | None = None

    class Settings:
        name = "clinic"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @classmethod
    async def load(cls) -> "Clinic":
        """The stored clinic, or one with every default when nobody has described it yet."""
        return await cls.get(CLINIC_ID) or cls()
