"""Staff accounts; those who perform services are providers and have a schedule (D-05)."""

from datetime import date
from typing import ClassVar

from pydantic import AwareDatetime, Field
from pymongo import ASCENDING, IndexModel

from app.models.base import Named, Part
from app.models.enums import Role

WallPeriods = list[tuple[str, str]]
"""Working periods as clinic wall time: [["09:00", "12:00"], ["13:00", "17:00"]]."""


class DateOverride(Part):
    date: date
    periods: WallPeriods


class TimeOff(Part):
    start: AwareDatetime
    end: AwareDatetime


class WorkSchedule(Part):
    weekly: dict[str, WallPeriods] = Field(default_factory=dict)
    overrides: list[DateOverride] = Field(default_factory=list)
    time_off: list[TimeOff] = Field(default_factory=list)


class User(Named):
    name: str
    email: str
    role: Role
    title: str | None = None
    hashed_password: str
    schedule: WorkSchedule = Field(default_factory=WorkSchedule)
    services: list[str] = Field(default_factory=list)
    is_active: bool = True
    token_version: int = 0
    """Raised by whatever ends the tokens that are out: signing out, a new password or role, deactivation."""
    vouched_for: int = 0
    """Raised when another admin may go because this one stays: so that two such changes at once collide."""
    created_at: AwareDatetime

    class Settings:
        name = "users"
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel([("email", ASCENDING)], name="one_user_per_email", unique=True),
            IndexModel([("services", ASCENDING)], name="by_service"),
        ]

    @classmethod
    async def providers_of(cls, service_id: str | None = None) -> list["User"]:
        """Active staff who perform this service (or any service), by name."""
        wanted = service_id if service_id is not None else {"$exists": True, "$ne": []}
        return await cls.find({"services": wanted, "is_active": True}).sort("name", "_id").to_list()
